/* wire_golden.c - write testsuite/data/wire/<message>.bin for messages that have no file yet.
 *
 * A golden file is never written again: it is what a release sent, and later ones must understand it. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rpc/rpc.h"
#include "wire_sample.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: wire_golden FOLDER\n");
        return 2;
    }
    for (const struct sample_message *m = sample_messages; m->name; m++) {
        char path[4096];
        size_t at = (size_t)snprintf(path, sizeof path, "%s/", argv[1]), len;
        uint8_t *data;
        int fd;

        for (const char *p = m->name; *p; p++)
            path[at++] = (char)tolower((unsigned char)*p);
        snprintf(path + at, sizeof path - at, ".bin");
        if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) < 0) {
            if (errno == EEXIST)
                continue;
            perror(path);
            return 1;
        }
        data = sample_pack(msg_schema(m->type), &len);
        if (write(fd, data, len) != (ssize_t)len || close(fd) < 0) {
            perror(path);
            return 1;
        }
        printf("made %s, %zu bytes\n", path, len);
        free(data);
    }
    return 0;
}
