/* order_streams.c - standard streams: forwarded, thrown away, or files by pattern. */
#include "config.h"
#include "bramblestepd/order_private.h"

#include "bramblestepd/task/pattern.h"
#include "util/error.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(const char *text)
{
    const char *p = text;

    while (isdigit((unsigned char)*p))
        p++;
    return *text && !*p;
}

/* One stream of one task. */
static int stream_make(struct order *o, const struct order_task *t, const char *pattern, int flags,
                       struct order_stream *stream, struct error *err)
{
    struct pattern_values values = {
        .array_job_id = o->array_job_id, .array_task_id = o->array_task_id,
        .job_id = o->job_id,       .step_id = o->step_id,     .gtid = t->gtid,
        .node_index = o->batch ? o->job_node_index : o->node_index,
        .node_name = o->node_name, .user_name = o->user_name, .job_name = o->job_name,
    };

    stream->flags = flags;
    stream->kind = STREAM_FORWARD;
    if (!pattern || !*pattern || (!o->batch && !strcmp(pattern, "all")))
        return 0;
    stream->kind = STREAM_NULL;
    if (!strcmp(pattern, "/dev/null") || (!o->batch && !strcmp(pattern, "none")))
        return 0;
    if (!o->batch && is_number(pattern) && strtoul(pattern, NULL, 10) < o->num_all_tasks) {
        if (strtoul(pattern, NULL, 10) == t->gtid)
            stream->kind = STREAM_FORWARD;
        return 0;
    }
    stream->kind = STREAM_FILE;
    stream->path = pattern_expand(&o->arena, pattern, o->work_dir, &values);
    if (!stream->path)
        return error_set(err, BRE_INVAL, "file name too long: %.64s...", pattern);
    return 0;
}

/* Several tasks on one file: the first one truncates it, and all append. */
static void share_file(struct order *o, uint32_t task, struct order_stream *stream)
{
    for (uint32_t i = 0; stream->kind == STREAM_FILE && i < task; i++)
        if ((o->tasks[i].out.kind == STREAM_FILE && !strcmp(o->tasks[i].out.path, stream->path))
            || (o->tasks[i].err.kind == STREAM_FILE && !strcmp(o->tasks[i].err.path, stream->path))) {
            stream->flags &= ~O_TRUNC;
            return;
        }
}

int order_streams(struct order *o, const Wire__StepSpec *spec, struct error *err)
{
    const int out_flags = O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | (spec->open_mode == 'a' ? 0 : O_TRUNC);
    const char *in = spec->std_in, *out = spec->std_out, *error = spec->std_err;

    if (o->batch) {
        in = in && *in ? in : "/dev/null";
        out = out && *out ? out : "slurm-%j.out";
    }
    for (uint32_t i = 0; i < o->num_tasks; i++) {
        struct order_task *t = &o->tasks[i];

        if (o->pty) { /* the first task has the terminal, the others nothing */
            if (t->gtid != 0)
                t->in.kind = t->out.kind = t->err.kind = STREAM_NULL;
            continue;
        }
        if (stream_make(o, t, in, O_RDONLY | O_NOCTTY, &t->in, err) < 0
            || stream_make(o, t, out, out_flags, &t->out, err) < 0
            || stream_make(o, t, error && *error ? error : out, out_flags, &t->err, err) < 0)
            return -1;
        /* One open file for both, so that neither writes over the other. */
        if (t->err.kind == STREAM_FILE && t->out.kind == STREAM_FILE && !strcmp(t->out.path, t->err.path))
            t->err.kind = STREAM_SAME;
        share_file(o, i, &t->out);
        share_file(o, i, &t->err);
    }
    return 0;
}
