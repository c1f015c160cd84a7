/* plugin.h - what every plugin begins with.
 *
 * A plugin is a shared object <type>_<name>.so that exports one const struct, bramble_plugin, whose
 * first member is struct plugin_base.  The loader refuses an ABI number other than the host's.
 */
#ifndef BRAMBLE_PLUGIN_H
#define BRAMBLE_PLUGIN_H

#include <stdint.h>

struct plugin_base {
    uint32_t abi;     /* BRAMBLE_<TYPE>_ABI */
    const char *type; /* "launch", "accounting", ... */
    const char *name; /* "pmix", ... */
    const char *help; /* one line for listings */
};

/* A line of text for the person who reads why something failed. */
struct plugin_error {
    char text[512];
};

#endif
