/* jobopt_private.h - rows of the option table and the functions that read their values. */
#ifndef BRAMBLE_JOBOPT_PRIVATE_H
#define BRAMBLE_JOBOPT_PRIVATE_H

#include <stddef.h>

#include "jobopt/jobopt.h"

enum option_arg { ARG_NONE = 0, ARG_REQUIRED, ARG_OPTIONAL };
/* Groups of --help, in its order. */
enum option_group { GROUP_RUN, GROUP_CONSTRAINT, GROUP_CONSUMABLE, GROUP_AFFINITY, GROUP_HELP, GROUP_COUNT };

/* Read value (NULL: none was given) into o. */
typedef int job_option_parse_f(struct job_options *o, const struct job_option *row, const char *value,
                               struct error *err);

struct job_option {
    const char *name;
    char letter; /* 0: none */
    unsigned char commands;
    unsigned char arg;   /* enum option_arg */
    unsigned char group; /* enum option_group */
    bool hidden;         /* a second name that Slurm knows but does not document */
    const char *arg_name;
    /* Variables read, separated by blanks, the strongest last. */
    const char *env_sbatch, *env_srun, *env_salloc;
    job_option_parse_f *parse;
    size_t offset;
    uint32_t min, max; /* of a number */
    const char *help;  /* lines separated by newlines */
    const char *refused; /* not supported: why, and what to do instead */
};

#define ENV_ALL(suffix)                                                                        \
    .env_sbatch = "SBATCH_" suffix, .env_srun = "SLURM_" suffix, .env_salloc = "SALLOC_" suffix
#define OPT_FIELD(field) offsetof(struct job_options, field)

/* A run of rows of one subject. */
struct option_rows {
    const struct job_option *rows;
    size_t num;
};
extern const struct option_rows rows_resources, rows_boards, rows_gres, rows_placement, rows_timing, rows_stdio, rows_identity,
    rows_step, rows_command, rows_refused;

/* Values of any kind. */
int parse_flag(struct job_options *, const struct job_option *, const char *, struct error *);
int parse_text(struct job_options *, const struct job_option *, const char *, struct error *);
int parse_count(struct job_options *, const struct job_option *, const char *, struct error *);
int parse_level(struct job_options *, const struct job_option *, const char *, struct error *);

/* "Invalid --time specification: 'x' <reason>"; sets the exit code.  Always -1. */
int option_refuse(struct job_options *o, const struct job_option *row, const char *value,
                  struct error *err, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Replace a text field. */
void option_set_text(char **field, const char *value);
char *option_field_text(struct job_options *o, const struct job_option *row);

/* option_gres.c: contradictions among its options, and what follows from them. */
int option_check_gres(struct job_options *o, struct error *err);
const char *job_command_name(enum job_command command);
const char *job_option_env(const struct job_option *row, enum job_command command);
/* Rows of a command, sorted by name; returns their number. */
size_t job_option_rows(enum job_command command, const struct job_option **rows);

#endif
