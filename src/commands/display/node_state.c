/* node_state.c - names of node states, and the words that select them. */
#include "commands/display/node_state.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bramble/constants.h"
#include "util/mem.h"

struct state_words {
    const char *longer, *compact;
};

static bool busy(int64_t state)
{
    int64_t base = state & 0xff;

    return base == NODE_ALLOCATED || base == NODE_MIXED || (state & NODE_FLAG_COMPLETING);
}

/* The one word that matters most, as Slurm chooses it. */
static struct state_words words_of(int64_t state)
{
    static const struct state_words base_words[] = {
        [NODE_UNKNOWN] = { "unknown", "unk" }, [NODE_DOWN] = { "down", "down" },
        [NODE_IDLE] = { "idle", "idle" },      [NODE_MIXED] = { "mixed", "mix" },
        [NODE_ALLOCATED] = { "allocated", "alloc" },
    };
    int64_t base = state & 0xff;

    if (state & NODE_FLAG_DRAIN)
        return busy(state) ? (struct state_words){ "draining", "drng" }
                           : (struct state_words){ "drained", "drain" };
    if (state & NODE_FLAG_FAIL)
        return busy(state) ? (struct state_words){ "failing", "failg" }
                           : (struct state_words){ "fail", "fail" };
    if ((state & NODE_FLAG_MAINT) && !busy(state) && base != NODE_DOWN)
        return (struct state_words){ "maint", "maint" };
    if (base == NODE_DOWN)
        return base_words[NODE_DOWN];
    if ((state & NODE_FLAG_COMPLETING) && base == NODE_ALLOCATED)
        return (struct state_words){ "allocated+", "alloc+" };
    if ((state & NODE_FLAG_COMPLETING) && base != NODE_MIXED)
        return (struct state_words){ "completing", "comp" };
    if ((state & NODE_FLAG_RESERVED) && base == NODE_IDLE)
        return (struct state_words){ "reserved", "resv" };
    if ((state & NODE_FLAG_PLANNED) && base == NODE_IDLE)
        return (struct state_words){ "planned", "plnd" };
    return base >= 0 && base <= NODE_ALLOCATED ? base_words[base] : base_words[NODE_UNKNOWN];
}

static void add_suffix(struct strbuf *out, int64_t state)
{
    int64_t base = state & 0xff;

    if (state & NODE_FLAG_NOT_RESPONDING)
        strbuf_addc(out, '*');
    else if ((state & NODE_FLAG_MAINT) && busy(state))
        strbuf_addc(out, '$');
    else if ((state & NODE_FLAG_PLANNED) && base == NODE_MIXED && !(state & NODE_FLAG_DRAIN))
        strbuf_addc(out, '-');
}

void node_state_long(struct strbuf *out, int64_t state)
{
    strbuf_add(out, words_of(state).longer);
    add_suffix(out, state);
}

void node_state_compact(struct strbuf *out, int64_t state)
{
    strbuf_add(out, words_of(state).compact);
    add_suffix(out, state);
}

/* In the order in which Slurm names them: the alphabet's. */
static const struct {
    int64_t flag;
    const char *name, *capitals;
    int64_t rank; /* Slurm's bit */
} flags[] = {
    { NODE_FLAG_COMPLETING, "completing", "COMPLETING", 0x400 },
    { NODE_FLAG_DRAIN, "drain", "DRAIN", 0x200 },
    { NODE_FLAG_FAIL, "fail", "FAIL", 0x2000 },
    { NODE_FLAG_MAINT, "maint", "MAINTENANCE", 0x8000 },
    { NODE_FLAG_NOT_RESPONDING, "not_responding", "NOT_RESPONDING", 0x800 },
    { NODE_FLAG_PLANNED, "planned", "PLANNED", 0x8000000 },
    { NODE_FLAG_RESERVED, "reserved", "RESERVED", 0x20 },
};

void node_state_each(int64_t state, void (*visit)(void *arg, const char *name), void *arg)
{
    static const char *const base[] = { "UNKNOWN", "DOWN", "IDLE", "MIXED", "ALLOCATED" };

    visit(arg, base[(state & 0xff) <= NODE_ALLOCATED ? state & 0xff : 0]);
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        if (state & flags[i].flag)
            visit(arg, flags[i].capitals);
}

void node_state_complete(struct strbuf *out, int64_t state)
{
    static const char *const base[] = { "unknown", "down", "idle", "mixed", "allocated" };

    strbuf_add(out, base[(state & 0xff) <= NODE_ALLOCATED ? state & 0xff : 0]);
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        if (state & flags[i].flag)
            strbuf_addf(out, "+%s", flags[i].name);
}

int64_t node_state_rank(int64_t state)
{
    static const int64_t base[] = {
        [NODE_UNKNOWN] = 0, [NODE_DOWN] = 1, [NODE_IDLE] = 2, [NODE_ALLOCATED] = 3, [NODE_MIXED] = 5,
    };
    int64_t rank = base[(state & 0xff) <= NODE_ALLOCATED ? state & 0xff : 0];

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (state & flags[i].flag)
            rank |= flags[i].rank;
    return rank;
}

/* ---- selecting ---- */

enum wanted {
    WANT_UNKNOWN,
    WANT_DOWN,
    WANT_IDLE,
    WANT_MIXED,
    WANT_ALLOCATED,
    WANT_DRAIN,
    WANT_DRAINED,
    WANT_DRAINING,
    WANT_FAIL,
    WANT_FAILING,
    WANT_COMPLETING,
    WANT_NO_RESPOND,
    WANT_MAINT,
    WANT_RESERVED,
    WANT_PLANNED,
    WANT_ALL,
    WANT_NEVER, /* states that no node here can have */
};

static const struct {
    const char *word;
    enum wanted wanted;
} words[] = {
    { "unknown", WANT_UNKNOWN },
    { "unk", WANT_UNKNOWN },
    { "down", WANT_DOWN },
    { "idle", WANT_IDLE },
    { "mixed", WANT_MIXED },
    { "mix", WANT_MIXED },
    { "allocated", WANT_ALLOCATED },
    { "alloc", WANT_ALLOCATED },
    { "drain", WANT_DRAIN },
    { "drained", WANT_DRAINED },
    { "draining", WANT_DRAINING },
    { "drng", WANT_DRAINING },
    { "fail", WANT_FAIL },
    { "failing", WANT_FAILING },
    { "completing", WANT_COMPLETING },
    { "comp", WANT_COMPLETING },
    { "no_respond", WANT_NO_RESPOND },
    { "maint", WANT_MAINT },
    { "reserved", WANT_RESERVED },
    { "resv", WANT_RESERVED },
    { "planned", WANT_PLANNED },
    { "plnd", WANT_PLANNED },
    { "all", WANT_ALL },
    { "cloud", WANT_NEVER },
    { "future", WANT_NEVER },
    { "futr", WANT_NEVER },
    { "npc", WANT_NEVER },
    { "perfctrs", WANT_NEVER },
    { "power_down", WANT_NEVER },
    { "powering_down", WANT_NEVER },
    { "powered_down", WANT_NEVER },
    { "powering_up", WANT_NEVER },
    { "reboot_issued", WANT_NEVER },
    { "reboot_requested", WANT_NEVER },
};

struct node_state_filter {
    size_t count;
    struct {
        enum wanted wanted;
        bool and_next; /* parted from the next by '&' */
    } terms[];
};

const char *node_state_words(void)
{
    return "unknown,down,idle,allocated,mixed,drain,drained,draining,fail,failing,completing,"
           "no_respond,maint,reserved,planned,all";
}

struct node_state_filter *node_state_filter_parse(const char *text, char **bad)
{
    struct node_state_filter *f = xcalloc(1, sizeof(*f) + (strlen(text) + 1) * sizeof(f->terms[0]));

    while (*text) {
        size_t len = strcspn(text, ",&"), i;

        for (i = 0; i < ARRAY_SIZE(words); i++)
            if (strlen(words[i].word) == len && !strncasecmp(words[i].word, text, len))
                break;
        if (len && i == ARRAY_SIZE(words)) {
            *bad = xstrndup(text, len);
            free(f);
            return NULL;
        }
        if (len) {
            f->terms[f->count].wanted = words[i].wanted;
            f->terms[f->count++].and_next = text[len] == '&';
        }
        text += len + (text[len] != '\0');
    }
    return f;
}

void node_state_filter_destroy(struct node_state_filter *f)
{
    free(f);
}

static bool has(enum wanted wanted, int64_t state)
{
    int64_t base = state & 0xff;

    switch (wanted) {
    case WANT_UNKNOWN: return base == NODE_UNKNOWN;
    case WANT_DOWN: return base == NODE_DOWN;
    case WANT_IDLE: return base == NODE_IDLE;
    case WANT_MIXED: return base == NODE_MIXED;
    case WANT_ALLOCATED: return base == NODE_ALLOCATED || base == NODE_MIXED;
    case WANT_DRAIN: return state & NODE_FLAG_DRAIN;
    case WANT_DRAINED: return (state & NODE_FLAG_DRAIN) && !busy(state);
    case WANT_DRAINING: return (state & NODE_FLAG_DRAIN) && busy(state);
    case WANT_FAIL: return state & NODE_FLAG_FAIL;
    case WANT_FAILING: return (state & NODE_FLAG_FAIL) && busy(state);
    case WANT_COMPLETING: return state & NODE_FLAG_COMPLETING;
    case WANT_NO_RESPOND: return state & NODE_FLAG_NOT_RESPONDING;
    case WANT_MAINT: return state & NODE_FLAG_MAINT;
    case WANT_RESERVED: return state & NODE_FLAG_RESERVED;
    case WANT_PLANNED: return state & NODE_FLAG_PLANNED;
    case WANT_ALL: return true;
    case WANT_NEVER: return false;
    }
    return false;
}

bool node_state_matches(const struct node_state_filter *f, int64_t state)
{
    bool group = true;

    if (!f)
        return true;
    for (size_t i = 0; i < f->count; i++) {
        group = group && has(f->terms[i].wanted, state);
        if (f->terms[i].and_next)
            continue;
        if (group)
            return true;
        group = true;
    }
    return false;
}
