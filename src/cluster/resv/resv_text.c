/* resv_text.c - the keys and flags of a reservation, as scontrol and its users write them. */
#include "cluster/resv/resv.h"

#include "cluster/event/event.h"
#include "util/num.h"
#include "util/timefmt.h"

#include <string.h>
#include <strings.h>

static const char *const flag_names[] = {
#define X(e, n) n,
    RESV_FLAGS(X)
#undef X
};

/* Flags of Slurm's that would need what is not here, and why. */
static const struct {
    const char *name, *why;
} no_flags[] = {
    { "ANY_NODES", "a reservation is of nodes or cores" },
    { "FIRST_CORES", "a reservation is of a number of cores, whichever they are" },
    { "LICENSE_ONLY", "licenses cannot be reserved" },
    { "MAGNETIC", "name the reservation with --reservation" },
    { "REPLACE", "a reservation keeps its nodes" },
    { "REPLACE_DOWN", "a reservation keeps its nodes; give it others with Nodes=" },
    { "SKIP", "move StartTime instead" },
};

/* "STATIC_ALLOC" is what all reservations here are: their nodes stay the same. */
static int flag_one(const char *word, size_t len, bool off, uint32_t *flags, uint32_t *purge_sec,
                    struct error *err)
{
    size_t name_len = strcspn(word, "=") < len ? strcspn(word, "=") : len;

    for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++) {
        if (strlen(flag_names[i]) != name_len || strncasecmp(flag_names[i], word, name_len))
            continue;
        *flags = off ? *flags & ~(1u << i) : *flags | 1u << i;
        if (i == RESV_PURGE_COMP_BIT) {
            CLEANUP_FREE char *time = name_len < len ? xstrndup(word + name_len + 1, len - name_len - 1) : NULL;
            uint64_t sec = 300;

            if (time && duration_parse_sec(time, &sec, "PURGE_COMP", err) < 0)
                return -1;
            *purge_sec = sec > UINT32_MAX ? UINT32_MAX : (uint32_t)sec;
        }
        return 0;
    }
    if (len == 12 && strncasecmp(word, "STATIC_ALLOC", len) == 0)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(no_flags); i++)
        if (strlen(no_flags[i].name) == len && strncasecmp(no_flags[i].name, word, len) == 0)
            return error_set(err, BRE_UPDATE, "Flags=%s is not supported: %s", no_flags[i].name,
                             no_flags[i].why);
    return error_set(err, BRE_UPDATE, "Error parsing flags %.*s", (int)len, word);
}

int resv_flags_parse(const char *text, uint32_t *flags, uint32_t *purge_sec, struct error *err)
{
    bool off = *text == '-';

    for (text += *text == '+' || *text == '-'; *text;) {
        size_t len = strcspn(text, ",");

        if (flag_one(text, len, off, flags, purge_sec, err) < 0)
            return -1;
        text += len + (text[len] == ',');
    }
    if (*flags & RESV_TIME_FLOAT && *flags & RESV_REPEATS)
        return error_set(err, BRE_UPDATE, "Flags: TIME_FLOAT and a repetition exclude each other");
    return 0;
}

/* "users=a,b" replaces, "users+=c" and "users=+c" add, "users-=b" and "users=-b" take away. */
static char *list_change(const char *old, const char *key, const char *val, struct arena *a)
{
    char how = key[strlen(key) - 1];
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;

    if (how != '+' && how != '-')
        how = *val == '+' || *val == '-' ? *val++ : '=';
    if (how == '=')
        return *val ? arena_strdup(a, val) : NULL;
    for (const char *p = old ? old : ""; *p;) {
        size_t len = strcspn(p, ",");
        CLEANUP_FREE char *name = xstrndup(p, len);

        if (!resv_listed(val, name))
            strbuf_addf(&sb, "%s%s", sb.len ? "," : "", name);
        p += len + (p[len] == ',');
    }
    if (how == '+')
        strbuf_addf(&sb, "%s%s", sb.len ? "," : "", val);
    return sb.len ? arena_strdup(a, strbuf_str(&sb)) : NULL;
}

static int set_count(struct resv_wish *w, const char *val, uint32_t *count, const char *key,
                     struct error *err)
{
    w->resize = true;
    return num_parse_u32(val, 1, 1u << 20, count, key, err);
}

static int set_time(const char *val, const struct cluster_now *now, int64_t *at, const char *what,
                    struct error *err)
{
    time_t when;

    if (strcasecmp(val, "now") == 0) {
        *at = now->wall_usec / USEC * USEC;
        return 0;
    }
    if (time_at_parse(val, (time_t)(now->wall_usec / USEC), TIME_AT_FUTURE, &when, what, err) < 0)
        return -1;
    *at = (int64_t)when * USEC;
    return 0;
}

/* Minutes, or any of Slurm's durations; "infinite" is a year. */
static int set_duration(struct resv_wish *w, const char *val, struct error *err)
{
    uint32_t min;

    w->has_duration = true;
    if (time_limit_parse(val, &min, "Duration", err) < 0)
        return -1;
    w->duration_usec = (min == TIME_UNLIMITED_MIN ? INT64_C(365) * 1440 : (int64_t)min) * MIN_USEC;
    return 0;
}

static const struct {
    const char *key, *why;
} no_keys[] = {
    { "burstbuffer", "there are no burst buffers" },
    { "licenses", "licenses cannot be reserved" },
    { "maxstartdelay", "jobs do not borrow reserved nodes" },
    { "skip", "move StartTime instead" },
    { "trescnt", "use NodeCnt or CoreCnt" },
    { "tres", "use NodeCnt or CoreCnt" },
    { "watts", "there is no power management" },
};

static bool is_key(const char *key, const char *name, size_t min_len)
{
    size_t len = strlen(key);

    if (len && (key[len - 1] == '+' || key[len - 1] == '-'))
        len--;
    return len >= min_len && len <= strlen(name) && strncasecmp(key, name, len) == 0;
}

int resv_set_key(struct resv_wish *w, const struct cluster_now *now, const char *key,
                 const char *val, struct decision *d, struct error *err)
{
    Wire__EvResv *m = &w->msg;
    struct arena *a = &d->arena;
    char how = *key ? key[strlen(key) - 1] : '\0';

    if (is_key(key, "starttime", 5)) {
        w->has_start = true;
        m->has_start_usec = 1;
        return set_time(val, now, &m->start_usec, "StartTime", err);
    }
    if (is_key(key, "endtime", 3)) {
        w->has_end = true;
        m->has_end_usec = 1;
        return set_time(val, now, &m->end_usec, "EndTime", err);
    }
    if (is_key(key, "duration", 3))
        return set_duration(w, val, err);
    if (is_key(key, "nodecnt", 5))
        return set_count(w, val, &w->node_cnt, "NodeCnt", err);
    if (is_key(key, "nodes", 4)) {
        w->resize = true;
        w->nodes = list_change(NULL, key, val, a);
        return how == '+' || how == '-'
                   ? error_set(err, BRE_UPDATE, "Nodes%c=%s is not supported: name all nodes", how, val)
                   : 0;
    }
    if (is_key(key, "corecnt", 4))
        return set_count(w, val, &w->core_cnt, "CoreCnt", err);
    if (is_key(key, "features", 4)) {
        w->resize = true;
        m->features = list_change(NULL, "=", val, a);
        return 0;
    }
    if (is_key(key, "partitionname", 4)) {
        w->resize = true;
        m->partition = *val ? arena_strdup(a, val) : NULL;
        return 0;
    }
    if (is_key(key, "flags", 4)) {
        CLEANUP_FREE char *text =
            how == '+' || how == '-' ? xasprintf("%c%s", how, val) : xstrdup(val);

        SET(m, flags, m->flags);
        SET(m, purge_sec, m->purge_sec);
        if (*text != '+' && *text != '-' && m->deleted == 0)
            m->flags &= RESV_SPEC_NODES | RESV_ALL_NODES; /* what follows from its nodes stays */
        return resv_flags_parse(text, &m->flags, &m->purge_sec, err);
    }
    if (is_key(key, "users", 4)) {
        m->users = list_change(m->users, key, val, a);
        return 0;
    }
    if (is_key(key, "accounts", 4)) {
        m->accounts = list_change(m->accounts, key, val, a);
        return 0;
    }
    if (is_key(key, "groups", 5)) {
        m->groups = list_change(m->groups, key, val, a);
        return 0;
    }
    if (is_key(key, "comment", 7)) {
        m->comment = *val ? arena_strdup(a, val) : NULL;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(no_keys); i++)
        if (is_key(key, no_keys[i].key, 4))
            return error_set(err, BRE_UPDATE, "Update of this parameter is not supported: %s=%s: %s",
                             key, val, no_keys[i].why);
    return error_set(err, BRE_UPDATE, "Unknown parameter %s=%s", key, val);
}
