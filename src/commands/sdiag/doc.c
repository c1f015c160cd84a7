/* doc.c - sdiag as a document: STATS_MSG of data_parser v0.0.41. */
#include "commands/sdiag/sdiag_private.h"

#include "commands/display/doc.h"
#include "util/mem.h"

static json_t *integer(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *mean(uint64_t sum, uint64_t count)
{
    return integer(count ? sum / count : 0);
}

static json_t *zeros(const char *const *keys, size_t num)
{
    json_t *object = json_object();

    for (size_t i = 0; i < num; i++)
        doc_set(object, keys[i], integer(0));
    return object;
}

static json_t *rpcs(const struct sdiag *s, Wire__DiagRpc *const *list, size_t num, bool users)
{
    CLEANUP_FREE struct sdiag_line *lines = sdiag_lines(s, list, num);
    json_t *array = json_array();

    for (size_t i = 0; i < num; i++) {
        json_t *rpc = json_object();

        doc_set(rpc, users ? "user" : "message_type", doc_text(lines[i].name));
        doc_set(rpc, users ? "user_id" : "type_id", integer(lines[i].id));
        doc_set(rpc, "count", integer(lines[i].count));
        if (!users) {
            doc_set(rpc, "queued", integer(0));
            doc_set(rpc, "dropped", integer(0));
            doc_set(rpc, "cycle_last", integer(0));
            doc_set(rpc, "cycle_max", integer(0));
        }
        doc_set(rpc, "total_time", integer(lines[i].usec));
        doc_set(rpc, "average_time", doc_number((int64_t)lines[i].mean));
        json_array_append_new(array, rpc);
    }
    return array;
}

static void add_main(json_t *o, const Wire__DiagReply *r)
{
    static const char *const exits[] = { "default_queue_depth", "max_job_start", "max_rpc_cnt", "max_sched_time",
                                         "licenses" };
    int64_t minutes = (r->now - r->since) / 60;

    doc_set(o, "parts_packed", integer(1));
    doc_set(o, "req_time", doc_time(r->now));
    doc_set(o, "req_time_start", doc_time(r->since));
    doc_set(o, "server_thread_count", integer(1));
    doc_set(o, "agent_queue_size", integer(0));
    doc_set(o, "agent_count", integer(0));
    doc_set(o, "agent_thread_count", integer(0));
    doc_set(o, "dbd_agent_queue_size", integer(r->accounting_queue));
    doc_set(o, "gettimeofday_latency", integer(r->clock_usec));
    doc_set(o, "schedule_cycle_max", integer(r->pass_max_usec));
    doc_set(o, "schedule_cycle_last", integer(r->pass_last_usec));
    doc_set(o, "schedule_cycle_sum", integer(r->pass_sum_usec));
    doc_set(o, "schedule_cycle_total", integer(r->passes));
    doc_set(o, "schedule_cycle_mean", mean(r->pass_sum_usec, r->passes));
    doc_set(o, "schedule_cycle_mean_depth", mean(r->pass_depth, r->passes));
    doc_set(o, "schedule_cycle_per_minute", mean(r->passes, minutes > 0 ? (uint64_t)minutes : 0));
    doc_set(o, "schedule_cycle_depth", integer(r->pass_depth));
    doc_set(o, "schedule_exit/end_job_queue", integer(r->passes));
    json_object_update_new(json_object_get(o, "schedule_exit"), zeros(exits, ARRAY_SIZE(exits)));
    doc_set(o, "schedule_queue_length", integer(r->queue_length));
    doc_set(o, "jobs_submitted", integer(r->jobs_submitted));
    doc_set(o, "jobs_started", integer(r->jobs_started));
    doc_set(o, "jobs_completed", integer(r->jobs_completed));
    doc_set(o, "jobs_canceled", integer(r->jobs_canceled));
    doc_set(o, "jobs_failed", integer(r->jobs_failed));
    doc_set(o, "jobs_pending", integer(r->jobs_pending));
    doc_set(o, "jobs_running", integer(r->jobs_running));
    doc_set(o, "job_states_ts", doc_time(r->now));
}

static void add_backfill(json_t *o, const Wire__DiagReply *r)
{
    static const char *const exits[] = { "bf_max_job_start", "bf_max_time", "bf_node_space_size", "state_changed" };

    doc_set(o, "bf_backfilled_jobs", integer(r->backfilled));
    doc_set(o, "bf_last_backfilled_jobs", integer(r->backfilled_since));
    doc_set(o, "bf_backfilled_het_jobs", integer(0));
    doc_set(o, "bf_cycle_counter", integer(r->plans));
    doc_set(o, "bf_cycle_mean", mean(r->plan_sum_usec, r->plans));
    doc_set(o, "bf_depth_mean", mean(r->plan_depth, r->plans));
    doc_set(o, "bf_depth_mean_try", mean(r->plan_depth, r->plans));
    doc_set(o, "bf_cycle_sum", integer(r->plan_sum_usec));
    doc_set(o, "bf_cycle_last", integer(r->plan_last_usec));
    doc_set(o, "bf_cycle_max", integer(r->plan_max_usec));
    doc_set(o, "bf_exit/end_job_queue", integer(r->ended_whole));
    doc_set(o, "bf_exit/bf_max_job_test", integer(r->ended_cut));
    json_object_update_new(json_object_get(o, "bf_exit"), zeros(exits, ARRAY_SIZE(exits)));
    doc_set(o, "bf_last_depth", integer(r->plan_last_depth));
    doc_set(o, "bf_last_depth_try", integer(r->plan_last_depth));
    doc_set(o, "bf_depth_sum", integer(r->plan_depth));
    doc_set(o, "bf_depth_try_sum", integer(r->plan_depth));
    doc_set(o, "bf_queue_len", integer(r->queue_length));
    doc_set(o, "bf_queue_len_mean", mean(r->plan_queue, r->plans));
    doc_set(o, "bf_queue_len_sum", integer(r->plan_queue));
    doc_set(o, "bf_table_size", integer(r->plan_last_depth));
    doc_set(o, "bf_table_size_sum", integer(r->plan_depth));
    doc_set(o, "bf_table_size_mean", mean(r->plan_depth, r->plans));
    doc_set(o, "bf_when_last_cycle", doc_time(r->plan_last_sec));
    doc_set(o, "bf_active", json_false());
}

int sdiag_document(const struct sdiag *s, const Wire__DiagReply *r)
{
    struct doc *d = doc_begin(s->con, s->doc);
    json_t *o = json_object();

    add_main(o, r);
    add_backfill(o, r);
    doc_set(o, "rpcs_by_message_type", rpcs(s, r->types, r->n_types, false));
    doc_set(o, "rpcs_by_user", rpcs(s, r->users, r->n_users, true));
    doc_set(o, "pending_rpcs", json_array());
    doc_set(o, "pending_rpcs_by_hostlist", json_array());
    doc_put(d, "statistics", o);
    return doc_end(d);
}
