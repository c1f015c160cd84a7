/* show_doc.c - scontrol show with --json and --yaml. */
#include "config.h"
#include "scontrol.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "commands/display/doc.h"
#include "util/error.h"
#include "util/mem.h"

int show_document(struct scontrol *sc, const struct doc_table *t, Wire__QueryRequest *req, const char *function,
                  bool (*wanted)(const void *arg, const struct table *table, size_t row), const void *arg)
{
    const struct console con = { .program = "scontrol", .argv = sc->argv, .source = scontrol_source(sc),
                                 .out = STDOUT_FILENO, .err = stderr };
    bool want[FIELD_MAX] = { false };
    struct error err = { 0 };
    struct table *table;
    CLEANUP_FREE uint32_t *order = NULL;
    size_t n = 0;
    int rc;

    fflush(stdout);
    doc_need(t, want);
    query_set_fields(req, want, t->query);
    table = con.source->query(con.source, req, &err);
    free(req->fields);
    if (!table)
        return doc_show_failure(&con, sc->doc, &err, function) ? -1 : 0;
    order = xcalloc(table_rows(table) + 1, sizeof(*order));
    for (size_t row = 0; row < table_rows(table); row++)
        if (!wanted || wanted(arg, table, row))
            order[n++] = (uint32_t)row;
    const struct view view = { .table = table, .now = table_now(table) };
    rc = doc_show(&con, sc->doc, t, &view, order, n);
    table_destroy(table);
    return rc ? -1 : 0;
}

int doc_parser_check(const char *value)
{
    if (!value || !strcmp(value, DOC_DATA_PARSER) || !strcmp(value, "data_parser/" DOC_DATA_PARSER))
        return 0;
    fprintf(stderr, "scontrol: error: data_parser %s: the keys are those of data_parser/%s here; leave the value out\n",
            value, DOC_DATA_PARSER);
    return -1;
}
