/* local.c - the unix socket on which a controller serves the commands of its own host.
 *
 * It lies in a folder of the controller's own, RUN_DIR/.controller, and bears the port as its name.
 * Nobody but root, RUN_DIR's owner and the controller's user can put a socket there, and the kernel says
 * which user listens; a command goes by the port when either is in doubt.
 */
#include "config.h"
#include "rpc/rpc_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"

#define FOLDER ".controller"

void rpc_local_path(const char *run_dir, uint16_t port, char path[RPC_LOCAL_PATH_MAX])
{
    int len = snprintf(path, RPC_LOCAL_PATH_MAX, "%s/" FOLDER "/%u", run_dir, port);

    if (len >= RPC_LOCAL_PATH_MAX)
        path[0] = '\0';
}

static socklen_t address_of(const char *path, struct sockaddr_un *sun)
{
    memset(sun, 0, sizeof *sun);
    sun->sun_family = AF_UNIX;
    snprintf(sun->sun_path, sizeof sun->sun_path, "%s", path);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(sun->sun_path) + 1);
}

/* ---- the command's side ---- */

/* RUN_DIR may be reached over links that root made; the folder in it is none.  Only owners write there. */
static bool folder_is_sound(const char *path, uid_t *owner)
{
    char folder[RPC_LOCAL_PATH_MAX];
    struct stat st;
    char *slash;

    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    if (lstat(folder, &st) < 0 || !S_ISDIR(st.st_mode) || (st.st_mode & 022))
        return false;
    *owner = st.st_uid;
    if (!(slash = strrchr(folder, '/')))
        return false;
    *slash = '\0';
    return stat(folder, &st) == 0 && S_ISDIR(st.st_mode) && !(st.st_mode & 022);
}

int rpc_local_connect(const char *path)
{
    struct sockaddr_un sun;
    socklen_t len = address_of(path, &sun), cred_len = sizeof(struct ucred);
    struct ucred cred;
    uid_t owner;
    int fd;

    if (!folder_is_sound(path, &owner)
        || (fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&sun, len) == 0
        && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_len) == 0 && (cred.uid == owner || cred.uid == 0))
        return fd;
    close(fd);
    return -1;
}

/* ---- the controller's side ---- */

int rpc_local_prepare(const char *run_dir, uid_t uid, gid_t gid, struct error *err)
{
    CLEANUP_CLOSE int run_fd = fs_make_path(run_dir, 0755, err), fd = -1;

    if (run_fd < 0)
        return -1;
    /* In a folder that is not root's its owner could put something else in the place of ours. */
    if (fs_check_owner(run_fd, run_dir, 0, false, err) < 0)
        return -1;
    if ((fd = fs_open_dir(run_fd, FOLDER, true, 0755)) < 0 || fchown(fd, uid, gid) < 0
        || fchmod(fd, 0755) < 0)
        return error_set(err, errno, "%s/" FOLDER ": %s", run_dir, strerror(errno));
    return 0;
}

static int open_folder(const char *run_dir, struct error *err)
{
    CLEANUP_CLOSE int run_fd = fs_make_path(run_dir, 0755, err), fd = -1;
    struct stat st;

    if (run_fd < 0)
        return -1;
    if ((fd = fs_open_dir(run_fd, FOLDER, true, 0755)) < 0)
        return error_set(err, errno, "%s/" FOLDER ": %s", run_dir, strerror(errno));
    if (fstat(fd, &st) < 0 || st.st_uid != geteuid())
        return error_set(err, EACCES, "%s/" FOLDER " belongs to uid %u", run_dir, (unsigned)st.st_uid);
    if (fchmod(fd, 0755) < 0) /* whatever the umask */
        return error_set(err, errno, "%s/" FOLDER ": %s", run_dir, strerror(errno));
    return 0;
}

int rpc_local_listen(const char *run_dir, uint16_t port, bool everybody, struct error *err)
{
    char path[RPC_LOCAL_PATH_MAX];
    struct sockaddr_un sun;
    socklen_t len;
    CLEANUP_CLOSE int fd = -1;

    rpc_local_path(run_dir, port, path);
    if (!path[0])
        return error_set(err, ENAMETOOLONG, "run_dir %s is too long for a socket's name", run_dir);
    if (open_folder(run_dir, err) < 0)
        return -1;
    len = address_of(path, &sun);
    if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
        return error_set(err, errno, "%s: %s", path, strerror(errno));
    /* The port is ours, so whatever is left there is nobody's.  Until listen() it refuses everyone. */
    if ((unlink(path) < 0 && errno != ENOENT) || bind(fd, (struct sockaddr *)&sun, len) < 0
        || chmod(path, everybody ? 0666 : 0600) < 0 || listen(fd, 1024) < 0)
        return error_set(err, errno, "%s: %s", path, strerror(errno));
    return TAKE_FD(fd);
}
