/* spec.c - interned parts of jobs: what was asked for, names, identities, scripts and environments.
 *
 * A hundred thousand jobs of one user are mostly equal: each distinct part is held once and
 * counted.
 */
#include "cluster/event/event.h"
#include "cluster/sched/sched.h"

#include <string.h>

static uint8_t *spec_pack(const Wire__JobSpec *msg, uint8_t *small, size_t room,
                          size_t *len)
{
    Wire__JobSpec copy = *msg;
    uint8_t *at = small;

    copy.name = NULL;
    *len = wire__job_spec__get_packed_size(&copy);
    if (*len > room)
        at = xmalloc(*len);
    wire__job_spec__pack(&copy, at);
    return at;
}

struct spec *spec_intern(struct cluster *c, const Wire__JobSpec *msg)
{
    uint8_t small[2048], other[2048];
    size_t len, other_len;
    uint8_t *packed = spec_pack(msg, small, sizeof(small), &len);
    uint64_t hash = hash_bytes(packed, len);
    struct spec *first = idmap_find(&c->specs, hash), *spec = first;

    for (; spec; spec = spec->same_hash) {
        uint8_t *candidate = spec_pack(spec->msg, other, sizeof(other), &other_len);
        bool equal = other_len == len && memcmp(candidate, packed, len) == 0;

        if (candidate != other)
            free(candidate);
        if (equal)
            break;
    }
    if (!spec) {
        Wire__JobSpec copy = *msg;

        copy.name = NULL;
        spec = xcalloc(1, sizeof(*spec));
        spec->hash = hash;
        spec->same_hash = first;
        spec->msg = CLONE(&copy);
        spec->shape = shape_intern(c, spec->msg);
        idmap_put(&c->specs, hash, spec);
    }
    if (packed != small)
        free(packed);
    spec->refs++;
    return spec;
}

struct spec *spec_change(struct cluster *c, const struct spec *spec,
                         const Wire__JobSpec *changes, char *const *cleared,
                         size_t num_cleared)
{
    const ProtobufCMessageDescriptor *desc = &wire__job_spec__descriptor;
    Wire__JobSpec base = *spec->msg, more = WIRE__JOB_SPEC__INIT, *merged;
    CLEANUP_FREE uint8_t *packed = NULL;
    struct spec *changed;
    size_t len;

    for (size_t i = 0; i < num_cleared; i++) {
        const ProtobufCFieldDescriptor *f =
            protobuf_c_message_descriptor_get_field_by_name(desc, cleared[i]);

        if (!f || f->label == PROTOBUF_C_LABEL_REPEATED)
            continue; /* a name of a later release */
        if (f->type == PROTOBUF_C_TYPE_STRING)
            *(char **)(void *)((char *)&base + f->offset) = NULL;
        else
            *(protobuf_c_boolean *)(void *)((char *)&base + f->quantifier_offset) = 0;
    }
    if (changes)
        more = *changes;
    more.name = NULL;
    /* decoding one message after the other merges them: the later value wins */
    packed = xmalloc(wire__job_spec__get_packed_size(&base)
                     + wire__job_spec__get_packed_size(&more) + 1);
    len = wire__job_spec__pack(&base, packed);
    len += wire__job_spec__pack(&more, packed + len);
    merged = wire__job_spec__unpack(NULL, len, packed);
    if (!merged)
        abort(); /* what was packed above unpacks */
    changed = spec_intern(c, merged);
    wire__job_spec__free_unpacked(merged, NULL);
    return changed;
}

struct spec *spec_by_snapshot_id(const struct cluster *c, uint32_t id)
{
    struct spec *spec;

    return id && (spec = idmap_find(&c->snapshot_specs, id)) ? spec : NULL;
}

void spec_decref(struct cluster *c, struct spec *spec)
{
    struct spec *first;

    if (!spec || --spec->refs)
        return;
    first = idmap_find(&c->specs, spec->hash);
    if (first == spec) {
        if (spec->same_hash)
            idmap_put(&c->specs, spec->hash, spec->same_hash);
        else
            idmap_remove(&c->specs, spec->hash);
    } else {
        while (first->same_hash != spec)
            first = first->same_hash;
        first->same_hash = spec->same_hash;
    }
    shape_decref(c, spec->shape);
    free(spec->msg);
    free(spec);
}

struct name *name_intern(struct cluster *c, const char *text)
{
    uint64_t hash = hash_text(text);
    struct name *first = idmap_find(&c->names, hash), *name = first;

    while (name && strcmp(name->text, text) != 0)
        name = name->same_hash;
    if (!name) {
        size_t len = strlen(text) + 1;

        name = xcalloc(1, sizeof(*name) + len);
        memcpy(name->text, text, len);
        name->hash = hash;
        list_init(&name->singles);
        name->same_hash = first;
        idmap_put(&c->names, hash, name);
    }
    name->refs++;
    return name;
}

void name_decref(struct cluster *c, struct name *name)
{
    struct name *first;

    if (!name || --name->refs)
        return;
    first = idmap_find(&c->names, name->hash);
    if (first == name) {
        if (name->same_hash)
            idmap_put(&c->names, name->hash, name->same_hash);
        else
            idmap_remove(&c->names, name->hash);
    } else {
        while (first->same_hash != name)
            first = first->same_hash;
        first->same_hash = name->same_hash;
    }
    free(name);
}

struct ident *ident_find(const struct cluster *c, uint32_t id)
{
    return idmap_find(&c->idents, id);
}

static bool text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

struct ident *ident_find_equal(const struct cluster *c, const Wire__Identity *msg)
{
    struct ident *ident;

    for (size_t pos = 0; (ident = idmap_next(&c->idents, &pos, NULL));) {
        const Wire__Identity *m = ident->msg;

        if (m->uid == msg->uid && m->gid == msg->gid && m->n_gids == msg->n_gids
            && (!m->n_gids || memcmp(m->gids, msg->gids, m->n_gids * sizeof(*m->gids)) == 0)
            && text_equal(m->user_name, msg->user_name)
            && text_equal(m->group_name, msg->group_name) && text_equal(m->home, msg->home)
            && text_equal(m->shell, msg->shell))
            return ident;
    }
    return NULL;
}

/* Ids are taken from the state, so that they are the same after a replay. */
uint32_t ident_free_id(const struct cluster *c)
{
    uint32_t id = 1;

    while (idmap_find(&c->idents, id))
        id++;
    return id;
}

struct ident *ident_add(struct cluster *c, uint32_t id, const Wire__Identity *msg)
{
    struct ident *ident = idmap_find(&c->idents, id);

    if (ident && ident->refs)
        return ident;
    if (ident) { /* left by a journal's torn tail: nobody has it, its number was given anew */
        free(ident->msg);
        ident->msg = CLONE(msg);
        return ident;
    }
    ident = xcalloc(1, sizeof(*ident));
    ident->id = id;
    ident->msg = CLONE(msg);
    idmap_put(&c->idents, id, ident);
    return ident;
}

void ident_decref(struct cluster *c, struct ident *ident)
{
    if (!ident || --ident->refs)
        return;
    idmap_remove(&c->idents, ident->id);
    free(ident->msg);
    free(ident);
}

static uint64_t blob_key(const uint8_t hash[32])
{
    uint64_t key;

    memcpy(&key, hash, sizeof(key));
    return key;
}

struct blob *blob_find(const struct idmap *blobs, const uint8_t hash[32])
{
    struct blob *blob = idmap_find(blobs, blob_key(hash));

    while (blob && memcmp(blob->hash, hash, 32) != 0)
        blob = blob->same_hash;
    return blob;
}

struct blob *blob_add(struct idmap *blobs, const uint8_t hash[32], const void *data,
                      size_t len)
{
    struct blob *blob = blob_find(blobs, hash);

    if (blob)
        return blob;
    blob = xcalloc(1, sizeof(*blob) + len);
    memcpy(blob->hash, hash, 32);
    if (len)
        memcpy(blob->data, data, len);
    blob->len = len;
    blob->same_hash = idmap_find(blobs, blob_key(hash));
    idmap_put(blobs, blob_key(hash), blob);
    return blob;
}

void blob_incref(struct blob *blob)
{
    if (blob)
        blob->refs++;
}

void blob_decref(struct idmap *blobs, struct blob *blob)
{
    struct blob *first;
    uint64_t key;

    if (!blob || --blob->refs)
        return;
    key = blob_key(blob->hash);
    first = idmap_find(blobs, key);
    if (first == blob) {
        if (blob->same_hash)
            idmap_put(blobs, key, blob->same_hash);
        else
            idmap_remove(blobs, key);
    } else {
        while (first->same_hash != blob)
            first = first->same_hash;
        first->same_hash = blob->same_hash;
    }
    free(blob);
}
