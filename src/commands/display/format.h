/* format.h - what -o, -O and sacct's --format say: which columns, how wide, what between them.
 */
#ifndef BRAMBLE_DISPLAY_FORMAT_H
#define BRAMBLE_DISPLAY_FORMAT_H

#include "commands/display/column.h"

struct error;

#define FORMAT_WIDTH_MAX 65536

struct format_item {
    const struct column *column; /* NULL: suffix alone, printed as it is */
    unsigned width;              /* 0: as long as the value */
    bool right;
    bool longest;                /* the width is that of the longest value: "%#P" */
    bool mark_cut;               /* sacct: a cut value ends in '+' */
    char *suffix;                /* what follows the field */
};

struct format {
    struct format_item *items;
    size_t count, cap;
    char *prefix;
};

/* Called for a word that names no column, so that the command says it in its words. */
typedef void (*format_unknown_f)(void *arg, const char *word);

void format_fini(struct format *f);
struct format_item *format_add(struct format *f, const struct column *column);
/* -o: "%[[.]size]type[suffix]...".  As Slurm reads it: "%%i" is "%i", an unknown type is told and then
 * stands in the output as it was written.  "%all" is every letter, parted by '|'. */
void format_parse_letters(struct format *f, const char *text, const struct column *columns, size_t num,
                          const char *all_letters, format_unknown_f unknown, void *arg);
/* -O: "type[:[.][size][suffix]],..."; without a size 20 columns; unknown types are told and left out. */
void format_parse_names(struct format *f, const char *text, const struct column *columns, size_t num,
                        format_unknown_f unknown, void *arg);
/* sacct's: "name[%[-]width],..."; -1 with err set if a name is unknown. */
int format_parse_fields(struct format *f, const char *text, const struct column *columns, size_t num,
                        struct error *err);
/* Which fields the columns of the format need: set in want[FIELD_MAX]. */
void format_need(const struct format *f, bool *want);

#endif
