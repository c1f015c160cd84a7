/* rpc_private.h - what the files of rpc/ share. */
#ifndef BRAMBLE_RPC_PRIVATE_H
#define BRAMBLE_RPC_PRIVATE_H

#include "rpc/rpc.h"

struct wire_bounds;
struct addrinfo;

struct msg_info {
    const char *name;
    const ProtobufCMessageDescriptor *schema;
    const struct wire_bounds *bounds;
    uint32_t max;
    unsigned rights;
};
const struct msg_info *msg_info(unsigned type); /* NULL: unknown */

ProtobufCMessage *msg_decode_bounds(const struct wire_bounds *b, const uint8_t *data, size_t len,
                                    struct error *err);
/* Bounds and size of what is about to be sent; msg may be NULL where the schema is empty. */
int msg_check_outgoing(unsigned type, const ProtobufCMessage *msg, size_t *size, struct error *err);

/* What the other side of a session may send us, as R_ bits. */
unsigned rpc_rights(const struct session_peer *peer, bool dialled, bool registered);
/* Before anything is decoded: does the type exist, may it be sent, is it within its bound? */
int rpc_check_frame(unsigned rights, uint32_t type, uint32_t len, struct error *err);

/* Numeric address of the peer of fd; "local" for a unix socket. */
void rpc_peer_address(int fd, char *text, size_t size);
void rpc_socket_options(int fd);
/* A non-blocking connect() to one address.  The descriptor, connecting or connected, or -1. */
int rpc_connect_start(const struct addrinfo *ai);
/* Blocks for names; numeric addresses need no look-up when only_numeric is set. */
int rpc_resolve(const char *host, uint16_t port, bool only_numeric, struct addrinfo **list,
                struct error *err);
/* Connected to the controller's socket on this host; -1: there is none that can be trusted. */
int rpc_local_connect(const char *path);
/* The controller's end of it.  everybody: not only this user may connect. */
int rpc_local_listen(const char *run_dir, uint16_t port, bool everybody, struct error *err);
/* A listening socket. */
int rpc_listen(const char *listen, uint16_t port, int backlog, struct error *err);
uint16_t rpc_local_port(int fd);

#endif
