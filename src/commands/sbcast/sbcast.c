/* sbcast.c - a file, and perhaps the libraries it needs, to the nodes of a job.
 *
 * A step of its own kind carries them: on each node a task that has become the user reads the stream
 * from its standard input and puts the files into place.  The way there is srun's: sealed with the
 * step's key, and no faster than the slowest node takes it.
 */
#include "config.h"
#include "commands/sbcast/sbcast.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/client.h"
#include "commands/sbcast/libs.h"
#include "commands/sbcast/pack.h"
#include "srun/srun_private.h"
#include "util/carry.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/num.h"

#define BLOCK_DEFAULT (8u << 20)
#define BLOCK_MAX (1u << 30)
#define FILES_MAX 1025 /* the file, and its libraries */
#define EXCLUDE_DEFAULT "/lib,/usr/lib,/lib64,/usr/lib64"

enum { SBCAST_EXCLUDE = 300, SBCAST_LIBS, SBCAST_NODELIST };

const struct show_option sbcast_options[] = {
    SHOW_OPTION_AUTOCOMPLETE,
    { "compress", 'C', OPT_MAYBE, "SBCAST_COMPRESS", "lib", "none: the files are sent as they are", NULL },
    { "exclude", SBCAST_EXCLUDE, OPT_ARG, "SBCAST_EXCLUDE", "paths", "folders whose libraries are not sent", NULL },
    { "fanout", 'F', OPT_ARG, "SBCAST_FANOUT", "number", "reach at most so many nodes at a time", NULL },
    { "force", 'f', OPT_NONE, "SBCAST_FORCE", NULL, "replace the file if it is there", NULL },
    { "help", 301 + SBCAST_NODELIST, OPT_NONE, NULL, NULL, "print this text", NULL },
    { "jobid", 'j', OPT_ARG, "SLURM_JOB_ID", "job[.step]", "nodes of this job or step", NULL },
    { "nodelist", SBCAST_NODELIST, OPT_ARG, NULL, "nodes", "only these nodes of the job", NULL },
    { "preserve", 'p', OPT_NONE, "SBCAST_PRESERVE", NULL, "keep the times too", NULL },
    { "send-libs", SBCAST_LIBS, OPT_MAYBE, "SBCAST_SEND_LIBS", "yes|no", "the program's shared objects too", NULL },
    { "size", 's', OPT_ARG, "SBCAST_SIZE", "bytes", "read so much of the file at a time", NULL },
    { "timeout", 't', OPT_ARG, "SBCAST_TIMEOUT", "seconds", "how long to wait for the controller", NULL },
    SHOW_OPTION_USAGE,
    { "verbose", 'v', OPT_NONE, NULL, NULL, "more messages", NULL },
    SHOW_OPTION_VERSION,
};
const size_t sbcast_num_options = ARRAY_SIZE(sbcast_options);

struct sbcast {
    struct console *con;
    struct srun run;
    const char *source, *exclude;
    char *dest;
    uint32_t flags;
    uint64_t block;
    bool send_libs, have_job, have_step;
    uint32_t step_id;
    struct pack_file files[FILES_MAX];
    size_t num_files;
};

static int bad_value(const struct sbcast *b, const char *option, const char *value, const char *due)
{
    console_error(b->con, "Invalid %s specification: %s: %s is due", option, value, due);
    return -1;
}

/* 12, 12.3; "12.0" chooses the nodes of that step. */
static int read_job(struct sbcast *b, const char *value)
{
    CLEANUP_FREE char *job = xstrndup(value, strcspn(value, "."));
    const char *dot = strchr(value, '.');

    if (num_parse_u32(job, 1, UINT32_MAX, &b->run.options.job_id, "", NULL) < 0
        || (dot && num_parse_u32(dot + 1, 0, UINT32_MAX, &b->step_id, "", NULL) < 0))
        return bad_value(b, "--jobid", value, "the number of a job, or of a job and a step as 12.3,");
    b->have_job = true;
    b->have_step = dot != NULL;
    return 0;
}

static int on_option(void *arg, int letter, const char *value)
{
    struct sbcast *b = arg;
    struct job_options *o = &b->run.options;

    switch (letter) {
    case 'C':
        if (!value || strcmp(value, "none"))
            log_error("Compression type '%s' unknown, disabling compression support.", value ? value : "lz4");
        return 0;
    case SBCAST_EXCLUDE:
        b->exclude = strcmp(value, "NONE") ? value : "";
        return 0;
    case 'F':
        return num_parse_u32(value, 1, UINT32_MAX - 2, &o->threads, "", NULL) < 0
                   ? bad_value(b, "--fanout", value, "a number above 0")
                   : 0;
    case 'f':
        b->flags |= CARRY_FORCE;
        return 0;
    case 'j':
        return read_job(b, value);
    case SBCAST_NODELIST:
        free(o->nodelist);
        o->nodelist = xstrdup(value);
        return 0;
    case 'p':
        b->flags |= CARRY_PRESERVE;
        return 0;
    case SBCAST_LIBS:
        if (value && strcmp(value, "yes") && strcmp(value, "no"))
            return bad_value(b, "--send-libs", value, "yes or no");
        b->send_libs = !value || !strcmp(value, "yes");
        return 0;
    case 's':
        if (size_parse_bytes(value, 'B', &b->block, "", NULL) < 0 || !b->block || b->block > BLOCK_MAX)
            return bad_value(b, "--size", value, "a number of bytes up to 1G");
        return 0;
    case 't':
        return num_parse_u32(value, 1, 86400, &o->msg_timeout_sec, "", NULL) < 0
                   ? bad_value(b, "--timeout", value, "a number of seconds")
                   : 0;
    case 'v':
        o->verbose++;
        return 0;
    default:
        return 0;
    }
}

static int add_file(struct sbcast *b, const char *path, char *dest, uint32_t flags)
{
    struct pack_file *f = &b->files[b->num_files];
    struct stat st;

    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    f->path = dest;
    f->flags = flags;
    if (f->fd < 0) {
        log_error("Can't open `%s`: %s", path, strerror(errno));
        return -1;
    }
    b->num_files++;
    if (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        log_error("Can't open `%s`: %s", path, S_ISDIR(st.st_mode) ? "Is a directory" : "it is no regular file");
        return -1;
    }
    if (!st.st_size)
        log_error("Warning: file `%s` is empty.", path);
    return 0;
}

static int add_libs(struct sbcast *b)
{
    struct error err = { 0 };
    char **paths;
    size_t num;
    int rc = 0;

    if (libs_find(b->source, b->exclude, &paths, &num, &err) < 0) {
        error_log_lines(&err);
        return -1;
    }
    for (size_t i = 0; i < num; i++) {
        const char *name = strrchr(paths[i], '/') + 1;

        if (rc == 0 && b->num_files < FILES_MAX)
            rc = add_file(b, paths[i], xasprintf("%s_libs/%s", b->dest, name), CARRY_FORCE | CARRY_PARENT);
        free(paths[i]);
    }
    free(paths);
    return rc;
}

/* The nodes of --jobid=JOB.STEP. */
static int read_step_nodes(struct sbcast *b)
{
    Wire__StepRequest ask = WIRE__STEP_REQUEST__INIT;
    struct job_options *o = &b->run.options;
    struct error err = { 0 };
    Wire__StepReply *reply;

    ask.has_job_id = ask.has_resume_step_id = 1;
    ask.job_id = o->job_id;
    ask.resume_step_id = b->step_id;
    reply = (Wire__StepReply *)b->con->source->call(b->con->source, MSG_STEP, &ask.base, MSG_STEP_REPLY, &err);
    if (!reply || !reply->layout) {
        log_error("Slurm job %u.%u lookup error: %s", o->job_id, b->step_id, error_code_text(BRE_JOB_ID));
        rpc_msg_free((ProtobufCMessage *)reply);
        return -1;
    }
    if (!o->nodelist)
        o->nodelist = xstrdup(reply->layout->node_list);
    rpc_msg_free((ProtobufCMessage *)reply);
    return 0;
}

static void tell_options(const struct sbcast *b)
{
    log_info("block_size = %llu", (unsigned long long)b->block);
    log_info("exclude    = %s", b->exclude);
    log_info("force      = %s", b->flags & CARRY_FORCE ? "true" : "false");
    log_info("preserve   = %s", b->flags & CARRY_PRESERVE ? "true" : "false");
    log_info("send_libs  = %s", b->send_libs ? "true" : "false");
    log_info("source     = %s", b->source);
    log_info("dest       = %s", b->dest);
    log_info("jobid      = %u", b->run.options.job_id);
}

static int prepare(struct sbcast *b, char *const *names)
{
    char cwd[PATH_MAX];

    if (!b->have_job) {
        log_error("Need a job id to run this command.  Run from within a Slurm job or use the --jobid option.");
        return 1;
    }
    b->source = names[0];
    if (!*names[1] || names[1][strlen(names[1]) - 1] == '/') {
        log_error("Target filename cannot be a directory.");
        return 1;
    }
    if (names[1][0] != '/' && !getcwd(cwd, sizeof cwd)) {
        log_error("the current folder cannot be named: %s", strerror(errno));
        return 1;
    }
    b->dest = names[1][0] == '/' ? xstrdup(names[1]) : xasprintf("%s/%s", cwd, names[1]);
    if (strlen(b->dest) > CARRY_PATH_MAX - 300) {
        log_error("%s: %s", b->dest, strerror(ENAMETOOLONG));
        return 1;
    }
    if (add_file(b, b->source, xstrdup(b->dest), b->flags) < 0 || (b->send_libs && add_libs(b) < 0)
        || (b->have_step && read_step_nodes(b) < 0))
        return EXIT_OPTION;
    return 0;
}

static int carry(struct sbcast *b, int argc, char **argv)
{
    char name[] = "sbcast", *program[] = { name, NULL };
    struct srun *s = &b->run;
    struct error err = { 0 };
    pid_t packer;
    int rc;

    s->argv = program;
    s->argc = 1;
    s->step_name = xstrdup(name);
    s->submit_line = submit_line_format(argc, argv);
    s->inside = s->receive_files = true;
    s->in.mode = STREAM_LOCAL;
    s->options.overlap = s->options.overcommit = s->options.quit_on_interrupt = true;
    s->options.quiet = !s->options.verbose;
    if ((s->in_fd = pack_start(b->files, b->num_files, (size_t)b->block, &packer, &err)) < 0) {
        error_log_lines(&err);
        return exit_error_code();
    }
    rc = srun_run(s);
    if (pack_wait(packer) < 0 && !rc)
        rc = 1;
    nodes_fini(s);
    request_fini(s);
    return rc;
}

int sbcast_run(struct console *con, int argc, char **argv)
{
    CLEANUP_FREE struct sbcast *b = xcalloc(1, sizeof *b);
    int next, rc;

    b->con = con;
    b->run = (struct srun){ .in_fd = -1, .out_fd = -1, .err_fd = -1 };
    b->exclude = EXCLUDE_DEFAULT;
    b->block = BLOCK_DEFAULT;
    job_options_init(&b->run.options, CMD_SRUN);
    next = options_parse(con, argc, argv, sbcast_options, sbcast_num_options, on_option, b);
    if (next >= 0 && argc - next != 2) {
        fprintf(con->err, "Need two file names, have %d names\nTry \"sbcast --help\" for more information\n",
                argc - next);
        next = -1;
    }
    if (next < 0) {
        rc = next == OPTIONS_LEAVE ? 0 : 1;
    } else if ((rc = prepare(b, argv + next)) == 0) {
        if (b->run.options.verbose)
            tell_options(b);
        rc = carry(b, argc, argv);
    }
    for (size_t i = 0; i < b->num_files; i++) {
        close(b->files[i].fd);
        free(b->files[i].path);
    }
    free(b->dest);
    job_options_fini(&b->run.options);
    return rc;
}
