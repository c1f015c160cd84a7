/* admin.c - keywords about the controller itself: config, ping, reconfigure, shutdown, and small ones. */
#include "config.h"
#include "scontrol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/timefmt.h"
#include "wire/client.pb-c.h"

int show_config(struct scontrol *sc, int argc, char **argv)
{
    Wire__Empty ask = WIRE__EMPTY__INIT;
    Wire__ConfigReply *reply;
    struct error err = { 0 };
    char text[2 * ERROR_TEXT_MAX], when[TIME_TEXT_MAX];
    bool found = !argc, headed = false;

    if (!(reply = (Wire__ConfigReply *)scontrol_call(sc, MSG_SHOW_CONFIG, &ask.base, MSG_CONFIG_REPLY, &err))) {
        fprintf(stderr, "slurm_load_ctl_conf error: %s\n", scontrol_error_text(&err, text, sizeof text));
        return -1;
    }
    if (!argc)
        printf("Configuration data as of %s\n", time_at_format(time(NULL), NULL, when));
    for (size_t i = 0; i < reply->n_items; i++) {
        const Wire__KeyValue *item = reply->items[i];

        if (argc && strcasecmp(argv[0], item->key))
            continue;
        found = true;
        if (!argc && !headed && !strncmp(item->key, "PMIx", 4)) {
            fputs("\nMPI Plugins Configuration:\n", stdout);
            headed = true;
        }
        printf("%-23s = %s\n", item->key, item->value ? item->value : "(null)");
    }
    rpc_msg_free(&reply->base);
    if (!found) {
        fprintf(stderr, "scontrol: error: no configuration key %s: see scontrol show config\n", argv[0]);
        return -1;
    }
    if (!argc)
        putchar('\n');
    return argc ? 0 : cmd_ping(sc, 0, NULL);
}

int cmd_ping(struct scontrol *sc, int argc, char **argv)
{
    Wire__Empty ask = WIRE__EMPTY__INIT;
    Wire__PingReply *reply;
    struct error err = { 0 };

    (void)argc, (void)argv;
    reply = (Wire__PingReply *)scontrol_call(sc, MSG_PING, &ask.base, MSG_PING_REPLY, &err);
    if (!reply) {
        printf("Slurmctld(primary) is DOWN\n");
        fprintf(stderr, "scontrol: error: %s\n", err.text);
        return -1;
    }
    printf("Slurmctld(primary) at %s is UP\n", reply->host ? reply->host : "(null)");
    rpc_msg_free(&reply->base);
    return 0;
}

static int simple(struct scontrol *sc, unsigned type, const ProtobufCMessage *ask, const char *what)
{
    struct error err = { 0 };
    char text[2 * ERROR_TEXT_MAX];
    ProtobufCMessage *reply = scontrol_call(sc, type, ask, MSG_OK, &err);

    if (!reply) {
        fprintf(stderr, "%s error: %s\n", what, scontrol_error_text(&err, text, sizeof text));
        return -1;
    }
    rpc_msg_free(reply);
    return 0;
}

int cmd_reconfigure(struct scontrol *sc, int argc, char **argv)
{
    Wire__Empty ask = WIRE__EMPTY__INIT;

    (void)argc, (void)argv;
    return simple(sc, MSG_RECONFIGURE, &ask.base, "slurm_reconfigure");
}

int cmd_shutdown(struct scontrol *sc, int argc, char **argv)
{
    Wire__ShutdownRequest ask = WIRE__SHUTDOWN_REQUEST__INIT;

    if (argc && strncasecmp(argv[0], "slurmctld", strlen(argv[0])) && strcasecmp(argv[0], "bramblectld")) {
        fprintf(stderr, "invalid argument:%s for keyword:shutdown\n", argv[0]);
        return -1;
    }
    ask.has_controller_only = true;
    ask.controller_only = argc > 0;
    return simple(sc, MSG_SHUTDOWN, &ask.base, "slurm_shutdown");
}

static const struct errnum {
    uint32_t number;
    const char *text;
} errnums[] = {
#define ERRNUM(number, text) { number, text },
#include "errnums.def"
#undef ERRNUM
};

static int by_number(const void *key, const void *entry)
{
    uint32_t number = *(const uint32_t *)key, other = ((const struct errnum *)entry)->number;

    return number < other ? -1 : number > other;
}

/* The numbers are Slurm's: they come from its programs and from what is written about them. */
int cmd_errnumstr(struct scontrol *sc, int argc, char **argv)
{
    const struct errnum *found;
    uint32_t number;

    (void)sc, (void)argc;
    if (num_parse_u32(argv[0], 0, INT32_MAX, &number, "errnumstr", NULL) < 0) {
        fputs("numeric arguments required for keyword:errnumstr\n", stderr);
        return -1;
    }
    found = bsearch(&number, errnums, ARRAY_SIZE(errnums), sizeof *errnums, by_number);
    puts(found ? found->text : number ? strerror((int)number) : "No error");
    return 0;
}

int cmd_completing(struct scontrol *sc, int argc, char **argv)
{
    static const uint16_t fields[] = { FIELD_JOB_ID, FIELD_JOB_END_TIME, FIELD_JOB_NODE_LIST, 0 };
    Wire__QueryRequest req = WIRE__QUERY_REQUEST__INIT;
    struct error err = { 0 };
    struct table *table;
    char text[2 * ERROR_TEXT_MAX], when[TIME_TEXT_MAX];

    (void)argc, (void)argv;
    req.has_table = true;
    req.table = QUERY_JOBS;
    req.states = (char *)"COMPLETING";
    req.has_all = true;
    req.all = true;
    if (!(table = scontrol_query(sc, &req, fields, &err))) {
        fprintf(stderr, "slurm_load_jobs error: %s\n", scontrol_error_text(&err, text, sizeof text));
        return -1;
    }
    for (size_t i = 0; i < table_rows(table); i++) {
        const char *nodes = table_text(table, FIELD_JOB_NODE_LIST, i);

        printf("JobId=%lld EndTime=%s CompletingTime=%s Nodes(COMPLETING)=%s\n",
               (long long)table_int(table, FIELD_JOB_ID, i),
               time_at_format((time_t)table_int(table, FIELD_JOB_END_TIME, i), NULL, when),
               duration_format_full(table_now(table) - table_int(table, FIELD_JOB_END_TIME, i), text),
               nodes ? nodes : "");
    }
    table_destroy(table);
    return 0;
}

/* What the controller logs, until it reads its configuration again. */
static int set_log(struct scontrol *sc, const char *key, char *value)
{
    Wire__UpdateRequest req = WIRE__UPDATE_REQUEST__INIT;
    Wire__KeyValue item = WIRE__KEY_VALUE__INIT, *items[] = { &item };
    ProtobufCMessage *reply;
    struct error err = { 0 };
    char text[2 * ERROR_TEXT_MAX];

    item.key = (char *)key;
    item.value = value;
    req.entity = (char *)"controller";
    req.items = items;
    req.n_items = 1;
    if (!(reply = scontrol_call(sc, MSG_UPDATE, &req.base, MSG_UPDATE_REPLY, &err))) {
        if (err.code == BRE_UPDATE)
            fprintf(stderr, "%s\n", err.text);
        else
            fprintf(stderr, "slurm_set_debug%s error: %s\n", strcmp(key, "debuglevel") ? "flags" : "_level",
                    scontrol_error_text(&err, text, sizeof text));
        return -1;
    }
    rpc_msg_free(reply);
    return 0;
}

int cmd_setdebug(struct scontrol *sc, int argc, char **argv)
{
    (void)argc;
    return set_log(sc, "debuglevel", argv[0]);
}

int cmd_setdebugflags(struct scontrol *sc, int argc, char **argv)
{
    int rc = 0;

    for (int i = 0; i < argc && rc == 0; i++)
        if ((rc = set_log(sc, "debugflags", argv[i])) < 0)
            fputs("Usage: setdebugflags [+|-]NAME\n", stderr);
    return rc;
}

int cmd_cluster(struct scontrol *sc, int argc, char **argv)
{
    (void)sc;
    return argc ? scontrol_cluster(argv[0]) : 0;
}

int cmd_power(struct scontrol *sc, int argc, char **argv)
{
    (void)sc, (void)argc;
    if (strcasecmp(argv[0], "up") && strcasecmp(argv[0], "down")) {
        fprintf(stderr, "invalid argument:%s for keyword:power\n", argv[0]);
        return -1;
    }
    fputs("scontrol: error: power: this cluster cannot switch boards on and off; to take one out of service use "
          "scontrol update nodename=NODE state=drain reason=TEXT\n",
          stderr);
    return -1;
}

/* reboot [ASAP] [nextstate=RESUME|DOWN] [reason=TEXT] ALL|NODES */
int cmd_reboot(struct scontrol *sc, int argc, char **argv)
{
    (void)sc;
    for (; argc; argc--, argv++)
        if (strcasecmp(argv[0], "asap") && strncasecmp(argv[0], "nextstate=", 10)
            && strncasecmp(argv[0], "reason=", 7))
            break;
    if (!argc) {
        fputs("Missing node list. Specify ALL|<NodeList>\n", stderr);
        return -1;
    }
    fputs("scontrol: error: RebootProgram isn't defined\n"
          "scontrol_reboot_nodes error: this cluster has no program that reboots boards; drain them with scontrol "
          "update state=drain and reboot them by hand: they come back by themselves\n",
          stderr);
    return -1;
}

int cmd_cancel_reboot(struct scontrol *sc, int argc, char **argv)
{
    (void)sc, (void)argc, (void)argv;
    fputs("slurm_update error: Invalid node state specified: no reboot is pending there\n", stderr);
    return -1;
}
