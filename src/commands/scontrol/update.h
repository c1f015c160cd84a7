/* update.h - what scontrol update, create and delete share: the words of the command line. */
#ifndef BRAMBLE_SCONTROL_UPDATE_H
#define BRAMBLE_SCONTROL_UPDATE_H

#include "scontrol.h"
#include "wire/client.pb-c.h"

#define UPDATE_ITEMS_MAX 128

enum update_entity {
    UPDATE_NONE,
    UPDATE_JOB,
    UPDATE_STEP,
    UPDATE_NODE,
    UPDATE_PARTITION,
    UPDATE_RESERVATION,
    UPDATE_CONTROLLER,
};
extern const char *const update_entity_names[];

struct update_words {
    Wire__KeyValue items[UPDATE_ITEMS_MAX], *pointers[UPDATE_ITEMS_MAX]; /* keys in lower case */
    size_t num;
    enum update_entity entity;
    bool by_name;     /* jobs: jobname= in place of jobid= */
    bool is_create;
    const char *name; /* what the entity's key names; "" */
    const char *tail; /* of a reservation: what did not come to pass */
};

/* Takes the words apart where they stand.  -1 after a message. */
int update_words_parse(struct update_words *w, int argc, char **argv, const char *verb);
/* Values that can be judged without the controller. */
int update_words_check(const struct update_words *w);

#endif
