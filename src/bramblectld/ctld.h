/* ctld.h - the controller: the I/O around the heart (src/cluster).
 *
 * Everything runs on one reactor thread.  What happens is decided by the heart, applied, appended to
 * the journal, and acted on once it is on disk: commit.h is the one way there.
 */
#ifndef BRAMBLE_CTLD_H
#define BRAMBLE_CTLD_H

#include <stdbool.h>

struct ctld;
struct error;

struct ctld_options {
    const char *conf_path; /* NULL: SYSCONFDIR/bramble.conf */
    const char *plugin_dir; /* NULL: the installed one */
    bool recover;
};

/* Load the configuration and the state, and listen.  NULL with err set. */
struct ctld *ctld_create(const struct ctld_options *options, struct error *err);
/* Run until stopped by a signal, by scontrol shutdown or by a failed journal.  The exit status. */
int ctld_run(struct ctld *c);
void ctld_destroy(struct ctld *c); /* NULL is allowed */

/* The controller's public key as text for the "controller = " line; makes the key when there is
 * none.  Caller frees. */
char *ctld_key_text(const char *conf_path, struct error *err);

#endif
