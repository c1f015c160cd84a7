/* show_resv.c - scontrol show reservation. */
#include "config.h"
#include "scontrol.h"

#include <stdio.h>
#include <string.h>

#include "bramble/constants.h"
#include "commands/display/doc.h"
#include "util/error.h"
#include "util/timefmt.h"
#include "wire/client.pb-c.h"

static const uint16_t resv_fields[] = { FIELD_RESV_NAME,     FIELD_RESV_START,     FIELD_RESV_END,
                                        FIELD_RESV_NODES,    FIELD_RESV_NODE_CNT,  FIELD_RESV_CORE_CNT,
                                        FIELD_RESV_CPU_CNT,  FIELD_RESV_FEATURES,  FIELD_RESV_PARTITION,
                                        FIELD_RESV_FLAGS,    FIELD_RESV_USERS,     FIELD_RESV_GROUPS,
                                        FIELD_RESV_ACCOUNTS, FIELD_RESV_ACTIVE,    FIELD_RESV_COMMENT, 0 };

static void print_resv(struct scontrol *sc, const struct table *t, size_t i)
{
    struct record rec = { .oneliner = sc->oneliner };
    int64_t start = table_int(t, FIELD_RESV_START, i), end = table_int(t, FIELD_RESV_END, i);
    const char *flags = table_text(t, FIELD_RESV_FLAGS, i);
    char buf[TIME_TEXT_MAX];

    record_add(&rec, "ReservationName=%s ", table_text(t, FIELD_RESV_NAME, i));
    record_time(&rec, "StartTime", start, "Unknown");
    record_add(&rec, " ");
    record_time(&rec, "EndTime", end, "Unknown");
    record_add(&rec, " Duration=%s", duration_format_full(end - start, buf));
    record_line(&rec);
    record_text(&rec, "Nodes", table_text(t, FIELD_RESV_NODES, i));
    record_add(&rec, " NodeCnt=%lld CoreCnt=%lld ", (long long)table_int(t, FIELD_RESV_NODE_CNT, i),
               (long long)table_int(t, FIELD_RESV_CORE_CNT, i));
    record_text(&rec, "Features", table_text(t, FIELD_RESV_FEATURES, i));
    record_add(&rec, " ");
    record_text(&rec, "PartitionName", table_text(t, FIELD_RESV_PARTITION, i));
    record_add(&rec, " Flags=%s", flags ? flags : "");
    record_line(&rec);
    record_add(&rec, "TRES=cpu=%lld", (long long)table_int(t, FIELD_RESV_CPU_CNT, i));
    record_line(&rec);
    record_text(&rec, "Users", table_text(t, FIELD_RESV_USERS, i));
    record_add(&rec, " ");
    record_text(&rec, "Groups", table_text(t, FIELD_RESV_GROUPS, i));
    record_add(&rec, " ");
    record_text(&rec, "Accounts", table_text(t, FIELD_RESV_ACCOUNTS, i));
    record_add(&rec, " Licenses=(null) State=%s BurstBuffer=(null) Watts=n/a",
               table_int(t, FIELD_RESV_ACTIVE, i) == 1 ? "ACTIVE" : "INACTIVE");
    record_line(&rec);
    record_add(&rec, "MaxStartDelay=(null)");
    if (table_text(t, FIELD_RESV_COMMENT, i)) {
        record_line(&rec);
        record_text(&rec, "Comment", table_text(t, FIELD_RESV_COMMENT, i));
    }
    record_end(&rec);
    strbuf_fini(&rec.text);
}

static bool is_named(const void *name, const struct table *t, size_t row)
{
    return !strcmp(name, table_text(t, FIELD_RESV_NAME, row));
}

int show_resv(struct scontrol *sc, int argc, char **argv)
{
    Wire__QueryRequest req = WIRE__QUERY_REQUEST__INIT;
    struct error err = { 0 };
    struct table *table;
    char message[2 * ERROR_TEXT_MAX];
    size_t shown = 0;

    req.has_table = true;
    req.table = QUERY_RESVS;
    if (sc->doc)
        return show_document(sc, &doc_resvs, &req, "slurm_load_reservations", argc ? is_named : NULL, argv[0]);
    if (!(table = scontrol_query(sc, &req, resv_fields, &err))) {
        fprintf(stderr, "slurm_load_reservations error: %s\n", scontrol_error_text(&err, message, sizeof message));
        return -1;
    }
    for (size_t i = 0; i < table_rows(table); i++)
        if (!argc || !strcmp(argv[0], table_text(table, FIELD_RESV_NAME, i))) {
            print_resv(sc, table, i);
            shown++;
        }
    table_destroy(table);
    if (shown)
        return 0;
    if (argc)
        printf("Reservation %s not found\n", argv[0]);
    else if (!sc->quiet)
        puts("No reservations in the system");
    return argc ? -1 : 0;
}
