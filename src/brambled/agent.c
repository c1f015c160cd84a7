/* agent.c - the agent as a list of what it is made of. */
#include "config.h"
#include "brambled/agent_private.h"

#include "cgroup/cgroup.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_sigchld(void *arg, int signum)
{
    struct agent *a = arg;
    int status;
    pid_t pid;

    (void)signum;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (script_reaped(a, pid))
            continue;
        list_for_each(node, &a->steps)
        {
            struct agent_step *s = container_of(node, struct agent_step, node);

            if (s->pid == pid)
                s->pid = 0; /* its connection tells the rest */
        }
    }
}

static void on_term(void *arg, int signum)
{
    struct agent *a = arg;

    log_notice("signal %d: stopping; steps go on", signum);
    reactor_stop(a->reactor, 0);
}

static void on_hup(void *arg, int signum)
{
    (void)arg;
    (void)signum;
    log_reopen();
}

/* Folders that others can pass through but not list, of this user and nobody else. */
static int open_folder(int parent, const char *path, mode_t mode, struct error *err)
{
    int fd = parent == AT_FDCWD ? fs_make_path(path, mode, err) : fs_open_dir(parent, path, true, mode);

    if (fd < 0)
        return parent == AT_FDCWD ? -1 : error_set(err, errno, "%s: %s", path, strerror(errno));
    if (fs_check_owner(fd, path, geteuid(), false, err) < 0 || fchmod(fd, mode) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int open_folders(struct agent *a, struct error *err)
{
    mode_t mode = a->is_root ? 0711 : 0700;

    if ((a->run_fd = open_folder(AT_FDCWD, a->opts.run_dir, mode, err)) < 0
        || (a->steps_fd = open_folder(a->run_fd, "steps", mode, err)) < 0)
        return error_prefix(err, "run folder %s", a->opts.run_dir);
    a->lock_fd = openat(a->run_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (a->lock_fd < 0 || flock(a->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return error_set(err, EBUSY, "run folder %s: another agent uses it", a->opts.run_dir);
    return 0;
}

struct agent *agent_create(struct reactor *r, const struct agent_options *opts, struct error *err)
{
    struct agent *a = xcalloc(1, sizeof *a);

    a->reactor = r;
    a->opts = *opts;
    a->is_root = geteuid() == 0;
    a->run_fd = a->steps_fd = a->lock_fd = a->probe_fd = -1;
    list_init(&a->steps);
    list_init(&a->jobs);
    list_init(&a->early);
    list_init(&a->scripts);
    if (access(opts->stepd_path, X_OK) < 0) {
        error_set(err, errno, "%s: %s", opts->stepd_path, strerror(errno));
        goto fail;
    }
    if (open_folders(a, err) < 0 || key_load(a, err) < 0)
        goto fail;
    /* What a dead shepherd leaves comes to us, to be waited for. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    a->sigchld = reactor_signal_create(r, SIGCHLD, on_sigchld, a);
    a->sigterm = reactor_signal_create(r, SIGTERM, on_term, a);
    a->sigint = reactor_signal_create(r, SIGINT, on_term, a);
    a->sighup = reactor_signal_create(r, SIGHUP, on_hup, a);
    if (!(a->port = step_port_create(r, opts->listen, opts->port, client_arrived, a, err)))
        goto fail;
    records_recover(a);
    folder_recover(a);
    if (link_start(a, err) < 0)
        goto fail;
    return a;
fail:
    agent_destroy(a);
    return NULL;
}

static void on_last_turn(void *arg)
{
    reactor_stop(arg, 0);
}

void agent_destroy(struct agent *a)
{
    if (!a)
        return;
    link_stop(a);
    step_port_destroy(a->port);
    clients_free(a);
    for (struct list_node *node; (node = list_first(&a->steps));)
        step_free(container_of(node, struct agent_step, node));
    reactor_defer(a->reactor, on_last_turn, a->reactor); /* connections close on the loop */
    reactor_run(a->reactor);
    jobs_free(a);
    if (a->cgroup)
        cgroup_unprobe(a->cgroup); /* stays while a step is in it */
    facts_free(a);
    reactor_signal_close(a->sigchld);
    reactor_signal_close(a->sigterm);
    reactor_signal_close(a->sigint);
    reactor_signal_close(a->sighup);
    if (a->lock_fd >= 0)
        close(a->lock_fd);
    if (a->steps_fd >= 0)
        close(a->steps_fd);
    if (a->run_fd >= 0)
        close(a->run_fd);
    mem_wipe(a->secret_key, sizeof a->secret_key);
    free(a);
}
