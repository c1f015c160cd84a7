/* conf_private.h - what the files of this room share.
 */
#ifndef BRAMBLE_CONF_PRIVATE_H
#define BRAMBLE_CONF_PRIVATE_H

#include <libconfig.h>

#include "conf/conf.h"
#include "util/arena.h"
#include "util/hash.h"

struct conf_store {
    struct arena arena;
    struct strmap node_index; /* name to struct conf_node */
};

/* Where a setting stands, for messages: "PATH:LINE: NAME". */
int conf_fail(const config_setting_t *setting, struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Fill object with the defaults of a section. */
void conf_set_defaults(struct conf *conf, enum conf_section section, void *object);
/* Fill object from a group; keys that are in `skip` (a NULL-terminated list) are left to the caller,
 * any other that the section does not have is an error. */
int conf_read_group(struct conf *conf, const config_setting_t *group, enum conf_section section,
                    void *object, const char *const *skip, struct error *err);
/* nodes = ( ... ) and partitions = ( ... ). */
int conf_read_nodes(struct conf *conf, const config_setting_t *list, struct error *err);
int conf_read_parts(struct conf *conf, const config_setting_t *list, struct error *err);

#endif
