/* step_gres.c - a step's share of the generic resources that its job has on a node.
 *
 * A step that asks for none gets all that its job has there, as with cores; "none" gets nothing.
 * Steps that overlap share, the others wait for each other.
 */
#include "cluster/step/step.h"

#include "cluster/node/node.h"

#include <string.h>

bool step_asks_gres(const Wire__StepSpec *spec)
{
    return (spec->gres && *spec->gres) || (spec->tres_per_step && *spec->tres_per_step)
           || (spec->tres_per_task && *spec->tres_per_task);
}

/* Units that are free for the step: those of the job there without those of other steps. */
static int free_units(const struct job *job, uint32_t place, const Wire__StepSpec *spec,
                      bool empty, struct gres_list *list)
{
    if (gres_list_parse(list, job->alloc->nodes[place].gres, NULL) < 0)
        return -1;
    for (struct step *s = empty || spec->overlap ? NULL : job->steps; s; s = s->next) {
        struct step_node *sn = s->overlap ? NULL : step_node_at(s, place);
        struct gres_list used;

        if (!sn || sn->ended || !sn->gres || gres_list_parse(&used, sn->gres, NULL) < 0)
            continue;
        for (uint32_t i = 0; i < used.num; i++)
            for (uint32_t k = 0; k < list->num; k++)
                if (!strcmp(list->items[k].name, used.items[i].name) && list->items[k].units
                    && used.items[i].units)
                    bitmap_for_each(used.items[i].units, u)
                        if ((size_t)u < list->items[k].units->bits)
                            bitmap_unset(list->items[k].units, (size_t)u);
        gres_list_fini(&used);
    }
    for (uint32_t k = 0; k < list->num; k++)
        list->items[k].count =
            list->items[k].units ? (uint32_t)bitmap_count(list->items[k].units) : 0;
    return 0;
}

static bool is_kind(const struct gres_item *want, const struct gres_item *have)
{
    return !strcmp(want->name, have->name) && (!*want->type || !strcmp(want->type, have->type));
}

static uint32_t count_free(const struct gres_list *list, const struct gres_item *want)
{
    uint32_t count = 0;

    for (uint32_t k = 0; k < list->num; k++)
        if (is_kind(want, &list->items[k]))
            count += list->items[k].count;
    return count;
}

uint32_t step_gres_room(const struct job *job, uint32_t place, const Wire__StepSpec *spec,
                        bool empty)
{
    struct gres_list have, want;
    uint64_t room = UINT32_MAX;

    if (!spec->tres_per_task || free_units(job, place, spec, empty, &have) < 0)
        return UINT32_MAX;
    if (gres_list_parse(&want, spec->tres_per_task, NULL) < 0)
        want.num = 0;
    for (uint32_t i = 0; i < want.num; i++)
        if (want.items[i].count) {
            uint32_t most = count_free(&have, &want.items[i]) / want.items[i].count;

            room = most < room ? most : room;
        }
    gres_list_fini(&want);
    gres_list_fini(&have);
    return (uint32_t)room;
}

/* Move so many units of a kind from one list to another; the rest that could not be had. */
static uint32_t move_units(struct gres_list *from, const struct gres_item *want, uint32_t count,
                           struct gres_list *to)
{
    for (uint32_t k = 0; k < from->num && count; k++) {
        struct gres_item *item = &from->items[k], *into;

        if (!is_kind(want, item) || !item->count)
            continue;
        into = (struct gres_item *)gres_list_find(to, item->name, item->type);
        if (!into) {
            if (to->num == GRES_LIST_MAX)
                return count;
            into = &to->items[to->num++];
            *into = *item;
            into->count = 0;
            into->units = bitmap_create(item->units->bits);
        }
        bitmap_for_each(item->units, u)
        {
            if (!count)
                break;
            bitmap_set(into->units, (size_t)u);
            bitmap_unset(item->units, (size_t)u);
            into->count++;
            item->count--;
            count--;
        }
    }
    return count;
}

/* Take what is asked for; total: of the step's own number, still to be had on this and later nodes,
 * of which there are more_nodes. */
static bool take_list(struct gres_list *have, const char *text, uint32_t times, struct gres_list *to)
{
    struct gres_list want;
    bool all = true;

    if (gres_list_parse(&want, text, NULL) < 0)
        return false;
    for (uint32_t i = 0; i < want.num; i++)
        all &= !move_units(have, &want.items[i], want.items[i].count * times, to);
    gres_list_fini(&want);
    return all;
}

static bool take_totals(struct gres_list *have, struct gres_list *totals, uint32_t more_nodes,
                        struct gres_list *to)
{
    for (uint32_t i = 0; i < totals->num; i++) {
        struct gres_item *t = &totals->items[i];
        uint32_t keep = t->count > more_nodes ? more_nodes : t->count ? t->count - 1 : 0;
        uint32_t want = more_nodes ? t->count - keep : t->count;

        t->count -= want - move_units(have, t, want, to);
        if (!more_nodes && t->count)
            return false;
    }
    return true;
}

bool step_gres_take(const struct job *job, uint32_t place, const Wire__StepSpec *spec,
                    uint32_t tasks, struct gres_list *totals, uint32_t more_nodes, bool empty,
                    struct strbuf *out)
{
    struct gres_list have, got = { 0 };
    bool ok = true;

    if (free_units(job, place, spec, empty, &have) < 0)
        return true;
    if (!step_asks_gres(spec)) {
        struct gres_list all;

        if (gres_list_parse(&all, job->alloc->nodes[place].gres, NULL) == 0) {
            for (uint32_t i = 0; i < all.num; i++)
                ok &= all.items[i].count == have.items[i].count;
            gres_list_fini(&all);
        }
        if (ok)
            gres_list_format(&have, "", true, out);
        gres_list_fini(&have);
        return ok;
    }
    if (spec->gres && *spec->gres)
        ok &= take_list(&have, spec->gres, 1, &got);
    if (spec->tres_per_task && *spec->tres_per_task)
        ok &= take_list(&have, spec->tres_per_task, tasks, &got);
    else
        ok &= take_totals(&have, totals, more_nodes, &got);
    if (ok)
        gres_list_format(&got, "", true, out);
    gres_list_fini(&got);
    gres_list_fini(&have);
    return ok;
}
