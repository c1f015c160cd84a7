/* console.h - a command's options, messages and exit, the same way in every command that shows.
 */
#ifndef BRAMBLE_DISPLAY_CONSOLE_H
#define BRAMBLE_DISPLAY_CONSOLE_H

#include <stdbool.h>
#include <stdio.h>

#include "commands/display/render.h"
#include "commands/display/source.h"

struct error;

struct console {
    const char *program;
    char *const *argv;     /* the command line; NULL: not yet at it (options_parse() looks at the environment) */
    const char *arguments; /* what follows the options, for --usage; NULL: nothing */
    struct source *source;
    int out;   /* tables go here */
    FILE *err; /* messages */
    FILE *in;  /* scontrol's interactive mode */
};

/* "squeue: error: ..." */
void console_error(const struct console *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "slurm_load_jobs error: <Slurm's text>: <reason>": what tools match. */
void console_load_error(const struct console *c, const char *function, const struct error *err);

enum option_arg { OPT_NONE, OPT_ARG, OPT_MAYBE };
struct show_option {
    const char *name;     /* long name */
    int letter;           /* short name, or a number above 255 */
    enum option_arg arg;
    const char *env;      /* the variable that sets the same, or NULL */
    const char *arg_name; /* for --help */
    const char *help;     /* NULL: not listed */
    const char *refused;  /* set: the option is known and refused; the way out */
};
/* Letters of long options that more than one command has. */
enum show_letter {
    SHOW_AUTOCOMPLETE = 1024,
    SHOW_HELP,
    SHOW_JSON,
    SHOW_USAGE,
    SHOW_YAML,
    SHOW_NOTHING, /* says what is so anyway where there is one cluster */
};
#define SHOW_OPTION_AUTOCOMPLETE                                                               \
    { "autocomplete", SHOW_AUTOCOMPLETE, OPT_ARG, NULL, "start", "long options that begin so", NULL }
#define SHOW_OPTION_HELP(letter) { "help", letter, OPT_NONE, NULL, NULL, "print this text", NULL }
#define SHOW_OPTION_JSON                                                                       \
    { "json", SHOW_JSON, OPT_MAYBE, NULL, "parser", "as JSON, for programs", NULL }
#define SHOW_OPTION_YAML                                                                       \
    { "yaml", SHOW_YAML, OPT_MAYBE, NULL, "parser", "as YAML, for programs", NULL }
#define SHOW_OPTION_USAGE                                                                      \
    { "usage", SHOW_USAGE, OPT_NONE, NULL, NULL, "print a short list of the options", NULL }
#define SHOW_OPTION_VERSION { "version", 'V', OPT_NONE, NULL, NULL, "print the version", NULL }
#define SHOW_OPTION_NOTHING(name, env)                                                         \
    { name, SHOW_NOTHING, OPT_NONE, env, NULL, "no effect: there is one cluster", NULL }

/* What --json and --yaml ask for: the keys of this release of Slurm's data_parser, see doc.h. */
enum doc_format { DOC_NONE, DOC_JSON, DOC_YAML };
#define DOC_DATA_PARSER "v0.0.41"

/* Call on_option for what the environment and then argv say, in order; --help, --usage, --version and
 * --autocomplete are answered here, from the table.  Returns the place of the first argument that is no
 * option, -1: said already (an unknown, refused or wrong option), or OPTIONS_LEAVE: what was asked for
 * has been printed. */
#define OPTIONS_LEAVE (-2)
int options_parse(struct console *c, int argc, char **argv, const struct show_option *options,
                  size_t num, int (*on_option)(void *arg, int letter, const char *value), void *arg);
void options_usage(const struct console *c, const struct show_option *options, size_t num, FILE *out);

/* --clusters: this cluster's name or "all", also as a list; name is then the cluster's.  -1: said already. */
int console_cluster(const struct console *c, const char *clusters, char name[256]);
/* --helpformat: the columns' headers, four to a line; hidden ones at the end are left out. */
void console_fields(const struct console *c, const struct column *columns, size_t num);
/* A number of seconds for --iterate; -1: said already, in the command's own words. */
int console_interval(const struct console *c, const char *value, const char *refusal, unsigned *seconds)
    __attribute__((format(printf, 3, 0)));

/* Run work every interval seconds until it fails or the reader has gone; 0: once. */
int iterate(unsigned interval, int (*work)(void *arg), void *arg);
/* "Sat Nov 21 06:21:30 2026" and a newline. */
void print_date(struct sink *s, int64_t now);

/* Is word in the comma list (NULL or empty list: yes)? */
bool list_has(const char *list, const char *word);

/* The states that Slurm names to who names another. */
#define JOB_STATE_WORDS                                                                        \
    "PENDING,RUNNING,SUSPENDED,COMPLETED,CANCELLED,FAILED,TIMEOUT,NODE_FAIL,PREEMPTED,BOOT_FAIL," \
    "DEADLINE,OUT_OF_MEMORY,COMPLETING,CONFIGURING,RESIZING,RESV_DEL_HOLD,REQUEUED,REQUEUE_FED," \
    "REQUEUE_HOLD,REVOKED,SIGNALING,SPECIAL_EXIT,STAGE_OUT,STOPPED"
/* Parse a comma list of job states into a bit mask of enum job_state; "all" is all of them.
 * On an unknown word *bad is that word (the caller frees) and -1 returns. */
int job_states_parse(const char *text, uint64_t *mask, char **bad);
const char *job_state_long(int64_t state);
const char *job_state_compact(int64_t state);
const char *job_reason_name(int64_t reason); /* "None", "Resources", ... */
/* The reason as it is shown: what the controller said if it did, with the signal that a job raised. */
void job_reason_text(struct strbuf *out, int64_t reason, const char *said, int64_t exit_status);

#endif
