/* project_private.h - rows of the batch under way, shared by the files of the projection. */
#ifndef BRAMBLE_CTLD_PROJECT_PRIVATE_H
#define BRAMBLE_CTLD_PROJECT_PRIVATE_H

#include "bramblectld/projections/project.h"
#include "util/arena.h"
#include "util/hash.h"

struct who {
    uint32_t uid, gid;
    char *user, *group;
};
struct row {
    struct acct_record rec;
    struct row *next; /* of the same job */
    bool dirty;
};
struct projector {
    const struct accounting_plugin *plugin;
    void *self;
    struct idmap identities; /* of struct who */
    struct idmap specs;      /* of Wire__JobSpec, while a snapshot is read into an empty store */
    struct arena arena;      /* rows and texts of the batch */
    struct idmap jobs;       /* job id to its rows */
    size_t num_rows;
};

static inline const char *keep(struct projector *p, const char *text)
{
    return text && *text ? arena_strdup(&p->arena, text) : NULL;
}
struct row *row_add(struct projector *p, uint32_t job_id, uint32_t attempt, uint32_t step_id);
/* attempt 0: the newest one.  *out is NULL when there is no such row. */
int row_find(struct projector *p, uint32_t job_id, uint32_t attempt, uint32_t step_id, struct row **out,
             struct error *err);

/* project_array.c */
void project_array(struct projector *p, struct acct_record *r, const char *array_inx); /* NULL: none */
/* A task leaves the row of many for one of its own, which begins as a copy. */
int project_split(struct projector *p, const Wire__EvTaskSplit *ev, struct error *err);
int project_array_updated(struct projector *p, const Wire__EvArrayUpdated *ev, struct error *err);

#endif
