/* multiprog.c - one pass over the lines, without expanding any range. */
#include "config.h"
#include "bramblestepd/task/multiprog.h"

#include "util/arena.h"
#include "util/error.h"
#include "util/strbuf.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 4096

/* Place of gtid in "0-3,7" or "*"; -1: not in it, -2: no such list. */
static long rank_place(const char *text, size_t len, uint32_t gtid)
{
    const char *end = text + len;
    unsigned long place = 0;
    long found = -1;

    if (len == 1 && *text == '*')
        return (long)gtid;
    while (text < end) {
        char *next;
        unsigned long first, last;

        if (!isdigit((unsigned char)*text))
            return -2;
        first = last = strtoul(text, &next, 10);
        if (next < end && *next == '-') {
            if (!isdigit((unsigned char)next[1]))
                return -2;
            last = strtoul(next + 1, &next, 10);
        }
        if (last < first || last > UINT32_MAX || (next < end && *next != ','))
            return -2;
        if (found < 0 && gtid >= first && gtid <= last)
            found = (long)(place + gtid - first);
        place += last - first + 1;
        text = next + 1;
    }
    return found;
}

/* One word, with single quotes and backslashes as a shell has them, and %t and %o filled in. */
static const char *take_word(const char *p, struct strbuf *word, uint32_t gtid, unsigned long place)
{
    bool quoted = false;

    strbuf_truncate(word, 0);
    for (; *p && (quoted || !isspace((unsigned char)*p)); p++) {
        if (*p == '\'')
            quoted = !quoted;
        else if (*p == '\\' && p[1] && !quoted)
            strbuf_addc(word, *++p);
        else if (*p == '%' && p[1] == 't')
            strbuf_addf(word, "%u", gtid), p++;
        else if (*p == '%' && p[1] == 'o')
            strbuf_addf(word, "%lu", place), p++;
        else
            strbuf_addc(word, *p);
    }
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

static char **line_argv(struct arena *arena, const char *p, uint32_t gtid, unsigned long place,
                        char *const *more, size_t num_more, struct error *err)
{
    CLEANUP_STRBUF struct strbuf word = STRBUF_INIT;
    char **argv = arena_calloc(arena, WORDS_MAX + num_more + 1, sizeof *argv);
    size_t argc = 0;

    while (*p) {
        if (argc == WORDS_MAX) {
            error_set(err, BRE_INVAL, "--multi-prog: too many arguments for task %u", gtid);
            return NULL;
        }
        p = take_word(p, &word, gtid, place);
        argv[argc++] = arena_strdup(arena, strbuf_str(&word));
    }
    if (!argc || !argv[0][0]) {
        error_set(err, BRE_INVAL, "--multi-prog: no program for task %u", gtid);
        return NULL;
    }
    for (size_t i = 0; i < num_more; i++)
        argv[argc++] = arena_strdup(arena, more[i]);
    return argv;
}

char **multiprog_argv(struct arena *arena, char *const *lines, size_t num_lines, uint32_t gtid,
                      char *const *more, size_t num_more, struct error *err)
{
    for (size_t i = 0; i < num_lines; i++) {
        const char *p = lines[i];
        size_t len;
        long place;

        while (isspace((unsigned char)*p))
            p++;
        if (!*p || *p == '#')
            continue;
        len = strcspn(p, " \t");
        place = rank_place(p, len, gtid);
        if (place == -2) {
            error_set(err, BRE_INVAL, "--multi-prog: bad task list \"%.*s\"", (int)(len > 64 ? 64 : len), p);
            return NULL;
        }
        if (place < 0)
            continue;
        p += len;
        while (isspace((unsigned char)*p))
            p++;
        return line_argv(arena, p, gtid, (unsigned long)place, more, num_more, err);
    }
    error_set(err, BRE_INVAL, "--multi-prog: no line for task %u", gtid);
    return NULL;
}
