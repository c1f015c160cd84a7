/* rank_watch.c - see the header. */
#include "config.h"
#include "rank_watch.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "bramble/launch_plugin.h"

void rank_watch_init(struct rank_watch *w, const struct launch_step *step,
                     const struct launch_host *host)
{
    memset(w, 0, sizeof *w);
    w->step = step;
    w->host = host;
    w->kind = RANK_WATCH_KIND;
}

static const char *node_of(const struct rank_watch *w, uint32_t gtid)
{
    for (uint32_t n = 0; n < w->step->num_nodes; n++)
        for (uint32_t t = 0; t < w->step->nodes[n].num_tasks; t++)
            if (w->step->nodes[n].gtids[t] == gtid)
                return w->step->nodes[n].name;
    return "an unknown node";
}

void rank_watch_abort(struct rank_watch *w, uint32_t gtid, int exit_code, const char *text)
{
    if (w->aborted)
        return;
    w->aborted = true;
    w->host->abort_step(w->host->ctx, gtid, exit_code, text);
}

static void abort_for(struct rank_watch *w, uint32_t gtid, int status)
{
    char text[256];
    int code = 1;

    if (WIFSIGNALED(status)) {
        snprintf(text, sizeof text, "task %u on %.100s was killed by signal %d before it finalized MPI",
                 gtid, node_of(w, gtid), WTERMSIG(status));
        code = 128 + WTERMSIG(status);
    } else {
        snprintf(text, sizeof text, "task %u on %.100s exited with code %d before it finalized MPI", gtid,
                 node_of(w, gtid), WEXITSTATUS(status));
        if (WEXITSTATUS(status))
            code = WEXITSTATUS(status);
    }
    rank_watch_abort(w, gtid, code, text);
}

void rank_watch_begun(struct rank_watch *w)
{
    w->active = true;
    if (w->have_dead)
        abort_for(w, w->dead_gtid, w->dead_status);
}

static void note_dead(struct rank_watch *w, uint32_t gtid, int status)
{
    if (!w->have_dead) {
        w->have_dead = true;
        w->dead_gtid = gtid;
        w->dead_status = status;
    }
    if (w->active)
        abort_for(w, gtid, status);
}

void rank_watch_ended(struct rank_watch *w, uint32_t local_task, int status, bool begun, bool finalized)
{
    uint32_t gtid = w->step->nodes[w->step->node_index].gtids[local_task];

    if (finalized)
        return;
    if (begun) {
        abort_for(w, gtid, status);
        return;
    }
    note_dead(w, gtid, status);
    /* A clean end without MPI is what ordinary programs do: no need to tell the other boards. */
    if (status == 0 || w->aborted)
        return;
    for (uint32_t n = 0; n < w->step->num_nodes; n++)
        if (n != w->step->node_index)
            w->host->peer_send(w->host->ctx, n, w->kind, gtid, &status, sizeof status);
}

bool rank_watch_peer_data(struct rank_watch *w, uint32_t kind, uint64_t tag, const void *data, size_t len)
{
    int status;

    if (kind != w->kind)
        return false;
    if (len == sizeof status && tag < w->step->num_tasks) {
        memcpy(&status, data, sizeof status);
        note_dead(w, (uint32_t)tag, status);
    }
    return true;
}
