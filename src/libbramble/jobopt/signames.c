/* signames.c - signals by name and number. */
#include "config.h"
#include "jobopt/jobopt.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util/num.h"

int signal_parse(const char *text)
{
    uint32_t number;

    if (num_parse_u32(text, 1, (uint32_t)SIGRTMAX, &number, "", NULL) == 0)
        return (int)number;
    if (!strncasecmp(text, "SIG", 3))
        text += 3;
    for (int i = 1; i < NSIG; i++) {
        const char *name = sigabbrev_np(i);

        if (name && !strcasecmp(name, text))
            return i;
    }
    return -1;
}

const char *signal_name(int signum, char buf[16])
{
    const char *name = sigabbrev_np(signum);

    if (name)
        return name;
    snprintf(buf, 16, "%d", signum);
    return buf;
}
