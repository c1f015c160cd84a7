/* step_layout.c - how many tasks run on which node, and which ones. */
#include "cluster/step/step.h"

#include "util/num.h"

#include <string.h>
#include <strings.h>

static bool word_is(const char *word, size_t len, const char *known)
{
    return strlen(known) == len && strncasecmp(word, known, len) == 0;
}

int dist_parse(const char *text, struct dist *dist, struct error *err)
{
    const char *comma = text ? strrchr(text, ',') : NULL;
    size_t word;

    *dist = (struct dist){ .how = DIST_BLOCK, .plane = 1 };
    if (comma && strcasecmp(comma + 1, "pack") == 0)
        dist->pack = true;
    if (!text || !*text)
        return 0;
    word = strcspn(text, ":,");
    if (word_is(text, word, "cyclic"))
        dist->how = DIST_CYCLIC;
    else if (word_is(text, word, "arbitrary"))
        dist->how = DIST_ARBITRARY;
    else if (word > 6 && strncasecmp(text, "plane=", 6) == 0) {
        char number[16] = "";

        dist->how = DIST_PLANE;
        memcpy(number, text + 6, word - 6 < sizeof(number) ? word - 6 : sizeof(number) - 1);
        return num_parse_u32(number, 1, 65536, &dist->plane, "--distribution=plane", err);
    } else if (!word_is(text, word, "block") && !word_is(text, word, "*")) {
        return error_set(
            err, BRE_INVAL,
            "distribution \"%s\" is not supported: use block, cyclic, plane=N or "
            "arbitrary",
            text);
    }
    return 0; /* what follows ':' is about binding inside a node and is the shepherd's */
}

uint32_t layout_spread(uint32_t tasks, const uint32_t *room, uint32_t num_nodes,
                       uint32_t *counts)
{
    uint32_t open = 0;

    for (uint32_t i = 0; i < num_nodes; i++) {
        counts[i] = 0;
        open += room[i] > 0;
    }
    /* whole rounds at once, then the rest in order */
    while (tasks && open) {
        uint32_t round = tasks / open ? tasks / open : 1;

        for (uint32_t i = 0; i < num_nodes && tasks; i++) {
            uint32_t give = room[i] - counts[i];

            if (!give)
                continue;
            give = give < round ? give : round;
            give = give < tasks ? give : tasks;
            counts[i] += give;
            tasks -= give;
            if (counts[i] == room[i])
                open--;
        }
    }
    return tasks;
}

uint32_t layout_deal(const struct dist *dist, uint32_t tasks, const uint32_t *room,
                     uint32_t num_nodes, uint32_t *counts)
{
    uint32_t open = 0;

    if (dist->how != DIST_PLANE && !dist->pack)
        return layout_spread(tasks, room, num_nodes, counts);
    for (uint32_t i = 0; i < num_nodes; i++) {
        counts[i] = tasks && room[i] ? 1 : 0; /* no node without a task */
        tasks -= counts[i];
        open += counts[i] < room[i];
    }
    for (uint32_t round = dist->plane; tasks && open; round += dist->plane)
        for (uint32_t i = 0; i < num_nodes && tasks; i++) {
            uint32_t to = dist->pack || round > room[i] ? room[i] : round, give;

            if (counts[i] >= to)
                continue;
            give = to - counts[i] < tasks ? to - counts[i] : tasks;
            counts[i] += give;
            tasks -= give;
            if (counts[i] == room[i])
                open--;
        }
    return tasks;
}

void layout_assign(const struct dist *dist, const uint32_t *counts, uint32_t num_nodes,
                   uint32_t **gtids)
{
    uint32_t gtid = 0, left = 0, run = dist->how == DIST_PLANE ? dist->plane : 1;
    CLEANUP_FREE uint32_t *given = xcalloc(num_nodes ? num_nodes : 1, sizeof(*given));

    for (uint32_t i = 0; i < num_nodes; i++)
        left += counts[i];
    if (dist->how == DIST_BLOCK || dist->how == DIST_ARBITRARY) {
        for (uint32_t i = 0; i < num_nodes; i++)
            for (uint32_t k = 0; k < counts[i]; k++)
                gtids[i][k] = gtid++;
        return;
    }
    while (left)
        for (uint32_t i = 0; i < num_nodes; i++)
            for (uint32_t k = 0; k < run && given[i] < counts[i]; k++, left--)
                gtids[i][given[i]++] = gtid++;
}
