/* env.c - an environment as a vector of strings that live in an arena. */
#include "config.h"
#include "jobenv/env.h"

#include "util/arena.h"
#include "util/mem.h"

#include <stdint.h>
#include <string.h>

struct env {
    char **entries; /* count of them, then NULL */
    uint32_t *keys; /* a hash of each name: most names begin alike, and there is one look a variable */
    size_t count, cap;
    struct arena arena;
};

struct env *env_create(void)
{
    struct env *env = xcalloc(1, sizeof *env);

    arena_init(&env->arena, 8192, 0);
    env->cap = 64;
    env->entries = xcalloc(env->cap, sizeof *env->entries);
    env->keys = xcalloc(env->cap, sizeof *env->keys);
    return env;
}

void env_destroy(struct env *env)
{
    if (!env)
        return;
    arena_fini(&env->arena);
    free(env->entries);
    free(env->keys);
    free(env);
}

static uint32_t name_key(const char *name, size_t len)
{
    uint32_t key = 2166136261u;

    for (size_t i = 0; i < len; i++)
        key = (key ^ (uint8_t)name[i]) * 16777619u;
    return key;
}

/* Place of a name of len bytes, or count. */
static size_t env_index(const struct env *env, const char *name, size_t len)
{
    uint32_t key = name_key(name, len);
    size_t i = 0;

    while (i < env->count
           && (env->keys[i] != key || strncmp(env->entries[i], name, len) != 0 || env->entries[i][len] != '='))
        i++;
    return i;
}

/* entry lives in the arena; its name has len bytes. */
static void env_put(struct env *env, char *entry, size_t len)
{
    size_t i = env_index(env, entry, len);

    if (i == env->count) {
        if (env->count + 2 > env->cap) {
            env->cap *= 2;
            env->entries = xreallocarray(env->entries, env->cap, sizeof *env->entries);
            env->keys = xreallocarray(env->keys, env->cap, sizeof *env->keys);
        }
        env->entries[++env->count] = NULL;
    }
    env->entries[i] = entry;
    env->keys[i] = name_key(entry, len);
}

struct env *env_from_vector(char *const *vector)
{
    struct env *env = env_create();

    for (; vector && *vector; vector++) {
        const char *equals = strchr(*vector, '=');

        if (equals && equals != *vector)
            env_put(env, arena_strdup(&env->arena, *vector), (size_t)(equals - *vector));
    }
    return env;
}

struct env *env_from_blob(const void *blob, size_t len)
{
    struct env *env = env_create();
    char *copy = arena_alloc(&env->arena, len + 1), *end = copy + len;

    if (len)
        memcpy(copy, blob, len);
    *end = '\0';
    for (char *p = copy; p < end; p += strlen(p) + 1) {
        char *equals = strchr(p, '=');

        if (equals && equals != p)
            env_put(env, p, (size_t)(equals - p));
    }
    return env;
}

void env_set(struct env *env, const char *name, const char *value)
{
    size_t name_len = strlen(name), value_len;
    char *entry;

    if (!value) {
        env_unset(env, name);
        return;
    }
    if (!name_len || strchr(name, '='))
        return;
    value_len = strlen(value);
    entry = arena_alloc(&env->arena, name_len + value_len + 2);
    memcpy(entry, name, name_len);
    entry[name_len] = '=';
    memcpy(entry + name_len + 1, value, value_len + 1);
    env_put(env, entry, name_len);
}

void env_setf(struct env *env, const char *name, const char *fmt, ...)
{
    CLEANUP_FREE char *value = NULL;
    va_list ap;

    va_start(ap, fmt);
    value = xvasprintf(fmt, ap);
    va_end(ap);
    env_set(env, name, value);
}

void env_set_default(struct env *env, const char *name, const char *value)
{
    if (value && !env_has(env, name))
        env_set(env, name, value);
}

void env_unset(struct env *env, const char *name)
{
    size_t i = env_index(env, name, strlen(name));

    if (i == env->count)
        return;
    memmove(env->keys + i, env->keys + i + 1, (env->count - i - 1) * sizeof *env->keys);
    memmove(env->entries + i, env->entries + i + 1, (env->count-- - i) * sizeof *env->entries);
}

void env_unset_prefix(struct env *env, const char *prefix)
{
    size_t len = strlen(prefix), kept = 0;

    for (size_t i = 0; i < env->count; i++)
        if (strncmp(env->entries[i], prefix, len) != 0) {
            env->keys[kept] = env->keys[i];
            env->entries[kept++] = env->entries[i];
        }
    env->count = kept;
    env->entries[kept] = NULL;
}

void env_unset_if(struct env *env, bool (*match)(const char *name))
{
    size_t kept = 0;

    for (size_t i = 0; i < env->count; i++) {
        CLEANUP_FREE char *name = xstrndup(env->entries[i], strcspn(env->entries[i], "="));

        if (match(name))
            continue;
        env->keys[kept] = env->keys[i];
        env->entries[kept++] = env->entries[i];
    }
    env->count = kept;
    env->entries[kept] = NULL;
}

const char *env_get(const struct env *env, const char *name)
{
    size_t len = strlen(name), i = env_index(env, name, len);

    return i < env->count ? env->entries[i] + len + 1 : NULL;
}

bool env_has(const struct env *env, const char *name)
{
    return env_get(env, name) != NULL;
}

size_t env_count(const struct env *env)
{
    return env->count;
}

char **env_vector(struct env *env)
{
    return env->entries;
}

char *env_to_blob(const struct env *env, size_t *len)
{
    size_t total = 0;
    char *blob, *p;

    for (size_t i = 0; i < env->count; i++)
        total += strlen(env->entries[i]) + 1;
    p = blob = xmalloc(total);
    for (size_t i = 0; i < env->count; i++) {
        size_t size = strlen(env->entries[i]) + 1;

        memcpy(p, env->entries[i], size);
        p += size;
    }
    *len = total;
    return blob;
}
