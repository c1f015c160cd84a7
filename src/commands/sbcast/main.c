/* main.c - sbcast. */
#include <unistd.h>

#include "commands/sbcast/sbcast.h"
#include "util/log.h"

int main(int argc, char **argv)
{
    struct console con = { .program = "sbcast", .arguments = "SOURCE DEST", .out = STDOUT_FILENO, .err = stderr,
                           .in = stdin };
    int rc;

    log_open("sbcast", NULL, false);
    con.source = source_controller();
    rc = sbcast_run(&con, argc, argv);
    source_close(con.source);
    return rc;
}
