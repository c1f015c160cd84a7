/* option_het.c - components of heterogeneous jobs: "sbatch -n1 : -n4 script" and "#SBATCH hetjob".
 *
 * A component has the options of the one before it, but for those that say how much of what it gets;
 * then come its own section of the script, the variables, and its own part of the command line.
 */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <stdlib.h>
#include <string.h>

#include "util/error.h"
#include "util/mem.h"

/* Options that each component gives for itself (as Slurm 22.05 does, tried out). */
static const char *const own[] = {
    "constraint", "contiguous", "cores-per-socket", "core-spec", "cpus-per-gpu", "cpus-per-task", "cpu-freq",
    "exclusive", "extra-node-info", "het-group", "gpus", "gpus-per-node", "gpus-per-socket", "gpus-per-task", "gres", "hint",
    "mem-per-cpu", "mem-per-gpu", "mincpus", "nodefile", "nodelist", "nodes", "ntasks", "ntasks-per-core",
    "ntasks-per-gpu", "ntasks-per-node", "ntasks-per-socket", "overcommit", "oversubscribe", "partition", "prefer",
    "reservation", "sockets-per-node", "spread-job", "switches", "thread-spec", "threads-per-core", "tmp",
    "use-min-nodes",
};

static bool is_own(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        if (!strcmp(own[i], name))
            return true;
    return false;
}

/* Take over what an earlier component was given.  Values are read again from their text: it was good
 * once, so it is now. */
static int inherit(struct job_options *o, const struct job_options *from, struct error *err)
{
    for (size_t i = 0; i < from->num_rows; i++) {
        const struct job_option *row = from->rows[i];
        bool flag = row->arg == ARG_NONE || (row->arg == ARG_OPTIONAL && from->given[i] && !strcmp(from->given[i], "set"));

        if (from->source[i] == OPT_BY_NONE || row->refused || is_own(row->name))
            continue;
        if (row->parse(o, row, flag ? NULL : from->given[i], err) < 0)
            return -1;
        o->source[i] = from->source[i];
        free(o->given[i]);
        o->given[i] = xstrdup(from->given[i]);
    }
    return 0;
}

/* Where the part of the command line of component k begins; NULL: there is none.  A word ":" parts
 * them, but not behind the program. */
static bool has_colon(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], ":"))
            return true;
    return false;
}

static int find_part(enum job_command command, unsigned k, int argc, char **argv, int *begin, struct error *err)
{
    *begin = 0;
    if (k && !has_colon(argc, argv))
        return 0;
    for (unsigned i = 0; i < k; i++) {
        CLEANUP_FREE char **words = NULL;
        struct job_options scratch;
        int first, rc;

        words = xcalloc((size_t)(argc - *begin) + 1, sizeof *words);
        memcpy(words, argv + *begin, (size_t)(argc - *begin) * sizeof *words);
        words[0] = argv[0];
        job_options_init(&scratch, command);
        rc = job_options_from_args(&scratch, argc - *begin, words, &first, err);
        job_options_fini(&scratch);
        if (rc < 0)
            return -1;
        first += *begin;
        while (command == CMD_SRUN && first < argc && strcmp(argv[first], ":")) /* each may have its program */
            first++;
        if (first >= argc || strcmp(argv[first], ":"))
            return 0;
        *begin = first;
    }
    return 1;
}

/* 1: read; 0: there is no component k. */
static int read_component(struct job_component *c, enum job_command command, unsigned k,
                          const struct job_options *before, const struct batch_script *script, int argc, char **argv,
                          struct error *err)
{
    CLEANUP_FREE char **words = NULL;
    bool in_script = false;
    int begin = 0, has_part;

    if ((has_part = find_part(command, k, argc, argv, &begin, err)) < 0)
        return -1;
    if (before && inherit(&c->options, before, err) < 0)
        return -1;
    if (script
        && job_options_from_script(&c->options, script->text, script->len, script->name, k, &in_script, err) < 0)
        return -1;
    if (k && !has_part && !in_script)
        return 0;
    if (job_options_from_env(&c->options, err) < 0)
        return -1;
    if (has_part) {
        c->argc = argc - begin;
        words = xcalloc((size_t)c->argc + 1, sizeof *words);
        memcpy(words, argv + begin, (size_t)c->argc * sizeof *words);
        words[0] = argv[0];
        if (job_options_from_args(&c->options, c->argc, words, &c->first_operand, err) < 0)
            return -1;
        c->words = TAKE(words);
    }
    return 1;
}

static void component_fini(struct job_component *c)
{
    job_options_fini(&c->options);
    free(c->words);
    c->words = NULL;
}

int job_components_read(struct job_components *c, enum job_command command, const struct batch_script *script,
                        int argc, char **argv, struct error *err)
{
    *c = (struct job_components){ 0 };
    for (unsigned k = 0;; k++) {
        struct job_component *part;
        int rc;

        if (k == HET_MAX) {
            c->exit_code = EXIT_NUMBER;
            return error_set(err, BRE_TOO_BIG, "a job has at most %d components", HET_MAX);
        }
        c->parts = xreallocarray(c->parts, k + 1, sizeof *c->parts);
        part = &c->parts[k];
        *part = (struct job_component){ 0 };
        job_options_init(&part->options, command);
        rc = read_component(part, command, k, k ? &c->parts[k - 1].options : NULL, script, argc, argv, err);
        c->exit_code = part->options.exit_code;
        if (rc > 0)
            c->num++;
        if (rc > 0 && !part->options.help && !part->options.usage && !part->options.version)
            continue;
        if (rc <= 0 && k)
            component_fini(part);
        else
            c->num = k + 1; /* the first is always there */
        return rc < 0 ? -1 : 0;
    }
}

void job_components_fini(struct job_components *c)
{
    for (size_t i = 0; i < c->num; i++)
        component_fini(&c->parts[i]);
    free(c->parts);
    *c = (struct job_components){ 0 };
}

int job_components_check(struct job_components *c, struct error *err)
{
    for (size_t i = 0; i < c->num; i++)
        if (job_options_check(&c->parts[i].options, err) < 0) {
            c->exit_code = c->parts[i].options.exit_code;
            return -1;
        }
    return 0;
}

char **job_components_operands(const struct job_components *c, int *argc)
{
    const struct job_component *last = &c->parts[0];

    for (size_t i = 1; i < c->num; i++)
        if (c->parts[i].words)
            last = &c->parts[i];
    *argc = last->argc - last->first_operand;
    return last->words + last->first_operand;
}
