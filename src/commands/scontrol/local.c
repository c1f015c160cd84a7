/* local.c - what runs on this node: listpids, listjobs, liststeps, pidinfo.
 *
 * Found without the daemons: a process of a step is in the step's control group, whose name says
 * JOB.STEP.ATTEMPT, or, where there are no control groups, has the step in its environment, which
 * only its owner and root may read.
 */
#include "config.h"
#include "scontrol.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/timefmt.h"
#include "wire/client.pb-c.h"

#define TEXT_MAX (1u << 20)

struct member {
    long pid;
    uint32_t job_id;
    char step[16];
    int32_t local_id, global_id; /* -1: no task, but below one */
    char node[256];
};

static char *proc_text(long pid, const char *name, size_t *len)
{
    char path[64];
    CLEANUP_CLOSE int fd = -1;
    char *text;
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%ld/%s", pid, name);
    if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return NULL;
    text = xmalloc(TEXT_MAX + 1);
    n = fs_read_all(fd, text, TEXT_MAX);
    *len = n > 0 ? (size_t)n : 0;
    text[*len] = '\0';
    return text;
}

static const char *env_value(const char *env, size_t len, const char *name)
{
    size_t name_len = strlen(name);

    for (const char *at = env; at && at < env + len; at += strlen(at) + 1)
        if (!strncmp(at, name, name_len) && at[name_len] == '=')
            return at + name_len + 1;
    return NULL;
}

/* ".../12.batch.1" */
static bool from_cgroup(long pid, struct member *m)
{
    size_t len;
    CLEANUP_FREE char *text = proc_text(pid, "cgroup", &len);
    char *save = NULL;

    for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        char *name = strrchr(line, '/'), step[16];
        unsigned job, attempt;
        int end = 0;

        if (name && strstr(line, "bramble") && sscanf(name + 1, "%u.%15[a-z0-9].%u%n", &job, step, &attempt, &end) == 3
            && !name[1 + end]) {
            m->job_id = job;
            snprintf(m->step, sizeof m->step, "%s", step);
            return true;
        }
    }
    return false;
}

static bool look_at(long pid, struct member *m)
{
    size_t len = 0;
    CLEANUP_FREE char *env = NULL;
    const char *job, *step, *task, *value;

    *m = (struct member){ .pid = pid, .local_id = -1, .global_id = -1 };
    if (!from_cgroup(pid, m)) {
        env = proc_text(pid, "environ", &len);
        job = env_value(env, len, "SLURM_JOB_ID");
        if (!env || !env_value(env, len, "SLURMD_NODENAME") || !job
            || num_parse_u32(job, 1, UINT32_MAX, &m->job_id, "job", NULL) < 0)
            return false;
        step = env_value(env, len, "SLURM_STEP_ID");
        snprintf(m->step, sizeof m->step, "%s", step ? step : "batch");
    } else {
        env = proc_text(pid, "environ", &len);
    }
    if ((value = env_value(env, len, "SLURMD_NODENAME")))
        snprintf(m->node, sizeof m->node, "%s", value);
    task = env_value(env, len, "SLURM_TASK_PID");
    if (task && strtol(task, NULL, 10) == pid) {
        m->local_id = (value = env_value(env, len, "SLURM_LOCALID")) ? (int32_t)strtol(value, NULL, 10) : 0;
        m->global_id = (value = env_value(env, len, "SLURM_PROCID")) ? (int32_t)strtol(value, NULL, 10) : 0;
    }
    return true;
}

static int by_job(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    int step = strcmp(x->step, y->step);

    if (x->job_id != y->job_id)
        return x->job_id < y->job_id ? -1 : 1;
    return step ? step : x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* The members of jobs on this host, of the node named if any; the caller's to free. */
static struct member *members(const char *node, size_t *num)
{
    struct member *list = NULL, m;
    size_t cap = 0;
    DIR *dir = opendir("/proc");

    *num = 0;
    for (struct dirent *d; dir && (d = readdir(dir));) {
        long pid = strtol(d->d_name, NULL, 10);

        if (pid <= 0 || pid == (long)getpid() || !look_at(pid, &m) || (node && *m.node && strcmp(m.node, node)))
            continue;
        if (*num == cap)
            list = xreallocarray(list, cap = cap ? 2 * cap : 64, sizeof *list);
        list[(*num)++] = m;
    }
    if (dir)
        closedir(dir);
    if (*num)
        qsort(list, *num, sizeof *list, by_job);
    return list;
}

/* A plain number is found without the controller; a task of an array or a component has an id of its own. */
static int local_job(struct scontrol *sc, const char *text, uint32_t *job, struct error *err)
{
    if (num_parse_u32(text, 1, UINT32_MAX, job, "job", NULL) == 0)
        return 0;
    return scontrol_job_id(sc, text, job, err);
}

/* listpids [JOB[.STEP]] [NODE] */
int cmd_listpids(struct scontrol *sc, int argc, char **argv)
{
    const char *node = argc > 1 ? argv[1] : NULL, *dot = NULL;
    CLEANUP_FREE struct member *list = NULL;
    CLEANUP_FREE char *id_text = NULL;
    size_t num, shown = 0;
    uint32_t job = 0;
    struct error err = { 0 };
    char text[2 * ERROR_TEXT_MAX];

    if (argc && strcmp(argv[0], "*")) {
        id_text = xstrdup(argv[0]);
        dot = strchr(argv[0], '.');
        id_text[strcspn(id_text, ".")] = '\0';
        if (local_job(sc, id_text, &job, &err) < 0 || (dot && !dot[1])) {
            if (err.code == BRE_JOB_ID && strchr(id_text, '_'))
                fprintf(stderr, "JobId=%s does not exist on node %s.\n", id_text, node ? node : "(null)");
            else if (err.code && err.code != BRE_JOB_ID)
                fprintf(stderr, "scontrol: error: %s\n", scontrol_error_text(&err, text, sizeof text));
            else
                fprintf(stderr, "\"%s\" does not look like a jobid\n", argv[0]);
            return -1;
        }
        dot = dot ? dot + 1 : NULL;
    }
    list = members(node, &num);
    for (size_t i = 0; i < num; i++)
        shown += (!job || list[i].job_id == job) && (!dot || !strcmp(dot, list[i].step));
    if (!shown && dot)
        fprintf(stderr, "StepId=%s does not exist on node %s.\n", argv[0], node ? node : "(null)");
    else if (!shown && job)
        fprintf(stderr, "There are no steps for job %s on node %s.\n", argv[0], node ? node : "(null)");
    else if (!shown)
        fputs("No job steps exist on this node.\n", stderr);
    printf("%-8s %-8s %-8s %-7s %-8s\n", "PID", "JOBID", "STEPID", "LOCALID", "GLOBALID");
    for (size_t i = 0; i < num; i++) {
        char local[16] = "-", global[16] = "-";

        if ((job && list[i].job_id != job) || (dot && strcmp(dot, list[i].step)))
            continue;
        if (list[i].global_id >= 0) {
            snprintf(local, sizeof local, "%d", list[i].local_id);
            snprintf(global, sizeof global, "%d", list[i].global_id);
        }
        printf("%-8ld %-8u %-8s %-7s %-8s\n", list[i].pid, list[i].job_id, list[i].step, local, global);
    }
    return shown ? 0 : -1;
}

static int list_ids(int argc, char **argv, bool steps)
{
    CLEANUP_FREE struct member *list = NULL;
    size_t num;

    list = members(argc ? argv[0] : NULL, &num);
    if (!num) {
        fprintf(stderr, "%s exist on this node.\n", steps ? "No job steps" : "No jobs");
        return -1;
    }
    printf(steps ? "%-8s %-8s\n" : "%-8s\n", "JOBID", "STEPID");
    for (size_t i = 0; i < num; i++) {
        const struct member *m = &list[i], *before = i ? &list[i - 1] : NULL;

        if (before && before->job_id == m->job_id && (!steps || !strcmp(before->step, m->step)))
            continue;
        if (steps)
            printf("%-8u %-8s\n", m->job_id, m->step);
        else
            printf("%-8u\n", m->job_id);
    }
    return 0;
}

int cmd_listjobs(struct scontrol *sc, int argc, char **argv)
{
    (void)sc;
    return list_ids(argc, argv, false);
}

int cmd_liststeps(struct scontrol *sc, int argc, char **argv)
{
    (void)sc;
    return list_ids(argc, argv, true);
}

int cmd_pidinfo(struct scontrol *sc, int argc, char **argv)
{
    static const uint16_t fields[] = { FIELD_JOB_ID, FIELD_JOB_END_TIME, 0 };
    Wire__QueryRequest req = WIRE__QUERY_REQUEST__INIT;
    struct error err = { 0 };
    char id[16], message[2 * ERROR_TEXT_MAX], when[TIME_TEXT_MAX], *ids[] = { id };
    struct table *table;
    struct member m;
    uint32_t pid;
    int64_t end;

    (void)argc;
    if (num_parse_u32(argv[0], 1, INT32_MAX, &pid, "pid", NULL) < 0 || !look_at((long)pid, &m)) {
        fputs("Failed to locate job for requested pid\n", stderr);
        return -1;
    }
    snprintf(id, sizeof id, "%u", m.job_id);
    req.has_table = true;
    req.table = QUERY_JOBS;
    req.job_ids = ids;
    req.n_job_ids = 1;
    if (!(table = scontrol_query(sc, &req, fields, &err)) || !table_rows(table)) {
        fprintf(stderr, "slurm_get_end_time error: %s\n", scontrol_error_text(&err, message, sizeof message));
        table_destroy(table);
        return -1;
    }
    end = table_int(table, FIELD_JOB_END_TIME, 0);
    printf("Slurm JobId=%u ends at %s\n", m.job_id, end > 0 ? time_at_format((time_t)end, NULL, when) : "Unknown");
    if (end > 0)
        printf("slurm_get_rem_time is %lld\n", (long long)(end - table_now(table)));
    table_destroy(table);
    return 0;
}
