/* nodes.c - reads "scontrol show node -o": one node a line, KEY=VALUE words. */
#include "config.h"
#include "hpl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hpl_plan.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/strbuf.h"

/* The value of " KEY=" in line, copied to out.  false: no such key. */
static bool line_value(const char *line, const char *key, char *out, size_t size)
{
    size_t key_len = strlen(key);

    for (const char *at = line; (at = strstr(at, key)); at += key_len)
        if ((at == line || at[-1] == ' ') && at[key_len] == '=') {
            size_t len = strcspn(at + key_len + 1, " \n");

            if (len >= size)
                len = size - 1;
            memcpy(out, at + key_len + 1, len);
            out[len] = '\0';
            return true;
        }
    return false;
}

static uint64_t line_number(const char *line, const char *key)
{
    char text[32];

    return line_value(line, key, text, sizeof text) ? strtoull(text, NULL, 10) : 0;
}

static void line_class(const char *line, char *out, size_t size)
{
    char features[1024], *save = NULL;

    snprintf(out, size, "generic");
    if (!line_value(line, "ActiveFeatures", features, sizeof features)
        && !line_value(line, "AvailableFeatures", features, sizeof features))
        return;
    for (char *word = strtok_r(features, ",", &save); word; word = strtok_r(NULL, ",", &save))
        if (!strcmp(hpl_class_find(word)->name, word)) {
            snprintf(out, size, "%s", word);
            return;
        }
}

static void add_node(struct hpl_nodes *nodes, const char *line, struct strbuf *names)
{
    uint64_t threads = line_number(line, "ThreadsPerCore"), mem = line_number(line, "RealMemory");
    uint32_t cores = (uint32_t)(line_number(line, "CPUTot") / (threads ? threads : 1));
    uint64_t free_mem = line_number(line, "FreeMem");
    char name[256] = "", hw_class[sizeof nodes->hw_class];

    line_value(line, "NodeName", name, sizeof name);
    line_class(line, hw_class, sizeof hw_class);
    /* what the kernel could still give, if the node says so: others may live on the board, too */
    if (free_mem && free_mem < mem)
        mem = free_mem;
    if (!nodes->num_nodes) {
        memcpy(nodes->hw_class, hw_class, sizeof hw_class);
        nodes->cores = cores;
        nodes->mem_mb = mem;
    }
    if (strcmp(nodes->hw_class, hw_class))
        nodes->mixed = true;
    if (cores < nodes->cores)
        nodes->cores = cores;
    if (mem < nodes->mem_mb)
        nodes->mem_mb = mem;
    strbuf_addf(names, "%s%s", nodes->num_nodes ? "," : "", name);
    nodes->num_nodes++;
}

int hpl_nodes_parse(struct hpl_nodes *nodes, const char *text, struct error *err)
{
    CLEANUP_FREE char *copy = xstrdup(text);
    CLEANUP_STRBUF struct strbuf names = STRBUF_INIT;
    char *save = NULL;

    memset(nodes, 0, sizeof *nodes);
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        if (!strncmp(line, "NodeName=", 9))
            add_node(nodes, line, &names);
    if (!nodes->num_nodes)
        return error_set(err, BRE_NODE_NAME, "scontrol show node printed no node");
    nodes->names = strbuf_take(&names);
    return 0;
}

void hpl_nodes_fini(struct hpl_nodes *nodes)
{
    free(nodes->names);
    nodes->names = NULL;
}
