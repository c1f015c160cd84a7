/* io_private.h - what the files of the i/o process share. */
#ifndef BRAMBLE_STEPD_IO_PRIVATE_H
#define BRAMBLE_STEPD_IO_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "bramble/launch_plugin.h"
#include "bramblestepd/io/io.h"
#include "bramblestepd/io/link.h"
#include "bramblestepd/order.h"
#include "libbramble/wire/step.pb-c.h"
#include "reactor/reactor.h"
#include "rpc/rpc.h"
#include "util/error.h"
#include "util/list.h"

struct io;

/* Standard output or error of a task: our end of the pipe, or the pty's master. */
struct io_output {
    struct io *io;
    uint32_t task;
    uint32_t stream; /* 1 output, 2 error */
    int fd;          /* -1: not forwarded, or at its end */
    struct reactor_fd *watch;
};

/* Input that came in one frame, waiting in the queues of the tasks it is for. */
struct io_chunk {
    unsigned refs;
    uint32_t client_id; /* whose credit it took */
    size_t len;         /* 0: end of input */
    uint8_t data[];
};
struct io_queued {
    struct list_node node;
    struct io_chunk *chunk;
    size_t done;
};
struct io_input {
    struct io *io;
    int fd; /* -1: not forwarded, or closed */
    bool is_tty;
    struct reactor_fd *watch;
    struct list_node queue;
};

struct io_task {
    struct io_output out, err;
    struct io_input in;
    int tty; /* pty's master; shared by in and out */
    bool ended;
    uint32_t status;
    pid_t pid;
};

struct io_client {
    struct list_node node;
    struct io *io;
    struct rpc_conn *conn;
    uint32_t id;
    bool attached, done;
    bool want_in, want_out, want_err;
    bool watcher;    /* sattach: nobody waits for it */
    uint64_t credit; /* bytes of output it may still be sent */
    /* its place in the history */
    struct io_sent *next; /* NULL: it has everything */
    size_t next_off;
    uint64_t start, window, done_bytes, skipped;
};

struct io_peer;

struct io {
    struct reactor *reactor;
    struct order *order;
    int link_fd;
    pid_t monitor;
    struct reactor_fd *link_watch;
    struct link_message *link_in;

    struct io_task *tasks;
    struct list_node history; /* struct io_sent, see io_history.c */
    size_t history_bytes;
    uint64_t output_bytes, confirmed;
    uint32_t num_open; /* outputs that have not ended */
    struct list_node clients;
    uint32_t num_clients, next_client_id;
    bool flowing; /* outputs are being watched */
    bool had_client;
    struct list_node texts; /* lines that wait for the first client */
    struct reactor_timer *lost_timer, *finish_timer;
    bool lost, ending, finishing, done, aborted;
    uint32_t exit_status, abort_gtid;
    char abort_text[1024];

    struct io_peer *peers;

    const struct launch_plugin *launcher; /* NULL: none */
    void *launcher_self;
    struct launch_step launch_step;
    struct launch_host launch_host;
    struct list_node watches;
    bool made_tmp;
};

/* io.c */
void io_link_send(struct io *io, enum link_type type, uint32_t task, uint32_t value, const void *body, size_t len);
_Noreturn void io_exit(struct io *io, int code);
/* The step is to end on all nodes. told: the user has been told already. */
void io_abort(struct io *io, uint32_t gtid, uint32_t code, const char *text, bool to_monitor, bool to_peers);
void io_check_done(struct io *io);

/* io_stream.c */
int io_streams_open(struct io *io, struct error *err);
/* Hand a task's ends over to the shepherd, with what the launcher adds. */
int io_task_hand_over(struct io *io, uint32_t task, const char *env, size_t env_len, int keep_fd, struct error *err);
void io_flow_update(struct io *io); /* clients or their credit changed */
void io_input_add(struct io *io, struct io_client *client, const Wire__StepData *data);
bool io_wants_input(const struct io *io);
void io_window(struct io *io, uint32_t rows, uint32_t cols);

/* io_client.c */
void io_client_arrived(struct io *io, struct link_message *m);
void io_clients_text(struct io *io, const char *text);
void io_clients_exit(struct io *io, uint32_t task);
void io_clients_done(struct io *io);
uint64_t io_clients_credit(const struct io *io); /* what every client would take; 0: hold */
void io_client_give_credit(struct io *io, uint32_t client_id, size_t bytes);
void io_clients_start_timer(struct io *io);

void io_client_text(struct io_client *c, const char *text);

/* io_history.c */
/* A task has written; len 0: it will not any more. */
void io_clients_data(struct io *io, uint32_t gtid, uint32_t stream, const void *data, size_t len);
/* A client begins with what is kept, or behind the first `from` bytes. */
void io_history_join(struct io_client *c, bool resume, uint64_t from);
void io_history_credit(struct io_client *c, uint64_t bytes);
void io_history_pump(struct io_client *c, bool all); /* all: without regard to credit */
bool io_history_is_full(const struct io *io);

/* io_peer.c */
#define PEER_KIND_ABORT UINT32_MAX
int io_peers_create(struct io *io);
int io_peer_send(struct io *io, uint32_t node_index, uint32_t kind, uint64_t tag, const void *data, size_t len);
void io_peer_accepted(struct io *io, struct rpc_conn *conn);

/* io_launch.c */
int io_launch_init(struct io *io, struct error *err);
int io_launch_prepare(struct io *io, uint32_t task, struct error *err); /* and hands the task over */
void io_launch_started(struct io *io, uint32_t task, pid_t pid);
void io_launch_ended(struct io *io, uint32_t task, int status);
void io_launch_peer_data(struct io *io, uint32_t from, uint32_t kind, uint64_t tag, const void *data, size_t len);
void io_launch_peer_lost(struct io *io, uint32_t from);
void io_launch_fini(struct io *io);

#endif
