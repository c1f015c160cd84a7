/* depend_text.c - dependencies to text and back. */
#include "cluster/job/depend.h"

#include <ctype.h>
#include <string.h>

#include "util/taskset.h"

const char *const dep_names[DEP_TYPES] = { "after",      "afterany",  "afterok",
                                           "afternotok", "aftercorr", "singleton" };

struct reader {
    const char *text, *p;
    struct dep *deps;
    size_t count;
    struct error *err;
};

static int add(struct reader *r, struct dep dep)
{
    if (r->count == DEPS_MAX)
        return error_set(r->err, BRE_DEPENDENCY, "more than %d dependencies", DEPS_MAX);
    dep.state = DEPEND_OPEN;
    r->deps[r->count++] = dep;
    return 0;
}

static bool read_number(const char **p, uint32_t most, uint32_t *number)
{
    uint64_t value = 0;
    const char *first = *p;

    for (; isdigit((unsigned char)**p) && value <= most; ++*p)
        value = value * 10 + (uint64_t)(**p - '0');
    *number = (uint32_t)value;
    return *p > first && value <= most;
}

static int refuse_id(struct reader *r, const char *id)
{
    return error_set(r->err, BRE_DEPENDENCY, "dependency \"%.64s\": \"%.*s\" is no job id", r->text,
                     (int)strcspn(id, ":,?"), id);
}

/* "12", "12_3", "12_[1-3]", "12_*", each with "+MINUTES" behind it. */
static int read_id(struct reader *r, enum dep_type type)
{
    struct dep dep = { .type = (uint8_t)type, .task = DEP_WHOLE };
    struct taskset tasks = { 0 };
    const char *id = r->p;
    int rc = 0;

    if (!read_number(&r->p, UINT32_MAX - 1, &dep.job_id) || !dep.job_id)
        return refuse_id(r, id);
    if (*r->p == '_') {
        r->p++;
        if (*r->p == '*') {
            r->p++;
        } else if (*r->p == '[') {
            size_t len = strcspn(++r->p, "]");
            CLEANUP_FREE char *list = xstrndup(r->p, len);

            r->p += len;
            if (*r->p != ']' || taskset_parse(list, TASKSET_LIMIT, &tasks, NULL) < 0)
                return refuse_id(r, id);
            r->p++;
        } else if (!read_number(&r->p, TASKSET_LIMIT - 1, &dep.task)) {
            return refuse_id(r, id);
        }
    }
    if (*r->p == '+') {
        r->p++;
        if (!read_number(&r->p, 1u << 24, &dep.delay_min)) {
            taskset_fini(&tasks);
            return refuse_id(r, id);
        }
    }
    if (*r->p && !strchr(":,?", *r->p)) {
        taskset_fini(&tasks);
        return refuse_id(r, id);
    }
    if (!tasks.set)
        return add(r, dep);
    for (ssize_t i = bitmap_next(tasks.set, 0); i >= 0 && rc == 0; i = bitmap_next(tasks.set, (size_t)i + 1)) {
        dep.task = (uint32_t)i;
        rc = add(r, dep);
    }
    taskset_fini(&tasks);
    return rc;
}

static int refuse_word(struct reader *r, size_t len)
{
    if (len == 16 && strncmp(r->p, "afterburstbuffer", len) == 0)
        return error_set(r->err, BRE_DEPENDENCY,
                         "dependency afterburstbuffer: there are no burst buffers here, use afterok");
    if (len == 6 && strncmp(r->p, "expand", len) == 0)
        return error_set(r->err, BRE_NOT_SUPPORTED,
                         "dependency expand: a job cannot take over another's nodes here, ask for all of them "
                         "at once");
    return error_set(r->err, BRE_DEPENDENCY,
                     "dependency \"%.*s\" is not known: use after, afterany, afterok, afternotok, aftercorr or "
                     "singleton",
                     (int)len, r->p);
}

/* One condition, up to ',' or '?'. */
static int read_condition(struct reader *r)
{
    size_t word = strcspn(r->p, ":,?"), type = 0;

    if (isdigit((unsigned char)*r->p)) /* as before there were types */
        type = DEP_AFTERANY;
    else
        while (type < DEP_TYPES && (strlen(dep_names[type]) != word || strncmp(dep_names[type], r->p, word) != 0))
            type++;
    if (type == DEP_TYPES)
        return refuse_word(r, word);
    if (!isdigit((unsigned char)*r->p)) {
        r->p += word;
        if (type == DEP_SINGLETON && *r->p == ':')
            return error_set(r->err, BRE_DEPENDENCY, "dependency singleton takes no job id");
        if (type == DEP_SINGLETON)
            return add(r, (struct dep){ .type = DEP_SINGLETON, .task = DEP_WHOLE });
        if (*r->p != ':')
            return error_set(r->err, BRE_DEPENDENCY, "dependency %s needs a job id: %s:<job id>", dep_names[type],
                             dep_names[type]);
        r->p++;
    }
    if (read_id(r, (enum dep_type)type) < 0)
        return -1;
    while (*r->p == ':') {
        r->p++;
        if (read_id(r, (enum dep_type)type) < 0)
            return -1;
    }
    return 0;
}

int deps_parse(const char *text, struct dep *deps, size_t *count, bool *any, struct error *err)
{
    struct reader r = { .text = text, .p = text, .deps = deps, .err = err };
    bool comma = false, question = false;

    while (*r.p) {
        if (read_condition(&r) < 0)
            return -1;
        if (*r.p) {
            comma |= *r.p == ',';
            question |= *r.p == '?';
            if (!*++r.p)
                return error_set(err, BRE_DEPENDENCY, "dependency \"%.64s\" ends in a separator", text);
        }
    }
    if (comma && question)
        return error_set(err, BRE_DEPENDENCY, "dependency \"%.64s\" mixes ',' (all) and '?' (any)", text);
    *count = r.count;
    *any = question;
    return 0;
}

const char *cluster_job_dependency(struct cluster *c, struct job *job, struct arena *a)
{
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;

    if (!job->depends || job->phase != PHASE_PENDING)
        return "";
    for (size_t i = 0; i < job->depends->count; i++) {
        const struct dep *dep = &job->depends->deps[i];

        if (dep->state == DEPEND_MET && !(dep->delay_min && job->begin_usec))
            continue;
        if (sb.len)
            strbuf_addc(&sb, job->depends->any ? '?' : ',');
        strbuf_add(&sb, dep_names[dep->type]);
        if (dep->type != DEP_SINGLETON)
            strbuf_addf(&sb, ":%u", dep->job_id);
        if (dep->type != DEP_SINGLETON && dep->task != DEP_WHOLE)
            strbuf_addf(&sb, "_%u", dep->task);
        else if (dep->type != DEP_SINGLETON && array_find(c, dep->job_id))
            strbuf_add(&sb, "_*");
        if (dep->delay_min)
            strbuf_addf(&sb, "+%u", dep->delay_min);
        strbuf_addf(&sb, "(%s)", dep->state == DEPEND_NEVER ? "failed" : "unfulfilled");
    }
    return arena_strdup(a, strbuf_str(&sb));
}
