/* main.c - bramblectld: options, going to the background, the pid file. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bramblectld/ctld.h"
#include "conf/conf.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"

static const char help[] =
    "Usage: bramblectld [OPTION]...\n"
    "The controller of a Bramble cluster.\n\n"
    "  -D, --foreground       stay in the foreground\n"
    "  -f, --config=FILE      read this configuration (default: " BRAMBLE_SYSCONFDIR "/bramble.conf)\n"
    "  -L, --log-file=FILE    write the log there\n"
    "  -v, --verbose          say more; twice: everything\n"
    "      --pid-file=FILE    write the process id there\n"
    "      --plugin-dir=DIR   load plugins from there\n"
    "      --print-key        print the public key that nodes and login hosts pin, and leave\n"
    "      --recover          start although state is damaged: keep what comes before the damage\n"
    "  -V, --version          print the version and leave\n"
    "  -h, --help             print this and leave\n";

enum { OPT_PID_FILE = 256, OPT_PLUGIN_DIR, OPT_PRINT_KEY, OPT_RECOVER };

struct options {
    struct ctld_options ctld;
    const char *log_file, *pid_file;
    unsigned verbose;
    bool foreground, print_key;
};

static void parse(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {
        { "foreground", no_argument, NULL, 'D' },
        { "config", required_argument, NULL, 'f' },
        { "log-file", required_argument, NULL, 'L' },
        { "verbose", no_argument, NULL, 'v' },
        { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' },
        { "pid-file", required_argument, NULL, OPT_PID_FILE },
        { "plugin-dir", required_argument, NULL, OPT_PLUGIN_DIR },
        { "print-key", no_argument, NULL, OPT_PRINT_KEY },
        { "recover", no_argument, NULL, OPT_RECOVER },
        { NULL, 0, NULL, 0 },
    };
    for (int c; (c = getopt_long(argc, argv, "Df:L:vVh", longs, NULL)) != -1;) {
        switch (c) {
        case 'D':
            o->foreground = true;
            break;
        case 'f':
            o->ctld.conf_path = optarg;
            break;
        case 'L':
            o->log_file = optarg;
            break;
        case 'v':
            o->verbose++;
            break;
        case 'V':
            printf("bramblectld %s\n", PACKAGE_VERSION);
            exit(0);
        case 'h':
            fputs(help, stdout);
            exit(0);
        case OPT_PID_FILE:
            o->pid_file = optarg;
            break;
        case OPT_PLUGIN_DIR:
            o->ctld.plugin_dir = optarg;
            break;
        case OPT_PRINT_KEY:
            o->print_key = true;
            break;
        case OPT_RECOVER:
            o->ctld.recover = true;
            break;
        default:
            fputs("Try 'bramblectld --help'.\n", stderr);
            exit(1);
        }
    }
    if (optind < argc) {
        fprintf(stderr, "bramblectld: error: unexpected argument: %s\n", argv[optind]);
        exit(1);
    }
}

static int pid_file_write(const char *path, struct error *err)
{
    char text[32];
    CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (fd < 0 || write(fd, text, (size_t)len) != len)
        return error_set(err, errno, "cannot write pid file %s: %s", path, strerror(errno));
    return 0;
}

/* The parent waits until the child has started or failed, and leaves with its status.  Returns the
 * descriptor by which the child tells, in the child. */
static int go_background(void)
{
    int ends[2];
    char status = 1;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    pid_t pid = fork();
    if (pid < 0)
        return -1;
    if (pid > 0) {
        close(ends[1]);
        while (read(ends[0], &status, 1) < 0 && errno == EINTR)
            ;
        _exit(status);
    }
    close(ends[0]);
    setsid();
    return ends[1];
}

static void started(int tell, const struct options *o)
{
    char ok = 0;
    if (tell < 0)
        return;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        if (o->log_file)
            dup2(null, STDERR_FILENO);
        if (null > STDERR_FILENO)
            close(null);
    }
    if (write(tell, &ok, 1) != 1)
        log_warning("the starting process has gone");
    close(tell);
}

/* More connections than the usual soft limit of descriptors allows. */
static void raise_limits(void)
{
    struct rlimit lim;
    if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
        lim.rlim_cur = lim.rlim_max < 65536 ? lim.rlim_max : 65536;
        (void)setrlimit(RLIMIT_NOFILE, &lim);
    }
    /* One heap for all threads, large blocks given back at once: workers come and go. */
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
    (void)mallopt(M_TRIM_THRESHOLD, 128 << 10);
    lim = (struct rlimit){ 0, 0 }; /* keys stay out of core files */
    (void)setrlimit(RLIMIT_CORE, &lim);
}

static int set_log(struct options *o, struct error *err)
{
    enum log_level level = LOG_LV_INFO;
    unsigned topics = 0;
    struct conf *conf = conf_load(o->ctld.conf_path ? o->ctld.conf_path : BRAMBLE_SYSCONFDIR "/bramble.conf", err);
    if (!conf)
        return -1;
    if (!o->log_file && conf->log_file)
        o->log_file = xstrdup(conf->log_file);
    if (!o->pid_file && conf->pid_file)
        o->pid_file = xstrdup(conf->pid_file);
    if (conf->log_level && log_parse_level(conf->log_level, &level, &topics) < 0)
        log_warning("log_level: unknown word in \"%s\"", conf->log_level);
    if (o->verbose)
        level = LOG_LV_DEBUG;
    if (o->verbose > 1)
        topics = ~0u;
    conf_destroy(conf);
    if (log_open(NULL, o->log_file, true) < 0)
        return error_set(err, errno, "cannot open log file %s: %s", o->log_file, strerror(errno));
    log_set_level(level, topics);
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = { 0 };
    struct error err;
    int tell = -1;
    parse(argc, argv, &o);
    if (o.print_key) {
        CLEANUP_FREE char *key = ctld_key_text(o.ctld.conf_path, &err);
        if (!key) {
            fprintf(stderr, "bramblectld: error: %s\n", err.text);
            return 1;
        }
        puts(key);
        return 0;
    }
    umask(0077);
    raise_limits();
    signal(SIGPIPE, SIG_IGN);
    if (set_log(&o, &err) < 0) {
        fprintf(stderr, "bramblectld: error: %s\n", err.text);
        return 1;
    }
    if (!o.foreground && (tell = go_background()) < 0) {
        fprintf(stderr, "bramblectld: error: cannot go to the background: %s\n", strerror(errno));
        return 1;
    }
    struct ctld *c = ctld_create(&o.ctld, &err);
    if (!c || (o.pid_file && pid_file_write(o.pid_file, &err) < 0)) {
        fprintf(stderr, "bramblectld: error: %s\n", err.text);
        if (o.log_file)
            log_error("%s", err.text);
        ctld_destroy(c);
        return 1;
    }
    started(tell, &o);
    int status = ctld_run(c);
    ctld_destroy(c);
    if (o.pid_file)
        (void)unlink(o.pid_file);
    log_notice("stopped");
    return status;
}
