/* scancel_private.h - what scancel was asked to do. */
#ifndef BRAMBLE_SCANCEL_PRIVATE_H
#define BRAMBLE_SCANCEL_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct error;

struct cancel_options {
    char *account, *name, *nodelist, *partition, *qos, *reservation, *state, *user, *wckey, *clusters;
    bool batch, full, interactive, me, ctld;
    unsigned verbose, quiet;
    int signal; /* 0: end the jobs */
    bool help, usage, version;
    char **ids; /* "12", "12.3", as they were given, checked */
    size_t num_ids;
};

/* -1 with err (code 0: the user was told already). */
int cancel_options_read(struct cancel_options *o, int argc, char **argv, struct error *err);
void cancel_options_fini(struct cancel_options *o);
bool cancel_has_filter(const struct cancel_options *o);
void cancel_help(FILE *out);
void cancel_usage(FILE *out);
/* One line a row: name, letter, argument, state, variable; for make check. */
void cancel_options_dump(FILE *out);

#endif
