/* loader.c - dlopen() with everything checked before the first call. */
#include "config.h"
#include "plugin/loader.h"

#include "bramble/accounting_plugin.h"
#include "bramble/launch_plugin.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/strbuf.h"

#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

struct plugin {
    void *object;
    const struct plugin_base *base;
};

static const size_t launch_required[] = {
    offsetof(struct launch_plugin, init),
    offsetof(struct launch_plugin, fini),
    offsetof(struct launch_plugin, task_prepare),
};
const struct plugin_type plugin_type_launch = {
    "launch", BRAMBLE_LAUNCH_ABI, launch_required, ARRAY_SIZE(launch_required)
};

static const size_t accounting_required[] = {
    offsetof(struct accounting_plugin, init),     offsetof(struct accounting_plugin, fini),
    offsetof(struct accounting_plugin, position), offsetof(struct accounting_plugin, begin),
    offsetof(struct accounting_plugin, put),      offsetof(struct accounting_plugin, commit),
    offsetof(struct accounting_plugin, rollback), offsetof(struct accounting_plugin, query),
};
const struct plugin_type plugin_type_accounting = {
    "accounting", BRAMBLE_ACCOUNTING_ABI, accounting_required, ARRAY_SIZE(accounting_required)
};

const char *plugin_default_dir(void)
{
    const char *dir = geteuid() != 0 ? secure_getenv("BRAMBLE_PLUGIN_DIR") : NULL;

    return dir && *dir == '/' ? dir : BRAMBLE_PLUGINDIR;
}

static bool is_plugin_name(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-')
            return false;
    return len > 0 && len <= 64;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *plugin_list(const char *dir, const struct plugin_type *type)
{
    size_t type_len = strlen(type->name), num = 0;
    struct strbuf sb = STRBUF_INIT;
    struct dirent *entry;
    char **names = NULL;
    DIR *d = opendir(dir ? dir : plugin_default_dir());

    while (d && (entry = readdir(d))) {
        const char *name = entry->d_name, *dot = strrchr(name, '.');

        if (strncmp(name, type->name, type_len) != 0 || name[type_len] != '_' || !dot
            || strcmp(dot, ".so") != 0)
            continue;
        name += type_len + 1;
        if (name >= dot || !is_plugin_name(name, (size_t)(dot - name)))
            continue;
        names = xreallocarray(names, num + 1, sizeof *names);
        names[num++] = xstrndup(name, (size_t)(dot - name));
    }
    if (d)
        closedir(d);
    if (num)
        qsort(names, num, sizeof *names, compare_texts);
    for (size_t i = 0; i < num; i++) {
        strbuf_addf(&sb, i ? " %s" : "%s", names[i]);
        free(names[i]);
    }
    free(names);
    return strbuf_take(&sb);
}

static int check_base(const struct plugin_base *base, const struct plugin_type *type, const char *name,
                      const char *path, struct error *err)
{
    if (base->abi != type->abi)
        return error_set(err, BRE_PLUGIN, "%s is made for version %u of the %s interface, this program has version %u",
                         path, base->abi, type->name, type->abi);
    if (!base->type || strcmp(base->type, type->name) != 0 || !base->name || strcmp(base->name, name) != 0)
        return error_set(err, BRE_PLUGIN, "%s says that it is %s/%s", path, base->type ? base->type : "?",
                         base->name ? base->name : "?");
    for (size_t i = 0; i < type->num_required; i++) {
        void *operation;

        memcpy(&operation, (const char *)base + type->required[i], sizeof operation);
        if (!operation)
            return error_set(err, BRE_PLUGIN, "%s lacks operation %zu of the %s interface", path, i + 1,
                             type->name);
    }
    return 0;
}

static int fail_missing(const char *dir, const struct plugin_type *type, const char *name,
                        struct error *err)
{
    CLEANUP_FREE char *have = plugin_list(dir, type);

    return error_set(err, BRE_PLUGIN, "there is no %s plugin '%.64s' in %s (there is: %s)", type->name,
                     name, dir, *have ? have : "none");
}

struct plugin *plugin_load(const char *dir, const struct plugin_type *type, const char *name,
                           struct error *err)
{
    CLEANUP_FREE char *path = NULL;
    CLEANUP_CLOSE int fd = -1;
    const struct plugin_base *base;
    struct plugin *plugin;
    void *object;

    if (!dir)
        dir = plugin_default_dir();
    if (!is_plugin_name(name, strlen(name))) {
        error_set(err, BRE_PLUGIN, "'%.64s' is no name of a %s plugin", name, type->name);
        return NULL;
    }
    path = xasprintf("%s/%s_%s.so", dir, type->name, name);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        if (errno == ENOENT)
            fail_missing(dir, type, name, err);
        else
            error_set(err, BRE_PLUGIN, "cannot open %s: %s", path, strerror(errno));
        return NULL;
    }
    if (fs_check_owner(fd, path, geteuid(), false, err) < 0)
        return NULL;
    object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object) {
        error_set(err, BRE_PLUGIN, "%s plugin %s: %s", type->name, name, dlerror());
        return NULL;
    }
    base = dlsym(object, "bramble_plugin");
    if (!base)
        error_set(err, BRE_PLUGIN, "%s is no plugin: it exports no bramble_plugin", path);
    if (!base || check_base(base, type, name, path, err) < 0) {
        dlclose(object);
        return NULL;
    }
    plugin = xmalloc(sizeof *plugin);
    *plugin = (struct plugin){ .object = object, .base = base };
    return plugin;
}

const struct plugin_base *plugin_base(const struct plugin *p)
{
    return p->base;
}

void plugin_unload(struct plugin *p)
{
    if (!p)
        return;
    dlclose(p->object);
    free(p);
}
