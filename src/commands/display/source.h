/* source.h - where a command gets its tables and answers: the controller, or a test's stand-in.
 */
#ifndef BRAMBLE_DISPLAY_SOURCE_H
#define BRAMBLE_DISPLAY_SOURCE_H

#include <protobuf-c/protobuf-c.h>

#include "commands/display/table.h"

struct error;

struct source {
    /* The whole answer; NULL with err set. */
    struct table *(*query)(struct source *s, const Wire__QueryRequest *request, struct error *err);
    /* One request, one reply, the caller's to free with rpc_msg_free(). */
    ProtobufCMessage *(*call)(struct source *s, unsigned type, const ProtobufCMessage *request,
                              unsigned want, struct error *err);
    void (*close)(struct source *s); /* frees s */
};

/* Connects when it is first asked, once for all that is asked. */
struct source *source_controller(void);
void source_close(struct source *s); /* NULL is allowed */

/* Put the numbers that are set in want[FIELD_MAX], as far as they belong to table, into the
 * request's fields, which the caller frees. */
void query_set_fields(Wire__QueryRequest *request, const bool *want, unsigned table);
/* Ask for a table with these fields and nothing else said. */
struct table *source_table(struct source *s, unsigned table, const bool *want, struct error *err);

#endif
