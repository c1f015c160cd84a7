/* rpc_names.c - requests by the names that Slurm's users know. */
#include "commands/sdiag/rpc_names.h"

#include <stdio.h>
#include <string.h>

#include "bramble/constants.h"
#include "rpc/rpc.h"
#include "util/mem.h"

#define OWN_NUMBERS 10000

void rpc_name(unsigned type, unsigned table, char *name, size_t size, unsigned *number)
{
    static const struct {
        unsigned type, table, number;
        const char *name;
    } known[] = {
        { MSG_SUBMIT, 0, 4003, "REQUEST_SUBMIT_BATCH_JOB" },
        { MSG_ALLOC, 0, 4001, "REQUEST_RESOURCE_ALLOCATION" },
        { MSG_STEP, 0, 5001, "REQUEST_JOB_STEP_CREATE" },
        { MSG_COMPLETE_JOB, 0, 5017, "REQUEST_COMPLETE_JOB_ALLOCATION" },
        { MSG_JOB_CONTROL, 0, 5032, "REQUEST_KILL_JOB" },
        { MSG_UPDATE, 0, 3001, "REQUEST_UPDATE_JOB" },
        { MSG_QUERY, QUERY_JOBS, 2003, "REQUEST_JOB_INFO" },
        { MSG_QUERY, QUERY_STEPS, 2005, "REQUEST_JOB_STEP_INFO" },
        { MSG_QUERY, QUERY_NODES, 2007, "REQUEST_NODE_INFO" },
        { MSG_QUERY, QUERY_PARTS, 2009, "REQUEST_PARTITION_INFO" },
        { MSG_QUERY, QUERY_RESVS, 2024, "REQUEST_RESERVATION_INFO" },
        { MSG_SCRIPT, 0, 2051, "REQUEST_BATCH_SCRIPT" },
        { MSG_SHOW_CONFIG, 0, 2001, "REQUEST_BUILD_INFO" },
        { MSG_DIAG, 0, 2035, "REQUEST_STATS_INFO" },
        { MSG_PING, 0, 1008, "REQUEST_PING" },
        { MSG_RECONFIGURE, 0, 1003, "REQUEST_RECONFIGURE" },
        { MSG_SHUTDOWN, 0, 1005, "REQUEST_SHUTDOWN" },
        { MSG_NODE_REGISTER, 0, 1002, "MESSAGE_NODE_REGISTRATION_STATUS" },
        { MSG_STEP_STATUS, 0, 5016, "REQUEST_STEP_COMPLETE" },
        { MSG_JOB_CLEAN, 0, 6012, "MESSAGE_EPILOG_COMPLETE" },
    };

    const char *own = msg_type_name(type);

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (known[i].type == type && (!known[i].table || known[i].table == table)) {
            snprintf(name, size, "%s", known[i].name);
            *number = known[i].number;
            return;
        }
    *number = OWN_NUMBERS + type + table * 1000;
    if (type == MSG_QUERY && table == QUERY_ACCT)
        snprintf(name, size, "BRAMBLE_QUERY_ACCOUNTING");
    else if (type == MSG_QUERY)
        snprintf(name, size, "BRAMBLE_QUERY_%u", table);
    else
        snprintf(name, size, "BRAMBLE_%s", own + (strncmp(own, "MSG_", 4) ? 0 : 4));
}
