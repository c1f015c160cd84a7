/* sacctmgr_private.h - what sacctmgr's files share. */
#ifndef BRAMBLE_COMMANDS_SACCTMGR_PRIVATE_H
#define BRAMBLE_COMMANDS_SACCTMGR_PRIVATE_H

#include "commands/display/format.h"
#include "commands/display/render.h"
#include "commands/sacctmgr/sacctmgr.h"
#include "util/arena.h"

struct mgr {
    struct console *con;
    const char *clusters;
    bool associations, no_header, quiet, quit;
    enum render_style style;
    unsigned verbose;
    int exit_code;
};

/* What follows the entity: names and conditions. */
struct conditions {
    char *names, *users, *accounts, *clusters, *nodes, *states, *format; /* comma lists; NULL: not said */
    bool with_assoc, all_time;
    int64_t start, end; /* 0: not said */
};

/* Rows of one entity: a text for each of its columns. */
struct listing {
    struct mgr *mgr;
    const struct entity *entity;
    const struct conditions *where;
    struct arena arena;
    const char ***rows;
    size_t num_rows, cap_rows;
    char cluster[256];
    Wire__ConfigReply *config;
};
struct entity {
    const char *name;
    size_t min_len;      /* letters that are enough */
    const char *format;  /* without format= */
    const char *format_assoc; /* added by -s and withassoc; NULL: nothing */
    const struct column *columns;
    size_t num_columns;
    /* Add rows, or print by itself and return 1; -1: said already. */
    int (*load)(struct listing *l);
};
extern const struct entity mgr_entities[];
extern const size_t mgr_num_entities;

/* A new row; its cells are empty until set by the column's first name.  Texts are copied. */
size_t listing_add(struct listing *l);
void listing_set(struct listing *l, size_t row, const char *column, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
const char *listing_config(const struct listing *l, const char *key); /* "" if it is not there */

/* The text of a column in a row; sacctmgr's columns are all made by it. */
const char *listing_text(const struct view *view, const struct column *column, size_t row);

/* load.c: what fills the rows. */
int load_accounts(struct listing *l);
int load_associations(struct listing *l);
int load_clusters(struct listing *l);
int load_configuration(struct listing *l);
int load_events(struct listing *l);
int load_nothing(struct listing *l);
int load_qos(struct listing *l);
int load_runaway(struct listing *l);
int load_stats(struct listing *l);
int load_tres(struct listing *l);
int load_users(struct listing *l);
int load_wckeys(struct listing *l);

#endif
