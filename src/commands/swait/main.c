/* main.c - swait. */
#include <unistd.h>

#include "commands/swait/swait.h"
#include "util/log.h"

int main(int argc, char **argv)
{
    struct console con = { .program = "swait", .arguments = "JOB[.STEP]...", .out = STDOUT_FILENO, .err = stderr,
                           .in = stdin };
    int rc;

    log_open("swait", NULL, false);
    con.source = source_controller();
    rc = swait_run(&con, argc, argv);
    source_close(con.source);
    return rc;
}
