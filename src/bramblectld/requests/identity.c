/* identity.c - lookups of users with a small cache. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bramblectld/requests/identity.h"
#include "reactor/reactor.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/mem.h"

#define FRESH_MS 5000
#define CACHE_MAX 256
#define GROUPS_MAX 65536
#define NAME_BUF (64u << 10)

struct asker {
    struct asker *next;
    identity_found_f *found;
    void *arg;
};
struct entry {
    struct identities *ids;
    uint32_t uid;
    bool busy, known;
    uint64_t at_ms;
    struct identity identity, fresh; /* fresh: the worker's */
    struct error err;
    struct asker *askers;
};
struct identities {
    struct reactor *reactor;
    struct idmap map;
};

struct identities *identities_create(struct reactor *r)
{
    struct identities *ids = xcalloc(1, sizeof(*ids));
    ids->reactor = r;
    return ids;
}

static void identity_fini(struct identity *id)
{
    free(id->wire.user_name);
    free(id->wire.group_name);
    free(id->wire.home);
    free(id->wire.shell);
    free(id->wire.gids);
    for (size_t i = 0; i < id->num_groups; i++)
        free(id->groups[i]);
    free(id->groups);
    free(id->group_ids);
    memset(id, 0, sizeof(*id));
}

static void entry_free(struct entry *e)
{
    while (e->askers) {
        struct asker *next = e->askers->next;
        free(e->askers);
        e->askers = next;
    }
    identity_fini(&e->identity);
    identity_fini(&e->fresh);
    free(e);
}

void identities_destroy(struct identities *ids)
{
    size_t pos = 0;
    if (!ids)
        return;
    for (struct entry *e; (e = idmap_next(&ids->map, &pos, NULL));) {
        if (e->busy)
            e->ids = NULL; /* the worker's done frees it */
        else
            entry_free(e);
    }
    idmap_fini(&ids->map);
    free(ids);
}

/* ---- on a worker ---- */

static void look_up_groups(struct identity *id, char *buf)
{
    int num = 64;
    gid_t *gids = xcalloc((size_t)num, sizeof(*gids));
    while (getgrouplist(id->wire.user_name, (gid_t)id->wire.gid, gids, &num) < 0 && num <= GROUPS_MAX)
        gids = xreallocarray(gids, (size_t)num, sizeof(*gids));
    if (num > GROUPS_MAX)
        num = GROUPS_MAX;
    id->wire.gids = xcalloc((size_t)num, sizeof(*id->wire.gids));
    id->groups = xcalloc((size_t)num, sizeof(*id->groups));
    id->group_ids = xcalloc((size_t)num, sizeof(*id->group_ids));
    for (int i = 0; i < num; i++) {
        struct group gr, *found = NULL;
        id->wire.gids[id->wire.n_gids++] = gids[i];
        if (getgrgid_r(gids[i], &gr, buf, NAME_BUF, &found) == 0 && found) {
            id->group_ids[id->num_groups] = gids[i];
            id->groups[id->num_groups++] = xstrdup(found->gr_name);
        }
        if (gids[i] == (gid_t)id->wire.gid && found && !id->wire.group_name)
            id->wire.group_name = xstrdup(found->gr_name);
    }
    free(gids);
}

static void look_up(void *arg)
{
    struct entry *e = arg;
    struct identity *id = &e->fresh;
    struct passwd pw, *found = NULL;
    CLEANUP_FREE char *buf = xmalloc(NAME_BUF);
    identity_fini(id);
    error_clear(&e->err);
    int rc = getpwuid_r((uid_t)e->uid, &pw, buf, NAME_BUF, &found);
    if (!found) {
        if (rc == 0 || rc == ENOENT || rc == ESRCH)
            error_set(&e->err, BRE_USER_ID, "there is no user with uid %u on the controller", e->uid);
        else
            error_set(&e->err, BRE_USER_ID, "user database: uid %u: %s", e->uid, strerror(rc));
        return;
    }
    wire__identity__init(&id->wire);
    id->wire.has_uid = id->wire.has_gid = true;
    id->wire.uid = e->uid;
    id->wire.gid = pw.pw_gid;
    id->wire.user_name = xstrdup(pw.pw_name);
    id->wire.home = xstrdup(pw.pw_dir);
    id->wire.shell = xstrdup(pw.pw_shell);
    look_up_groups(id, buf);
    if (!id->wire.group_name)
        id->wire.group_name = xasprintf("%u", (unsigned)pw.pw_gid);
}

/* ---- on the loop ---- */

static void looked_up(void *arg)
{
    struct entry *e = arg;
    e->busy = false;
    if (!e->ids) {
        entry_free(e);
        return;
    }
    identity_fini(&e->identity);
    e->identity = e->fresh;
    memset(&e->fresh, 0, sizeof(e->fresh));
    e->known = e->err.code == 0;
    e->at_ms = reactor_now_ms(e->ids->reactor);
    struct asker *first = NULL;
    while (e->askers) { /* first come, first served */
        struct asker *a = e->askers;
        e->askers = a->next;
        a->next = first;
        first = a;
    }
    e->busy = true; /* keeps the entry while askers run */
    while (first) {
        struct asker *a = first;
        first = a->next;
        a->found(a->arg, e->known ? &e->identity : NULL, &e->err);
        free(a);
    }
    e->busy = false;
    if (!e->ids)
        entry_free(e);
}

const struct identity *identity_known(struct identities *ids, uint32_t uid)
{
    const struct entry *e = idmap_find(&ids->map, uid);
    return e && e->known && reactor_now_ms(ids->reactor) - e->at_ms < FRESH_MS ? &e->identity : NULL;
}

static void make_room(struct identities *ids)
{
    size_t pos = 0;
    uint64_t key;
    if (ids->map.count < CACHE_MAX)
        return;
    for (struct entry *e; (e = idmap_next(&ids->map, &pos, &key));) {
        if (e->busy)
            continue;
        idmap_remove(&ids->map, key);
        entry_free(e);
        return;
    }
}

void identity_find(struct identities *ids, uint32_t uid, identity_found_f *found, void *arg)
{
    const struct identity *known = identity_known(ids, uid);
    struct error err;
    if (known) {
        found(arg, known, NULL);
        return;
    }
    struct entry *e = idmap_find(&ids->map, uid);
    if (!e) {
        make_room(ids);
        e = xcalloc(1, sizeof(*e));
        e->ids = ids;
        e->uid = uid;
        idmap_put(&ids->map, uid, e);
    }
    struct asker *a = xcalloc(1, sizeof(*a));
    *a = (struct asker){ e->askers, found, arg };
    e->askers = a;
    if (e->busy)
        return;
    e->busy = true;
    if (reactor_offload(ids->reactor, look_up, looked_up, e) < 0) {
        e->busy = false;
        e->askers = a->next;
        free(a);
        error_set(&err, BRE_BUSY, "too many lookups of users are waiting");
        found(arg, NULL, &err);
    }
}

void identities_forget(struct identities *ids)
{
    size_t pos = 0;
    for (struct entry *e; (e = idmap_next(&ids->map, &pos, NULL));)
        e->known = false;
}
