/* usage_cells.h - columns of what tasks used, which sacct and sstat have both.
 *
 * A command says with view->usage what a row's usage is; NULL: the row has none, its cells are empty.
 */
#ifndef BRAMBLE_DISPLAY_USAGE_CELLS_H
#define BRAMBLE_DISPLAY_USAGE_CELLS_H

#include "commands/display/column.h"
#include "usage/usage.h"

/* In the unit of --units, or the largest that loses nothing; value is in "BKMGTP"[from]. */
void cell_size(struct strbuf *out, const struct view *v, double value, int from);

/* Functions for struct column. */
typedef void usage_cell_f(struct strbuf *out, const struct view *view, size_t row);
/* name: cpu, mem, vmem, pages, read, write */
#define USAGE_CELLS(name)                                                                      \
    usage_cell_f usage_##name##_ave, usage_##name##_max, usage_##name##_max_node, usage_##name##_max_task, \
        usage_##name##_min, usage_##name##_min_node, usage_##name##_min_task;
USAGE_CELLS(cpu)
USAGE_CELLS(mem)
USAGE_CELLS(vmem)
USAGE_CELLS(pages)
USAGE_CELLS(read)
USAGE_CELLS(write)
#undef USAGE_CELLS
/* TRESUsageIn..., TRESUsageOut... */
usage_cell_f usage_in_ave, usage_in_max, usage_in_max_node, usage_in_max_task, usage_in_min, usage_in_min_node,
    usage_in_min_task, usage_in_tot;
usage_cell_f usage_out_ave, usage_out_max, usage_out_max_node, usage_out_max_task, usage_out_min, usage_out_min_node,
    usage_out_min_task, usage_out_tot;

#endif
