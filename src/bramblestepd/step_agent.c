/* step_agent.c - the shepherd's side of the socket to its agent: orders in, the step's state out. */
#include "config.h"
#include "bramblestepd/step_private.h"

#include "usage/usage.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void on_kill(struct step *s, const Wire__StepKill *kill)
{
    const struct order *o = s->order;

    if (!kill || !o || (kill->has_attempt && kill->attempt != o->attempt && !kill->all_attempts))
        return;
    if (kill->notify) {
        char line[ERROR_TEXT_MAX + 300];

        snprintf(line, sizeof line, "slurmstepd-%s: error: %s", o->node_name, kill->reason ? kill->reason : "");
        step_tell(s, line);
    } else if (kill->suspend)
        step_suspend(s, kill->suspend == 1);
    else if (kill->signal)
        step_signal(s, (int)kill->signal, kill->batch_only);
    else
        /* A reason that is no cancellation's (what another node's shepherd said) was told there. */
        step_kill(s, kill->reason && !strncmp(kill->reason, "CANCELLED", 9) ? kill->reason : NULL,
                  1000ull * (kill->has_kill_wait_sec ? kill->kill_wait_sec : o->kill_wait_sec), true);
}

static void on_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct step *s = arg;

    switch (frame->type) {
    case MSG_SHEP_START:
        if (s->phase == PHASE_WAITING)
            step_begin(s, (const Wire__ShepherdStart *)frame->msg);
        break;
    case MSG_SHEP_KILL:
        on_kill(s, ((const Wire__ShepherdKill *)frame->msg)->kill);
        break;
    case MSG_SHEP_CLIENT:
        step_io_client(s, (const Wire__ShepherdClient *)frame->msg, frame->fd);
        break;
    case MSG_SHEP_QUERY:
        step_send_status(s);
        break;
    case MSG_SHEP_USAGE:
        step_send_usage(s);
        break;
    case MSG_SHEP_RELEASE:
        s->released = s->phase == PHASE_ENDED;
        step_check_clear(s);
        break;
    default:
        if (frame->fd >= 0)
            close(frame->fd);
        log_warning("%s from the agent is not for a shepherd", msg_type_name(frame->type));
        rpc_conn_close(conn);
    }
}

static void on_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct step *s = arg;

    if (s->agent != conn)
        return;
    s->agent = NULL;
    log_debug(DBG_STEP, "agent gone: %s", why->text);
    if (s->phase == PHASE_WAITING)
        reactor_stop(s->reactor, 1);
}

static const struct rpc_conn_ops agent_ops = { .on_frame = on_frame, .on_close = on_close };

int step_agent_open(struct step *s, int fd, struct error *err)
{
    struct rpc_conn *conn = rpc_adopt_unix(s->reactor, fd, geteuid(), &agent_ops, s, err);

    if (!conn)
        return -1;
    if (s->agent) { /* the newer agent counts */
        struct rpc_conn *old = s->agent;

        s->agent = NULL;
        rpc_conn_abort(old, &(struct error){ .code = BRE_CLOSED, .text = "a newer agent has come" });
    }
    s->agent = conn;
    return 0;
}

static void on_listen(void *arg, int events, int status)
{
    struct step *s = arg;
    struct error err;
    int fd;

    (void)events;
    if (status < 0 || (fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0)
        return;
    if (step_agent_open(s, fd, &err) < 0) {
        log_warning("a process that is not the agent came to the step's socket: %s", err.text);
        return;
    }
    step_send_status(s);
}

/* The folder may lie deep: the address goes by way of its descriptor. */
int step_listen(struct step *s, struct error *err)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    mode_t old;
    int rc;

    s->folder_fd = open(s->order->spool_dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (s->folder_fd < 0)
        return error_set(err, errno, "%s: %s", s->order->spool_dir, strerror(errno));
    s->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->listen_fd < 0)
        return error_set(err, errno, "socket: %s", strerror(errno));
    snprintf(sun.sun_path, sizeof sun.sun_path, "/proc/self/fd/%d/sock", s->folder_fd);
    old = umask(077);
    rc = bind(s->listen_fd, (struct sockaddr *)&sun, sizeof sun);
    umask(old);
    if (rc < 0 || listen(s->listen_fd, 4) < 0)
        return error_set(err, errno, "%s/sock: %s", s->order->spool_dir, strerror(errno));
    s->listen_watch = reactor_fd_create(s->reactor, s->listen_fd, on_listen, s);
    if (!s->listen_watch || reactor_fd_watch(s->listen_watch, REACTOR_READ) < 0)
        return error_set(err, errno, "cannot watch the step's socket");
    return 0;
}

void step_agent_close(struct step *s)
{
    struct rpc_conn *conn = s->agent;

    s->agent = NULL;
    if (conn)
        rpc_conn_abort(conn, &(struct error){ .code = BRE_CLOSED, .text = "shepherd ends" });
    reactor_fd_close(s->listen_watch);
    if (s->listen_fd >= 0)
        close(s->listen_fd);
    if (s->folder_fd >= 0)
        close(s->folder_fd);
    s->listen_watch = NULL;
    s->listen_fd = s->folder_fd = -1;
}

static uint64_t usec(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

void step_send_usage(struct step *s)
{
    Wire__ShepherdStatus frame = WIRE__SHEPHERD_STATUS__INIT;
    Wire__StepStatus st = WIRE__STEP_STATUS__INIT;
    Wire__StepUsage msg;
    Wire__UsageSpan spans[USAGE_KINDS];
    CLEANUP_STRBUF struct strbuf pids = STRBUF_INIT;
    struct usage sum;

    if (!s->agent || !s->order || s->phase != PHASE_RUNNING) {
        step_send_status(s); /* the agent answers for it */
        return;
    }
    tasks_usage_sample(s, &pids);
    tasks_usage_sum(s, &sum);
    usage_to_wire(&sum, &msg, spans);
    msg.pids = pids.len && pids.len < 65536 ? pids.data : NULL;
    frame.status = &st;
    st.has_job_id = st.has_step_id = st.has_attempt = st.has_state = true;
    st.job_id = s->order->job_id;
    st.step_id = s->order->step_id;
    st.attempt = s->order->attempt;
    st.state = 1;
    st.usage = &msg;
    rpc_conn_send(s->agent, MSG_SHEP_STATUS, 0, &frame.base);
}

void step_send_status(struct step *s)
{
    Wire__ShepherdStatus frame = WIRE__SHEPHERD_STATUS__INIT;
    Wire__StepStatus st = WIRE__STEP_STATUS__INIT;
    CLEANUP_FREE Wire__TaskExit *exits = NULL;
    CLEANUP_FREE Wire__TaskExit **list = NULL;
    Wire__StepUsage usage;
    Wire__UsageSpan spans[USAGE_KINDS];
    struct usage sum;
    const struct order *o = s->order;
    uint32_t status, first;

    if (!s->agent || !o)
        return;
    step_exit_status(s, &status, &first);
    frame.status = &st;
    st.has_job_id = st.has_step_id = st.has_attempt = st.has_state = true;
    st.job_id = o->job_id;
    st.step_id = o->step_id;
    st.attempt = o->attempt;
    st.state = s->phase == PHASE_ENDED ? 2 : 1;
    st.has_start_time = true;
    st.start_time = o->start_time;
    st.has_aborted = st.has_first_failed = s->aborted;
    st.aborted = s->aborted;
    st.first_failed = first;
    st.text = s->text[0] ? s->text : NULL;
    if (s->stuck) {
        st.has_unkillable = true;
        st.unkillable = true;
    }
    if (s->phase == PHASE_ENDED) {
        exits = xcalloc(o->num_tasks, sizeof *exits);
        list = xcalloc(o->num_tasks, sizeof(Wire__TaskExit *));
        for (uint32_t i = 0; i < o->num_tasks; i++)
            if (s->tasks[i].status) {
                Wire__TaskExit *e = &exits[st.n_exits];

                wire__task_exit__init(e);
                e->has_gtid = e->has_status = true;
                e->gtid = o->tasks[i].gtid;
                e->status = (uint32_t)s->tasks[i].status;
                list[st.n_exits++] = e;
            }
        st.exits = list;
        st.has_exit_status = st.has_first_failed = true;
        st.exit_status = status;
        st.has_oom = st.has_killed_by_order = true;
        st.oom = s->oom;
        st.killed_by_order = s->killed_by_order;
        st.has_user_usec = st.has_sys_usec = st.has_max_rss_kb = st.has_max_rss_task = true;
        st.user_usec = usec(s->usage.ru_utime);
        st.sys_usec = usec(s->usage.ru_stime);
        st.max_rss_kb = s->max_rss_kb;
        st.max_rss_task = s->max_rss_task;
        st.has_disk_read = st.has_disk_write = true;
        st.disk_read = (uint64_t)s->usage.ru_inblock * 512;
        st.disk_write = (uint64_t)s->usage.ru_oublock * 512;
        st.has_end_time = true;
        st.end_time = s->end_time;
        tasks_usage_sum(s, &sum);
        usage_to_wire(&sum, &usage, spans);
        st.usage = &usage;
    }
    rpc_conn_send(s->agent, MSG_SHEP_STATUS, 0, &frame.base);
}
