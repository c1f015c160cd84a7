/* session.h - what a session is for and who is at its other end. */
#ifndef BRAMBLE_CHANNEL_SESSION_H
#define BRAMBLE_CHANNEL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

/* What a session is for.  Goes into the handshake, so it cannot be changed on the way. */
enum session_role {
    SESSION_COMMAND = 1, /* a user's command to the controller */
    SESSION_AGENT,       /* an agent to the controller */
    SESSION_STEP_CLIENT, /* srun, sattach to a step's i/o process, by step key */
    SESSION_STEP_PEER,   /* i/o process to i/o process of one step, by step key */
    SESSION_SHEPHERD,    /* agent and shepherd: unix socket, not sealed */
};

struct session_peer {
    enum session_role role;
    uint32_t uid, gid;       /* proven by munge or SO_PEERCRED; (uid_t)-1 for step sessions.  On a session that
                              * was dialled: the uid that the controller runs as */
    unsigned version;        /* protocol version agreed on */
    uint8_t hash[32];        /* of the whole exchange; what nodes sign */
    char address[64];        /* numeric, for messages and for a node's address; never for rights */
    bool is_operator, is_admin;
};

/* All that an agent reads of a step's client before it hands the connection over. */
enum { STEP_HELLO_SIZE = 128, SESSION_KEY_SIZE = 32 };
struct step_hello {
    uint32_t job_id, step_id, attempt, node_index;
    enum session_role role;
    uint8_t raw[STEP_HELLO_SIZE];
};

/* Does the hello come from a holder of the key of its role?  Fixed size, constant time: the shepherd asks
 * before it lets a client near the step. */
bool step_hello_is_proven(const uint8_t raw[STEP_HELLO_SIZE], const uint8_t step_key[SESSION_KEY_SIZE]);

/* The key that the controller gives to a step's owner (StepReply.step_key), made from the step's key,
 * which only agents and shepherds get (StepLaunch.step_key): the owner cannot pose as a shepherd. */
void step_client_key(const uint8_t step_key[SESSION_KEY_SIZE], uint8_t client_key[SESSION_KEY_SIZE]);

#endif
