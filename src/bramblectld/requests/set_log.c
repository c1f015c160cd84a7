/* set_log.c - scontrol setdebug and setdebugflags: what is logged, until the next reconfigure. */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "bramblectld/requests/request.h"
#include "util/log.h"
#include "util/num.h"

/* Slurm's flags, as far as there is something of the kind to tell about. */
static const struct {
    const char *name;
    unsigned topic;
} flags[] = {
    { "Agent", DBG_NODE },          { "AuditRPCs", DBG_CHANNEL },   { "Backfill", DBG_SCHED },
    { "BackfillMap", DBG_SCHED },   { "Cgroup", DBG_CGROUP },       { "Dependency", DBG_SCHED },
    { "Network", DBG_CHANNEL },     { "NodeFeatures", DBG_NODE },   
    { "Priority", DBG_SCHED },      { "Protocol", DBG_CHANNEL },    { "Reservation", DBG_SCHED },
    { "SelectType", DBG_SCHED },    { "Steps", DBG_STEP },          { "Journal", DBG_JOURNAL },
    { "Launch", DBG_LAUNCH },       { "Stdio", DBG_STDIO },
};

static int set_level(const char *text, struct error *err)
{
    static const char *const names[] = { "quiet",   "fatal", "error",  "info",   "verbose",
                                         "debug",   "debug2", "debug3", "debug4", "debug5" };
    enum log_level level;
    uint32_t number = UINT32_MAX;
    unsigned topics;

    log_get_level(&level, &topics);
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(text, names[i]) == 0)
            number = i;
    if (number == UINT32_MAX && num_parse_u32(text, 0, 9, &number, "level", NULL) < 0)
        return error_set(err, BRE_UPDATE, "invalid debug level: %.64s", text);
    level = number <= 2 ? LOG_LV_ERROR : number <= 4 ? LOG_LV_INFO : LOG_LV_DEBUG;
    log_set_level(level, number <= 4 ? 0 : ~0u);
    return 0;
}

static int set_flag(const char *text, struct error *err)
{
    const bool off = *text == '-';
    enum log_level level;
    unsigned topics;

    log_get_level(&level, &topics);
    if (*text == '-' || *text == '+')
        text++;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (strcasecmp(text, flags[i].name) == 0 && flags[i].topic) {
            topics = off ? topics & ~flags[i].topic : topics | flags[i].topic;
            log_set_level(topics ? LOG_LV_DEBUG : LOG_LV_INFO, topics);
            return 0;
        }
    return error_set(err, BRE_UPDATE, "invalid debug flag: %.64s", text);
}

void set_log_handle(struct request *req, const Wire__UpdateRequest *msg)
{
    Wire__UpdateReply reply = WIRE__UPDATE_REPLY__INIT;
    struct error err;
    int rc = 0;

    if (!req->session->who.is_admin) {
        request_refuse_code(req, BRE_ACCESS, "%s", error_code_text(BRE_ACCESS));
        return;
    }
    for (size_t i = 0; i < msg->n_items && rc == 0; i++)
        if (strcmp(msg->items[i]->key, "debuglevel") == 0)
            rc = set_level(msg->items[i]->value, &err);
        else if (strcmp(msg->items[i]->key, "debugflags") == 0)
            rc = set_flag(msg->items[i]->value, &err);
        else
            rc = error_set(&err, BRE_UPDATE, "the controller has no \"%.64s\" to set", msg->items[i]->key);
    if (rc < 0) {
        request_refuse(req, &err);
        return;
    }
    log_notice("uid %u changed what is logged: %s", req->session->who.uid,
               msg->n_items ? msg->items[0]->value : "nothing");
    request_reply(req, MSG_UPDATE_REPLY, &reply.base);
}
