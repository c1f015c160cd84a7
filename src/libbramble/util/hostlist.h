/* hostlist.h - lists of host names in Slurm's grammar: "pi[1-3,7],r[1-2]n[01-04],head".
 *
 * A hostlist keeps its names in the order given, doubles included; hostlist_sort() and
 * hostlist_uniq() change that.  The size of the result is known before anything is expanded, and a
 * text that would exceed the limit is refused.
 */
#ifndef BRAMBLE_UTIL_HOSTLIST_H
#define BRAMBLE_UTIL_HOSTLIST_H

#include <stddef.h>
#include <sys/types.h>

struct error;
struct hostlist;

#define HOSTLIST_MAX 65536  /* hosts, unless the caller says otherwise */
#define HOST_NAME_LEN_MAX 253 /* bytes of one name */

struct hostlist *hostlist_create(void);
/* max_hosts 0: HOSTLIST_MAX.  Empty text is an empty list.  NULL with err set. */
struct hostlist *hostlist_parse(const char *text, size_t max_hosts, struct error *err);
void hostlist_destroy(struct hostlist *hl); /* NULL is allowed */
size_t hostlist_count(const struct hostlist *hl);
const char *hostlist_nth(const struct hostlist *hl, size_t n); /* borrowed; NULL past the end */
ssize_t hostlist_find(const struct hostlist *hl, const char *name); /* place, or -1 */
void hostlist_push(struct hostlist *hl, const char *name);          /* one plain name, copied */
void hostlist_push_list(struct hostlist *hl, const struct hostlist *more);
void hostlist_remove(struct hostlist *hl, size_t n);
void hostlist_sort(struct hostlist *hl); /* by prefix, then by number */
void hostlist_uniq(struct hostlist *hl); /* drops later doubles; keeps the order */
/* As Slurm prints it: neighbours with the same prefix share brackets.  Caller frees. */
char *hostlist_format(const struct hostlist *hl);
/* The same for an array of names. */
char *hostlist_format_names(const char *const *names, size_t count);
/* Is this one plain name (letters, digits, '-', '_', '.')? -1 with err set. */
int host_name_check(const char *name, struct error *err);

#define hostlist_for_each(hl, i, name)                                                         \
    for (size_t i = 0; i < hostlist_count(hl); i++)                                            \
        for (const char *name = hostlist_nth(hl, i); name; name = NULL)

static inline void cleanup_hostlist_fn(struct hostlist **hl)
{
    hostlist_destroy(*hl);
}
#define CLEANUP_HOSTLIST __attribute__((cleanup(cleanup_hostlist_fn)))

#endif
