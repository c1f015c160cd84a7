/* shape.c - what a job asks for, shared by all jobs that ask for the same. */
#include "cluster/sched/sched.h"

#include "cluster/event/event.h"
#include "cluster/step/step.h"

#include <string.h>

/* The fields of a description that decide where and when a job can run. */
static void shape_fields(const Wire__JobSpec *spec, Wire__JobSpec *key)
{
    wire__job_spec__init(key);
#define COPY(field) key->has_##field = spec->has_##field, key->field = spec->field
    COPY(min_nodes);
    COPY(max_nodes);
    COPY(num_tasks);
    COPY(cpus_per_task);
    COPY(ntasks_per_node);
    COPY(ntasks_per_core);
    COPY(ntasks_per_socket);
    COPY(min_cpus_per_node);
    COPY(mem_per_node_mb);
    COPY(mem_per_cpu_mb);
    COPY(time_limit_min);
    COPY(time_min_min);
    COPY(exclusive);
    COPY(overcommit);
    COPY(contiguous);
    COPY(min_tmp_mb);
    COPY(threads_per_core);
    COPY(use_min_nodes);
    COPY(spread_job);
    COPY(exclusive_user);
    COPY(sockets_per_node);
    COPY(cores_per_socket);
    COPY(cpus_per_gpu);
    COPY(mem_per_gpu_mb);
#undef COPY
    key->partition = spec->partition;
    key->features = spec->features;
    key->nodelist = spec->nodelist;
    key->exclude = spec->exclude;
    key->prefer = spec->prefer;
    key->licenses = spec->licenses;
    key->gres = spec->gres;
    key->tres_per_node = spec->tres_per_node;
    key->tres_per_socket = spec->tres_per_socket;
    key->tres_per_task = spec->tres_per_task;
    key->tres_per_job = spec->tres_per_job;
    key->distribution = spec->distribution;
    key->hint = spec->hint;
    key->reservation = spec->reservation;
}

static char *text_or_null(const char *text)
{
    return text && *text ? xstrdup(text) : NULL;
}

static void shape_free(struct shape *s)
{
    for (uint32_t i = 0; i < s->num_parts; i++) {
        for (size_t k = 0; k < feature_num_counts(s->expr); k++)
            bitmap_destroy(s->parts[i].count_sets[k]);
        free(s->parts[i].count_sets);
        bitmap_destroy(s->parts[i].able);
    }
    free(s->parts);
    free(s->required);
    s->parts = NULL;
    s->required = NULL;
    s->num_parts = s->num_required = 0;
}

static void shape_read(struct shape *s, const Wire__JobSpec *key)
{
    s->partition = text_or_null(key->partition);
    s->features = text_or_null(key->features);
    s->nodelist = text_or_null(key->nodelist);
    s->exclude = text_or_null(key->exclude);
    s->reservation = text_or_null(key->reservation);
    s->min_nodes = key->min_nodes;
    s->max_nodes = key->max_nodes;
    s->num_tasks = key->num_tasks;
    s->cpus_per_task = key->cpus_per_task ? key->cpus_per_task : 1;
    s->ntasks_per_node = key->ntasks_per_node;
    s->ntasks_per_core = key->ntasks_per_core;
    s->ntasks_per_socket = key->ntasks_per_socket;
    s->min_cpus = key->min_cpus_per_node;
    s->has_mem_per_node = key->has_mem_per_node_mb;
    s->mem_per_node_mb = key->mem_per_node_mb;
    s->has_mem_per_cpu = key->has_mem_per_cpu_mb;
    s->mem_per_cpu_mb = key->mem_per_cpu_mb;
    s->exclusive = key->exclusive;
    s->overcommit = key->overcommit;
    s->contiguous = key->contiguous;
    s->time_limit_min = key->time_limit_min;
    s->time_min_min = key->time_min_min;
    s->min_tmp_mb = key->min_tmp_mb;
    s->threads_per_core = key->threads_per_core;
    s->expr = s->features ? feature_parse(s->features, NULL) : NULL;
    s->use_min_nodes = key->use_min_nodes;
    s->spread_job = key->spread_job;
    s->exclusive_user = key->exclusive_user;
    s->sockets_per_node = key->sockets_per_node;
    s->cores_per_socket = key->cores_per_socket;
    if (key->hint && strcmp(key->hint, "nomultithread") == 0)
        s->threads_per_core = 1;
    /* so many sockets of so many cores are wanted, with tasks or without */
    if (!key->num_tasks && key->sockets_per_node && key->cores_per_socket
        && s->min_cpus < key->sockets_per_node * key->cores_per_socket)
        s->min_cpus = key->sockets_per_node * key->cores_per_socket;
    dist_parse(key->distribution, &s->dist, NULL);
    gres_read(s, key, NULL);
    if (key->licenses && *key->licenses) {
        s->licenses = xcalloc(1, sizeof(*s->licenses));
        gres_list_parse(s->licenses, key->licenses, NULL);
    }
}

struct shape *shape_intern(struct cluster *c, const Wire__JobSpec *spec)
{
    Wire__JobSpec key;
    uint64_t hash;
    struct shape *first, *s;
    CLEANUP_FREE uint8_t *packed = NULL;
    size_t len;

    shape_fields(spec, &key);
    len = wire__job_spec__get_packed_size(&key);
    packed = xmalloc(len ? len : 1);
    wire__job_spec__pack(&key, packed);
    hash = hash_bytes(packed, len);
    first = s = idmap_find(&c->shapes, hash);
    while (s && (s->key_len != len || memcmp(s->key, packed, len) != 0))
        s = s->same_hash;
    if (!s) {
        s = xcalloc(1, sizeof(*s));
        s->hash = hash;
        s->same_hash = first;
        s->key = TAKE(packed);
        s->key_len = len;
        shape_read(s, &key);
        if (key.prefer && *key.prefer) { /* the same with other features */
            key.features = key.prefer;
            key.prefer = NULL;
            s->preferred = shape_intern(c, &key);
            first = idmap_find(&c->shapes, hash); /* it may be a neighbour */
            s->same_hash = first;
        }
        s->gen = UINT64_MAX;
        idmap_put(&c->shapes, hash, s);
        c->stats.shapes++;
    }
    s->refs++;
    return s;
}

void shape_decref(struct cluster *c, struct shape *s)
{
    struct shape *first;

    if (!s || --s->refs)
        return;
    first = idmap_find(&c->shapes, s->hash);
    if (first == s) {
        if (s->same_hash)
            idmap_put(&c->shapes, s->hash, s->same_hash);
        else
            idmap_remove(&c->shapes, s->hash);
    } else {
        while (first->same_hash != s)
            first = first->same_hash;
        first->same_hash = s->same_hash;
    }
    c->stats.shapes--;
    shape_decref(c, s->preferred);
    shape_free(s);
    feature_destroy(s->expr);
    free(s->key);
    free(s->gres);
    free(s->licenses);
    free(s->partition);
    free(s->features);
    free(s->nodelist);
    free(s->exclude);
    free(s->reservation);
    free(s);
}

uint32_t shape_time_limit(const struct cluster *c, const struct shape *s,
                          const struct part *part)
{
    if (s->time_limit_min)
        return s->time_limit_min;
    if (!part && s->partition) {
        size_t len = strcspn(s->partition, ",");

        for (size_t i = 0; i < c->num_parts && !part; i++)
            if (strncmp(c->parts[i].conf.name, s->partition, len) == 0
                && !c->parts[i].conf.name[len])
                part = &c->parts[i];
    }
    if (!part)
        return TIME_UNLIMITED_MIN;
    return part->conf.default_time_min ? part->conf.default_time_min
                                       : part->conf.max_time_min;
}

uint32_t shape_least_nodes(const struct shape *s)
{
    uint32_t n = s->min_nodes ? s->min_nodes : 1, counted = 0, one;

    if (s->num_required > n)
        n = s->num_required;
    for (size_t i = 0; i < feature_num_counts(s->expr); i++) {
        feature_count_match(s->expr, i, NULL, &one);
        counted += one;
    }
    if (counted > n)
        n = counted;
    if (s->num_tasks && s->ntasks_per_node) {
        uint32_t by_tasks = (s->num_tasks + s->ntasks_per_node - 1) / s->ntasks_per_node;

        n = by_tasks > n ? by_tasks : n;
    }
    return n;
}

uint32_t shape_most_nodes(const struct shape *s)
{
    uint32_t least = shape_least_nodes(s), most;

    if (s->max_nodes)
        most = s->max_nodes;
    else if (s->min_nodes)
        most = s->min_nodes; /* -N 3 is three nodes, not three or more */
    else if (s->num_tasks)
        most = s->num_tasks;
    else
        most = least;
    if (!s->max_nodes && !s->min_nodes && !s->num_tasks) /* as many as have what is asked for in all */
        for (uint32_t k = 0; k < s->num_totals; k++)
            most = most > gres_per_job(s, k) ? most : gres_per_job(s, k);
    return most < least ? least : most;
}

uint32_t shape_least_tasks(const struct shape *s)
{
    uint64_t n;

    if (s->num_tasks)
        return s->num_tasks;
    n = shape_least_nodes(s);
    n *= s->ntasks_per_node ? s->ntasks_per_node : 1;
    return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

uint32_t shape_least_cpus(const struct shape *s)
{
    uint64_t cpus = (uint64_t)shape_least_tasks(s) * s->cpus_per_task;
    uint64_t by_node = (uint64_t)shape_least_nodes(s) * (s->min_cpus ? s->min_cpus : 1);

    if (s->ntasks_per_node) /* so many places are taken on each node */
        cpus = (uint64_t)shape_least_nodes(s) * s->ntasks_per_node * s->cpus_per_task;
    if (s->overcommit)
        cpus = shape_least_nodes(s);
    cpus = cpus > by_node ? cpus : by_node;
    return cpus > UINT32_MAX ? UINT32_MAX : (uint32_t)cpus;
}

static void refresh_required(struct cluster *c, struct shape *s)
{
    CLEANUP_HOSTLIST struct hostlist *names = NULL;

    s->required_missing = false;
    if (!s->nodelist || !(names = hostlist_parse(s->nodelist, 0, NULL)))
        return;
    hostlist_uniq(names);
    s->required = xmalloc((hostlist_count(names) + 1) * sizeof(*s->required));
    hostlist_for_each(names, i, name)
    {
        const struct node *node = node_find(c, name);

        if (node && node->conf)
            s->required[s->num_required++] = node->id;
        else
            s->required_missing = true;
    }
}

static void refresh_part(struct cluster *c, struct shape *s, const struct part *part,
                         const struct bitmap *excluded)
{
    struct shape_part *sp = &s->parts[s->num_parts++];
    size_t counts = feature_num_counts(s->expr);

    sp->part_index = (uint32_t)part->index;
    sp->able = bitmap_create(c->num_nodes ? c->num_nodes : 1);
    sp->count_sets = counts ? xcalloc(counts, sizeof(*sp->count_sets)) : NULL;
    for (size_t k = 0; k < counts; k++)
        sp->count_sets[k] = bitmap_create(sp->able->bits);
    bitmap_for_each(part->nodes, i)
    {
        struct node *node = c->nodes[i];
        struct slot all;
        uint32_t count;

        slot_empty(&all, node);
        if (bitmap_test(excluded, (size_t)i) || !feature_match(s->expr, node)
            || !shape_fit(c, s, part, node, &all.spare, true))
            continue;
        bitmap_set(sp->able, (size_t)i);
        for (size_t k = 0; k < counts; k++)
            if (feature_count_match(s->expr, k, node, &count))
                bitmap_set(sp->count_sets[k], (size_t)i);
    }
}

uint32_t shape_tier(const struct cluster *c, const struct shape *s)
{
    uint32_t tier = 0;

    for (const char *p = s->partition; p && *p;) {
        size_t len = strcspn(p, ",");

        for (size_t i = 0; i < c->num_parts; i++)
            if (strlen(c->parts[i].conf.name) == len
                && strncmp(c->parts[i].conf.name, p, len) == 0
                && c->parts[i].conf.priority_tier > tier)
                tier = c->parts[i].conf.priority_tier;
        p += len + (p[len] == ',');
    }
    return tier;
}

void shape_refresh(struct cluster *c, struct shape *s)
{
    const char *p = s->partition;
    struct bitmap *excluded;

    parts_refresh(c);
    if (s->gen == c->node_gen)
        return;
    shape_free(s);
    s->gen = c->node_gen;
    refresh_required(c, s);
    excluded = bitmap_create(c->num_nodes ? c->num_nodes : 1);
    if (s->exclude) {
        CLEANUP_HOSTLIST struct hostlist *names = hostlist_parse(s->exclude, 0, NULL);

        for (size_t i = 0; names && i < hostlist_count(names); i++) {
            const struct node *node = node_find(c, hostlist_nth(names, i));

            if (node)
                bitmap_set(excluded, node->id);
        }
    }
    s->parts = xcalloc(PLAN_PARTS_MAX, sizeof(*s->parts));
    while (p && *p && s->num_parts < PLAN_PARTS_MAX) {
        size_t len = strcspn(p, ",");
        CLEANUP_FREE char *name = xstrndup(p, len);
        const struct part *part = part_find(c, name);

        if (part)
            refresh_part(c, s, part, excluded);
        p += len + (p[len] == ',');
    }
    bitmap_destroy(excluded);
}
