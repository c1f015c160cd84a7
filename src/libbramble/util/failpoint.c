/* failpoint.c - reads the scenario from the environment once and counts passages.
 *
 * Built only with --enable-failpoints.  The counters are static: they exist in no release build, and
 * places on workers pass here too.
 */
#include "config.h"

#include "util/failpoint.h"

#ifdef BRAMBLE_FAILPOINTS
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum action { FP_NOTHING, FP_CRASH, FP_ERROR, FP_DELAY };
struct plan {
    enum action action;
    unsigned long at, delay_ms, passed;
};

static struct plan plans[FAILPOINT_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const names[] = {
#define FP(name) #name,
#include "util/failpoint.def"
#undef FP
};

static void plan_word(const char *word, size_t len)
{
    const char *eq = memchr(word, '=', len);
    if (!eq)
        return;
    for (int i = 0; i < FAILPOINT_COUNT; i++) {
        if (strlen(names[i]) != (size_t)(eq - word) || strncmp(names[i], word, (size_t)(eq - word)) != 0)
            continue;
        struct plan *p = &plans[i];
        const char *at = memchr(eq, '@', len - (size_t)(eq - word));
        p->at = at ? strtoul(at + 1, NULL, 10) : 1;
        if (strncmp(eq + 1, "crash", 5) == 0) {
            p->action = FP_CRASH;
        } else if (strncmp(eq + 1, "error", 5) == 0) {
            p->action = FP_ERROR;
        } else if (strncmp(eq + 1, "delay:", 6) == 0) {
            p->action = FP_DELAY;
            p->delay_ms = strtoul(eq + 7, NULL, 10);
        }
    }
}

static void plan_read(void)
{
    const char *text = getenv("BRAMBLE_FAILPOINTS");
    while (text && *text) {
        size_t len = strcspn(text, ",");
        plan_word(text, len);
        text += len + (text[len] == ',');
    }
}

int failpoint_pass(enum failpoint fp)
{
    pthread_once(&once, plan_read);
    pthread_mutex_lock(&lock);
    struct plan p = plans[fp];
    unsigned long pass = ++plans[fp].passed;
    pthread_mutex_unlock(&lock);
    if (p.action == FP_NOTHING || pass < p.at)
        return 0;
    if (p.action == FP_CRASH)
        kill(getpid(), SIGKILL);
    if (p.action == FP_DELAY) {
        struct timespec ts = { (time_t)(p.delay_ms / 1000), (long)(p.delay_ms % 1000) * 1000000 };
        nanosleep(&ts, NULL);
        return 0;
    }
    return EIO;
}
#else
extern int failpoint_not_built; /* a translation unit is never empty */
#endif
