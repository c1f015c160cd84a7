/* reactor.h - the event loop of a daemon, of srun and of salloc: one thread around libuv.
 *
 * Only reactor/ includes uv.h.  Every callback runs on the loop's thread, never from within the
 * call that asked for it.  A handle is closed by its *_close(), after which its callback does not
 * run again; closing from within its own callback is allowed.
 */
#ifndef BRAMBLE_REACTOR_H
#define BRAMBLE_REACTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;
struct reactor;
struct reactor_timer;
struct reactor_fd;
struct reactor_signal;

struct reactor *reactor_create(struct error *err);
/* Closes what is still open and waits for work under way, whose done is not called.  Handles of the
 * loop are gone with it.  NULL is allowed. */
void reactor_destroy(struct reactor *r);
/* Run until reactor_stop().  Returns the code given to it. */
int reactor_run(struct reactor *r);
void reactor_stop(struct reactor *r, int code);
/* Milliseconds of the monotonic clock, as of this turn of the loop. */
uint64_t reactor_now_ms(struct reactor *r);
/* After fork() in a child that goes on using the loop. */
int reactor_forked(struct reactor *r);

/* Timers are one-shot unless repeat_ms is set. */
typedef void reactor_timer_f(void *arg);
struct reactor_timer *reactor_timer_create(struct reactor *r, reactor_timer_f *on_timer, void *arg);
void reactor_timer_start(struct reactor_timer *t, uint64_t after_ms, uint64_t repeat_ms);
void reactor_timer_stop(struct reactor_timer *t);
bool reactor_timer_active(const struct reactor_timer *t);
void reactor_timer_close(struct reactor_timer *t); /* NULL is allowed */

/* Readiness of a descriptor (socket, pipe, pidfd, eventfd, tty), level-triggered.  The caller keeps
 * owning fd (which is made non-blocking) and closes it after reactor_fd_close().  A handle is created
 * without watching anything.  An end of file or hang-up is readiness to read.  status < 0 (-errno): the
 * descriptor is in error, events are those that were watched, and watching has stopped. */
enum { REACTOR_READ = 1, REACTOR_WRITE = 2 };
typedef void reactor_fd_f(void *arg, int events, int status);
struct reactor_fd *reactor_fd_create(struct reactor *r, int fd, reactor_fd_f *on_ready, void *arg);
int reactor_fd_watch(struct reactor_fd *h, int events); /* 0 stops watching */
void reactor_fd_close(struct reactor_fd *h); /* NULL is allowed */

typedef void reactor_signal_f(void *arg, int signum);
struct reactor_signal *reactor_signal_create(struct reactor *r, int signum,
                                             reactor_signal_f *on_signal, void *arg);
void reactor_signal_close(struct reactor_signal *s);

/* Number of worker threads of the process, 1 if not said; only before the first reactor_offload(). */
void reactor_set_workers(struct reactor *r, unsigned num);
/* Run work on a worker thread (it touches only arg), then done on the loop.  -1 when too much is
 * queued. */
typedef void reactor_work_f(void *arg);
int reactor_offload(struct reactor *r, reactor_work_f *work, reactor_work_f *done, void *arg);
/* How much of it has not come to its done() yet.  What reactor_destroy() finds never does. */
unsigned reactor_num_offloaded(const struct reactor *r);
/* Run fn soon on the loop.  reactor_post() may be called from any thread, the other only on it.
 * What is deferred runs in order after the callbacks of this turn; what is deferred meanwhile runs a
 * turn later, so that descriptors and timers get their share between the slices of a long task. */
void reactor_post(struct reactor *r, reactor_work_f *fn, void *arg);
void reactor_defer(struct reactor *r, reactor_work_f *fn, void *arg);

#endif
