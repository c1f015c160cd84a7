/* membind.c - layouts of --mem-bind. */
#include "config.h"
#include "bramblestepd/task/membind.h"

#include "bramblestepd/task/bind.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As linux/mempolicy.h numbers them, which not every system has. */
enum { POLICY_PREFERRED = 1, POLICY_BIND = 2, POLICY_LOCAL = 4 };
enum mem_how { MEM_NONE, MEM_LOCAL, MEM_RANK, MEM_MAP, MEM_MASK };

uint64_t membind_nodes(const char *path)
{
    CLEANUP_FREE char *text = NULL;
    cpu_set_t set;
    uint64_t nodes = 0;
    size_t len;

    if (fs_read_file(AT_FDCWD, path, 4096, &text, &len, NULL) < 0)
        return 1;
    text[strcspn(text, "\n")] = '\0';
    if (cpu_list_parse(text, &set) < 0)
        return 1;
    for (int i = 0; i < 64; i++)
        if (CPU_ISSET(i, &set))
            nodes |= UINT64_C(1) << i;
    return nodes ? nodes : 1;
}

void membind_apply(int mode, uint64_t nodes)
{
    unsigned long mask[64 / (8 * sizeof(unsigned long))];

    for (size_t i = 0; i < sizeof mask / sizeof mask[0]; i++)
        mask[i] = (unsigned long)(nodes >> (i * 8 * sizeof(unsigned long)));
    syscall(SYS_set_mempolicy, mode, mode == POLICY_LOCAL ? NULL : mask,
            mode == POLICY_LOCAL ? 0ul : 64ul + 1);
}

/* Entry of task number `want` of "0,1*2,0x3", used round and round; false: the list is bad. */
static bool list_entry(const char *list, uint32_t want, int base, uint64_t *value)
{
    for (;;) {
        uint32_t seen = 0;

        for (const char *p = list; *p;) {
            char *end;
            unsigned long times = 1;

            *value = strtoull(p, &end, base);
            if (end == p || !isxdigit((unsigned char)*p))
                return false;
            if (*end == '*')
                times = strtoul(end + 1, &end, 10);
            if ((*end && *end != ',') || !times || times > 65536)
                return false;
            if (want < seen + times)
                return true;
            seen += (uint32_t)times;
            p = *end ? end + 1 : end;
        }
        if (!seen)
            return false;
        want %= seen;
    }
}

static int words_parse(const char *text, enum mem_how *how, const char **list, bool *prefer, bool *verbose,
                       struct error *err)
{
    while (*text) {
        size_t len = strcspn(text, ",");

#define IS(word) (len == sizeof(word) - 1 && !strncasecmp(text, word, len))
        if (!strncasecmp(text, "map_mem:", 8) || !strncasecmp(text, "mask_mem:", 9)) {
            *how = text[2] == 'p' || text[2] == 'P' ? MEM_MAP : MEM_MASK;
            *list = strchr(text, ':') + 1;
            return 0;
        }
        if (IS("v") || IS("verbose"))
            *verbose = true;
        else if (IS("q") || IS("quiet"))
            *verbose = false;
        else if (IS("p") || IS("prefer"))
            *prefer = true;
        else if (IS("no") || IS("none"))
            *how = MEM_NONE;
        else if (IS("local"))
            *how = MEM_LOCAL;
        else if (IS("rank"))
            *how = MEM_RANK;
        else if (!IS("sort") && !IS("nosort"))
            return error_set(err, BRE_INVAL, "--mem-bind: unknown value \"%.*s\"", (int)(len > 64 ? 64 : len), text);
#undef IS
        text += len + (text[len] == ',');
    }
    return 0;
}

static uint64_t node_at(uint64_t nodes, uint32_t place)
{
    while (place--)
        nodes &= nodes - 1;
    return nodes & -nodes;
}

int membind_layout(const struct membind_request *req, uint64_t *masks, struct membind_result *result,
                   struct error *err)
{
    static const char *const what[][2] = {
        { "mem-bind=NONE", "mem-bind=NONE" },     { "mem-bind=LOC", "mem-bind PREFER LOC" },
        { "mem-bind=RANK", "mem-bind PREFER RANK" }, { "mem-bind=MAP", "mem-bind PREFER MAP" },
        { "mem-bind=MASK", "mem-bind PREFER MASK" },
    };
    enum mem_how how = MEM_NONE;
    const char *list = NULL;
    bool prefer = false;
    uint64_t value;

    *result = (struct membind_result){ .mode = -1 };
    for (uint32_t i = 0; i < req->num_tasks; i++)
        masks[i] = req->nodes;
    if (req->text && words_parse(req->text, &how, &list, &prefer, &result->verbose, err) < 0)
        return -1;
    result->what = what[how][prefer];
    if (how == MEM_NONE)
        return 0;
    result->mode = how == MEM_LOCAL ? POLICY_LOCAL : prefer ? POLICY_PREFERRED : POLICY_BIND;
    for (uint32_t i = 0; i < req->num_tasks && how != MEM_LOCAL; i++) {
        if (how == MEM_RANK) {
            masks[i] = node_at(req->nodes, i % (uint32_t)__builtin_popcountll(req->nodes));
            continue;
        }
        if (!list_entry(list, i, how == MEM_MASK ? 16 : 0, &value))
            return error_set(err, BRE_INVAL, "--mem-bind: \"%.64s\" is no list of memory nodes", list);
        masks[i] = how == MEM_MASK ? value : value < 64 ? UINT64_C(1) << value : 0;
        if (!(masks[i] &= req->nodes))
            return error_set(err, BRE_INVAL, "--mem-bind: \"%.64s\" names memory nodes that this board does not have",
                             list);
    }
    return 0;
}
