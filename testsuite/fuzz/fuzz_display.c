/* fuzz_display.c - formats, sort keys and answers of queries: whatever they say, lines come out.
 *
 * The first byte chooses: 0..3 a text is -o, -O, --format or -S; else the rest is a TableChunk as it
 * comes from the controller.
 */
#include "config.h"
#include "fuzz.h"

#include <string.h>

#include "commands/display/render.h"
#include "commands/display/sort.h"
#include "commands/sacct/sacct.h"
#include "commands/squeue/squeue.h"
#include "rpc/rpc.h"
#include "util/error.h"

static void unknown(void *arg, const char *word)
{
    (void)arg;
    FUZZ_ASSERT(word != NULL);
}

static struct table *small_table(void)
{
    struct table *t = table_create();

    for (int i = 0; i < 3; i++) {
        size_t row = table_add_row(t);

        table_set_int(t, FIELD_JOB_ID, row, 7 - i);
        table_set_text(t, FIELD_JOB_NAME, row, i ? "\xc3\xa9t\xc3\xa9 \x1b" : NULL);
        table_set_int(t, FIELD_JOB_STATE, row, i * 40 - 1);
    }
    return t;
}

static void print(const struct format *f, const struct table *t)
{
    struct view view = { .table = t, .now = 1795243000 };
    struct render render = { .format = f, .view = &view };
    struct sink out;

    sink_init(&out, -1);
    render_header(&out, &render);
    render_rows(&out, &render, NULL, table_rows(t));
    FUZZ_ASSERT(out.buf.len > 0 && out.buf.data[out.buf.len - 1] == '\n');
    sink_fini(&out);
}

static void read_text(unsigned grammar, const char *text)
{
    struct table *t = small_table();
    struct view view = { .table = t };
    struct format f = { 0 };
    struct sort_spec sort;
    uint32_t order[] = { 0, 1, 2 };
    struct error err = { 0 };

    switch (grammar) {
    case 0:
        format_parse_letters(&f, text, squeue_job_columns, squeue_num_job_columns, SQUEUE_JOB_LETTERS,
                             unknown, NULL);
        break;
    case 1:
        format_parse_names(&f, text, squeue_job_columns, squeue_num_job_columns, unknown, NULL);
        break;
    case 2:
        if (format_parse_fields(&f, text, sacct_columns, sacct_num_columns, &err) < 0)
            FUZZ_ASSERT(err.text[0]);
        break;
    default:
        sort_parse(&sort, text, squeue_job_columns, squeue_num_job_columns, unknown, NULL);
        sort_rows(&sort, &view, order, 3);
        FUZZ_ASSERT(order[0] + order[1] + order[2] == 3);
    }
    print(&f, t);
    format_fini(&f);
    table_destroy(t);
}

static void read_chunk(const uint8_t *data, size_t size)
{
    struct error err;
    ProtobufCMessage *msg = msg_decode(MSG_TABLE_CHUNK, data, size, &err);
    struct table *t = table_create();
    struct format f = { 0 };

    if (msg && table_add_chunk(t, (const Wire__TableChunk *)msg, &err) == 0 && table_rows(t) < 10000) {
        format_parse_letters(&f, "%all", squeue_job_columns, squeue_num_job_columns, SQUEUE_JOB_LETTERS,
                             unknown, NULL);
        print(&f, t);
    }
    if (msg)
        rpc_msg_free(msg);
    format_fini(&f);
    table_destroy(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size || size > 4096)
        return 0;
    if (data[0] < 4) {
        char *text = fuzz_text(data + 1, size - 1);

        read_text(data[0], text);
        free(text);
    } else {
        read_chunk(data + 1, size - 1);
    }
    return 0;
}
