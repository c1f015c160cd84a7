/* loader.h - finds and loads plugins: <dir>/<type>_<name>.so.
 *
 * A plugin is taken only if it belongs to root or the caller, exports bramble_plugin with the ABI
 * number, type and name that were asked for, and has every operation its type requires.
 */
#ifndef BRAMBLE_PLUGIN_LOADER_H
#define BRAMBLE_PLUGIN_LOADER_H

#include <stddef.h>
#include <stdint.h>

#include "bramble/plugin.h"

struct error;
struct plugin;

/* What a type asks of its plugins: its ABI number and the offsets of its required operations, e.g.
 * offsetof(struct launch_plugin, init). */
struct plugin_type {
    const char *name;
    uint32_t abi;
    const size_t *required;
    size_t num_required;
};
extern const struct plugin_type plugin_type_launch;
extern const struct plugin_type plugin_type_accounting;

/* Where plugins are: the installed folder; BRAMBLE_PLUGIN_DIR instead for a process that is not
 * privileged. */
const char *plugin_default_dir(void);

/* dir NULL: plugin_default_dir().  NULL with err set, which names the plugins that there are. */
struct plugin *plugin_load(const char *dir, const struct plugin_type *type, const char *name,
                           struct error *err);
/* The exported struct: cast it to the type's. */
const struct plugin_base *plugin_base(const struct plugin *p);
void plugin_unload(struct plugin *p); /* NULL is allowed; what it made must be gone */

/* Names of a type's plugins in dir, sorted, separated by blanks; "" when there are none.  Nothing is
 * loaded.  Caller frees. */
char *plugin_list(const char *dir, const struct plugin_type *type);

#endif
