/* main.c - sshare. */
#include <signal.h>
#include <unistd.h>

#include "commands/sshare/sshare.h"

int main(int argc, char **argv)
{
    struct console con = { .program = "sshare", .out = STDOUT_FILENO, .err = stderr, .in = stdin };
    int rc;

    con.source = source_controller();
    rc = sshare_run(&con, argc, argv);
    source_close(con.source);
    return rc;
}
