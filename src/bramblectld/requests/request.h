/* request.h - one request of a command, from its frame to its answer.
 *
 * A handler gets a request and answers it exactly once with request_reply() or request_refuse(), at
 * once or later; either frees it.  frame->msg is gone when the handler returns: what is needed
 * later is copied into request->arena.
 */
#ifndef BRAMBLE_CTLD_REQUEST_H
#define BRAMBLE_CTLD_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "bramblectld/commit.h"
#include "bramblectld/ctld_private.h"
#include "bramblectld/requests/identity.h"
#include "rpc/rpc.h"
#include "util/list.h"

/* A command's connection. */
struct session {
    struct clients *clients;
    struct list_node link;
    struct rpc_conn *conn; /* NULL: closed */
    unsigned refs;
    struct cluster_who who;
    uint32_t gid;
    char address[64];
    struct list_node waits;   /* of struct wait, see wait.h */
    struct list_node stalled; /* of struct query, see query_private.h */
    unsigned in_flight;
};
struct session *session_incref(struct session *s);
void session_decref(struct session *s);

struct request {
    struct ctld *ctld;
    struct session *session;
    uint32_t id;
    unsigned type;
    struct arena arena;
    uint32_t job_id; /* for the answer after the commit */
    char *warning;
    void *data;      /* the handler's */
    ProtobufCMessage *msg; /* a copy of the request, see request_keep() */
};
/* Is there still somebody to answer? */
bool request_alive(const struct request *req);
void request_reply(struct request *req, unsigned type, const ProtobufCMessage *msg);
void request_ok(struct request *req);
void request_refuse(struct request *req, const struct error *err);
void request_refuse_code(struct request *req, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A further frame on the request's id; the request stays open. */
void request_send(struct request *req, unsigned type, const ProtobufCMessage *msg);
/* Free without an answer (it has been sent with request_send(), or somebody else will). */
void request_end(struct request *req);
/* Copy msg, so that it outlives the handler; req->msg is it.  -1: no memory. */
int request_keep(struct request *req, const ProtobufCMessage *msg);

/* May this user take one more step in the queue?  Caps per uid; -1 with BRE_BUSY. */
int request_admit(struct ctld *c, const struct session *s, struct error *err);

/* -- the handlers, a file per subject -- */
void submit_handle(struct request *req, const Wire__SubmitRequest *msg);
void alloc_handle(struct request *req, const Wire__AllocRequest *msg);
void step_handle(struct request *req, const Wire__StepRequest *msg);
void watch_handle(struct request *req, const Wire__WatchRequest *msg);
void complete_handle(struct request *req, const Wire__CompleteJobRequest *msg);
void control_handle(struct request *req, const Wire__JobControlRequest *msg);
void update_handle(struct request *req, const Wire__UpdateRequest *msg);
void set_log_handle(struct request *req, const Wire__UpdateRequest *msg); /* part of update */
void query_handle(struct request *req, const Wire__QueryRequest *msg);
void script_handle(struct request *req, const Wire__ScriptRequest *msg);
void config_handle(struct request *req);
void ping_handle(struct request *req);
void usage_handle(struct request *req, const Wire__StepUsageRequest *msg);
void diag_handle(struct request *req, const Wire__DiagRequest *msg);
void reconfigure_handle(struct request *req);
void shutdown_handle(struct request *req, const Wire__ShutdownRequest *msg);

/* -- shared by submit and alloc (submit.c) -- */
/* Find who the job is for (as_uid: root's --uid), keep the message if that takes time, then
 * ready(req, identity, msg), where msg lives as long as that call; or the request is refused. */
typedef void submit_ready_f(struct request *req, const struct identity *identity, const ProtobufCMessage *msg);
void submit_with_identity(struct request *req, const ProtobufCMessage *msg, bool as_set, uint32_t as_uid,
                          submit_ready_f *ready);
/* --gid: the identity with another primary group, in the request's arena.  NULL with err: that group is not
 * this user's, and the one who asks is not root. */
const struct identity *submit_group(struct request *req, const struct identity *identity, bool set, uint32_t gid,
                                    struct error *err);
void submit_fill(const struct request *req, const struct identity *identity, const Wire__JobSpec *spec,
                 ProtobufCBinaryData script, ProtobufCBinaryData env, struct submit_request *out);

#endif
