/* num.h - strict numbers, sizes and counts from text.
 *
 * Every function refuses blanks, signs where none is due, junk behind the number, and values out of
 * range; `what` names the thing in the message ("--nodes", "port").  err may be NULL.
 */
#ifndef BRAMBLE_UTIL_NUM_H
#define BRAMBLE_UTIL_NUM_H

#include <stddef.h>
#include <stdint.h>

struct error;

int num_parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *value, const char *what,
                  struct error *err);
int num_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value, const char *what,
                  struct error *err);
int num_parse_i64(const char *text, int64_t min, int64_t max, int64_t *value, const char *what,
                  struct error *err);

/* Sizes: a number with an optional suffix K, M, G, T (or KB, KiB, ...: all powers of 1024).  unit is
 * the suffix that is meant when there is none ('B', 'K', 'M', ...). */
int size_parse_bytes(const char *text, char unit, uint64_t *bytes, const char *what, struct error *err);
/* In MiB, rounded up: memory as Slurm's options give it (default unit M). */
int size_parse_mb(const char *text, uint64_t *mb, const char *what, struct error *err);

/* Counts a node, as in SLURM_TASKS_PER_NODE: 4,4,4,1 is "4(x3),1".  Caller frees. */
char *counts_format(const uint32_t *counts, size_t num);
/* The reverse.  At most max_num counts; *counts is the caller's to free. */
int counts_parse(const char *text, size_t max_num, uint32_t **counts, size_t *num, struct error *err);

#endif
