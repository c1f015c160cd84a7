/* column.h - what a column of squeue, sinfo or sacct is: a row of a table.
 *
 * A command lists its columns once; formats (-o, -O, --format), sort keys (-S), headers, the fields
 * to ask the controller for and the man page check all come from that list.
 */
#ifndef BRAMBLE_DISPLAY_COLUMN_H
#define BRAMBLE_DISPLAY_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "commands/display/table.h"
#include "util/strbuf.h"

struct usage;

/* What cells are made from. */
struct view {
    const struct table *table;
    void *arg;              /* the command's own, for rows that are more than a row of table */
    int64_t now;
    const char *time_format; /* as SLURM_TIME_FORMAT; NULL: standard */
    bool noconvert;          /* --noconvert */
    char units;              /* --units of sacct, 0: as fits */
    const struct usage *(*usage)(const struct view *view, size_t row); /* see usage_cells.h */
};

typedef void (*cell_f)(struct strbuf *out, const struct view *view, size_t row);
typedef int64_t (*sort_key_f)(const struct view *view, size_t row);

enum column_flag {
    COL_NOCUT = 1 << 0,        /* right-justified values are not cut to the width */
    COL_NOCUT_HEADER = 1 << 1, /* nor is the header */
    COL_HIDDEN = 1 << 2,       /* an alias: left out of "all" and of lists */
    COL_SORT_CELL = 1 << 3,    /* sorts by what it shows */
    COL_MATCH = 1 << 4,        /* sinfo: nodes that differ here stand on lines of their own */
    COL_MATCH_EXACT = 1 << 5,  /* the same with --exact only */
    COL_PART = 1 << 6,         /* sinfo: says something of the partition */
};

#define COLUMN_FIELDS 8
struct column {
    char letter;         /* of -o and -S; 0: none */
    const char *names;   /* of -O, --format: lower case matters not; several are parted by | */
    const char *header;
    cell_f format;       /* NULL: the value of fields[0] as it is */
    uint16_t fields[COLUMN_FIELDS]; /* what it needs, 0 ends */
    unsigned flags;
    sort_key_f sort_key; /* NULL: by the value of fields[0] */
    short width;         /* sacct: default width, negative: left justified */
    /* Set: the cell's text, for rows that are no rows of a query. */
    const char *(*text)(const struct view *view, const struct column *column, size_t row);
};

/* Cells.  Control characters of texts become '?'. */
void cell_text(struct strbuf *out, const char *text);
/* A list of array tasks, cut as SLURM_BITSTR_LEN says. */
void cell_tasks(struct strbuf *out, const char *tasks);
/* The text, or "(null)" as Slurm prints what is not there. */
void cell_text_or_null(struct strbuf *out, const char *text);
void cell_int(struct strbuf *out, int64_t value);
/* By view->time_format; none: the word for 0 and unset. */
void cell_time(struct strbuf *out, const struct view *view, int64_t when, const char *none);
/* "1-02:03:04", "2:03", as squeue writes what time was used. */
void cell_duration(struct strbuf *out, int64_t sec);
void cell_duration_full(struct strbuf *out, int64_t sec); /* "00:02:03", as scontrol */
/* A count of MiB as Slurm writes memory: 500M, 2G, 1.50G is 1536M. */
void cell_mem(struct strbuf *out, const struct view *view, int64_t mb);

/* ".3", ".batch"; nothing for FIELD_UNSET. */
void cell_step(struct strbuf *out, int64_t step_id);
/* "12", "12_4", "12_[5-9%2]"; the columns that it needs */
#define CELL_JOB_ID_FIELDS FIELD_JOB_ID, FIELD_JOB_ARRAY_ID, FIELD_JOB_ARRAY_TASK, FIELD_JOB_ARRAY_TASKS
void cell_job_id(struct strbuf *out, const struct table *t, size_t row);
/* "cpu=4,mem=2000M,node=1,billing=4"; what is not above 0 of mem and nodes is left out. */
void cell_tres(struct strbuf *out, const struct view *view, int64_t cpus, int64_t mem_mb, int64_t nodes);

/* Find by -O name or by letter; NULL: none. */
const struct column *column_find_name(const struct column *columns, size_t num, const char *name,
                                      size_t len);
const struct column *column_find_letter(const struct column *columns, size_t num, char letter);

#endif
