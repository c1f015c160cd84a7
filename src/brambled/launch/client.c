/* client.c - whoever comes to the agent's port for a step is handed to its shepherd, unread; who comes
 * before the step is kept for a while. */
#include "config.h"
#include "brambled/agent_private.h"

#include "util/log.h"
#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void hand_over(struct agent_step *s, int fd, const struct step_hello *hello, const char *address)
{
    Wire__ShepherdClient client = WIRE__SHEPHERD_CLIENT__INIT;

    client.has_first_frame = true;
    client.first_frame = (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)hello->raw, .len = sizeof hello->raw };
    client.address = (char *)(uintptr_t)address;
    if (s->conn)
        rpc_conn_send_fd(s->conn, MSG_SHEP_CLIENT, &client.base, fd);
    close(fd);
}

static void early_free(struct agent *a, struct early_client *c)
{
    list_remove(&c->node);
    a->num_early--;
    free(c);
}

static void on_early_late(void *arg)
{
    struct agent *a = arg;
    uint64_t now = reactor_now_ms(a->reactor);

    list_for_each_safe(node, &a->early)
    {
        struct early_client *c = container_of(node, struct early_client, node);

        if (now - c->since_ms < EARLY_MS) { /* oldest first */
            reactor_timer_start(a->early_timer, EARLY_MS - (now - c->since_ms) + 1, 0);
            return;
        }
        close(c->fd);
        early_free(a, c);
    }
}

void client_arrived(void *arg, int fd, const struct step_hello *hello, const char *address)
{
    struct agent *a = arg;
    struct agent_step *s = step_find(a, hello->job_id, hello->step_id, hello->attempt);
    struct early_client *c;

    if (s && s->state == ASTEP_RUNNING) {
        hand_over(s, fd, hello, address);
        return;
    }
    if (a->num_early >= EARLY_MAX || (s && s->state > ASTEP_RUNNING)
        || tomb_find(a, hello->job_id, hello->step_id, hello->attempt)) {
        close(fd);
        return;
    }
    c = xcalloc(1, sizeof *c);
    c->fd = fd;
    c->since_ms = reactor_now_ms(a->reactor);
    c->hello = *hello;
    snprintf(c->address, sizeof c->address, "%s", address);
    list_append(&a->early, &c->node);
    a->num_early++;
    if (!a->early_timer)
        a->early_timer = reactor_timer_create(a->reactor, on_early_late, a);
    if (!reactor_timer_active(a->early_timer))
        reactor_timer_start(a->early_timer, EARLY_MS, 0);
}

void client_flush(struct agent_step *s)
{
    struct agent *a = s->agent;

    list_for_each_safe(node, &a->early)
    {
        struct early_client *c = container_of(node, struct early_client, node);

        if (c->hello.job_id != s->job_id || c->hello.step_id != s->step_id || c->hello.attempt != s->attempt)
            continue;
        hand_over(s, c->fd, &c->hello, c->address);
        early_free(a, c);
    }
    if (list_is_empty(&a->early) && a->early_timer)
        reactor_timer_stop(a->early_timer);
}

void clients_free(struct agent *a)
{
    for (struct list_node *node; (node = list_first(&a->early));) {
        struct early_client *c = container_of(node, struct early_client, node);

        close(c->fd);
        early_free(a, c);
    }
    reactor_timer_close(a->early_timer);
}
