/* wire_sample.c - see wire_sample.h.  The bytes are written straight from the descriptor, so the sample
 * does not come from the code that it tests. */
#include "config.h"
#include "wire_sample.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/rpc.h"

const struct sample_message sample_messages[] = {
#define MSG(number, NAME, schema, max, rights) { MSG_##NAME, #NAME },
#include "rpc/messages.def"
#undef MSG
    { 0, NULL },
};

struct out {
    uint8_t *data;
    size_t len, cap;
};

static void put(struct out *o, const void *data, size_t len)
{
    if (o->len + len > o->cap) {
        o->cap = (o->len + len) * 2;
        o->data = realloc(o->data, o->cap);
        if (!o->data)
            abort();
    }
    if (len)
        memcpy(o->data + o->len, data, len);
    o->len += len;
}

static void put_varint(struct out *o, uint64_t v)
{
    uint8_t byte;

    do {
        byte = (uint8_t)(v & 0x7f);
        v >>= 7;
        if (v)
            byte |= 0x80;
        put(o, &byte, 1);
    } while (v);
}

static void put_message(struct out *o, const ProtobufCMessageDescriptor *schema);

static unsigned wire_type(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return 5;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 1;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return 2;
    default:
        return 0;
    }
}

/* The value alone, without its key. */
static void put_value(struct out *o, const ProtobufCFieldDescriptor *f, unsigned member)
{
    static const uint8_t fixed[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    char text[32];
    struct out inner = { 0 };

    switch (wire_type(f->type)) {
    case 0:
        put_varint(o, f->type == PROTOBUF_C_TYPE_BOOL ? 1 : f->id * 7 + member);
        return;
    case 1:
        put(o, fixed, 8);
        return;
    case 5:
        put(o, fixed, 4);
        return;
    }
    if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
        put_message(&inner, f->descriptor);
    } else {
        snprintf(text, sizeof text, "%.12s%u", f->name, member);
        put(&inner, text, strlen(text));
    }
    put_varint(o, inner.len);
    put(o, inner.data, inner.len);
    free(inner.data);
}

static void put_message(struct out *o, const ProtobufCMessageDescriptor *schema)
{
    bool one_of = false;

    for (unsigned i = 0; i < schema->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &schema->fields[i];
        unsigned members = f->label == PROTOBUF_C_LABEL_REPEATED ? 2 : 1;

        if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
            if (one_of)
                continue;
            one_of = true;
        }
        if (f->flags & PROTOBUF_C_FIELD_FLAG_PACKED) {
            struct out inner = { 0 };

            for (unsigned k = 0; k < members; k++)
                put_value(&inner, f, k);
            put_varint(o, f->id << 3 | 2);
            put_varint(o, inner.len);
            put(o, inner.data, inner.len);
            free(inner.data);
            continue;
        }
        for (unsigned k = 0; k < members; k++) {
            put_varint(o, f->id << 3 | wire_type(f->type));
            put_value(o, f, k);
        }
    }
}

uint8_t *sample_pack(const ProtobufCMessageDescriptor *schema, size_t *len)
{
    struct out o = { 0 };

    put_message(&o, schema);
    *len = o.len;
    return o.data ? o.data : calloc(1, 1);
}
