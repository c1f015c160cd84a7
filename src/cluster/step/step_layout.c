/* step_layout.c - how many tasks run on which node, and which ones. */
#include "cluster/step/step.h"

#include "util/num.h"

#include <string.h>

int step_dist_parse(const char *text, enum step_dist *dist, uint32_t *plane,
                    struct error *err)
{
    size_t word;

    *dist = DIST_BLOCK;
    *plane = 1;
    if (!text || !*text || strcmp(text, "*") == 0)
        return 0;
    word = strcspn(text, ":,");
    if (word == 5 && strncmp(text, "block", 5) == 0)
        *dist = DIST_BLOCK;
    else if (word == 6 && strncmp(text, "cyclic", 6) == 0)
        *dist = DIST_CYCLIC;
    else if (word == 9 && strncmp(text, "arbitrary", 9) == 0)
        *dist = DIST_ARBITRARY;
    else if (strncmp(text, "plane=", 6) == 0) {
        char number[16] = "";

        *dist = DIST_PLANE;
        memcpy(number, text + 6, word - 6 < sizeof(number) ? word - 6 : sizeof(number) - 1);
        return num_parse_u32(number, 1, 65536, plane, "--distribution=plane", err);
    } else if (word != 1 || *text != '*') {
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

void layout_assign(enum step_dist dist, uint32_t plane, const uint32_t *counts,
                   uint32_t num_nodes, uint32_t **gtids)
{
    uint32_t gtid = 0, left = 0, run = dist == DIST_PLANE ? plane : 1;
    CLEANUP_FREE uint32_t *given = xcalloc(num_nodes ? num_nodes : 1, sizeof(*given));

    for (uint32_t i = 0; i < num_nodes; i++)
        left += counts[i];
    if (dist == DIST_BLOCK || dist == DIST_ARBITRARY) {
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
