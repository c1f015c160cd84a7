/* show_hosts.c - show hostnames, hostlist, hostlistsorted: done here, without the controller. */
#include "config.h"
#include "scontrol.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/error.h"
#include "util/fs.h"
#include "util/hostlist.h"
#include "util/mem.h"

#define MAX_HOSTS 65536
#define MAX_FILE (16u << 20)

static struct hostlist *parse(const char *text)
{
    struct error err = { 0 };
    struct hostlist *list = hostlist_parse(text, MAX_HOSTS, &err);

    if (!list)
        fprintf(stderr, "scontrol: error: %s\n", err.text);
    return list;
}

int show_hostnames(struct scontrol *sc, int argc, char **argv)
{
    const char *text = argc ? argv[0] : getenv("SLURM_JOB_NODELIST");
    CLEANUP_HOSTLIST struct hostlist *list = NULL;

    (void)sc;
    if (!text || !*text) {
        fputs("scontrol: error: host list is empty\n", stderr);
        return 0; /* as Slurm's */
    }
    if (!(list = parse(text)))
        return -1;
    hostlist_for_each(list, i, name)
        puts(name);
    return 0;
}

/* A path in place of a list names a file of names, parted by commas or lines. */
static char *list_text(const char *word)
{
    struct error err = { 0 };
    char *text = NULL;
    size_t len;

    if (word[0] != '/')
        return xstrdup(word);
    if (fs_read_file(AT_FDCWD, word, MAX_FILE, &text, &len, &err) < 0) {
        fprintf(stderr, "scontrol: error: %s\n", err.text);
        return NULL;
    }
    for (char *at = text; *at; at++)
        if (strchr(" \t\r\n", *at))
            *at = at[1] && at[1] != '\n' ? ',' : '\0';
    return text;
}

static int show_list(int argc, char **argv, bool sorted)
{
    const char *word = argc ? argv[0] : getenv("SLURM_JOB_NODELIST");
    CLEANUP_FREE char *text = NULL;
    CLEANUP_FREE char *made = NULL;
    CLEANUP_HOSTLIST struct hostlist *list = NULL;

    if (!word || !*word) {
        fputs("invalid encode argument\n", stderr);
        return -1;
    }
    if (!(text = list_text(word)) || !(list = parse(text)))
        return -1;
    if (sorted) {
        hostlist_sort(list);
        hostlist_uniq(list);
    }
    made = hostlist_format(list);
    puts(made);
    return 0;
}

int show_hostlist(struct scontrol *sc, int argc, char **argv)
{
    (void)sc;
    return show_list(argc, argv, false);
}

int show_hostlistsorted(struct scontrol *sc, int argc, char **argv)
{
    (void)sc;
    return show_list(argc, argv, true);
}
