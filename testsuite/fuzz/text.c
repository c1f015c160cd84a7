/* text.c - what targets need besides their main program. */
#include "config.h"
#include "fuzz.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* of the sanitizers' runtime, where there is one */
extern void __sanitizer_set_report_fd(void *fd) __attribute__((weak));

static int heard = STDERR_FILENO;

char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

void fuzz_quiet(void)
{
    int fd;

    if (heard != STDERR_FILENO || (fd = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0)
        return;
    heard = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
    if (__sanitizer_set_report_fd)
        __sanitizer_set_report_fd((void *)(intptr_t)heard);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

void fuzz_say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vdprintf(heard, fmt, ap);
    va_end(ap);
}
