/* main.c - bramblestepd: started by brambled, one for each step on a node, with a socket to it as
 * descriptor 3 and the lock on the step's folder as 4.  Takes no orders from its arguments or environment.
 * By other arguments it is a helper: the keeper of a prolog or epilog, the receiver of a user's files. */
#include "config.h"
#include "bramblestepd/io/receive.h"
#include "bramblestepd/keep.h"
#include "bramblestepd/step.h"
#include "reactor/reactor.h"
#include "util/error.h"
#include "util/log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define AGENT_FD 3
#define LOCK_FD 4 /* on the step's folder, for our whole life: see brambled/launch/folder.c */

static int is_socket(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    struct reactor *r;
    struct step *s;

    if (argc > 1 && !strcmp(argv[1], "-V")) {
        puts("bramblestepd " PACKAGE_VERSION);
        return 0;
    }
    if (argc == 4 && !strcmp(argv[1], "--receive-files")) /* as the user, without privileges */
        return receive_files(STDIN_FILENO, argv[2], argv[3]);
    if (argc == 4 && !strcmp(argv[1], "--keep"))
        return keep_program(AGENT_FD, argv[2], argv[3]);
    log_open("bramblestepd", NULL, true);
    if (!is_socket(AGENT_FD)) {
        fputs("bramblestepd: brambled starts this program\n", stderr);
        return 1;
    }
    if (argc > 1 && !strcmp(argv[1], "-v"))
        log_set_level(LOG_LV_DEBUG, 0);
    fcntl(LOCK_FD, F_SETFD, FD_CLOEXEC);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    umask(077);
    if ((r = reactor_create(&err))) {
        if ((s = step_create(r, AGENT_FD, &err)))
            _exit(reactor_run(r)); /* what it had to say has been said: the rest is the kernel's to free */
    }
    if (err.code)
        log_error("%s", err.text);
    reactor_destroy(r);
    return 1;
}
