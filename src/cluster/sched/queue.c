/* queue.c - pending, eligible jobs of a shape: a treap whose links live in the jobs. */
#include "cluster/sched/sched.h"

static bool before_same(const struct job *a, const struct job *b)
{
    if (a->priority != b->priority)
        return a->priority > b->priority;
    return a->id < b->id;
}

bool queue_before(const struct cluster *c, const struct job *a, const struct job *b)
{
    (void)c;
    if (a->spec->shape->tier != b->spec->shape->tier)
        return a->spec->shape->tier > b->spec->shape->tier;
    return before_same(a, b);
}

static uint64_t heap_key(const struct job *job)
{
    return hash_u64(job->id);
}

#define LEFT(j) (j)->link.tree.left
#define RIGHT(j) (j)->link.tree.right
#define UP(j) (j)->link.tree.up

static void replace_child(struct shape *shape, struct job *parent, struct job *old,
                          struct job *child)
{
    if (!parent)
        shape->root = child;
    else if (LEFT(parent) == old)
        LEFT(parent) = child;
    else
        RIGHT(parent) = child;
    if (child)
        UP(child) = parent;
}

/* The child takes its parent's place. */
static void rotate_up(struct shape *shape, struct job *child)
{
    struct job *parent = UP(child), *above = UP(parent), *moved;

    if (LEFT(parent) == child) {
        moved = RIGHT(child);
        LEFT(parent) = moved;
        RIGHT(child) = parent;
    } else {
        moved = LEFT(child);
        RIGHT(parent) = moved;
        LEFT(child) = parent;
    }
    if (moved)
        UP(moved) = parent;
    replace_child(shape, above, parent, child);
    UP(parent) = child;
}

void queue_insert(struct cluster *c, struct job *job)
{
    struct shape *shape = job->spec->shape;
    struct job **at = &shape->root, *up = NULL;

    LEFT(job) = RIGHT(job) = NULL;
    while (*at) {
        up = *at;
        at = before_same(job, up) ? &LEFT(up) : &RIGHT(up);
    }
    *at = job;
    UP(job) = up;
    while (UP(job) && heap_key(UP(job)) < heap_key(job))
        rotate_up(shape, job);
    job->queued = true;
    if (!shape->head || before_same(job, shape->head))
        shape->head = job;
    job->planned_sec = 0;
    shape->num_jobs++;
    c->stats.queued++;
}

void queue_remove(struct cluster *c, struct job *job)
{
    struct shape *shape = job->spec->shape;

    sched_forget_job(c, job);
    if (shape->head == job)
        shape->head = queue_next(job);
    while (LEFT(job) && RIGHT(job))
        rotate_up(shape,
                  heap_key(LEFT(job)) > heap_key(RIGHT(job)) ? LEFT(job) : RIGHT(job));
    replace_child(shape, UP(job), job, LEFT(job) ? LEFT(job) : RIGHT(job));
    LEFT(job) = RIGHT(job) = UP(job) = NULL;
    job->queued = false;
    shape->num_jobs--;
    c->stats.queued--;
}

struct job *queue_first(const struct shape *shape)
{
    return shape->head;
}

struct job *queue_next(struct job *job)
{
    if (RIGHT(job)) {
        job = RIGHT(job);
        while (LEFT(job))
            job = LEFT(job);
        return job;
    }
    while (UP(job) && RIGHT(UP(job)) == job)
        job = UP(job);
    return UP(job);
}

uint32_t queue_top_priority(const struct cluster *c)
{
    struct shape *shape;
    uint32_t top = 0;

    for (size_t pos = 0; (shape = idmap_next(&c->shapes, &pos, NULL));)
        for (; shape; shape = shape->same_hash) {
            const struct job *job = queue_first(shape);

            if (job && job->priority > top)
                top = job->priority;
        }
    return top;
}
