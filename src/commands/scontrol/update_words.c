/* update_words.c - the KEY=VALUE words of scontrol update, create and delete.
 *
 * What Slurm's scontrol refuses before it asks its controller is refused here in its words: a key
 * without a value, a time that is none.
 */
#include "config.h"
#include "update.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/timefmt.h"

/* The key that says what is changed. */
static const struct {
    const char *key;
    size_t min_len;
    enum update_entity entity;
    const char *name;
} kinds[] = {
    { "jobid", 3, UPDATE_JOB, "jobid" },
    { "jobname", 4, UPDATE_JOB, "jobname" },
    { "nodename", 4, UPDATE_NODE, "nodename" },
    { "partitionname", 4, UPDATE_PARTITION, "partitionname" },
    { "stepid", 4, UPDATE_STEP, "stepid" },
    { "reservationname", 3, UPDATE_RESERVATION, "reservationname" },
    { "slurmctlddebug", 14, UPDATE_CONTROLLER, "debuglevel" },
};

const char *const update_entity_names[] = { "",     "job",         "step",      "node", "partition",
                                            "reservation", "controller" };

/* key is the word up to "=". */
static int which_kind(const char *key)
{
    size_t len = strcspn(key, "=");

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (len >= kinds[i].min_len && len <= strlen(kinds[i].key) && !strncasecmp(key, kinds[i].key, len))
            return (int)i;
    return -1;
}

/* A job's update may bear its name, a partition and a reservation, before or after its id; a
 * reservation's a partition.  Of create the first word that fits counts. */
static int kind_of(int argc, char *const *argv, bool is_create)
{
    static const int rank[ARRAY_SIZE(kinds)] = { 3, 2, 0, 0, 0, 1, 0 };
    int found = -1;

    for (int i = 0; i < argc; i++) {
        int kind = which_kind(argv[i]);

        if (kind >= 0 && (found < 0 || (!is_create && rank[kind] > rank[found])))
            found = kind;
    }
    return found;
}

static int refuse_bare(const struct update_words *w, const char *word)
{
    switch (w->entity) {
    case UPDATE_RESERVATION:
        fprintf(stderr, "scontrol: error: Misformatted parameter '%s', most options have a parameter after '='.  %s\n",
                word, w->tail);
        return -1;
    case UPDATE_NODE:
    case UPDATE_PARTITION:
        fprintf(stderr, "scontrol: error: Invalid input: %s  Request aborted\n", word);
        return -1;
    default:
        fprintf(stderr, "Invalid input: %s\nRequest aborted\n", word);
        return -1;
    }
}

/* A word without "=": -1 refused, else how many words it took. */
static int take_bare(struct update_words *w, int kind, char **argv, int argc, Wire__KeyValue *item)
{
    item->key = argv[0];
    if (w->is_create && w->entity == UPDATE_RESERVATION && which_kind(argv[0]) == kind) {
        item->value = (char *)""; /* a name is found for it */
        return 1;
    }
    if (w->entity != UPDATE_JOB)
        return refuse_bare(w, argv[0]);
    if (!strncasecmp(argv[0], "nice", strlen(argv[0]) < 2 ? 2 : strlen(argv[0]))) {
        item->value = (char *)"100";
        return 1;
    }
    if (argc < 2)
        return refuse_bare(w, argv[0]);
    item->value = argv[1];
    return 2;
}

int update_words_parse(struct update_words *w, int argc, char **argv, const char *verb)
{
    const bool is_create = !strcmp(verb, "create");
    int kind = kind_of(argc, argv, is_create), taken = 1;

    memset(w, 0, sizeof *w);
    w->is_create = is_create;
    w->tail = w->is_create ? "No reservation created." : "No reservation update.";
    w->name = "";
    if (argc > UPDATE_ITEMS_MAX) {
        fprintf(stderr, "too many arguments for keyword:%s\n", verb);
        return -1;
    }
    if (kind < 0)
        return 0;
    w->entity = kinds[kind].entity;
    w->by_name = kind == 1;
    for (int i = 0; i < argc; i += taken) {
        Wire__KeyValue *item = &w->items[w->num];
        char *value = strchr(argv[i], '=');

        wire__key_value__init(item);
        taken = 1;
        if (value) {
            *value = '\0';
            item->key = argv[i];
            item->value = value + 1;
        } else if ((taken = take_bare(w, kind, argv + i, argc - i, item)) < 0) {
            return -1;
        }
        for (char *at = item->key; *at; at++)
            *at = (char)tolower((unsigned char)*at);
        if (!*w->name && which_kind(item->key) == kind) {
            item->key = (char *)kinds[kind].name;
            w->name = item->value;
        }
        w->pointers[w->num++] = item;
    }
    return 0;
}

/* ---- values that are judged here ---- */

enum value_kind { VALUE_LIMIT, VALUE_NODES, VALUE_PART_TIME, VALUE_START, VALUE_END, VALUE_DURATION };
static const struct {
    enum update_entity entity;
    const char *key;
    size_t min_len;
    enum value_kind kind;
} values[] = {
    { UPDATE_JOB, "timelimit", 5, VALUE_LIMIT },           { UPDATE_STEP, "timelimit", 5, VALUE_LIMIT },
    { UPDATE_JOB, "numnodes", 8, VALUE_NODES },            { UPDATE_JOB, "minnodes", 8, VALUE_NODES },
    { UPDATE_PARTITION, "maxtime", 4, VALUE_PART_TIME },   { UPDATE_PARTITION, "defaulttime", 8, VALUE_PART_TIME },
    { UPDATE_RESERVATION, "starttime", 5, VALUE_START },   { UPDATE_RESERVATION, "endtime", 3, VALUE_END },
    { UPDATE_RESERVATION, "duration", 3, VALUE_DURATION },
};

/* Slurm's words for a value that is none, and after them what would be one. */
static int refuse_value(const struct update_words *w, const Wire__KeyValue *item, enum value_kind kind,
                        const struct error *err)
{
    switch (kind) {
    case VALUE_LIMIT:
        fprintf(stderr, "scontrol: error: Invalid TimeLimit value: %s\n", err->text);
        break;
    case VALUE_NODES:
        fprintf(stderr, "scontrol: error: Invalid numeric value \"%s\" for requested node count.\n", item->value);
        break;
    case VALUE_PART_TIME:
        fprintf(stderr, "scontrol: error: Invalid input %s=%s: %s\n", item->key, item->value, err->text);
        break;
    case VALUE_START:
    case VALUE_END:
        fprintf(stderr, "Invalid time specification (pos=0): %s\nscontrol: error: Invalid %s time %s=%s.  %s %s\n",
                item->value, kind == VALUE_START ? "start" : "end", item->key, item->value, w->tail, err->text);
        break;
    case VALUE_DURATION:
        fprintf(stderr, "scontrol: error: Invalid duration %s=%s.  %s %s\n", item->key, item->value, w->tail,
                err->text);
        break;
    }
    return -1;
}

static int check_value(const struct update_words *w, const Wire__KeyValue *item, enum value_kind kind)
{
    struct error err = { 0 };
    const char *value = item->value;
    uint32_t number;
    time_t at;
    int rc = 0;

    switch (kind) {
    case VALUE_LIMIT:
        value += (*value == '+' || *value == '-') && strcmp(value, "-1") != 0;
        rc = time_limit_parse(value, &number, "TimeLimit", &err);
        break;
    case VALUE_NODES: {
        CLEANUP_FREE char *least = xstrndup(value, strcspn(value, "-"));

        rc = num_parse_u32(least, 0, UINT32_MAX, &number, item->key, &err);
        break;
    }
    case VALUE_PART_TIME:
        rc = strcasecmp(value, "none") ? time_limit_parse(value, &number, item->key, &err) : 0;
        break;
    case VALUE_DURATION:
        rc = time_limit_parse(value, &number, "Duration", &err);
        break;
    case VALUE_START:
    case VALUE_END:
        rc = strcasecmp(value, "now") ? time_at_parse(value, time(NULL), TIME_AT_FUTURE, &at, item->key, &err) : 0;
        break;
    }
    return rc < 0 ? refuse_value(w, item, kind, &err) : 0;
}

int update_words_check(const struct update_words *w)
{
    bool down = false, reason = false;

    for (size_t i = 0; i < w->num; i++) {
        const Wire__KeyValue *item = &w->items[i];
        size_t len = strlen(item->key);

        for (size_t k = 0; k < ARRAY_SIZE(values); k++)
            if (values[k].entity == w->entity && len >= values[k].min_len && len <= strlen(values[k].key)
                && !strncmp(item->key, values[k].key, len) && check_value(w, item, values[k].kind) < 0)
                return -1;
        reason |= !strncmp(item->key, "reason", 6);
        down |= !strcmp(item->key, "state")
                && (!strncasecmp(item->value, "drain", 5) || !strcasecmp(item->value, "down")
                    || !strncasecmp(item->value, "fail", 4));
    }
    if (w->entity == UPDATE_NODE && down && !reason && !w->is_create) {
        fputs("You must specify a reason when DOWNING or DRAINING a node. Request denied\n", stderr);
        return -1;
    }
    if (w->num < 2 && w->entity != UPDATE_RESERVATION && w->entity != UPDATE_CONTROLLER && !w->is_create) {
        fputs("No changes specified\n", stderr);
        return -1;
    }
    return 0;
}
