/* key.h - the controller's Ed25519 key, which nodes and login hosts pin. */
#ifndef BRAMBLE_CTLD_KEY_H
#define BRAMBLE_CTLD_KEY_H

#include <stdint.h>

struct error;

/* From state_dir/controller.key; made when it is missing.  The state folder must exist. */
int ctld_key_load(const char *state_dir, uint8_t secret[64], struct error *err);
/* base64 of the public half; caller frees. */
char *ctld_key_public_text(const uint8_t secret[64]);

#endif
