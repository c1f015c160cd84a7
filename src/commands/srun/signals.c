/* signals.c - what Ctrl-C and its kin do to a step. */
#include "config.h"
#include "srun_private.h"

#include <signal.h>
#include <unistd.h>

#include "client/client.h"
#include "reactor/reactor.h"
#include "util/log.h"
#include "util/mem.h"

#define TWICE_MS 1000

/* Before there is a step the allocation is given back. */
static void interrupt_waiting(struct srun *s)
{
    if (s->inside) { /* the request goes with the connection */
        if (s->stage == SRUN_PENDING)
            log_info("Cancelled pending step for job %u", s->options.job_id);
        srun_leave(s, exit_error_code());
        return;
    }
    if (s->stage == SRUN_PENDING) {
        srun_say(s, "Job allocation %u has been revoked", s->job_id);
        srun_say(s, "Force Terminated JobId=%u", s->job_id);
    }
    srun_cancel_and_leave(s, exit_error_code());
}

/* Once: say how the tasks are.  Twice within a second: pass it on, and end the step.  With
 * --disable-status the first one is passed on too; with --quit-on-interrupt it ends the step. */
static void on_interrupt(struct srun *s)
{
    int64_t now = (int64_t)reactor_now_ms(s->reactor);
    bool again = now - s->last_intr_ms <= TWICE_MS;

    s->last_intr_ms = now;
    if (!again && !s->options.disable_status && !s->options.quit_on_interrupt) {
        if (s->aborting)
            log_info("interrupt (abort already in progress)");
        else
            log_info("interrupt (one more within 1 sec to abort)");
        exits_print_states(s);
        return;
    }
    if (s->aborting) { /* whoever insists need not wait for the step */
        log_info("forcing job termination");
        srun_leave(s, exits_code(s) ? exits_code(s) : 1);
        return;
    }
    log_info("sending Ctrl-C to StepId=%u.%u", s->job_id, s->step_id);
    nodes_signal(s, SIGINT);
    if (again || s->options.quit_on_interrupt) {
        s->interrupted = true;
        srun_force_end(s);
    }
}

static void on_signal(void *arg, int signum)
{
    struct srun *s = arg;
    uint32_t rows, cols;

    if (signum == SIGWINCH) {
        if (s->options.pty && s->stage == SRUN_RUNNING && terminal_size(&rows, &cols))
            nodes_window(s, rows, cols);
        return;
    }
    if (s->stage == SRUN_DONE)
        return;
    if (s->stage != SRUN_RUNNING) {
        if (signum == SIGINT || signum == SIGTERM || signum == SIGHUP || signum == SIGQUIT)
            interrupt_waiting(s);
        return;
    }
    if (nest_runs(s)) {
        nest_signal(s, signum);
        return;
    }
    switch (signum) {
    case SIGINT:
        on_interrupt(s);
        break;
    case SIGQUIT:
        log_info("Quit");
        srun_force_end(s);
        break;
    case SIGTERM:
    case SIGHUP:
        srun_force_end(s);
        break;
    case SIGCONT:
        log_info("got SIGCONT");
        input_kick(s); /* perhaps in the foreground now */
        break;
    default:
        nodes_signal(s, signum);
    }
}

void signals_start(struct srun *s)
{
    static const int watched[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGCONT, SIGUSR1, SIGUSR2, SIGALRM,
                                   SIGWINCH };

    signal(SIGPIPE, SIG_IGN);
    signal(SIGTTIN, SIG_IGN);
    s->last_intr_ms = -2 * TWICE_MS;
    for (size_t i = 0; i < ARRAY_SIZE(watched); i++)
        s->signals[i] = reactor_signal_create(s->reactor, watched[i], on_signal, s);
}

void signals_fini(struct srun *s)
{
    for (size_t i = 0; i < ARRAY_SIZE(s->signals); i++)
        reactor_signal_close(s->signals[i]);
}
