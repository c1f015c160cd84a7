/* key.c - the board's own Ed25519 key: made at the first start, kept readable by its owner alone. */
#include "config.h"
#include "brambled/agent_private.h"

#include "util/fs.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int key_make(struct agent *a, int dir, const char *name, struct error *err)
{
    crypto_sign_keypair(a->public_key, a->secret_key);
    if (fs_replace_file(dir, name, a->secret_key, sizeof a->secret_key, 0400, err) < 0)
        return error_prefix(err, "%s", a->opts.state_dir);
    log_notice("made this board's key %s/%s", a->opts.state_dir, name);
    return 0;
}

int key_load(struct agent *a, struct error *err)
{
    char name[300];
    CLEANUP_CLOSE int dir = fs_make_path(a->opts.state_dir, 0700, err), fd = -1;
    ssize_t n;

    if (dir < 0)
        return error_prefix(err, "state folder");
    snprintf(name, sizeof name, "node-%s.key", a->opts.node_name);
    fd = fs_open(dir, name, O_RDONLY | O_NOFOLLOW, 0);
    if (fd < 0 && errno == ENOENT)
        return key_make(a, dir, name, err);
    if (fd < 0)
        return error_set(err, errno, "%s/%s: %s", a->opts.state_dir, name, strerror(errno));
    if (fs_check_owner(fd, name, geteuid(), true, err) < 0)
        return error_prefix(err, "%s", a->opts.state_dir);
    n = fs_read_all(fd, a->secret_key, sizeof a->secret_key);
    if (n != (ssize_t)sizeof a->secret_key)
        return error_set(err, EINVAL, "%s/%s: not a key of %zu bytes: remove it to have a new one made (the controller "
                                      "must then forget the old one)",
                         a->opts.state_dir, name, sizeof a->secret_key);
    crypto_sign_ed25519_sk_to_pk(a->public_key, a->secret_key);
    return 0;
}
