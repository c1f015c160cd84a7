/* conf.c - load, check as a whole, compare for a reload. */
#include "config.h"
#include "conf/conf_private.h"

#include "conf/conf_file.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/gres.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/num.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>

#define PEOPLE_MAX 1024

static const char *const apart[] = { "nodes", "partitions", "backfill", "accounting", NULL };

void conf_destroy(struct conf *conf)
{
    struct conf_store *store;

    if (!conf)
        return;
    store = conf->store;
    strmap_fini(&store->node_index);
    arena_fini(&store->arena);
    free(store);
    free(conf);
}

static struct conf *conf_create(const char *path)
{
    struct conf *conf = xcalloc(1, sizeof *conf);

    conf->store = xcalloc(1, sizeof *conf->store);
    arena_init(&conf->store->arena, 16384, 0);
    conf->path = arena_strdup(&conf->store->arena, path);
    for (enum conf_section s = CONF_SECTION_TOP; s <= CONF_SECTION_ACCOUNTING; s++)
        conf_set_defaults(conf, s, conf);
    return conf;
}

/* The file and each file it includes must be ours alone: it names programs that run as root. */
static int check_file(const char *path, struct error *err)
{
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return error_set(err, errno, "cannot open %s: %s", path, strerror(errno));
    return fs_check_owner(fd, path, geteuid(), false, err);
}

/* libconfig names an included file as it was written (1.5) or with the folder in front (1.7). */
static int check_include(const struct conf *conf, const char *file, struct error *err)
{
    const char *slash = strrchr(conf->path, '/');
    CLEANUP_FREE char *beside = NULL;

    if (*file == '/' || !slash)
        return check_file(file, err);
    beside = xasprintf("%.*s/%s", (int)(slash - conf->path), conf->path, file);
    return check_file(access(beside, F_OK) == 0 ? beside : file, err);
}

static int check_includes(const struct conf *conf, const config_setting_t *setting, const char **last,
                          struct error *err)
{
    const char *file = config_setting_source_file(setting);
    int num = config_setting_is_aggregate(setting) ? config_setting_length(setting) : 0;

    if (file && (!*last || strcmp(file, *last) != 0)) {
        if (check_include(conf, file, err) < 0)
            return -1;
        *last = file;
    }
    for (int i = 0; i < num; i++)
        if (check_includes(conf, config_setting_get_elem(setting, (unsigned)i), last, err) < 0)
            return -1;
    return 0;
}

/* Names or numbers to uids. */
static int resolve_people(struct conf *conf, const config_t *file, const char *key, const char *list,
                          const uint32_t **uids, size_t *num, struct error *err)
{
    CLEANUP_FREE char *copy = xstrdup(list);
    uint32_t *result;
    char *save = NULL;
    size_t count = 0;

    if (!list)
        return 0;
    result = arena_calloc(&conf->store->arena, PEOPLE_MAX, sizeof *result);
    for (char *name = strtok_r(copy, ", ", &save); name; name = strtok_r(NULL, ", ", &save)) {
        struct passwd pw, *found = NULL;
        char buf[4096];
        uint32_t uid;

        if (count == PEOPLE_MAX)
            return conf_fail(config_lookup(file, key), err, "more than %d users", PEOPLE_MAX);
        if (num_parse_u32(name, 0, UINT32_MAX - 1, &uid, "", NULL) < 0) {
            if (getpwnam_r(name, &pw, buf, sizeof buf, &found) != 0 || !found)
                return conf_fail(config_lookup(file, key), err, "there is no user '%.64s' on this host", name);
            uid = found->pw_uid;
        }
        result[count++] = uid;
    }
    *uids = result;
    *num = count;
    return 0;
}

static int read_section(struct conf *conf, const config_t *file, enum conf_section section,
                        struct error *err)
{
    const config_setting_t *group = config_lookup(file, conf_section_name(section));

    return group ? conf_read_group(conf, group, section, conf, NULL, err) : 0;
}

static int check_whole(struct conf *conf, const config_t *file, struct error *err)
{
    enum log_level level = LOG_LV_INFO;
    unsigned topics = 0;
    struct gres_list licenses;
    struct error why;

    if (log_parse_level(conf->log_level, &level, &topics) < 0)
        return conf_fail(config_lookup(file, "log_level"), err,
                         "\"%.80s\": expected error, warning, notice, info or debug, or topics of debug "
                         "such as \"debug,sched,step\"",
                         conf->log_level);
    if (strlen(conf->cluster_name) > 40 || strpbrk(conf->cluster_name, "/ \t\n%"))
        return conf_fail(config_lookup(file, "cluster_name"), err,
                         "\"%.80s\": expected at most 40 bytes without blanks, '/' or '%%'", conf->cluster_name);
    if (conf->first_job_id >= conf->max_job_id)
        return conf_fail(config_lookup(file, config_lookup(file, "first_job_id") ? "first_job_id" : "max_job_id"),
                         err, "first_job_id = %u must be below max_job_id = %u", conf->first_job_id,
                         conf->max_job_id);
    if (conf->def_mem_per_cpu_mb && conf->def_mem_per_node_mb)
        return conf_fail(config_lookup(file, "def_mem_per_node"), err,
                         "def_mem_per_cpu is given too: give one of them");
    if (gres_list_parse(&licenses, conf->licenses, &why) < 0)
        return conf_fail(config_lookup(file, "licenses"), err, "%s", why.text);
    gres_list_fini(&licenses);
    if (strchr(conf->accounting_type, '/') || strchr(conf->mpi_default, '/'))
        return conf_fail(config_root_setting(file), err, "names of plugins have no '/'");
    return 0;
}

static int read_all(struct conf *conf, config_t *file, struct error *err)
{
    const config_setting_t *root = config_root_setting(file), *nodes, *parts;
    const char *last = NULL;

    if (check_includes(conf, root, &last, err) < 0
        || conf_read_group(conf, root, CONF_SECTION_TOP, conf, apart, err) < 0
        || read_section(conf, file, CONF_SECTION_BACKFILL, err) < 0
        || read_section(conf, file, CONF_SECTION_ACCOUNTING, err) < 0
        || check_whole(conf, file, err) < 0)
        return -1;
    nodes = config_lookup(file, "nodes");
    parts = config_lookup(file, "partitions");
    if ((nodes && conf_read_nodes(conf, nodes, err) < 0)
        || (parts && conf_read_parts(conf, parts, err) < 0)
        || resolve_people(conf, file, "admins", conf->admins, &conf->admin_uids, &conf->num_admins, err) < 0
        || resolve_people(conf, file, "operators", conf->operators, &conf->operator_uids,
                          &conf->num_operators, err)
               < 0)
        return -1;
    if (!nodes || !conf->num_nodes)
        return conf_fail(root, err, "no nodes: expected nodes = ( { name = \"pi[1-4]\"; } );");
    if (!parts || !conf->num_parts)
        return conf_fail(root, err,
                         "no partitions: expected partitions = ( { name = \"all\"; nodes = \"ALL\"; default = "
                         "true; } );");
    return 0;
}

struct conf *conf_load(const char *path, struct error *err)
{
    struct conf *conf = conf_create(path);
    CLEANUP_CONFIG config_t file;

    config_init(&file);
    config_setting_set_hook(config_root_setting(&file), (void *)conf->path);
    if (check_file(path, err) < 0 || conf_file_read(&file, path, err) < 0)
        goto fail;
    /* reading replaced the root setting */
    config_setting_set_hook(config_root_setting(&file), (void *)conf->path);
    if (read_all(conf, &file, err) < 0)
        goto fail;
    return conf;
fail:
    conf_destroy(conf);
    return NULL;
}

static bool same_value(const struct conf_key *key, const struct conf *a, const struct conf *b)
{
    const char *pa = (const char *)a + key->offset, *pb = (const char *)b + key->offset;
    const char *ta, *tb;

    switch (key->type) {
    case CONF_TYPE_TEXT:
    case CONF_TYPE_PATH:
    case CONF_TYPE_NAMES:
        ta = *(const char *const *)(const void *)pa;
        tb = *(const char *const *)(const void *)pb;
        return ta == tb || (ta && tb && !strcmp(ta, tb));
    case CONF_TYPE_BOOL:
        return *(const bool *)(const void *)pa == *(const bool *)(const void *)pb;
    case CONF_TYPE_MB:
        return *(const uint64_t *)(const void *)pa == *(const uint64_t *)(const void *)pb;
    default:
        return *(const uint32_t *)(const void *)pa == *(const uint32_t *)(const void *)pb;
    }
}

int conf_check_reload(const struct conf *old, const struct conf *new, struct error *err)
{
    for (enum conf_section s = CONF_SECTION_TOP; s <= CONF_SECTION_ACCOUNTING; s++) {
        size_t num;
        const struct conf_key *keys = conf_section_keys(s, &num);

        for (size_t i = 0; i < num; i++)
            if (!keys[i].live && !same_value(&keys[i], old, new))
                return error_set(err, BRE_CONFIG,
                                 "%s: %s%s%s cannot change while the controller runs: restart it, or put the "
                                 "old value back",
                                 new->path, conf_section_name(s), s ? "." : "", keys[i].name);
    }
    return 0;
}

const struct conf_node *conf_node_find(const struct conf *conf, const char *name)
{
    return strmap_find(&conf->store->node_index, name);
}
