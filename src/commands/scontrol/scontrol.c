/* scontrol.c - looks at and changes the cluster: one keyword from the command line, or many in turn. */
#include "config.h"
#include "scontrol.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "client/client.h"
#include "util/error.h"
#include "util/jobid.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/version.h"
#include "wire/client.pb-c.h"

struct source *scontrol_source(struct scontrol *sc)
{
    if (!sc->source)
        sc->source = source_controller();
    return sc->source;
}

static void drop_lost(struct scontrol *sc, const struct error *err)
{
    if (err->code == BRE_CLOSED || err->code == BRE_TIMEOUT || err->code == BRE_NO_CONTACT) {
        source_close(sc->source);
        sc->source = NULL;
    }
}

ProtobufCMessage *scontrol_call(struct scontrol *sc, unsigned type, const ProtobufCMessage *request,
                                unsigned want, struct error *err)
{
    struct source *source = scontrol_source(sc);
    ProtobufCMessage *reply = source->call(source, type, request, want, err);

    if (!reply)
        drop_lost(sc, err);
    return reply;
}

struct table *scontrol_query(struct scontrol *sc, Wire__QueryRequest *req, const uint16_t *fields,
                             struct error *err)
{
    struct source *source = scontrol_source(sc);
    struct table *table;
    uint32_t ids[128];

    for (req->n_fields = 0; fields[req->n_fields] && req->n_fields < ARRAY_SIZE(ids); req->n_fields++)
        ids[req->n_fields] = fields[req->n_fields];
    req->fields = ids;
    if (!(table = source->query(source, req, err)))
        drop_lost(sc, err);
    return table;
}

const char *scontrol_error_text(const struct error *err, char *buf, size_t size)
{
    return refusal_text(err, buf, size);
}

int scontrol_job_id(struct scontrol *sc, const char *text, uint32_t *job_id, struct error *err)
{
    static const uint16_t fields[] = { FIELD_JOB_ID, 0 };
    Wire__QueryRequest req = WIRE__QUERY_REQUEST__INIT;
    char *ids[] = { (char *)text };
    struct table *table;
    struct jobid id;

    if (jobid_parse(text, &id, NULL) < 0)
        return error_set(err, BRE_JOB_ID, "%s", error_code_text(BRE_JOB_ID));
    jobid_fini(&id);
    req.has_table = req.has_all = req.all = true;
    req.table = QUERY_JOBS;
    req.job_ids = ids;
    req.n_job_ids = 1;
    if (!(table = scontrol_query(sc, &req, fields, err)))
        return -1;
    *job_id = table_rows(table) ? (uint32_t)table_int(table, FIELD_JOB_ID, 0) : 0;
    table_destroy(table);
    return *job_id ? 0 : error_set(err, BRE_JOB_ID, "%s", error_code_text(BRE_JOB_ID));
}

const char *scontrol_reason(int code, const char *text)
{
    const char *standard = error_code_text(code);
    size_t len = strlen(standard);

    if (!text || strncmp(text, standard, len) != 0)
        return text ? text : "";
    text += len;
    return text + strspn(text, ":;, ");
}

void scontrol_job_failure(const struct scontrol *sc, int code, const char *id, const char *text, const char *tail)
{
    const char *standard = code ? error_code_text(code) : "No error", *reason = scontrol_reason(code, text);

    if (sc->quiet)
        return;
    if (strchr(id, '_')) /* tasks of an array */
        fprintf(stderr, "%s: %s", id, standard);
    else
        fprintf(stderr, "%s for job %s", standard, id);
    if (*reason && strcmp(reason, id) != 0)
        fprintf(stderr, ": %s", reason);
    fputc('\n', stderr);
    if (tail && !strchr(id, '_'))
        fprintf(stderr, "%s: %s\n", tail, standard);
}

/* Splits a line at blanks; quotes keep them. */
static int split_line(char *line, char **words)
{
    int num = 0;

    for (char *at = line; *at && num < MAX_WORDS;) {
        char *to, quote = '\0';

        at += strspn(at, " \t\n");
        if (!*at || *at == '#')
            break;
        words[num++] = to = at;
        for (; *at && (quote || !strchr(" \t\n", *at)); at++)
            if (quote ? *at == quote : *at == '"' || *at == '\'')
                quote = quote ? '\0' : *at;
            else
                *to++ = *at;
        if (*at)
            at++;
        *to = '\0';
    }
    return num;
}

static void interactive(struct scontrol *sc)
{
    CLEANUP_FREE char *line = NULL;
    CLEANUP_FREE char *last = NULL;
    char *words[MAX_WORDS];
    size_t cap = 0;

    while (!sc->quit) {
        int num;

        fputs("scontrol: ", stdout);
        fflush(stdout);
        if (getline(&line, &cap, stdin) < 0) {
            putchar('\n');
            break;
        }
        if (!isatty(STDIN_FILENO)) /* the terminal has shown it otherwise */
            printf("%s%s", line, strchr(line, '\n') ? "" : "\n");
        if (!strncmp(line, "!!", 2)) {
            if (!last) {
                sc->exit_code = 1;
                continue;
            }
            free(line);
            line = xstrdup(last);
            cap = strlen(line) + 1;
        } else {
            free(last);
            last = xstrdup(line);
        }
        if ((num = split_line(line, words)))
            sc->exit_code |= run_words(sc, num, words);
    }
}

int scontrol_cluster(const char *name)
{
    struct error err = { 0 };
    struct rpc_client *client = controller_open(&err);
    char found[256];
    int rc = client ? cluster_name_check(client, name, found, &err) : -1;

    rpc_client_close(client);
    if (rc < 0)
        fprintf(stderr, "scontrol: error: %s\n", err.text);
    return rc;
}

/* Updates are made as the caller; root becomes the user instead of claiming to be him. */
static int uid_of(const char *name, struct scontrol *sc)
{
    const struct passwd *pw = getpwnam(name);
    uint32_t uid;

    (void)sc;
    if (!pw && num_parse_u32(name, 0, UINT32_MAX - 1, &uid, "uid", NULL) == 0)
        pw = getpwuid((uid_t)uid);
    if (!pw) {
        fprintf(stderr, "scontrol: error: Invalid user id: %s\n", name);
        return -1;
    }
    if (pw->pw_uid == geteuid())
        return 0;
    if (setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0) {
        fprintf(stderr, "scontrol: error: --uid=%s: only root may act as another user: %s\n", name,
                strerror(errno));
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "all", no_argument, NULL, 'a' },      { "details", no_argument, NULL, 'd' },
        { "future", no_argument, NULL, 'F' },   { "help", no_argument, NULL, 'h' },
        { "hide", no_argument, NULL, 1 },       { "local", no_argument, NULL, 2 },
        { "json", optional_argument, NULL, 3 }, { "yaml", optional_argument, NULL, 4 },
        { "cluster", required_argument, NULL, 'M' }, { "clusters", required_argument, NULL, 'M' },
        { "oneliner", no_argument, NULL, 'o' }, { "quiet", no_argument, NULL, 'Q' },
        { "uid", required_argument, NULL, 'u' }, { "usage", no_argument, NULL, 'h' },
        { "verbose", no_argument, NULL, 'v' },  { "version", no_argument, NULL, 'V' },
        { "federation", no_argument, NULL, 2 }, { "sibling", no_argument, NULL, 2 },
        { NULL, 0, NULL, 0 },
    };
    struct scontrol sc = { .all = getenv("SCONTROL_ALL") != NULL, .argv = argv };
    const char *clusters = getenv("SLURM_CLUSTERS");
    int opt;

    while ((opt = getopt_long(argc, argv, "adFhM:oQu:vV", options, NULL)) != -1)
        switch (opt) {
        case 'a':
            sc.all = true;
            break;
        case 'd':
            sc.details = true;
            break;
        case 'F': /* every configured node is listed anyway */
        case 2:   /* there is one cluster */
            break;
        case 'v':
            sc.quiet = false;
            break;
        case 'h':
            scontrol_help();
            return 0;
        case 1:
            sc.all = false;
            break;
        case 3:
        case 4:
            sc.doc = opt == 3 ? DOC_JSON : DOC_YAML;
            if (doc_parser_check(optarg) < 0)
                return 1;
            break;
        case 'M':
            clusters = optarg;
            break;
        case 'o':
            sc.oneliner = true;
            break;
        case 'Q':
            sc.quiet = true;
            break;
        case 'u':
            if (uid_of(optarg, &sc) < 0)
                return 1;
            break;
        case 'V':
            puts(bramble_version());
            return 0;
        default:
            fputs("Try \"scontrol --help\" for more information\n", stderr);
            return 1;
        }
    if (clusters && scontrol_cluster(clusters) < 0)
        return 1;
    if (optind < argc)
        sc.exit_code = run_words(&sc, argc - optind, argv + optind);
    else
        interactive(&sc);
    source_close(sc.source);
    return sc.exit_code;
}
