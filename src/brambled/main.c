/* main.c - brambled: options, background, run. */
#include "config.h"
#include "brambled/agent.h"

#include "conf/client.h"
#include "reactor/reactor.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/hostlist.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/num.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPT_NODE_NAME = 256, OPT_CONTROLLER, OPT_RUN_DIR, OPT_STATE_DIR, OPT_PORT, OPT_LISTEN, OPT_PID_FILE,
       OPT_PLUGIN_DIR, OPT_LIBEXEC_DIR };

static const struct option long_options[] = {
    { "node-name", required_argument, NULL, OPT_NODE_NAME },
    { "controller", required_argument, NULL, OPT_CONTROLLER },
    { "run-dir", required_argument, NULL, OPT_RUN_DIR },
    { "state-dir", required_argument, NULL, OPT_STATE_DIR },
    { "port", required_argument, NULL, OPT_PORT },
    { "listen", required_argument, NULL, OPT_LISTEN },
    { "pid-file", required_argument, NULL, OPT_PID_FILE },
    { "plugin-dir", required_argument, NULL, OPT_PLUGIN_DIR },
    { "libexec-dir", required_argument, NULL, OPT_LIBEXEC_DIR },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { NULL, 0, NULL, 0 },
};

static const char usage_text[] =
    "Usage: brambled [OPTIONS]\n"
    "  -D                     stay in the foreground\n"
    "  -f FILE                read the controller's address from FILE\n"
    "  -L FILE                log to FILE\n"
    "  -v                     say more (twice: debug)\n"
    "  -V                     print the version\n"
    "      --node-name NAME   the node's name (default: the host name)\n"
    "      --controller \"HOST:PORT KEY\"\n"
    "      --run-dir DIR      folder of running steps, on a tmpfs\n"
    "      --state-dir DIR    folder of the board's key, on a disk (default: that of --run-dir if given,\n"
    "                         else for root " BRAMBLE_STATEDIR "d)\n"
    "      --listen ADDRESS   where srun and other boards reach this agent (default 0.0.0.0)\n"
    "      --port PORT        the port there (default 6818; 0: any)\n"
    "      --pid-file FILE    write the process id there\n"
    "      --plugin-dir DIR   --libexec-dir DIR   where plugins and bramblestepd are\n";

struct main_options {
    bool foreground;
    int verbose;
    const char *conf_path, *controller, *node_name, *run_dir, *state_dir, *log_path, *pid_file, *listen;
    const char *plugin_dir, *libexec_dir;
    uint32_t port;
    bool have_port;
    char *made[4]; /* texts put together here */
    unsigned num_made;
};

static const char *keep(struct main_options *m, char *text)
{
    return m->made[m->num_made++] = text;
}

static int parse_options(int argc, char **argv, struct main_options *o, struct error *err)
{
    int opt;

    while ((opt = getopt_long(argc, argv, "Df:L:vVh", long_options, NULL)) != -1) {
        switch (opt) {
        case 'D':
            o->foreground = true;
            break;
        case 'f':
            o->conf_path = optarg;
            break;
        case 'L':
            o->log_path = optarg;
            break;
        case 'v':
            o->verbose++;
            break;
        case 'V':
            puts("brambled " PACKAGE_VERSION);
            exit(0);
        case 'h':
            fputs(usage_text, stdout);
            exit(0);
        case OPT_NODE_NAME:
            o->node_name = optarg;
            break;
        case OPT_CONTROLLER:
            o->controller = optarg;
            break;
        case OPT_RUN_DIR:
            o->run_dir = optarg;
            break;
        case OPT_STATE_DIR:
            o->state_dir = optarg;
            break;
        case OPT_LISTEN:
            o->listen = optarg;
            break;
        case OPT_PID_FILE:
            o->pid_file = optarg;
            break;
        case OPT_PLUGIN_DIR:
            o->plugin_dir = optarg;
            break;
        case OPT_LIBEXEC_DIR:
            o->libexec_dir = optarg;
            break;
        case OPT_PORT:
            if (num_parse_u32(optarg, 0, 65535, &o->port, "--port", err) < 0)
                return -1;
            o->have_port = true;
            break;
        default:
            return error_set(err, EINVAL, "try brambled --help");
        }
    }
    if (optind < argc)
        return error_set(err, EINVAL, "unexpected argument \"%s\"", argv[optind]);
    return 0;
}

/* Where things are when nobody says so: the environment counts only for a plain user. */
static char *stepd_path(const struct main_options *o)
{
    const char *dir = o->libexec_dir;

    if (!dir && getuid() != 0 && getuid() == geteuid())
        dir = getenv("BRAMBLE_LIBEXEC_DIR");
    return xasprintf("%s/bramblestepd", dir ? dir : BRAMBLE_LIBEXECDIR);
}

static char *plugin_path(const struct main_options *o)
{
    const char *dir = o->plugin_dir;

    if (!dir && getuid() != 0 && getuid() == geteuid())
        dir = getenv("BRAMBLE_PLUGIN_DIR");
    return xstrdup(dir ? dir : BRAMBLE_PLUGINDIR);
}

static char *default_run_dir(const char *node_name)
{
    const char *own = getenv("XDG_RUNTIME_DIR");

    if (geteuid() == 0)
        return xasprintf("%s/%s", BRAMBLE_RUNDIR, node_name);
    return own && own[0] == '/' ? xasprintf("%s/bramble/%s", own, node_name)
                                : xasprintf("/tmp/bramble-%u/%s", (unsigned)geteuid(), node_name);
}

static char *own_host_name(void)
{
    char name[256];

    if (gethostname(name, sizeof name) < 0)
        return NULL;
    name[sizeof name - 1] = '\0';
    name[strcspn(name, ".")] = '\0';
    return xstrdup(name);
}

static const char *first_of(const char *a, const char *b)
{
    return a && *a ? a : b && *b ? b : NULL;
}

static int set_up(struct main_options *m, const struct client_conf *conf, struct agent_options *o, struct error *err)
{
    o->controller = conf->target;
    o->node_name = first_of(first_of(m->node_name, conf->node_name), keep(m, own_host_name()));
    if (!o->node_name || host_name_check(o->node_name, err) < 0)
        return error_prefix(err, "node name");
    o->run_dir = first_of(m->run_dir, conf->run_dir);
    if (!o->run_dir)
        o->run_dir = keep(m, default_run_dir(o->node_name));
    /* A run folder of one's own choosing holds the key too; the default one is gone after a reboot. */
    o->state_dir = m->state_dir                  ? m->state_dir
                   : m->run_dir || geteuid() != 0 ? o->run_dir
                                                  : BRAMBLE_STATEDIR "d";
    if (o->run_dir[0] != '/' || o->state_dir[0] != '/')
        return error_set(err, EINVAL, "--run-dir and --state-dir must be absolute paths");
    o->listen = m->listen ? m->listen : "0.0.0.0";
    o->port = m->have_port ? (uint16_t)m->port : conf->agent_port ? conf->agent_port : 6818;
    o->stepd_path = keep(m, stepd_path(m));
    o->plugin_dir = keep(m, plugin_path(m));
    o->log_path = first_of(m->log_path, conf->log_file);
    return 0;
}

/* Into the background: the parent leaves when the child says that it stands, or why not. */
static int go_to_background(int *ready_fd)
{
    int ends[2];
    char said;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0 || (pid = fork()) < 0)
        return -1;
    if (pid > 0) {
        close(ends[1]);
        _exit(read(ends[0], &said, 1) == 1 ? 0 : 1);
    }
    close(ends[0]);
    setsid();
    *ready_fd = ends[1];
    return 0;
}

static void detach_streams(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return;
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    if (null > STDERR_FILENO)
        close(null);
}

static int write_pid_file(const char *path, struct error *err)
{
    char text[16];
    CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

    snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (fd < 0 || fs_write_all(fd, text, strlen(text)) < 0)
        return error_set(err, errno, "%s: %s", path, strerror(errno));
    return 0;
}

static int fail(const struct error *err)
{
    fprintf(stderr, "brambled: error: %s\n", err->text);
    return 1;
}

int main(int argc, char **argv)
{
    struct main_options m = { 0 };
    struct client_conf conf = { 0 };
    struct agent_options o = { 0 };
    struct error err = { 0 };
    enum log_level level = LOG_LV_INFO;
    unsigned topics = 0;
    struct reactor *r;
    struct agent *a;
    int ready = -1, code;

    if (parse_options(argc, argv, &m, &err) < 0 || client_conf_load(m.conf_path, m.controller, &conf, &err) < 0
        || set_up(&m, &conf, &o, &err) < 0)
        return fail(&err);
    umask(022);
    signal(SIGPIPE, SIG_IGN);
    /* One connection to look up and prove now and then: one worker, one heap. */
    setenv("UV_THREADPOOL_SIZE", "1", 1);
    mallopt(M_ARENA_MAX, 1);
    if (sodium_init() < 0)
        return 1;
    if (log_open(o.log_path ? "" : "brambled", o.log_path, o.log_path != NULL) < 0) {
        error_set(&err, errno, "%s: %s", o.log_path, strerror(errno));
        return fail(&err);
    }
    if (conf.log_level[0])
        log_parse_level(conf.log_level, &level, &topics);
    if (m.verbose) {
        level = LOG_LV_DEBUG;
        topics = m.verbose > 1 ? 0 : topics | DBG_NODE | DBG_STEP | DBG_LAUNCH;
    }
    log_set_level(level, topics);
    if (!m.foreground && go_to_background(&ready) < 0) {
        error_set(&err, errno, "cannot go to the background: %s", strerror(errno));
        return fail(&err);
    }
    if (!(r = reactor_create(&err)) || !(a = agent_create(r, &o, &err))
        || (m.pid_file && write_pid_file(m.pid_file, &err) < 0))
        return fail(&err);
    log_notice("brambled " PACKAGE_VERSION " started as node %s, port of agent ready", o.node_name);
    if (ready >= 0) {
        if (write(ready, "", 1) != 1)
            return 1;
        close(ready);
        if (chdir("/") == 0 && o.log_path)
            detach_streams();
    }
    code = reactor_run(r);
    if (m.pid_file)
        unlink(m.pid_file);
    agent_destroy(a);
    reactor_destroy(r);
    for (unsigned i = 0; i < m.num_made; i++)
        free(m.made[i]);
    return code;
}
