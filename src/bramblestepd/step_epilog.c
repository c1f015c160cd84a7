/* step_epilog.c - --task-epilog and TaskEpilog: what runs, briefly, when a task has ended.
 *
 * The task's end is told when they are over.  Whoever takes too long is killed.
 */
#include "config.h"
#include "bramblestepd/step_private.h"

#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EPILOG_MS 5000
#define LOOK_MS 500

static const char *program_at(const struct order *o, unsigned step)
{
    return step == 0 ? o->user_task_epilog : step == 1 ? o->task_epilog : NULL;
}

void step_epilog_keep(struct step *s, uint32_t task, const struct spawn_fds *fds)
{
    int from = fds->err >= 0 ? fds->err : fds->tty;

    if ((s->order->user_task_epilog || s->order->task_epilog) && from >= 0)
        s->tasks[task].epilog_err = fcntl(from, F_DUPFD_CLOEXEC, 3);
}

static void on_look(void *arg)
{
    struct step *s = arg;
    uint64_t now = reactor_now_ms(s->reactor);
    bool any = false;

    for (uint32_t i = 0; i < s->order->num_tasks; i++) {
        if (s->tasks[i].epilog_pid <= 0)
            continue;
        any = true;
        if (now >= s->tasks[i].epilog_until_ms)
            kill(-s->tasks[i].epilog_pid, SIGKILL); /* our child, not reaped yet: the group is its own */
    }
    if (!any)
        reactor_timer_stop(s->epilog_timer);
}

static bool start_next(struct step *s, uint32_t task)
{
    struct step_task *t = &s->tasks[task];
    const char *program = NULL;

    while (t->epilog_step < 2 && !(program = program_at(s->order, t->epilog_step)))
        t->epilog_step++;
    if (!program)
        return false;
    t->epilog_step++;
    errno = EINVAL;
    t->epilog_pid = *program == '/' ? epilog_spawn(&s->common, task, program, t->epilog_err) : -1;
    if (t->epilog_pid < 0) {
        char line[ERROR_TEXT_MAX];

        t->epilog_pid = 0;
        if (*program == '/')
            snprintf(line, sizeof line, "slurmstepd: error: TaskEpilog %.800s: %s", program, strerror(errno));
        else
            snprintf(line, sizeof line, "slurmstepd: error: TaskEpilog is not fully qualified pathname (%.900s)", program);
        step_tell(s, line);
        return start_next(s, task);
    }
    t->epilog_until_ms = reactor_now_ms(s->reactor) + EPILOG_MS;
    if (!s->epilog_timer)
        s->epilog_timer = reactor_timer_create(s->reactor, on_look, s);
    if (!reactor_timer_active(s->epilog_timer))
        reactor_timer_start(s->epilog_timer, LOOK_MS, LOOK_MS);
    return true;
}

bool step_epilog_begin(struct step *s, uint32_t task)
{
    struct step_task *t = &s->tasks[task];

    if (t->failed_stage) /* it never was the user's program */
        t->epilog_step = 2;
    if (start_next(s, task))
        return true;
    if (t->epilog_err >= 0)
        close(t->epilog_err);
    t->epilog_err = -1;
    return false;
}

bool step_epilog_reaped(struct step *s, pid_t pid, int status)
{
    uint32_t task = 0;
    char line[200];

    while (task < s->order->num_tasks && s->tasks[task].epilog_pid != pid)
        task++;
    if (pid <= 0 || task == s->order->num_tasks)
        return false;
    s->tasks[task].epilog_pid = 0;
    if (status && s->kill_phase != KILL_KILL) {
        snprintf(line, sizeof line, "slurmstepd: error: TaskEpilog failed status=%d",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        step_tell(s, line);
    }
    if (!step_epilog_begin(s, task))
        step_task_over(s, task);
    return true;
}
