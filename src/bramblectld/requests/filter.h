/* filter.h - which jobs a request means: the filters of scancel and of queries. */
#ifndef BRAMBLE_CTLD_FILTER_H
#define BRAMBLE_CTLD_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cluster/cluster.h"

struct ctld;
struct error;
struct job_filter;

/* *out stays NULL when the request has no filters. */
int job_filter_of_control(const Wire__JobControlRequest *msg, const struct cluster_who *who, struct job_filter **out,
                          struct error *err);
int job_filter_of_query(const Wire__QueryRequest *msg, struct job_filter **out, struct error *err);
void job_filter_destroy(struct job_filter *f); /* NULL is allowed */
bool job_filter_match(const struct job_filter *f, struct ctld *c, struct job *job); /* NULL matches all */

/* A comma list of texts. */
struct name_set {
    char **names;
    size_t num;
};
void name_set_parse(struct name_set *s, const char *text); /* NULL or empty: no names */
void name_set_fini(struct name_set *s);
bool name_set_has(const struct name_set *s, const char *name); /* an empty set has everything */
/* States by long name or compact code; "all" is 0, like NULL. */
int state_mask_parse(const char *text, uint64_t *mask, struct error *err);
/* User names or numbers. */
int uid_list_parse(const char *text, uint32_t **uids, size_t *num, struct error *err);

#endif
