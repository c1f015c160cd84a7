/* order_bind.c - the agent's CPUs and --cpu-bind become one mask a task, --mem-bind another. */
#include "config.h"
#include "bramblestepd/order_private.h"

#include "bramblestepd/task/bind.h"
#include "bramblestepd/task/membind.h"
#include "util/error.h"
#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line such as "cpu-bind=MASK - pi1, task  0  0 [PID]: mask 0x1 set", cut where the pid goes. */
static const char *bind_note(struct order *o, const char *what, const struct order_task *t, uint32_t local,
                             const char *mask, bool bound)
{
    char *text, *mark;

    text = arena_printf(&o->arena, "%s - %s, task %2u %2u [#]: mask %s%s\n", what, o->node_name, t->gtid, local,
                        mask, bound ? " set" : "");
    mark = strchr(strchr(text, '['), '#');
    *mark = '\0';
    return text;
}

static int bind_memory(struct order *o, const char *text, struct error *err)
{
    struct membind_request req = { .text = text, .num_tasks = o->num_tasks };
    CLEANUP_FREE uint64_t *masks = xcalloc(o->num_tasks, sizeof *masks);
    struct membind_result result;
    char mask[24];

    req.nodes = membind_nodes("/sys/devices/system/node/online");
    if (membind_layout(&req, masks, &result, err) < 0)
        return -1;
    for (uint32_t i = 0; i < o->num_tasks; i++) {
        struct order_task *t = &o->tasks[i];

        t->mem_mode = result.mode;
        t->mem_nodes = masks[i];
        snprintf(mask, sizeof mask, "0x%llx", (unsigned long long)masks[i]);
        if (result.verbose)
            t->mem_note = bind_note(o, result.what, t, i, mask, result.mode >= 0);
    }
    return 0;
}

int order_bind(struct order *o, const Wire__ShepherdStart *start, struct error *err)
{
    CLEANUP_FREE cpu_set_t *cores = xcalloc(start->n_core_cpus + 1, sizeof *cores);
    CLEANUP_FREE cpu_set_t *masks = xcalloc(o->num_tasks, sizeof *masks);
    struct bind_request req = {
        .text = start->launch->spec->cpu_bind,
        .hint = start->launch->spec->hint,
        .num_cores = start->n_core_cpus,
        .cores = cores,
        .num_tasks = o->num_tasks,
        .cpus_per_task = o->cpus_per_task,
    };
    struct bind_result result;

    for (size_t i = 0; i < start->n_core_cpus; i++)
        if (cpu_list_parse(start->core_cpus[i], &cores[i]) < 0)
            return error_set(err, BRE_PROTOCOL, "launch order with a bad list of CPUs");
    if (bind_layout(&req, masks, &result, err) < 0)
        return -1;
    for (uint32_t i = 0; i < o->num_tasks; i++) {
        struct order_task *t = &o->tasks[i];
        char list[1024];

        t->cpus = masks[i];
        t->bound = result.bound && CPU_COUNT(&masks[i]) > 0;
        cpu_list_format(&masks[i], list, sizeof list);
        t->cpu_list = t->bound ? arena_strdup(&o->arena, list) : "";
        if (result.verbose) {
            char mask[CPU_SETSIZE / 4 + 8];
            CLEANUP_FREE char *what = xasprintf("cpu-bind=%s", t->bound ? result.kind : "NONE");

            cpu_mask_format(&t->cpus, mask, sizeof mask);
            t->bind_note = bind_note(o, what, t, i, mask, t->bound);
        }
    }
    return bind_memory(o, start->launch->spec->mem_bind, err);
}
