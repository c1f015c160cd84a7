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
    "exclusive", "extra-node-info", "gpus", "gpus-per-node", "gpus-per-socket", "gpus-per-task", "gres", "hint",
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
static int find_part(enum job_command command, unsigned k, int argc, char **argv, int *begin, struct error *err)
{
    *begin = 0;
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

int job_options_component(struct job_options *o, enum job_command command, unsigned k,
                          const struct job_options *before, const struct batch_script *script, int argc, char **argv,
                          struct job_part *part, struct error *err)
{
    CLEANUP_FREE char **words = NULL;
    bool in_script = false;
    int begin = 0, has_part;

    job_options_init(o, command);
    *part = (struct job_part){ 0 };
    if ((has_part = find_part(command, k, argc, argv, &begin, err)) < 0)
        return -1;
    if (before && inherit(o, before, err) < 0)
        return -1;
    if (script && job_options_from_script(o, script->text, script->len, script->name, k, &in_script, err) < 0)
        return -1;
    if (k && !has_part && !in_script)
        return 0;
    if (job_options_from_env(o, err) < 0)
        return -1;
    if (has_part) {
        part->argc = argc - begin;
        words = xcalloc((size_t)part->argc + 1, sizeof *words);
        memcpy(words, argv + begin, (size_t)part->argc * sizeof *words);
        words[0] = argv[0];
        if (job_options_from_args(o, part->argc, words, &part->first_operand, err) < 0)
            return -1;
        part->words = TAKE(words);
    }
    return 1;
}

void job_part_fini(struct job_part *part)
{
    free(part->words);
    *part = (struct job_part){ 0 };
}

bool job_part_goes_on(const struct job_part *part)
{
    return part->first_operand < part->argc && !strcmp(part->words[part->first_operand], ":");
}
