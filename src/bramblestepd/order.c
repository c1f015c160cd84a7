/* order.c - copies and checks the agent's order. */
#include "config.h"
#include "bramblestepd/order.h"

#include "bramble/constants.h"
#include "bramblestepd/order_private.h"
#include "jobenv/env.h"
#include "jobenv/jobenv.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/strbuf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define LAUNCHER_ENV_MAX 512 /* variables that a launcher or a task prolog may add to a task */
#define TASKS_MAX 16384      /* on one node */

static const struct {
    const char *name;
    int resource;
} limit_names[] = {
    { "CPU", RLIMIT_CPU },         { "FSIZE", RLIMIT_FSIZE },     { "DATA", RLIMIT_DATA },
    { "STACK", RLIMIT_STACK },     { "CORE", RLIMIT_CORE },       { "RSS", RLIMIT_RSS },
    { "NPROC", RLIMIT_NPROC },     { "NOFILE", RLIMIT_NOFILE },   { "MEMLOCK", RLIMIT_MEMLOCK },
    { "AS", RLIMIT_AS },
};

const char *order_name(const struct order *o, char buf[ORDER_NAME_MAX])
{
    if (o->step_id == STEP_BATCH)
        snprintf(buf, ORDER_NAME_MAX, "%u.batch", o->job_id);
    else if (o->step_id == STEP_EXTERN)
        snprintf(buf, ORDER_NAME_MAX, "%u.extern", o->job_id);
    else if (o->step_id == STEP_INTERACTIVE)
        snprintf(buf, ORDER_NAME_MAX, "%u.interactive", o->job_id);
    else
        snprintf(buf, ORDER_NAME_MAX, "%u.%u", o->job_id, o->step_id);
    return buf;
}

void order_destroy(struct order *o)
{
    if (!o)
        return;
    mem_wipe(o->step_key, sizeof o->step_key);
    arena_fini(&o->arena);
    free(o);
}

bool order_task_setenv(struct order_task *t, char *text)
{
    size_t len = strcspn(text, "=");

    if (!len)
        return true; /* no variable: nothing to do */
    for (uint32_t i = 0; i < t->num_env; i++)
        if (!strncmp(t->env[i], text, len) && t->env[i][len] == '=') {
            t->env[i] = text[len] ? text : t->env[--t->num_env];
            t->env[t->num_env] = NULL;
            return true;
        }
    if (!text[len])
        return true;
    if (t->num_env + 1 >= t->cap_env)
        return false;
    t->env[t->num_env++] = text;
    t->env[t->num_env] = NULL;
    return true;
}

static char *dup_or(struct order *o, const char *text, const char *otherwise)
{
    return arena_strdup(&o->arena, text && *text ? text : otherwise);
}

static char *dup_or_null(struct order *o, const char *text)
{
    return text && *text ? arena_strdup(&o->arena, text) : NULL;
}

static int copy_ids(struct order *o, const Wire__StepLaunch *l, struct error *err)
{
    const Wire__AllocInfo *a = l->alloc;

    if (!a || !l->layout || !l->spec || !a->has_job_id || !l->has_step_id || !a->has_uid || !a->has_gid)
        return error_set(err, BRE_PROTOCOL, "incomplete launch order");
    o->job_id = a->job_id;
    if (a->array) {
        o->array_job_id = a->array->job_id;
        o->array_task_id = a->array->task_id;
    }
    o->step_id = l->step_id;
    o->attempt = a->attempt;
    o->uid = a->uid;
    o->gid = a->gid;
    o->batch = l->step_id == STEP_BATCH;
    o->ends_job = l->ends_job;
    o->num_gids = (uint32_t)l->n_gids;
    o->gids = arena_alloc(&o->arena, (l->n_gids + 1) * sizeof *o->gids);
    for (size_t i = 0; i < l->n_gids; i++)
        o->gids[i] = l->gids[i];
    if (l->step_key.len == sizeof o->step_key)
        memcpy(o->step_key, l->step_key.data, sizeof o->step_key);
    else if (!o->batch)
        return error_set(err, BRE_PROTOCOL, "launch order without a step key");
    return 0;
}

static void copy_layout(struct order *o, const Wire__StepLayout *y, uint32_t job_id, uint32_t attempt,
                        uint32_t first_task, struct order_node *to)
{
    for (size_t i = 0; i < y->n_nodes; i++) {
        struct order_node *n = &to[i];
        uint32_t *gtids = arena_memdup(&o->arena, y->tasks[i]->gtids, y->tasks[i]->n_gtids * sizeof *gtids);

        n->name = dup_or(o, y->nodes[i]->name, "");
        n->address = dup_or(o, y->nodes[i]->address, "");
        n->port = (uint16_t)y->nodes[i]->port;
        n->num_tasks = (uint32_t)y->tasks[i]->n_gtids;
        for (uint32_t t = 0; t < n->num_tasks; t++)
            gtids[t] += first_task;
        n->gtids = gtids;
        n->job_id = job_id;
        n->attempt = attempt;
    }
}

/* A part of a step over several components: all of its nodes, with the numbers that its tasks have there. */
static int copy_whole(struct order *o, const Wire__StepLaunch *l, struct error *err)
{
    struct order_whole *w = &o->whole;
    bool found = false;

    if (!l->n_het_parts) {
        *w = (struct order_whole){ o->job_id, o->attempt, o->num_nodes, o->node_index, o->num_all_tasks, o->nodes };
        return l->spec->n_het_jobs ? error_set(err, BRE_CANCELLED, "a part of the step has ended already") : 0;
    }
    for (size_t i = 0; i < l->n_het_parts; i++) {
        const Wire__StepLayout *y = l->het_parts[i]->layout;

        if (!y || !y->n_nodes || y->n_tasks != y->n_nodes)
            return error_set(err, BRE_PROTOCOL, "launch order with an incomplete part");
        w->num_nodes += (uint32_t)y->n_nodes;
    }
    w->nodes = arena_calloc(&o->arena, w->num_nodes, sizeof *w->nodes);
    w->num_nodes = 0;
    for (size_t i = 0; i < l->n_het_parts; i++) {
        const Wire__HetPart *part = l->het_parts[i];

        copy_layout(o, part->layout, part->job_id, part->attempt, w->num_tasks, w->nodes + w->num_nodes);
        if (part->job_id == o->job_id) {
            w->node_index = w->num_nodes + o->node_index;
            found = part->layout->n_nodes == o->num_nodes && w->num_tasks == l->spec->het_first_task;
        }
        w->num_nodes += (uint32_t)part->layout->n_nodes;
        w->num_tasks += part->layout->num_tasks;
    }
    w->job_id = l->het_parts[0]->job_id;
    w->attempt = l->het_parts[0]->attempt;
    return found ? 0 : error_set(err, BRE_PROTOCOL, "launch order whose parts do not fit together");
}

static int copy_nodes(struct order *o, const Wire__StepLaunch *l, struct error *err)
{
    const Wire__StepLayout *y = l->layout;

    if (!y->n_nodes || y->n_tasks != y->n_nodes || l->node_index >= y->n_nodes)
        return error_set(err, BRE_PROTOCOL, "launch order whose layout does not fit together");
    o->node_index = l->node_index;
    o->job_node_index = l->job_node_index;
    o->num_nodes = (uint32_t)y->n_nodes;
    o->num_all_tasks = y->num_tasks;
    o->cpus_per_task = y->cpus_per_task ? y->cpus_per_task : 1;
    o->num_tasks = (uint32_t)y->tasks[l->node_index]->n_gtids;
    o->mem_mb = y->nodes[l->node_index]->mem_mb;
    if (!o->num_tasks || o->num_tasks > TASKS_MAX)
        return error_set(err, BRE_PROTOCOL, "launch order with %u tasks on this node", o->num_tasks);
    o->nodes = arena_calloc(&o->arena, y->n_nodes, sizeof *o->nodes);
    copy_layout(o, y, o->job_id, o->attempt, 0, o->nodes);
    o->tasks = arena_calloc(&o->arena, o->num_tasks, sizeof *o->tasks);
    for (uint32_t i = 0; i < o->num_tasks; i++)
        o->tasks[i].gtid = o->nodes[o->node_index].gtids[i];
    return copy_whole(o, l, err);
}

static int copy_limits(struct order *o, const Wire__StepSpec *spec)
{
    o->limits = arena_calloc(&o->arena, spec->n_rlimits + 1, sizeof *o->limits);
    for (size_t i = 0; i < spec->n_rlimits; i++)
        for (size_t k = 0; k < ARRAY_SIZE(limit_names); k++)
            if (spec->rlimits[i]->name && !strcmp(spec->rlimits[i]->name, limit_names[k].name)) {
                o->limits[o->num_limits].resource = limit_names[k].resource;
                o->limits[o->num_limits++].cur =
                    !spec->rlimits[i]->has_cur || spec->rlimits[i]->cur == UINT64_MAX
                        ? RLIM_INFINITY
                        : (rlim_t)spec->rlimits[i]->cur;
            }
    return 0;
}

static char **copy_vector(struct order *o, char *const *from, size_t count, const char *first)
{
    char **vector = arena_calloc(&o->arena, count + 2, sizeof *vector);
    size_t at = 0;

    if (first)
        vector[at++] = arena_strdup(&o->arena, first);
    for (size_t i = 0; i < count; i++)
        vector[at++] = arena_strdup(&o->arena, from[i]);
    return vector;
}

static int make_argv(struct order *o, const Wire__StepLaunch *l, struct error *err)
{
    const Wire__StepSpec *spec = l->spec;
    char **shared = NULL;

    if (o->batch)
        shared = copy_vector(o, l->argv, l->n_argv, o->script_path);
    else if (!spec->n_multi_prog && l->n_argv)
        shared = copy_vector(o, l->argv, l->n_argv, NULL);
    if (shared && !*shared[0])
        return error_set(err, BRE_INVAL, "empty program name");
    for (uint32_t i = 0; i < o->num_tasks; i++) {
        struct order_task *t = &o->tasks[i];

        t->argv = shared;
        if (!shared && spec->n_multi_prog)
            t->argv = multiprog_argv(&o->arena, spec->multi_prog, spec->n_multi_prog, t->gtid, l->argv,
                                     l->n_argv, err);
        else if (!shared)
            error_set(err, BRE_PROTOCOL, "launch order without a program");
        if (!t->argv)
            return -1;
    }
    return 0;
}

/* Every task's own vector; strings that do not differ from the last task's are shared with it. */
static void make_env(struct order *o, const Wire__StepLaunch *l)
{
    struct env *env = env_from_blob(l->env.data, l->env.len);
    char **last = NULL;
    uint32_t num_last = 0;

    jobenv_set_login(env, l->alloc->user_name, l->home, l->shell);
    if (o->batch)
        jobenv_set_batch(env, l->alloc, l->job_node_index);
    else
        jobenv_set_step(env, l->alloc, l->layout, l->spec, l->step_id, l->node_index);
    for (uint32_t i = 0; i < o->num_tasks; i++) {
        struct order_task *t = &o->tasks[i];
        char **from;

        if (!o->batch) {
            CLEANUP_STRBUF struct strbuf note = STRBUF_INIT;

            jobenv_set_task(env, t->gtid + (l->spec ? l->spec->het_first_task : 0), i);
            jobenv_set_task_gpus(env, l->layout->nodes[l->node_index]->gres, l->spec, i, &note);
            t->gpu_note = note.len ? arena_strdup(&o->arena, strbuf_str(&note)) : NULL;
        }
        from = env_vector(env);
        t->num_env = (uint32_t)env_count(env);
        t->cap_env = t->num_env + (o->batch && !o->task_prolog ? 2 : LAUNCHER_ENV_MAX);
        t->env = arena_calloc(&o->arena, t->cap_env + 1, sizeof *t->env);
        for (uint32_t k = 0; k < t->num_env; k++)
            t->env[k] = k < num_last && !strcmp(last[k], from[k]) ? last[k]
                                                                 : arena_strdup(&o->arena, from[k]);
        last = t->env;
        num_last = t->num_env;
    }
    env_destroy(env);
}

static int make_tmp_name(struct order *o, struct error *err)
{
    unsigned char bytes[8];
    char text[2 * sizeof bytes + 1];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return error_set(err, errno, "getrandom: %s", strerror(errno));
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    o->tmp_dir = arena_printf(&o->arena, "/tmp/bramble-%s", text);
    return 0;
}

static int order_fill(struct order *o, const Wire__ShepherdStart *s, struct error *err)
{
    const Wire__StepLaunch *l = s->launch;
    const Wire__StepSpec *spec;

    if (!l || copy_ids(o, l, err) < 0 || copy_nodes(o, l, err) < 0)
        return l ? -1 : error_set(err, BRE_PROTOCOL, "empty launch order");
    spec = l->spec;
    o->task_prolog = dup_or_null(o, spec->receive_files ? NULL : s->task_prolog);
    o->task_epilog = dup_or_null(o, spec->receive_files ? NULL : s->task_epilog);
    o->user_task_prolog = dup_or_null(o, spec->task_prolog);
    o->user_task_epilog = dup_or_null(o, spec->task_epilog);
    o->node_name = dup_or(o, s->node_name, o->nodes[o->node_index].name);
    o->cluster_name = dup_or(o, l->alloc->cluster_name, "");
    o->user_name = dup_or(o, l->alloc->user_name, "");
    o->job_name = dup_or(o, l->alloc->job_name, "");
    o->work_dir = dup_or(o, spec->work_dir, "/tmp");
    o->script_path = dup_or(o, s->script_path, "");
    o->spool_dir = dup_or(o, s->spool_dir, "");
    o->cgroup = dup_or(o, s->cgroup, "none");
    o->plugin_dir = dup_or(o, s->plugin_dir, BRAMBLE_PLUGINDIR);
    o->topology_xml = arena_strdup(&o->arena, s->topology_xml);
    o->network = dup_or(o, l->alloc->mpi_if_include, "");
    o->cpus = dup_or(o, s->cpus, "");
    o->launcher = o->batch ? "none" : dup_or(o, spec->mpi, l->alloc->mpi_default ? l->alloc->mpi_default : "none");
    if (!*o->launcher)
        o->launcher = "none";
    o->needs_io = !o->batch && !(spec->async && !strcmp(o->launcher, "none"));
    o->pty = spec->pty;
    o->pty_rows = (uint16_t)spec->pty_rows;
    o->pty_cols = (uint16_t)spec->pty_cols;
    o->kill_on_bad_exit = spec->kill_on_bad_exit;
    o->wait_for_children = spec->wait_for_children;
    o->async = spec->async;
    o->receive_files = spec->receive_files;
    o->debug = spec->has_slurmd_debug ? spec->slurmd_debug : 2;
    o->umask = spec->has_umask ? spec->umask & 0777 : 022;
    o->nice = (int)l->nice > 19 ? 19 : (int)l->nice;
    o->kill_wait_sec = s->has_kill_wait_sec ? s->kill_wait_sec : 30;
    o->unkillable_sec = s->has_unkillable_sec ? s->unkillable_sec : 60;
    o->start_time = (int64_t)time(NULL);
    if (o->num_gids > BECOME_GROUPS_MAX || !*o->spool_dir || (o->batch && !*o->script_path))
        return error_set(err, BRE_PROTOCOL, "incomplete order to the shepherd");
    if (copy_limits(o, spec) < 0 || make_argv(o, l, err) < 0)
        return -1;
    if (!o->batch && make_tmp_name(o, err) < 0)
        return -1;
    make_env(o, l);
    return order_streams(o, spec, err) < 0 ? -1 : order_bind(o, s, err);
}

struct order *order_create(const Wire__ShepherdStart *start, struct error *err)
{
    struct order *o = xcalloc(1, sizeof *o);

    arena_init(&o->arena, 8192, 0);
    if (order_fill(o, start, err) == 0)
        return o;
    order_destroy(o);
    return NULL;
}
