/* main.c - squeue. */
#include <signal.h>
#include <unistd.h>

#include "commands/squeue/squeue.h"

int main(int argc, char **argv)
{
    struct console con = { .program = "squeue", .out = STDOUT_FILENO, .err = stderr, .in = stdin };
    int rc;

    con.source = source_controller();
    rc = squeue_run(&con, argc, argv);
    source_close(con.source);
    return rc;
}
