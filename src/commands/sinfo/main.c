/* main.c - sinfo. */
#include <signal.h>
#include <unistd.h>

#include "commands/sinfo/sinfo.h"

int main(int argc, char **argv)
{
    struct console con = { .program = "sinfo", .out = STDOUT_FILENO, .err = stderr, .in = stdin };
    int rc;

    con.source = source_controller();
    rc = sinfo_run(&con, argc, argv);
    source_close(con.source);
    return rc;
}
