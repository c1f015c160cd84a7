/* mail.c - which mail an event means, and the program that sends it. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "bramblectld/ctld_private.h"
#include "bramblectld/projections/mail.h"
#include "cluster/cluster.h"
#include "conf/conf.h"
#include "reactor/reactor.h"
#include "util/fs.h"
#include "util/list.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/timefmt.h"

#define RUNNING_MAX 4
#define LIMIT_MS 60000
#define NOBODY 65534
#define ENV_MAX 24
#define POSITION "mail.position"

struct letter {
    struct list_node link;
    struct mail *mail;
    uint64_t seq;
    uint32_t job_id;
    char *argv[5]; /* program -s subject user */
    char *env[ENV_MAX + 1];
    size_t num_env;
    pid_t pid; /* 0: waits */
    int pidfd;
    struct reactor_fd *watch;
    struct reactor_timer *timer;
};
struct late { /* a record of the journal that may mean mail */
    struct late *next;
    uint64_t seq;
    size_t len;
    uint8_t data[];
};
enum { ARRAYS_SUMMED = 64 };

struct mail {
    struct ctld *ctld;
    struct list_node letters; /* by sequence number */
    unsigned running;
    uint64_t reached;         /* events up to here have been looked at */
    uint64_t position, saved; /* all mail up to here was handed over; on disk */
    bool known, saving, failing, changed;
    struct late *late, **late_end;
    uint32_t summed[ARRAYS_SUMMED]; /* arrays whose end was told last */
    unsigned num_summed;
};

static const char *const state_names[] = {
#define X(e, n, c) n,
    JOB_STATES(X)
#undef X
};

/* ---- the position ---- */

struct save {
    struct mail *mail;
    char *dir;
    uint64_t position;
    struct error err;
    int rc;
};

static void save_work(void *arg)
{
    struct save *s = arg;
    char text[32];
    int len = snprintf(text, sizeof(text), "%" PRIu64 "\n", s->position);
    CLEANUP_CLOSE int dir = open(s->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

    s->rc = dir < 0 ? error_set(&s->err, errno, "%s: %s", s->dir, strerror(errno))
                    : fs_replace_file(dir, POSITION, text, (size_t)len, 0600, &s->err);
}

static void position_save(struct mail *m);

static void save_done(void *arg)
{
    struct save *s = arg;
    struct mail *m = s->mail;

    m->saving = false;
    if (s->rc < 0)
        log_warning("mail: the position is not kept, mail may come twice after a restart: %s", s->err.text);
    else
        m->saved = s->position;
    free(s->dir);
    free(s);
    position_save(m);
}

/* Written when mail was sent, and only then. */
static void position_save(struct mail *m)
{
    struct save *s;

    if (m->saving || !m->changed)
        return;
    m->changed = false;
    s = xcalloc(1, sizeof(*s));
    s->mail = m;
    s->dir = xstrdup(m->ctld->conf->state_dir);
    s->position = m->position;
    m->saving = reactor_offload(m->ctld->reactor, save_work, save_done, s) == 0;
    if (!m->saving) {
        free(s->dir);
        free(s);
    }
}

static void position_read(struct mail *m)
{
    CLEANUP_CLOSE int dir = open(m->ctld->conf->state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    CLEANUP_FREE char *text = NULL;
    size_t len;

    if (dir < 0 || fs_read_file(dir, POSITION, 64, &text, &len, NULL) < 0)
        return;
    m->position = m->saved = strtoull(text, NULL, 10);
    m->known = true;
}

/* ---- sending ---- */

static void letter_free(struct letter *l)
{
    for (size_t i = 0; l->argv[i]; i++)
        free(l->argv[i]);
    for (size_t i = 0; i < l->num_env; i++)
        free(l->env[i]);
    reactor_fd_close(l->watch);
    reactor_timer_close(l->timer);
    if (l->pidfd >= 0)
        close(l->pidfd);
    list_remove(&l->link);
    free(l);
}

static void send_next(struct mail *m);

static void letter_over(struct letter *l, const char *why)
{
    struct mail *m = l->mail;
    struct list_node *first;

    if (why && !m->failing)
        log_error("mail about job %u to %s: %s", l->job_id, l->argv[3], why);
    if (!why && m->failing)
        log_notice("mail goes out again");
    m->failing = why != NULL;
    m->running -= l->pid > 0;
    letter_free(l);
    first = list_first(&m->letters);
    m->position = first ? container_of(first, struct letter, link)->seq - 1 : m->reached;
    m->changed = true;
    position_save(m);
    send_next(m);
}

static void on_program_exit(void *arg, int events, int status)
{
    struct letter *l = arg;
    char why[64];
    int wait_status;

    (void)events;
    (void)status;
    if (waitpid(l->pid, &wait_status, WNOHANG) != l->pid)
        return;
    snprintf(why, sizeof(why), "the mail program ended with status 0x%x", (unsigned)wait_status);
    letter_over(l, wait_status ? why : NULL);
}

static void on_late(void *arg)
{
    struct letter *l = arg;

    log_warning("mail about job %u: the mail program takes longer than a minute and is ended", l->job_id);
    kill(l->pid, SIGKILL); /* our child, not waited for yet */
}

/* Root's own controller gives the program away to nobody. */
static int spawn_as_nobody(struct letter *l)
{
    pid_t pid = fork();

    if (pid == 0) {
        int fd = open("/dev/null", O_RDWR);
        gid_t gid = NOBODY;

        dup2(fd, STDIN_FILENO);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        close_range(3, ~0u, 0);
        setpgid(0, 0);
        if (setgroups(1, &gid) == 0 && setresgid(gid, gid, gid) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0)
            execve(l->argv[0], l->argv, l->env);
        _exit(127);
    }
    l->pid = pid;
    return pid < 0 ? errno : 0;
}

static int spawn(struct letter *l)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none;
    int rc;

    if (geteuid() == 0)
        return spawn_as_nobody(l);
    sigemptyset(&none);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    rc = posix_spawn(&l->pid, l->argv[0], &files, &attr, l->argv, l->env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return rc;
}

static void letter_send(struct letter *l)
{
    struct mail *m = l->mail;
    char why[256];
    int rc = spawn(l);

    if (rc) {
        l->pid = 0;
        snprintf(why, sizeof(why), "%s: %s (mail_prog in bramble.conf)", l->argv[0], strerror(rc));
        letter_over(l, why);
        return;
    }
    m->running++;
    l->pidfd = (int)syscall(SYS_pidfd_open, l->pid, 0);
    l->watch = reactor_fd_create(m->ctld->reactor, l->pidfd, on_program_exit, l);
    l->timer = reactor_timer_create(m->ctld->reactor, on_late, l);
    reactor_timer_start(l->timer, LIMIT_MS, 0);
    reactor_fd_watch(l->watch, REACTOR_READ);
}

static void send_next(struct mail *m)
{
    if (m->running >= RUNNING_MAX)
        return;
    list_for_each(link, &m->letters)
    {
        struct letter *l = container_of(link, struct letter, link);

        if (!l->pid) {
            letter_send(l); /* the list may have changed */
            if (m->running < RUNNING_MAX && !mail_is_idle(m))
                send_next(m);
            return;
        }
    }
}

/* ---- writing ---- */

static void put_env(struct letter *l, char *text)
{
    if (l->num_env < ENV_MAX)
        l->env[l->num_env++] = text;
    else
        free(text);
}

static void fill_env(struct letter *l, const struct ctld *c, const struct job_view *v, const char *type,
                     int64_t run_sec)
{
    char time[TIME_TEXT_MAX];

    put_env(l, xstrdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    put_env(l, xasprintf("SLURM_CLUSTER_NAME=%s", cluster_name(c->cluster)));
    put_env(l, xasprintf("SLURM_JOBID=%u", v->job_id));
    put_env(l, xasprintf("SLURM_JOB_ID=%u", v->job_id));
    put_env(l, xasprintf("SLURM_JOB_NAME=%s", v->name));
    put_env(l, xasprintf("SLURM_JOB_USER=%s", v->identity->user_name ? v->identity->user_name : "(null)"));
    put_env(l, xasprintf("SLURM_JOB_UID=%u", v->identity->uid));
    put_env(l, xasprintf("SLURM_JOB_GROUP=%s", v->identity->group_name ? v->identity->group_name : "(null)"));
    put_env(l, xasprintf("SLURM_JOB_GID=%u", v->identity->gid));
    put_env(l, xasprintf("SLURM_JOB_ACCOUNT=%s", v->spec->account ? v->spec->account : "(null)"));
    put_env(l, xasprintf("SLURM_JOB_PARTITION=%s", v->partition ? v->partition : "(null)"));
    put_env(l, xasprintf("SLURM_JOB_NODELIST=%s", v->node_list && *v->node_list ? v->node_list : "(null)"));
    put_env(l, xasprintf("SLURM_JOB_NUM_NODES=%u", v->num_nodes));
    put_env(l, xasprintf("SLURM_JOB_STATE=%s", state_names[v->state < JOB_STATE_COUNT ? v->state : 0]));
    put_env(l, xasprintf("SLURM_JOB_MAIL_TYPE=%s", type));
    put_env(l, xasprintf("SLURM_JOB_RESTART_COUNT=%u", v->restarts));
    put_env(l, xasprintf("SLURM_JOB_WORK_DIR=%s", v->spec->work_dir ? v->spec->work_dir : "/"));
    if (v->array_id) {
        put_env(l, xasprintf("SLURM_ARRAY_JOB_ID=%u", v->array_id));
        put_env(l, xasprintf("SLURM_ARRAY_TASK_ID=%u", v->task_id));
    }
    if (run_sec >= 0)
        put_env(l, xasprintf("SLURM_JOB_RUN_TIME=%s", duration_format_full(run_sec, time)));
    if (v->state >= JOB_COMPLETED) {
        put_env(l, xasprintf("SLURM_JOB_EXIT_CODE=%u", v->exit_status));
        put_env(l, xasprintf("SLURM_JOB_EXIT_CODE2=%d:%d", WEXITSTATUS((int)v->exit_status),
                             WTERMSIG((int)v->exit_status)));
    }
}

/* A name is part of a header: one line. */
static void plain(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

/* type: "Began"; rest: what follows it. */
static void letter_write(struct mail *m, uint64_t seq, const struct job_view *v, const char *type,
                         const char *rest, int64_t run_sec)
{
    const struct conf *conf = m->ctld->conf;
    const char *user = v->spec->mail_user ? v->spec->mail_user : v->identity->user_name;
    bool tasks = v->spec->mail_events & MAIL_ARRAY_TASKS;
    struct letter *l;

    if (!user || !*user || *user == '-' || !conf->mail_prog)
        return;
    l = xcalloc(1, sizeof(*l));
    l->mail = m;
    l->seq = seq;
    l->job_id = v->job_id;
    l->pidfd = -1;
    l->argv[0] = xstrdup(conf->mail_prog);
    l->argv[1] = xstrdup("-s");
    if (!v->array_id)
        l->argv[2] = xasprintf("Slurm Job_id=%u Name=%s %s%s", v->job_id, v->name, type, rest);
    else if (tasks)
        l->argv[2] = xasprintf("Slurm Array Task Job_id=%u_%u (%u) Name=%s %s%s", v->array_id, v->task_id, v->job_id,
                               v->name, type, rest);
    else
        l->argv[2] = xasprintf("Slurm Array Summary Job_id=%u_* (%u) Name=%s %s%s", v->array_id, v->job_id, v->name,
                               type, rest);
    plain(l->argv[2]);
    l->argv[3] = !strchr(user, '@') && conf->mail_domain ? xasprintf("%s@%s", user, conf->mail_domain) : xstrdup(user);
    fill_env(l, m->ctld, v, type, run_sec);
    list_append(&m->letters, &l->link);
}

static void write_began(struct mail *m, uint64_t seq, struct job *job, const struct job_view *v)
{
    char rest[64], time[TIME_TEXT_MAX];
    int64_t queued = v->start_sec - v->eligible_sec;

    if (!(v->spec->mail_events & MAIL_BEGIN))
        return;
    if (v->array_id && !(v->spec->mail_events & MAIL_ARRAY_TASKS)) {
        if (cluster_array_first_start(m->ctld->cluster, job))
            letter_write(m, seq, v, "Began", "", -1);
        return;
    }
    snprintf(rest, sizeof(rest), ", Queued time %s", duration_format_full(queued > 0 ? queued : 0, time));
    letter_write(m, seq, v, "Began", rest, -1);
}

/* The ends of several tasks may have happened before the first of them is looked at: the array has
 * ended for each of them then, and is told of once. */
static bool already_summed(struct mail *m, uint32_t array_id)
{
    for (unsigned i = 0; i < ARRAYS_SUMMED; i++)
        if (m->summed[i] == array_id)
            return true;
    m->summed[m->num_summed++ % ARRAYS_SUMMED] = array_id;
    return false;
}

static void write_ended(struct mail *m, uint64_t seq, const struct job_view *v, uint32_t state, int64_t run_sec)
{
    uint32_t events = v->spec->mail_events, status = v->exit_status;
    bool well = state == JOB_COMPLETED || state == JOB_CANCELLED;
    bool alone = !v->array_id || events & MAIL_ARRAY_TASKS;
    char rest[128], time[TIME_TEXT_MAX], exit_code[48] = "";
    struct array_view av;

    if (v->reason == REASON_DEPENDENCY_NEVER && events & MAIL_INVALID_DEPEND)
        letter_write(m, seq, v, "Invalid dependency", "", -1);
    if (!alone) {
        if (!cluster_array_view(m->ctld->cluster, v->array_id, &av) || !av.has_ended
            || already_summed(m, v->array_id))
            return;
        state = av.end_state;
        status = av.exit_status;
        well = state == JOB_COMPLETED;
    }
    if (!(events & MAIL_END) && !(events & MAIL_FAIL && !well))
        return;
    if (WIFEXITED((int)status))
        snprintf(exit_code, sizeof(exit_code), alone ? ", ExitCode %d" : ", ExitCode [0-%d]", WEXITSTATUS((int)status));
    if (alone)
        snprintf(rest, sizeof(rest), ", Run time %s, %s%s", duration_format_full(run_sec, time),
                 state_names[state < JOB_STATE_COUNT ? state : 0], exit_code);
    else
        snprintf(rest, sizeof(rest), ", %s%s", well ? "COMPLETED" : "Mixed", exit_code);
    letter_write(m, seq, v, !well && events & MAIL_FAIL ? "Failed" : "Ended", rest, run_sec);
}

static uint32_t job_of(const Wire__Event *ev)
{
    switch (ev->body_case) {
    case WIRE__EVENT__BODY_JOB_STARTED:
        return ev->job_started->job_id;
    case WIRE__EVENT__BODY_JOB_ENDING:
        return ev->job_ending->job_id;
    case WIRE__EVENT__BODY_JOB_ENDED:
        return ev->job_ended->job_id;
    case WIRE__EVENT__BODY_JOB_TIME_MARK:
        return ev->job_time_mark->job_id;
    default:
        return 0;
    }
}

void mail_event(struct mail *m, uint64_t seq, const Wire__Event *ev)
{
    uint32_t id = job_of(ev);
    struct job *job = id ? cluster_job_find(m->ctld->cluster, id) : NULL;
    struct cluster_now now = { .wall_usec = ev->time_usec };
    char rest[96], time[TIME_TEXT_MAX];
    struct job_view v;
    int64_t run_sec;

    m->reached = seq;
    if (!job || !cluster_job_mail(job))
        return;
    cluster_job_view(m->ctld->cluster, job, &now, &v);
    run_sec = v.start_sec ? (v.end_sec ? v.end_sec : ev->time_usec / 1000000) - v.start_sec - v.suspended_sec : 0;
    run_sec = run_sec > 0 ? run_sec : 0;
    snprintf(rest, sizeof(rest), ", Run time %s", duration_format_full(run_sec, time));
    switch (ev->body_case) {
    case WIRE__EVENT__BODY_JOB_STARTED:
        write_began(m, seq, job, &v);
        break;
    case WIRE__EVENT__BODY_JOB_ENDING:
        if (ev->job_ending->requeue && v.spec->mail_events & MAIL_REQUEUE)
            letter_write(m, seq, &v, "Requeued", rest, run_sec);
        if (ev->job_ending->state == JOB_TIMEOUT && v.spec->mail_events & MAIL_TIME_LIMIT)
            letter_write(m, seq, &v, "Reached time limit", rest, run_sec);
        break;
    case WIRE__EVENT__BODY_JOB_TIME_MARK: {
        char type[48];

        snprintf(type, sizeof(type), "Reached %u%% of time limit", ev->job_time_mark->percent);
        letter_write(m, seq, &v, type, rest, run_sec);
        break;
    }
    case WIRE__EVENT__BODY_JOB_ENDED:
        write_ended(m, seq, &v, ev->job_ended->state, run_sec);
        break;
    default:
        break;
    }
    send_next(m);
}

bool mail_is_idle(const struct mail *m)
{
    return list_is_empty(&m->letters);
}

/* ---- life ---- */

struct mail *mail_create(struct ctld *c, struct error *err)
{
    struct mail *m = xcalloc(1, sizeof(*m));

    (void)err;
    m->ctld = c;
    list_init(&m->letters);
    m->late_end = &m->late;
    position_read(m);
    return m;
}

void mail_destroy(struct mail *m)
{
    if (!m)
        return;
    for (struct late *l; (l = m->late);) {
        m->late = l->next;
        free(l);
    }
    while (!list_is_empty(&m->letters))
        letter_free(container_of(list_first(&m->letters), struct letter, link));
    free(m);
}

void mail_replayed(struct mail *m, uint64_t seq, const Wire__Event *ev, const void *data, size_t len)
{
    struct late *l;

    if (seq > m->reached)
        m->reached = seq;
    if (!m->known || seq <= m->position || !job_of(ev))
        return;
    l = xcalloc(1, sizeof(*l) + len);
    l->seq = seq;
    l->len = len;
    memcpy(l->data, data, len);
    *m->late_end = l;
    m->late_end = &l->next;
}

void mail_start(struct mail *m)
{
    uint64_t reached = m->reached;

    for (struct late *l; (l = m->late);) {
        Wire__Event *ev = wire__event__unpack(NULL, l->len, l->data);

        if (ev) {
            mail_event(m, l->seq, ev);
            wire__event__free_unpacked(ev, NULL);
        }
        m->late = l->next;
        free(l);
    }
    m->late_end = &m->late;
    m->reached = reached;
    if (!m->known) { /* the first start: from here on nothing is left out */
        m->position = reached;
        m->known = m->changed = true;
        position_save(m);
    }
}
