/* main.c - sacct. */
#include <signal.h>
#include <unistd.h>

#include "commands/sacct/sacct.h"

int main(int argc, char **argv)
{
    struct console con = { .program = "sacct", .out = STDOUT_FILENO, .err = stderr, .in = stdin };
    int rc;

    con.source = source_controller();
    rc = sacct_run(&con, argc, argv);
    source_close(con.source);
    return rc;
}
