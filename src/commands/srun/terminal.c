/* terminal.c - the terminal of --pty. */
#include "config.h"
#include "srun_private.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* One terminal a process; kept for the exit handler, which is the reason for a static. */
static struct termios saved_terminal;
static bool saved;

bool terminal_size(uint32_t *rows, uint32_t *cols)
{
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
        return false;
    *rows = size.ws_row;
    *cols = size.ws_col;
    return true;
}

static void restore_at_exit(void)
{
    if (saved)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved_terminal);
    saved = false;
}

void terminal_raw(struct srun *s)
{
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, &saved_terminal) < 0)
        return;
    saved = true;
    atexit(restore_at_exit);
    raw = saved_terminal;
    cfmakeraw(&raw);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    s->terminal_raw = true;
}

void terminal_restore(struct srun *s)
{
    if (s->terminal_raw)
        restore_at_exit();
    s->terminal_raw = false;
}
