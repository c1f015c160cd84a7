/* topo.h - what a board is made of, by hwloc: its cores and the CPU numbers behind them.
 *
 * Cores are counted by hwloc's logical numbers; where a topology has no cores, its PUs are the
 * cores.  NUMA nodes are no sockets: the firmware of the Raspberry Pi fakes them.  Memory is never
 * taken from here for a real board (fake NUMA hides most of it): see board.h.
 *
 * A topology may be another machine's (XML, synthetic): then its CPU numbers mean nothing here, and
 * topo_core_cpus() maps logical core i onto the CPUs that exist.
 *
 * Only the agent and tests link hwloc: this room is libtopo.la, not part of libbramble.
 */
#ifndef BRAMBLE_TOPO_H
#define BRAMBLE_TOPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bitmap;
struct error;
struct topo;

#define TOPO_XML_MAX 4194304
#define TOPO_CPUS_MAX 65536 /* CPU numbers */

struct topo *topo_load_own(struct error *err);
struct topo *topo_load_xml(const char *xml, size_t len, struct error *err);
struct topo *topo_load_synthetic(const char *text, struct error *err);
void topo_destroy(struct topo *t); /* NULL is allowed */

struct topo_summary {
    uint32_t sockets; /* packages, at least 1 */
    uint32_t cores;   /* of the whole board */
    uint32_t threads; /* hardware threads of the whole board */
    uint64_t mem_mb;  /* as the topology says: for emulated boards only */
};
void topo_summary(const struct topo *t, struct topo_summary *s);
bool topo_is_emulated(const struct topo *t); /* not this machine's own */

/* Socket of a core, counted from 0. */
uint32_t topo_core_socket(const struct topo *t, uint32_t core);
/* OS CPU numbers of a core.  Emulated: the CPU of `real` that plays it (core modulo how many there
 * are); real is not looked at otherwise.  NULL: there is no such core.  Caller frees. */
struct bitmap *topo_core_cpus(const struct topo *t, uint32_t core, const struct bitmap *real);
/* The same for a set of cores: the union, as large as TOPO_CPUS_MAX asks for at most. */
struct bitmap *topo_cpus(const struct topo *t, const struct bitmap *cores, const struct bitmap *real);
/* CPUs on which this process may run. */
struct bitmap *topo_real_cpus(struct error *err);

/* hwloc XML (version 2), without what differs between boards alike (names, serials, versions).
 * Caller frees.  NULL with err set. */
char *topo_xml(const struct topo *t, size_t *len, struct error *err);
/* BLAKE2b-256 of that XML: equal for boards alike. */
void topo_xml_hash(const char *xml, size_t len, uint8_t hash[32]);

#endif
