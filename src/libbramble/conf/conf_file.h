/* conf_file.h - reading a libconfig file whose errors name file and line.
 */
#ifndef BRAMBLE_CONF_FILE_H
#define BRAMBLE_CONF_FILE_H

#include <libconfig.h>

struct error;

#define CONF_FILE_MAX (4 * 1024 * 1024)

/* Read path into file, which is initialised.  err->code is ENOENT when there is none. */
int conf_file_read(config_t *file, const char *path, struct error *err);

#define CLEANUP_CONFIG __attribute__((cleanup(config_destroy)))

#endif
