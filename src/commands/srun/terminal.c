/* terminal.c - the terminal of --pty. */
#include "config.h"
#include "srun_private.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "util/mem.h"

bool terminal_size(uint32_t *rows, uint32_t *cols)
{
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
        return false;
    *rows = size.ws_row;
    *cols = size.ws_col;
    return true;
}

void terminal_raw(struct srun *s)
{
    struct termios now;

    if (s->saved_terminal || tcgetattr(STDIN_FILENO, &now) < 0)
        return;
    s->saved_terminal = xmemdup(&now, sizeof now);
    cfmakeraw(&now);
    tcsetattr(STDIN_FILENO, TCSANOW, &now);
}

void terminal_restore(struct srun *s)
{
    if (!s->saved_terminal)
        return;
    tcsetattr(STDIN_FILENO, TCSANOW, s->saved_terminal);
    free(s->saved_terminal);
    s->saved_terminal = NULL;
}
