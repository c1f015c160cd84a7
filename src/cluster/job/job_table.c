/* job_table.c - jobs by id, and their deadlines. */
#include "cluster/job/job.h"

#include <string.h>

struct job *job_table_find(const struct job_table *t, uint32_t id)
{
    size_t k = id / JOB_CHUNK;

    return k < t->num_chunks && t->chunks[k] ? t->chunks[k][id % JOB_CHUNK] : NULL;
}

struct job *job_table_next(const struct job_table *t, uint32_t after)
{
    if (after == UINT32_MAX)
        return NULL;
    for (uint64_t id = (uint64_t)after + 1; id / JOB_CHUNK < t->num_chunks;) {
        struct job **chunk = t->chunks[id / JOB_CHUNK];

        if (!chunk) {
            id = (id / JOB_CHUNK + 1) * JOB_CHUNK;
            continue;
        }
        if (chunk[id % JOB_CHUNK])
            return chunk[id % JOB_CHUNK];
        id++;
    }
    return NULL;
}

void job_table_put(struct job_table *t, struct job *job)
{
    size_t k = job->id / JOB_CHUNK;

    if (k >= t->num_chunks) {
        size_t count = k + 1 + k / 4;

        t->chunks = xreallocarray(t->chunks, count, sizeof(*t->chunks));
        t->filled = xreallocarray(t->filled, count, sizeof(*t->filled));
        memset(t->chunks + t->num_chunks, 0, (count - t->num_chunks) * sizeof(*t->chunks));
        memset(t->filled + t->num_chunks, 0, (count - t->num_chunks) * sizeof(*t->filled));
        t->num_chunks = count;
    }
    if (!t->chunks[k])
        t->chunks[k] = xcalloc(JOB_CHUNK, sizeof(**t->chunks));
    t->chunks[k][job->id % JOB_CHUNK] = job;
    t->filled[k]++;
    t->count++;
}

void job_table_remove(struct job_table *t, uint32_t id)
{
    size_t k = id / JOB_CHUNK;

    if (!job_table_find(t, id))
        return;
    t->chunks[k][id % JOB_CHUNK] = NULL;
    t->count--;
    if (--t->filled[k] == 0) {
        free(t->chunks[k]);
        t->chunks[k] = NULL;
    }
}

void job_table_fini(struct job_table *t)
{
    for (size_t k = 0; k < t->num_chunks; k++)
        free(t->chunks[k]);
    free(t->chunks);
    free(t->filled);
    memset(t, 0, sizeof(*t));
}

static void heap_place(struct job_heap *h, size_t i, struct job_heap_entry e)
{
    h->entries[i] = e;
    e.job->heap_pos = (uint32_t)i + 1;
}

static void heap_up(struct job_heap *h, size_t i)
{
    struct job_heap_entry e = h->entries[i];

    for (; i > 0 && h->entries[(i - 1) / 2].when > e.when; i = (i - 1) / 2)
        heap_place(h, i, h->entries[(i - 1) / 2]);
    heap_place(h, i, e);
}

static void heap_down(struct job_heap *h, size_t i)
{
    struct job_heap_entry e = h->entries[i];

    for (size_t child; (child = 2 * i + 1) < h->count; i = child) {
        if (child + 1 < h->count && h->entries[child + 1].when < h->entries[child].when)
            child++;
        if (h->entries[child].when >= e.when)
            break;
        heap_place(h, i, h->entries[child]);
    }
    heap_place(h, i, e);
}

void job_heap_set(struct job_heap *h, struct job *job, int64_t when)
{
    size_t i;

    if (!job->heap_pos) {
        if (!when)
            return;
        if (h->count == h->cap) {
            h->cap = h->cap ? h->cap * 2 : 64;
            h->entries = xreallocarray(h->entries, h->cap, sizeof(*h->entries));
        }
        h->entries[h->count] = (struct job_heap_entry){ when, job };
        heap_up(h, h->count++);
        return;
    }
    i = job->heap_pos - 1;
    if (when) {
        int64_t old = h->entries[i].when;

        h->entries[i].when = when;
        if (when < old)
            heap_up(h, i);
        else if (when > old)
            heap_down(h, i);
        return;
    }
    job->heap_pos = 0;
    if (i != --h->count) {
        struct job *moved = h->entries[h->count].job;

        heap_place(h, i, h->entries[h->count]);
        heap_up(h, i);
        heap_down(h, moved->heap_pos - 1);
    }
}

struct job *job_heap_first(const struct job_heap *h, int64_t *when)
{
    if (!h->count)
        return NULL;
    *when = h->entries[0].when;
    return h->entries[0].job;
}

void job_heap_fini(struct job_heap *h)
{
    free(h->entries);
    memset(h, 0, sizeof(*h));
}
