/* streams.c - --input, --output and --error: which way each stream takes, and the files srun opens. */
#include "config.h"
#include "srun_private.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"

/* Does the pattern name a file a task or node?  %t, %n and %N do, with a width or without. */
static bool differs_by_task(const char *pattern)
{
    for (const char *p = pattern; (p = strchr(p, '%')); p++) {
        p++;
        if (*p == '%')
            continue;
        p += strspn(p, "0123456789");
        if (*p == 't' || *p == 'n' || *p == 'N')
            return true;
        if (!*p)
            return false;
    }
    return false;
}

static void stream_read(struct stream *stream, const char *text, uint32_t num_tasks)
{
    uint32_t task;

    free(stream->name);
    stream->name = xstrdup(text);
    if (!text || !*text || !strcmp(text, "all"))
        stream->mode = STREAM_ALL;
    else if (!strcmp(text, "none"))
        stream->mode = STREAM_NONE;
    else if (num_parse_u32(text, 0, num_tasks - 1, &task, "", NULL) == 0) {
        stream->mode = STREAM_TASK;
        stream->task = task;
    } else
        stream->mode = differs_by_task(text) ? STREAM_REMOTE : STREAM_LOCAL;
}

/* What the nodes are told: NULL when the stream goes through srun. */
char *stream_spec(const struct stream *stream)
{
    return stream->mode == STREAM_ALL || stream->mode == STREAM_LOCAL ? NULL : stream->name;
}

static int open_output(const struct job_options *o, const char *name, const char *what, int *fd, struct error *err)
{
    *fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | (o->open_mode == 'a' ? O_APPEND : O_TRUNC), 0666);
    if (*fd < 0)
        return error_set(err, errno, "Could not open %s file: %s: %s", what, strerror(errno), name);
    return 0;
}

static int open_input(struct srun *s, const char *name, struct error *err)
{
    s->in_fd = open(name, O_RDONLY | O_CLOEXEC);
    if (s->in_fd < 0)
        return error_set(err, errno, "Could not open stdin file: %s: %s", strerror(errno), name);
    return 0;
}

/* Names without patterns are opened before anything is asked for. */
int streams_read_options(struct srun *s, uint32_t num_tasks, struct error *err)
{
    const struct job_options *o = &s->options;

    stream_read(&s->in, o->std_in, num_tasks);
    stream_read(&s->out, o->std_out, num_tasks);
    /* Unless told otherwise, errors go where output goes. */
    stream_read(&s->err, o->std_err && *o->std_err ? o->std_err : o->std_out, num_tasks);
    if (o->async) { /* the tasks open what they need */
        struct stream *const all[] = { &s->in, &s->out, &s->err };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
            if (all[i]->mode == STREAM_LOCAL)
                all[i]->mode = STREAM_REMOTE;
            else if (all[i]->mode != STREAM_REMOTE && all[i]->mode != STREAM_NONE)
                return error_set(err, BRE_INVAL, "--async: --input, --output and --error are files, or none");
        return 0;
    }
    if (o->pty)
        s->out.mode = s->err.mode = s->in.mode = STREAM_ALL;
    if (s->in.mode == STREAM_LOCAL && !strchr(s->in.name, '%') && open_input(s, s->in.name, err) < 0)
        return -1;
    if (s->out.mode == STREAM_LOCAL && !strchr(s->out.name, '%')
        && open_output(o, s->out.name, "stdout", &s->out_fd, err) < 0)
        return -1;
    if (s->err.mode == STREAM_LOCAL && !strchr(s->err.name, '%')
        && (s->out.mode != STREAM_LOCAL || strcmp(s->err.name, s->out.name) != 0)
        && open_output(o, s->err.name, "stderr", &s->err_fd, err) < 0)
        return -1;
    return 0;
}

static char *expand(const struct srun *s, const char *pattern)
{
    struct strbuf name = STRBUF_INIT;

    for (const char *p = pattern; *p; p++) {
        char *end;
        unsigned long width;

        if (*p != '%') {
            strbuf_addc(&name, *p);
            continue;
        }
        width = strtoul(p + 1, &end, 10);
        if (width > 10)
            width = 10;
        switch (*end) {
        case '%':
            strbuf_addc(&name, '%');
            break;
        case 'j':
        case 'A':
            strbuf_addf(&name, "%0*u", (int)width, s->job_id);
            break;
        case 'a':
            strbuf_addf(&name, "%0*u", (int)width, UINT32_C(0xfffffffe));
            break;
        case 's':
            strbuf_addf(&name, "%0*u", (int)width, s->step_id);
            break;
        case 'J':
            strbuf_addf(&name, "%0*u.%u", (int)width, s->job_id, s->step_id);
            break;
        case 'u': {
            const struct passwd *pw = getpwuid(geteuid());

            strbuf_add(&name, pw ? pw->pw_name : "");
            break;
        }
        case 'x':
            strbuf_add(&name, s->options.job_name && *s->options.job_name ? s->options.job_name : s->step_name);
            break;
        case '\0':
            strbuf_add_mem(&name, p, (size_t)(end - p));
            return strbuf_take(&name);
        default:
            strbuf_add_mem(&name, p, (size_t)(end - p) + 1);
        }
        p = end;
    }
    return strbuf_take(&name);
}

int streams_open(struct srun *s, struct error *err)
{
    CLEANUP_FREE char *in = s->in.name ? expand(s, s->in.name) : NULL;
    CLEANUP_FREE char *out = s->out.name ? expand(s, s->out.name) : NULL;
    CLEANUP_FREE char *error_name = s->err.name ? expand(s, s->err.name) : NULL;

    if (s->in.mode == STREAM_LOCAL && s->in_fd < 0 && open_input(s, in, err) < 0)
        return -1;
    if (s->out.mode == STREAM_LOCAL && s->out_fd < 0
        && open_output(&s->options, out, "stdout", &s->out_fd, err) < 0)
        return -1;
    if (s->err.mode == STREAM_LOCAL && s->err_fd < 0) {
        if (s->out.mode == STREAM_LOCAL && !strcmp(out, error_name))
            s->err_fd = s->out_fd;
        else if (open_output(&s->options, error_name, "stderr", &s->err_fd, err) < 0)
            return -1;
    }
    return 0;
}

void streams_fini(struct srun *s)
{
    if (s->err_fd >= 0 && s->err_fd != s->out_fd)
        close(s->err_fd);
    if (s->out_fd >= 0)
        close(s->out_fd);
    s->out_fd = s->err_fd = -1;
    free(s->in.name);
    free(s->out.name);
    free(s->err.name);
}
