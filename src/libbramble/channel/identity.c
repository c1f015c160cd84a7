/* identity.c - munge: who is at the other end. */
#include "config.h"
#include "channel/channel_private.h"

#include <munge.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "util/mem.h"

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

static int encode(const char *socket, uid_t uid, const void *payload, size_t len, char **cred,
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
