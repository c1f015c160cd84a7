/* key.c - makes, keeps and reads the controller's signing key. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bramblectld/key.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"

#define KEY_FILE "controller.key"

static int key_make(int dir, uint8_t secret[64], struct error *err)
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    crypto_sign_keypair(public, secret);
    return fs_replace_file(dir, KEY_FILE, secret, crypto_sign_SECRETKEYBYTES, 0400, err);
}

static int key_read(int fd, const char *path, uint8_t secret[64], struct error *err)
{
    uint8_t more;
    if (fs_check_owner(fd, path, geteuid(), true, err) < 0)
        return -1;
    if (fs_read_all(fd, secret, 64) != 64 || fs_read_all(fd, &more, 1) != 0)
        return error_set(err, BRE_DAMAGED, "%s is no key of a controller (64 bytes)", path);
    return 0;
}

int ctld_key_load(const char *state_dir, uint8_t secret[64], struct error *err)
{
    CLEANUP_FREE char *path = xasprintf("%s/%s", state_dir, KEY_FILE);
    CLEANUP_CLOSE int dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return error_set(err, errno, "cannot open state folder %s: %s", state_dir, strerror(errno));
    CLEANUP_CLOSE int fd = openat(dir, KEY_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0)
        return key_read(fd, path, secret, err);
    if (errno != ENOENT)
        return error_set(err, errno, "cannot open %s: %s", path, strerror(errno));
    return key_make(dir, secret, err);
}

char *ctld_key_public_text(const uint8_t secret[64])
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    size_t max = sodium_base64_ENCODED_LEN(sizeof(public), sodium_base64_VARIANT_ORIGINAL);
    char *text = xmalloc(max);
    crypto_sign_ed25519_sk_to_pk(public, secret);
    return sodium_bin2base64(text, max, public, sizeof(public), sodium_base64_VARIANT_ORIGINAL);
}
