/* become.c - groups, gid, uid, capabilities; in this order, and read back. */
#include "config.h"
#include "bramblestepd/task/become.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* 32-bit ARM keeps the calls with 16-bit ids under the plain names. */
#ifdef SYS_setresuid32
#define CALL_SETGROUPS SYS_setgroups32
#define CALL_GETGROUPS SYS_getgroups32
#define CALL_SETRESGID SYS_setresgid32
#define CALL_SETRESUID SYS_setresuid32
#define CALL_GETRESGID SYS_getresgid32
#define CALL_GETRESUID SYS_getresuid32
#else
#define CALL_SETGROUPS SYS_setgroups
#define CALL_GETGROUPS SYS_getgroups
#define CALL_SETRESGID SYS_setresgid
#define CALL_SETRESUID SYS_setresuid
#define CALL_GETRESGID SYS_getresgid
#define CALL_GETRESUID SYS_getresuid
#endif

static int check_ids(const struct become *who)
{
    uid_t ruid, euid, suid;
    gid_t rgid, egid, sgid;

    if (syscall(CALL_GETRESUID, &ruid, &euid, &suid) < 0 || syscall(CALL_GETRESGID, &rgid, &egid, &sgid) < 0)
        return -1;
    if (ruid == who->uid && euid == who->uid && suid == who->uid && rgid == who->gid && egid == who->gid
        && sgid == who->gid)
        return 0;
    errno = EPERM;
    return -1;
}

/* Mode without root: the agent serves its own user only, with the groups it was started with. */
static int check_own(const struct become *who)
{
    uid_t ruid, euid, suid;

    if (syscall(CALL_GETRESUID, &ruid, &euid, &suid) < 0)
        return -1;
    if (ruid == who->uid && euid == who->uid && suid == who->uid)
        return 0;
    errno = EPERM;
    return -1;
}

/* The kernel sorts the groups, so each of ours is looked for. */
static int check_groups(const struct become *who)
{
    long count = syscall(CALL_GETGROUPS, (int)who->num_gids, who->scratch);

    if (count != (long)who->num_gids) {
        if (count >= 0)
            errno = EPERM;
        return -1;
    }
    for (uint32_t i = 0; i < who->num_gids; i++) {
        uint32_t k = 0;

        while (k < who->num_gids && who->scratch[k] != who->gids[i])
            k++;
        if (k == who->num_gids) {
            errno = EPERM;
            return -1;
        }
    }
    return 0;
}

static int drop_capabilities(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { { 0 } }, left[2] = { { 0 } };

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
        return -1;
    if (syscall(SYS_capset, &head, none) < 0)
        return -1;
    head.version = _LINUX_CAPABILITY_VERSION_3;
    if (syscall(SYS_capget, &head, left) < 0)
        return -1;
    for (int i = 0; i < 2; i++)
        if (left[i].effective || left[i].permitted || left[i].inheritable) {
            errno = EPERM;
            return -1;
        }
    return 0;
}

int become_user(const struct become *who)
{
    if (geteuid() != 0)
        return check_own(who);
    if (prctl(PR_SET_SECUREBITS, 0, 0, 0, 0) < 0 && errno != EPERM)
        return -1; /* EPERM: a container without CAP_SETPCAP; nothing to undo there */
    if (syscall(CALL_SETGROUPS, (int)who->num_gids, who->gids) < 0) {
        /* Root of a user namespace of one user may set no groups and has nobody else to become. */
        return errno == EPERM && who->uid == 0 ? check_own(who) : -1;
    }
    if (syscall(CALL_SETRESGID, who->gid, who->gid, who->gid) < 0
        || syscall(CALL_SETRESUID, who->uid, who->uid, who->uid) < 0)
        return -1;
    if (check_ids(who) < 0 || check_groups(who) < 0)
        return -1;
    if (who->uid == 0)
        return 0;
    if (drop_capabilities() < 0)
        return -1;
    /* There must be no way back. */
    if (syscall(CALL_SETRESUID, (uid_t)-1, 0, (uid_t)-1) == 0) {
        errno = EPERM;
        return -1;
    }
    return 0;
}
