/* doc.h - what a table holds as a document for programs: --json and --yaml.
 *
 * The keys are those of Slurm's data_parser v0.0.41.  A table of rows says under which key which
 * field of a query goes, and in what form; a document is written item by item, so that a hundred
 * thousand jobs need the memory of one.  Only the commands that have these options link this.
 */
#ifndef BRAMBLE_DISPLAY_DOC_H
#define BRAMBLE_DISPLAY_DOC_H

#include <jansson.h>

#include "commands/display/column.h"
#include "commands/display/console.h"

enum doc_kind {
    DOC_TEXT,   /* the text; "" if there is none */
    DOC_INT,    /* the number; 0 if it is unset */
    DOC_NUMBER, /* {"set", "infinite", "number"} */
    DOC_TIME,   /* the same, what is unset being 0 */
    DOC_BOOL,   /* above 0 */
    DOC_LIST,   /* a comma list as an array */
    DOC_MAKE,   /* what make returns */
    /* what is the same in every record here */
    DOC_NO_TEXT,
    DOC_NO_INT,
    DOC_NO_NUMBER,
    DOC_NO_TIME,
    DOC_NO_BOOL,
    DOC_NO_LIST,
};
struct doc_row {
    const char *path; /* "time/elapsed": in an object within the object */
    enum doc_kind kind;
    uint16_t field;
    json_t *(*make)(const struct view *view, size_t row);
};
struct doc_table {
    const char *key; /* of the list in the document */
    unsigned query;  /* enum query_table */
    const struct doc_row *rows;
    size_t num_rows;
    const uint16_t *more; /* fields that make functions look at; ends with 0; may be NULL */
};
/* Fields to ask for. */
void doc_need(const struct doc_table *t, bool *want);
/* One record.  The caller's. */
json_t *doc_record(const struct doc_table *t, const struct view *view, size_t row);

/* Records of jobs, steps, nodes, partitions and reservations. */
extern const struct doc_table doc_jobs, doc_steps, doc_nodes, doc_parts, doc_resvs;

/* -- values -- */
json_t *doc_text(const char *text);       /* any bytes; NULL: "" */
json_t *doc_number(int64_t value);        /* FIELD_UNSET, FIELD_INFINITE and numbers */
json_t *doc_time(int64_t value);          /* FIELD_UNSET is 0 */
json_t *doc_list(const char *comma_list); /* NULL: empty */
json_t *doc_state(int64_t job_state);     /* ["RUNNING"] */
json_t *doc_exit(int64_t wait_status);    /* FIELD_UNSET: pending */
json_t *doc_node_states(int64_t state);
/* Put value (taken) at a path below object, making what is missing on the way. */
void doc_set(json_t *object, const char *path, json_t *value);

/* -- the document -- */
struct doc;
struct doc *doc_begin(const struct console *con, enum doc_format format);
void doc_put(struct doc *d, const char *key, json_t *value); /* takes value */
void doc_list_begin(struct doc *d, const char *key);
void doc_list_add(struct doc *d, json_t *item); /* takes item */
void doc_list_end(struct doc *d);
/* What went wrong; source: the function that Slurm would name. */
void doc_fail(struct doc *d, const struct error *err, const char *source);
/* Add meta, errors and warnings, and free d.  The exit code: 1 if it could not be written or
 * doc_fail() was called. */
int doc_end(struct doc *d);

/* A whole document of the records order[0..n-1] (NULL: all) of a table, and the exit code. */
int doc_show(const struct console *con, enum doc_format format, const struct doc_table *t,
             const struct view *view, const uint32_t *order, size_t n);
/* The document of a query that failed; says it on standard error too.  Returns 1. */
int doc_show_failure(const struct console *con, enum doc_format format, const struct error *err,
                     const char *source);

#endif
