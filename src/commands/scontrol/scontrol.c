/* scontrol.c - looks at and changes the cluster: one keyword from the command line, or many in turn. */
#include "config.h"
#include "scontrol.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "client/client.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/version.h"
#include "wire/client.pb-c.h"

#define MAX_WORDS 256

/* A keyword and the fewest letters that are enough for it. */
struct keyword {
    const char *name;
    size_t min_len;
    keyword_f *run;
    int min_args, max_args;
    const char *refused; /* instead of run: why it cannot be used */
};

static keyword_f cmd_show, cmd_help, cmd_quit, cmd_all, cmd_hide, cmd_oneliner, cmd_details, cmd_quiet,
    cmd_verbose, cmd_version;

static const struct keyword keywords[] = {
    { "abort", 5, NULL, 0, 0, "the controller is ended with scontrol shutdown" },
    { "all", 3, cmd_all, 0, 0, NULL },
    { "cancel_reboot", 3, NULL, 0, 0, "nodes are not rebooted by the controller" },
    { "cluster", 2, NULL, 0, 0, "there is one cluster here" },
    { "completing", 3, cmd_completing, 0, 0, NULL },
    { "create", 2, NULL, 0, 0, "partitions are made in bramble.conf, then scontrol reconfigure" },
    { "delete", 3, NULL, 0, 0, "partitions are taken out of bramble.conf, then scontrol reconfigure" },
    { "details", 3, cmd_details, 0, 0, NULL },
    { "errnumstr", 2, cmd_errnumstr, 1, 1, NULL },
    { "exit", 1, cmd_quit, 0, 0, NULL },
    { "fsdampeningfactor", 3, NULL, 0, 0, "there is no fair share" },
    { "help", 2, cmd_help, 0, 0, NULL },
    { "hide", 2, cmd_hide, 0, 0, NULL },
    { "hold", 2, cmd_hold, 1, MAX_WORDS, NULL },
    { "holdu", 5, cmd_uhold, 1, MAX_WORDS, NULL },
    { "listpids", 3, NULL, 0, 0, "see the processes of a job with systemd-cgls or ps on its node" },
    { "notify", 1, cmd_notify, 2, MAX_WORDS, NULL },
    { "oneliner", 1, cmd_oneliner, 0, 0, NULL },
    { "pidinfo", 3, NULL, 0, 0, "see /proc/PID/cgroup on the node" },
    { "ping", 3, cmd_ping, 0, 0, NULL },
    { "quiet", 4, cmd_quiet, 0, 0, NULL },
    { "quit", 4, cmd_quit, 0, 0, NULL },
    { "reboot", 3, NULL, 0, 0, "nodes are not rebooted by the controller" },
    { "reconfigure", 3, cmd_reconfigure, 0, 0, NULL },
    { "release", 3, cmd_release, 1, MAX_WORDS, NULL },
    { "requeue", 3, cmd_requeue, 1, MAX_WORDS, NULL },
    { "requeuehold", 8, cmd_requeuehold, 1, MAX_WORDS, NULL },
    { "resume", 3, cmd_resume, 1, MAX_WORDS, NULL },
    { "schedloglevel", 3, NULL, 0, 0, "set log_level = \"debug,sched\" in bramble.conf" },
    { "setdebug", 8, NULL, 0, 0, "set log_level in bramble.conf, then scontrol reconfigure" },
    { "setdebugflags", 9, NULL, 0, 0, "set log_level in bramble.conf, then scontrol reconfigure" },
    { "show", 2, cmd_show, 1, MAX_WORDS, NULL },
    { "shutdown", 8, cmd_shutdown, 0, 1, NULL },
    { "suspend", 2, cmd_suspend, 1, MAX_WORDS, NULL },
    { "takeover", 8, NULL, 0, 0, "there is no second controller" },
    { "token", 3, NULL, 0, 0, "tokens are not supported yet" },
    { "top", 3, cmd_top, 1, MAX_WORDS, NULL },
    { "uhold", 2, cmd_uhold, 1, MAX_WORDS, NULL },
    { "update", 1, cmd_update, 1, MAX_WORDS, NULL },
    { "verbose", 4, cmd_verbose, 0, 0, NULL },
    { "version", 4, cmd_version, 0, 0, NULL },
    { "wait_job", 1, cmd_wait_job, 1, 1, NULL },
    { "write", 2, cmd_write, 1, 3, NULL },
};

static const struct keyword entities[] = {
    { "aliases", 1, NULL, 0, 0, "nodes have one name" },
    { "assoc_mgr", 2, NULL, 0, 0, "there are no associations yet" },
    { "bbstat", 2, NULL, 0, 0, "there are no burst buffers" },
    { "burstbuffer", 2, NULL, 0, 0, "there are no burst buffers" },
    { "config", 1, show_config, 0, 1, NULL },
    { "daemons", 1, show_daemons, 0, 0, NULL },
    { "federation", 3, NULL, 0, 0, "there is one cluster here" },
    { "hostlist", 8, show_hostlist, 0, 1, NULL },
    { "hostlistsorted", 9, show_hostlistsorted, 0, 1, NULL },
    { "hostnames", 5, show_hostnames, 0, 1, NULL },
    { "jobs", 1, show_job, 0, 1, NULL },
    { "jobid", 4, show_job, 0, 1, NULL },
    { "licenses", 2, NULL, 0, 0, "there are no licenses yet" },
    { "nodes", 1, show_node, 0, 1, NULL },
    { "partitions", 1, show_part, 0, 1, NULL },
    { "reservations", 1, NULL, 0, 0, "there are no reservations yet" },
    { "slurmd", 2, NULL, 0, 0, "ask with scontrol show node" },
    { "steps", 2, show_step, 0, 1, NULL },
    { "topology", 1, NULL, 0, 0, "there is no network topology yet" },
};

static struct source *controller(struct scontrol *sc)
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
    struct source *source = controller(sc);
    ProtobufCMessage *reply = source->call(source, type, request, want, err);

    if (!reply)
        drop_lost(sc, err);
    return reply;
}

struct table *scontrol_query(struct scontrol *sc, Wire__QueryRequest *req, const uint16_t *fields,
                             struct error *err)
{
    struct source *source = controller(sc);
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

/* ---- keywords that only change how scontrol itself behaves ---- */

static int cmd_all(struct scontrol *sc, int argc, char **argv)
{
    (void)argc, (void)argv;
    sc->all = true;
    return 0;
}

static int cmd_hide(struct scontrol *sc, int argc, char **argv)
{
    (void)argc, (void)argv;
    sc->all = false;
    return 0;
}

static int cmd_oneliner(struct scontrol *sc, int argc, char **argv)
{
    (void)argc, (void)argv;
    sc->oneliner = true;
    return 0;
}

static int cmd_details(struct scontrol *sc, int argc, char **argv)
{
    (void)argc, (void)argv;
    sc->details = true;
    return 0;
}

static int cmd_quiet(struct scontrol *sc, int argc, char **argv)
{
    (void)argc, (void)argv;
    sc->quiet = true;
    return 0;
}

static int cmd_verbose(struct scontrol *sc, int argc, char **argv)
{
    (void)argc, (void)argv;
    sc->quiet = false;
    return 0;
}

static int cmd_quit(struct scontrol *sc, int argc, char **argv)
{
    (void)argc, (void)argv;
    sc->quit = true;
    return 0;
}

static int cmd_version(struct scontrol *sc, int argc, char **argv)
{
    (void)sc, (void)argc, (void)argv;
    puts(bramble_version());
    return 0;
}

static int cmd_help(struct scontrol *sc, int argc, char **argv)
{
    (void)sc, (void)argc, (void)argv;
    fputs("Usage: scontrol [OPTION]... [KEYWORD [ARGUMENT]...]\n"
          "Look at and change the state of the cluster.  Without a keyword: interactive.\n"
          "\n"
          "  -a, --all  -d, --details  -o, --oneliner  -Q, --quiet  -v, --verbose\n"
          "  --hide  -h, --help  -V, --version\n"
          "\n"
          "  show job|step|node|partition|config|daemons [ID]\n"
          "  show hostnames|hostlist|hostlistsorted [LIST]\n"
          "  update KEY=VALUE...        change a job, node or partition\n"
          "  hold|uhold|release JOB...  keep pending jobs from starting, and let them go\n"
          "  requeue|requeuehold JOB... start again from the beginning\n"
          "  suspend|resume JOB...      stop and continue the processes of a job\n"
          "  top JOB...                 put first among one's own pending jobs\n"
          "  notify JOB TEXT            write to the standard error of a job\n"
          "  wait_job JOB               wait until the job has started\n"
          "  write batch_script JOB [FILE|-]\n"
          "  completing  ping  reconfigure  shutdown [slurmctld]  errnumstr NUMBER\n"
          "  all  hide  details  oneliner  quiet  verbose  version  help  quit\n"
          "\n"
          "See scontrol(1).\n",
          stdout);
    return 0;
}

/* ---- dispatch ---- */

static const struct keyword *find(const struct keyword *table, size_t num, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i < num; i++)
        if (len >= table[i].min_len && !strncasecmp(word, table[i].name, len)
            && len <= strlen(table[i].name))
            return &table[i];
    return NULL;
}

static int fail(const char *fmt, const char *word)
{
    fprintf(stderr, fmt, word);
    return -1;
}

static int run_keyword(const struct keyword *kw, struct scontrol *sc, int argc, char **argv, const char *word)
{
    if (kw->refused) {
        fprintf(stderr, "scontrol: error: %s is not supported: %s\n", kw->name, kw->refused);
        return -1;
    }
    if (argc < kw->min_args)
        return fail(!strcmp(kw->name, "update") ? "too few arguments for %s keyword\n"
                                                : "too few arguments for keyword:%s\n",
                    word);
    if (argc > kw->max_args)
        return fail("too many arguments for keyword:%s\n", word);
    return kw->run(sc, argc, argv);
}

/* "show job=12" and "show job 12" are the same. */
static int cmd_show(struct scontrol *sc, int argc, char **argv)
{
    const struct keyword *kw;
    char *value = strchr(argv[0], '=');
    char *words[2] = { NULL, NULL };
    int num = 0;

    if (argc > 2)
        return fail("too many arguments for keyword:%s\n", "show");
    if (value) {
        *value++ = '\0';
        words[num++] = value;
    } else if (argc > 1) {
        words[num++] = argv[1];
    }
    if (!(kw = find(entities, ARRAY_SIZE(entities), argv[0]))) {
        fprintf(stderr, "invalid entity:%s for keyword:show \n", argv[0]);
        return -1;
    }
    return run_keyword(kw, sc, num, words, argv[0]);
}

static void run_words(struct scontrol *sc, int argc, char **argv)
{
    const struct keyword *kw = find(keywords, ARRAY_SIZE(keywords), argv[0]);
    int rc;

    if (!kw) {
        fprintf(stderr, "invalid keyword: %s\n", argv[0]);
        rc = -1;
    } else {
        rc = run_keyword(kw, sc, argc - 1, argv + 1, argv[0]);
    }
    fflush(stdout);
    if (rc < 0)
        sc->exit_code = 1;
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
        if (!strncmp(line, "!!", 2) && last) {
            free(line);
            line = xstrdup(last);
            cap = strlen(line) + 1;
        } else {
            free(last);
            last = xstrdup(line);
        }
        if ((num = split_line(line, words)))
            run_words(sc, num, words);
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "all", no_argument, NULL, 'a' },      { "details", no_argument, NULL, 'd' },
        { "future", no_argument, NULL, 'F' },   { "help", no_argument, NULL, 'h' },
        { "hide", no_argument, NULL, 1 },       { "local", no_argument, NULL, 2 },
        { "cluster", required_argument, NULL, 'M' }, { "clusters", required_argument, NULL, 'M' },
        { "oneliner", no_argument, NULL, 'o' }, { "quiet", no_argument, NULL, 'Q' },
        { "uid", required_argument, NULL, 'u' }, { "usage", no_argument, NULL, 'h' },
        { "verbose", no_argument, NULL, 'v' },  { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    struct scontrol sc = { .all = getenv("SCONTROL_ALL") != NULL };
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
        case 'v':
            break;
        case 'h':
            cmd_help(&sc, 0, NULL);
            return 0;
        case 1:
            sc.all = false;
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
            fputs("scontrol: error: --uid is not supported: become that user instead\n", stderr);
            return 1;
        case 'V':
            puts(bramble_version());
            return 0;
        default:
            fputs("Try \"scontrol --help\" for more information\n", stderr);
            return 1;
        }
    if (clusters) {
        struct error err = { 0 };
        struct rpc_client *client = controller_open(&err);
        char name[256];
        int rc = client ? cluster_name_check(client, clusters, name, &err) : -1;

        rpc_client_close(client);
        if (rc < 0) {
            fprintf(stderr, "scontrol: error: %s\n", err.text);
            return 1;
        }
    }
    if (optind < argc)
        run_words(&sc, argc - optind, argv + optind);
    else
        interactive(&sc);
    source_close(sc.source);
    return sc.exit_code;
}
