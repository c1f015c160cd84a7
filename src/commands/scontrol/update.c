/* update.c - scontrol update: KEY=VALUE words, checked as a whole by the controller. */
#include "config.h"
#include "scontrol.h"

#include <ctype.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "util/error.h"
#include "util/mem.h"
#include "wire/client.pb-c.h"

#define MAX_ITEMS 128

/* The key that says what is changed. */
static const struct {
    const char *key;
    size_t min_len;
    const char *entity, *name;
} kinds[] = {
    { "jobid", 3, "job", "jobid" },
    { "jobname", 4, "job", "jobname" },
    { "nodename", 4, "node", "nodename" },
    { "partitionname", 4, "partition", "partitionname" },
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

struct words {
    Wire__KeyValue items[MAX_ITEMS], *pointers[MAX_ITEMS];
    size_t num;
    int kind;         /* of kinds[]; -1: none */
    const char *name; /* what the key names */
};

/* Splits "Key+=value" and "Key=value" into lower-case key and value; a flag has no value. */
static void split(char *word, Wire__KeyValue *item)
{
    char *value = strchr(word, '=');

    wire__key_value__init(item);
    if (value)
        *value++ = '\0';
    for (char *at = word; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    item->key = word;
    item->value = value;
}

/* bare: a word without "=" may name the entity, and the word after it which one. */
static int parse(struct words *w, int argc, char **argv, const char *what)
{
    memset(w, 0, sizeof *w);
    w->kind = -1;
    if (argc > MAX_ITEMS) {
        fprintf(stderr, "too many arguments for keyword:%s\n", what);
        return -1;
    }
    for (int i = 0; i < argc; i++) {
        Wire__KeyValue *item = &w->items[w->num];

        split(argv[i], item);
        w->pointers[w->num++] = item;
            /* a step is named by its id, a job's update may bear a reservation's name */
        if (w->kind >= 0 && !strcmp(kinds[w->kind].name, "jobname") && which_kind(item->key) == 0) {
            w->kind = 0; /* the job with this id; its name is a field */
            item->key = (char *)kinds[0].name;
            w->name = item->value ? item->value : "";
        }
        if (w->kind < 0 && (w->kind = which_kind(item->key)) >= 0) {
            item->key = (char *)kinds[w->kind].name;
            w->name = item->value ? item->value : "";
        }
    }
    return 0;
}

static int check_words(const struct words *w)
{
    bool down = false, reason = false;

    for (size_t i = 0; i < w->num; i++) {
        const Wire__KeyValue *item = &w->items[i];

        if (!item->value) {
            fprintf(stderr, "Invalid input: %s\nRequest aborted\n", item->key);
            return -1;
        }
        if (!strncmp(item->key, "reason", 6))
            reason = true;
        if (!strcmp(item->key, "state")
            && (!strncasecmp(item->value, "drain", 5) || !strcasecmp(item->value, "down")
                || !strncasecmp(item->value, "fail", 4)))
            down = true;
    }
    if (!strcmp(kinds[w->kind].entity, "node") && down && !reason) {
        fputs("You must specify a reason when DOWNING or DRAINING a node. Request denied\n", stderr);
        return -1;
    }
    if (w->num < 2 && strcmp(kinds[w->kind].entity, "reservation")) {
        fputs("No changes specified\n", stderr);
        return -1;
    }
    return 0;
}

/* A refusal of one key names it, as Slurm's scontrol does before it asks. */
static int report(const struct scontrol *sc, const struct error *err, const char *prefix)
{
    char text[2 * ERROR_TEXT_MAX];

    if (sc->quiet)
        return -1;
    if (err->code == BRE_UPDATE && strstr(prefix, "reservation"))
        fprintf(stderr, "scontrol: error: %s\n", err->text);
    else if (err->code == BRE_UPDATE)
        fprintf(stderr, "%s\nRequest aborted\n", err->text);
    else
        fprintf(stderr, "%s: %s\n", prefix, scontrol_error_text(err, text, sizeof text));
    return -1;
}

/* Of a job Slurm's scontrol says which one, after the standard text. */
static int report_job(const struct scontrol *sc, const struct error *err, const char *id)
{
    const char *standard = error_code_text(err->code);

    if (err->code == BRE_UPDATE || err->code == BRE_NO_CONTACT || err->code == BRE_TIMEOUT)
        return report(sc, err, "slurm_update error");
    if (sc->quiet)
        return -1;
    if (strchr(id, '_')) {
        fprintf(stderr, "%s: %s\n", id, standard);
        return -1;
    }
    fprintf(stderr, "%s for job %s\n", standard, id);
    if (*err->text && strcmp(err->text, standard))
        fprintf(stderr, "scontrol: %s\n", err->text);
    return -1;
}

static Wire__UpdateReply *ask(struct scontrol *sc, struct words *w, unsigned op, struct error *err)
{
    Wire__UpdateRequest req = WIRE__UPDATE_REQUEST__INIT;

    req.entity = (char *)kinds[w->kind].entity;
    req.has_op = true;
    req.op = op;
    req.items = w->pointers;
    req.n_items = w->num;
    return (Wire__UpdateReply *)scontrol_call(sc, MSG_UPDATE, &req.base, MSG_UPDATE_REPLY, err);
}

/* Names of users are looked up here: the controller's host need not know them all. */
static int check_users(const struct words *w, const char *doing)
{
    for (size_t i = 0; i < w->num; i++) {
        CLEANUP_FREE char *list = xstrdup(w->items[i].value ? w->items[i].value : "");
        char *save = NULL;

        if (strncmp(w->items[i].key, "user", 4))
            continue;
        for (char *name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save))
            if (!getpwnam(*name == '+' || *name == '-' ? name + 1 : name)) {
                fprintf(stderr, "Error %s the reservation: Invalid user id\nscontrol: there is no user %s\n", doing, name);
                return -1;
            }
    }
    return 0;
}

/* "JobName=x ..." is an update of all one's jobs of that name. */
static int name_to_ids(struct scontrol *sc, struct words *w, char **ids)
{
    static const uint16_t fields[] = { FIELD_JOB_ID, 0 };
    Wire__QueryRequest req = WIRE__QUERY_REQUEST__INIT;
    CLEANUP_STRBUF struct strbuf list = STRBUF_INIT;
    char message[2 * ERROR_TEXT_MAX], uid[16];
    struct error err = { 0 };
    struct table *table;

    snprintf(uid, sizeof uid, "%u", (unsigned)geteuid());
    req.has_table = true;
    req.table = QUERY_JOBS;
    req.names = (char *)w->name;
    req.users = uid;
    req.states = (char *)"PENDING,RUNNING,SUSPENDED";
    if (!(table = scontrol_query(sc, &req, fields, &err))) {
        fprintf(stderr, "slurm_load_jobs error: %s\n", scontrol_error_text(&err, message, sizeof message));
        return -1;
    }
    for (size_t i = 0; i < table_rows(table); i++)
        strbuf_addf(&list, "%s%lld", i ? "," : "", (long long)table_int(table, FIELD_JOB_ID, i));
    table_destroy(table);
    if (!list.len) {
        fprintf(stderr, "No job found with name %s\n", w->name);
        return -1;
    }
    *ids = strbuf_take(&list);
    for (size_t i = 0; i < w->num; i++)
        if (w->items[i].value == w->name) {
            w->items[i].key = (char *)"jobid";
            w->items[i].value = *ids;
        }
    w->name = *ids;
    return 0;
}

int cmd_update(struct scontrol *sc, int argc, char **argv)
{
    CLEANUP_FREE char *ids = NULL;
    struct words w;
    Wire__UpdateReply *reply;
    struct error err = { 0 };
    int rc = 0;

    if (parse(&w, argc, argv, "update") < 0)
        return -1;
    if (w.kind < 0) {
        fputs("No valid entity in update command\nInput line must include \"NodeName\", \"PartitionName\", "
              "\"Reservation\", \"JobId\", or \"SlurmctldDebug\"\n",
              stderr);
        return -1;
    }
    if (check_words(&w) < 0)
        return -1;
    if (!strcmp(kinds[w.kind].name, "jobname") && name_to_ids(sc, &w, &ids) < 0)
        return -1;
    if (!strcmp(kinds[w.kind].entity, "reservation") && check_users(&w, "updating") < 0)
        return -1;
    if (!(reply = ask(sc, &w, 0, &err))) {
        if (!strcmp(kinds[w.kind].entity, "reservation") && err.code != BRE_UPDATE && !sc->quiet)
            fprintf(stderr, "Error updating the reservation: %s\n", error_code_text(err.code));
        return strcmp(kinds[w.kind].entity, "job") ? report(sc, &err, "slurm_update error")
                                                   : report_job(sc, &err, w.name);
    }
    for (size_t i = 0; i < reply->n_results; i++) {
        const Wire__JobResult *result = reply->results[i];

        rc = -1;
        if (sc->quiet)
            continue;
        fprintf(stderr, "%s for job %s\n", error_code_text((int)result->code), result->job_id);
        if (result->text && *result->text && strcmp(result->text, error_code_text((int)result->code)))
            fprintf(stderr, "scontrol: %s\n", result->text);
    }
    if (!strcmp(kinds[w.kind].entity, "reservation") && !sc->quiet)
        puts("Reservation updated.");
    rpc_msg_free(&reply->base);
    return rc;
}

int cmd_create(struct scontrol *sc, int argc, char **argv)
{
    struct words w;
    Wire__UpdateReply *reply;
    struct error err = { 0 };
    const char *entity;
    bool resv;

    if (parse(&w, argc, argv, "create") < 0)
        return -1;
    entity = w.kind >= 0 ? kinds[w.kind].entity : "";
    resv = !strcmp(entity, "reservation");
    if (!resv && strcmp(entity, "partition") && strcmp(entity, "node")) {
        fprintf(stderr, "scontrol: error: Invalid creation entity: %s\n", argv[0]);
        return -1;
    }
    if (!strcmp(entity, "node")) {
        fputs("scontrol: error: nodes are not created here: enter them in bramble.conf, then scontrol reconfigure\n",
              stderr);
        return -1;
    }
    for (size_t i = 0; i < w.num; i++)
        if (resv && !w.items[i].value && w.items[i].key == kinds[w.kind].name)
            w.items[i].value = (char *)"";
    for (size_t i = 0; i < w.num; i++)
        if (!w.items[i].value && !(resv && w.items[i].key == kinds[w.kind].name)) {
            fprintf(stderr, "scontrol: error: Invalid input: %s  Request aborted\n", w.items[i].key);
            return -1;
        }
    if (resv && check_users(&w, "creating") < 0)
        return -1;
    if (!(reply = ask(sc, &w, 1, &err)))
        return report(sc, &err, resv ? "Error creating the reservation" : "Error creating the partition");
    if (resv)
        printf("Reservation created: %s\n", reply->name ? reply->name : w.name);
    rpc_msg_free(&reply->base);
    return 0;
}

/* "partition=NAME" or "partition NAME" */
int cmd_delete(struct scontrol *sc, int argc, char **argv)
{
    CLEANUP_FREE char *shown = argc > 1 ? xasprintf("%s=%s", argv[0], argv[1]) : xstrdup(argv[0]);
    CLEANUP_FREE char *word = xstrdup(shown), *what = NULL;
    struct words w;
    Wire__UpdateReply *reply;
    struct error err = { 0 };
    char *one[] = { word };

    if (!strchr(word, '=')) {
        fputs("scontrol: error: Proper format is 'delete <ENTITY>=<ID>' or 'delete <ENTITY> <ID>'\n", stderr);
        return -1;
    }
    if (parse(&w, 1, one, "delete") < 0)
        return -1;
    if (w.kind < 0 || !strcmp(kinds[w.kind].entity, "job") || !strcmp(kinds[w.kind].entity, "step")) {
        fprintf(stderr, "Invalid deletion entity: %s\n", shown);
        return -1;
    }
    if (!strcmp(kinds[w.kind].entity, "node")) {
        fputs("scontrol: error: nodes are not deleted here: take them out of bramble.conf, then scontrol reconfigure\n",
              stderr);
        return -1;
    }
    if ((reply = ask(sc, &w, 2, &err))) {
        rpc_msg_free(&reply->base);
        return 0;
    }
    what = xasprintf("delete_%s %s", kinds[w.kind].entity, shown);
    return report(sc, &err, what);
}
