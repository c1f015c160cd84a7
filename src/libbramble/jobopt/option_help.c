/* option_help.c - the table as text: --help, --usage, -v, and the dump that tests compare. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <string.h>

#include "util/log.h"
#include "util/mem.h"
#include "util/version.h"

#define HELP_COLUMN 30
#define USAGE_WIDTH 80

void version_print(FILE *out)
{
    fprintf(out, "%s\n", bramble_version());
}

static const char *const group_titles[GROUP_COUNT] = {
    [GROUP_RUN] = "Parallel run options:",
    [GROUP_CONSTRAINT] = "Constraint options:",
    [GROUP_CONSUMABLE] = "Consumable resources related options:",
    [GROUP_AFFINITY] = "Affinity/Multi-core options:",
    [GROUP_HELP] = "Help options:",
};

static void help_row(const struct job_option *row, FILE *out)
{
    const char *text = row->help;
    char left[128];
    int width;

    width = snprintf(left, sizeof left, "  %c%c%c --%s%s%s%s%s", row->letter ? '-' : ' ',
                     row->letter ? row->letter : ' ', row->letter ? ',' : ' ', row->name,
                     row->arg == ARG_OPTIONAL && *row->arg_name ? "[" : "",
                     row->arg != ARG_NONE && *row->arg_name ? "=" : "",
                     row->arg != ARG_NONE && *row->arg_name ? row->arg_name : "",
                     row->arg == ARG_OPTIONAL && *row->arg_name ? "]" : "");
    fputs(left, out);
    if (width >= HELP_COLUMN)
        fprintf(out, " ");
    else
        fprintf(out, "%*s", HELP_COLUMN - width, "");
    for (;;) {
        size_t len = strcspn(text, "\n");

        fprintf(out, "%.*s\n", (int)len, text);
        if (!text[len])
            return;
        text += len + 1;
        fprintf(out, "%*s", HELP_COLUMN, "");
    }
}

void job_options_help(enum job_command command, FILE *out)
{
    const struct job_option *rows[JOB_OPTION_ROWS_MAX];
    size_t num = job_option_rows(command, rows);
    size_t column = 0;

    fprintf(out, "Usage: %s [OPTIONS...] %s\n", job_command_name(command),
            command == CMD_SBATCH ? "script [args...]"
            : command == CMD_SRUN ? "executable [args...]"
                                  : "[command [args...]]");
    for (int group = 0; group < GROUP_COUNT; group++) {
        fprintf(out, "\n%s\n", group_titles[group]);
        for (size_t i = 0; i < num; i++)
            if (rows[i]->group == group && !rows[i]->refused && !rows[i]->hidden)
                help_row(rows[i], out);
    }
    fprintf(out, "\nNot supported yet, refused by name:");
    for (size_t i = 0; i < num; i++)
        if (rows[i]->refused && !rows[i]->hidden) {
            size_t len = strlen(rows[i]->name) + 3;

            if (!column || column + len > USAGE_WIDTH) {
                fprintf(out, "\n ");
                column = 1;
            }
            fprintf(out, " --%s", rows[i]->name);
            column += len;
        }
    fprintf(out, "\n\nSee %s(1).\n", job_command_name(command));
}

void job_options_usage(enum job_command command, FILE *out)
{
    const struct job_option *rows[JOB_OPTION_ROWS_MAX];
    size_t num = job_option_rows(command, rows), indent, column;

    indent = column = (size_t)fprintf(out, "Usage: %s", job_command_name(command));
    for (size_t i = 0; i < num; i++) {
        char word[96];
        int len;

        if (rows[i]->refused || rows[i]->hidden)
            continue;
        if (rows[i]->letter && rows[i]->arg != ARG_OPTIONAL)
            len = snprintf(word, sizeof word, " [-%c%s%s]", rows[i]->letter, rows[i]->arg ? " " : "",
                           rows[i]->arg ? rows[i]->arg_name : "");
        else
            len = snprintf(word, sizeof word, " [--%s%s%s%s%s]", rows[i]->name,
                           rows[i]->arg == ARG_OPTIONAL && *rows[i]->arg_name ? "[" : "",
                           rows[i]->arg && *rows[i]->arg_name ? "=" : "",
                           rows[i]->arg ? rows[i]->arg_name : "",
                           rows[i]->arg == ARG_OPTIONAL && *rows[i]->arg_name ? "]" : "");
        if (column + (size_t)len > USAGE_WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        }
        fputs(word, out);
        column += (size_t)len;
    }
    fprintf(out, "\n%*s %s\n", (int)indent, "",
            command == CMD_SBATCH ? "executable [args...]"
            : command == CMD_SRUN ? "executable [args...]"
                                  : "[command [args...]]");
}

void job_options_log_given(const struct job_options *o)
{
    log_info("defined options");
    log_info("-------------------- --------------------");
    for (size_t i = 0; i < o->num_rows; i++) {
        if (!o->source[i])
            continue;
        if (!strcmp(o->rows[i]->name, "verbose"))
            log_info("%-20s: %u", "verbose", o->verbose);
        else
            log_info("%-20s: %s", o->rows[i]->name, o->given[i]);
    }
    log_info("-------------------- --------------------");
    log_info("end of defined options");
}

void job_options_dump(enum job_command command, FILE *out)
{
    const struct job_option *rows[JOB_OPTION_ROWS_MAX];
    size_t num = job_option_rows(command, rows);

    for (size_t i = 0; i < num; i++) {
        const struct job_option *row = rows[i];
        const char *env = job_option_env(row, command);
        char letter[2] = { row->letter ? row->letter : '-', '\0' };

        if (row->hidden)
            continue;
        fprintf(out, "%s --%s %s %s %s%s%s\n", job_command_name(command), row->name, letter,
                row->arg == ARG_NONE ? "none" : row->arg == ARG_REQUIRED ? "required" : "optional",
                row->refused ? "refused" : "done", env ? " " : "", env ? env : "");
    }
}
