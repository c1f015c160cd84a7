/* sim_check.c - the promises, watched from outside. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

#include "util/mem.h"

struct job_note *note_of(struct sim *s, uint32_t job_id)
{
    for (size_t i = 0; i < s->num_notes; i++)
        if (s->notes[i].id == job_id)
            return &s->notes[i];
    if (s->num_notes == s->cap_notes) {
        s->cap_notes = s->cap_notes ? s->cap_notes * 2 : 64;
        s->notes = xreallocarray(s->notes, s->cap_notes, sizeof(*s->notes));
    }
    s->notes[s->num_notes] = (struct job_note){ .id = job_id };
    return &s->notes[s->num_notes++];
}

/* A task of an array is started under one id alone. */
static void check_task(struct sim *s, uint32_t job_id)
{
    struct job *job = cluster_job_find(s->c, job_id);
    struct job_view v;
    struct job_note *note;

    if (!job)
        return;
    cluster_job_view(s->c, job, &(struct cluster_now){ 0, 0 }, &v);
    if (!v.array_id || v.task_id == TASK_NONE)
        return;
    for (size_t i = 0; i < s->num_notes; i++) {
        note = &s->notes[i];
        if (note->array_id == v.array_id && note->task_id == v.task_id && note->id != job_id)
            sim_fail(s, "task %u_%u was started as job %u and as job %u", v.array_id, v.task_id, note->id, job_id);
    }
    note = note_of(s, job_id);
    note->array_id = v.array_id;
    note->task_id = v.task_id;
}

void check_launch(struct sim *s, uint32_t node, const struct sim_msg *m)
{
    struct job_note *note = note_of(s, m->job_id);
    char *key = xasprintf("%u.%u.%u@%u", m->job_id, m->step_id, m->attempt, node);

    s->launches++;
    check_task(s, m->job_id);
    note = note_of(s, m->job_id);
    if (strmap_find(&s->launched, key)) {
        sim_fail(s, "step %s was started twice", key);
        free(key);
    } else {
        strmap_put(&s->launched, key, key);
    }
    if (note->alive && note->alive_attempt != m->attempt)
        sim_fail(s, "job %u: attempt %u starts while attempt %u is alive", m->job_id,
                 m->attempt, note->alive_attempt);
    note->alive++;
    note->alive_attempt = m->attempt;
}

void check_gone(struct sim *s, uint32_t job_id, uint32_t attempt)
{
    struct job_note *note = note_of(s, job_id);

    if (!note->alive || note->alive_attempt != attempt)
        sim_fail(s, "the simulator lost count of job %u", job_id);
    else
        note->alive--;
}

void check_acked(struct sim *s, uint32_t job_id)
{
    if (note_of(s, job_id)->acked)
        sim_fail(s, "job id %u was given out twice", job_id);
    if (job_id <= s->highest_acked && s->highest_acked - job_id > 64)
        sim_fail(s, "job id %u after %u", job_id, s->highest_acked);
    if (job_id > s->highest_acked)
        s->highest_acked = job_id;
    note_of(s, job_id)->acked = true;
}

void check_after_restart(struct sim *s)
{
    for (size_t i = 0; i < s->num_notes; i++) {
        const struct job_note *n = &s->notes[i];

        if (n->acked && !n->purged && !cluster_job_find(s->c, n->id))
            sim_fail(s, "job %u was acknowledged and is lost", n->id);
    }
}

void check_end(struct sim *s)
{
    struct node_view v;
    struct license_view license;

    for (size_t i = 0; i < s->num_notes; i++) {
        const struct job_note *n = &s->notes[i];
        struct job *job = cluster_job_find(s->c, n->id);
        enum job_state state = job ? job_state_shown(job) : JOB_COMPLETED;

        if (n->acked && !job && !n->purged)
            sim_fail(s, "job %u was acknowledged and is lost", n->id);
        if (job && (state < JOB_COMPLETED || state == JOB_REQUEUED))
            sim_fail(s, "job %u never ends: state %d: %s", n->id, (int)state,
                     cluster_job_reason_text(s->c, job, &(struct cluster_now){ 0, 0 },
                                             &s->d.arena));
        if (n->alive)
            sim_fail(s, "job %u has ended, but %u of its steps live on", n->id, n->alive);
    }
    for (size_t i = 0; cluster_license_nth(s->c, i, &license); i++)
        if (license.used)
            sim_fail(s, "%u licences of %s are still in use", license.used, license.name);
    for (uint32_t i = 0; i < s->opt.nodes; i++) {
        const char *gres = cluster_node_gres(s->c, i, true, &s->d.arena);

        for (const char *p = gres; p && (p = strstr(p, "(IDX:")); p++)
            if (strncmp(p, "(IDX:N/A)", 9) != 0)
                sim_fail(s, "node %u still holds %s", i, gres);
    }
    for (uint32_t i = 0; i < s->opt.nodes; i++)
        if (cluster_node_view(s->c, i, &v)
            && (v.alloc_cores || v.num_jobs || v.alloc_mem_mb))
            sim_fail(s, "node %s still holds %u cores for %u jobs", v.name, v.alloc_cores,
                     v.num_jobs);
}
