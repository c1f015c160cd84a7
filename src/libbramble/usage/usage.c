/* usage.c - usage of tasks: adding up, wire and text. */
#include "config.h"
#include "usage/usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/strbuf.h"

static void span_merge(struct usage_span *to, const struct usage_span *from)
{
    if (!from->known)
        return;
    if (!to->known) {
        *to = *from;
        return;
    }
    to->total += from->total;
    if (from->max > to->max) {
        to->max = from->max;
        to->max_task = from->max_task;
        memcpy(to->max_node, from->max_node, sizeof(to->max_node));
    }
    if (from->min < to->min) {
        to->min = from->min;
        to->min_task = from->min_task;
        memcpy(to->min_node, from->min_node, sizeof(to->min_node));
    }
}

void usage_add(struct usage *u, enum usage_kind kind, uint64_t value, uint32_t task, const char *node)
{
    struct usage_span one = { .known = true, .total = value, .max = value, .min = value, .max_task = task,
                              .min_task = task };

    snprintf(one.max_node, sizeof(one.max_node), "%s", node);
    snprintf(one.min_node, sizeof(one.min_node), "%s", node);
    span_merge(&u->spans[kind], &one);
}

void usage_merge(struct usage *to, const struct usage *from)
{
    to->num_tasks += from->num_tasks;
    for (int i = 0; i < USAGE_KINDS; i++)
        span_merge(&to->spans[i], &from->spans[i]);
}

/* ---- wire ---- */

static void span_from_wire(struct usage_span *s, const Wire__UsageSpan *msg, uint32_t first, const char *node)
{
    if (!msg || !msg->has_total)
        return;
    s->known = true;
    s->total = msg->total;
    s->max = msg->has_max ? msg->max : msg->total;
    s->min = msg->has_min ? msg->min : s->max;
    s->max_task = msg->has_max_task ? msg->max_task : first;
    s->min_task = msg->has_min_task ? msg->min_task : first;
    snprintf(s->max_node, sizeof(s->max_node), "%s", node);
    snprintf(s->min_node, sizeof(s->min_node), "%s", node);
}

void usage_from_wire(struct usage *u, const Wire__StepUsage *msg, const char *node)
{
    Wire__UsageSpan *const spans[USAGE_KINDS] = { msg->cpu, msg->mem, msg->vmem, msg->pages, msg->read, msg->write };

    *u = (struct usage){ .num_tasks = msg->num_tasks };
    for (int i = 0; i < USAGE_KINDS; i++)
        span_from_wire(&u->spans[i], spans[i], msg->first_task, node);
}

void usage_to_wire(const struct usage *u, Wire__StepUsage *msg, Wire__UsageSpan *spans)
{
    Wire__UsageSpan **const members[USAGE_KINDS] = { &msg->cpu,   &msg->mem,  &msg->vmem,
                                                     &msg->pages, &msg->read, &msg->write };

    wire__step_usage__init(msg);
    msg->has_num_tasks = msg->has_first_task = true;
    msg->num_tasks = u->num_tasks;
    msg->first_task = u->spans[USAGE_CPU].max_task;
    for (int i = 0; i < USAGE_KINDS; i++) {
        const struct usage_span *s = &u->spans[i];
        Wire__UsageSpan *m = &spans[i];

        if (!s->known)
            continue;
        wire__usage_span__init(m);
        *members[i] = m;
        m->has_total = true;
        m->total = s->total;
        if (u->num_tasks == 1)
            continue; /* most and least of one task are what it used */
        m->has_max = m->has_min = m->has_max_task = m->has_min_task = true;
        m->max = s->max;
        m->max_task = s->max_task;
        m->min = s->min;
        m->min_task = s->min_task;
    }
}

/* ---- text ---- */

char *usage_format(const struct usage *u)
{
    struct strbuf sb = STRBUF_INIT;

    strbuf_addf(&sb, "%u", u->num_tasks);
    for (int i = 0; i < USAGE_KINDS; i++) {
        const struct usage_span *s = &u->spans[i];

        strbuf_addc(&sb, ';');
        if (s->known)
            strbuf_addf(&sb, "%" PRIu64 ",%" PRIu64 ",%u,%s,%" PRIu64 ",%u,%s", s->total, s->max, s->max_task,
                        s->max_node, s->min, s->min_task, s->min_node);
    }
    return sb.data;
}

bool usage_parse(struct usage *u, const char *text)
{
    int used = 0;

    *u = (struct usage){ 0 };
    if (!text || sscanf(text, "%u%n", &u->num_tasks, &used) != 1)
        return false;
    text += used;
    for (int i = 0; i < USAGE_KINDS && *text == ';'; i++) {
        struct usage_span *s = &u->spans[i];

        text++;
        s->known = sscanf(text, "%" SCNu64 ",%" SCNu64 ",%u,%63[^,;],%" SCNu64 ",%u,%63[^,;]", &s->total, &s->max,
                          &s->max_task, s->max_node, &s->min, &s->min_task, s->min_node)
                   == 7;
        if (!s->known)
            *s = (struct usage_span){ 0 };
        text += strcspn(text, ";");
    }
    return true;
}
