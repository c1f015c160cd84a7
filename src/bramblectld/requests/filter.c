/* filter.c - parsing and applying filters on jobs. */
#include "config.h"

#include <pwd.h>
#include <string.h>
#include <strings.h>

#include "bramblectld/ctld_private.h"
#include "bramblectld/requests/filter.h"
#include "util/hostlist.h"
#include "util/mem.h"
#include "util/num.h"

#define LIST_MAX 65536

struct job_filter {
    uint32_t *uids;
    size_t num_uids;
    struct name_set partitions, names, accounts, qos, wckeys, reservations;
    uint64_t states;
    struct hostlist *nodes;
};

void name_set_parse(struct name_set *s, const char *text)
{
    s->names = NULL;
    s->num = 0;
    while (text && *text && s->num < LIST_MAX) {
        size_t len = strcspn(text, ",");
        if (len) {
            s->names = xreallocarray(s->names, s->num + 1, sizeof(char *));
            s->names[s->num++] = xstrndup(text, len);
        }
        text += len + (text[len] == ',');
    }
}

void name_set_fini(struct name_set *s)
{
    for (size_t i = 0; i < s->num; i++)
        free(s->names[i]);
    free(s->names);
    s->names = NULL;
    s->num = 0;
}

bool name_set_has(const struct name_set *s, const char *name)
{
    if (!s->num)
        return true;
    for (size_t i = 0; name && i < s->num; i++)
        if (strcmp(s->names[i], name) == 0)
            return true;
    return false;
}

/* One of the comma list is in the set. */
static bool name_set_has_any(const struct name_set *s, const char *list)
{
    if (!s->num)
        return true;
    while (list && *list) {
        size_t len = strcspn(list, ",");
        for (size_t i = 0; i < s->num; i++)
            if (strlen(s->names[i]) == len && strncmp(s->names[i], list, len) == 0)
                return true;
        list += len + (list[len] == ',');
    }
    return false;
}

int state_mask_parse(const char *text, uint64_t *mask, struct error *err)
{
    static const struct {
        const char *name, *code;
    } states[] = {
#define X(e, n, c) { n, c },
        JOB_STATES(X)
#undef X
    };
    struct name_set set;
    *mask = 0;
    name_set_parse(&set, text);
    for (size_t i = 0; i < set.num; i++) {
        size_t k = 0;
        if (strcasecmp(set.names[i], "all") == 0) {
            *mask = 0;
            break;
        }
        while (k < ARRAY_SIZE(states) && strcasecmp(states[k].name, set.names[i]) != 0
               && strcasecmp(states[k].code, set.names[i]) != 0)
            k++;
        if (k == ARRAY_SIZE(states)) {
            error_set(err, BRE_INVAL, "Invalid job state specified: %.64s", set.names[i]);
            name_set_fini(&set);
            return -1;
        }
        *mask |= UINT64_C(1) << k;
    }
    name_set_fini(&set);
    return 0;
}

int uid_list_parse(const char *text, uint32_t **uids, size_t *num, struct error *err)
{
    struct name_set set;
    *uids = NULL;
    *num = 0;
    name_set_parse(&set, text);
    for (size_t i = 0; i < set.num; i++) {
        char buf[16384];
        struct passwd pw, *found = NULL;
        uint32_t uid;
        if (num_parse_u32(set.names[i], 0, UINT32_MAX - 1, &uid, "user", NULL) < 0) {
            if (getpwnam_r(set.names[i], &pw, buf, sizeof(buf), &found) != 0 || !found) {
                error_set(err, BRE_USER_ID, "Invalid user: %.64s", set.names[i]);
                name_set_fini(&set);
                free(*uids);
                *uids = NULL;
                return -1;
            }
            uid = found->pw_uid;
        }
        *uids = xreallocarray(*uids, *num + 1, sizeof(**uids));
        (*uids)[(*num)++] = uid;
    }
    name_set_fini(&set);
    return 0;
}

static int parse_common(struct job_filter *f, const char *users, const char *partitions, const char *states,
                        const char *names, const char *nodelist, const char *accounts, const char *qos,
                        struct error *err)
{
    if (uid_list_parse(users, &f->uids, &f->num_uids, err) < 0 || state_mask_parse(states, &f->states, err) < 0
        || (nodelist && *nodelist && !(f->nodes = hostlist_parse(nodelist, 0, err))))
        return -1;
    name_set_parse(&f->partitions, partitions);
    name_set_parse(&f->names, names);
    name_set_parse(&f->accounts, accounts);
    name_set_parse(&f->qos, qos);
    return 0;
}

static bool given(const char *text)
{
    return text && *text;
}

int job_filter_of_control(const Wire__JobControlRequest *m, const struct cluster_who *who, struct job_filter **out,
                          struct error *err)
{
    *out = NULL;
    if (!given(m->user) && !given(m->partition) && !given(m->name) && !given(m->state) && !given(m->nodelist)
        && !given(m->account) && !given(m->qos) && !given(m->reservation) && !given(m->wckey) && !m->all_mine)
        return 0;
    struct job_filter *f = xcalloc(1, sizeof(*f));
    if (parse_common(f, m->user, m->partition, m->state, m->name, m->nodelist, m->account, m->qos, err) < 0) {
        job_filter_destroy(f);
        return -1;
    }
    name_set_parse(&f->wckeys, m->wckey);
    name_set_parse(&f->reservations, m->reservation);
    /* A filter never reaches for the jobs of others by a user who could not touch them anyway. */
    if (m->all_mine || (!f->num_uids && !who->is_operator)) {
        f->uids = xreallocarray(f->uids, 1, sizeof(*f->uids));
        f->uids[0] = who->uid;
        f->num_uids = 1;
    }
    *out = f;
    return 0;
}

int job_filter_of_query(const Wire__QueryRequest *m, struct job_filter **out, struct error *err)
{
    *out = NULL;
    if (!given(m->users) && !given(m->partitions) && !given(m->states) && !given(m->names) && !given(m->nodelist)
        && !given(m->accounts) && !given(m->qos))
        return 0;
    struct job_filter *f = xcalloc(1, sizeof(*f));
    if (parse_common(f, m->users, m->partitions, m->states, m->names, m->nodelist, m->accounts, m->qos, err) < 0) {
        job_filter_destroy(f);
        return -1;
    }
    *out = f;
    return 0;
}

void job_filter_destroy(struct job_filter *f)
{
    if (!f)
        return;
    free(f->uids);
    name_set_fini(&f->partitions);
    name_set_fini(&f->names);
    name_set_fini(&f->accounts);
    name_set_fini(&f->qos);
    name_set_fini(&f->wckeys);
    name_set_fini(&f->reservations);
    hostlist_destroy(f->nodes);
    free(f);
}

static bool uses_nodes(const struct job_filter *f, struct ctld *c, struct job *job)
{
    hostlist_for_each(f->nodes, i, name) {
        uint32_t id;
        if (cluster_node_find(c->cluster, name, &id) && job_uses_node(job, id))
            return true;
    }
    return false;
}

bool job_filter_match(const struct job_filter *f, struct ctld *c, struct job *job)
{
    bool user = false;
    if (!f)
        return true;
    for (size_t i = 0; i < f->num_uids && !user; i++)
        user = f->uids[i] == job_uid(job);
    if (f->num_uids && !user)
        return false;
    if (f->states && !(f->states & (UINT64_C(1) << job_state_shown(job))))
        return false;
    if (f->nodes && !uses_nodes(f, c, job))
        return false;
    if (!f->partitions.num && !f->names.num && !f->accounts.num && !f->qos.num && !f->wckeys.num
        && !f->reservations.num)
        return true;
    struct cluster_now now = ctld_now(c);
    struct job_view v;
    cluster_job_view(c->cluster, job, &now, &v);
    return name_set_has_any(&f->partitions, v.partition) && name_set_has(&f->names, v.name)
           && name_set_has(&f->accounts, v.spec->account) && name_set_has(&f->qos, v.spec->qos)
           && name_set_has(&f->wckeys, v.spec->wckey) && name_set_has(&f->reservations, v.spec->reservation);
}
