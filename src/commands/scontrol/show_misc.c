/* show_misc.c - show daemons, aliases, licenses, assoc_mgr, slurmd. */
#include "config.h"
#include "scontrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/timefmt.h"
#include "wire/client.pb-c.h"

static const uint16_t host_fields[] = { FIELD_NODE_NAME, FIELD_NODE_HOST, FIELD_NODE_CPUS, FIELD_NODE_SOCKETS,
                                        FIELD_NODE_CORES, FIELD_NODE_THREADS, FIELD_NODE_MEM, FIELD_NODE_TMP,
                                        FIELD_NODE_BOOT_TIME, FIELD_NODE_VERSION, 0 };

static struct table *all_nodes(struct scontrol *sc)
{
    Wire__QueryRequest req = WIRE__QUERY_REQUEST__INIT;
    struct error err = { 0 };
    char message[2 * ERROR_TEXT_MAX];
    struct table *table;

    req.has_table = true;
    req.table = QUERY_NODES;
    req.has_all = true;
    req.all = true;
    if (!(table = scontrol_query(sc, &req, host_fields, &err)))
        fprintf(stderr, "slurm_load_node error: %s\n", scontrol_error_text(&err, message, sizeof message));
    return table;
}

/* The first node of this host; its number of rows if there is none. */
static size_t node_here(const struct table *nodes)
{
    const char *name = getenv("SLURMD_NODENAME");
    char host[256] = "";
    size_t i;

    gethostname(host, sizeof host - 1);
    host[strcspn(host, ".")] = '\0';
    for (i = 0; i < table_rows(nodes); i++) {
        const char *node = table_text(nodes, FIELD_NODE_NAME, i), *told = table_text(nodes, FIELD_NODE_HOST, i);

        if (name ? !strcmp(node, name) : !strcmp(node, host) || (told && !strcmp(told, host)))
            break;
    }
    return i;
}

int show_daemons(struct scontrol *sc, int argc, char **argv)
{
    Wire__Empty ask = WIRE__EMPTY__INIT;
    struct error err = { 0 };
    char host[256] = "";
    const char *here = "";
    struct table *nodes;
    Wire__PingReply *reply;

    (void)argc, (void)argv;
    gethostname(host, sizeof host - 1);
    if (!(nodes = all_nodes(sc)))
        return -1;
    reply = (Wire__PingReply *)scontrol_call(sc, MSG_PING, &ask.base, MSG_PING_REPLY, &err);
    if (reply && reply->host && !strcmp(reply->host, host))
        here = "slurmctld ";
    printf("%s%s\n", here, node_here(nodes) < table_rows(nodes) ? "slurmd" : "");
    if (reply)
        rpc_msg_free(&reply->base);
    table_destroy(nodes);
    return 0;
}

int show_aliases(struct scontrol *sc, int argc, char **argv)
{
    char host[256] = "";
    const char *wanted = argc ? argv[0] : host;
    struct table *nodes = all_nodes(sc);
    bool some = false;

    if (!nodes)
        return -1;
    gethostname(host, sizeof host - 1);
    for (size_t i = 0; i < table_rows(nodes); i++) {
        const char *told = table_text(nodes, FIELD_NODE_HOST, i);

        if (told && !strcmp(told, wanted)) {
            printf("%s%s", some ? " " : "", table_text(nodes, FIELD_NODE_NAME, i));
            some = true;
        }
    }
    if (some)
        putchar('\n');
    table_destroy(nodes);
    return 0;
}

int show_slurmd(struct scontrol *sc, int argc, char **argv)
{
    struct table *nodes;
    char buf[TIME_TEXT_MAX];
    size_t i;

    if (argc)
        setenv("SLURMD_NODENAME", argv[0], 1);
    if (!(nodes = all_nodes(sc)))
        return -1;
    if ((i = node_here(nodes)) == table_rows(nodes)) {
        fputs("slurm_load_slurmd_status: no node of the cluster is on this host: see scontrol show node\n", stderr);
        table_destroy(nodes);
        return -1;
    }
#define LINE(key, fmt, value) printf("%-25s= " fmt "\n", key, value)
    LINE("Actual CPUs", "%lld", (long long)table_int(nodes, FIELD_NODE_CPUS, i));
    LINE("Actual Boards", "%d", 1);
    LINE("Actual sockets", "%lld", (long long)table_int(nodes, FIELD_NODE_SOCKETS, i));
    LINE("Actual cores", "%lld", (long long)table_int(nodes, FIELD_NODE_CORES, i));
    LINE("Actual threads per core", "%lld", (long long)table_int(nodes, FIELD_NODE_THREADS, i));
    LINE("Actual real memory", "%lld MB", (long long)table_int(nodes, FIELD_NODE_MEM, i));
    LINE("Actual temp disk space", "%lld MB", (long long)table_int(nodes, FIELD_NODE_TMP, i));
    LINE("Boot time", "%s", time_at_format((time_t)table_int(nodes, FIELD_NODE_BOOT_TIME, i), NULL, buf));
    LINE("Hostname", "%s", table_text(nodes, FIELD_NODE_NAME, i));
    LINE("Version", "%s", table_text(nodes, FIELD_NODE_VERSION, i) ? table_text(nodes, FIELD_NODE_VERSION, i) : "(null)");
#undef LINE
    putchar('\n');
    table_destroy(nodes);
    return 0;
}

/* How many of the license running jobs have: "matlab:2,other" in each. */
static long licenses_used(const struct table *jobs, const char *name, size_t name_len)
{
    long used = 0;

    for (size_t i = 0; i < table_rows(jobs); i++) {
        const char *p = table_text(jobs, FIELD_JOB_LICENSES, i);

        for (; p && *p; p += strcspn(p, ","), p += *p == ',') {
            size_t len = strcspn(p, ":,");

            if (len == name_len && !strncmp(p, name, len))
                used += p[len] == ':' ? strtol(p + len + 1, NULL, 10) : 1;
        }
    }
    return used;
}

static int print_licenses(struct scontrol *sc, const char *text, const char *only)
{
    static const uint16_t fields[] = { FIELD_JOB_LICENSES, 0 };
    Wire__QueryRequest req = WIRE__QUERY_REQUEST__INIT;
    struct error err = { 0 };
    char message[2 * ERROR_TEXT_MAX];
    struct table *jobs;

    req.has_table = true;
    req.table = QUERY_JOBS;
    req.has_all = true;
    req.all = true;
    req.states = (char *)"RUNNING,SUSPENDED,COMPLETING";
    if (!(jobs = scontrol_query(sc, &req, fields, &err))) {
        fprintf(stderr, "slurm_load_licenses error: %s\n", scontrol_error_text(&err, message, sizeof message));
        return -1;
    }
    for (const char *p = text; *p; p += strcspn(p, ","), p += *p == ',') {
        size_t len = strcspn(p, ":,");
        long total = p[len] == ':' ? strtol(p + len + 1, NULL, 10) : 1, used = licenses_used(jobs, p, len);

        if (only && (strlen(only) != len || strncmp(only, p, len)))
            continue;
        printf("LicenseName=%.*s%sTotal=%ld Used=%ld Free=%ld Reserved=0 Remote=no\n", (int)len, p,
               sc->oneliner ? " " : "\n    ", total, used, total > used ? total - used : 0);
    }
    table_destroy(jobs);
    return 0;
}

int show_licenses(struct scontrol *sc, int argc, char **argv)
{
    Wire__Empty ask = WIRE__EMPTY__INIT;
    struct error err = { 0 };
    char text[2 * ERROR_TEXT_MAX];
    const char *licenses = NULL;
    Wire__ConfigReply *reply;
    int rc = 0;

    if (!(reply = (Wire__ConfigReply *)scontrol_call(sc, MSG_SHOW_CONFIG, &ask.base, MSG_CONFIG_REPLY, &err))) {
        fprintf(stderr, "slurm_load_licenses error: %s\n", scontrol_error_text(&err, text, sizeof text));
        return -1;
    }
    for (size_t i = 0; i < reply->n_items; i++)
        if (!strcmp(reply->items[i]->key, "Licenses") && strcmp(reply->items[i]->value, "(null)"))
            licenses = reply->items[i]->value;
    if (licenses)
        rc = print_licenses(sc, licenses, argc ? argv[0] : NULL);
    else if (!sc->quiet)
        puts("No licenses configured in Slurm.");
    rpc_msg_free(&reply->base);
    return rc;
}

int show_assoc_mgr(struct scontrol *sc, int argc, char **argv)
{
    unsigned what = 0;

    (void)sc;
    for (int i = 0; i < argc; i++) {
        if (!strncasecmp(argv[i], "flags=", 6))
            what |= (strcasestr(argv[i], "user") ? 1u : 0) | (strcasestr(argv[i], "assoc") ? 2u : 0)
                    | (strcasestr(argv[i], "qos=") || strcasestr(argv[i] + 6, "qos") ? 4u : 0);
        else if (strncasecmp(argv[i], "users=", 6) && strncasecmp(argv[i], "accounts=", 9)
                 && strncasecmp(argv[i], "qos=", 4)) {
            fprintf(stderr, "scontrol: error: invalid option:%s for keyword:show assoc_mgr\n", argv[i]);
            return -1;
        }
    }
    what = what ? what : 7;
    puts("Current Association Manager state\n");
    if (what & 1)
        puts("No users currently cached in Slurm.\n\n");
    if (what & 2)
        puts("No associations currently cached in Slurm.\n\n");
    if (what & 4)
        puts("No QOS currently cached in Slurm.\n");
    return 0;
}
