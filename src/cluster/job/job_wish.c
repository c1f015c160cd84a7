/* job_wish.c - the keys of scontrol update that set one field of a job's description. */
#include "cluster/job/job_wish.h"

#include "bramble/constants.h"
#include "util/num.h"
#include "util/timefmt.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum wish_kind { WISH_TEXT, WISH_U32, WISH_MB32, WISH_MIN, WISH_FLAG, WISH_MAIL };

#define AT(field) offsetof(Wire__JobSpec, field)
#define NUMBER(field) AT(field), AT(has_##field)
static const struct {
    const char *key;
    enum wish_kind kind;
    size_t offset, has;
    const char *field;  /* WISH_TEXT: its name, to clear it */
    bool running;       /* a running job's may be set as well */
    bool resources;     /* the job is judged anew */
} rows[] = {
    { "extra", WISH_TEXT, AT(extra), 0, "extra", true, false },
    { "mailuser", WISH_TEXT, AT(mail_user), 0, "mail_user", true, false },
    { "mailtype", WISH_MAIL, NUMBER(mail_events), NULL, true, false },
    { "workdir", WISH_TEXT, AT(work_dir), 0, "work_dir", false, false },
    { "qos", WISH_TEXT, AT(qos), 0, "qos", false, true },
    { "reservationname", WISH_TEXT, AT(reservation), 0, "reservation", false, true },
    { "reservation", WISH_TEXT, AT(reservation), 0, "reservation", false, true },
    { "prefer", WISH_TEXT, AT(prefer), 0, "prefer", false, true },
    { "timemin", WISH_MIN, NUMBER(time_min_min), NULL, false, true },
    { "mintmpdisknode", WISH_MB32, NUMBER(min_tmp_mb), NULL, false, true },
    { "taskspernode", WISH_U32, NUMBER(ntasks_per_node), NULL, false, true },
    { "reqsockets", WISH_U32, NUMBER(sockets_per_node), NULL, false, true },
    { "reqcores", WISH_U32, NUMBER(cores_per_socket), NULL, false, true },
    { "reqthreads", WISH_U32, NUMBER(threads_per_core), NULL, false, true },
    { "oversubscribe", WISH_FLAG, NUMBER(oversubscribe), NULL, false, true },
    { "shared", WISH_FLAG, NUMBER(oversubscribe), NULL, false, true },
};
#undef NUMBER
#undef AT

/* What Slurm's scontrol knows and this one cannot do, and what to do instead. */
static const struct {
    const char *key, *why;
} no_rows[] = {
    { "burstbuffer", "there are no burst buffers" },
    { "clusterfeatures", "there is one cluster" },
    { "clusters", "there is one cluster" },
    { "corespec", "submit the job anew with --core-spec" },
    { "delayboot", "nodes are not booted for jobs" },
    { "gres", "submit the job anew with --gres" },
    { "licenses", "submit the job anew with --licenses" },
    { "numcpus", "use NumTasks and CPUsPerTask" },
    { "reqprocs", "use NumTasks" },
    { "reboot", "nodes are not booted for jobs" },
    { "resetaccruetime", "age counts for nothing" },
    { "sitefactor", "there is no site factor: use Nice" },
    { "switches", "submit the job anew with --switches" },
    { "threadspec", "submit the job anew with --thread-spec" },
    { "userid", "submit the job anew as that user" },
    { "wait-for-switch", "submit the job anew with --switches" },
};

void job_wish_clear(struct job_wish *w, const char *field)
{
    if (w->num_cleared < ARRAY_SIZE(w->cleared))
        w->cleared[w->num_cleared++] = (char *)field;
}

static int set_mail(const char *val, uint32_t *events, struct error *err)
{
    static const char *const names[] = {
#define X(e, n) n,
        MAIL_EVENTS(X)
#undef X
    };

    *events = 0;
    for (const char *p = val; *p;) {
        size_t len = strcspn(p, ","), i = 0;

        while (i < ARRAY_SIZE(names) && (strlen(names[i]) != len || strncasecmp(names[i], p, len)))
            i++;
        if (i < ARRAY_SIZE(names))
            *events |= 1u << i;
        else if (len == 3 && strncasecmp(p, "ALL", len) == 0)
            *events |= MAIL_ALL;
        else if (len != 4 || strncasecmp(p, "NONE", len) != 0)
            return error_set(err, BRE_UPDATE, "Invalid input: mailtype=%s", val);
        p += len + (p[len] == ',');
    }
    return 0;
}

static int set_flag(const char *val, protobuf_c_boolean *flag, const char *key, struct error *err)
{
    *flag = strcasecmp(val, "yes") == 0 || strcmp(val, "1") == 0;
    if (*flag || strcasecmp(val, "no") == 0 || strcmp(val, "0") == 0)
        return 0;
    return error_set(err, BRE_UPDATE, "%s=%s: say yes or no", key, val);
}

int job_wish_set(struct job_wish *w, const char *key, const char *val, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(no_rows); i++)
        if (strcasecmp(key, no_rows[i].key) == 0)
            return error_set(err, BRE_UPDATE, "Update of this parameter is not supported: %s=%s: %s", key,
                             val, no_rows[i].why);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *at = (char *)&w->spec + rows[i].offset;
        uint64_t mb;

        if (strcasecmp(key, rows[i].key) != 0)
            continue;
        w->pending_only = !rows[i].running;
        w->resources |= rows[i].resources;
        if (rows[i].kind != WISH_TEXT)
            *(protobuf_c_boolean *)((char *)&w->spec + rows[i].has) = 1;
        switch (rows[i].kind) {
        case WISH_TEXT:
            if (*val)
                *(char **)at = (char *)val;
            else
                job_wish_clear(w, rows[i].field);
            return 0;
        case WISH_U32:
            return num_parse_u32(val, 1, UINT32_MAX - 1, (uint32_t *)at, key, err);
        case WISH_MB32:
            if (size_parse_mb(val, &mb, key, err) < 0)
                return -1;
            *(uint32_t *)at = mb > UINT32_MAX ? UINT32_MAX : (uint32_t)mb;
            return 0;
        case WISH_MIN:
            return time_limit_parse(val, (uint32_t *)at, key, err);
        case WISH_FLAG:
            return set_flag(val, (protobuf_c_boolean *)at, key, err);
        case WISH_MAIL:
            return set_mail(val, (uint32_t *)at, err);
        }
    }
    return error_set(err, BRE_UPDATE, "Update of this parameter is not supported: %s=%s", key, val);
}
