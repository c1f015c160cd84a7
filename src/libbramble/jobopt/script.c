/* script.c - batch scripts: where they are found, how much of them is read, what is refused. */
#include "config.h"
#include "jobopt/jobopt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"

#define SCRIPT_CHUNK 65536
#define FIFO_WAIT_MS 5000
#define SHEBANG_MAX 255 /* Linux reads no more of it */

static int check_head(const char *text, size_t len, struct error *err)
{
    const char *newline;

    if (!len)
        return error_set(err, BRE_SCRIPT_EMPTY, "Batch script is empty!");
    if (strspn(text, " \t\r\n") >= len)
        return error_set(err, BRE_SCRIPT_EMPTY, "Batch script contains only whitespace!");
    if (len < 2 || memcmp(text, "#!", 2) != 0)
        return error_set(err, BRE_SCRIPT_BAD,
                         "This does not look like a batch script.  The first\n"
                         "line must start with #! followed by the path to an interpreter.\n"
                         "For instance: #!/bin/sh");
    newline = memchr(text, '\n', len);
    if (newline && newline > text && newline[-1] == '\r')
        return error_set(err, BRE_SCRIPT_BAD,
                         "Batch script contains DOS line breaks (\\r\\n)\n"
                         "instead of expected UNIX line breaks (\\n).");
    return 0;
}

int batch_script_check(const char *text, size_t len, struct error *err)
{
    const char *newline, *interpreter;
    size_t first, blanks;

    if (check_head(text, len, err) < 0)
        return -1;
    if (memchr(text, '\0', len))
        return error_set(err, BRE_SCRIPT_BAD,
                         "The Slurm controller does not allow scripts that\n"
                         "contain a NULL character '\\0'.");
    for (const char *p = text; (p = memchr(p, '\r', len - (size_t)(p - text))); p++)
        if (p + 1 < text + len && p[1] == '\n')
            return error_set(err, BRE_SCRIPT_BAD,
                             "Batch script contains DOS line breaks (\\r\\n)\n"
                             "instead of expected UNIX line breaks (\\n).");
    newline = memchr(text, '\n', len);
    first = newline ? (size_t)(newline - text) : len;
    interpreter = text + 2;
    blanks = strspn(interpreter, " \t");
    if (2 + blanks >= first)
        return error_set(err, BRE_SCRIPT_BAD,
                         "Job script not specified or invalid: its first line names no interpreter behind #!");
    if (interpreter[blanks] != '/')
        return error_set(err, BRE_SCRIPT_BAD,
                         "Job script not specified or invalid: the interpreter of its first line must be an "
                         "absolute path, for instance #!/bin/sh");
    if (first > SHEBANG_MAX)
        return error_set(err, BRE_SCRIPT_BAD,
                         "Job script not specified or invalid: its first line has %zu bytes, the system takes "
                         "at most %d",
                         first, SHEBANG_MAX);
    return 0;
}

/* A FIFO that nobody writes to must not hold the command up. */
static int wait_readable(int fd, const char *name, struct error *err)
{
    struct pollfd wanted = { .fd = fd, .events = POLLIN };
    int got = poll(&wanted, 1, FIFO_WAIT_MS);

    if (got == 0)
        return error_set(err, ETIMEDOUT, "Unable to open file %.255s: it is a FIFO that nobody has written to for %d s",
                         name, FIFO_WAIT_MS / 1000);
    return 0;
}

static int script_read(int fd, const char *name, bool is_fifo, struct batch_script *script, struct error *err)
{
    CLEANUP_FREE char *text = NULL;
    size_t len = 0, cap = 0;

    for (;;) {
        ssize_t got;

        if (cap - len < SCRIPT_CHUNK + 1) {
            cap = cap ? cap * 2 : 2 * SCRIPT_CHUNK;
            text = xrealloc(text, cap);
        }
        if (is_fifo && !len && wait_readable(fd, name, err) < 0)
            return -1;
        got = read(fd, text + len, SCRIPT_CHUNK);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            return error_set(err, errno, "Batch script is empty!: cannot read %.255s: %s", name, strerror(errno));
        if (got == 0)
            break;
        len += (size_t)got;
        text[len] = '\0';
        /* What cannot be a script is known early: /dev/zero never ends. */
        if (len >= 2 && check_head(text, len, err) < 0)
            return -1;
        if (memchr(text + len - got, '\0', (size_t)got))
            return error_set(err, BRE_SCRIPT_BAD,
                             "The Slurm controller does not allow scripts that\n"
                             "contain a NULL character '\\0'.");
        if (len > BATCH_SCRIPT_MAX)
            return error_set(err, BRE_TOO_BIG,
                             "Batch job submission failed: Pathname of a file, directory or other parameter too "
                             "long: a batch script may have %u MiB, keep data in files beside it",
                             BATCH_SCRIPT_MAX >> 20);
    }
    if (batch_script_check(text, len, err) < 0)
        return -1;
    text[len] = '\0';
    script->text = TAKE(text);
    script->len = len;
    return 0;
}

/* "./x" and "x/y" are taken as they are; a plain name is looked for here, then in PATH. */
static char *script_find(const char *path, const char *work_dir)
{
    const char *dirs = getenv("PATH");

    if (*path == '/')
        return xstrdup(path);
    if (work_dir) {
        char *there = xasprintf("%s/%s", work_dir, path);

        if (access(there, R_OK) == 0)
            return there;
        free(there);
    }
    if (access(path, R_OK) == 0 || *path == '.' || strchr(path, '/') || !dirs)
        return xstrdup(path);
    while (*dirs) {
        size_t len = strcspn(dirs, ":");
        char *there = xasprintf("%.*s/%s", len ? (int)len : 1, len ? dirs : ".", path);
        struct stat st;

        if (access(there, R_OK) == 0 && stat(there, &st) == 0 && S_ISREG(st.st_mode))
            return there;
        free(there);
        dirs += len + (dirs[len] == ':');
    }
    return xstrdup(path);
}

/* As Slurm shows it: below the current folder as the user wrote it. */
static char *path_absolute(const char *path)
{
    char cwd[4096];

    if (path[0] == '/' || !getcwd(cwd, sizeof cwd))
        return xstrdup(path);
    return xasprintf("%s/%s", cwd, path);
}

int batch_script_load(const char *path, const char *work_dir, struct batch_script *script,
                      struct error *err)
{
    CLEANUP_FREE char *found = NULL;
    CLEANUP_CLOSE int fd = -1;
    const char *slash;
    struct stat st;

    if (!path) {
        if (script_read(STDIN_FILENO, "standard input", false, script, err) < 0)
            return -1;
        script->name = xstrdup("sbatch");
        return 0;
    }
    found = script_find(path, work_dir);
    if ((fd = open(found, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) < 0)
        return error_set(err, errno, "Unable to open file %.255s: %s", path, strerror(errno));
    if (fstat(fd, &st) < 0)
        return error_set(err, errno, "Unable to open file %.255s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return error_set(err, EISDIR, "Batch script is empty!: %.255s is a folder", path);
    if (S_ISREG(st.st_mode) && st.st_size > (off_t)BATCH_SCRIPT_MAX)
        return error_set(err, BRE_TOO_BIG,
                         "Batch job submission failed: Pathname of a file, directory or other parameter too "
                         "long: %.255s has %lld MiB, a batch script may have %u MiB; keep data in files beside it",
                         path, (long long)st.st_size >> 20, BATCH_SCRIPT_MAX >> 20);
    if (script_read(fd, path, S_ISFIFO(st.st_mode), script, err) < 0)
        return -1;
    slash = strrchr(path, '/');
    script->name = xstrdup(slash && slash[1] ? slash + 1 : path);
    script->path = path_absolute(found);
    return 0;
}

int batch_script_wrap(const char *command, struct batch_script *script, struct error *err)
{
    if (strlen(command) > BATCH_SCRIPT_MAX - 256)
        return error_set(err, BRE_TOO_BIG, "--wrap: a batch script may have %u MiB", BATCH_SCRIPT_MAX >> 20);
    script->text = xasprintf("#!/bin/sh\n# This script was created by sbatch --wrap.\n\n%s\n", command);
    script->len = strlen(script->text);
    script->name = xstrdup("wrap");
    return 0;
}

void batch_script_fini(struct batch_script *script)
{
    free(script->text);
    free(script->path);
    free(script->name);
    *script = (struct batch_script){ 0 };
}

int user_file_read(const char *path, size_t max_len, char **text, size_t *len, struct error *err)
{
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return error_set(err, errno, "%.255s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(err, EINVAL, "%.255s: is no regular file", path);
    return fs_read_fd(fd, path, max_len, text, len, err);
}
