/* keep.h - keeper of a program of the administrator (prolog, epilog).
 *
 * Starts it with this process's environment, awaits it, ends it at its limit, and writes into its
 * record (brambled/prolog/record.c) that it has begun and how it ended.  It outlives the agent, so a
 * program is started once whatever becomes of that.
 */
#ifndef BRAMBLESTEPD_KEEP_H
#define BRAMBLESTEPD_KEEP_H

/* The exit status for main(). */
int keep_program(int record_fd, const char *limit_sec, const char *path);

#endif
