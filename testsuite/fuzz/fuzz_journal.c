/* fuzz_journal.c - a segment or snapshot file in memory: header, records, payloads. */
#include "config.h"
#include "fuzz.h"

#include <string.h>

#include "bramblectld/journal/record.h"
#include "rpc/rpc.h"
#include "util/error.h"
#include "wire/event.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct file_head file;
    struct record_head head;

    if (size >= FILE_HEADER && file_head_parse(data, &file)) {
        data += FILE_HEADER;
        size -= FILE_HEADER;
    }
    while (size >= RECORD_HEADER && record_head_parse(data, &head)) {
        struct error err;

        if (head.len > RECORD_MAX || record_size(head.len) > size)
            break;
        if (record_body_valid(data, &head))
            rpc_msg_free(msg_decode_schema(&wire__event__descriptor, data + RECORD_HEADER, head.len, &err));
        data += record_size(head.len);
        size -= record_size(head.len);
    }
    return 0;
}
