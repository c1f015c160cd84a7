/* identity.h - who a uid is: name, home, shell, groups.
 *
 * Looked up on a worker, since the user database may be slow or remote, and kept for a few seconds
 * so that a burst of submissions asks once.
 */
#ifndef BRAMBLE_CTLD_IDENTITY_H
#define BRAMBLE_CTLD_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "wire/event.pb-c.h"

struct error;
struct identities;
struct reactor;

struct identity {
    Wire__Identity wire;
    char **groups;       /* names of wire.gids, where they have one, for allow_groups ... */
    uint32_t *group_ids; /* ... and which of them each is */
    size_t num_groups;
};
struct identities *identities_create(struct reactor *r);
void identities_destroy(struct identities *ids); /* NULL is allowed */
/* found(arg, identity, err): identity is NULL when there is no such user, and borrowed for the call.
 * Runs at once when the answer is known, else later on the loop. */
typedef void identity_found_f(void *arg, const struct identity *identity, const struct error *err);
void identity_find(struct identities *ids, uint32_t uid, identity_found_f *found, void *arg);
/* The answer if it is known and fresh, else NULL. */
const struct identity *identity_known(struct identities *ids, uint32_t uid);
void identities_forget(struct identities *ids);

#endif
