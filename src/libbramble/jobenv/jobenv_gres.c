/* jobenv_gres.c - which accelerators a job, a step and a task see. */
#include "config.h"
#include "jobenv/jobenv.h"

#include "jobenv/env.h"
#include "util/bitmap.h"
#include "util/gres.h"
#include "util/mem.h"
#include "util/strbuf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What the runtimes of different makers read. */
static const char *const visible[] = { "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL",
                                       "ZE_AFFINITY_MASK" };

static void set_visible(struct env *env, const char *units)
{
    for (size_t i = 0; i < ARRAY_SIZE(visible); i++) {
        if (*units)
            env_set(env, visible[i], units);
        else
            env_unset(env, visible[i]);
    }
}

void jobenv_set_gres(struct env *env, const char *gres, bool step)
{
    CLEANUP_STRBUF struct strbuf units = STRBUF_INIT;
    struct gres_list list;
    uint32_t count;

    if (gres_list_parse(&list, gres, NULL) < 0)
        return;
    count = gres_list_count(&list, "gpu");
    gres_units_format(&list, "gpu", &units);
    gres_list_fini(&list);
    if (!step || !count)
        env_unset(env, "SLURM_STEP_GPUS");
    if (count || env_has(env, "SLURM_JOB_GPUS")) /* otherwise they are the user's */
        set_visible(env, strbuf_str(&units));
    if (!count) {
        env_unset(env, "SLURM_GPUS_ON_NODE");
        if (!step)
            env_unset(env, "SLURM_JOB_GPUS");
        return;
    }
    env_setf(env, "SLURM_GPUS_ON_NODE", "%u", count);
    env_set(env, step ? "SLURM_STEP_GPUS" : "SLURM_JOB_GPUS", strbuf_str(&units));
}

/* Place `want` of a list "0,1*2,0x3", used round and round; false: the list is bad. */
static bool list_entry(const char *list, uint32_t want, int base, unsigned long *value)
{
    uint32_t seen = 0;

    for (const char *p = list; *p;) {
        char *end;
        unsigned long number = strtoul(p, &end, base), times = 1;

        if (end == p)
            return false;
        if (*end == '*')
            times = strtoul(end + 1, &end, 10);
        if (*end && *end != ',')
            return false;
        if (want < seen + times) {
            *value = number;
            return true;
        }
        seen += (uint32_t)times;
        p = *end ? end + 1 : end;
        if (!*p && seen)
            want %= seen, seen = 0, p = list;
    }
    return false;
}

/* The step's accelerators on this node that one task sees, by their places in the step's set; false:
 * all of them. */
static bool bound_places(const char *bind, uint32_t task, uint32_t count, struct bitmap *places)
{
    unsigned long value, number;

    for (size_t len; (len = strcspn(bind, ",")) && bind[len] && strchr("vVqQ", *bind);)
        bind += len + 1;
    if (!strncasecmp(bind, "single:", 7) && (number = strtoul(bind + 7, NULL, 10))) {
        bitmap_set(places, task / number % count);
    } else if (!strncasecmp(bind, "per_task:", 9) && (number = strtoul(bind + 9, NULL, 10))) {
        for (unsigned long i = 0; i < number && i < count; i++)
            bitmap_set(places, (task * number + i) % count);
    } else if (!strncasecmp(bind, "map_gpu:", 8) && list_entry(bind + 8, task, 0, &value)) {
        bitmap_set(places, value % count);
    } else if (!strncasecmp(bind, "mask_gpu:", 9) && list_entry(bind + 9, task, 16, &value)) {
        for (uint32_t i = 0; i < count && i < 64; i++)
            if (value >> i & 1)
                bitmap_set(places, i);
    } else {
        return false;
    }
    return !bitmap_is_empty(places);
}

bool jobenv_set_task_gpus(struct env *env, const char *gres, const Wire__StepSpec *spec, uint32_t local_id,
                          struct strbuf *note)
{
    CLEANUP_FREE char *implied = NULL;
    struct gres_list list, each;
    struct bitmap *all, *places;
    CLEANUP_STRBUF struct strbuf units = STRBUF_INIT;
    const char *bind = spec->gpu_bind;
    uint32_t count, place = 0;
    unsigned long long usable = 0, given = 0;

    if (gres_list_parse(&list, gres, NULL) < 0)
        return false;
    if (!(count = gres_list_count(&list, "gpu"))) {
        gres_list_fini(&list);
        return false;
    }
    if (!bind && spec->tres_per_task && gres_list_parse(&each, spec->tres_per_task, NULL) == 0) {
        if (gres_list_count(&each, "gpu"))
            bind = implied = xasprintf("per_task:%u", gres_list_count(&each, "gpu"));
        gres_list_fini(&each);
    }
    if (!bind && spec->ntasks_per_gpu)
        bind = implied = xasprintf("single:%u", spec->ntasks_per_gpu);
    all = bitmap_create(GRES_UNITS_MAX);
    places = bitmap_create(count);
    for (uint32_t i = 0; i < list.num; i++)
        if (!strcmp(list.items[i].name, "gpu") && list.items[i].units)
            bitmap_for_each(list.items[i].units, u) bitmap_set(all, (size_t)u);
    gres_list_fini(&list);
    if (!bind || !bound_places(bind, local_id, count, places))
        bitmap_fill(places);
    bitmap_for_each(all, u)
    {
        if (u < 64)
            given |= 1ull << u;
        if (place < count && bitmap_test(places, place)) {
            strbuf_addf(&units, "%s%zd", units.len ? "," : "", u);
            if (u < 64)
                usable |= 1ull << u;
        }
        place++;
    }
    bitmap_destroy(all);
    bitmap_destroy(places);
    set_visible(env, strbuf_str(&units));
    env_set(env, "SLURM_STEP_GPUS", strbuf_str(&units));
    if (bind && (*bind == 'v' || *bind == 'V'))
        strbuf_addf(note, "gpu-bind: usable_gres=0x%llX; bit_alloc=0x%llX; local_inx=%u; global_list=%s; local_list=%s\n",
                    usable, given, count, strbuf_str(&units), strbuf_str(&units));
    return true;
}
