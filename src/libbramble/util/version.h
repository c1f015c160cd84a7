/* version.h - the one line that every program prints for --version.
 *
 * Tools made for Slurm compare the number that follows the first word: it is the level of
 * compatibility.  The project's own version stands behind it.
 */
#ifndef BRAMBLE_UTIL_VERSION_H
#define BRAMBLE_UTIL_VERSION_H

#define SLURM_COMPAT_VERSION "24.05.0"

const char *bramble_version(void);      /* "slurm 24.05.0 (Bramble 0.1.0)" */
const char *bramble_version_text(void); /* the same without the first word */

#endif
