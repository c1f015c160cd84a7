/* show_why.c - scontrol show why: the story of a job, as squeue --explain tells it. */
#include "config.h"
#include "scontrol.h"

#include <stdio.h>

#include "bramble/constants.h"
#include "commands/display/story.h"
#include "util/error.h"
#include "util/strbuf.h"

int show_why(struct scontrol *sc, int argc, char **argv)
{
    static const uint16_t fields[] = { STORY_FIELDS, 0 };
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;
    Wire__QueryRequest req = WIRE__QUERY_REQUEST__INIT;
    struct error err = { 0 };
    struct table *table;
    char message[2 * ERROR_TEXT_MAX];

    (void)argc;
    req.has_table = true;
    req.table = QUERY_JOBS;
    req.has_all = true;
    req.all = true;
    req.job_ids = argv;
    req.n_job_ids = 1;
    if (!(table = scontrol_query(sc, &req, fields, &err))) {
        fprintf(stderr, "slurm_load_jobs error: %s\n", scontrol_error_text(&err, message, sizeof message));
        return -1;
    }
    for (size_t i = 0; i < table_rows(table); i++)
        story_add(&text, table, i);
    fputs(strbuf_str(&text), stdout);
    table_destroy(table);
    return 0;
}
