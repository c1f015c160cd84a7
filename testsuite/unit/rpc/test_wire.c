/* test_wire.c - every message against bad input of every kind, and the table of rights.
 *
 * Golden files: testsuite/data/wire/<message>.bin, made by testsuite/lib/wire_golden. */
#include "config.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rpc/rpc.h"
#include "rpc/rpc_private.h"
#include "suite.h"
#include "util/error.h"
#include "util/mem.h"
#include "wire/bounds.h"
#include "wire/event.pb-c.h"
#include "wire_sample.h"

static const char *source_dir(void)
{
    const char *dir = getenv("srcdir");

    return dir ? dir : TEST_SRCDIR;
}

static FILE *open_data(const char *name, const char *ending)
{
    char path[4096];
    size_t at = (size_t)snprintf(path, sizeof path, "%s/testsuite/data/wire/", source_dir());

    for (const char *p = name; *p; p++)
        path[at++] = (char)tolower((unsigned char)*p);
    snprintf(path + at, sizeof path - at, "%s", ending);
    return fopen(path, "rb");
}

static uint8_t *golden(const struct sample_message *m, size_t *len)
{
    FILE *file = open_data(m->name, ".bin");
    uint8_t *data = xmalloc(65536);

    ck_assert_msg(file != NULL, "no golden file for %s: run testsuite/lib/wire_golden", m->name);
    *len = fread(data, 1, 65536, file);
    ck_assert_uint_lt(*len, 65536);
    fclose(file);
    return data;
}

static void bytes_put_varint(uint8_t *data, size_t *at, uint64_t v)
{
    do {
        data[(*at)++] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
        v >>= 7;
    } while (v);
}

static double seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Decode exactly sized copies, so that a sanitizer sees a read past the end. */
static ProtobufCMessage *decode_copy(unsigned type, const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    struct error err;
    ProtobufCMessage *msg;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, data, len);
    msg = msg_decode(type, copy, len, &err);
    free(copy);
    return msg;
}

static bool decodes(unsigned type, const uint8_t *data, size_t len)
{
    ProtobufCMessage *msg = decode_copy(type, data, len);

    rpc_msg_free(msg);
    return msg != NULL;
}

static unsigned num_messages(void)
{
    unsigned n = 0;

    while (sample_messages[n].name)
        n++;
    return n;
}

START_TEST(what_was_sent_once_is_understood_and_says_the_same)
{
    const struct sample_message *m = &sample_messages[_i];
    size_t len;
    uint8_t *data = golden(m, &len), *again = xmalloc(65536);
    ProtobufCMessage *msg;
    struct error err;

    msg = msg_decode(m->type, data, len, &err);
    ck_assert_msg(msg != NULL, "%s: %s", m->name, err.text);
    ck_assert_msg(msg_check_bounds(msg, &err) == 0, "%s: %s", m->name, err.text);
    ck_assert_uint_eq(msg->n_unknown_fields, 0);
    ck_assert_uint_eq(protobuf_c_message_get_packed_size(msg), len);
    protobuf_c_message_pack(msg, again);
    ck_assert_mem_eq(again, data, len);
    rpc_msg_free(msg);
    free(again);
    free(data);
}
END_TEST

START_TEST(a_message_with_every_field_is_understood)
{
    const struct sample_message *m = &sample_messages[_i];
    size_t len;
    uint8_t *data = sample_pack(msg_schema(m->type), &len);

    ck_assert_msg(decodes(m->type, data, len), "%s", m->name);
    free(data);
}
END_TEST

START_TEST(every_prefix_is_taken_or_refused)
{
    const struct sample_message *m = &sample_messages[_i];
    size_t len;
    uint8_t *data = golden(m, &len);

    for (size_t n = 0; n < len; n++)
        decodes(m->type, data, n);
    free(data);
}
END_TEST

START_TEST(every_flipped_bit_is_taken_or_refused)
{
    const struct sample_message *m = &sample_messages[_i];
    size_t len;
    uint8_t *data = golden(m, &len);

    for (size_t bit = 0; bit < len * 8; bit++) {
        data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        decodes(m->type, data, len);
        data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    free(data);
}
END_TEST

START_TEST(bytes_after_the_end_are_refused_and_unknown_fields_skipped)
{
    const struct sample_message *m = &sample_messages[_i];
    size_t len, at;
    uint8_t *data = xrealloc(golden(m, &len), 65536);
    bool small = len + 32 > msg_max_size(m->type);

    for (int c = 0; c < 256 && !small; c++) {
        data[len] = (uint8_t)c;
        ck_assert_msg(!decodes(m->type, data, len + 1), "%s + byte %d", m->name, c);
    }
    at = len; /* tag 5000 as varint, fixed 64, bytes, fixed 32 */
    bytes_put_varint(data, &at, 5000 << 3 | 0);
    bytes_put_varint(data, &at, 77);
    bytes_put_varint(data, &at, 5000 << 3 | 2);
    bytes_put_varint(data, &at, 3);
    memcpy(data + at, "xyz", 3);
    at += 3;
    bytes_put_varint(data, &at, 5000 << 3 | 5);
    at += 4;
    ck_assert_msg(small || decodes(m->type, data, at), "%s: unknown fields", m->name);
    at = len; /* a group, which we do not speak */
    bytes_put_varint(data, &at, 5000 << 3 | 3);
    ck_assert(!decodes(m->type, data, at));
    at = len; /* field number 0 */
    data[at++] = 0;
    data[at++] = 0;
    ck_assert(!decodes(m->type, data, at));
    free(data);
}
END_TEST

START_TEST(a_message_twice_in_one_is_refused)
{
    const struct sample_message *m = &sample_messages[_i];
    const ProtobufCMessageDescriptor *schema = msg_schema(m->type);
    size_t len;
    uint8_t *data = golden(m, &len), *twice = xmalloc(2 * len + 1);
    bool has_single = false;

    for (unsigned i = 0; i < schema->n_fields; i++)
        has_single |= schema->fields[i].label != PROTOBUF_C_LABEL_REPEATED;
    memcpy(twice, data, len);
    memcpy(twice + len, data, len);
    ck_assert_int_eq(decodes(m->type, twice, 2 * len),
                     !has_single && 2 * len <= msg_max_size(m->type));
    free(data);
    free(twice);
}
END_TEST

START_TEST(the_body_of_another_type_does_no_harm)
{
    const struct sample_message *m = &sample_messages[_i];
    size_t len;
    uint8_t *data = golden(m, &len);

    for (const struct sample_message *other = sample_messages; other->name; other++)
        decodes(other->type, data, len);
    free(data);
}
END_TEST

START_TEST(deep_nesting_and_a_million_empty_members_cost_little)
{
    const struct sample_message *m = &sample_messages[_i];
    const ProtobufCMessageDescriptor *schema = msg_schema(m->type);
    enum { DEPTH = 10000, MANY = 1000000 };
    uint8_t *data = xmalloc(2 * MANY + 16);
    double start = seconds();

    for (unsigned i = 0; i < schema->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &schema->fields[i];
        size_t at = 2 * MANY, end = at, k = 0;
        uint8_t key[8];
        size_t key_len = 0;

        /* from the inside out: each level holds the one before */
        bytes_put_varint(key, &key_len, f->id << 3 | 2);
        for (int depth = 0; depth < DEPTH && at > 16; depth++) {
            uint8_t head[16];
            size_t n = 0;

            memcpy(head, key, key_len);
            n = key_len;
            bytes_put_varint(head, &n, end - at);
            at -= n;
            memcpy(data + at, head, n);
        }
        decodes(m->type, data + at, end - at);
        if (f->label != PROTOBUF_C_LABEL_REPEATED)
            continue;
        while (k + 1 < 2 * MANY) { /* tag and length 0 */
            memcpy(data + k, key, key_len);
            k += key_len;
            data[k++] = 0;
        }
        decodes(m->type, data, k);
    }
    ck_assert_msg(seconds() - start < 20, "%s took %.1f s", m->name, seconds() - start);
    free(data);
}
END_TEST

/* ---- bounds: every field of every schema, also of the journal's ---- */

struct field_case {
    const struct wire_bounds *b;
    unsigned row;
};

static bool schema_decodes(const struct wire_bounds *b, const uint8_t *data, size_t len, struct error *err)
{
    ProtobufCMessage *msg = msg_decode_schema(b->schema, data, len, err);

    rpc_msg_free(msg);
    return msg != NULL;
}

static void check_length(const struct wire_bounds *b, unsigned row, uint8_t *data)
{
    const ProtobufCFieldDescriptor *f = &b->schema->fields[row];
    size_t max = b->rows[row].max_len, at = 0, head;
    struct error err;

    ck_assert_msg(max > 0, "%s.%s has no bound", b->schema->short_name, f->name);
    bytes_put_varint(data, &at, f->id << 3 | 2);
    head = at;
    bytes_put_varint(data, &at, 0);
    ck_assert(schema_decodes(b, data, at, &err));
    at = head;
    bytes_put_varint(data, &at, max);
    memset(data + at, 'x', max);
    ck_assert_msg(schema_decodes(b, data, at + max, &err), "%s", err.text);
    ck_assert(!schema_decodes(b, data, at + max - 1, &err));
    if (f->type == PROTOBUF_C_TYPE_STRING) { /* a zero byte would cut it for whoever reads it */
        data[at + max - 1] = 0;
        ck_assert(!schema_decodes(b, data, at + max, &err));
    }
    at = head;
    bytes_put_varint(data, &at, max + 1);
    memset(data + at, 'x', max + 1);
    ck_assert_msg(!schema_decodes(b, data, at + max + 1, &err), "%s.%s: %zu bytes", b->schema->short_name,
                  f->name, max + 1);
    ck_assert_int_eq(err.code, BRE_TOO_BIG);
    at = head;
    bytes_put_varint(data, &at, UINT32_MAX);
    ck_assert(!schema_decodes(b, data, at + 100, &err));
    at = head;
    bytes_put_varint(data, &at, UINT64_MAX);
    ck_assert(!schema_decodes(b, data, at + 100, &err));
}

static void check_count(const struct wire_bounds *b, unsigned row, uint8_t *data)
{
    const ProtobufCFieldDescriptor *f = &b->schema->fields[row];
    size_t max = b->rows[row].max_count, at;
    bool delimited = f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_BYTES
                     || f->type == PROTOBUF_C_TYPE_MESSAGE;
    struct error err;

    for (size_t count = max; count <= max + 1; count++) {
        bool ok;

        at = 0;
        for (size_t i = 0; i < count; i++) {
            bytes_put_varint(data, &at, f->id << 3 | (delimited ? 2 : 0));
            data[at++] = 0;
        }
        ok = schema_decodes(b, data, at, &err);
        if (count > max)
            ck_assert_msg(!ok && err.code == BRE_TOO_BIG, "%s.%s: %zu members", b->schema->short_name,
                          f->name, count);
        else if (f->type != PROTOBUF_C_TYPE_MESSAGE) /* empty messages may meet the cap of memory first */
            ck_assert_msg(ok, "%s", err.text);
        if (delimited)
            continue;
        at = 0; /* packed, in two runs */
        for (int run = 0; run < 2; run++) {
            size_t part = run ? count - count / 2 : count / 2;

            bytes_put_varint(data, &at, f->id << 3 | 2);
            bytes_put_varint(data, &at, part);
            memset(data + at, 1, part);
            at += part;
        }
        ck_assert_int_eq(schema_decodes(b, data, at, &err), count <= max);
    }
}

START_TEST(every_bound_of_every_schema_holds)
{
    static const size_t room = (size_t)72 << 20;
    uint8_t *data = malloc(room);

    ck_assert_ptr_nonnull(data);
    ck_assert_uint_gt(wire_bounds_count, 80);
    for (unsigned i = 0; i < wire_bounds_count; i++) {
        const struct wire_bounds *b = wire_bounds_all[i];

        ck_assert_uint_eq(b->num_rows, b->schema->n_fields);
        for (unsigned row = 0; row < b->num_rows; row++) {
            const ProtobufCFieldDescriptor *f = &b->schema->fields[row];

            ck_assert_uint_eq(b->rows[row].tag, f->id);
            ck_assert(!b->rows[row].sub || b->rows[row].sub->schema == f->descriptor);
            ck_assert((f->type == PROTOBUF_C_TYPE_MESSAGE) == (b->rows[row].sub != NULL));
            if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_BYTES)
                check_length(b, row, data);
            if (f->label == PROTOBUF_C_LABEL_REPEATED)
                check_count(b, row, data);
        }
    }
    free(data);
}
END_TEST

START_TEST(a_wrong_wire_type_is_refused)
{
    for (unsigned i = 0; i < wire_bounds_count; i++) {
        const struct wire_bounds *b = wire_bounds_all[i];

        for (unsigned row = 0; row < b->num_rows; row++) {
            const ProtobufCFieldDescriptor *f = &b->schema->fields[row];
            bool delimited = f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_BYTES
                             || f->type == PROTOBUF_C_TYPE_MESSAGE;

            for (unsigned type = 0; type < 8; type++) {
                uint8_t data[32] = { 0 };
                struct error err;
                size_t at = 0;
                bool packed = type == 2 && f->label == PROTOBUF_C_LABEL_REPEATED;

                bytes_put_varint(data, &at, f->id << 3 | type);
                at += type == 1 ? 8 : type == 5 ? 4 : 1;
                if (type == (delimited ? 2 : 0) || packed)
                    continue;
                ck_assert_msg(!schema_decodes(b, data, at, &err), "%s.%s as wire type %u",
                              b->schema->short_name, f->name, type);
            }
        }
    }
}
END_TEST

START_TEST(an_event_of_the_journal_holds_one_fact)
{
    /* two members of the same oneof */
    uint8_t data[] = { 10 << 3 | 2, 0, 11 << 3 | 2, 0 };
    struct error err;
    ProtobufCMessage *msg = msg_decode_schema(&wire__event__descriptor, data, 2, &err);

    ck_assert_msg(msg != NULL, "%s", err.text);
    rpc_msg_free(msg);
    ck_assert_ptr_null(msg_decode_schema(&wire__event__descriptor, data, 4, &err));
}
END_TEST

/* ---- what we send ---- */

START_TEST(what_breaks_the_bounds_is_not_sent)
{
    Wire__SubmitReply reply = WIRE__SUBMIT_REPLY__INIT;
    struct error err;
    size_t size;
    char *text = xmalloc(4098);

    memset(text, 'x', 4097);
    text[4097] = '\0';
    reply.warning = text;
    ck_assert_int_eq(msg_check_outgoing(MSG_SUBMIT_REPLY, &reply.base, &size, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "SubmitReply.warning"));
    text[4096] = '\0';
    ck_assert_int_eq(msg_check_outgoing(MSG_SUBMIT_REPLY, &reply.base, &size, &err), 0);
    /* a message under another's name */
    ck_assert_int_eq(msg_check_outgoing(MSG_SUBMIT, &reply.base, &size, &err), -1);
    ck_assert_int_eq(msg_check_outgoing(9999, &reply.base, &size, &err), -1);
    free(text);
}
END_TEST

/* ---- rights: every message x every kind of session ---- */

static const struct session_kind {
    const char *name;
    struct session_peer peer;
    bool dialled, registered;
} kinds[] = {
    { "user", { .role = SESSION_COMMAND }, false, false },
    { "operator", { .role = SESSION_COMMAND, .is_operator = true }, false, false },
    { "admin", { .role = SESSION_COMMAND, .is_admin = true }, false, false },
    { "newnode", { .role = SESSION_AGENT }, false, false },
    { "agent", { .role = SESSION_AGENT }, false, true },
    { "ctld-to-command", { .role = SESSION_COMMAND }, true, false },
    { "ctld-to-agent", { .role = SESSION_AGENT }, true, false },
    { "stepclient", { .role = SESSION_STEP_CLIENT }, false, false },
    { "stepd", { .role = SESSION_STEP_CLIENT }, true, false },
    { "peer", { .role = SESSION_STEP_PEER }, false, false },
    { "peer-dialled", { .role = SESSION_STEP_PEER }, true, false },
    { "shepherd", { .role = SESSION_SHEPHERD }, false, false },
    { "no-role", { .role = 0 }, false, false },
};

/* testsuite/data/wire/rights.txt is written by hand: "MESSAGE kind kind ...".  Who may send what changes
 * only together with it. */
START_TEST(rights_are_as_written_down_for_every_message_and_session)
{
    FILE *file = open_data("rights", ".txt");
    char line[512];
    bool seen[512] = { false };

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
        char *save = NULL, *name = strtok_r(line, " \n", &save), *word;
        const struct sample_message *m = sample_messages;
        bool may[ARRAY_SIZE(kinds)] = { false };

        if (!name || name[0] == '#')
            continue;
        while (m->name && strcmp(m->name, name))
            m++;
        ck_assert_msg(m->name != NULL, "%s is no message", name);
        seen[m->type] = true;
        while ((word = strtok_r(NULL, " \n", &save))) {
            size_t k = 0;

            while (k < ARRAY_SIZE(kinds) && strcmp(kinds[k].name, word))
                k++;
            ck_assert_msg(k < ARRAY_SIZE(kinds), "%s is no kind of session", word);
            may[k] = true;
        }
        for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
            struct error err;
            unsigned rights = rpc_rights(&kinds[k].peer, kinds[k].dialled, kinds[k].registered);
            bool ok = rpc_check_frame(rights, m->type, 0, &err) == 0;

            ck_assert_msg(ok == may[k], "%s from %s is %s", name, kinds[k].name, ok ? "taken" : "refused");
        }
    }
    fclose(file);
    for (const struct sample_message *m = sample_messages; m->name; m++)
        ck_assert_msg(seen[m->type], "%s is not in rights.txt", m->name);
}
END_TEST

START_TEST(unknown_types_are_refused_for_everybody)
{
    for (unsigned type = 0; type < 70000; type++) {
        struct error err;

        if (msg_schema(type))
            continue;
        ck_assert_int_eq(rpc_check_frame(~0u, type, 0, &err), -1);
        ck_assert_ptr_null(msg_decode(type, (const uint8_t *)"", 0, &err));
    }
}
END_TEST

START_TEST(a_length_above_the_messages_bound_is_refused_first)
{
    for (const struct sample_message *m = sample_messages; m->name; m++) {
        struct error err;

        ck_assert_int_eq(rpc_check_frame(msg_rights(m->type), m->type, msg_max_size(m->type), &err), 0);
        ck_assert_int_eq(rpc_check_frame(msg_rights(m->type), m->type, msg_max_size(m->type) + 1, &err), -1);
        ck_assert_int_eq(rpc_check_frame(msg_rights(m->type), m->type, UINT32_MAX, &err), -1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire");
    TCase *each = tcase_create("every message"), *all = tcase_create("schemas and rights");
    int n = (int)num_messages();

    tcase_set_timeout(each, 60);
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(each, what_was_sent_once_is_understood_and_says_the_same, 0, n);
    tcase_add_loop_test(each, a_message_with_every_field_is_understood, 0, n);
    tcase_add_loop_test(each, every_prefix_is_taken_or_refused, 0, n);
    tcase_add_loop_test(each, every_flipped_bit_is_taken_or_refused, 0, n);
    tcase_add_loop_test(each, bytes_after_the_end_are_refused_and_unknown_fields_skipped, 0, n);
    tcase_add_loop_test(each, a_message_twice_in_one_is_refused, 0, n);
    tcase_add_loop_test(each, the_body_of_another_type_does_no_harm, 0, n);
    tcase_add_loop_test(each, deep_nesting_and_a_million_empty_members_cost_little, 0, n);
    tcase_add_test(all, every_bound_of_every_schema_holds);
    tcase_add_test(all, a_wrong_wire_type_is_refused);
    tcase_add_test(all, an_event_of_the_journal_holds_one_fact);
    tcase_add_test(all, what_breaks_the_bounds_is_not_sent);
    tcase_add_test(all, rights_are_as_written_down_for_every_message_and_session);
    tcase_add_test(all, unknown_types_are_refused_for_everybody);
    tcase_add_test(all, a_length_above_the_messages_bound_is_refused_first);
    suite_add_tcase(suite, each);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
