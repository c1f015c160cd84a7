/* write.c - write config and write batch_script. */
#include "config.h"
#include "scontrol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "bramble/constants.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/timefmt.h"
#include "wire/client.pb-c.h"

/* write config [FILE]: what show config shows, with the time after the name. */
static int write_config(struct scontrol *sc, const char *name)
{
    const char *wanted = name ? name : getenv("SLURM_CONF_OUT");
    Wire__Empty ask = WIRE__EMPTY__INIT;
    Wire__ConfigReply *reply;
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;
    CLEANUP_FREE char *path = NULL;
    CLEANUP_CLOSE int fd = -1;
    struct error err = { 0 };
    char why[2 * ERROR_TEXT_MAX], when[TIME_TEXT_MAX];

    if (!(reply = (Wire__ConfigReply *)scontrol_call(sc, MSG_SHOW_CONFIG, &ask.base, MSG_CONFIG_REPLY, &err))) {
        fprintf(stderr, "slurm_load_ctl_conf error: %s\n", scontrol_error_text(&err, why, sizeof why));
        return -1;
    }
    for (size_t i = 0; i < reply->n_items; i++)
        if (reply->items[i]->value && strcmp(reply->items[i]->value, "(null)"))
            strbuf_addf(&text, "%s=%s\n", reply->items[i]->key, reply->items[i]->value);
    rpc_msg_free(&reply->base);
    path = xasprintf("%s.%s", wanted ? wanted : "slurm.conf", time_at_format(time(NULL), NULL, when));
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 || fs_write_all(fd, strbuf_str(&text), text.len) < 0) {
        fprintf(stderr, "scontrol: error: cannot write %s: %s\n", path, strerror(errno));
        return -1;
    }
    printf("Slurm config saved to %s\n", path);
    return 0;
}

/* write batch_script JOB [FILE|-] */
int cmd_write(struct scontrol *sc, int argc, char **argv)
{
    Wire__ScriptRequest ask = WIRE__SCRIPT_REQUEST__INIT;
    CLEANUP_FREE char *path = NULL;
    CLEANUP_CLOSE int fd = -1;
    Wire__ScriptReply *reply;
    struct error err = { 0 };
    char text[2 * ERROR_TEXT_MAX];
    int rc = 0;

    if (!strncasecmp(argv[0], "config", strlen(argv[0]) < 6 ? 6 : strlen(argv[0])))
        return write_config(sc, argc > 1 ? argv[1] : NULL);
    if (strncasecmp(argv[0], "batch_script", strlen(argv[0]) < 5 ? 5 : strlen(argv[0]))) {
        fprintf(stderr, "invalid write argument:%s\n", argv[0]);
        return -1;
    }
    if (argc < 2) {
        fputs("too few arguments for keyword:write batch_script\n", stderr);
        return -1;
    }
    ask.has_job_id = true;
    if (scontrol_job_id(sc, argv[1], &ask.job_id, &err) < 0
        || !(reply = (Wire__ScriptReply *)scontrol_call(sc, MSG_SCRIPT, &ask.base, MSG_SCRIPT_REPLY, &err))) {
        fprintf(stderr, "job script retrieval failed: %s\n", scontrol_error_text(&err, text, sizeof text));
        return -1;
    }
    if (argc > 2 && !strcmp(argv[2], "-")) {
        fwrite(reply->script.data, 1, reply->script.len, stdout);
        rpc_msg_free(&reply->base);
        return 0;
    }
    path = argc > 2 ? xstrdup(argv[2]) : xasprintf("slurm-%.*s.sh", (int)strspn(argv[1], "0123456789"), argv[1]);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || fs_write_all(fd, reply->script.data, reply->script.len) < 0) {
        fprintf(stderr, "scontrol: error: cannot write %s: %s\n", path, strerror(errno));
        rc = -1;
    } else if (!sc->quiet) {
        printf("batch script for job %.*s written to %s\n", (int)strspn(argv[1], "0123456789"), argv[1], path);
    }
    rpc_msg_free(&reply->base);
    return rc;
}
