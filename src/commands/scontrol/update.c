/* update.c - scontrol update: KEY=VALUE words, checked as a whole by the controller. */
#include "config.h"
#include "scontrol.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/error.h"
#include "util/mem.h"
#include "wire/client.pb-c.h"

#define MAX_ITEMS 64

/* The first key says what is changed. */
static const struct {
    const char *key;
    size_t min_len;
    const char *entity, *name;
} kinds[] = {
    { "jobid", 3, "job", "jobid" },
    { "jobname", 4, "job", "jobname" },
    { "nodename", 4, "node", "nodename" },
    { "partitionname", 5, "partition", "partitionname" },
    { "stepid", 4, "step", "stepid" },
    { "reservationname", 3, "reservation", "reservationname" },
};

static int which_kind(const char *key)
{
    size_t len = strlen(key);

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (len >= kinds[i].min_len && len <= strlen(kinds[i].key) && !strncmp(key, kinds[i].key, len))
            return (int)i;
    return -1;
}

/* Splits "Key+=value" and "Key=value" into lower-case key and value.  -1: no "=". */
static int split(char *word, Wire__KeyValue *item)
{
    char *value = strchr(word, '=');

    if (!value)
        return -1;
    *value++ = '\0';
    for (char *at = word; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    item->key = word;
    item->value = value;
    return 0;
}

static int check_words(int kind, Wire__KeyValue *items, size_t num)
{
    bool down = false, reason = false;

    for (size_t i = 0; i < num; i++) {
        if (!strcmp(items[i].key, "reason"))
            reason = true;
        if (!strcmp(items[i].key, "state")
            && (!strncasecmp(items[i].value, "drain", 5) || !strcasecmp(items[i].value, "down")
                || !strcasecmp(items[i].value, "fail")))
            down = true;
    }
    if (kind >= 0 && !strcmp(kinds[kind].entity, "node") && down && !reason) {
        fputs("You must specify a reason when DOWNING or DRAINING a node. Request denied\n", stderr);
        return -1;
    }
    return 0;
}

/* A refusal of one key names it, as Slurm's scontrol does before it asks. */
static int report(const struct error *err)
{
    char text[2 * ERROR_TEXT_MAX];

    if (err->code == BRE_UPDATE)
        fprintf(stderr, "%s\nRequest aborted\n", err->text);
    else
        fprintf(stderr, "slurm_update error: %s\n", scontrol_error_text(err, text, sizeof text));
    return -1;
}

/* Of a job Slurm's scontrol says which one, after the standard text. */
static int report_job(const struct error *err, const char *id)
{
    const char *standard = error_code_text(err->code);

    switch (err->code) {
    case BRE_JOB_ID:
    case BRE_ACCESS:
    case BRE_ALREADY_DONE:
    case BRE_JOB_HELD:
    case BRE_TIME_LIMIT:
        fprintf(stderr, "%s for job %s\n", standard, id);
        if (*err->text && strcmp(err->text, standard))
            fprintf(stderr, "scontrol: %s\n", err->text);
        return -1;
    default:
        return report(err);
    }
}

int cmd_update(struct scontrol *sc, int argc, char **argv)
{
    Wire__UpdateRequest req = WIRE__UPDATE_REQUEST__INIT;
    Wire__KeyValue items[MAX_ITEMS], *pointers[MAX_ITEMS];
    Wire__UpdateReply *reply;
    struct error err = { 0 };
    const char *job_id = "";
    int kind = -1, rc = 0;

    if (argc > MAX_ITEMS) {
        fputs("too many arguments for keyword:update\n", stderr);
        return -1;
    }
    for (int i = 0; i < argc; i++) {
        wire__key_value__init(&items[i]);
        pointers[i] = &items[i];
        if (split(argv[i], &items[i]) < 0) {
            fprintf(stderr, "Invalid input: %s\nRequest aborted\n", argv[i]);
            return -1;
        }
        if (kind < 0 && (kind = which_kind(items[i].key)) >= 0) {
            items[i].key = (char *)kinds[kind].name;
            job_id = items[i].value;
        }
    }
    if (kind < 0) {
        fputs("No valid entity in update command\nInput line must include \"NodeName\", \"PartitionName\", "
              "\"JobId\" or \"JobName\"\n",
              stderr);
        return -1;
    }
    if (check_words(kind, items, (size_t)argc) < 0)
        return -1;
    req.entity = (char *)kinds[kind].entity;
    req.items = pointers;
    req.n_items = (size_t)argc;
    if (!(reply = (Wire__UpdateReply *)scontrol_call(sc, MSG_UPDATE, &req.base, MSG_UPDATE_REPLY, &err)))
        return strcmp(kinds[kind].entity, "job") ? report(&err) : report_job(&err, job_id);
    for (size_t i = 0; i < reply->n_results; i++) {
        const Wire__JobResult *result = reply->results[i];

        fprintf(stderr, "%s for job %s\n", error_code_text((int)result->code), result->job_id);
        if (result->text && *result->text && strcmp(result->text, error_code_text((int)result->code)))
            fprintf(stderr, "scontrol: %s\n", result->text);
        rc = -1;
    }
    rpc_msg_free(&reply->base);
    return rc;
}
