/* fields.h - the columns of fields.def as numbers and names. */
#ifndef BRAMBLE_RPC_FIELDS_H
#define BRAMBLE_RPC_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

/* enum field_id: FIELD_JOB_ID = 1, ... */
enum field_id {
#define FIELD(number, name, table, kind, what) FIELD_##name = (number),
#include "rpc/fields.def"
#undef FIELD
    FIELD_MAX = 640 /* above every number */
};

#define FIELD_UNSET (-1)    /* not set, or not known */
#define FIELD_INFINITE (-2) /* no limit */

enum field_kind { FIELD_KIND_INT, FIELD_KIND_STRING };

/* Values of FIELD_PART_STATE. */
enum part_state_shown { PART_SHOWN_DOWN, PART_SHOWN_UP, PART_SHOWN_DRAIN, PART_SHOWN_INACTIVE };

struct field_info {
    uint16_t number;
    uint8_t table; /* enum query_table */
    uint8_t kind;  /* enum field_kind */
    const char *name; /* "JOB_ID" */
};
/* NULL: there is no such field. */
const struct field_info *field_find(unsigned number);

#endif
