/* source.c - queries over one connection to the controller. */
#include "commands/display/source.h"

#include <string.h>

#include "bramble/constants.h"
#include "client/client.h"
#include "rpc/rpc.h"
#include "util/error.h"
#include "util/mem.h"

#define CHUNK_WAIT_MS 60000

struct controller_source {
    struct source base;
    struct rpc_client *client;
};

static struct rpc_client *reach(struct source *s, struct error *err)
{
    struct controller_source *cs = (struct controller_source *)s;

    if (!cs->client)
        cs->client = controller_open(err);
    return cs->client;
}

static struct table *controller_query(struct source *s, const Wire__QueryRequest *request,
                                      struct error *err)
{
    struct rpc_client *client = reach(s, err);
    struct table *t;

    if (!client || rpc_send(client, MSG_QUERY, &request->base, err) < 0)
        return NULL;
    t = table_create();
    for (;;) {
        struct rpc_frame frame;
        const Wire__TableChunk *chunk;

        if (rpc_recv(client, &frame, CHUNK_WAIT_MS, err) < 0)
            break;
        if (frame.type == MSG_REFUSAL) {
            const Wire__Refusal *why = (const Wire__Refusal *)frame.msg;

            error_set(err, why->has_code ? (int)why->code : BRE_PROTOCOL, "%s",
                      why->text ? why->text : "");
            break;
        }
        if (frame.type != MSG_TABLE_CHUNK) {
            error_set(err, BRE_PROTOCOL, "the controller answered a query with %s",
                      msg_type_name(frame.type));
            break;
        }
        chunk = (const Wire__TableChunk *)frame.msg;
        if (table_add_chunk(t, chunk, err) < 0)
            break;
        if (chunk->last)
            return t;
    }
    table_destroy(t);
    return NULL;
}

static ProtobufCMessage *source_ask(struct source *s, unsigned type,
                                    const ProtobufCMessage *request, unsigned want,
                                    struct error *err)
{
    struct rpc_client *client = reach(s, err);

    return client ? controller_call(client, type, request, want, ANSWER_WAIT_MS, err) : NULL;
}

static void controller_close(struct source *s)
{
    rpc_client_close(((struct controller_source *)s)->client);
    free(s);
}

struct source *source_controller(void)
{
    struct controller_source *cs = xcalloc(1, sizeof(*cs));

    cs->base.query = controller_query;
    cs->base.call = source_ask;
    cs->base.close = controller_close;
    return &cs->base;
}

void source_close(struct source *s)
{
    if (s)
        s->close(s);
}

void query_set_fields(Wire__QueryRequest *request, const bool *want, unsigned table)
{
    request->has_table = true;
    request->table = table;
    request->n_fields = 0;
    request->fields = xcalloc(FIELD_MAX, sizeof(*request->fields));
    for (unsigned i = 0; i < FIELD_MAX; i++) {
        const struct field_info *info = want[i] ? field_find(i) : NULL;

        if (info && info->table == table)
            request->fields[request->n_fields++] = i;
    }
}

struct table *source_table(struct source *s, unsigned table, const bool *want, struct error *err)
{
    Wire__QueryRequest request = WIRE__QUERY_REQUEST__INIT;
    struct table *t;

    query_set_fields(&request, want, table);
    t = s->query(s, &request, err);
    free(request.fields);
    return t;
}
