/* option_placement.c - rows about where: partition, nodes, features, distribution, binding. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util/error.h"
#include "util/hostlist.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/strbuf.h"

#define NODE_FILE_MAX (4u << 20)

/* Host names of a file, separated by blanks, newlines or commas; '#' begins a comment. */
static int node_file_read(const char *path, char **list, struct error *err)
{
    CLEANUP_STRBUF struct strbuf names = STRBUF_INIT;
    CLEANUP_FREE char *text = NULL;
    char *save_line = NULL;
    size_t len;

    if (user_file_read(path, NODE_FILE_MAX, &text, &len, err) < 0)
        return -1;
    if (strlen(text) != len)
        return error_set(err, BRE_INVAL, "%s: contains a NUL byte", path);
    for (char *line = strtok_r(text, "\n", &save_line); line; line = strtok_r(NULL, "\n", &save_line)) {
        char *save = NULL;

        line[strcspn(line, "#")] = '\0';
        for (char *word = strtok_r(line, " \t\r", &save); word; word = strtok_r(NULL, " \t\r", &save)) {
            if (names.len && names.data[names.len - 1] != ',')
                strbuf_addc(&names, ',');
            strbuf_add(&names, word);
        }
    }
    *list = strbuf_take(&names);
    return 0;
}

static int set_nodes(struct job_options *o, const struct job_option *row, const char *list,
                     const char *shown, struct error *err)
{
    CLEANUP_HOSTLIST struct hostlist *hosts = NULL;
    struct error why = { 0 };

    if (!*list && !strcmp(row->name, "nodelist")) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_TOO_MANY_NODES, "Node count specification invalid: --nodelist names no node");
    }
    if (!(hosts = hostlist_parse(list, 0, &why))) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_NODE_NAME, "Invalid node name specified: --%s=%.64s: %.500s", row->name,
                         shown, why.text);
    }
    option_set_text((char **)(void *)((char *)o + row->offset), list);
    return 0;
}

static int parse_partition(struct job_options *o, const struct job_option *row, const char *value,
                           struct error *err)
{
    if (!*value) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_PART_NAME, "Invalid partition name specified: --partition is empty; leave it out "
                                             "to have the default");
    }
    return parse_text(o, row, value, err);
}

/* -w and -x take a list, or the name of a file when there is a '/' in it. */
static int parse_node_list(struct job_options *o, const struct job_option *row, const char *value,
                           struct error *err)
{
    CLEANUP_FREE char *list = NULL;

    if (!strchr(value, '/'))
        return set_nodes(o, row, value, value, err);
    if (node_file_read(value, &list, err) < 0) {
        o->exit_code = EXIT_OPTION;
        return error_prefix(err, "Invalid --%s node file", row->name);
    }
    return set_nodes(o, row, list, value, err);
}

static int parse_node_file(struct job_options *o, const struct job_option *row, const char *value,
                           struct error *err)
{
    CLEANUP_FREE char *list = NULL;

    if (node_file_read(value, &list, err) < 0) {
        o->exit_code = EXIT_OPTION;
        return error_prefix(err, "Invalid --nodefile node file");
    }
    return set_nodes(o, row, list, value, err);
}

static bool word_is(const char *word, size_t len, const char *const *known)
{
    for (; *known; known++)
        if (strlen(*known) == len && !strncasecmp(word, *known, len))
            return true;
    return false;
}

/* {*|block|cyclic|arbitrary|plane=N}[:{*|block|cyclic|fcyclic}[:{*|block|cyclic|fcyclic}]][,Pack|NoPack] */
static int parse_distribution(struct job_options *o, const struct job_option *row, const char *value,
                              struct error *err)
{
    static const char *const first[] = { "*", "block", "cyclic", "arbitrary", NULL };
    static const char *const inner[] = { "*", "block", "cyclic", "fcyclic", NULL };
    static const char *const pack[] = { "pack", "nopack", NULL };
    const char *p = value;
    size_t len = strcspn(p, ":,");
    uint32_t size;

    if (!strncasecmp(p, "plane", 5) && (len == 5 || p[5] == '=')) {
        CLEANUP_FREE char *digits = xstrndup(p + 5 + (len > 5), len > 5 ? len - 6 : 0);

        if (num_parse_u32(digits, 1, UINT16_MAX, &size, "", NULL) < 0)
            return option_refuse(o, row, value, err,
                                 "needs the size of a plane: Invalid plane size or size not specified, "
                                 "give plane=N");
    } else if (!word_is(p, len, first)) {
        return option_refuse(o, row, value, err,
                             "is not block, cyclic, arbitrary, plane=N or *, with :block, :cyclic or "
                             ":fcyclic behind it for sockets and cores");
    }
    p += len;
    for (int level = 0; *p == ':' && level < 2; level++) {
        len = strcspn(++p, ":,");
        if (!word_is(p, len, inner))
            return option_refuse(o, row, value, err, "has an unknown second or third part");
        p += len;
    }
    if (*p == ',' && word_is(p + 1, strlen(p + 1), pack))
        p += strlen(p);
    if (*p)
        return option_refuse(o, row, value, err, "has something behind it that is not known");
    option_set_text(&o->distribution, value);
    return 0;
}

static int parse_hint(struct job_options *o, const struct job_option *row, const char *value,
                      struct error *err)
{
    static const char *const known[] = { "compute_bound", "memory_bound", "multithread", "nomultithread",
                                         NULL };
    (void)row;
    if (!strcmp(value, "help")) {
        printf("Application hint options:\n"
               "    --hint=             Bind tasks according to application hints\n"
               "        compute_bound   use all cores in each socket\n"
               "        memory_bound    use only one core in each socket\n"
               "        [no]multithread [don't] use extra threads with in-core multi-threading\n"
               "        help            show this help message\n");
        o->exit_code = EXIT_NUMBER;
        return error_set(err, 0, "%s", "");
    }
    if (!word_is(value, strlen(value), known)) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_INVAL, "unrecognized --hint argument \"%.64s\", see --hint=help", value);
    }
    option_set_text(&o->hint, value);
    return 0;
}

/* Numbers of a map or mask, "0,2-3,0x4*2": digits, hexadecimal, and a repetition. */
static bool bind_list_ok(const char *list)
{
    return *list && strspn(list, "0123456789abcdefABCDEFxX*,-") == strlen(list) && list[0] != ','
           && !strstr(list, ",,");
}

static int parse_mem_bind(struct job_options *o, const struct job_option *row, const char *value,
                          struct error *err)
{
    static const char *const known[] = { "q", "quiet", "v", "verbose", "no", "none", "local", "rank", "sort",
                                         "nosort", "p", "prefer", NULL };
    static const char *const lists[] = { "map_mem", "mask_mem", NULL };

    (void)row;
    if (!strcmp(value, "help")) {
        printf("Memory bind options:\n"
               "    --mem-bind=         Bind memory to locality domains (ldom)\n"
               "        nosort          avoid sorting pages at startup\n"
               "        sort            sort pages at startup\n"
               "        q[uiet]         quietly bind before task runs (default)\n"
               "        v[erbose]       verbosely report binding before task runs\n"
               "        no[ne]          don't bind tasks to memory (default)\n"
               "        rank            bind by task rank\n"
               "        local           bind to memory local to processor\n"
               "        map_mem:<list>  bind by mapping memory of CPU IDs to tasks as specified\n"
               "                        where <list> is <cpuid1>,<cpuid2>,...<cpuidN>\n"
               "        mask_mem:<list> bind by setting memory of CPU masks on tasks as specified\n"
               "                        where <list> is <mask1>,<mask2>,...<maskN>\n"
               "        help            show this help message\n");
        return error_set(err, 0, "%s", "");
    }
    for (const char *p = value; *p;) {
        size_t len = strcspn(p, ",:");

        if (word_is(p, len, lists) && p[len] == ':' && bind_list_ok(p + len + 1))
            break;
        if (!word_is(p, len, known) || p[len] == ':') {
            o->exit_code = EXIT_OPTION;
            return error_set(err, BRE_INVAL, "unrecognized --mem-bind argument \"%.64s\": none, local, rank, "
                             "map_mem:LIST and mask_mem:LIST are possible, behind prefer, verbose or quiet", p);
        }
        p += len + (p[len] == ',');
    }
    option_set_text(&o->mem_bind, value);
    return 0;
}

static void cpu_bind_help(void)
{
    printf("CPU bind options:\n"
           "    --cpu-bind=         Bind tasks to CPUs\n"
           "        q[uiet]         quietly bind before task runs (default)\n"
           "        v[erbose]       verbosely report binding before task runs\n"
           "        no[ne]          don't bind tasks to CPUs\n"
           "        rank            bind by task rank\n"
           "        map_cpu:<list>  specify a CPU ID binding for each task\n"
           "                        where <list> is <cpuid1>,<cpuid2>,...<cpuidN>\n"
           "        mask_cpu:<list> specify a CPU ID binding mask for each task\n"
           "                        where <list> is <mask1>,<mask2>,...<maskN>\n"
           "        rank_ldom       bind task by rank to CPUs in a NUMA locality domain\n"
           "        map_ldom:<list> specify a NUMA locality domain ID for each task\n"
           "                        where <list> is <ldom1>,<ldom2>,...<ldomN>\n"
           "        mask_ldom:<list>specify a NUMA locality domain ID mask for each task\n"
           "                        where <list> is <mask1>,<mask2>,...<maskN>\n"
           "        sockets         auto-generated masks bind to sockets\n"
           "        cores           auto-generated masks bind to cores\n"
           "        threads         auto-generated masks bind to threads\n"
           "        ldoms           auto-generated masks bind to NUMA locality domains\n"
           "        help            show this help message\n");
}

static int parse_cpu_bind(struct job_options *o, const struct job_option *row, const char *value,
                          struct error *err)
{
    static const char *const known[] = { "q", "quiet", "v", "verbose", "no", "none", "rank", "sockets",
                                         "socket", "cores", "core", "threads", "thread", "ldoms", "ldom",
                                         "rank_ldom", NULL };
    static const char *const lists[] = { "map_cpu", "mask_cpu", "map_ldom", "mask_ldom", NULL };

    (void)row;
    if (!strcmp(value, "help")) {
        cpu_bind_help();
        o->exit_code = 0;
        return error_set(err, 0, "%s", "");
    }
    for (const char *p = value; *p;) {
        size_t len = strcspn(p, ",:");

        if (word_is(p, len, lists)) {
            if (p[len] != ':' || !bind_list_ok(p + len + 1)) {
                o->exit_code = EXIT_NUMBER;
                return error_set(err, BRE_INVAL,
                                 "fatal: Failed to parse --cpu-bind= values. \"%.64s\" needs a list of CPUs, "
                                 "such as map_cpu:0,2",
                                 p);
            }
            break;
        }
        if (!word_is(p, len, known) || p[len] == ':') {
            o->exit_code = EXIT_NUMBER;
            return error_set(err, BRE_INVAL, "unrecognized --cpu-bind argument \"%.64s\"\n"
                             "fatal: Failed to parse --cpu-bind= values. See --cpu-bind=help.",
                             p);
        }
        p += len + (p[len] == ',');
    }
    option_set_text(&o->cpu_bind, value);
    return 0;
}

#define TEXT(opt_name, field, bound)                                                           \
    .name = opt_name, .arg = ARG_REQUIRED, .commands = CMD_ALL, .parse = parse_text,           \
    .offset = OPT_FIELD(field), .max = bound

static const struct job_option rows[] = {
    { .name = "partition", .letter = 'p', .arg = ARG_REQUIRED, .arg_name = "partition", .commands = CMD_ALL,
      ENV_ALL("PARTITION"), .parse = parse_partition, .offset = OPT_FIELD(partition), .max = 1024,
      .help = "partition requested" },
    { TEXT("constraint", features, 4096), .letter = 'C', .arg_name = "list", .group = GROUP_CONSTRAINT,
      ENV_ALL("CONSTRAINT"), .help = "features that the nodes must have" },
    { TEXT("prefer", prefer, 4096), .arg_name = "list", .group = GROUP_CONSTRAINT,
      .help = "features that the nodes should have if such nodes are free" },
    { .name = "nodelist", .letter = 'w', .arg = ARG_REQUIRED, .arg_name = "hosts", .commands = CMD_ALL,
      .group = GROUP_CONSTRAINT, .parse = parse_node_list, .offset = OPT_FIELD(nodelist),
      .help = "nodes that the job must have" },
    { .name = "nodefile", .letter = 'F', .arg = ARG_REQUIRED, .arg_name = "filename", .commands = CMD_ALL,
      .group = GROUP_CONSTRAINT, .parse = parse_node_file, .offset = OPT_FIELD(nodelist),
      .help = "file with the nodes that the job must have" },
    { .name = "exclude", .letter = 'x', .arg = ARG_REQUIRED, .arg_name = "hosts", .commands = CMD_ALL,
      .group = GROUP_CONSTRAINT, .parse = parse_node_list, .offset = OPT_FIELD(exclude),
      .help = "nodes that the job must not have" },
    { .name = "contiguous", .commands = CMD_ALL, .group = GROUP_CONSTRAINT, .parse = parse_flag,
      .offset = OPT_FIELD(contiguous), .help = "demand a contiguous range of nodes" },
    { .name = "distribution", .letter = 'm', .arg = ARG_REQUIRED, .arg_name = "type", .commands = CMD_ALL,
      .env_sbatch = "SBATCH_DISTRIBUTION", .env_srun = "SLURM_DISTRIBUTION", .parse = parse_distribution,
      .help = "how tasks are dealt out to nodes\n(block, cyclic, plane=N or arbitrary)" },
    { .name = "hint", .arg = ARG_REQUIRED, .arg_name = "type", .commands = CMD_ALL, .group = GROUP_AFFINITY,
      .env_sbatch = "SLURM_HINT SBATCH_HINT", .env_srun = "SLURM_HINT",
      .env_salloc = "SLURM_HINT SALLOC_HINT", .parse = parse_hint,
      .help = "bind according to application hints (see --hint=help)" },
    { .name = "mem-bind", .arg = ARG_REQUIRED, .arg_name = "type", .commands = CMD_ALL,
      .group = GROUP_AFFINITY, ENV_ALL("MEM_BIND"), .parse = parse_mem_bind,
      .help = "memory binding (see --mem-bind=help)" },
    { .name = "cpu-bind", .arg = ARG_REQUIRED, .arg_name = "type", .commands = CMD_SRUN,
      .group = GROUP_AFFINITY, .env_srun = "SLURM_CPU_BIND", .parse = parse_cpu_bind,
      .help = "bind tasks to CPUs (see --cpu-bind=help)" },
};
const struct option_rows rows_placement = { rows, ARRAY_SIZE(rows) };
