/* license.c - licences: counted for the whole cluster, held by jobs while they run. */
#include "cluster/sched/sched.h"

#include <string.h>

struct license_use { /* of a running job */
    struct list_node link;
    struct job *job;
};

static void total_of(const struct cluster *c, struct gres_list *total)
{
    gres_list_parse(total, conf_of(c)->licenses, NULL);
}

struct job *license_holder(const struct cluster *c, struct list_node **pos)
{
    struct list_node *node = *pos ? (*pos)->next : c->licensed.next;

    *pos = node;
    return node == &c->licensed ? NULL : container_of(node, struct license_use, link)->job;
}

static uint32_t used_of(const struct cluster *c, const char *name)
{
    const struct job *job;
    uint32_t used = 0;

    for (struct list_node *pos = NULL; (job = license_holder(c, &pos));)
        if (job->spec->shape->licenses)
            used += gres_list_count(job->spec->shape->licenses, name);
    return used;
}

int licenses_check(const struct cluster *c, const char *text, struct error *err)
{
    struct gres_list total, wanted;

    if (!text || !*text)
        return 0;
    total_of(c, &total);
    if (gres_list_parse(&wanted, text, err) < 0) {
        error_prefix(err, "Invalid license specification");
        if (err)
            err->code = BRE_LICENSE;
        return -1;
    }
    for (uint32_t i = 0; i < wanted.num; i++) {
        const struct gres_item *item = &wanted.items[i];
        const struct gres_item *have = gres_list_find(&total, item->name, "");

        if (!have || *item->type)
            return error_set(err, BRE_LICENSE,
                             "Invalid license specification: the cluster has no licence \"%s\"",
                             item->name);
        if (item->count > have->count)
            return error_set(err, BRE_LICENSE,
                             "Invalid license specification: %u of \"%s\", the cluster has %u",
                             item->count, item->name, have->count);
    }
    return 0;
}

bool licenses_are_free(const struct cluster *c, const struct shape *s)
{
    struct gres_list total;

    if (!s->licenses)
        return true;
    total_of(c, &total);
    for (uint32_t i = 0; i < s->licenses->num; i++) {
        const struct gres_item *item = &s->licenses->items[i];

        if (item->count + used_of(c, item->name) > gres_list_count(&total, item->name))
            return false;
    }
    return true;
}

void licenses_take(struct cluster *c, struct job *job)
{
    struct license_use *use;

    if (!job->spec->shape->licenses)
        return;
    use = xcalloc(1, sizeof(*use));
    use->job = job;
    list_append(&c->licensed, &use->link);
}

void licenses_give_back(struct cluster *c, struct job *job)
{
    for (struct list_node *n = c->licensed.next; n != &c->licensed; n = n->next) {
        struct license_use *use = container_of(n, struct license_use, link);

        if (use->job != job)
            continue;
        list_remove(&use->link);
        free(use);
        cluster_wants_pass(c);
        return;
    }
}

void licenses_fini(struct cluster *c)
{
    struct list_node *node;

    while ((node = list_pop(&c->licensed)))
        free(container_of(node, struct license_use, link));
}

bool cluster_license_nth(struct cluster *c, size_t i, struct license_view *view)
{
    struct gres_list total;

    total_of(c, &total);
    if (i >= total.num)
        return false;
    memcpy(view->name, total.items[i].name, sizeof(view->name));
    view->total = total.items[i].count;
    view->used = used_of(c, view->name);
    return true;
}
