/* fields.c - look up a column of fields.def by its number. */
#include "rpc/fields.h"

#include <stddef.h>
#include <stdlib.h>

#include "bramble/constants.h"

static const struct field_info fields[] = {
#define FIELD(number, name, table, kind, what)                                                 \
    { (number), QUERY_##table, FIELD_KIND_##kind, #name },
#include "rpc/fields.def"
#undef FIELD
};

static int compare_number(const void *key, const void *row)
{
    unsigned a = *(const unsigned *)key, b = ((const struct field_info *)row)->number;
    return a < b ? -1 : a > b;
}

const struct field_info *field_find(unsigned number)
{
    return bsearch(&number, fields, sizeof(fields) / sizeof(fields[0]), sizeof(fields[0]),
                   compare_number);
}
