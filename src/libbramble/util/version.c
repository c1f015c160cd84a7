/* version.c - what --version says. */
#include "util/version.h"

#include "config.h"

const char *bramble_version(void)
{
    return "slurm " SLURM_COMPAT_VERSION " (Bramble " PACKAGE_VERSION ")";
}

const char *bramble_version_text(void)
{
    return SLURM_COMPAT_VERSION " (Bramble " PACKAGE_VERSION ")";
}
