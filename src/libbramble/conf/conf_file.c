/* conf_file.c - reads and parses one file with what it includes. */
#include "config.h"
#include "conf/conf_file.h"

#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { INCLUDE_DEPTH_MAX = 10 }; /* libconfig's own */

static int check_includes(const char *path, const char *text, const char *folder, unsigned depth,
                          struct error *err);

/* libconfig ends the program when it cannot read what it includes (a folder, a device): look first. */
static int check_include(const char *path, unsigned line, const char *name, size_t len, const char *folder,
                         unsigned depth, struct error *err)
{
    CLEANUP_FREE char *file = xstrndup(name, len), *whole = NULL, *text = NULL;
    size_t size;

    whole = *file == '/' ? xstrdup(file) : xasprintf("%s/%s", folder, file);
    if (fs_read_file(AT_FDCWD, whole, CONF_FILE_MAX, &text, &size, err) < 0)
        return error_prefix(err, "%s:%u: @include", path, line);
    if (strlen(text) != size)
        return error_set(err, BRE_CONFIG, "%s: a NUL byte at offset %zu", whole, strlen(text));
    return depth < INCLUDE_DEPTH_MAX ? check_includes(whole, text, folder, depth + 1, err) : 0;
}

static int check_includes(const char *path, const char *text, const char *folder, unsigned depth,
                          struct error *err)
{
    unsigned line = 0;

    for (const char *at = text, *next; *at; at = next) {
        const char *end = at + strcspn(at, "\n"), *word = at + strspn(at, " \t"), *name, *quote;

        next = *end ? end + 1 : end;
        line++;
        if (strncmp(word, "@include", 8) || word[8 + strspn(word + 8, " \t")] != '"')
            continue;
        name = word + 8 + strspn(word + 8, " \t") + 1;
        quote = memchr(name, '"', (size_t)(end - name));
        if (!quote || memchr(name, '\\', (size_t)(quote - name)))
            return error_set(err, BRE_CONFIG, "%s:%u: @include: expected one plain path in double quotes",
                             path, line);
        if (check_include(path, line, name, (size_t)(quote - name), folder, depth, err) < 0)
            return -1;
    }
    return 0;
}

int conf_file_read(config_t *file, const char *path, struct error *err)
{
    CLEANUP_FREE char *text = NULL, *folder = NULL;
    const char *slash = strrchr(path, '/');
    size_t len;

    if (fs_read_file(AT_FDCWD, path, CONF_FILE_MAX, &text, &len, err) < 0)
        return -1;
    if (strlen(text) != len)
        return error_set(err, BRE_CONFIG, "%s: a NUL byte at offset %zu", path, strlen(text));
    /* @include is relative to the file that has it; libconfig bounds the depth, hence loops */
    folder = slash ? xstrndup(path, slash == path ? 1 : (size_t)(slash - path)) : xstrdup(".");
    if (check_includes(path, text, folder, 1, err) < 0)
        return -1;
    config_set_include_dir(file, folder);
    if (!config_read_string(file, text)) {
        const char *in = config_error_file(file);

        return error_set(err, BRE_CONFIG, "%s:%d: %s", in ? in : path, config_error_line(file),
                         config_error_text(file));
    }
    return 0;
}
