/* usage_cells.c - usage of tasks as Slurm writes it. */
#include "commands/display/usage_cells.h"

#include <string.h>

void cell_size(struct strbuf *out, const struct view *v, double value, int from)
{
    static const char units[] = "BKMGTP";
    const char *wanted = v->units ? strchr(units, v->units) : NULL;
    int at = from;

    if (value == 0) {
        strbuf_addc(out, '0');
        return;
    }
    if (wanted) {
        for (; at < (int)(wanted - units); at++)
            value /= 1024;
        for (; at > (int)(wanted - units); at--)
            value *= 1024;
    } else if (!v->noconvert) {
        while (at < 5 && value >= 1024 && (uint64_t)value % 512 == 0) {
            value /= 1024;
            at++;
        }
    }
    if (value == (double)(uint64_t)value)
        strbuf_addf(out, "%llu", (unsigned long long)value);
    else
        strbuf_addf(out, "%.2f", value);
    if (at > 0)
        strbuf_addc(out, units[at]);
}

enum part { AVE, MAX, MAX_NODE, MAX_TASK, MIN, MIN_NODE, MIN_TASK, TOT };

static const struct usage_span *span_of(const struct usage *u, enum usage_kind kind)
{
    return u && u->spans[kind].known ? &u->spans[kind] : NULL;
}

static uint64_t number(const struct usage *u, const struct usage_span *s, enum part part)
{
    switch (part) {
    case AVE: return s->total / (u->num_tasks ? u->num_tasks : 1);
    case MAX: return s->max;
    case MIN: return s->min;
    case TOT: return s->total;
    case MAX_TASK: return s->max_task;
    default: return s->min_task;
    }
}

static void show_value(struct strbuf *out, const struct view *v, enum usage_kind kind, uint64_t value)
{
    switch (kind) {
    case USAGE_CPU: cell_duration_full(out, (int64_t)(value / 1000000)); break;
    case USAGE_MEM:
    case USAGE_VMEM:
        if (v->noconvert && !v->units)
            cell_int(out, (int64_t)(value * 1024)); /* bytes, as Slurm keeps it */
        else
            cell_size(out, v, (double)value, 1);
        break;
    case USAGE_PAGES: cell_int(out, (int64_t)value); break;
    default: cell_size(out, v, (double)value, 0); break;
    }
}

static void show_part(struct strbuf *out, const struct view *v, size_t row, enum usage_kind kind, enum part part)
{
    const struct usage *u = v->usage(v, row);
    const struct usage_span *s = span_of(u, kind);

    if (!s)
        return;
    if (part == MAX_NODE || part == MIN_NODE)
        cell_text(out, part == MAX_NODE ? s->max_node : s->min_node);
    else if (part == MAX_TASK || part == MIN_TASK)
        cell_int(out, (int64_t)number(u, s, part));
    else
        show_value(out, v, kind, number(u, s, part));
}

#define CELL(name, kind, suffix, part)                                                         \
    void usage_##name##_##suffix(struct strbuf *out, const struct view *v, size_t row)         \
    {                                                                                          \
        show_part(out, v, row, kind, part);                                                    \
    }
#define CELLS(name, kind)                                                                      \
    CELL(name, kind, ave, AVE)                                                                 \
    CELL(name, kind, max, MAX)                                                                 \
    CELL(name, kind, max_node, MAX_NODE)                                                       \
    CELL(name, kind, max_task, MAX_TASK)                                                       \
    CELL(name, kind, min, MIN)                                                                 \
    CELL(name, kind, min_node, MIN_NODE)                                                       \
    CELL(name, kind, min_task, MIN_TASK)
CELLS(cpu, USAGE_CPU)
CELLS(mem, USAGE_MEM)
CELLS(vmem, USAGE_VMEM)
CELLS(pages, USAGE_PAGES)
CELLS(read, USAGE_READ)
CELLS(write, USAGE_WRITE)

/* ---- TRES texts ---- */

static void add_tres(struct strbuf *out, const struct view *v, size_t row, const char *name, enum usage_kind kind,
                     enum part part)
{
    if (!span_of(v->usage(v, row), kind))
        return;
    strbuf_addf(out, "%s%s=", out->len && out->data[out->len - 1] != ' ' ? "," : "", name);
    show_part(out, v, row, kind, part);
}

static void show_tres(struct strbuf *row_out, const struct view *v, size_t row, enum part part, bool in)
{
    CLEANUP_STRBUF struct strbuf out = STRBUF_INIT;
    const struct usage *u = v->usage(v, row);
    const bool is_task = part == MAX_TASK || part == MIN_TASK;

    if (!u || !u->num_tasks)
        return;
    if (in)
        add_tres(&out, v, row, "cpu", USAGE_CPU, part);
    if (!is_task && part != MAX_NODE && part != MIN_NODE) /* not measured: Slurm writes 0 for it */
        strbuf_addf(&out, "%senergy=0", out.len ? "," : "");
    add_tres(&out, v, row, "fs/disk", in ? USAGE_READ : USAGE_WRITE, part);
    if (in) {
        add_tres(&out, v, row, "mem", USAGE_MEM, part);
        add_tres(&out, v, row, "pages", USAGE_PAGES, part);
        add_tres(&out, v, row, "vmem", USAGE_VMEM, part);
    }
    strbuf_add(row_out, strbuf_str(&out));
}

#define TRES(suffix, part)                                                                     \
    void usage_in_##suffix(struct strbuf *out, const struct view *v, size_t row)               \
    {                                                                                          \
        show_tres(out, v, row, part, true);                                                    \
    }                                                                                          \
    void usage_out_##suffix(struct strbuf *out, const struct view *v, size_t row)              \
    {                                                                                          \
        show_tres(out, v, row, part, false);                                                   \
    }
TRES(ave, AVE)
TRES(max, MAX)
TRES(max_node, MAX_NODE)
TRES(max_task, MAX_TASK)
TRES(min, MIN)
TRES(min_node, MIN_NODE)
TRES(min_task, MIN_TASK)
TRES(tot, TOT)
