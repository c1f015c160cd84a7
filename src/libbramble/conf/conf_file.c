/* conf_file.c - reads and parses one file with what it includes. */
#include "config.h"
#include "conf/conf_file.h"

#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

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
    config_set_include_dir(file, folder);
    if (!config_read_string(file, text)) {
        const char *in = config_error_file(file);

        return error_set(err, BRE_CONFIG, "%s:%d: %s", in ? in : path, config_error_line(file),
                         config_error_text(file));
    }
    return 0;
}
