/* main.c - sdiag. */
#include <signal.h>
#include <unistd.h>

#include "commands/sdiag/sdiag.h"

int main(int argc, char **argv)
{
    struct console con = { .program = "sdiag", .out = STDOUT_FILENO, .err = stderr, .in = stdin };
    int rc;

    con.source = source_controller();
    rc = sdiag_run(&con, argc, argv);
    source_close(con.source);
    return rc;
}
