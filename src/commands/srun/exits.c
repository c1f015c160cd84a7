/* exits.c - how tasks ended: messages grouped by node and kind, and srun's own exit code. */
#include "config.h"
#include "srun_private.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "reactor/reactor.h"
#include "util/log.h"
#include "util/mem.h"

#define GATHER_MS 100

/* The highest signal wins, then the highest code. */
static void worst_update(struct srun *s, int status)
{
    bool replace;

    if (!status)
        return;
    if (!s->worst_set)
        replace = true;
    else if (WIFSIGNALED(status))
        replace = !WIFSIGNALED(s->worst_status) || WTERMSIG(status) > WTERMSIG(s->worst_status);
    else
        replace = !WIFSIGNALED(s->worst_status) && WEXITSTATUS(status) > WEXITSTATUS(s->worst_status);
    if (replace) {
        s->worst_status = status;
        s->worst_set = true;
    }
}

void exits_record(struct srun *s, struct srun_node *node, uint32_t gtid, int status)
{
    struct srun_task *task;

    if (gtid >= s->num_tasks || s->tasks[gtid].node != node->index || s->tasks[gtid].state == TASK_EXITED)
        return;
    task = &s->tasks[gtid];
    task->state = TASK_EXITED;
    task->status = status;
    s->num_exited++;
    worst_update(s, status);
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM))
        s->killing_signal = WTERMSIG(status);
    if (!reactor_timer_active(s->flush_timer))
        reactor_timer_start(s->flush_timer, GATHER_MS, 0);
    if (status && s->options.kill_on_bad_exit == 1 && !s->killed) {
        exits_flush(s);
        s->killed = true; /* the nodes end the step themselves */
        srun_say(s, "launch/slurm: _step_signal: Terminating StepId=%u.%u", s->job_id, s->step_id);
    }
    if (s->num_exited == 1 && s->options.wait_sec != OPT_UNSET && s->options.wait_sec && s->num_tasks > 1)
        reactor_timer_start(s->wait_timer, (uint64_t)s->options.wait_sec * 1000, 0);
}

/* "task 3" or "tasks 0-2,5" of those for which pick() holds; NULL when there is none. */
static char *task_list(const struct srun *s, const uint32_t *gtids, uint32_t num,
                       bool (*pick)(const struct srun_task *, const void *), const void *arg)
{
    struct strbuf text = STRBUF_INIT;
    uint32_t count = 0, run_start = 0, previous = 0;
    bool open = false;

    for (uint32_t i = 0; i <= num; i++) {
        bool chosen = i < num && pick(&s->tasks[gtids ? gtids[i] : i], arg);
        uint32_t id = i < num ? (gtids ? gtids[i] : i) : 0;

        if (open && (!chosen || id != previous + 1)) {
            strbuf_addf(&text, "%s%u", text.len ? "," : "", run_start);
            if (previous > run_start)
                strbuf_addf(&text, "-%u", previous);
            open = false;
        }
        if (!chosen)
            continue;
        count++;
        if (!open)
            run_start = id;
        open = true;
        previous = id;
    }
    if (!count) {
        strbuf_fini(&text);
        return NULL;
    }
    CLEANUP_FREE char *ids = strbuf_take(&text);
    return xasprintf("task%s %s", count > 1 ? "s" : "", ids);
}

static bool pick_status(const struct srun_task *task, const void *arg)
{
    return task->state == TASK_EXITED && !task->told && task->status == *(const int *)arg;
}

/* sattach's words. */
static void task_tell(struct srun *s, uint32_t gtid)
{
    const struct srun_task *task = &s->tasks[gtid];

    if (WIFSIGNALED(task->status))
        log_error("task %u killed by signal %d (%s)", gtid, WTERMSIG(task->status), strsignal(WTERMSIG(task->status)));
    else if (WEXITSTATUS(task->status))
        log_error("task %u exited with exit code %d", gtid, WEXITSTATUS(task->status));
    else if (s->options.verbose)
        srun_say(s, "task %u exited", gtid);
}

static void node_tell(struct srun *s, const struct srun_node *node, int status)
{
    CLEANUP_FREE char *who = task_list(s, node->gtids, node->num_tasks, pick_status, &status);

    if (!who)
        return;
    if (s->receive_files || (WIFSIGNALED(status) && s->interrupted && !s->options.verbose))
        ; /* it has said why itself, or it was as the user wished */
    else if (WIFSIGNALED(status))
        log_error("%s: %s: %s%s", node->name, who, strsignal(WTERMSIG(status)),
                  WCOREDUMP(status) ? " (core dumped)" : "");
    else if (WEXITSTATUS(status))
        log_error("%s: %s: Exited with exit code %d", node->name, who, WEXITSTATUS(status));
    else if (s->options.verbose)
        srun_say(s, "launch/slurm: _task_finish: %s: %s: Completed", node->name, who);
    for (uint32_t i = 0; i < node->num_tasks; i++)
        if (pick_status(&s->tasks[node->gtids[i]], &status))
            s->tasks[node->gtids[i]].told = true;
}

void exits_flush(struct srun *s)
{
    reactor_timer_stop(s->flush_timer);
    for (uint32_t n = 0; n < s->num_nodes; n++) {
        const struct srun_node *node = &s->nodes[n];

        for (uint32_t i = 0; i < node->num_tasks; i++) {
            const struct srun_task *task = &s->tasks[node->gtids[i]];

            if (task->state != TASK_EXITED || task->told)
                continue;
            if (!s->watching) {
                node_tell(s, node, task->status);
            } else {
                task_tell(s, node->gtids[i]);
                s->tasks[node->gtids[i]].told = true;
            }
        }
    }
}

static bool pick_state(const struct srun_task *task, const void *arg)
{
    return task->state == *(const enum task_state *)arg;
}

void exits_print_states(struct srun *s)
{
    static const enum task_state order[] = { TASK_STARTING, TASK_RUNNING, TASK_EXITED };
    static const char *const names[] = { "unknown", "running", "exited" };

    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        CLEANUP_FREE char *who = task_list(s, NULL, s->num_tasks, pick_state, &order[i]);

        if (who)
            srun_say(s, "StepId=%u.%u %s: %s", s->job_id, s->step_id, who, names[order[i]]);
    }
}

static bool pick_unknown(const struct srun_task *task, const void *arg)
{
    (void)arg;
    return task->state != TASK_EXITED;
}

void exits_print_lost(struct srun *s)
{
    for (uint32_t n = 0; n < s->num_nodes; n++) {
        const struct srun_node *node = &s->nodes[n];
        CLEANUP_FREE char *who = task_list(s, node->gtids, node->num_tasks, pick_unknown, NULL);

        if (who && s->node_failed)
            log_error("Node failure on %s", node->name);
        if (who)
            log_error("%s: %s: nothing is known of the end", node->name, who);
    }
}

int exits_code(const struct srun *s)
{
    if (!s->worst_set)
        return 0;
    return WIFSIGNALED(s->worst_status) ? 128 + WTERMSIG(s->worst_status) : WEXITSTATUS(s->worst_status);
}
