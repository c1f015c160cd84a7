/* pmi1.c - requests of version 1: one line of "key=value" words. */
#include "config.h"
#include "pmi_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bramble/launch_plugin.h"

#define KVSNAME_MAX 256
#define KEYLEN_MAX 256
#define VALLEN_MAX 4096

static void answer(struct pmi_task *task, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void answer(struct pmi_task *task, const char *fmt, ...)
{
    char *line;
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vasprintf(&line, fmt, ap);
    va_end(ap);
    if (len < 0) {
        pmi_task_broken(task, "no memory for an answer");
        return;
    }
    pmi_task_send(task, line, (size_t)len);
    free(line);
}

/* The value of a word; a value ends at a blank, except that of "value=", which is the rest. */
static const char *word(char *line, const char *key, char *out, size_t size)
{
    size_t key_len = strlen(key);

    for (char *at = line; at && *at; at = strchr(at, ' ')) {
        size_t len;

        at += strspn(at, " ");
        if (strncmp(at, key, key_len) || at[key_len] != '=')
            continue;
        at += key_len + 1;
        len = !strcmp(key, "value") ? strlen(at) : strcspn(at, " ");
        if (len >= size)
            return NULL;
        memcpy(out, at, len);
        out[len] = '\0';
        return out;
    }
    return NULL;
}

static void request_init(struct pmi_task *task, char *line)
{
    char version[16];
    int major = word(line, "pmi_version", version, sizeof version) ? atoi(version) : 0;

    if (major != 1 && major != 2) {
        answer(task, "cmd=response_to_init pmi_version=2 pmi_subversion=0 rc=-1\n");
        return;
    }
    task->begun = true;
    answer(task, "cmd=response_to_init pmi_version=%d pmi_subversion=%d rc=0\n", major,
           major == 1 ? 1 : 0);
    task->version = major;
    rank_watch_begun(task->server->watch);
}

static void request_put(struct pmi_task *task, char *line)
{
    char key[KEYLEN_MAX + 1], value[VALLEN_MAX + 1];

    if (!word(line, "key", key, sizeof key) || !word(line, "value", value, sizeof value))
        answer(task, "cmd=put_result rc=-1 msg=key_or_value_missing_or_too_long\n");
    else if (pmi_put(task->server, key, value) < 0)
        answer(task, "cmd=put_result rc=-1 msg=no_memory\n");
    else
        answer(task, "cmd=put_result rc=0 msg=success\n");
}

static void request_get(struct pmi_task *task, char *line)
{
    char key[KEYLEN_MAX + 1];
    const char *value = word(line, "key", key, sizeof key) ? pmi_get(task->server, key) : NULL;

    if (value)
        answer(task, "cmd=get_result rc=0 msg=success value=%s\n", value);
    else
        answer(task, "cmd=get_result rc=-1 msg=key_not_found value=unknown\n");
}

static void request_abort(struct pmi_task *task, char *line)
{
    char code[16], text[256];
    int exit_code = word(line, "exitcode", code, sizeof code) ? atoi(code) : 1;

    snprintf(text, sizeof text, "task %u on %.100s called abort with code %d", task->rank,
             task->server->step->nodes[task->server->step->node_index].name, exit_code);
    rank_watch_abort(task->server->watch, task->rank, exit_code, text);
}

void pmi1_request(struct pmi_task *task, char *line)
{
    char cmd[64];

    if (!word(line, "cmd", cmd, sizeof cmd) && !word(line, "mcmd", cmd, sizeof cmd)) {
        /* "mcmd=spawn" is followed by lines without a command, up to "endcmd" */
        if (!strcmp(line, "endcmd"))
            answer(task, "cmd=spawn_result rc=-1 msg=spawn_is_not_supported\n");
        return;
    }
    if (!strcmp(cmd, "init"))
        request_init(task, line);
    else if (!strcmp(cmd, "get_maxes"))
        answer(task, "cmd=maxes kvsname_max=%d keylen_max=%d vallen_max=%d\n", KVSNAME_MAX, KEYLEN_MAX,
               VALLEN_MAX);
    else if (!strcmp(cmd, "get_appnum"))
        answer(task, "cmd=appnum appnum=0\n");
    else if (!strcmp(cmd, "get_my_kvsname"))
        answer(task, "cmd=my_kvsname kvsname=kvs_%s\n", task->server->job_name);
    else if (!strcmp(cmd, "get_universe_size"))
        answer(task, "cmd=universe_size size=%u\n", task->server->step->num_tasks);
    else if (!strcmp(cmd, "put"))
        request_put(task, line);
    else if (!strcmp(cmd, "get"))
        request_get(task, line);
    else if (!strcmp(cmd, "barrier_in"))
        pmi_task_fence(task);
    else if (!strcmp(cmd, "finalize")) {
        task->finalized = true;
        answer(task, "cmd=finalize_ack\n");
    } else if (!strcmp(cmd, "abort"))
        request_abort(task, line);
    else if (!strcmp(cmd, "publish_name"))
        answer(task, "cmd=publish_result rc=-1 msg=name_service_is_not_supported\n");
    else if (!strcmp(cmd, "unpublish_name"))
        answer(task, "cmd=unpublish_result rc=-1 msg=name_service_is_not_supported\n");
    else if (!strcmp(cmd, "lookup_name"))
        answer(task, "cmd=lookup_result rc=-1 msg=name_service_is_not_supported\n");
    else if (strcmp(cmd, "spawn"))
        pmi_task_broken(task, "unknown command");
}
