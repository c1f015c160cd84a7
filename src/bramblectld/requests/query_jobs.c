/* query_jobs.c - columns of jobs and steps. */
#include "config.h"

#include <string.h>

#include "bramblectld/requests/query_private.h"
#include "bramblectld/requests/std_path.h"
#include "conf/conf.h"
#include "util/bitmap.h"
#include "util/hostlist.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/taskset.h"

#define DEFAULT_QOS "normal"

enum { STORIES_MAX = 16 };

/* "pi[1-2] 0-1 100 gpu:1(IDX:0);pi3 0 100 ": nodes alike joined. */
static const char *alloc_detail(struct query *q, struct job *job)
{
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;
    struct job_node_view v;
    struct cluster *c = q->req->ctld->cluster;
    struct hostlist *hl = NULL;
    char *cores = NULL;
    const char *gres = "";
    uint64_t mem = 0;
    for (size_t i = 0;; i++) {
        bool more = cluster_job_node(c, job, i, &v) && v.cores; /* none any more: it has ended */
        char *now = more ? bitmap_format(v.cores) : NULL;
        if (hl && (!more || strcmp(now, cores) != 0 || v.mem_mb != mem || strcmp(v.gres, gres) != 0)) {
            char *hosts = hostlist_format(hl);
            strbuf_addf(&sb, "%s%s %s %llu %s", sb.len ? ";" : "", hosts, cores, (unsigned long long)mem, gres);
            free(hosts);
            hostlist_destroy(hl);
            hl = NULL;
        }
        if (!more)
            break;
        if (!hl)
            hl = hostlist_create();
        hostlist_push(hl, v.name);
        free(cores);
        cores = now;
        mem = v.mem_mb;
        gres = v.gres;
    }
    free(cores);
    return sb.len ? arena_strdup(&q->table.arena, strbuf_str(&sb)) : NULL;
}

static const char *command(struct query *q, const struct job_view *v)
{
    const Wire__JobSpec *s = v->spec;
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;
    /* The arguments of a batch script follow its path; one from a pipe or of --wrap has neither. */
    if (s->kind == JOB_KIND_BATCH ? !s->script_path : !s->n_argv)
        return NULL;
    if (s->kind == JOB_KIND_BATCH)
        strbuf_addf(&sb, "%s", s->script_path);
    for (size_t i = 0; i < s->n_argv; i++)
        strbuf_addf(&sb, "%s%s", strbuf_str(&sb)[0] ? " " : "", s->argv[i]);
    return arena_strdup(&q->table.arena, strbuf_str(&sb));
}

/* Ids of all components, which are given out together: "12-14". */
static const char *het_set(struct query *q, const struct job_view *v)
{
    return v->het_id ? arena_printf(&q->table.arena, "%u-%u", v->het_id, v->het_id + v->het_size - 1) : NULL;
}

static const char *task_text(struct query *q, const struct job_view *v)
{
    CLEANUP_FREE char *text = v->tasks ? taskset_format(v->tasks, v->throttle) : NULL;
    return text ? arena_strdup(&q->table.arena, text) : NULL;
}

static int64_t limit(uint32_t minutes)
{
    return minutes == TIME_UNLIMITED_MIN ? FIELD_INFINITE : (int64_t)minutes;
}

static int64_t job_end(const struct job_view *v)
{
    if (v->state < JOB_COMPLETING)
        return unset_if_zero(v->end_limit_sec);
    return unset_if_zero(v->end_sec);
}

static int64_t job_run_sec(const struct query *q, const struct job_view *v)
{
    int64_t end = v->end_sec ? v->end_sec : q->now.wall_usec / 1000000;
    if (v->state == JOB_SUSPENDED)
        return v->ran_sec;
    end -= v->suspended_sec;
    return v->start_sec && v->state != JOB_PENDING && end > v->start_sec ? end - v->start_sec : 0;
}

static int64_t job_start(const struct job_view *v)
{
    if (v->state != JOB_PENDING) /* cancelled before it could start: it began and ended then */
        return unset_if_zero(v->start_sec ? v->start_sec : v->end_sec);
    if (v->planned_sec)
        return v->planned_sec;
    return v->spec->has_begin_time && v->spec->begin_time ? v->spec->begin_time : FIELD_UNSET;
}

/* Held since its submission, or waiting for another job: it has not been eligible yet. */
static int64_t eligible(struct query *q, struct job *job, const struct job_view *v)
{
    if (v->state == JOB_PENDING && v->spec->dependency
        && *cluster_job_dependency(q->req->ctld->cluster, job, &q->table.arena))
        return FIELD_UNSET;
    return v->hold && v->spec->hold ? FIELD_UNSET : unset_if_zero(v->eligible_sec);
}

/* Each story costs a scheduling pass. */
static const char *explain(struct query *q, struct job *job)
{
    struct cluster *c = q->req->ctld->cluster;
    return q->num_wanted && q->num_wanted <= STORIES_MAX ? cluster_job_explain(c, job, &q->now, &q->table.arena)
                                               : cluster_job_reason_text(c, job, &q->now, &q->table.arena);
}

/* What the job asked for; if it asked for no memory at all, what it gets by default. */
static int64_t mem_or_default(const Wire__JobSpec *s, bool has, uint64_t mb, uint64_t default_mb)
{
    if (has)
        return (int64_t)mb;
    return s->has_mem_per_node_mb || s->has_mem_per_cpu_mb || !default_mb ? FIELD_UNSET : (int64_t)default_mb;
}

static void job_cell(struct query *q, size_t col, struct job *job, const struct job_view *v)
{
    struct table *t = &q->table;
    struct cluster *c = q->req->ctld->cluster;
    const Wire__JobSpec *s = v->spec;
    const Wire__Identity *id = v->identity;
    const bool batch = s->kind == JOB_KIND_BATCH;
    switch ((enum field_id)t->columns[col].field) {
#define INT(field, value) case FIELD_##field: table_int(t, col, (int64_t)(value)); return
#define STR(field, value) case FIELD_##field: table_string(t, col, (value)); return
    INT(JOB_ID, v->job_id);
    INT(JOB_HET_ID, unset_if_zero(v->het_id));
    INT(JOB_HET_OFFSET, v->het_id ? (int64_t)v->het_offset : FIELD_UNSET);
    STR(JOB_HET_SET, het_set(q, v));
    INT(JOB_ARRAY_ID, unset_if_zero(v->array_id));
    INT(JOB_ARRAY_TASK, v->task_id == TASK_NONE ? FIELD_UNSET : (int64_t)v->task_id);
    STR(JOB_ARRAY_TASKS, task_text(q, v));
    INT(JOB_ARRAY_MAX_RUN, unset_if_zero(v->throttle));
    STR(JOB_NAME, v->name);
    STR(JOB_USER, id ? id->user_name : NULL);
    INT(JOB_UID, job_uid(job));
    STR(JOB_GROUP, id ? id->group_name : NULL);
    INT(JOB_GID, id ? (int64_t)id->gid : FIELD_UNSET);
    STR(JOB_ACCOUNT, s->account);
    STR(JOB_QOS, s->qos ? s->qos : DEFAULT_QOS);
    STR(JOB_PARTITION, v->partition);
    INT(JOB_STATE, v->state);
    INT(JOB_REASON, v->reason);
    INT(JOB_PRIORITY, v->priority);
    INT(JOB_NICE, s->has_nice ? s->nice : 0);
    INT(JOB_SUBMIT_TIME, v->submit_sec);
    INT(JOB_ELIGIBLE_TIME, eligible(q, job, v));
    INT(JOB_ACCRUE_TIME, eligible(q, job, v));
    INT(JOB_START_TIME, job_start(v));
    INT(JOB_END_TIME, job_end(v));
    INT(JOB_LAST_SCHED_TIME, unset_if_zero(v->start_sec ? v->start_sec : v->eligible_sec));
    INT(JOB_DEADLINE, opt(s->has_deadline, s->deadline));
    INT(JOB_SUSPEND_TIME, unset_if_zero(v->suspend_sec));
    INT(JOB_RAN_BEFORE, v->ran_sec);
    INT(JOB_RUN_SEC, job_run_sec(q, v));
    INT(JOB_TIME_LIMIT, limit(v->time_limit_min));
    INT(JOB_TIME_MIN, opt(s->has_time_min_min, s->time_min_min));
    STR(JOB_NODE_LIST, v->node_list && *v->node_list ? v->node_list : NULL);
    STR(JOB_REQ_NODES, s->nodelist);
    STR(JOB_EXC_NODES, s->exclude);
    STR(JOB_BATCH_HOST, v->batch_host);
    INT(JOB_NUM_NODES, v->num_nodes);
    INT(JOB_MAX_NODES, opt(s->has_max_nodes, s->max_nodes));
    INT(JOB_NUM_CPUS, v->num_cpus);
    INT(JOB_NUM_TASKS, v->num_tasks);
    INT(JOB_CPUS_PER_TASK, opt(s->has_cpus_per_task, s->cpus_per_task));
    INT(JOB_NTASKS_PER_NODE, opt(s->has_ntasks_per_node, s->ntasks_per_node));
    INT(JOB_NTASKS_PER_SOCKET, opt(s->has_ntasks_per_socket, s->ntasks_per_socket));
    INT(JOB_NTASKS_PER_CORE, opt(s->has_ntasks_per_core, s->ntasks_per_core));
    INT(JOB_MIN_CPUS_NODE, opt(s->has_min_cpus_per_node, s->min_cpus_per_node));
    INT(JOB_MEM_PER_NODE, mem_or_default(s, s->has_mem_per_node_mb, s->mem_per_node_mb, q->req->ctld->conf->def_mem_per_node_mb));
    INT(JOB_MEM_PER_CPU, mem_or_default(s, s->has_mem_per_cpu_mb, s->mem_per_cpu_mb, q->req->ctld->conf->def_mem_per_cpu_mb));
    INT(JOB_MEM_TOTAL, v->mem_mb ? (int64_t)v->mem_mb : FIELD_UNSET);
    INT(JOB_MIN_TMP, s->has_min_tmp_mb ? s->min_tmp_mb : 0);
    STR(JOB_FEATURES, s->features);
    STR(JOB_GRES, s->gres);
    STR(JOB_GRES_TOTAL, cluster_job_gres(c, job, &t->arena));
    STR(JOB_TRES_PER_JOB, s->tres_per_job);
    STR(JOB_TRES_PER_SOCKET, s->tres_per_socket);
    STR(JOB_TRES_PER_TASK, s->tres_per_task);
    INT(JOB_CPUS_PER_GPU, opt(s->has_cpus_per_gpu, s->cpus_per_gpu));
    INT(JOB_MEM_PER_GPU, opt(s->has_mem_per_gpu_mb, (int64_t)s->mem_per_gpu_mb));
    STR(JOB_PREFER, s->prefer);
    INT(JOB_REQ_SWITCH, opt(s->has_switches, s->switches));
    INT(JOB_WAIT_SWITCH, opt(s->has_switch_wait_sec, s->switch_wait_sec));
    STR(JOB_RESERVATION, v->reservation);
    STR(JOB_LICENSES, s->licenses);
    STR(JOB_WCKEY, s->wckey);
    STR(JOB_COMMENT, s->comment);
    STR(JOB_ADMIN_COMMENT, s->admin_comment);
    STR(JOB_WORK_DIR, s->work_dir);
    STR(JOB_COMMAND, command(q, v));
    STR(JOB_STD_IN, batch ? (s->std_in ? std_path_expand(v, s->std_in, &t->arena) : "/dev/null") : NULL);
    STR(JOB_STD_OUT, batch ? std_path_expand(v, s->std_out, &t->arena) : NULL);
    STR(JOB_STD_ERR, batch ? std_path_expand(v, s->std_err ? s->std_err : s->std_out, &t->arena) : NULL);
    STR(JOB_STD_IN_GIVEN, batch ? std_path_given(v, s->std_in, &t->arena) : NULL);
    STR(JOB_STD_OUT_GIVEN, batch ? std_path_given(v, s->std_out, &t->arena) : NULL);
    STR(JOB_STD_ERR_GIVEN, batch ? std_path_given(v, s->std_err ? s->std_err : s->std_out, &t->arena) : NULL);
    STR(JOB_ALLOC_NODE, s->submit_host);
    INT(JOB_REQUEUE, s->has_requeue ? s->requeue : q->req->ctld->conf->job_requeue);
    INT(JOB_RESTARTS, v->restarts);
    INT(JOB_KIND, s->kind);
    INT(JOB_EXIT_STATUS, v->exit_status);
    INT(JOB_DERIVED_EXIT, 0);
    INT(JOB_SHARED, s->has_exclusive && s->exclusive ? 0 : s->exclusive_user ? 2 : s->has_oversubscribe && s->oversubscribe ? 1 : FIELD_UNSET);
    INT(JOB_CONTIGUOUS, s->has_contiguous && s->contiguous);
    INT(JOB_CORE_SPEC, opt(s->has_core_spec, s->core_spec));
    STR(JOB_ALLOC_DETAIL, alloc_detail(q, job));
    INT(JOB_HOLD, v->hold);
    STR(JOB_MAIL_USER, s->mail_user);
    INT(JOB_MAIL_EVENTS, s->has_mail_events ? s->mail_events : 0);
    STR(JOB_SUBMIT_LINE, s->submit_line);
    INT(JOB_OVERCOMMIT, s->has_overcommit && s->overcommit);
    INT(JOB_ATTEMPT, v->attempt);
    STR(JOB_CLUSTER, cluster_name(c));
    STR(JOB_EXTRA, s->extra);
    STR(JOB_DISTRIBUTION, s->distribution);
    INT(JOB_WARN_SIGNAL, opt(s->has_warn_signal, s->warn_signal));
    INT(JOB_WARN_SEC, s->has_warn_time_sec ? s->warn_time_sec : 0);
    INT(JOB_NO_KILL, s->has_no_kill && s->no_kill);
    INT(JOB_KILL_BY_UID, v->end_state == JOB_CANCELLED && v->state >= JOB_COMPLETING ? (int64_t)v->by_uid : FIELD_UNSET);
    INT(JOB_KILL_INVALID_DEP, opt(s->has_kill_on_invalid_dep, s->kill_on_invalid_dep));
    INT(JOB_OPEN_MODE, opt(s->has_open_mode, s->open_mode));
    INT(JOB_PLANNED_START, unset_if_zero(v->planned_sec));
    STR(JOB_DEPENDENCY, cluster_job_dependency(c, job, &t->arena));
    STR(JOB_SCHED_NODES, v->planned_nodes);
    STR(JOB_EXPLAIN, explain(q, job));
    STR(JOB_REASON_TEXT, v->reason_text ? v->reason_text
                         : v->state >= JOB_COMPLETING
                                 || (v->hold && v->reason != REASON_LAUNCH_FAILED_HELD
                                     && v->reason != REASON_RESERVATION_DELETED)
                             ? v->text
                             : NULL);
#undef INT
#undef STR
    default: /* arrays, suspension and what else this release does not have */
        table_int(t, col, t->columns[col].is_string ? 0 : FIELD_UNSET);
    }
}

void query_jobs_slice(struct query *q, unsigned budget)
{
    struct cluster *c = q->req->ctld->cluster;
    unsigned looked = 0;
    struct job *job;
    struct job_view v;
    while (!table_full(&q->table) && (job = query_next_job(q, &looked, budget))) {
        cluster_job_view(c, job, &q->now, &v);
        query_narrow(q, &v);
        for (size_t i = 0; i < q->table.num_columns; i++)
            job_cell(q, i, job, &v);
        table_next_row(&q->table);
    }
}

/* ---- steps ---- */

/* Slurm's word for what was asked, and for its default: one task a node is dealt out in turn. */
static const char *distribution_word(const struct step_view *v)
{
    const char *text = v->spec ? v->spec->distribution : NULL;
    if (!v->spec)
        return NULL;
    if (!text || !*text || *text == '*')
        return v->num_tasks <= v->num_nodes ? "Cyclic" : "Block";
    if (strncmp(text, "block", 5) == 0)
        return "Block";
    if (strncmp(text, "cyclic", 6) == 0)
        return "Cyclic";
    return strncmp(text, "plane", 5) == 0 ? "Plane" : text;
}

static void step_cell(struct query *q, size_t col, const struct job_view *j, const struct step_view *v)
{
    struct table *t = &q->table;
    int64_t now = q->now.wall_usec / 1000000;
    switch ((enum field_id)t->columns[col].field) {
#define INT(field, value) case FIELD_##field: table_int(t, col, (int64_t)(value)); return
#define STR(field, value) case FIELD_##field: table_string(t, col, (value)); return
    INT(STEP_JOB_ID, v->job_id);
    INT(STEP_ARRAY_ID, unset_if_zero(j->array_id));
    INT(STEP_ARRAY_TASK, j->task_id == TASK_NONE ? FIELD_UNSET : (int64_t)j->task_id);
    INT(STEP_ID, v->step_id);
    STR(STEP_NAME, v->name);
    STR(STEP_USER, j->identity ? j->identity->user_name : NULL);
    INT(STEP_UID, v->uid);
    STR(STEP_PARTITION, v->partition);
    INT(STEP_STATE, v->state);
    INT(STEP_START_TIME, v->start_sec);
    INT(STEP_RUN_SEC, now > v->start_sec ? now - v->start_sec : 0);
    INT(STEP_TIME_LIMIT, limit(v->time_limit_min));
    STR(STEP_NODE_LIST, v->node_list);
    INT(STEP_NUM_NODES, v->num_nodes);
    INT(STEP_NUM_CPUS, v->num_cpus);
    INT(STEP_NUM_TASKS, v->num_tasks);
    INT(STEP_MEM, v->mem_mb ? (int64_t)v->mem_mb : FIELD_UNSET);
    STR(STEP_DISTRIBUTION, distribution_word(v));
    STR(STEP_SRUN_HOST, v->step_id == STEP_BATCH ? j->batch_host : j->spec->submit_host);
    STR(STEP_MPI, v->spec ? v->spec->mpi : NULL);
    STR(STEP_ACCOUNT, j->spec->account);
    STR(STEP_QOS, j->spec->qos ? j->spec->qos : DEFAULT_QOS);
    STR(STEP_SUBMIT_LINE, v->spec && v->spec->submit_line ? v->spec->submit_line : j->spec->submit_line);
    STR(STEP_CLUSTER, cluster_name(q->req->ctld->cluster));
    STR(STEP_WORK_DIR, v->spec && v->spec->work_dir ? v->spec->work_dir : j->spec->work_dir);
#undef INT
#undef STR
    default:
        table_int(t, col, t->columns[col].is_string ? 0 : FIELD_UNSET);
    }
}

void query_steps_slice(struct query *q, unsigned budget)
{
    struct cluster *c = q->req->ctld->cluster;
    unsigned looked = 0;
    struct job *job;
    struct job_view j;
    struct step_view v;
    while (!table_full(&q->table) && (job = query_next_job(q, &looked, budget))) {
        enum job_state state = job_state_shown(job);
        if (state == JOB_PENDING || state > JOB_COMPLETING)
            continue;
        cluster_job_view(c, job, &q->now, &j);
        for (size_t k = 0; q->table.rows < TABLE_ROWS_MAX && cluster_step_nth(c, job, k, &v); k++) {
            if (STEP_IS_CARRIER(v.step_id))
                continue;
            if (!query_step_wanted(q, j.job_id, v.step_id))
                continue;
            for (size_t i = 0; i < q->table.num_columns; i++)
                step_cell(q, i, &j, &v);
            table_next_row(&q->table);
        }
    }
}
