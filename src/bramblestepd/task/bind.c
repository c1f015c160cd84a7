/* bind.c - layouts of --cpu-bind. */
#include "config.h"
#include "bramblestepd/task/bind.h"

#include "util/error.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum bind_how {
    BIND_AUTO,
    BIND_NONE,
    BIND_THREADS,
    BIND_CORES,
    BIND_WHOLE, /* sockets and ldoms: a board has one of each that matters */
    BIND_RANK,
    BIND_MAP,
    BIND_MASK,
    BIND_LDRANK, /* memory domains: as BIND_WHOLE */
    BIND_LDMAP,
    BIND_LDMASK,
};

int cpu_list_parse(const char *text, cpu_set_t *set)
{
    CPU_ZERO(set);
    while (*text) {
        char *end;
        unsigned long first, last;

        if (!isdigit((unsigned char)*text))
            return -1;
        first = last = strtoul(text, &end, 10);
        if (*end == '-') {
            if (!isdigit((unsigned char)end[1]))
                return -1;
            last = strtoul(end + 1, &end, 10);
        }
        if (last < first || last >= CPU_SETSIZE || (*end && *end != ','))
            return -1;
        for (unsigned long cpu = first; cpu <= last; cpu++)
            CPU_SET(cpu, set);
        text = *end ? end + 1 : end;
    }
    return 0;
}

void cpu_list_format(const cpu_set_t *set, char *buf, size_t size)
{
    size_t used = 0;

    buf[0] = '\0';
    for (int cpu = 0; cpu < CPU_SETSIZE && used < size; cpu++) {
        int last = cpu;

        if (!CPU_ISSET(cpu, set))
            continue;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
            last++;
        used += (size_t)(last > cpu ? snprintf(buf + used, size - used, "%s%d-%d", used ? "," : "", cpu, last)
                                    : snprintf(buf + used, size - used, "%s%d", used ? "," : "", cpu));
        cpu = last;
    }
}

void cpu_mask_format(const cpu_set_t *set, char *buf, size_t size)
{
    int top = CPU_SETSIZE / 4 - 1;
    size_t used = (size_t)snprintf(buf, size, "0x");

    for (bool started = false; top >= 0 && used + 1 < size; top--) {
        unsigned digit = 0;

        for (int bit = 0; bit < 4; bit++)
            if (CPU_ISSET(top * 4 + bit, set))
                digit |= 1u << bit;
        if (digit || started || top == 0) {
            buf[used++] = "0123456789ABCDEF"[digit];
            started = true;
        }
    }
    buf[used < size ? used : size - 1] = '\0';
}

/* All allocated CPUs in allocation order, one after the other. */
static size_t cpu_sequence(const struct bind_request *req, int *order)
{
    size_t count = 0;

    for (size_t core = 0; core < req->num_cores; core++)
        for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
            if (CPU_ISSET(cpu, &req->cores[core]) && count < CPU_SETSIZE)
                order[count++] = cpu;
    return count;
}

static void mask_all(const struct bind_request *req, cpu_set_t *mask)
{
    CPU_ZERO(mask);
    for (size_t core = 0; core < req->num_cores; core++)
        CPU_OR(mask, mask, &req->cores[core]);
}

/* A mask of places in the allocation ("0x5") becomes CPUs. */
static int mask_from_hex(const char *text, size_t len, const int *order, size_t count, cpu_set_t *mask)
{
    size_t place = 0;

    CPU_ZERO(mask);
    if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        text += 2;
        len -= 2;
    }
    if (!len || !count)
        return -1;
    for (size_t i = len; i-- > 0; place += 4) {
        int digit = isdigit((unsigned char)text[i]) ? text[i] - '0'
                    : isxdigit((unsigned char)text[i]) ? tolower((unsigned char)text[i]) - 'a' + 10
                                                        : -1;

        if (digit < 0)
            return -1;
        for (size_t bit = 0; bit < 4; bit++)
            if (digit >> bit & 1) {
                if (place + bit >= count)
                    return -1;
                CPU_SET(order[place + bit], mask);
            }
    }
    return CPU_COUNT(mask) ? 0 : -1;
}

/* map_cpu:0,1*3 and mask_cpu:0x3,0xc: entry of task number `want`, the list being used round and round. */
static int list_entry(const char *list, bool is_mask, uint32_t want, const int *order, size_t count,
                      cpu_set_t *mask)
{
    for (;;) {
        const char *p = list;
        uint32_t seen = 0;

        while (*p) {
            size_t len = strcspn(p, ",*");
            unsigned long times = 1;
            const char *next = p + len;

            if (!len)
                return -1;
            if (*next == '*') {
                char *end;

                times = strtoul(next + 1, &end, 10);
                if (end == next + 1 || !times || times > 65536)
                    return -1;
                next = end;
            }
            if (*next && *next != ',')
                return -1;
            if (want < seen + times) {
                char *end;
                unsigned long place;

                if (is_mask)
                    return mask_from_hex(p, len, order, count, mask);
                place = strtoul(p, &end, 0);
                if (end != p + len || place >= count)
                    return -1;
                CPU_ZERO(mask);
                CPU_SET(order[place], mask);
                return 0;
            }
            seen += (uint32_t)times;
            p = *next ? next + 1 : next;
        }
        if (!seen)
            return -1;
        want %= seen;
    }
}

/* Words of --cpu-bind, up to map_cpu: or mask_cpu:, whose list takes the rest. */
static int bind_parse(const char *text, enum bind_how *how, const char **list, bool *verbose,
                      struct error *err)
{
    static const struct {
        const char *word;
        enum bind_how how;
    } words[] = {
        { "none", BIND_NONE },       { "no", BIND_NONE },      { "threads", BIND_THREADS },
        { "thread", BIND_THREADS },  { "cores", BIND_CORES },  { "core", BIND_CORES },
        { "sockets", BIND_WHOLE },   { "socket", BIND_WHOLE }, { "ldoms", BIND_WHOLE },
        { "ldom", BIND_WHOLE },      { "rank", BIND_RANK },    { "rank_ldom", BIND_LDRANK },
    };

    *how = BIND_AUTO;
    while (text && *text) {
        size_t len = strcspn(text, ",");
        bool known = false;

        if (!strncmp(text, "map_cpu:", 8) || !strncmp(text, "mask_cpu:", 9)) {
            *how = text[1] == 'a' && text[2] == 'p' ? BIND_MAP : BIND_MASK;
            *list = strchr(text, ':') + 1;
            return 0;
        }
        if (!strncmp(text, "map_ldom:", 9) || !strncmp(text, "mask_ldom:", 10)) {
            *how = text[2] == 'p' ? BIND_LDMAP : BIND_LDMASK;
            return 0;
        }
        if ((len == 1 && *text == 'v') || (len == 7 && !strncmp(text, "verbose", 7))) {
            *verbose = true;
            known = true;
        } else if ((len == 1 && *text == 'q') || (len == 5 && !strncmp(text, "quiet", 5))) {
            *verbose = false;
            known = true;
        }
        for (size_t i = 0; !known && i < sizeof words / sizeof words[0]; i++)
            if (strlen(words[i].word) == len && !strncmp(words[i].word, text, len)) {
                *how = words[i].how;
                known = true;
            }
        if (!known)
            return error_set(err, BRE_INVAL, "--cpu-bind: unknown value \"%.*s\"", (int)(len > 64 ? 64 : len),
                             text);
        text += len + (text[len] == ',');
    }
    return 0;
}

/* Cores for each task, whole cores of cpus_per_task CPUs, round and round when there are too few. */
static void bind_by_core(const struct bind_request *req, cpu_set_t *masks)
{
    size_t next = 0;

    for (uint32_t task = 0; task < req->num_tasks; task++) {
        uint32_t want = req->cpus_per_task ? req->cpus_per_task : 1;
        size_t taken = 0;

        CPU_ZERO(&masks[task]);
        do {
            const cpu_set_t *core = &req->cores[next++ % req->num_cores];
            uint32_t has = (uint32_t)CPU_COUNT(core);

            CPU_OR(&masks[task], &masks[task], core);
            want = want > has ? want - has : 0;
        } while (want && ++taken < req->num_cores);
    }
}

static void bind_by_thread(const struct bind_request *req, const int *order, size_t count, uint32_t each,
                           cpu_set_t *masks)
{
    size_t next = 0;

    for (uint32_t task = 0; task < req->num_tasks; task++) {
        CPU_ZERO(&masks[task]);
        for (uint32_t i = 0; i < each && i < count; i++)
            CPU_SET(order[next++ % count], &masks[task]);
    }
}

int bind_layout(const struct bind_request *req, cpu_set_t *masks, struct bind_result *result,
                struct error *err)
{
    static const char *const kinds[] = {
        [BIND_AUTO] = "MASK", [BIND_NONE] = "NONE",   [BIND_THREADS] = "MASK",
        [BIND_CORES] = "MASK", [BIND_WHOLE] = "MASK", [BIND_RANK] = "RANK",
        [BIND_MAP] = "MAP ",  [BIND_MASK] = "MASK",   [BIND_LDRANK] = "LDRANK",
        [BIND_LDMAP] = "LDMAP ", [BIND_LDMASK] = "LDMASK",
    };
    int order[CPU_SETSIZE];
    size_t count = cpu_sequence(req, order);
    uint32_t each = req->cpus_per_task ? req->cpus_per_task : 1;
    const char *list = NULL;
    enum bind_how how;

    *result = (struct bind_result){ .kind = "NONE" };
    if (bind_parse(req->text, &how, &list, &result->verbose, err) < 0)
        return -1;
    for (uint32_t task = 0; task < req->num_tasks; task++)
        mask_all(req, &masks[task]);
    if (!count)
        return 0;
    if (how == BIND_AUTO) {
        /* As Slurm: bound when tasks and their CPUs fill the allocation exactly. */
        bool nomultithread = req->hint && strstr(req->hint, "nomultithread");

        if ((uint64_t)req->num_tasks * each == req->num_cores && req->num_tasks > 1)
            how = BIND_CORES;
        else if ((uint64_t)req->num_tasks * each == count && req->num_tasks > 1 && !nomultithread)
            how = BIND_THREADS;
    }
    result->kind = kinds[how];
    switch (how) {
    case BIND_AUTO:
    case BIND_WHOLE:
    case BIND_LDRANK:
    case BIND_LDMAP:
    case BIND_LDMASK:
        result->bound = true; /* to all that the step has here */
        break;
    case BIND_NONE:
        break;
    case BIND_CORES:
        bind_by_core(req, masks);
        result->bound = true;
        break;
    case BIND_THREADS:
        bind_by_thread(req, order, count, each, masks);
        result->bound = true;
        break;
    case BIND_RANK:
        bind_by_thread(req, order, count, 1, masks);
        result->bound = true;
        break;
    case BIND_MAP:
    case BIND_MASK:
        for (uint32_t task = 0; task < req->num_tasks; task++)
            if (list_entry(list, how == BIND_MASK, task, order, count, &masks[task]) < 0)
                return error_set(err, BRE_INVAL, "--cpu-bind: \"%.64s\" names CPUs that the step does not have here",
                                 list);
        result->bound = true;
        break;
    }
    return 0;
}
