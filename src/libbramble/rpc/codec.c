/* codec.c - from bytes to a checked message.
 *
 * protobuf-c knows neither bounds nor depth, and takes memory as it goes.  So the bytes are walked once
 * before: every tag, length, count and string is held against the schema's bounds, and only what
 * passed is decoded.  A singular field that comes twice is refused (protobuf would merge the two, past
 * the bounds); an unknown field is skipped.
 */
#include "config.h"
#include "rpc/rpc_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/codec_arena.h"
#include "util/error.h"
#include "util/log.h"
#include "wire/agent.pb-c.h"
#include "wire/bounds.h"
#include "wire/client.pb-c.h"
#include "wire/common.pb-c.h"
#include "wire/shepherd.pb-c.h"
#include "wire/step.pb-c.h"

enum { DEPTH_MAX = 16, FIELDS_MAX = 128 };

static const struct msg_info msg_table[] = {
#define MSG(number, NAME, schema_name, max, rights_)                                           \
    [number] = { "MSG_" #NAME, &wire__##schema_name##__descriptor, &wire_bounds__##schema_name, max, \
                 rights_ },
#include "rpc/messages.def"
#undef MSG
};

const struct msg_info *msg_info(unsigned type)
{
    return type < sizeof msg_table / sizeof msg_table[0] && msg_table[type].name ? &msg_table[type] : NULL;
}

const char *msg_type_name(unsigned type)
{
    const struct msg_info *info = msg_info(type);

    return info ? info->name : "unknown message";
}

const ProtobufCMessageDescriptor *msg_schema(unsigned type)
{
    const struct msg_info *info = msg_info(type);

    return info ? info->schema : NULL;
}

uint32_t msg_max_size(unsigned type)
{
    const struct msg_info *info = msg_info(type);

    return info ? info->max : 0;
}

unsigned msg_rights(unsigned type)
{
    const struct msg_info *info = msg_info(type);

    return info ? info->rights : 0;
}

/* ---- the walk over the bytes ---- */

struct walk {
    const uint8_t *at, *end;
    struct error *err;
};

static int malformed(struct walk *w, const struct wire_bounds *b)
{
    return error_set(w->err, BRE_PROTOCOL, "malformed message %s", b->schema->short_name);
}

static int read_varint(struct walk *w, uint64_t *value)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 70 && w->at < w->end; shift += 7) {
        uint8_t byte = *w->at++;

        v |= (uint64_t)(byte & 0x7f) << (shift < 64 ? shift : 63);
        if (!(byte & 0x80)) {
            *value = v;
            return 0;
        }
    }
    return -1;
}

/* Number of varints in len bytes; -1 when one is longer than ten bytes or the last is cut. */
static int64_t count_varints(const uint8_t *p, size_t len)
{
    int64_t count = 0;
    unsigned run = 0;

    for (size_t i = 0; i < len; i++)
        if (p[i] & 0x80) {
            if (++run >= 10)
                return -1;
        } else {
            run = 0;
            count++;
        }
    return run ? -1 : count;
}

/* Wire type of one value, and for fixed sizes its length. */
static unsigned wire_type_of(ProtobufCType type, size_t *fixed)
{
    *fixed = 0;
    switch (type) {
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        *fixed = 4;
        return 5;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        *fixed = 8;
        return 1;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return 2;
    default:
        return 0;
    }
}

static int find_row(const struct wire_bounds *b, uint32_t tag)
{
    unsigned low = 0, high = b->num_rows;

    if (tag <= high && b->rows[tag - 1].tag == tag) /* nearly always: tags are dense */
        return (int)tag - 1;
    while (low < high) {
        unsigned mid = (low + high) / 2;

        if (b->rows[mid].tag == tag)
            return (int)mid;
        if (b->rows[mid].tag < tag)
            low = mid + 1;
        else
            high = mid;
    }
    return -1;
}

static int too_long(struct walk *w, const struct wire_bounds *b, unsigned row, uint64_t len)
{
    return error_set(w->err, BRE_TOO_BIG, "%s.%s has %llu bytes; at most %u are allowed",
                     b->schema->short_name, b->schema->fields[row].name, (unsigned long long)len,
                     b->rows[row].max_len);
}

static int too_many(struct walk *w, const struct wire_bounds *b, unsigned row)
{
    return error_set(w->err, BRE_TOO_BIG, "%s.%s has more than %u %s", b->schema->short_name,
                     b->schema->fields[row].name, b->rows[row].max_count,
                     b->rows[row].max_count == 1 ? "value" : "members");
}

static int walk_message(struct walk *w, const struct wire_bounds *b, unsigned depth);

/* The bytes of one length-delimited value of a known field. */
static int walk_delimited(struct walk *w, const struct wire_bounds *b, unsigned row, uint64_t len,
                          unsigned depth)
{
    ProtobufCType type = b->schema->fields[row].type;
    struct walk inner = { w->at, w->at + len, w->err };

    if (type == PROTOBUF_C_TYPE_MESSAGE)
        return walk_message(&inner, b->rows[row].sub, depth + 1);
    if (len > b->rows[row].max_len)
        return too_long(w, b, row, len);
    if (type == PROTOBUF_C_TYPE_STRING && len && memchr(w->at, 0, len))
        return error_set(w->err, BRE_PROTOCOL, "%s.%s has a zero byte", b->schema->short_name,
                         b->schema->fields[row].name);
    return 0;
}

static int walk_message(struct walk *w, const struct wire_bounds *b, unsigned depth)
{
    uint32_t counts[FIELDS_MAX] = { 0 };
    bool one_of = false;

    if (depth > DEPTH_MAX || b->num_rows > FIELDS_MAX)
        return error_set(w->err, BRE_PROTOCOL, "message nested more than %d deep", DEPTH_MAX);
    while (w->at < w->end) {
        uint64_t key, len = 0;
        unsigned wire_type;
        int64_t count = 1;
        int row;

        if (read_varint(w, &key) < 0 || key > UINT32_MAX || !(key >> 3))
            return malformed(w, b);
        wire_type = key & 7;
        switch (wire_type) {
        case 0:
            break;
        case 1:
            len = 8;
            break;
        case 5:
            len = 4;
            break;
        case 2:
            if (read_varint(w, &len) < 0)
                return malformed(w, b);
            break;
        default:
            return malformed(w, b);
        }
        if (len > (uint64_t)(w->end - w->at))
            return malformed(w, b);
        row = find_row(b, (uint32_t)(key >> 3));
        if (row >= 0) {
            const ProtobufCFieldDescriptor *field = &b->schema->fields[row];
            size_t fixed;
            unsigned want = wire_type_of(field->type, &fixed);

            if (wire_type != want) { /* packed? */
                if (wire_type != 2 || field->label != PROTOBUF_C_LABEL_REPEATED || want == 2)
                    return malformed(w, b);
                count = fixed ? (len % fixed ? -1 : (int64_t)(len / fixed)) : count_varints(w->at, len);
                if (count < 0)
                    return malformed(w, b);
            } else if (want == 2 && walk_delimited(w, b, (unsigned)row, len, depth) < 0) {
                return -1;
            }
            if (count > b->rows[row].max_count - counts[row])
                return too_many(w, b, (unsigned)row);
            counts[row] += (uint32_t)count;
            if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
                if (one_of)
                    return malformed(w, b);
                one_of = true;
            }
        }
        if (wire_type == 0) {
            uint64_t ignored;

            if (read_varint(w, &ignored) < 0)
                return malformed(w, b);
        } else {
            w->at += len;
        }
    }
    return 0;
}

/* ---- decoding ---- */

ProtobufCMessage *msg_decode_bounds(const struct wire_bounds *b, const uint8_t *data, size_t len,
                                    struct error *err)
{
    struct walk w = { data, data + len, err };
    struct codec_arena *arena;
    ProtobufCMessage *msg;

    if (walk_message(&w, b, 1) < 0)
        return NULL;
    if (!(arena = codec_arena_create(len))) {
        error_set(err, ENOMEM, "no memory for a message of %zu bytes", len);
        return NULL;
    }
    msg = protobuf_c_message_unpack(b->schema, codec_arena_allocator(arena), len, data);
    if (!msg || codec_arena_of(msg) != arena) {
        error_set(err, BRE_PROTOCOL, "malformed message %s, or one that needs too much memory",
                  b->schema->short_name);
        codec_arena_destroy(arena);
        return NULL;
    }
    return msg;
}

ProtobufCMessage *msg_decode(unsigned type, const uint8_t *data, size_t len, struct error *err)
{
    const struct msg_info *info = msg_info(type);

    if (!info) {
        error_set(err, BRE_PROTOCOL, "unknown message %u", type);
        return NULL;
    }
    if (len > info->max) {
        error_set(err, BRE_TOO_BIG, "%s has %zu bytes; at most %u are allowed", info->name, len, info->max);
        return NULL;
    }
    return msg_decode_bounds(info->bounds, data, len, err);
}

static const struct wire_bounds *bounds_of(const ProtobufCMessageDescriptor *schema)
{
    for (unsigned i = 0; i < wire_bounds_count; i++)
        if (wire_bounds_all[i]->schema == schema)
            return wire_bounds_all[i];
    return NULL;
}

ProtobufCMessage *msg_decode_schema(const ProtobufCMessageDescriptor *schema, const uint8_t *data,
                                    size_t len, struct error *err)
{
    const struct wire_bounds *b = bounds_of(schema);

    if (!b) {
        error_set(err, BRE_INTERNAL, "%s has no bounds", schema->name);
        return NULL;
    }
    return msg_decode_bounds(b, data, len, err);
}

void rpc_msg_free(ProtobufCMessage *msg)
{
    if (msg)
        codec_arena_destroy(codec_arena_of(msg));
}

/* ---- checking what was made here ---- */

static int check_value(const struct wire_bounds *b, unsigned row, const void *value, unsigned depth,
                       struct error *err);

static int check_message(const struct wire_bounds *b, const ProtobufCMessage *msg, unsigned depth,
                         struct error *err)
{
    const uint8_t *base = (const uint8_t *)msg;

    if (depth > DEPTH_MAX || msg->descriptor != b->schema)
        return error_set(err, BRE_INTERNAL, "not a %s", b->schema->short_name);
    for (unsigned i = 0; i < b->num_rows; i++) {
        const ProtobufCFieldDescriptor *field = &b->schema->fields[i];
        const uint8_t *at = base + field->offset;
        size_t fixed, count, step;
        const uint8_t *items;

        if (wire_type_of(field->type, &fixed) != 2 && field->label != PROTOBUF_C_LABEL_REPEATED)
            continue;
        if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
            if (*(const uint32_t *)(base + field->quantifier_offset) == field->id
                && check_value(b, i, at, depth, err) < 0)
                return -1;
            continue;
        }
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            if (field->type == PROTOBUF_C_TYPE_BYTES
                && !*(const protobuf_c_boolean *)(base + field->quantifier_offset))
                continue;
            if (check_value(b, i, at, depth, err) < 0)
                return -1;
            continue;
        }
        count = *(const size_t *)(base + field->quantifier_offset);
        if (count > b->rows[i].max_count)
            return error_set(err, BRE_TOO_BIG, "%s.%s has %zu members; at most %u are allowed",
                             b->schema->short_name, field->name, count, b->rows[i].max_count);
        if (wire_type_of(field->type, &fixed) != 2)
            continue;
        memcpy(&items, at, sizeof items);
        step = field->type == PROTOBUF_C_TYPE_BYTES ? sizeof(ProtobufCBinaryData) : sizeof(void *);
        for (size_t k = 0; k < count; k++)
            if (check_value(b, i, items + k * step, depth, err) < 0)
                return -1;
    }
    return 0;
}

static int check_value(const struct wire_bounds *b, unsigned row, const void *value, unsigned depth,
                       struct error *err)
{
    struct walk w = { .err = err };
    size_t len = 0;
    const void *p;

    memcpy(&p, value, sizeof p);
    switch (b->schema->fields[row].type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return p ? check_message(b->rows[row].sub, p, depth + 1, err) : 0;
    case PROTOBUF_C_TYPE_STRING:
        len = p ? strlen(p) : 0;
        break;
    case PROTOBUF_C_TYPE_BYTES:
        len = ((const ProtobufCBinaryData *)value)->len;
        break;
    default:
        break;
    }
    return len > b->rows[row].max_len ? too_long(&w, b, row, len) : 0;
}

int msg_check_bounds(const ProtobufCMessage *msg, struct error *err)
{
    const struct wire_bounds *b = bounds_of(msg->descriptor);

    return b ? check_message(b, msg, 1, err)
             : error_set(err, BRE_INTERNAL, "%s has no bounds", msg->descriptor->name);
}

int msg_check_outgoing(unsigned type, const ProtobufCMessage *msg, size_t *size, struct error *err)
{
    const struct msg_info *info = msg_info(type);

    if (!info)
        return error_set(err, BRE_INTERNAL, "unknown message %u", type);
    *size = 0;
    if (!msg)
        return info->schema->n_fields == 0 ? 0 : error_set(err, BRE_INTERNAL, "%s needs a message", info->name);
    if (check_message(info->bounds, msg, 1, err) < 0)
        return error_prefix(err, "%s", info->name);
    *size = protobuf_c_message_get_packed_size(msg);
    if (*size > info->max)
        return error_set(err, BRE_TOO_BIG, "%s has %zu bytes; at most %u are allowed", info->name, *size,
                         info->max);
    return 0;
}

/* ---- rights ---- */

unsigned rpc_rights(const struct session_peer *peer, bool dialled, bool registered)
{
    unsigned rights = 0;

    switch (peer->role) {
    case SESSION_COMMAND:
        if (dialled)
            return R_REPLY;
        rights = R_ANY | R_OWNER;
        if (peer->is_operator || peer->is_admin)
            rights |= R_OPERATOR;
        if (peer->is_admin)
            rights |= R_ADMIN;
        return rights;
    case SESSION_AGENT:
        if (dialled)
            return R_CTLD;
        return registered ? R_AGENT : R_NEWNODE;
    case SESSION_STEP_CLIENT:
        return dialled ? R_STEPD : R_CLIENT;
    case SESSION_STEP_PEER:
        return R_PEER;
    case SESSION_SHEPHERD:
        return R_SHEP;
    }
    return rights;
}

int rpc_check_frame(unsigned rights, uint32_t type, uint32_t len, struct error *err)
{
    const struct msg_info *info = msg_info(type);

    if (!info)
        return error_set(err, BRE_NOT_SUPPORTED, "message %u is unknown here", type);
    if (!(info->rights & rights))
        return error_set(err, BRE_ACCESS, "%s may not be sent on this session", info->name);
    if (len > info->max)
        return error_set(err, BRE_TOO_BIG, "%s of %u bytes; at most %u are allowed", info->name, len,
                         info->max);
    return 0;
}
