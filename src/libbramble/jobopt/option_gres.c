/* option_gres.c - rows about generic resources (accelerators, cameras) and licences. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/error.h"
#include "util/gres.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/strbuf.h"

/* Each item of a list behind a prefix: "gpu:2,camera" as "gres:gpu:2,gres:camera". */
static char *with_prefix(const char *text, const char *prefix)
{
    struct strbuf sb = STRBUF_INIT;

    while (*text) {
        size_t len = strcspn(text, ",");

        if (sb.len)
            strbuf_addc(&sb, ',');
        if (strncasecmp(text, "gres:", 5) && strncasecmp(text, "gres/", 5))
            strbuf_add(&sb, prefix);
        strbuf_add_mem(&sb, text, len);
        text += len + (text[len] == ',');
    }
    return strbuf_take(&sb);
}

static int bad_gres(struct job_options *o, const struct job_option *row, const char *value,
                    const struct error *why, struct error *err)
{
    o->exit_code = EXIT_NUMBER;
    return error_set(err, BRE_GRES, "Invalid generic resource (gres) specification: --%s=%.64s: %.300s", row->name,
                     value, why->text);
}

static int set_list(struct job_options *o, const struct job_option *row, const char *value, const char *prefix,
                    struct error *err)
{
    char **field = (char **)(void *)((char *)o + row->offset);
    CLEANUP_FREE char *text = NULL;
    struct gres_list list;
    struct error why = { 0 };

    if (!strcasecmp(value, "none") || !strcmp(value, "0")) {
        option_set_text(field, "none");
        return 0;
    }
    text = with_prefix(value, prefix);
    if (strlen(text) > 4096)
        return error_set(err, BRE_TOO_BIG, "--%s is too long", row->name);
    if (!*value || gres_list_parse(&list, text, &why) < 0) {
        if (!*value)
            error_set(&why, BRE_INVAL, "it is empty");
        return bad_gres(o, row, value, &why, err);
    }
    gres_list_fini(&list);
    option_set_text(field, text);
    return 0;
}

static int parse_gres(struct job_options *o, const struct job_option *row, const char *value, struct error *err)
{
    if (!strcmp(value, "help")) {
        printf("Valid gres options are:\nname[[:type]:count], see \"sinfo -o %%G\" for what the nodes have\n");
        o->exit_code = 0;
        return error_set(err, 0, "%s", "");
    }
    return set_list(o, row, value, "gres:", err);
}

/* N, TYPE:N or a list of those; the text as it came is what variables carry on. */
static int parse_gpus(struct job_options *o, const struct job_option *row, const char *value, struct error *err)
{
    return set_list(o, row, value, "gres:gpu:", err);
}

/* gres/gpu:2, gres:gpu:hailo=1, cpu=2 */
static int parse_tres_per_task(struct job_options *o, const struct job_option *row, const char *value,
                               struct error *err)
{
    CLEANUP_FREE char *copy = xstrdup(value);
    CLEANUP_STRBUF struct strbuf rest = STRBUF_INIT;
    char *save = NULL;

    for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        if (!strncasecmp(word, "cpu=", 4) || !strncasecmp(word, "cpu:", 4)) {
            if (num_parse_u32(word + 4, 1, INT_MAX, &o->cpus_per_task, "", NULL) < 0)
                return option_refuse(o, row, value, err, "has a bad number of CPUs");
        } else if (!strncasecmp(word, "gres", 4)) {
            strbuf_addf(&rest, "%s%s", rest.len ? "," : "", word);
        } else {
            return option_refuse(o, row, value, err, "knows cpu=N and gres/NAME[:TYPE]:N alone");
        }
    }
    return rest.len ? set_list(o, row, strbuf_str(&rest), "gres:", err) : 0;
}

static int parse_licenses(struct job_options *o, const struct job_option *row, const char *value,
                          struct error *err)
{
    struct gres_list list;
    struct error why = { 0 };

    if (gres_list_parse(&list, value, &why) < 0) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_LICENSE, "Invalid license specification: %.300s", why.text);
    }
    gres_list_fini(&list);
    return parse_text(o, row, value, err);
}

static int parse_mem_per_gpu(struct job_options *o, const struct job_option *row, const char *value,
                             struct error *err)
{
    uint64_t mb;

    if (size_parse_mb(value, &mb, "", NULL) < 0 || mb > UINT64_C(1) << 40)
        return option_refuse(o, row, value, err, "is no size such as 500 (in megabytes) or 4G");
    o->mem_per_gpu_mb = mb;
    return 0;
}

static bool numbers_follow(const char *p)
{
    return *p && strspn(p, "0123456789abcdefABCDEFxX,*") == strlen(p);
}

/* [verbose,]closest | none | single:N | per_task:N | map_gpu:LIST | mask_gpu:LIST */
static int parse_gpu_bind(struct job_options *o, const struct job_option *row, const char *value,
                          struct error *err)
{
    const char *p = value;
    uint32_t number;

    for (size_t len; (len = strcspn(p, ",")) && p[len]
                     && ((len == 7 && !strncasecmp(p, "verbose", 7)) || (len == 1 && (*p == 'v' || *p == 'V'))
                         || (len == 5 && !strncasecmp(p, "quiet", 5)) || (len == 1 && (*p == 'q' || *p == 'Q')));)
        p += len + 1;
    if (!strcasecmp(p, "closest") || !strcasecmp(p, "none") || !strcasecmp(p, "verbose") || !strcasecmp(p, "v")
        || (!strncasecmp(p, "single:", 7) && num_parse_u32(p + 7, 1, UINT16_MAX, &number, "", NULL) == 0)
        || (!strncasecmp(p, "per_task:", 9) && num_parse_u32(p + 9, 1, UINT16_MAX, &number, "", NULL) == 0)
        || (!strncasecmp(p, "map_gpu:", 8) && numbers_follow(p + 8))
        || (!strncasecmp(p, "mask_gpu:", 9) && numbers_follow(p + 9)))
        return parse_text(o, row, value, err);
    return option_refuse(o, row, value, err,
                         "is not closest, none, single:N, per_task:N, map_gpu:LIST or mask_gpu:LIST, behind "
                         "verbose, if wanted");
}

static int parse_gres_flags(struct job_options *o, const struct job_option *row, const char *value,
                            struct error *err)
{
    if (!strcasecmp(value, "disable-binding"))
        o->gres_flags = 1;
    else if (!strcasecmp(value, "enforce-binding"))
        o->gres_flags = 2;
    else
        return option_refuse(o, row, value, err, "is not disable-binding or enforce-binding");
    return 0;
}

/* ---- what follows from them ---- */

static int gres_error(struct job_options *o, struct error *err, const char *text)
{
    o->exit_code = EXIT_NUMBER;
    return error_set(err, BRE_GRES, "%s", text);
}

static uint32_t gpus_in(const char *list)
{
    struct gres_list l;
    uint32_t count;

    if (!list || gres_list_parse(&l, list, NULL) < 0)
        return 0;
    count = gres_list_count(&l, "gpu");
    gres_list_fini(&l);
    return count;
}

/* --gres and --gpus-per-node are both for each node. */
static void join_per_node(struct job_options *o)
{
    char *joined;

    if (!o->gpus_per_node)
        return;
    joined = o->gres && strcmp(o->gres, "none") ? xasprintf("%s,%s", o->gres, o->gpus_per_node)
                                                : xstrdup(o->gpus_per_node);
    free(o->gres);
    o->gres = joined;
}

/* --tres-per-task and --gpus-per-task are both for each task. */
static void join_per_task(struct job_options *o)
{
    char *joined;

    if (!o->gpus_per_task)
        return;
    joined = o->tres_per_task ? xasprintf("%s,%s", o->tres_per_task, o->gpus_per_task)
                              : xstrdup(o->gpus_per_task);
    free(o->tres_per_task);
    o->tres_per_task = joined;
}

int option_check_gres(struct job_options *o, struct error *err)
{
    bool inside = o->command == CMD_SRUN && job_options_given(o, "jobid");
    uint32_t total = gpus_in(o->gpus), each;

    join_per_node(o);
    join_per_task(o);
    each = gpus_in(o->tres_per_task);
    if (o->gpus_per_socket && o->sockets_per_node == OPT_UNSET)
        return gres_error(o, err,
                          "--gpus-per-socket option requires --sockets-per-node specification\n"
                          "Invalid generic resource (gres) specification");
    if (each && !o->gpus && o->num_tasks == OPT_UNSET && !inside)
        return gres_error(o, err,
                          "Failed to validate job spec. --gpus-per-task used without either --gpus or -n/--ntasks is "
                          "not allowed.\nInvalid generic resource (gres) specification");
    if (each && total && o->num_tasks == OPT_UNSET) {
        if (total % each)
            return gres_error(o, err,
                              "Invalid generic resource (gres) specification: --gpus is no multiple of "
                              "--gpus-per-task");
        o->num_tasks = total / each;
    }
    if (o->cpus_per_gpu != OPT_UNSET && job_options_given(o, "cpus-per-task"))
        return gres_error(o, err, "fatal: --cpus-per-gpu is mutually exclusive with --cpus-per-task");
    if (o->mem_per_gpu_mb != OPT_UNSET64
        && (o->mem_per_node_mb != OPT_UNSET64 || o->mem_per_cpu_mb != OPT_UNSET64))
        return gres_error(o, err, "fatal: --mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive.");
    if (o->ntasks_per_gpu == OPT_UNSET || inside)
        return 0;
    if (!total && gpus_in(o->gres) && o->min_nodes != OPT_UNSET)
        total = gpus_in(o->gres) * o->min_nodes;
    if (o->num_tasks == OPT_UNSET && total) {
        o->num_tasks = total * o->ntasks_per_gpu;
    } else if (o->num_tasks != OPT_UNSET && !o->gpus && !gpus_in(o->gres) && !each) {
        if (o->num_tasks % o->ntasks_per_gpu)
            return gres_error(o, err,
                              "Invalid generic resource (gres) specification: --ntasks is no multiple of "
                              "--ntasks-per-gpu");
        o->gpus = xasprintf("gres:gpu:%u", o->num_tasks / o->ntasks_per_gpu);
    } else if (o->num_tasks == OPT_UNSET) {
        return gres_error(o, err,
                          "Invalid generic resource (gres) specification: --ntasks-per-gpu needs --ntasks or a number "
                          "of GPUs");
    }
    return 0;
}

#define COUNT(opt_name, field)                                                                 \
    .name = opt_name, .arg = ARG_REQUIRED, .commands = CMD_ALL, .parse = parse_count,          \
    .offset = OPT_FIELD(field), .min = 1, .max = INT_MAX
#define LIST(opt_name, how, field)                                                             \
    .name = opt_name, .arg = ARG_REQUIRED, .commands = CMD_ALL, .parse = how, .offset = OPT_FIELD(field)

static const struct job_option rows[] = {
    { LIST("gres", parse_gres, gres), .arg_name = "list", .env_sbatch = "SBATCH_GRES",
      .env_srun = "SLURM_GRES SLURM_STEP_GRES", .env_salloc = "SALLOC_GRES",
      .help = "generic resources on each node, such as gpu:2" },
    { LIST("gpus", parse_gpus, gpus), .letter = 'G', .arg_name = "n", ENV_ALL("GPUS"),
      .help = "count of GPUs for the job" },
    { LIST("gpus-per-node", parse_gpus, gpus_per_node), .arg_name = "n", ENV_ALL("GPUS_PER_NODE"),
      .help = "number of GPUs on each node" },
    { LIST("gpus-per-socket", parse_gpus, gpus_per_socket), .arg_name = "n", .help = "number of GPUs for each socket" },
    { LIST("gpus-per-task", parse_gpus, gpus_per_task), .arg_name = "n", ENV_ALL("GPUS_PER_TASK"),
      .help = "number of GPUs for each task" },
    { LIST("tres-per-task", parse_tres_per_task, tres_per_task), .arg_name = "list",
      .help = "resources for each task, such as cpu=2,gres/gpu:1" },
    { COUNT("cpus-per-gpu", cpus_per_gpu), .arg_name = "n", ENV_ALL("CPUS_PER_GPU"),
      .help = "number of CPUs for each GPU" },
    { COUNT("ntasks-per-gpu", ntasks_per_gpu), .arg_name = "n", .env_srun = "SLURM_NTASKS_PER_GPU",
      .help = "number of tasks to invoke for each GPU" },
    { COUNT("ntasks-per-tres", ntasks_per_gpu), .hidden = true },
    { .name = "mem-per-gpu", .arg = ARG_REQUIRED, .arg_name = "MB", .commands = CMD_ALL, ENV_ALL("MEM_PER_GPU"),
      .parse = parse_mem_per_gpu, .help = "memory for each GPU" },
    { LIST("gpu-bind", parse_gpu_bind, gpu_bind), .arg_name = "type", ENV_ALL("GPU_BIND"), .max = 255,
      .group = GROUP_AFFINITY, .help = "which GPUs each task sees" },
    { .name = "gres-flags", .arg = ARG_REQUIRED, .arg_name = "opts", .commands = CMD_ALL, ENV_ALL("GRES_FLAGS"),
      .parse = parse_gres_flags, .help = "disable-binding or enforce-binding" },
    { LIST("licenses", parse_licenses, licenses), .letter = 'L', .arg_name = "names", .max = 4096,
      .help = "licenses required, such as matlab:2" },
};
const struct option_rows rows_gres = { rows, ARRAY_SIZE(rows) };
