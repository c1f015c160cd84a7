/* fuzz_frame.c - a frame and any message: {kind of session, type, body}; or raw bytes as frames. */
#include "config.h"
#include "fuzz.h"

#include <string.h>

#include "channel/channel.h"
#include "rpc/rpc.h"
#include "rpc/rpc_private.h"
#include "util/error.h"
#include "wire/event.pb-c.h"

static int accept_frame(void *arg, uint32_t type, uint32_t request_id, uint32_t len, struct error *err)
{
    (void)request_id;
    return rpc_check_frame(*(unsigned *)arg, type, len, err);
}

static void check_message(ProtobufCMessage *msg)
{
    struct error err;
    uint8_t *again;
    size_t len;
    ProtobufCMessage *twin;

    if (!msg)
        return;
    /* What was taken keeps the bounds, and what it packs to means the same. */
    FUZZ_ASSERT(msg_check_bounds(msg, &err) == 0);
    len = protobuf_c_message_get_packed_size(msg);
    again = malloc(len + 1);
    if (!again)
        abort();
    FUZZ_ASSERT(protobuf_c_message_pack(msg, again) == len);
    twin = msg_decode_schema(msg->descriptor, again, len, &err);
    FUZZ_ASSERT(twin != NULL);
    FUZZ_ASSERT(protobuf_c_message_get_packed_size(twin) == len);
    rpc_msg_free(twin);
    rpc_msg_free(msg);
    free(again);
}

static void raw_frames(const uint8_t *data, size_t size, unsigned rights)
{
    static uint8_t scratch[FRAME_HEAD + FRAME_INLINE_MAX];
    struct frame_writer w;
    struct frame_reader r;
    struct frame_view view;
    struct error err;
    size_t used;

    frame_plain_init(&w, &r);
    for (;;) {
        enum frame_result result = frame_read(&r, data, size, &used, accept_frame, &rights, scratch, &view,
                                              &err);

        FUZZ_ASSERT(used <= size);
        data += used;
        size -= used;
        if (result == FRAME_GOT)
            check_message(msg_decode(view.type, view.body, view.len, &err));
        else
            break;
    }
    frame_reader_fini(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err;
    unsigned type;

    if (size < 3)
        return 0;
    type = data[1] | (unsigned)data[2] << 8;
    if (data[0] & 1)
        raw_frames(data + 3, size - 3, type);
    else if (data[0] & 2)
        check_message(msg_decode_schema(&wire__event__descriptor, data + 3, size - 3, &err));
    else
        check_message(msg_decode(type, data + 3, size - 3, &err));
    return 0;
}
