/* job_depend.c - jobs that wait for other jobs.
 *
 * "afterok:12:13,afternotok:14" (all) or "afterok:12?singleton" (any one).  Each condition is open,
 * met, or can never be met.  Conditions are looked at when the job they name starts, ends or is
 * purged; nothing is polled.
 */
#include "cluster/job/job.h"

#include <stdio.h>
#include <string.h>

enum dep_type { DEP_AFTER, DEP_AFTERANY, DEP_AFTEROK, DEP_AFTERNOTOK, DEP_SINGLETON };
static const char *const dep_names[] = { "after", "afterany", "afterok", "afternotok",
                                         "singleton" };

struct dep {
    uint8_t type, state; /* enum depend_state */
    uint32_t job_id;
    uint32_t delay_min; /* "after:ID+MIN" */
};

struct depends {
    struct list_node link; /* cluster.dependent */
    struct job *job;
    bool any; /* one is enough ('?') */
    uint8_t state;
    uint8_t kill; /* --kill-on-invalid-dep: 1 yes, 2 no, 0 as configured */
    size_t count;
    struct dep deps[];
};

#define DEPS_MAX 4096

/* Parse text into deps (room for DEPS_MAX, or NULL to count and check). */
static int deps_parse(const char *text, struct dep *deps, size_t *count, bool *any,
                      struct error *err)
{
    const char *p = text;
    bool comma = false, question = false;

    *count = 0;
    while (*p) {
        size_t word = strcspn(p, ":,?"), type = 0;

        while (
            type < ARRAY_SIZE(dep_names)
            && (strlen(dep_names[type]) != word || strncmp(dep_names[type], p, word) != 0))
            type++;
        if (type == ARRAY_SIZE(dep_names)) {
            if (word && strspn(p, "0123456789") == word)
                return error_set(
                    err, BRE_DEPENDENCY,
                    "dependency \"%s\": write afterany:%.*s, not just the job id", text,
                    (int)word, p);
            return error_set(
                err, BRE_DEPENDENCY,
                "dependency \"%.*s\" is not supported: use after, afterany, afterok, "
                "afternotok or singleton",
                (int)word, p);
        }
        p += word;
        if (type == DEP_SINGLETON) {
            if (*p == ':')
                return error_set(err, BRE_DEPENDENCY,
                                 "dependency singleton takes no job id");
            if (*count == DEPS_MAX)
                return error_set(err, BRE_DEPENDENCY, "more than %d dependencies",
                                 DEPS_MAX);
            if (deps)
                deps[*count] = (struct dep){ .type = (uint8_t)type, .state = DEPEND_OPEN };
            ++*count;
        } else if (*p != ':') {
            return error_set(err, BRE_DEPENDENCY,
                             "dependency %s needs a job id: %s:<job id>", dep_names[type],
                             dep_names[type]);
        }
        while (*p == ':') {
            uint64_t id = 0;
            unsigned long delay = 0;
            size_t digits = strspn(++p, "0123456789");

            for (size_t i = 0; i < digits && id <= UINT32_MAX; i++)
                id = id * 10 + (uint64_t)(p[i] - '0');
            if (digits && p[digits] == '+' && type == DEP_AFTER
                && strspn(p + digits + 1, "0123456789") > 0) {
                delay = strtoul(p + digits + 1, NULL, 10);
                digits += 1 + strspn(p + digits + 1, "0123456789");
            }
            if (!digits || !id || id > UINT32_MAX || delay > 1u << 24
                || (p[digits] && !strchr(":,?", p[digits])))
                return error_set(err, BRE_DEPENDENCY,
                                 "dependency \"%s\": \"%.*s\" is no job id", text,
                                 (int)strcspn(p, ":,?"), p);
            if (*count == DEPS_MAX)
                return error_set(err, BRE_DEPENDENCY, "more than %d dependencies",
                                 DEPS_MAX);
            if (deps)
                deps[*count] = (struct dep){ (uint8_t)type, DEPEND_OPEN, (uint32_t)id,
                                             (uint32_t)delay };
            ++*count;
            p += digits;
        }
        if (*p) {
            comma |= *p == ',';
            question |= *p == '?';
            if (!*++p)
                return error_set(err, BRE_DEPENDENCY,
                                 "dependency \"%s\" ends in a separator", text);
        }
    }
    if (comma && question)
        return error_set(err, BRE_DEPENDENCY, "dependency \"%s\" mixes ',' and '?'", text);
    *any = question;
    return 0;
}

int depend_check(struct cluster *c, const char *text, uint32_t self, struct error *err)
{
    CLEANUP_FREE struct dep *deps = NULL;
    size_t count;
    bool any;

    if (!text || !*text)
        return 0;
    deps = xmalloc(DEPS_MAX * sizeof(*deps));
    if (deps_parse(text, deps, &count, &any, err) < 0)
        return -1;
    for (size_t i = 0; self && i < count; i++)
        if (deps[i].job_id == self)
            return error_set(err, BRE_DEPENDENCY, "a job cannot depend on itself (%u)",
                             self);
    /* a ring can only come from an update: an earlier job made to wait for a later one */
    for (size_t i = 0; self && i < count; i++) {
        uint32_t chain = deps[i].job_id;

        for (int hops = 0; chain && hops < 10000; hops++) {
            const struct job *other = job_table_find(&c->jobs, chain);

            if (!other || !other->depends)
                break;
            chain = 0;
            for (size_t k = 0; k < other->depends->count; k++) {
                if (other->depends->deps[k].job_id == self)
                    return error_set(
                        err, BRE_DEPENDENCY,
                        "job %u already waits for job %u: this would be a ring", other->id,
                        self);
                if (!chain)
                    chain = other->depends->deps[k].job_id;
            }
        }
    }
    return 0;
}

static bool singleton_is_free(const struct cluster *c, const struct job *job)
{
    if (job->name->live <= 1)
        return true;
    for (const struct job *o = job_table_next(&c->jobs, 0); o && o->id < job->id;
         o = job_table_next(&c->jobs, o->id))
        if (o->name == job->name && o->phase != PHASE_ENDED
            && o->ident->msg->uid == job->ident->msg->uid)
            return false;
    return true;
}

static enum depend_state dep_state(const struct cluster *c, struct job *job,
                                   const struct dep *dep)
{
    const struct job *o;
    bool ok;

    if (dep->type == DEP_SINGLETON)
        return singleton_is_free(c, job) ? DEPEND_MET : DEPEND_OPEN;
    o = job_table_find(&c->jobs, dep->job_id);
    if (!o)
        return DEPEND_MET; /* as Slurm has it: what is gone holds nobody up */
    if (dep->type == DEP_AFTER && o->phase != PHASE_PENDING) {
        int64_t at = o->start_usec + (int64_t)dep->delay_min * MIN_USEC;

        if (dep->delay_min && o->start_usec && at > job->begin_usec)
            job->begin_usec = at;
        return DEPEND_MET;
    }
    if (dep->type == DEP_AFTER)
        return DEPEND_OPEN;
    if (o->phase != PHASE_ENDED)
        return DEPEND_OPEN;
    ok = o->end_state == JOB_COMPLETED;
    if (dep->type == DEP_AFTEROK)
        return ok ? DEPEND_MET : DEPEND_NEVER;
    if (dep->type == DEP_AFTERNOTOK)
        return ok ? DEPEND_NEVER : DEPEND_MET;
    return DEPEND_MET;
}

static void count_invalid(struct cluster *c, const struct depends *d, int by)
{
    if (d->kill == 1)
        c->num_invalid_kill += (size_t)by;
    else if (d->kill == 0)
        c->num_invalid_default += (size_t)by;
}

static void depends_sum_up(struct cluster *c, struct depends *d)
{
    size_t met = 0, never = 0;
    uint8_t before = d->state;

    for (size_t i = 0; i < d->count; i++) {
        met += d->deps[i].state == DEPEND_MET;
        never += d->deps[i].state == DEPEND_NEVER;
    }
    if (d->any)
        d->state = met ? DEPEND_MET : never == d->count ? DEPEND_NEVER : DEPEND_OPEN;
    else
        d->state = never ? DEPEND_NEVER : met == d->count ? DEPEND_MET : DEPEND_OPEN;
    if (d->state == DEPEND_NEVER && before != DEPEND_NEVER)
        count_invalid(c, d, 1);
    else if (d->state != DEPEND_NEVER && before == DEPEND_NEVER)
        count_invalid(c, d, -1);
}

static bool depends_look(struct cluster *c, struct depends *d)
{
    uint8_t before = d->state;

    for (size_t i = 0; i < d->count; i++)
        if (d->deps[i].state == DEPEND_OPEN)
            d->deps[i].state = (uint8_t)dep_state(c, d->job, &d->deps[i]);
    depends_sum_up(c, d);
    return d->state != before;
}

static void depends_create(struct cluster *c, struct job *job)
{
    const char *text = job->spec->msg->dependency;
    uint32_t kill = job->spec->msg->kill_on_invalid_dep;
    struct dep *deps;
    struct depends *d;
    size_t count;
    bool any;

    if (!text || !*text)
        return;
    deps = xmalloc(DEPS_MAX * sizeof(*deps));
    if (deps_parse(text, deps, &count, &any, NULL) == 0 && count) {
        d = xcalloc(1, sizeof(*d) + count * sizeof(*deps));
        memcpy(d->deps, deps, count * sizeof(*deps));
        d->count = count;
        d->any = any;
        d->job = job;
        d->kill = (uint8_t)kill;
        d->state = DEPEND_OPEN;
        list_append(&c->dependent, &d->link);
        job->depends = d;
    }
    free(deps);
}

void depend_attach(struct cluster *c, struct job *job)
{
    if (job->depends)
        depend_detach(c, job);
    depends_create(c, job);
    if (job->depends)
        depends_look(c, job->depends);
}

void depend_detach(struct cluster *c, struct job *job)
{
    if (!job->depends)
        return;
    if (job->depends->state == DEPEND_NEVER)
        count_invalid(c, job->depends, -1);
    list_remove(&job->depends->link);
    free(job->depends);
    job->depends = NULL;
}

void depend_copy(struct cluster *c, struct job *job, const struct job *from)
{
    if (!from->depends)
        return;
    depends_create(c, job);
    if (!job->depends)
        return;
    for (size_t i = 0; i < job->depends->count && i < from->depends->count; i++)
        job->depends->deps[i].state = from->depends->deps[i].state;
    depends_sum_up(c, job->depends);
}

void depend_job_changed(struct cluster *c, struct job *job, int64_t now_usec)
{
    list_for_each_safe(node, &c->dependent)
    {
        struct depends *d = container_of(node, struct depends, link);
        bool concerned = false;

        if (d->state != DEPEND_OPEN)
            continue;
        for (size_t i = 0; i < d->count && !concerned; i++)
            concerned =
                d->deps[i].state == DEPEND_OPEN
                && (d->deps[i].job_id == job->id
                    || (d->deps[i].type == DEP_SINGLETON && d->job->name == job->name));
        if (concerned && depends_look(c, d))
            job_queue_update(c, d->job, now_usec);
    }
}

enum depend_state depend_state(const struct job *job)
{
    return job->depends ? (enum depend_state)job->depends->state : DEPEND_NONE;
}

int depend_image_get(const struct job *job, uint32_t **results, size_t *count)
{
    if (!job->depends)
        return 0;
    *count = job->depends->count;
    *results = xmalloc(*count * sizeof(**results));
    for (size_t i = 0; i < *count; i++)
        (*results)[i] = job->depends->deps[i].state;
    return 1;
}

void depend_image_set(struct cluster *c, struct job *job, const uint32_t *results,
                      size_t count)
{
    depends_create(c, job);
    if (!job->depends)
        return;
    for (size_t i = 0; i < count && i < job->depends->count; i++)
        job->depends->deps[i].state = (uint8_t)results[i];
    depends_sum_up(c, job->depends);
}

const char *cluster_job_dependency(struct cluster *c, struct job *job, struct arena *a)
{
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;

    (void)c;
    if (!job->depends || job->phase != PHASE_PENDING)
        return "";
    for (size_t i = 0; i < job->depends->count; i++) {
        const struct dep *dep = &job->depends->deps[i];

        if (dep->state == DEPEND_MET)
            continue;
        if (sb.len)
            strbuf_addc(&sb, job->depends->any ? '?' : ',');
        strbuf_add(&sb, dep_names[dep->type]);
        if (dep->type != DEP_SINGLETON)
            strbuf_addf(&sb, ":%u", dep->job_id);
        if (dep->delay_min)
            strbuf_addf(&sb, "+%u", dep->delay_min);
        strbuf_addf(&sb, "(%s)", dep->state == DEPEND_NEVER ? "failed" : "unfulfilled");
    }
    return arena_strdup(a, strbuf_str(&sb));
}
