/* option_read.c - where options come from: variables, the command line, #SBATCH lines. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"

#define DIRECTIVE "#SBATCH"
#define DIRECTIVE_WORDS_MAX 4096 /* of one line */

static const struct option_rows *const subjects[] = {
    &rows_resources, &rows_boards,    &rows_gres, &rows_placement, &rows_timing,  &rows_stdio,
    &rows_identity,  &rows_step,      &rows_command, &rows_refused,
};

const char *job_command_name(enum job_command command)
{
    return command == CMD_SBATCH ? "sbatch" : command == CMD_SRUN ? "srun" : "salloc";
}

const char *job_option_env(const struct job_option *row, enum job_command command)
{
    return command == CMD_SBATCH ? row->env_sbatch : command == CMD_SRUN ? row->env_srun : row->env_salloc;
}

static int row_compare(const void *a, const void *b)
{
    const struct job_option *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

size_t job_option_rows(enum job_command command, const struct job_option **rows)
{
    size_t num = 0;

    for (size_t s = 0; s < ARRAY_SIZE(subjects); s++)
        for (size_t i = 0; i < subjects[s]->num && num < JOB_OPTION_ROWS_MAX; i++)
            if (subjects[s]->rows[i].commands & command)
                rows[num++] = &subjects[s]->rows[i];
    qsort(rows, num, sizeof *rows, row_compare);
    return num;
}

void job_options_init(struct job_options *o, enum job_command command)
{
    char *letter;

    *o = (struct job_options){
        .command = command, .program = job_command_name(command), .exit_code = EXIT_OPTION,
        .uid = OPT_UNSET, .gid = OPT_UNSET,
        .min_nodes = OPT_UNSET, .max_nodes = OPT_UNSET, .num_tasks = OPT_UNSET, .cpus_per_task = OPT_UNSET,
        .ntasks_per_node = OPT_UNSET, .ntasks_per_core = OPT_UNSET, .ntasks_per_socket = OPT_UNSET,
        .threads_per_core = OPT_UNSET, .sockets_per_node = OPT_UNSET, .cores_per_socket = OPT_UNSET,
        .cpus_per_gpu = OPT_UNSET, .ntasks_per_gpu = OPT_UNSET, .mem_per_gpu_mb = OPT_UNSET64,
        .switches = OPT_UNSET, .switch_wait_sec = OPT_UNSET, .time_min_min = OPT_UNSET, .min_cpus_per_node = OPT_UNSET, .min_tmp_mb = OPT_UNSET,
        .mem_per_node_mb = OPT_UNSET64, .mem_per_cpu_mb = OPT_UNSET64,
        .time_limit_min = OPT_UNSET, .priority = OPT_UNSET,
        .immediate_sec = OPT_UNSET, .wait_all_nodes = OPT_UNSET, .warn_signal = OPT_UNSET,
        .job_id = OPT_UNSET, .relative = OPT_UNSET, .wait_sec = OPT_UNSET,
        .kill_on_bad_exit = OPT_UNSET, .msg_timeout_sec = OPT_UNSET, .threads = OPT_UNSET, .slurmd_debug = OPT_UNSET,
    };
    o->num_rows = job_option_rows(command, o->rows);
    o->long_options = xcalloc(o->num_rows + 1, sizeof *o->long_options);
    o->short_options = letter = xmalloc(3 * o->num_rows + 2);
    *letter++ = '+'; /* what follows the first operand is the program's own */
    for (size_t i = 0; i < o->num_rows; i++) {
        const struct job_option *row = o->rows[i];

        o->long_options[i].name = row->name;
        o->long_options[i].has_arg = row->arg;
        o->long_options[i].val = 256 + (int)i;
        if (!row->letter)
            continue;
        *letter++ = row->letter;
        for (int colons = row->arg; colons > 0; colons--)
            *letter++ = ':';
    }
    *letter = '\0';
}

void job_options_fini(struct job_options *o)
{
    char **texts[] = {
        &o->account, &o->job_name, &o->comment, &o->qos, &o->wckey, &o->reservation, &o->mail_user, &o->clusters, &o->user_arg,
        &o->partition, &o->nodelist, &o->exclude, &o->features, &o->prefer, &o->gres, &o->gpus,
        &o->gpus_per_node, &o->gpus_per_socket, &o->gpus_per_task, &o->tres_per_task, &o->gpu_bind, &o->licenses,
        &o->distribution, &o->hint, &o->cpu_bind,
        &o->mem_bind, &o->dependency, &o->work_dir, &o->std_in, &o->std_out, &o->std_err, &o->export_text,
        &o->export_file, &o->propagate, &o->wrap, &o->array_inx, &o->het_group, &o->mpi, &o->prolog, &o->epilog,
        &o->task_prolog, &o->task_epilog, &o->bcast_path, &o->bcast_exclude, &o->compress,
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        free(*texts[i]);
        *texts[i] = NULL;
    }
    for (size_t i = 0; i < o->num_rows; i++) {
        free(o->given[i]);
        o->given[i] = NULL;
    }
    free(o->long_options);
    free(o->short_options);
    o->long_options = NULL;
    o->short_options = NULL;
}

static ssize_t row_find(const struct job_options *o, const char *name)
{
    for (size_t i = 0; i < o->num_rows; i++)
        if (!strcmp(o->rows[i]->name, name))
            return (ssize_t)i;
    return -1;
}

enum option_source job_options_source(const struct job_options *o, const char *name)
{
    ssize_t i = row_find(o, name);

    return i < 0 ? OPT_BY_NONE : (enum option_source)o->source[i];
}

bool job_options_given(const struct job_options *o, const char *name)
{
    return job_options_source(o, name) != OPT_BY_NONE;
}

void job_options_unset(struct job_options *o, const char *name)
{
    ssize_t i = row_find(o, name);

    if (i < 0)
        return;
    o->source[i] = OPT_BY_NONE;
    free(o->given[i]);
    o->given[i] = NULL;
}

static int option_apply(struct job_options *o, size_t i, const char *value, enum option_source source,
                        struct error *err)
{
    const struct job_option *row = o->rows[i];

    if (row->refused) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_NOT_SUPPORTED, "--%s is not supported yet: %s", row->name, row->refused);
    }
    if (row->parse(o, row, value, err) < 0)
        return -1;
    o->source[i] = source;
    free(o->given[i]);
    o->given[i] = xstrdup(value ? value : "set");
    return 0;
}

/* A variable turns an option without argument on when it is empty, "yes" or a number other than 0. */
static bool flag_is_on(const char *value)
{
    uint32_t number;

    return !*value || !strcasecmp(value, "yes")
           || (num_parse_u32(value, 0, UINT32_MAX, &number, "", NULL) == 0 && number != 0);
}

static int env_apply(struct job_options *o, size_t i, const char *name, struct error *err)
{
    const struct job_option *row = o->rows[i];
    const char *value = getenv(name);

    if (!value)
        return 0;
    if (row->arg == ARG_NONE && row->parse != parse_level) {
        if (!flag_is_on(value))
            return 0;
        value = NULL;
    } else if (row->arg == ARG_REQUIRED && !*value) {
        return 0; /* as if it were not set */
    }
    if (option_apply(o, i, value, OPT_BY_ENV, err) < 0) {
        if (err && err->code) {
            size_t used = strlen(err->text);

            snprintf(err->text + used, sizeof err->text - used, " (from the variable %s)", name);
        }
        return -1;
    }
    return 0;
}

int job_options_from_env(struct job_options *o, struct error *err)
{
    for (size_t i = 0; i < o->num_rows; i++) {
        const char *names = job_option_env(o->rows[i], o->command);

        while (names && *names) {
            size_t len = strcspn(names, " ");
            CLEANUP_FREE char *name = xstrndup(names, len);

            if (env_apply(o, i, name, err) < 0)
                return -1;
            names += len + (names[len] == ' ');
        }
    }
    return 0;
}

/* Run getopt_long() over words.  where: what is said after "Try ... for more information". */
static int words_apply(struct job_options *o, int argc, char **argv, enum option_source source,
                       const char *where, int *first_operand, struct error *err)
{
    int c;

    optind = 0;
    opterr = 1;
    while ((c = getopt_long(argc, argv, o->short_options, o->long_options, NULL)) != -1) {
        size_t i = o->num_rows;

        if (c == '?') {
            fprintf(stderr, "Try \"%s --help\" for more information%s\n", o->program, where);
            o->exit_code = EXIT_OPTION;
            return error_set(err, 0, "%s", "");
        }
        if (c >= 256)
            i = (size_t)(c - 256);
        else
            for (i = 0; i < o->num_rows && o->rows[i]->letter != c; i++)
                ;
        if (i < o->num_rows && option_apply(o, i, optarg, source, err) < 0)
            return -1;
        if (o->help || o->usage || o->version) {
            if (source != OPT_BY_SCRIPT)
                return 0;
            o->help = o->usage = o->version = false; /* a script's --help helps nobody */
        }
    }
    *first_operand = optind;
    return 0;
}

int job_options_from_args(struct job_options *o, int argc, char **argv, int *first_operand,
                          struct error *err)
{
    char *slash = argc ? strrchr(argv[0], '/') : NULL;

    if (slash) /* getopt's messages begin with the command's plain name */
        argv[0] = slash + 1;
    return words_apply(o, argc, argv, OPT_BY_CLI, "", first_operand, err);
}

/* The next word of a directive line, as a shell would see it: quotes keep blanks, a backslash keeps
 * the character after it within double quotes, '#' begins a comment.  Written over the line itself.
 * 1: a word; 0: the end; -1: a quote is not closed. */
static int directive_word(char **cursor, char **word, char *open_quote)
{
    char *in = *cursor, *out;
    char quote = '\0';

    in += strspn(in, " \t\r");
    if (!*in || *in == '#') {
        *cursor = in;
        return 0;
    }
    *word = out = in;
    for (; *in; in++) {
        if (quote) {
            if (*in == quote)
                quote = '\0';
            else if (*in == '\\' && quote == '"' && in[1])
                *out++ = *++in;
            else
                *out++ = *in;
        } else if (*in == '\'' || *in == '"') {
            quote = *in;
        } else if (*in == ' ' || *in == '\t' || *in == '\r') {
            in++;
            break;
        } else {
            *out++ = *in;
        }
    }
    *cursor = in;
    *out = '\0';
    *open_quote = quote;
    return quote ? -1 : 1;
}

static int directive_apply(struct job_options *o, char *line, const char *name, unsigned line_number,
                           struct error *err)
{
    CLEANUP_FREE char **words = xcalloc(DIRECTIVE_WORDS_MAX + 1, sizeof *words);
    CLEANUP_FREE char *program = xstrdup(o->program);
    CLEANUP_FREE char *shown = xstrdup(line); /* words are cut in place */
    char where[320], quote = '\0', *cursor = line, *word_start = line;
    int num = 0, got, first;

    snprintf(where, sizeof where, " (%.255s, line %u)", name, line_number);
    words[num++] = program;
    while (word_start = cursor, (got = directive_word(&cursor, &words[num], &quote)) > 0)
        if (++num == DIRECTIVE_WORDS_MAX) {
            o->exit_code = EXIT_NUMBER;
            return error_set(err, BRE_SCRIPT_BAD, "%.255s: line %u: more than %d words in one directive",
                             name, line_number, DIRECTIVE_WORDS_MAX - 1);
        }
    if (got < 0) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_SCRIPT_BAD, "fatal: %.255s: line %u: Unmatched `%c` in [%.300s]", name, line_number,
                         quote, shown + (word_start - line));
    }
    words[num] = NULL;
    if (words_apply(o, num, words, OPT_BY_SCRIPT, where, &first, err) < 0) {
        if (err && err->code) {
            size_t used = strlen(err->text);

            snprintf(err->text + used, sizeof err->text - used, "%s", where);
        }
        return -1;
    }
    if (first < num) {
        o->exit_code = EXIT_OPTION;
        return error_set(err, BRE_SCRIPT_BAD, "Invalid directive found in batch script: %.300s%s",
                         words[first], where);
    }
    return 0;
}

/* "hetjob" alone, or "packjob", its older name. */
static bool is_part_mark(const char *line)
{
    size_t len = strcspn(line += strspn(line, " \t"), " \t\r");

    return (len == 6 && !strncmp(line, "hetjob", len)) || (len == 7 && !strncmp(line, "packjob", len));
}

int job_options_from_script(struct job_options *o, const char *script, size_t len, const char *name,
                            unsigned component, bool *found, struct error *err)
{
    const char *p = script, *end = script + len;
    unsigned at = 0;

    for (unsigned number = 1; p < end; number++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p)), *stop = newline ? newline : end;
        size_t line_len = (size_t)(stop - p), prefix = sizeof DIRECTIVE - 1;

        if (line_len > prefix && !memcmp(p, DIRECTIVE, prefix) && strchr(" \t", p[prefix])) {
            CLEANUP_FREE char *line = xstrndup(p + prefix, line_len - prefix);

            if (is_part_mark(line))
                at++;
            else if (at == component && directive_apply(o, line, name, number, err) < 0)
                return -1;
        } else if (line_len && *p != '#') {
            size_t blank = 0;

            while (blank < line_len && strchr(" \t\r", p[blank]))
                blank++;
            if (blank < line_len && p[blank] != '#')
                break; /* the first command: directives behind it are comments */
        }
        p = newline ? newline + 1 : end;
    }
    *found = at >= component;
    return 0;
}
