/* identity.c - munge: who is at the other end. */
#include "config.h"
#include "channel/channel_private.h"

#include <errno.h>
#include <munge.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/mem.h"

#define ENCODE_SEC 4

static void ctx_cleanup(munge_ctx_t *ctx)
{
    if (*ctx)
        munge_ctx_destroy(*ctx);
}
#define CLEANUP_CTX __attribute__((cleanup(ctx_cleanup)))

static int ctx_make(const char *socket, munge_ctx_t *ctx, struct error *err)
{
    if (!(*ctx = munge_ctx_create()))
        return error_set(err, BRE_INTERNAL, "munge: no memory");
    if (socket && munge_ctx_set(*ctx, MUNGE_OPT_SOCKET, socket) != EMUNGE_SUCCESS)
        return error_set(err, BRE_AUTH, "munge socket %s: %s", socket, munge_ctx_strerror(*ctx));
    return 0;
}

/* Text of a failure that is munge's own, not the credential's. */
static int munge_failed(munge_ctx_t ctx, munge_err_t rc, struct error *err)
{
    const char *said = munge_ctx_strerror(ctx), *socket = NULL;
    char text[256]; /* a copy: munge_ctx_get() forgets what was said */

    snprintf(text, sizeof text, "%s", said ? said : munge_strerror(rc));
    if (rc == EMUNGE_SOCKET || rc == EMUNGE_TIMEOUT) {
        munge_ctx_get(ctx, MUNGE_OPT_SOCKET, &socket);
        return error_set(err, BRE_AUTH, "munged does not answer at %s (%s): is it running on this host?",
                         socket ? socket : "its socket", text);
    }
    return error_set(err, BRE_AUTH, "munge: %s", text);
}

static int encode_now(const char *socket, uid_t uid, const void *payload, size_t len, char **cred,
                      struct error *err)
{
    CLEANUP_CTX munge_ctx_t ctx = NULL;
    munge_err_t rc;

    if (ctx_make(socket, &ctx, err) < 0)
        return -1;
    if ((rc = munge_ctx_set(ctx, MUNGE_OPT_UID_RESTRICTION, uid)) != EMUNGE_SUCCESS
        || (rc = munge_encode(cred, ctx, payload, (int)len)) != EMUNGE_SUCCESS)
        return munge_failed(ctx, rc, err);
    return 0;
}

/* ---- a deadline for what knows none ---- */

/* libmunge tries for some ten seconds with a munged that accepts and does not answer.  So a thread of
 * its own asks; who does not wait for it any longer leaves it its struct. */
struct encoding {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool over, abandoned;
    char *socket, *cred;
    uid_t uid;
    void *payload;
    size_t len;
    int rc;
    struct error err;
};

static void encoding_free(struct encoding *e)
{
    pthread_cond_destroy(&e->ended);
    pthread_mutex_destroy(&e->lock);
    free(e->socket);
    free(e->cred);
    free(e->payload);
    free(e);
}

static void *encode_thread(void *arg)
{
    struct encoding *e = arg;
    bool abandoned;

    e->rc = encode_now(e->socket, e->uid, e->payload, e->len, &e->cred, &e->err);
    pthread_mutex_lock(&e->lock);
    e->over = true;
    abandoned = e->abandoned;
    pthread_cond_signal(&e->ended);
    pthread_mutex_unlock(&e->lock);
    if (abandoned)
        encoding_free(e);
    return NULL;
}

static struct encoding *encoding_create(const char *socket, uid_t uid, const void *payload, size_t len)
{
    struct encoding *e = xcalloc(1, sizeof *e);
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&e->ended, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&e->lock, NULL);
    e->socket = socket ? xstrdup(socket) : NULL;
    e->uid = uid;
    e->payload = xmalloc(len + 1);
    memcpy(e->payload, payload, len);
    e->len = len;
    return e;
}

/* Signals are for the program's own threads. */
static int thread_start(struct encoding *e)
{
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;
    int rc;

    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    rc = pthread_create(&thread, &attr, encode_thread, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return rc;
}

static int encode(const char *socket, uid_t uid, const void *payload, size_t len, char **cred,
                  struct error *err)
{
    struct encoding *e = encoding_create(socket, uid, payload, len);
    struct timespec until;
    int rc = thread_start(e);

    if (rc) {
        encoding_free(e);
        return encode_now(socket, uid, payload, len, cred, err); /* no thread to be had: then without */
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ENCODE_SEC;
    pthread_mutex_lock(&e->lock);
    while (!e->over && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&e->ended, &e->lock, &until);
    e->abandoned = !e->over;
    if (e->abandoned) {
        pthread_mutex_unlock(&e->lock);
        return error_set(err, BRE_AUTH, "munged does not answer at %s (nothing within %d s): it hangs, restart it",
                         socket ? socket : "its socket", ENCODE_SEC);
    }
    pthread_mutex_unlock(&e->lock);
    rc = e->rc;
    if (rc == 0)
        *cred = TAKE(e->cred);
    else
        error_copy(err, &e->err);
    encoding_free(e);
    return rc;
}

static int decode(const char *socket, const char *cred, void *payload, size_t len, uid_t *uid, gid_t *gid,
                  struct error *err)
{
    CLEANUP_CTX munge_ctx_t ctx = NULL;
    CLEANUP_FREE void *data = NULL;
    int data_len = 0;
    uid_t cred_uid = (uid_t)-1;
    gid_t cred_gid = (gid_t)-1;
    time_t made = 0, now = time(NULL);
    munge_err_t rc;

    if (ctx_make(socket, &ctx, err) < 0)
        return -1;
    rc = munge_decode(cred, ctx, &data, &data_len, &cred_uid, &cred_gid);
    switch (rc) {
    case EMUNGE_SUCCESS:
        break;
    case EMUNGE_CRED_EXPIRED:
    case EMUNGE_CRED_REWOUND:
        munge_ctx_get(ctx, MUNGE_OPT_ENCODE_TIME, &made);
        return error_set(err, BRE_CRED_EXPIRED,
                         "clock differs by %lld s: the client's is %s the controller's",
                         (long long)(made > now ? made - now : now - made),
                         made > now ? "ahead of" : "behind");
    case EMUNGE_CRED_REPLAYED:
        return error_set(err, BRE_CRED_REPLAYED, "the credential was used before");
    case EMUNGE_CRED_UNAUTHORIZED:
        return error_set(err, BRE_AUTH, "the credential was made for another service's uid");
    case EMUNGE_CRED_INVALID:
    case EMUNGE_BAD_REALM:
        return error_set(err, BRE_AUTH, "the credential was made with another munge key: "
                                        "client and controller need the same one");
    case EMUNGE_BAD_CRED:
    case EMUNGE_BAD_VERSION:
    case EMUNGE_BAD_CIPHER:
    case EMUNGE_BAD_MAC:
    case EMUNGE_BAD_ZIP:
        return error_set(err, BRE_AUTH, "the credential is damaged (%s)", munge_strerror(rc));
    default:
        return munge_failed(ctx, rc, err);
    }
    if (!data || data_len < 0 || (size_t)data_len != len)
        return error_set(err, BRE_AUTH, "the credential was not made for Bramble");
    memcpy(payload, data, len);
    *uid = cred_uid;
    *gid = cred_gid;
    return 0;
}

const struct identity_ops identity_munge = { .encode = encode, .decode = decode };
