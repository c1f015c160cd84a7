/* client.c - reaching the controller, and its refusals in Slurm's words. */
#include "config.h"
#include "client/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "conf/client.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/num.h"
#include "wire/client.pb-c.h"

#define BUSY_PAUSE_MS 100

static int code_from(const char *variable, int code)
{
    const char *text = getenv(variable);
    uint32_t number;

    if (!text)
        return code;
    if (num_parse_u32(text, 0, 255, &number, "", NULL) < 0) {
        log_error("%s has zero value", variable);
        return code;
    }
    if (!number)
        log_error("%s has zero value", variable);
    return number ? (int)number : code;
}

int exit_error_code(void)
{
    return code_from("SLURM_EXIT_ERROR", 1);
}

int exit_immediate_code(void)
{
    return code_from("SLURM_EXIT_IMMEDIATE", exit_error_code());
}

void error_log_lines(const struct error *err)
{
    const char *line = err->text;

    while (*line) {
        size_t len = strcspn(line, "\n");

        if (!strncmp(line, "fatal: ", 7)) /* Slurm's own word for some of them */
            log_info("%.*s", (int)len, line);
        else
            log_error("%.*s", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

const char *refusal_text(const struct error *err, char *buf, size_t size)
{
    const char *standard = error_code_text(err->code);

    if (err->code < BRE_BASE || (err->code == BRE_INVAL && *err->text) || !strncmp(err->text, standard, strlen(standard)))
        snprintf(buf, size, "%s", err->text);
    else if (*err->text)
        snprintf(buf, size, "%s: %s", standard, err->text);
    else
        snprintf(buf, size, "%s", standard);
    return buf;
}

void refusal_log(const char *what, const struct error *err)
{
    char text[2 * ERROR_TEXT_MAX];

    refusal_text(err, text, sizeof text);
    if (what)
        log_error("%s: %s", what, text);
    else
        log_error("%s", text);
}

struct rpc_client *controller_open(struct error *err)
{
    struct rpc_target target;

    if (client_target_load(&target, err) < 0)
        return NULL;
    return rpc_client_open(&target, CONTROLLER_WAIT_MS, err);
}

ProtobufCMessage *controller_call(struct rpc_client *c, unsigned type, const ProtobufCMessage *request,
                                  unsigned want, unsigned timeout_ms, struct error *err)
{
    unsigned waited = 0;
    struct error why = { 0 };

    for (;;) {
        struct timespec pause = { .tv_nsec = BUSY_PAUSE_MS * 1000000L };
        ProtobufCMessage *reply = rpc_call(c, type, request, want, timeout_ms, &why);

        if (reply || why.code != BRE_BUSY || waited >= timeout_ms) {
            if (!reply)
                error_copy(err, &why);
            return reply;
        }
        nanosleep(&pause, NULL);
        waited += BUSY_PAUSE_MS;
    }
}

int cluster_name_compare(const Wire__ConfigReply *reply, const char *clusters, char name[256], struct error *err)
{
    name[0] = '\0';
    for (size_t i = 0; i < reply->n_items; i++)
        if (reply->items[i]->key && reply->items[i]->value && !strcasecmp(reply->items[i]->key, "ClusterName"))
            snprintf(name, 256, "%s", reply->items[i]->value);
    if (!strcasecmp(clusters, "all"))
        return 0;
    for (const char *at = clusters; *at; at += strspn(at, ",")) {
        size_t len = strcspn(at, ",");

        if (len != strlen(name) || strncmp(at, name, len))
            return error_set(err, BRE_INVAL,
                             "'%.64s' can't be reached now, or it is an invalid entry for --cluster.  Use "
                             "'sacctmgr list clusters' to see available clusters.  There is one here, %.64s",
                             clusters, name);
        at += len;
    }
    return 0;
}

int cluster_name_check(struct rpc_client *c, const char *clusters, char name[256], struct error *err)
{
    Wire__Empty ask = WIRE__EMPTY__INIT;
    Wire__ConfigReply *reply =
        (Wire__ConfigReply *)controller_call(c, MSG_SHOW_CONFIG, &ask.base, MSG_CONFIG_REPLY, ANSWER_WAIT_MS, err);
    int rc;

    if (!reply)
        return -1;
    rc = cluster_name_compare(reply, clusters, name, err);
    rpc_msg_free(&reply->base);
    return rc;
}
