/* rpc_names.h - what Slurm calls a request of ours. */
#ifndef BRAMBLE_SDIAG_RPC_NAMES_H
#define BRAMBLE_SDIAG_RPC_NAMES_H

#include <stddef.h>

/* Name and number as sdiag of Slurm prints them for the request that does the same; what has no such
 * request gets a name of its own and a number above all of Slurm's. */
void rpc_name(unsigned type, unsigned table, char *name, size_t size, unsigned *number);

#endif
