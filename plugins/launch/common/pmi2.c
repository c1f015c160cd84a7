/* pmi2.c - requests of version 2: "cmd=NAME;key=value;...", with ";" doubled inside a value. */
#include "config.h"
#include "pmi_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bramble/launch_plugin.h"

#define MAX_PAIRS 32

struct request {
    char *keys[MAX_PAIRS], *values[MAX_PAIRS];
    unsigned num;
};

/* Splits body in place.  -1: malformed. */
static int request_parse(struct request *req, char *body)
{
    char *at = body;

    req->num = 0;
    while (*at) {
        char *value = strchr(at, '='), *to, *from;

        if (!value || req->num == MAX_PAIRS)
            return -1;
        *value++ = '\0';
        req->keys[req->num] = at;
        req->values[req->num++] = value;
        for (to = from = value; *from && (from[0] != ';' || from[1] == ';'); *to++ = *from++)
            if (from[0] == ';')
                from++;
        at = *from ? from + 1 : from;
        *to = '\0';
    }
    return req->num ? 0 : -1;
}

static const char *request_get(const struct request *req, const char *key)
{
    for (unsigned i = 0; i < req->num; i++)
        if (!strcmp(req->keys[i], key))
            return req->values[i];
    return NULL;
}

void pmi2_answer(struct pmi_task *task, const char *cmd, ...)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    const char *key;
    va_list ap;

    if (!out) {
        pmi_task_broken(task, "no memory for an answer");
        return;
    }
    fprintf(out, "000000cmd=%s;", cmd);
    if (task->thread_id[0])
        fprintf(out, "thrid=%s;", task->thread_id);
    va_start(ap, cmd);
    while ((key = va_arg(ap, const char *))) {
        const char *value = va_arg(ap, const char *);

        fprintf(out, "%s=", key);
        for (; *value; value++) {
            if (*value == ';')
                fputc(';', out);
            fputc(*value, out);
        }
        fputc(';', out);
    }
    va_end(ap);
    if (fclose(out) == 0 && len - 6 <= 999999) {
        char digits[7];

        snprintf(digits, sizeof digits, "%6zu", len - 6);
        memcpy(text, digits, 6);
        pmi_task_send(task, text, len);
    } else {
        pmi_task_broken(task, "an answer is too long");
    }
    free(text);
}

/* Tasks that wait for this node attribute get it now. */
static void wake_waiters(struct pmi_server *s, const char *key, const char *value)
{
    for (uint32_t i = 0; i < s->num_tasks; i++) {
        struct pmi_task *task = &s->tasks[i];

        if (!task->wait_attr || strcmp(task->wait_attr, key))
            continue;
        free(task->wait_attr);
        task->wait_attr = NULL;
        memcpy(task->thread_id, task->wait_thread, sizeof task->thread_id);
        pmi2_answer(task, "info-getnodeattr-response", "rc", "0", "found", "TRUE", "value", value, NULL);
    }
}

static void info_request(struct pmi_task *task, const char *cmd, const struct request *req)
{
    struct pmi_server *s = task->server;
    const char *key = request_get(req, "key"), *value = request_get(req, "value");
    const char *wait = request_get(req, "wait");
    char number[16];

    if (!key) {
        pmi_task_broken(task, "a request without its key");
    } else if (!strcmp(cmd, "info-putnodeattr")) {
        const char *rc = value && kvs_put(s->node_attrs, key, value) == 0 ? "0" : "-1";

        pmi2_answer(task, "info-putnodeattr-response", "rc", rc, NULL);
        if (*rc == '0')
            wake_waiters(s, key, value);
    } else if (!strcmp(cmd, "info-getnodeattr")) {
        value = kvs_get(s->node_attrs, key);
        if (value) {
            pmi2_answer(task, "info-getnodeattr-response", "rc", "0", "found", "TRUE", "value", value,
                        NULL);
        } else if (wait && !strcmp(wait, "TRUE")) {
            free(task->wait_attr);
            task->wait_attr = strdup(key);
            memcpy(task->wait_thread, task->thread_id, sizeof task->wait_thread);
        } else {
            pmi2_answer(task, "info-getnodeattr-response", "rc", "0", "found", "FALSE", NULL);
        }
    } else { /* info-getjobattr */
        snprintf(number, sizeof number, "%u", s->step->num_tasks);
        value = !strcmp(key, "PMI_process_mapping") ? s->mapping
                : !strcmp(key, "universeSize")      ? number
                : !strcmp(key, "hasNameServ")       ? "NO"
                                                    : NULL;
        if (value)
            pmi2_answer(task, "info-getjobattr-response", "rc", "0", "found", "TRUE", "value", value,
                        NULL);
        else
            pmi2_answer(task, "info-getjobattr-response", "rc", "0", "found", "FALSE", NULL);
    }
}

static void kvs_request(struct pmi_task *task, const char *cmd, const struct request *req)
{
    struct pmi_server *s = task->server;
    const char *key = request_get(req, "key"), *value = request_get(req, "value");

    if (!strcmp(cmd, "kvs-fence")) {
        memcpy(task->fence_thread, task->thread_id, sizeof task->fence_thread);
        pmi_task_fence(task);
    } else if (!key) {
        pmi_task_broken(task, "a request without its key");
    } else if (!strcmp(cmd, "kvs-put")) {
        pmi2_answer(task, "kvs-put-response", "rc", value && pmi_put(s, key, value) == 0 ? "0" : "-1",
                    NULL);
    } else if ((value = pmi_get(s, key))) {
        pmi2_answer(task, "kvs-get-response", "rc", "0", "found", "TRUE", "value", value, NULL);
    } else {
        pmi2_answer(task, "kvs-get-response", "rc", "0", "found", "FALSE", NULL);
    }
}

static void refuse(struct pmi_task *task, const char *cmd, const char *why)
{
    char answer[80];

    snprintf(answer, sizeof answer, "%.60s-response", cmd);
    pmi2_answer(task, answer, "rc", "-1", "errmsg", why, NULL);
}

static void request_fullinit(struct pmi_task *task)
{
    char rank[16], size[16];

    snprintf(rank, sizeof rank, "%u", task->rank);
    snprintf(size, sizeof size, "%u", task->server->step->num_tasks);
    pmi2_answer(task, "fullinit-response", "rc", "0", "pmi-version", "2", "pmi-subversion", "0", "rank",
                rank, "size", size, "appnum", "0", "debugged", "FALSE", "pmiverbose", "FALSE", NULL);
}

static void request_abort(struct pmi_task *task, const struct request *req)
{
    const char *msg = request_get(req, "msg");
    char text[256];

    snprintf(text, sizeof text, "task %u on %.100s called abort%s%.100s", task->rank,
             task->server->step->nodes[task->server->step->node_index].name, msg ? ": " : "",
             msg ? msg : "");
    rank_watch_abort(task->server->watch, task->rank, 1, text);
}

void pmi2_request(struct pmi_task *task, char *body)
{
    struct request req;
    const char *cmd, *thread;

    if (request_parse(&req, body) < 0 || !(cmd = request_get(&req, "cmd"))) {
        pmi_task_broken(task, "a malformed request");
        return;
    }
    thread = request_get(&req, "thrid");
    snprintf(task->thread_id, sizeof task->thread_id, "%s", thread ? thread : "");
    if (!strcmp(cmd, "fullinit"))
        request_fullinit(task);
    else if (!strcmp(cmd, "job-getid"))
        pmi2_answer(task, "job-getid-response", "rc", "0", "jobid", task->server->job_name, NULL);
    else if (!strcmp(cmd, "info-getjobattr") || !strcmp(cmd, "info-getnodeattr")
             || !strcmp(cmd, "info-putnodeattr"))
        info_request(task, cmd, &req);
    else if (!strcmp(cmd, "kvs-put") || !strcmp(cmd, "kvs-get") || !strcmp(cmd, "kvs-fence"))
        kvs_request(task, cmd, &req);
    else if (!strcmp(cmd, "finalize")) {
        task->finalized = true;
        pmi2_answer(task, "finalize-response", "rc", "0", NULL);
    } else if (!strcmp(cmd, "abort"))
        request_abort(task, &req);
    else if (!strcmp(cmd, "spawn"))
        refuse(task, cmd, "spawning processes is not supported");
    else if (!strncmp(cmd, "name-", 5) || !strncmp(cmd, "job-", 4))
        refuse(task, cmd, "name service and joining of jobs are not supported");
    else
        refuse(task, cmd, "unknown command");
}
