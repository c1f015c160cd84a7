/* control.c - keywords that act on jobs: hold, release, requeue, suspend, resume, top, notify. */
#include "config.h"
#include "scontrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "bramble/constants.h"
#include "util/error.h"
#include "util/jobid.h"
#include "util/mem.h"
#include "wire/client.pb-c.h"

struct target {
    char *text;
    bool is_name; /* "jobname=TEXT" */
};

/* "12,13 14", "jobid=12" and "jobname=night". */
static size_t collect(int argc, char **argv, struct target *targets, size_t max)
{
    size_t num = 0;

    for (int i = 0; i < argc; i++) {
        char *word = strchr(argv[i], '=') ? strchr(argv[i], '=') + 1 : argv[i];
        bool is_name = !strncasecmp(argv[i], "jobname=", 8) || !strncasecmp(argv[i], "name=", 5);

        while (*word && num < max) {
            size_t len = is_name ? strcspn(word, ",") : jobid_word(word);
            bool more = word[len] == ',';

            word[len] = '\0';
            if (*word)
                targets[num++] = (struct target){ word, is_name };
            word += len + more;
        }
    }
    return num;
}

static bool is_id(const char *word)
{
    struct jobid id;

    if (jobid_parse(word, &id, NULL) < 0)
        return false;
    jobid_fini(&id);
    return true;
}

/* The ids of one's jobs with this name; the strings are malloc'ed.  -1 with a message. */
static int ids_of_name(struct scontrol *sc, char *name, char ***ids, size_t *num)
{
    static const uint16_t fields[] = { FIELD_JOB_ID, 0 };
    Wire__QueryRequest req = WIRE__QUERY_REQUEST__INIT;
    struct error err = { 0 };
    char message[2 * ERROR_TEXT_MAX];
    struct table *table;

    req.has_table = true;
    req.table = QUERY_JOBS;
    req.names = name;
    req.states = (char *)"PENDING,RUNNING,SUSPENDED";
    if (!(table = scontrol_query(sc, &req, fields, &err))) {
        fprintf(stderr, "slurm_load_jobs error: %s\n", scontrol_error_text(&err, message, sizeof message));
        return -1;
    }
    *num = table_rows(table);
    *ids = xcalloc(*num ? *num : 1, sizeof **ids);
    for (size_t i = 0; i < *num; i++)
        (*ids)[i] = xasprintf("%lld", (long long)table_int(table, FIELD_JOB_ID, i));
    table_destroy(table);
    return 0; /* none is no error */
}

struct order {
    enum job_action action;
    const char *tail; /* said after a failure, before the standard text again */
    bool incomplete, special_exit, backwards;
};

static int send_control(struct scontrol *sc, const struct order *order, char **ids, size_t num)
{
    Wire__JobControlRequest req = WIRE__JOB_CONTROL_REQUEST__INIT;
    Wire__JobControlReply *reply;
    struct error err = { 0 };
    char text[2 * ERROR_TEXT_MAX];
    int rc = 0;

    req.has_action = true;
    req.action = order->action;
    req.job_ids = ids;
    req.n_job_ids = num;
    req.has_incomplete = req.incomplete = order->incomplete;
    if (order->special_exit)
        req.requeue_state = (char *)"SpecialExit";
    if (!(reply = (Wire__JobControlReply *)scontrol_call(sc, MSG_JOB_CONTROL, &req.base, MSG_JOB_CONTROL_REPLY,
                                                         &err))) {
        fprintf(stderr, "slurm_suspend error: %s\n", scontrol_error_text(&err, text, sizeof text));
        return -1;
    }
    for (size_t i = 0; i < reply->n_results; i++) {
        const Wire__JobResult *result = reply->results[i];

        rc = -1;
        scontrol_job_failure(sc, (int)result->code, result->job_id ? result->job_id : "", result->text, order->tail);
    }
    rpc_msg_free(&reply->base);
    return rc;
}

static int control(struct scontrol *sc, const struct order *order, int argc, char **argv)
{
    struct target targets[4096];
    char *ids[ARRAY_SIZE(targets)];
    size_t num = collect(argc, argv, targets, ARRAY_SIZE(targets)), kept = 0;
    int rc = 0;

    for (size_t i = 0; i < num; i++) {
        char **named;
        size_t num_named;

        if (!targets[i].is_name && is_id(targets[i].text)) {
            ids[kept++] = targets[i].text;
        } else if (!targets[i].is_name) {
            if (!sc->quiet)
                fprintf(stderr, "%s for job %s\n", error_code_text(BRE_JOB_ID), targets[i].text);
            if (!sc->quiet && order->tail)
                fprintf(stderr, "%s: %s\n", order->tail, error_code_text(BRE_JOB_ID));
            rc = -1;
        } else if (ids_of_name(sc, targets[i].text, &named, &num_named) < 0) {
            rc = -1;
        } else {
            if (num_named && send_control(sc, order, named, num_named) < 0)
                rc = -1;
            for (size_t k = 0; k < num_named; k++)
                free(named[k]);
            free(named);
        }
    }
    for (size_t i = 0; order->backwards && i < kept / 2; i++) {
        char *id = ids[i];

        ids[i] = ids[kept - 1 - i];
        ids[kept - 1 - i] = id;
    }
    if (kept && send_control(sc, order, ids, kept) < 0)
        rc = -1;
    return rc;
}

int cmd_hold(struct scontrol *sc, int argc, char **argv)
{
    return control(sc, &(struct order){ .action = JOB_ACTION_HOLD, .tail = "slurm_suspend error" }, argc, argv);
}

int cmd_uhold(struct scontrol *sc, int argc, char **argv)
{
    return control(sc, &(struct order){ .action = JOB_ACTION_UHOLD, .tail = "slurm_suspend error" }, argc, argv);
}

int cmd_release(struct scontrol *sc, int argc, char **argv)
{
    return control(sc, &(struct order){ .action = JOB_ACTION_RELEASE, .tail = "slurm_suspend error" }, argc, argv);
}

/* [Incomplete] [State=SpecialExit] JOB... */
static int requeue(struct scontrol *sc, enum job_action action, int argc, char **argv)
{
    struct order order = { .action = action };

    for (; argc; argc--, argv++) {
        size_t len = strlen(argv[0]);

        if (len && len <= 10 && !strncasecmp(argv[0], "incomplete", len))
            order.incomplete = true;
        else if (!strncasecmp(argv[0], "state=", 6) && action == JOB_ACTION_REQUEUE_HOLD
                 && (!strcasecmp(argv[0] + 6, "specialexit") || !strcasecmp(argv[0] + 6, "SE")))
            order.special_exit = true;
        else if (!strncasecmp(argv[0], "state=", 6)) {
            fprintf(stderr, "scontrol: error: %s: requeuehold knows State=SpecialExit alone\n", argv[0]);
            return -1;
        } else
            break;
    }
    if (!argc) {
        fprintf(stderr, "too few arguments for keyword:%s\n",
                action == JOB_ACTION_REQUEUE ? "requeue" : "requeuehold");
        return -1;
    }
    return control(sc, &order, argc, argv);
}

int cmd_requeue(struct scontrol *sc, int argc, char **argv)
{
    return requeue(sc, JOB_ACTION_REQUEUE, argc, argv);
}

int cmd_requeuehold(struct scontrol *sc, int argc, char **argv)
{
    return requeue(sc, JOB_ACTION_REQUEUE_HOLD, argc, argv);
}

int cmd_suspend(struct scontrol *sc, int argc, char **argv)
{
    return control(sc, &(struct order){ .action = JOB_ACTION_SUSPEND }, argc, argv);
}

int cmd_resume(struct scontrol *sc, int argc, char **argv)
{
    return control(sc, &(struct order){ .action = JOB_ACTION_RESUME }, argc, argv);
}

int cmd_top(struct scontrol *sc, int argc, char **argv)
{
    /* each is put before the others: the last one sent comes out on top */
    return control(sc, &(struct order){ .action = JOB_ACTION_TOP, .backwards = true }, argc, argv);
}

int cmd_notify(struct scontrol *sc, int argc, char **argv)
{
    Wire__JobControlRequest req = WIRE__JOB_CONTROL_REQUEST__INIT;
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;
    Wire__JobControlReply *reply;
    struct error err = { 0 };
    char message[2 * ERROR_TEXT_MAX];
    int rc = 0;

    if (!is_id(argv[0])) {
        fprintf(stderr, "Invalid job_id %s\n", argv[0]);
        return -1;
    }
    for (int i = 1; i < argc; i++)
        strbuf_addf(&text, "%s%s", i > 1 ? " " : "", argv[i]);
    req.has_action = true;
    req.action = JOB_ACTION_NOTIFY;
    req.job_ids = argv;
    req.n_job_ids = 1;
    req.text = (char *)strbuf_str(&text);
    if (!(reply = (Wire__JobControlReply *)scontrol_call(sc, MSG_JOB_CONTROL, &req.base, MSG_JOB_CONTROL_REPLY,
                                                         &err))) {
        fprintf(stderr, "job notify failure: %s\n", scontrol_error_text(&err, message, sizeof message));
        return -1;
    }
    if (reply->n_results) {
        const Wire__JobResult *result = reply->results[0];
        const char *reason = scontrol_reason((int)result->code, result->text);

        fprintf(stderr, "job notify failure: %s%s%s\n", error_code_text((int)result->code), *reason ? ": " : "", reason);
        rc = -1;
    }
    rpc_msg_free(&reply->base);
    return rc;
}

/* Of the tasks of an array: one that runs, else one that waits. */
static int64_t foremost_state(const struct table *table)
{
    int64_t found = JOB_CANCELLED;

    for (size_t i = 0; i < table_rows(table); i++) {
        int64_t state = table_int(table, FIELD_JOB_STATE, i);

        if (state == JOB_RUNNING || state == JOB_SUSPENDED)
            return state;
        if (state == JOB_PENDING || state == JOB_CONFIGURING)
            found = state;
    }
    return found;
}

int cmd_wait_job(struct scontrol *sc, int argc, char **argv)
{
    static const uint16_t fields[] = { FIELD_JOB_STATE, 0 };
    Wire__QueryRequest req = WIRE__QUERY_REQUEST__INIT;
    struct error err = { 0 };
    char text[2 * ERROR_TEXT_MAX];

    (void)argc;
    if (!is_id(argv[0])) {
        fprintf(stderr, "Invalid job_id %s\n", argv[0]);
        return -1;
    }
    req.has_table = true;
    req.table = QUERY_JOBS;
    req.job_ids = argv;
    req.n_job_ids = 1;
    for (;;) {
        struct timespec pause = { .tv_sec = 1 };
        struct table *table = scontrol_query(sc, &req, fields, &err);
        int64_t state = table ? foremost_state(table) : JOB_CANCELLED;

        table_destroy(table);
        if (!table) {
            fprintf(stderr, "scontrol: Problem running job %s\n", argv[0]);
            if (err.code != BRE_JOB_ID)
                fprintf(stderr, "scontrol: error: %s\n", scontrol_error_text(&err, text, sizeof text));
            return -1;
        }
        if (state == JOB_RUNNING || state == JOB_SUSPENDED) {
            fprintf(stderr, "scontrol: Nodes are ready for job %s\n", argv[0]);
            return 0;
        }
        if (state != JOB_PENDING && state != JOB_CONFIGURING) {
            fprintf(stderr, "scontrol: Job %s no longer running\n", argv[0]);
            return -1;
        }
        nanosleep(&pause, NULL);
    }
}
