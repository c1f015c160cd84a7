/* update.c - scontrol update, create and delete: the words go to the controller, which checks them as a whole. */
#include "config.h"
#include "update.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "util/error.h"
#include "util/jobid.h"
#include "util/mem.h"

/* Several lines, each of them led by the program's name. */
static void print_errors(const char *text)
{
    for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
        fprintf(stderr, "scontrol: error: %.*s\n", (int)strcspn(at, "\n"), at);
}

/* A refusal of one key names it, as Slurm's scontrol does before it asks. */
static void report_key(const struct update_words *w, const char *text)
{
    const char *because;

    switch (w->entity) {
    case UPDATE_RESERVATION:
        because = strstr(text, "eservation created") ? "" : !strncmp(text, "Unknown", 7) || !strncmp(text, "Error", 5) ? w->tail : "";
        fprintf(stderr, "scontrol: error: %s%s%s\n", text, *because ? ".  " : "", because);
        return;
    case UPDATE_PARTITION:
        print_errors(text);
        fputs("scontrol: error: Request aborted\n", stderr);
        return;
    case UPDATE_CONTROLLER:
        fprintf(stderr, "%s\n", text);
        return;
    case UPDATE_NODE:
    default:
        fprintf(stderr, "%s\nRequest aborted\n", text);
        if (w->entity == UPDATE_NODE && !strncmp(text, "Invalid input: state=", 21))
            fputs("Valid states are: DOWN DRAIN FAIL IDLE RESUME UNDRAIN\n"
                  "Not all states are valid given a node's prior state\n",
                  stderr);
    }
}

static int report(const struct scontrol *sc, const struct update_words *w, const struct error *err, const char *prefix)
{
    char text[2 * ERROR_TEXT_MAX];

    if (sc->quiet)
        return -1;
    if (err->code == BRE_UPDATE)
        report_key(w, err->text);
    else if (w->entity == UPDATE_JOB && !w->is_create && err->code != BRE_NO_CONTACT && err->code != BRE_TIMEOUT)
        scontrol_job_failure(sc, err->code, w->name, err->text, NULL); /* which one, after the standard text */
    else
        fprintf(stderr, "%s: %s\n", prefix, scontrol_error_text(err, text, sizeof text));
    return -1;
}

static Wire__UpdateReply *ask(struct scontrol *sc, struct update_words *w, unsigned op, struct error *err)
{
    Wire__UpdateRequest req = WIRE__UPDATE_REQUEST__INIT;

    req.entity = (char *)update_entity_names[w->entity];
    req.has_op = true;
    req.op = op;
    req.items = w->pointers;
    req.n_items = w->num;
    return (Wire__UpdateReply *)scontrol_call(sc, MSG_UPDATE, &req.base, MSG_UPDATE_REPLY, err);
}

/* Names of users are looked up here: the controller's host need not know them all. */
static int check_users(const struct update_words *w, const char *doing)
{
    for (size_t i = 0; i < w->num; i++) {
        CLEANUP_FREE char *list = xstrdup(w->items[i].value);
        char *save = NULL;

        if (strncmp(w->items[i].key, "user", 4))
            continue;
        for (char *name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save))
            if (!getpwnam(*name == '+' || *name == '-' ? name + 1 : name)) {
                fprintf(stderr, "Error %s the reservation: Invalid user id: there is no user %s\n", doing, name);
                return -1;
            }
    }
    return 0;
}

/* "stepid=12.0", "12_3.0", "12". */
static int check_step(const struct update_words *w)
{
    struct jobid id;

    if (jobid_parse(w->name, &id, NULL) == 0) {
        jobid_fini(&id);
        return 0;
    }
    fprintf(stderr, "Invalid StepID parameter: stepid=%s\nRequest aborted\n", w->name);
    return -1;
}

/* "JobName=x ..." is an update of all one's jobs of that name. */
static int name_to_ids(struct scontrol *sc, struct update_words *w, char **ids)
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
    struct update_words w;
    Wire__UpdateReply *reply;
    struct error err = { 0 };
    int rc = 0;

    if (update_words_parse(&w, argc, argv, "update") < 0)
        return -1;
    if (!w.entity) {
        fputs("No valid entity in update command\nInput line must include \"NodeName\", \"PartitionName\", "
              "\"Reservation\", \"JobId\", or \"SlurmctldDebug\"\n",
              stderr);
        return -1;
    }
    if (update_words_check(&w) < 0 || (w.entity == UPDATE_STEP && check_step(&w) < 0)
        || (w.by_name && name_to_ids(sc, &w, &ids) < 0)
        || (w.entity == UPDATE_RESERVATION && check_users(&w, "updating") < 0))
        return -1;
    if (!(reply = ask(sc, &w, 0, &err))) {
        if (w.entity == UPDATE_RESERVATION && err.code != BRE_UPDATE && !sc->quiet)
            fprintf(stderr, "Error updating the reservation: %s\n", error_code_text(err.code));
        return report(sc, &w, &err, "slurm_update error");
    }
    for (size_t i = 0; i < reply->n_results; i++) {
        const Wire__JobResult *result = reply->results[i];

        rc = -1;
        scontrol_job_failure(sc, (int)result->code, result->job_id ? result->job_id : "", result->text, NULL);
    }
    if (w.entity == UPDATE_RESERVATION && !sc->quiet)
        puts("Reservation updated.");
    rpc_msg_free(&reply->base);
    return rc;
}

int cmd_create(struct scontrol *sc, int argc, char **argv)
{
    struct update_words w;
    Wire__UpdateReply *reply;
    struct error err = { 0 };
    bool resv;

    if (update_words_parse(&w, argc, argv, "create") < 0)
        return -1;
    resv = w.entity == UPDATE_RESERVATION;
    if (w.entity == UPDATE_NODE) {
        fputs("scontrol: error: nodes are not created here: enter them in bramble.conf, then scontrol reconfigure\n",
              stderr);
        return -1;
    }
    if (!resv && w.entity != UPDATE_PARTITION) {
        fprintf(stderr, "scontrol: error: Invalid creation entity: %s\n", argv[0]);
        return -1;
    }
    if (update_words_check(&w) < 0 || (resv && check_users(&w, "creating") < 0))
        return -1;
    if (!(reply = ask(sc, &w, 1, &err)))
        return report(sc, &w, &err, resv ? "Error creating the reservation" : "Error creating the partition");
    if (resv)
        printf("Reservation created: %s\n", reply->name ? reply->name : w.name);
    rpc_msg_free(&reply->base);
    return 0;
}

/* "partition=NAME" or "partition NAME" */
int cmd_delete(struct scontrol *sc, int argc, char **argv)
{
    CLEANUP_FREE char *word = argc > 1 ? xasprintf("%s=%s", argv[0], argv[1]) : xstrdup(argv[0]);
    CLEANUP_FREE char *what = NULL;
    struct update_words w;
    Wire__UpdateReply *reply;
    struct error err = { 0 };
    char *one[] = { word };

    if (!strchr(word, '=')) {
        fputs("scontrol: error: Proper format is 'delete <ENTITY>=<ID>' or 'delete <ENTITY> <ID>'\n", stderr);
        return -1;
    }
    if (update_words_parse(&w, 1, one, "delete") < 0)
        return -1;
    if (w.entity == UPDATE_NODE) {
        fputs("scontrol: error: nodes are not deleted here: take them out of bramble.conf, then scontrol reconfigure\n",
              stderr);
        return -1;
    }
    if (w.entity != UPDATE_PARTITION && w.entity != UPDATE_RESERVATION) {
        fprintf(stderr, "Invalid deletion entity: %s%s%s\n", argv[0], argc > 1 ? "=" : "", argc > 1 ? argv[1] : "");
        return -1;
    }
    if ((reply = ask(sc, &w, 2, &err))) {
        rpc_msg_free(&reply->base);
        return 0;
    }
    what = xasprintf("delete_%s %s%s%s", update_entity_names[w.entity], argv[0], argc > 1 ? "=" : "",
                     argc > 1 ? argv[1] : "");
    return report(sc, &w, &err, what);
}
