/* receive.h - the other end of sbcast: a task that puts files into place.
 *
 * It runs as the job's user, in the job's cgroup, as a process of its own.  A file has no name until it
 * is whole, where the file system can do that; where it cannot, a file of another name goes away when
 * the stream breaks off or the task is ended.
 */
#ifndef BRAMBLE_STEPD_RECEIVE_H
#define BRAMBLE_STEPD_RECEIVE_H

/* Read the stream of util/carry.h from fd.  Messages, led by program and naming node, go to standard
 * error.  The exit code: 0, or the errno of what failed. */
int receive_files(int fd, const char *program, const char *node);

#endif
