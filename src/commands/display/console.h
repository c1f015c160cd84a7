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
/* Call on_option for what the environment and then argv say, in order.  Returns the place of the
 * first argument that is no option, -1: said already (an unknown, refused or wrong option), or
 * OPTIONS_LEAVE: on_option printed what was asked for (--help) and returned OPTIONS_DONE. */
#define OPTIONS_DONE 1
#define OPTIONS_LEAVE (-2)
int options_parse(const struct console *c, int argc, char **argv, const struct show_option *options,
                  size_t num, int (*on_option)(void *arg, int letter, const char *value), void *arg);
void options_help(const char *program, const char *arguments, const struct show_option *options,
                  size_t num, FILE *out);
void options_usage(const char *program, const char *arguments, const struct show_option *options,
                   size_t num, FILE *out);

/* Run work every interval seconds until it fails or the reader has gone; 0: once. */
int iterate(unsigned interval, int (*work)(void *arg), void *arg);
/* "Sat Nov 21 06:21:30 2026" and a newline. */
void print_date(struct sink *s, int64_t now);

/* Is word in the comma list (NULL or empty list: yes)? */
bool list_has(const char *list, const char *word);

/* Parse a comma list of job states into a bit mask of enum job_state; "all" is all of them.
 * On an unknown word *bad is that word (the caller frees) and -1 returns. */
int job_states_parse(const char *text, uint64_t *mask, char **bad);
const char *job_state_long(int64_t state);
const char *job_state_compact(int64_t state);
const char *job_reason_name(int64_t reason); /* "None", "Resources", ... */
/* The reason as it is shown: what the controller said if it did, with the signal that a job raised. */
void job_reason_text(struct strbuf *out, int64_t reason, const char *said, int64_t exit_status);

#endif
