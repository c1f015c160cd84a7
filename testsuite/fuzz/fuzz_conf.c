/* fuzz_conf.c - bramble.conf. */
#include "config.h"
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "util/error.h"

/* libconfig 1.5 forgets its file names when a file has an error. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[64];
    struct error err = { 0 };
    struct conf *conf;
    int fd;

    if (size > 65536)
        return 0;
    if (!path[0]) {
        snprintf(path, sizeof path, "/tmp/bramble-fuzz-conf-%ld", (long)getpid());
        unlink(path);
    }
    if ((fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600)) < 0
        || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
    conf = conf_load(path, &err);
    FUZZ_ASSERT(conf || err.text[0]);
    conf_destroy(conf);
    unlink(path);
    return 0;
}
