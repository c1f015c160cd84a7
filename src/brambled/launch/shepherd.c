/* shepherd.c - start a shepherd, find one again, tell it what to do, and clear up behind one that died. */
#include "config.h"
#include "brambled/agent_private.h"

#include "cgroup/cgroup.h"
#include "util/failpoint.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/mem.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define START_MS 30000
#define CLEAR_MS 100
#define SEEK_MS 10
#define SHEPHERD_FD 3 /* its socket to the agent; the next is the lock on its step's folder */

/* ---- what it tells ---- */

static void on_started(struct agent_step *s, const Wire__ShepherdStarted *m)
{
    struct agent *a = s->agent;
    Wire__StepLaunchReply reply = WIRE__STEP_LAUNCH_REPLY__INIT;

    if (s->state != ASTEP_STARTING)
        return;
    reactor_timer_close(s->timer);
    s->timer = NULL;
    if (m->code) {
        struct error err;

        error_set(&err, (int)m->code, "%s", m->text ? m->text : "the shepherd refused the step");
        launch_refuse(s, &err, false);
        return;
    }
    s->state = ASTEP_RUNNING;
    s->replied = true;
    (void)FAILPOINT(agent_step_started);
    reply.has_job_id = reply.has_step_id = reply.has_attempt = reply.has_code = true;
    reply.job_id = s->job_id;
    reply.step_id = s->step_id;
    reply.attempt = s->attempt;
    link_send(a, MSG_STEP_LAUNCH_REPLY, &reply.base);
    client_flush(s);
    if (s->job->ending)
        shepherd_kill(s, &(Wire__StepKill)WIRE__STEP_KILL__INIT);
}

static void on_status(struct agent_step *s, const Wire__StepStatus *st)
{
    if (!st || st->job_id != s->job_id || st->step_id != s->step_id || st->attempt != s->attempt
        || s->state >= ASTEP_ENDED)
        return;
    if (st->state != STEP_ENDED) {
        if (st->usage)
            usage_report(s->agent, s->job_id, s->step_id, s->attempt, st->usage);
        if (st->aborted) {
            step_set_status(s, st);
            step_report(s);
        }
        return;
    }
    (void)FAILPOINT(agent_step_ended);
    step_set_status(s, st);
    if (st->unkillable && s->job) {
        s->job->failed = true;
        snprintf(s->job->text, sizeof s->job->text, "%.500s", st->text ? st->text : "Kill task failed");
    }
    step_over(s);
}

static void on_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct agent_step *s = arg;

    (void)conn;
    if (frame->fd >= 0)
        close(frame->fd);
    if (frame->type == MSG_SHEP_STARTED)
        on_started(s, (const Wire__ShepherdStarted *)frame->msg);
    else if (frame->type == MSG_SHEP_STATUS)
        on_status(s, ((const Wire__ShepherdStatus *)frame->msg)->status);
}

static void on_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct agent_step *s = arg;
    char name[STEP_NAME_MAX];

    (void)why;
    if (!s || s->conn != conn)
        return;
    s->conn = NULL;
    if (s->state == ASTEP_RELEASED) { /* as it was told */
        folder_remove(s);
        step_free(s);
        return;
    }
    if (s->state == ASTEP_ENDED)
        return; /* we know how it ended */
    log_error("step %s: its shepherd died", step_name(s, name));
    shepherd_clear_rest(s);
}

static const struct rpc_conn_ops shepherd_ops = { .on_frame = on_frame, .on_close = on_close };

/* ---- starting it ---- */

/* The lock goes along: as long as it is held, a later agent knows that somebody may still begin the
 * step, and once it is free that nobody will. */
static int spawn_shepherd(struct agent *a, int fd, int lock_fd, pid_t *pid)
{
    char *argv[] = { (char *)(uintptr_t) "bramblestepd", NULL, NULL };
    char *env[] = { (char *)(uintptr_t) "PATH=/usr/local/bin:/usr/bin:/bin", NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t all, none;
    int rc;

    if (log_debug_on(DBG_STEP))
        argv[1] = (char *)(uintptr_t) "-v";
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDOUT_FILENO);
    if (a->opts.log_path)
        posix_spawn_file_actions_addopen(&files, STDERR_FILENO, a->opts.log_path, O_WRONLY | O_APPEND | O_NOFOLLOW, 0);
    posix_spawn_file_actions_adddup2(&files, fd, SHEPHERD_FD);
    posix_spawn_file_actions_adddup2(&files, lock_fd, SHEPHERD_FD + 1);
    posix_spawn_file_actions_addclosefrom_np(&files, SHEPHERD_FD + 2);
    rc = posix_spawn(pid, a->opts.stepd_path, &files, &attr, argv, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return rc;
}

static int send_order(struct agent_step *s, const Wire__StepLaunch *order, struct error *err)
{
    struct agent *a = s->agent;
    Wire__ShepherdStart start = WIRE__SHEPHERD_START__INIT;
    const Wire__NodeAlloc *node = order->layout->nodes[order->node_index];
    char path[4096], script[4096 + 16], *all = NULL;
    char **cores = NULL;
    size_t num = 0;
    int rc;

    if (facts_core_cpus(a, node->cores, &cores, &num, &all, err) < 0)
        return -1;
    folder_path(s, path, sizeof path);
    snprintf(script, sizeof script, "%s/slurm_script", path);
    start.launch = (Wire__StepLaunch *)(uintptr_t)order;
    start.cpus = all;
    start.core_cpus = cores;
    start.n_core_cpus = num;
    start.spool_dir = path;
    start.cgroup = a->cgroup;
    start.node_name = (char *)(uintptr_t)a->opts.node_name;
    if (s->step_id == STEP_BATCH)
        start.script_path = script;
    else
        start.topology_xml = (char *)(uintptr_t)facts_topology_xml(a);
    start.has_kill_wait_sec = start.has_unkillable_sec = true;
    start.kill_wait_sec = a->conf.kill_wait_sec;
    start.unkillable_sec = a->conf.unkillable_sec;
    start.plugin_dir = (char *)(uintptr_t)a->opts.plugin_dir;
    start.task_prolog = a->conf.task_prolog;
    start.task_epilog = a->conf.task_epilog;
    rc = rpc_conn_send(s->conn, MSG_SHEP_START, 0, &start.base);
    free(cores);
    free(all);
    return rc < 0 ? error_set(err, BRE_LAUNCH, "cannot give the order to the shepherd") : 0;
}

static void on_start_late(void *arg)
{
    struct agent_step *s = arg;
    struct error err;

    error_set(&err, BRE_TIMEOUT, "the shepherd did not take the order in time");
    launch_refuse(s, &err, false);
}

int shepherd_start(struct agent_step *s, const Wire__StepLaunch *order, struct error *err)
{
    struct agent *a = s->agent;
    Wire__StepLaunch without = *order;
    CLEANUP_CLOSE int lock_fd = folder_lock(s);
    int ends[2], rc;

    if (lock_fd < 0)
        return error_set(err, errno, "cannot lock the step's folder: %s", strerror(errno));
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        return error_set(err, errno, "socketpair: %s", strerror(errno));
    rc = spawn_shepherd(a, ends[1], lock_fd, &s->pid);
    close(ends[1]);
    if (rc) {
        close(ends[0]);
        s->pid = 0;
        return error_set(err, rc, "cannot start %s: %s", a->opts.stepd_path, strerror(rc));
    }
    (void)FAILPOINT(agent_shepherd_started);
    if (!(s->conn = rpc_adopt_unix(a->reactor, ends[0], geteuid(), &shepherd_ops, s, err)))
        return -1;
    s->state = ASTEP_STARTING;
    s->timer = reactor_timer_create(a->reactor, on_start_late, s);
    reactor_timer_start(s->timer, START_MS, 0);
    without.has_script = false; /* it is in its file */
    without.script = (ProtobufCBinaryData){ 0 };
    if (s->suspended)
        without.has_suspended = without.suspended = true;
    return send_order(s, &without, err);
}

/* ---- finding one of an earlier agent ---- */

static int shepherd_find(struct agent_step *s, struct error *err)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    Wire__ShepherdQuery query = WIRE__SHEPHERD_QUERY__INIT;
    char name[STEP_NAME_MAX];
    CLEANUP_CLOSE int dir = -1, fd = -1;

    snprintf(name, sizeof name, "%u.%u.%u", s->job_id, s->step_id, s->attempt);
    dir = openat(s->agent->steps_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (dir < 0 || fd < 0)
        return error_set(err, errno, "%s", strerror(errno));
    snprintf(sun.sun_path, sizeof sun.sun_path, "/proc/self/fd/%d/sock", dir);
    if (connect(fd, (struct sockaddr *)&sun, sizeof sun) < 0)
        return error_set(err, errno, "no shepherd answers: %s", strerror(errno));
    s->conn = rpc_adopt_unix(s->agent->reactor, TAKE_FD(fd), geteuid(), &shepherd_ops, s, err);
    if (!s->conn)
        return -1;
    return rpc_conn_send(s->conn, MSG_SHEP_QUERY, 0, &query.base);
}

static void sought_end(struct agent_step *s)
{
    if (s->state != ASTEP_SOUGHT)
        return;
    s->state = ASTEP_RUNNING;
    reactor_timer_close(s->timer);
    s->timer = NULL;
    if (!--s->agent->num_sought)
        link_register(s->agent); /* it has waited for this */
}

/* The order never got as far as a shepherd that took it, so nothing of it has run or will: as if it
 * had not come.  The controller sends it again to a node that does not know of it. */
static void forget(struct agent_step *s)
{
    struct agent_job *job = s->job;
    char name[STEP_NAME_MAX];

    log_notice("step %s: its order was taken by an agent that ended before it could start it", step_name(s, name));
    folder_remove(s);
    s->job->num_steps--;
    sought_end(s);
    step_free(s);
    job_forget(job);
}

static void on_seek(void *arg)
{
    struct agent_step *s = arg;
    struct agent *a = s->agent;
    struct error err;
    char name[STEP_NAME_MAX];
    int fd;

    if (shepherd_find(s, &err) == 0) {
        log_notice("step %s: found, of an earlier run", step_name(s, name));
        sought_end(s);
        client_flush(s);
        return;
    }
    /* First the lock, then the look for the socket: a shepherd that had the lock may have made it. */
    fd = folder_lock(s);
    if (fd < 0 && errno == EWOULDBLOCK && reactor_now_ms(a->reactor) - s->since_ms < START_MS) {
        if (s->state != ASTEP_SOUGHT) {
            s->state = ASTEP_SOUGHT;
            s->timer = reactor_timer_create(a->reactor, on_seek, s);
            a->num_sought++;
        }
        reactor_timer_start(s->timer, SEEK_MS, 0);
        return;
    }
    if (fd >= 0 && !folder_has_socket(s)) {
        close(fd);
        forget(s);
        return;
    }
    if (fd >= 0)
        close(fd);
    log_warning("step %s: %s", step_name(s, name), err.text);
    sought_end(s);
    shepherd_clear_rest(s);
}

void shepherd_seek(struct agent_step *s)
{
    s->since_ms = reactor_now_ms(s->agent->reactor);
    s->state = ASTEP_RUNNING;
    on_seek(s);
}

void shepherd_kill(struct agent_step *s, const Wire__StepKill *kill)
{
    Wire__ShepherdKill frame = WIRE__SHEPHERD_KILL__INIT;
    Wire__StepKill here = *kill;

    if (s->state == ASTEP_WAITS) {
        if (kill->suspend)
            s->suspended = kill->suspend == 1;
        if (!kill->signal)
            step_made_up_end(s, "ended before it was started");
        return;
    }
    here.has_attempt = true;
    here.attempt = s->attempt;
    frame.kill = &here;
    if (s->conn)
        rpc_conn_send(s->conn, MSG_SHEP_KILL, 0, &frame.base);
}

void usage_report(struct agent *a, uint32_t job_id, uint32_t step_id, uint32_t attempt, const Wire__StepUsage *usage)
{
    Wire__UsageReply reply = WIRE__USAGE_REPLY__INIT;

    reply.has_job_id = reply.has_step_id = reply.has_attempt = true;
    reply.job_id = job_id;
    reply.step_id = step_id;
    reply.attempt = attempt;
    reply.usage = (Wire__StepUsage *)(uintptr_t)usage;
    link_send(a, MSG_USAGE_REPLY, &reply.base);
}

void usage_ask(struct agent *a, const Wire__UsageRequest *ask)
{
    Wire__Empty query = WIRE__EMPTY__INIT;
    struct agent_step *s = step_find(a, ask->job_id, ask->step_id, ask->attempt);

    if (!s || s->state != ASTEP_RUNNING || !s->conn || rpc_conn_send(s->conn, MSG_SHEP_USAGE, 0, &query.base) < 0)
        usage_report(a, ask->job_id, ask->step_id, ask->attempt, NULL);
}

void shepherd_release(struct agent_step *s)
{
    Wire__ShepherdRelease frame = WIRE__SHEPHERD_RELEASE__INIT;

    rpc_conn_send(s->conn, MSG_SHEP_RELEASE, 0, &frame.base);
}

/* ---- behind one that died ---- */

static bool read_file(const char *path, char *buf, size_t size, size_t *len)
{
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : fs_read_all(fd, buf, size - 1);

    *len = n > 0 ? (size_t)n : 0;
    buf[*len] = '\0';
    return n > 0;
}

/* Does an environment (NAME=VALUE NUL ...) hold this line? */
static bool env_has_line(const char *env, size_t len, const char *line)
{
    for (const char *p = env; p < env + len; p += strlen(p) + 1)
        if (!strcmp(p, line))
            return true;
    return false;
}

/* Without a cgroup: a process of the job's user, orphaned, whose environment says that it is this
 * step's.  A user who forges that harms processes of his own only. */
static bool is_left_over(const struct agent_step *s, pid_t pid)
{
    char path[64], line[64], *env, stat_text[512], *p;
    struct stat st;
    size_t len;
    bool mine;
    pid_t parent;

    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    if (stat(path, &st) < 0 || st.st_uid != s->uid)
        return false;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (!read_file(path, stat_text, sizeof stat_text, &len) || !(p = strrchr(stat_text, ')')) || len < 8)
        return false;
    parent = (pid_t)strtol(p + 4, NULL, 10);
    if (p[2] == 'Z' || (parent != 1 && parent != getpid()))
        return false; /* children of other left-overs come up when these are gone */
    env = xmalloc(262144);
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    mine = read_file(path, env, 262144, &len);
    snprintf(line, sizeof line, "SLURM_JOB_ID=%u", s->job_id);
    mine = mine && env_has_line(env, len, line);
    snprintf(line, sizeof line, "SLURM_STEP_ID=%u", s->step_id);
    if (s->step_id != STEP_BATCH)
        mine = mine && env_has_line(env, len, line);
    free(env);
    return mine;
}

static unsigned kill_left_overs(const struct agent_step *s)
{
    DIR *dir = opendir("/proc");
    unsigned count = 0;

    for (struct dirent *d; dir && (d = readdir(dir));) {
        pid_t pid = isdigit((unsigned char)d->d_name[0]) ? (pid_t)strtol(d->d_name, NULL, 10) : 0;
        int pidfd;

        if (pid <= 1 || pid == getpid() || (pidfd = (int)syscall(SYS_pidfd_open, pid, 0)) < 0)
            continue;
        if (is_left_over(s, pid)) {
            syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
            count++;
        }
        close(pidfd);
    }
    if (dir)
        closedir(dir);
    return count;
}

/* KILL to what is in the step's groups; how many were still there. */
static size_t clear_cgroups(const struct agent_step *s)
{
    static const char *const parts[] = { "", ".io" };
    size_t left = 0;

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        char step[STEP_NAME_MAX], name[2 * STEP_NAME_MAX];
        struct cgroup *cg;
        pid_t pid;

        snprintf(name, sizeof name, "%s.%u%s", step_name(s, step), s->attempt, parts[i]);
        if (!(cg = cgroup_find(s->agent->cgroup, name)))
            continue;
        if (cgroup_pids(cg, &pid, 1)) {
            left++;
            cgroup_kill(cg);
        }
        if (cgroup_remove(cg) < 0) {
            left++;
            cgroup_free(cg);
        }
    }
    return left;
}

static void on_clear(void *arg)
{
    struct agent_step *s = arg;
    struct agent *a = s->agent;
    size_t left;
    bool late;

    if (!a->cgroup) { /* known after the first talk with the controller */
        reactor_timer_start(s->timer, CLEAR_MS, 0);
        return;
    }
    left = cgroup_base_kind(a->cgroup)[0] == 'v' ? clear_cgroups(s) : kill_left_overs(s);
    late = reactor_now_ms(a->reactor) - s->since_ms > 1000ull * a->conf.unkillable_sec;
    if (left && !late) {
        reactor_timer_start(s->timer, CLEAR_MS, 0);
        return;
    }
    if (left && s->job) {
        s->job->failed = true;
        snprintf(s->job->text, sizeof s->job->text, "Kill task failed");
    }
    step_made_up_end(s, "the step's shepherd (bramblestepd) died");
}

void shepherd_clear_rest(struct agent_step *s)
{
    s->state = ASTEP_LOST;
    s->since_ms = reactor_now_ms(s->agent->reactor);
    reactor_timer_close(s->timer);
    s->timer = reactor_timer_create(s->agent->reactor, on_clear, s);
    reactor_timer_start(s->timer, 1, 0);
}
