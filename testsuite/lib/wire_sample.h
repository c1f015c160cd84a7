/* wire_sample.h - a message of any schema with every field set to something small and known. */
#ifndef BRAMBLE_TEST_WIRE_SAMPLE_H
#define BRAMBLE_TEST_WIRE_SAMPLE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

struct sample_message {
    unsigned type;
    const char *name; /* "submit_reply": lower case of MSG_SUBMIT_REPLY */
};
extern const struct sample_message sample_messages[]; /* every message of messages.def; name NULL ends it */

/* Packed bytes of a sample, malloc()ed. */
uint8_t *sample_pack(const ProtobufCMessageDescriptor *schema, size_t *len);

#endif
