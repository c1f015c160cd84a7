/* keywords.c - what scontrol can be told to do: names, how far they may be shortened, what runs. */
#include "config.h"
#include "scontrol.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util/mem.h"
#include "util/version.h"

/* A keyword and the fewest letters that are enough for it.  The first that fits is meant. */
struct keyword {
    const char *name;
    size_t min_len;
    keyword_f *run;
    int min_args, max_args;
    const char *few, *many; /* said when there are too few or too many words; NULL: the usual */
};

static keyword_f cmd_show, cmd_help, cmd_quit, cmd_all, cmd_hide, cmd_oneliner, cmd_details, cmd_quiet,
    cmd_verbose, cmd_version;

#define FEW_UPDATE "too few arguments for %s keyword\n"
#define FEW_MISSING "missing argument for keyword:%s\n"
static const struct keyword keywords[] = {
    { "abort", 5, cmd_abort },
    { "all", 2, cmd_all },
    { "cancel_reboot", 3, cmd_cancel_reboot, 1, 1, FEW_MISSING },
    { "cluster", 2, cmd_cluster, 0, 1 },
    { "completing", 2, cmd_completing },
    { "create", 2, cmd_create, 1, MAX_WORDS, FEW_UPDATE },
    { "details", 1, cmd_details },
    { "delete", 1, cmd_delete, 1, 2, FEW_UPDATE },
    { "errnumstr", 2, cmd_errnumstr, 1, 1, "one arguments required for keyword:%s\n", "one arguments required for keyword:%s\n" },
    { "exit", 1, cmd_quit },
    { "fsdampeningfactor", 3, cmd_fsdampeningfactor, 1, 1 },
    { "help", 2, cmd_help },
    { "hide", 2, cmd_hide },
    { "hold", 4, cmd_hold, 1, MAX_WORDS },
    { "holdu", 5, cmd_uhold, 1, MAX_WORDS },
    { "listpids", 1, cmd_listpids, 0, 2 },
    { "listjobs", 5, cmd_listjobs, 0, 1 },
    { "liststeps", 5, cmd_liststeps, 0, 1 },
    { "notify", 1, cmd_notify, 2, MAX_WORDS },
    { "oneliner", 1, cmd_oneliner },
    { "pidinfo", 3, cmd_pidinfo, 1, 1, FEW_MISSING },
    { "ping", 3, cmd_ping },
    { "power", 3, cmd_power, 1, MAX_WORDS },
    { "quiet", 4, cmd_quiet },
    { "quit", 4, cmd_quit },
    { "reboot", 3, cmd_reboot, 0, MAX_WORDS },
    { "reconfigure", 3, cmd_reconfigure, 0, MAX_WORDS },
    { "release", 3, cmd_release, 1, MAX_WORDS },
    { "requeue", 3, cmd_requeue, 1, MAX_WORDS },
    { "requeuehold", 8, cmd_requeuehold, 1, MAX_WORDS },
    { "resume", 3, cmd_resume, 1, MAX_WORDS },
    { "schedloglevel", 3, cmd_schedloglevel, 1, 1 },
    { "setdebug", 2, cmd_setdebug, 1, 1 },
    { "setdebugflags", 9, cmd_setdebugflags, 1, MAX_WORDS },
    { "show", 3, cmd_show, 1, MAX_WORDS },
    { "shutdown", 8, cmd_shutdown, 0, 1 },
    { "suspend", 2, cmd_suspend, 1, MAX_WORDS },
    { "takeover", 8, cmd_takeover, 0, 1 },
    { "token", 3, cmd_token, 0, MAX_WORDS },
    { "top", 3, cmd_top, 1, MAX_WORDS },
    { "update", 1, cmd_update, 1, MAX_WORDS, FEW_UPDATE },
    { "uhold", 2, cmd_uhold, 1, MAX_WORDS },
    { "verbose", 4, cmd_verbose },
    { "version", 4, cmd_version },
    { "wait_job", 2, cmd_wait_job, 1, 1 },
    { "write", 5, cmd_write, 1, 3 },
};

static const struct keyword entities[] = {
    { "aliases", 1, show_aliases, 0, 1 },
    { "assoc_mgr", 2, show_assoc_mgr, 0, MAX_WORDS },
    { "bbstat", 2, show_nothing, 0, MAX_WORDS },
    { "burstbuffer", 2, show_nothing, 0, MAX_WORDS },
    { "config", 1, show_config, 0, 1 },
    { "daemons", 1, show_daemons },
    { "dwstat", 2, show_nothing, 0, MAX_WORDS },
    { "federation", 1, show_nothing, 0, 1 },
    { "frontend", 2, show_frontend, 0, 1 },
    { "hostlist", 5, show_hostlist, 0, 1 },
    { "hostlistsorted", 9, show_hostlistsorted, 0, 1 },
    { "hostnames", 5, show_hostnames, 0, 1 },
    { "jobs", 1, show_job, 0, 1 },
    { "jobid", 4, show_job, 0, 1 },
    { "licenses", 2, show_licenses, 0, 1 },
    { "nodes", 1, show_node, 0, 1 },
    { "partitions", 2, show_part, 0, 1 },
    { "reservations", 1, show_resv, 0, 1 },
    { "slurmd", 2, show_slurmd, 0, 1 },
    { "steps", 2, show_step, 0, 1 },
    { "topology", 1, show_topology, 0, 1 },
    { "why", 1, show_why, 1, 1 },
};

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

void scontrol_help(void)
{
    fputs("Usage: scontrol [OPTION]... [KEYWORD [ARGUMENT]...]\n"
          "Look at and change the state of the cluster.  Without a keyword: interactive.\n"
          "\n"
          "  -a, --all  -d, --details  -F, --future  -o, --oneliner  -Q, --quiet\n"
          "  -M, --cluster NAME  -u, --uid USER  -v, --verbose  --hide  -h, --help  -V, --version\n"
          "\n"
          "  show why JOB               why it does not run, and what would let it start\n"
          "  show job|step|node|partition|reservation|config|daemons|licenses|topology|aliases [ID]\n"
          "  show hostnames|hostlist|hostlistsorted [LIST]\n"
          "  update KEY=VALUE...        change a job, node or partition\n"
          "  create|delete partition=NAME|reservation=NAME [KEY=VALUE...]\n"
          "  hold|uhold|release JOB...  keep pending jobs from starting, and let them go\n"
          "  requeue|requeuehold JOB... start again from the beginning\n"
          "  suspend|resume JOB...      stop and continue the processes of a job\n"
          "  top JOB...                 put first among the pending jobs of its owner\n"
          "  notify JOB TEXT            write to the standard error of a job\n"
          "  wait_job JOB               wait until the job has started\n"
          "  write batch_script JOB [FILE|-]   write config [FILE]\n"
          "  listpids [JOB[.STEP]] [NODE]  listjobs  liststeps  pidinfo PID\n"
          "  setdebug LEVEL  setdebugflags [+|-]FLAG  reboot [ASAP] NODES  cancel_reboot NODES\n"
          "  completing  ping  reconfigure  shutdown [slurmctld]  errnumstr NUMBER  cluster\n"
          "  all  hide  details  oneliner  quiet  verbose  version  help  !!  quit\n"
          "\n"
          "See scontrol(1).\n",
          stdout);
}

static int cmd_help(struct scontrol *sc, int argc, char **argv)
{
    (void)sc, (void)argc, (void)argv;
    scontrol_help();
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

/* Controls are printed as "?": the word may come from anywhere. */
static int fail(const struct scontrol *sc, const char *before, const char *word, const char *after)
{
    if (sc->quiet)
        return -1;
    fputs(before, stderr);
    for (; *word; word++)
        fputc((unsigned char)*word < 0x20 || *word == 0x7f ? '?' : *word, stderr);
    fputs(after, stderr);
    return -1;
}

static int run_keyword(const struct keyword *kw, struct scontrol *sc, int argc, char **argv, const char *word)
{
    const char *few = kw->few ? kw->few : "too few arguments for keyword:%s\n";
    const char *many = kw->many ? kw->many : "too many arguments for keyword:%s\n";

    if (argc < kw->min_args || argc > kw->max_args) {
        const char *text = argc < kw->min_args ? few : many, *gap = strstr(text, "%s");
        CLEANUP_FREE char *before = xstrndup(text, (size_t)(gap - text));

        return fail(sc, before, word, gap + 2);
    }
    return kw->run(sc, argc, argv);
}

/* "show job=12" and "show job 12" are the same. */
static int cmd_show(struct scontrol *sc, int argc, char **argv)
{
    const struct keyword *kw;
    char *value = strchr(argv[0], '=');
    char *words[MAX_WORDS + 1] = { NULL };
    int num = 0;

    if (value) {
        *value++ = '\0';
        words[num++] = value;
    }
    for (int i = 1; i < argc && num < MAX_WORDS; i++)
        words[num++] = argv[i];
    if (!(kw = find(entities, ARRAY_SIZE(entities), argv[0])))
        return fail(sc, "invalid entity:", argv[0], " for keyword:show \n");
    if (num > kw->max_args)
        return fail(sc, "too many arguments for keyword:", "show", "\n");
    return run_keyword(kw, sc, num, words, argv[0]);
}

int run_words(struct scontrol *sc, int argc, char **argv)
{
    const struct keyword *kw = find(keywords, ARRAY_SIZE(keywords), argv[0]);
    int rc = kw ? run_keyword(kw, sc, argc - 1, argv + 1, argv[0])
                : fail(sc, "invalid keyword: ", argv[0], "\n");

    fflush(stdout);
    return rc < 0 ? 1 : 0;
}
