/* absent.c - keywords for what this cluster does not have: they say so, in Slurm's words first. */
#include "config.h"
#include "scontrol.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util/mem.h"
#include "util/num.h"

/* token [lifespan=SECONDS] [username=USER] */
int cmd_token(struct scontrol *sc, int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strncasecmp(argv[i], "lifespan=", 9) && strncasecmp(argv[i], "username=", 9)) {
            fprintf(stderr, "Invalid option: `%s`\n", argv[i]);
            return -1;
        }
    if (!sc->quiet)
        fputs("Error fetching token: tokens are for a REST service, which this cluster does not have; commands "
              "prove who you are by munge\n",
              stderr);
    return -1;
}

int cmd_takeover(struct scontrol *sc, int argc, char **argv)
{
    uint32_t which;

    if (argc && num_parse_u32(argv[0], 1, 1000, &which, "backup", NULL) < 0)
        fputs("takeover: invalid backup controller index (0)\n", stderr);
    else if (!sc->quiet)
        fputs("slurm_takeover error: Unable to contact slurm controller (connect failure): there is no second "
              "controller that could take over\n",
              stderr);
    return -1;
}

int cmd_abort(struct scontrol *sc, int argc, char **argv)
{
    (void)argc, (void)argv;
    if (!sc->quiet)
        fputs("slurm_shutdown error: Requested operation is presently disabled: a core file is had by sending the "
              "controller SIGABRT; to end it in order use scontrol shutdown\n",
              stderr);
    return -1;
}

int cmd_schedloglevel(struct scontrol *sc, int argc, char **argv)
{
    static const char *const levels[] = { "0", "1", "enable", "disable" };

    (void)sc, (void)argc;
    for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
        if (!strcasecmp(argv[0], levels[i])) {
            fputs("slurm_set_schedlog_level error: Requested operation is presently disabled: the scheduler has no "
                  "log of its own: use scontrol setdebugflags +backfill\n",
                  stderr);
            return -1;
        }
    fprintf(stderr, "invalid schedlog level: %s\n", argv[0]);
    return -1;
}

int cmd_fsdampeningfactor(struct scontrol *sc, int argc, char **argv)
{
    uint32_t factor;

    (void)sc, (void)argc;
    if (num_parse_u32(argv[0], 1, 65535, &factor, "factor", NULL) < 0)
        fprintf(stderr, "invalid dampening factor: %s\n", argv[0]);
    else
        fputs("scontrol: error: fsdampeningfactor: there is no fair share whose factor could be set\n", stderr);
    return -1;
}

/* Burst buffers and federations: as Slurm's scontrol where none is configured, it lists none. */
int show_nothing(struct scontrol *sc, int argc, char **argv)
{
    (void)sc, (void)argc, (void)argv;
    return 0;
}

int show_frontend(struct scontrol *sc, int argc, char **argv)
{
    if (sc->quiet)
        return argc ? -1 : 0;
    if (argc)
        printf("Node %s not found\n", argv[0]);
    else
        puts("No nodes in the system");
    return argc ? -1 : 0;
}

int show_topology(struct scontrol *sc, int argc, char **argv)
{
    (void)sc;
    if (argc)
        fprintf(stderr, "scontrol: error: Topology information contains no switch or node named %s\n", argv[0]);
    else
        fputs("scontrol: error: No topology information available\n", stderr);
    return 0;
}
