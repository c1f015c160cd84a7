/* main.c - sstat. */
#include <signal.h>
#include <unistd.h>

#include "commands/sstat/sstat.h"

int main(int argc, char **argv)
{
    struct console con = { .program = "sstat", .out = STDOUT_FILENO, .err = stderr, .in = stdin };
    int rc;

    con.source = source_controller();
    rc = sstat_run(&con, argc, argv);
    source_close(con.source);
    return rc;
}
