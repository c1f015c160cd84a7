/* main.c - sprio. */
#include <signal.h>
#include <unistd.h>

#include "commands/sprio/sprio.h"

int main(int argc, char **argv)
{
    struct console con = { .program = "sprio", .out = STDOUT_FILENO, .err = stderr, .in = stdin };
    int rc;

    con.source = source_controller();
    rc = sprio_run(&con, argc, argv);
    source_close(con.source);
    return rc;
}
