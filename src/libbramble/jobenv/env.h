/* env.h - an environment being put together: NAME=VALUE strings, each name once.
 *
 * Made from a process's own environment or from a blob (NAME=VALUE strings, each ended by a NUL, as
 * they travel on the wire); exported to a vector for execve() or to a blob.
 */
#ifndef BRAMBLE_JOBENV_ENV_H
#define BRAMBLE_JOBENV_ENV_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct env;

struct env *env_create(void);
/* A copy of vector (such as environ). */
struct env *env_from_vector(char *const *vector);
/* Strings without '=' or name are left out; the last of a doubled name wins.  A last string that
 * lacks its NUL is taken too. */
struct env *env_from_blob(const void *blob, size_t len);
void env_destroy(struct env *env); /* NULL is allowed */

/* name must not be empty or have a '='.  value NULL: like env_unset(). */
void env_set(struct env *env, const char *name, const char *value);
void env_setf(struct env *env, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void env_set_default(struct env *env, const char *name, const char *value); /* if not set yet */
void env_unset(struct env *env, const char *name);
void env_unset_prefix(struct env *env, const char *prefix); /* every name that begins so */
void env_unset_if(struct env *env, bool (*match)(const char *name));
const char *env_get(const struct env *env, const char *name); /* borrowed until the next change */
bool env_has(const struct env *env, const char *name);
size_t env_count(const struct env *env);

/* For execve(): NULL-terminated, borrowed until the next change. */
char **env_vector(struct env *env);
/* Caller frees. */
char *env_to_blob(const struct env *env, size_t *len);

#endif
