/* nest.c - srun outside an allocation with several components ("srun a : b").
 *
 * The allocation is one of jobs that start together.  When it is there, this srun runs itself in it, with the same
 * words; that one makes the step.  Its end ends the allocation.
 */
#include "config.h"
#include "srun_private.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "client/client.h"
#include "jobenv/env.h"
#include "jobenv/jobenv.h"
#include "reactor/reactor.h"
#include "util/arena.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"

extern char **environ;

struct nest {
    char **argv;
    const struct nest_component *more;
    size_t num_more;
    struct reactor_signal *on_child;
    pid_t pid; /* 0: it does not run */
};

void nest_create(struct srun *s, char **argv, const struct nest_component *more, size_t num_more)
{
    s->nest = xcalloc(1, sizeof *s->nest);
    s->nest->argv = argv;
    s->nest->more = more;
    s->nest->num_more = num_more;
}

void nest_fini(struct srun *s)
{
    free(s->nest);
    s->nest = NULL;
}

bool nest_runs(const struct srun *s)
{
    return s->nest && s->nest->pid;
}

void nest_fill(struct srun *s, Wire__AllocRequest *request, struct arena *a)
{
    const struct nest *h = s->nest;

    request->n_het = h->num_more;
    request->het = arena_alloc(a, (h->num_more + 1) * sizeof *request->het);
    for (size_t i = 0; i < h->num_more; i++) {
        Wire__JobSpec *spec = arena_alloc(a, sizeof *spec);

        wire__job_spec__init(spec);
        request_describe_job(s, h->more[i].options, h->more[i].name, spec);
        spec->kind = JOB_KIND_SALLOC;
        request->het[i] = spec;
    }
}

static void on_child(void *arg, int signum)
{
    struct srun *s = arg;
    struct nest *h = s->nest;
    int status;

    (void)signum;
    if (!h->pid || waitpid(h->pid, &status, WNOHANG) != h->pid)
        return;
    h->pid = 0;
    reactor_signal_close(h->on_child);
    h->on_child = NULL;
    s->worst_set = true;
    s->worst_status = status;
    s->inside = true; /* the allocation is to be given back */
    srun_leave(s, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static int start(struct srun *s, char **vector)
{
    static const int ours[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD,
                                SIGCONT, SIGTTIN, SIGWINCH };
    posix_spawnattr_t attr;
    sigset_t reset, none;
    int rc;

    sigemptyset(&reset);
    sigemptyset(&none);
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
        sigaddset(&reset, ours[i]);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigdefault(&attr, &reset);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    rc = posix_spawn(&s->nest->pid, "/proc/self/exe", NULL, &attr, s->nest->argv, vector);
    posix_spawnattr_destroy(&attr);
    return rc;
}

void nest_granted(struct srun *s, const Wire__AllocInfo *alloc)
{
    struct nest *h = s->nest;
    struct env *env;
    int rc;

    if (s->stage == SRUN_RUNNING || s->stage == SRUN_DONE)
        return; /* the answer to a resumption */
    reactor_timer_stop(s->wait_timer);
    if (s->stage == SRUN_PENDING && s->options.immediate_sec == OPT_UNSET)
        srun_say(s, "job %u has been allocated resources", s->job_id);
    s->stage = SRUN_RUNNING;
    ctl_link_set_patience(s->link, UINT64_MAX);
    env = env_from_vector(environ);
    jobenv_set_alloc(env, alloc);
    env_set(env, "SLURM_SUBMIT_DIR", s->cwd);
    h->on_child = reactor_signal_create(s->reactor, SIGCHLD, on_child, s);
    rc = start(s, env_vector(env));
    env_destroy(env);
    if (rc == 0)
        return;
    h->pid = 0;
    log_error("Unable to run in the allocation: /proc/self/exe: %s", strerror(rc));
    s->inside = true;
    srun_leave(s, exit_error_code());
}

/* What keys send has reached it too. */
void nest_signal(struct srun *s, int signum)
{
    if (signum != SIGINT && signum != SIGQUIT && signum != SIGWINCH && signum != SIGCONT)
        kill(s->nest->pid, signum);
}
