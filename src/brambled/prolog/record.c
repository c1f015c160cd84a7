/* record.c - what the node remembers of a job's prolog and epilog: one file in run_dir for each.
 *
 *   BOOT_ID UID GID USER     written by the agent, before
 *   begun                    written by the keeper (bramblestepd --keep), before it starts the program
 *   ended STATUS LATE        written by the keeper when the program has ended
 *
 * The keeper holds a lock on the file for its whole life.  So an agent that is started again learns
 * whether the program has not begun, still runs, has ended and how, or was left half done; and whose
 * job it is, when no step of it is here.  A file of an earlier boot tells of nothing that is left.
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
#include <unistd.h>

#define RECORD_BYTES 4096
#define LOCK_FD_MIN 5 /* above those that a keeper gets */
#define KINDS 2

static const char *const kinds[KINDS] = { "prolog", "epilog" };

static void record_name(char buf[STEP_NAME_MAX], const char *kind, uint32_t job_id, uint32_t attempt)
{
    snprintf(buf, STEP_NAME_MAX, "%s.%u.%u", kind, job_id, attempt);
}

static void boot_id_read(char buf[64])
{
    CLEANUP_CLOSE int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : fs_read_all(fd, buf, 63);

    buf[n > 0 ? n : 0] = '\0';
    buf[strcspn(buf, " \n")] = '\0';
    if (!*buf)
        snprintf(buf, 64, "-");
}

int record_begin(const struct agent *a, const char *kind, const struct agent_job *job, struct error *err)
{
    char name[STEP_NAME_MAX], boot_id[64], text[512];
    CLEANUP_CLOSE int fd = -1;
    int high;

    record_name(name, kind, job->job_id, job->attempt);
    boot_id_read(boot_id);
    snprintf(text, sizeof text, "%s %u %u %s\n", boot_id, job->uid, job->gid, *job->user_name ? job->user_name : "-");
    if (unlinkat(a->run_fd, name, 0) < 0 && errno != ENOENT)
        return error_set(err, errno, "cannot remove %s/%s: %s", a->opts.run_dir, name, strerror(errno));
    fd = openat(a->run_fd, name, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || fs_write_all(fd, text, strlen(text)) < 0
        || (high = fcntl(fd, F_DUPFD_CLOEXEC, LOCK_FD_MIN)) < 0) {
        error_set(err, errno, "cannot write %s/%s: %s", a->opts.run_dir, name, strerror(errno));
        if (fd >= 0)
            unlinkat(a->run_fd, name, 0);
        return -1;
    }
    return high;
}

int record_end(const struct agent *a, const char *kind, const struct agent_job *job, struct error *err)
{
    static const char text[] = "begun\nended 0 0\n";
    CLEANUP_CLOSE int fd = record_begin(a, kind, job, err);

    if (fd < 0)
        return -1;
    return fs_write_all(fd, text, sizeof text - 1) < 0 ? error_set(err, errno, "%s", strerror(errno)) : 0;
}

/* One read: the file as it was at one moment. */
static int record_load(const struct agent *a, const char *name, char text[RECORD_BYTES], bool *locked)
{
    CLEANUP_CLOSE int fd = openat(a->run_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -1;
    *locked = flock(fd, LOCK_SH | LOCK_NB) < 0; /* before it is read: who has let go has written */
    n = fs_read_all(fd, text, RECORD_BYTES - 1);
    text[n > 0 ? n : 0] = '\0';
    return n > 0 ? 0 : -1;
}

enum record_state record_read(const struct agent *a, const char *kind, const struct agent_job *job, int *status, bool *late)
{
    char name[STEP_NAME_MAX], text[RECORD_BYTES], *end;
    bool locked;
    int is_late;

    record_name(name, kind, job->job_id, job->attempt);
    if (record_load(a, name, text, &locked) < 0)
        return RECORD_NONE;
    if ((end = strstr(text, "\nended ")) && sscanf(end, "\nended %d %d", status, &is_late) == 2) {
        *late = is_late;
        return RECORD_ENDED;
    }
    if (locked)
        return RECORD_RUNS;
    return strstr(text, "\nbegun\n") ? RECORD_BROKEN : RECORD_NONE;
}

void records_remove(const struct agent *a, uint32_t job_id, uint32_t attempt)
{
    char name[STEP_NAME_MAX];

    for (int i = 0; i < KINDS; i++) {
        record_name(name, kinds[i], job_id, attempt);
        unlinkat(a->run_fd, name, 0);
    }
}

static void recover(struct agent *a, const char *name, const char *boot_id)
{
    char text[RECORD_BYTES], boot[64], user[257], tail;
    uint32_t job_id, attempt, uid, gid;
    struct agent_job *job;
    bool locked;

    if (sscanf(name, "prolog.%u.%u%c", &job_id, &attempt, &tail) != 2
        && sscanf(name, "epilog.%u.%u%c", &job_id, &attempt, &tail) != 2)
        return;
    if (record_load(a, name, text, &locked) < 0 || sscanf(text, "%63s %u %u %256s", boot, &uid, &gid, user) != 4
        || (strcmp(boot, boot_id) && !locked)) {
        unlinkat(a->run_fd, name, 0);
        return;
    }
    job = job_get(a, job_id, attempt, uid, gid, strcmp(user, "-") ? user : "");
    if (job->attempt == attempt)
        job->recorded = true;
}

void records_recover(struct agent *a)
{
    int fd = openat(a->run_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    char boot_id[64];

    boot_id_read(boot_id);
    for (struct dirent *d; dir && (d = readdir(dir));)
        recover(a, d->d_name, boot_id);
    if (dir)
        closedir(dir);
}
