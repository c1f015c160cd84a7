/* scontrol.h - shared by the files of scontrol.
 *
 * A keyword's function gets the words after the keyword and returns 0, or -1 after it has said on
 * standard error what is wrong.  Texts and layouts are those of scontrol(1) of Slurm 22.05.
 */
#ifndef BRAMBLE_SCONTROL_H
#define BRAMBLE_SCONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "commands/display/console.h"
#include "commands/display/source.h"
#include "rpc/rpc.h"
#include "util/strbuf.h"

struct error;

struct scontrol {
    struct source *source; /* made when first needed */
    bool details, oneliner, all, quiet, quit;
    int exit_code;
    enum doc_format doc; /* --json, --yaml */
    char *const *argv;   /* the command line */
};

typedef int keyword_f(struct scontrol *sc, int argc, char **argv);

/* scontrol.c */
struct source *scontrol_source(struct scontrol *sc);
/* Ask; NULL with err set.  A lost connection is given up, so that the next keyword connects anew. */
ProtobufCMessage *scontrol_call(struct scontrol *sc, unsigned type, const ProtobufCMessage *request,
                                unsigned want, struct error *err);
/* A table of the controller.  fields ends with 0.  NULL with err set. */
struct table *scontrol_query(struct scontrol *sc, Wire__QueryRequest *req, const uint16_t *fields,
                             struct error *err);
/* The standard text of the error, then the details if there are any beyond it. */
const char *scontrol_error_text(const struct error *err, char *buf, size_t size);
/* What the text says beyond the standard text of its code; "": nothing. */
const char *scontrol_reason(int code, const char *text);
/* "STANDARD for job ID: REASON" on standard error, where tail is said after it: "TAIL: STANDARD". */
void scontrol_job_failure(const struct scontrol *sc, int code, const char *id, const char *text, const char *tail);

/* Is this the name of the cluster here (or "all")?  -1 after a message. */
int scontrol_cluster(const char *name);

/* "12", "12_3" and "12+1" as one job's own id; of an array as a whole, one of its records'.  -1 with err. */
int scontrol_job_id(struct scontrol *sc, const char *text, uint32_t *job_id, struct error *err);

/* keywords.c */
#define MAX_WORDS 256
/* One line of words; the exit code it stands for. */
int run_words(struct scontrol *sc, int argc, char **argv);
void scontrol_help(void);

/* record.c: "Key=value" words in lines, or all in one line. */
struct record {
    struct strbuf text;
    bool oneliner;
};
void record_line(struct record *rec);              /* end of a line within the record */
void record_end(struct record *rec);               /* end of the record: prints and empties it */
void record_add(struct record *rec, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void record_text(struct record *rec, const char *key, const char *value); /* (null) for NULL */
void record_time(struct record *rec, const char *key, int64_t when, const char *none);
void record_limit(struct record *rec, const char *key, int64_t min, const char *unset);
/* "cpu=4,mem=2000M,node=1,billing=4"; mem_mb < 0 and num_nodes 0: left out. */
void record_tres(struct record *rec, const char *key, int64_t cpus, int64_t mem_mb, int64_t num_nodes);
/* ",gres/gpu=2" of "gpu:hailo:2"; NULL: nothing. */
void record_gres(struct record *rec, const char *gres);
/* "100M", "2G", "1.50G"; 0: "0". */
const char *record_mem(int64_t mb, char buf[32]);

/* show_doc.c: the records of a query that wanted() lets through (NULL: all) as a document. */
struct doc_table;
int show_document(struct scontrol *sc, const struct doc_table *t, Wire__QueryRequest *req, const char *function,
                  bool (*wanted)(const void *arg, const struct table *table, size_t row), const void *arg);
/* The value of --json and --yaml; -1: said already. */
int doc_parser_check(const char *value);

/* One file each. */
keyword_f show_job, show_why, show_step, show_node, show_part, show_resv, show_config;
keyword_f show_hostnames, show_hostlist, show_hostlistsorted;
keyword_f cmd_update, cmd_create, cmd_delete;
keyword_f cmd_hold, cmd_uhold, cmd_release, cmd_requeue, cmd_requeuehold, cmd_top, cmd_notify;
keyword_f cmd_suspend, cmd_resume, cmd_wait_job;
keyword_f cmd_write, cmd_ping, cmd_reconfigure, cmd_shutdown, cmd_completing, cmd_errnumstr;
keyword_f cmd_setdebug, cmd_setdebugflags, cmd_schedloglevel, cmd_fsdampeningfactor, cmd_cluster;
keyword_f cmd_reboot, cmd_cancel_reboot, cmd_power;
keyword_f cmd_listpids, cmd_pidinfo, cmd_listjobs, cmd_liststeps;
keyword_f cmd_token, cmd_takeover, cmd_abort;
keyword_f show_frontend;
keyword_f show_daemons, show_aliases, show_licenses, show_topology, show_assoc_mgr, show_nothing, show_slurmd;

#endif
