/* folder.c - one folder a step below run_dir/steps: the script, the shepherd's socket, and by being
 * there the memory that the order was taken.
 *
 * Names are numbers made here.  Everything goes by descriptors of folders that belong to the agent;
 * the job's user can pass through them (a script must be read by its interpreter) but not list them.
 */
#include "config.h"
#include "brambled/agent_private.h"

#include "util/fs.h"
#include "util/log.h"
#include "util/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_FD_MIN 5 /* above those that a shepherd gets, so that none is written over while it does */

static void folder_name(const struct agent_step *s, char buf[STEP_NAME_MAX])
{
    snprintf(buf, STEP_NAME_MAX, "%u.%u.%u", s->job_id, s->step_id, s->attempt);
}

void folder_path(const struct agent_step *s, char *buf, size_t size)
{
    char name[STEP_NAME_MAX];

    folder_name(s, name);
    snprintf(buf, size, "%s/steps/%s", s->agent->opts.run_dir, name);
}

/* The batch script: a file that is complete and the user's own before anything runs it. */
static int write_script(const struct agent_step *s, int dir, const Wire__StepLaunch *order, struct error *err)
{
    CLEANUP_CLOSE int fd = openat(dir, "slurm_script", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0200);

    if (fd < 0 || fs_write_all(fd, order->script.data, order->script.len) < 0)
        return error_set(err, errno, "cannot write the batch script: %s", strerror(errno));
    if (s->agent->is_root && fchown(fd, order->alloc->uid, order->alloc->gid) < 0)
        return error_set(err, errno, "cannot give the batch script to its owner: %s", strerror(errno));
    if (fchmod(fd, 0500) < 0)
        return error_set(err, errno, "cannot set the batch script's mode: %s", strerror(errno));
    return 0;
}

/* Whose step it is, for an agent that is started again: a batch step's script tells it. */
static int write_owner(int dir, const Wire__StepLaunch *order, struct error *err)
{
    CLEANUP_CLOSE int fd = openat(dir, "owner", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);

    if (fd < 0 || fchown(fd, order->alloc->uid, order->alloc->gid) < 0)
        return error_set(err, errno, "cannot write the step's owner: %s", strerror(errno));
    return 0;
}

int folder_make(struct agent_step *s, const Wire__StepLaunch *order, struct error *err, bool *drain)
{
    struct agent *a = s->agent;
    CLEANUP_CLOSE int dir = -1;
    char name[STEP_NAME_MAX];
    int rc = 0;

    folder_name(s, name);
    *drain = false;
    if (mkdirat(a->steps_fd, name, 0711) < 0 && (errno != EEXIST || fs_remove_tree(a->steps_fd, name, NULL) < 0
                                                 || mkdirat(a->steps_fd, name, 0711) < 0))
        rc = error_set(err, errno, "cannot make the step's folder: %s", strerror(errno));
    if (rc == 0 && (dir = openat(a->steps_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
        rc = error_set(err, errno, "cannot open the step's folder: %s", strerror(errno));
    /* The umask of whoever started the agent has no say here. */
    if (rc == 0 && fchmod(dir, a->is_root ? 0711 : 0700) < 0)
        rc = error_set(err, errno, "cannot set the mode of the step's folder: %s", strerror(errno));
    if (rc == 0 && s->step_id == STEP_BATCH)
        rc = write_script(s, dir, order, err);
    else if (rc == 0 && a->is_root)
        rc = write_owner(dir, order, err);
    if (rc < 0) {
        *drain = err->code == ENOSPC || err->code == EDQUOT || err->code == EROFS || err->code == EIO;
        folder_remove(s);
    }
    return rc;
}

void folder_remove(struct agent_step *s)
{
    char name[STEP_NAME_MAX];
    struct error err;

    folder_name(s, name);
    if (fs_remove_tree(s->agent->steps_fd, name, &err) < 0)
        log_error("step folder %s: %s", name, err.text);
}

static int parse_name(const char *name, uint32_t *job_id, uint32_t *step_id, uint32_t *attempt)
{
    char tail;

    return sscanf(name, "%u.%u.%u%c", job_id, step_id, attempt, &tail) == 3 ? 0 : -1;
}

int folder_lock(const struct agent_step *s)
{
    CLEANUP_CLOSE int fd = -1;
    char name[STEP_NAME_MAX];

    folder_name(s, name);
    fd = openat(s->agent->steps_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
        return -1;
    return fcntl(fd, F_DUPFD_CLOEXEC, LOCK_FD_MIN); /* the same lock */
}

bool folder_has_socket(const struct agent_step *s)
{
    char name[STEP_NAME_MAX + 8];
    struct stat st;

    snprintf(name, sizeof name, "%u.%u.%u/sock", s->job_id, s->step_id, s->attempt);
    return fstatat(s->agent->steps_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int owner_stat(const struct agent *a, const char *folder, struct stat *st)
{
    static const char *const names[] = { "slurm_script", "owner" };
    char path[STEP_NAME_MAX + 16];

    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%.*s/%s", STEP_NAME_MAX, folder, names[i]);
        if (fstatat(a->steps_fd, path, st, AT_SYMLINK_NOFOLLOW) == 0)
            return 0;
    }
    return -1;
}

/* At the start: every folder is a step that was ordered. */
void folder_recover(struct agent *a)
{
    int fd = openat(a->steps_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    for (struct dirent *d; dir && (d = readdir(dir));) {
        uint32_t job_id, step_id, attempt;
        struct agent_step *s;
        struct agent_job *job;
        struct stat st;

        if (parse_name(d->d_name, &job_id, &step_id, &attempt) < 0)
            continue;
        job = job_get(a, job_id, attempt, geteuid(), getegid(), NULL);
        s = step_add(a, job, job_id, step_id, attempt);
        if (owner_stat(a, d->d_name, &st) == 0)
            s->uid = job->uid = st.st_uid, job->gid = st.st_gid;
        job->prolog = PROLOG_DONE;
        s->ends_job = step_id == STEP_BATCH;
        s->replied = true;
        shepherd_seek(s);
    }
    if (dir)
        closedir(dir);
}
