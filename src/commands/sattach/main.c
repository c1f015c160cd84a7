/* main.c - sattach. */
#include <signal.h>
#include <unistd.h>

#include "commands/sattach/sattach.h"
#include "util/log.h"

int main(int argc, char **argv)
{
    struct console con = { .program = "sattach", .arguments = "JOB.STEP", .out = STDOUT_FILENO, .err = stderr,
                           .in = stdin };
    int rc;

    log_open("sattach", NULL, false);
    con.source = source_controller();
    rc = sattach_run(&con, argc, argv);
    source_close(con.source);
    return rc;
}
