/* main.c - sacctmgr. */
#include <signal.h>
#include <unistd.h>

#include "commands/sacctmgr/sacctmgr.h"

int main(int argc, char **argv)
{
    struct console con = { .program = "sacctmgr", .out = STDOUT_FILENO, .err = stderr, .in = stdin };
    int rc;

    con.source = source_controller();
    rc = sacctmgr_run(&con, argc, argv);
    source_close(con.source);
    return rc;
}
