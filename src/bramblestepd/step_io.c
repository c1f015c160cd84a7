/* step_io.c - the shepherd's side of its i/o process: start, messages, end. */
#include "config.h"
#include "bramblestepd/step_private.h"

#include "bramblestepd/io/io.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TASK_ENV_TOTAL_MAX (64u << 20) /* bytes that the launcher may add to all tasks of the step here */

static void close_all(int *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
}

/* A task's descriptors and what the launcher adds to its environment.  The strings are the user's
 * business: they go into a program that runs as the user. */
static void on_task(struct step *s, struct link_message *m)
{
    static const unsigned bits[] = { LINK_FD_IN, LINK_FD_OUT, LINK_FD_ERR, LINK_FD_TTY, LINK_FD_KEEP };
    struct order *o = s->order;
    struct spawn_fds *fds;
    unsigned next = 0;

    if (s->phase != PHASE_SETUP || m->head.task >= o->num_tasks || s->num_prepared >= o->num_tasks) {
        link_close_fds(m);
        return;
    }
    fds = &s->task_fds[m->head.task];
    int *const slots[] = { &fds->in, &fds->out, &fds->err, &fds->tty, &fds->keep };

    for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
        if ((m->head.flags & bits[i]) && next < m->num_fds && *slots[i] < 0)
            *slots[i] = m->fds[next++];
    close_all(m->fds + next, m->num_fds - next);
    if (fds->keep >= 0)
        fds->keep_as = m->head.value > STDERR_FILENO && m->head.value < 65536 ? (int)m->head.value : fds->keep;
    s->num_prepared++;
    if ((s->env_added += m->body_len) > TASK_ENV_TOTAL_MAX) {
        step_launch_failed(s, "the launcher's environment is too big");
        return;
    }
    for (size_t at = 0; at < m->body_len;) {
        char *text = m->body + at;
        size_t len = strlen(text);

        if (!order_task_setenv(&o->tasks[m->head.task], arena_strdup(&o->arena, text)))
            break;
        at += len + 1;
    }
}

static void on_message(struct step *s, struct link_message *m)
{
    char name[ORDER_NAME_MAX];

    if (m->head.type != LINK_TASK)
        link_close_fds(m);
    switch (m->head.type) {
    case LINK_TASK:
        on_task(s, m);
        break;
    case LINK_READY:
        if (s->phase == PHASE_SETUP && s->num_prepared == s->order->num_tasks)
            step_spawn_tasks(s);
        break;
    case LINK_FAILED:
        if (s->phase == PHASE_SETUP)
            step_launch_failed(s, m->body);
        break;
    case LINK_SIGNAL:
        step_signal(s, (int)m->head.value, false);
        break;
    case LINK_ABORT:
        if (s->phase == PHASE_RUNNING || s->phase == PHASE_SETUP) {
            snprintf(s->text, sizeof s->text, "%.900s", m->body);
            s->aborted = true;
            step_send_status(s);
            step_kill(s, NULL, 1000, false);
        }
        break;
    case LINK_LOST:
        if (s->phase == PHASE_RUNNING || s->phase == PHASE_SETUP) {
            log_info("step %s: srun is gone, the step is ended", order_name(s->order, name));
            snprintf(s->text, sizeof s->text, "srun is gone");
            s->aborted = true;
            step_send_status(s);
            step_kill(s, NULL, 1000ull * s->order->kill_wait_sec, false);
        }
        break;
    default:
        log_warning("step %s: i/o process sent what nobody knows", order_name(s->order, name));
    }
}

static void on_link(void *arg, int events, int status)
{
    struct step *s = arg;
    int rc = 0;

    (void)events;
    (void)status;
    while (s->link_fd >= 0 && (rc = link_recv(s->link_fd, s->link_in)) > 0)
        on_message(s, s->link_in);
    if (s->link_fd < 0 || (rc < 0 && (errno == EAGAIN || errno == EBADMSG)))
        return;
    step_io_close(s); /* its end is seen by SIGCHLD */
}

int step_io_start(struct step *s, struct error *err)
{
    int ends[2];
    bool in_cgroup;
    pid_t pid;

    if (link_create(ends) < 0)
        return error_set(err, errno, "socketpair: %s", strerror(errno));
    pid = fork_into(cgroup_clone_fd(s->io_cgroup), &in_cgroup);
    if (pid == 0) {
        struct io_start start = { .order = s->order, .who = &s->common.who, .link_fd = ends[1], .monitor = s->common.monitor };

        if (!in_cgroup)
            start.num_cgroup_fds = cgroup_enter_fds(s->io_cgroup, start.cgroup_fds);
        io_main(&start);
    }
    close(ends[1]);
    cgroup_close_enter(s->io_cgroup);
    if (pid < 0) {
        close(ends[0]);
        return error_set(err, errno, "cannot fork the i/o process: %s", strerror(errno));
    }
    s->io_pid = pid;
    s->link_fd = ends[0];
    s->link_in = xmalloc(sizeof *s->link_in);
    s->link_watch = reactor_fd_create(s->reactor, s->link_fd, on_link, s);
    return !s->link_watch || reactor_fd_watch(s->link_watch, REACTOR_READ) < 0
               ? error_set(err, errno, "cannot watch the i/o process")
               : 0;
}

void step_io_send(struct step *s, enum link_type type, uint32_t task, uint32_t value, const void *body, size_t len)
{
    struct link_head head = { .type = type, .task = task, .value = value };

    if (s->link_fd < 0)
        return;
    if (link_send(s->link_fd, &head, body, len, NULL, 0) == 0)
        return;
    /* It does not read what a few thousand datagrams hold: it is of no use any more. */
    if (s->io_pid > 0)
        kill(s->io_pid, SIGKILL);
}

void step_io_client(struct step *s, const Wire__ShepherdClient *client, int fd)
{
    struct link_head head = { .type = LINK_CLIENT };
    const char *address = client->address ? client->address : "";
    char body[STEP_HELLO_SIZE + 256];
    size_t len = strnlen(address, 255);

    if (fd < 0)
        return;
    /* Who does not hold the key is not passed on: a flood of strangers cannot fill the link. */
    if (s->link_fd >= 0 && client->first_frame.len == STEP_HELLO_SIZE
        && step_hello_is_proven(client->first_frame.data, s->order->step_key)) {
        memcpy(body, client->first_frame.data, STEP_HELLO_SIZE);
        memcpy(body + STEP_HELLO_SIZE, address, len);
        link_send(s->link_fd, &head, body, STEP_HELLO_SIZE + len, &fd, 1);
    }
    close(fd);
}

void step_io_close(struct step *s)
{
    reactor_fd_close(s->link_watch);
    s->link_watch = NULL;
    if (s->link_fd >= 0)
        close(s->link_fd);
    s->link_fd = -1;
    free(s->link_in);
    s->link_in = NULL;
}
