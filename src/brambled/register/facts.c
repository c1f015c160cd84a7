/* facts.c - what this board is.
 *
 * hwloc takes a lot of memory for a moment, so a child looks at the topology and tells the agent, over
 * a pipe, only what it needs: counts, the CPU numbers of each core, and the XML.
 */
#include "config.h"
#include "brambled/agent_private.h"

#include "cgroup/cgroup.h"
#include "topo/topo.h"
#include "util/bitmap.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROBE_MAX (TOPO_XML_MAX + TOPO_CPUS_MAX * 16u)

/* The child's report: this head, then num_cores NUL-ended CPU lists, then the XML. */
struct probe_head {
    struct topo_summary summary;
    uint32_t real_cpus, num_cores;
    bool emulated;
    uint8_t xml_hash[32];
    uint64_t xml_len;
};
struct board_map {
    struct probe_head head;
    char **core_cpus; /* into text */
    const char *xml;
    char *text;
};
struct probe {
    struct strbuf text;
};

void node_conf_free(struct node_conf *c)
{
    free(c->topology_xml);
    free(c->topology_synthetic);
    free(c->hw_class);
    free(c->prolog);
    free(c->epilog);
    free(c->cgroup);
    free(c->cluster_name);
    free(c->mpi_default);
    free(c->task_prolog);
    free(c->task_epilog);
    memset(c, 0, sizeof *c);
}

/* Emulated boards of one machine start at different CPUs, or all would crowd the first. */
static uint32_t first_cpu(const char *node_name, uint32_t real)
{
    const char *digits = node_name + strcspn(node_name, "0123456789");

    return real ? (uint32_t)strtoul(digits, NULL, 10) % real : 0;
}

static char *core_text(const struct topo *t, const char *node_name, uint32_t core, const struct bitmap *real)
{
    struct bitmap *cpus;
    char *text;

    if (topo_is_emulated(t)) {
        uint32_t count = (uint32_t)bitmap_count(real);
        ssize_t cpu = bitmap_nth(real, (core + first_cpu(node_name, count)) % count);

        return xasprintf("%zd", cpu);
    }
    cpus = topo_core_cpus(t, core, real);
    text = cpus ? bitmap_format(cpus) : xstrdup("");
    bitmap_destroy(cpus);
    return text;
}

static int probe_fill(const struct agent *a, struct strbuf *out, struct error *err)
{
    struct probe_head head;
    struct topo *t = a->conf.topology_xml
                         ? topo_load_xml(a->conf.topology_xml, strlen(a->conf.topology_xml), err)
                     : a->conf.topology_synthetic ? topo_load_synthetic(a->conf.topology_synthetic, err)
                                                  : topo_load_own(err);
    struct bitmap *real = topo_real_cpus(err);
    size_t xml_len;
    char *xml;

    memset(&head, 0, sizeof head);
    if (!t || !real || !(xml = topo_xml(t, &xml_len, err)))
        return -1;
    topo_summary(t, &head.summary);
    head.emulated = topo_is_emulated(t);
    head.real_cpus = (uint32_t)bitmap_count(real);
    head.num_cores = head.summary.cores;
    head.xml_len = xml_len;
    topo_xml_hash(xml, xml_len, head.xml_hash);
    strbuf_add_mem(out, &head, sizeof head);
    for (uint32_t core = 0; core < head.num_cores; core++) {
        char *text = core_text(t, a->opts.node_name, core, real);

        strbuf_add_mem(out, text, strlen(text) + 1);
        free(text);
    }
    strbuf_add_mem(out, xml, xml_len);
    return 0; /* a child: what was taken goes with it */
}

_Noreturn static void probe_child(struct agent *a, int fd)
{
    struct strbuf out = STRBUF_INIT;
    struct error err = { 0 };

    if (probe_fill(a, &out, &err) < 0) {
        log_error("topology: %s", err.text);
        _exit(1);
    }
    _exit(fs_write_all(fd, out.data, out.len) < 0 ? 1 : 0);
}

static struct board_map *map_create(struct strbuf *text)
{
    struct board_map *m = xcalloc(1, sizeof *m);
    size_t at = sizeof m->head;

    if (text->len < sizeof m->head)
        goto bad;
    memcpy(&m->head, text->data, sizeof m->head);
    if (m->head.num_cores > TOPO_CPUS_MAX || !m->head.real_cpus)
        goto bad;
    m->text = xmemdup(text->data, text->len + 1);
    m->core_cpus = xcalloc(m->head.num_cores + 1, sizeof *m->core_cpus);
    for (uint32_t i = 0; i < m->head.num_cores; i++) {
        if (at >= text->len)
            goto bad;
        m->core_cpus[i] = m->text + at;
        at += strlen(m->text + at) + 1;
    }
    if (at > text->len || text->len - at != m->head.xml_len)
        goto bad;
    m->xml = m->text + at;
    return m;
bad:
    free(m->core_cpus);
    free(m->text);
    free(m);
    return NULL;
}

static void map_free(struct board_map *m)
{
    if (!m)
        return;
    free(m->core_cpus);
    free(m->text);
    free(m);
}

static void probe_close(struct agent *a)
{
    reactor_fd_close(a->probe_watch);
    a->probe_watch = NULL;
    if (a->probe_fd >= 0)
        close(a->probe_fd);
    a->probe_fd = -1;
    if (a->probe)
        strbuf_fini(&a->probe->text);
    free(a->probe);
    a->probe = NULL;
}

static void on_probe(void *arg, int events, int status)
{
    struct agent *a = arg;
    char buf[16384];
    ssize_t n = read(a->probe_fd, buf, sizeof buf);
    struct board_map *map;

    (void)events;
    (void)status;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0 && a->probe->text.len + (size_t)n <= PROBE_MAX) {
        strbuf_add_mem(&a->probe->text, buf, (size_t)n);
        return;
    }
    map = n == 0 ? map_create(&a->probe->text) : NULL;
    probe_close(a);
    malloc_trim(0);
    if (!map) {
        log_error("the board's topology cannot be read: this node cannot register");
        return;
    }
    map_free(a->map);
    a->map = map;
    if (map->head.emulated)
        log_notice("emulated board: its %u cores are mapped onto the %u CPUs that exist", map->head.num_cores,
                   map->head.real_cpus);
    link_register(a);
}

int facts_begin(struct agent *a, struct error *err)
{
    struct strbuf notes = STRBUF_INIT;
    /* Clusters of one name may share a kernel: the id tells them apart. */
    char *base, *name = xasprintf("%s-%08x.%s", a->conf.cluster_name ? a->conf.cluster_name : "cluster",
                                  (unsigned)(a->conf.cluster_id ^ a->conf.cluster_id >> 32), a->opts.node_name);
    int ends[2];

    base = cgroup_probe(a->conf.cgroup, name, &notes, err);
    free(name);
    if (!base) {
        strbuf_fini(&notes);
        return -1;
    }
    free(a->cgroup);
    free(a->cgroup_notes);
    a->cgroup = base;
    a->cgroup_notes = strbuf_take(&notes);
    probe_close(a);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set(err, errno, "pipe: %s", strerror(errno));
    a->probe_pid = fork();
    if (a->probe_pid == 0)
        probe_child(a, ends[1]);
    close(ends[1]);
    if (a->probe_pid < 0) {
        close(ends[0]);
        return error_set(err, errno, "fork: %s", strerror(errno));
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    a->probe = xcalloc(1, sizeof *a->probe);
    a->probe_fd = ends[0];
    a->probe_watch = reactor_fd_create(a->reactor, a->probe_fd, on_probe, a);
    reactor_fd_watch(a->probe_watch, REACTOR_READ);
    return 0;
}

void facts_fill(struct agent *a, Wire__NodeRegister *reg, struct board *b)
{
    const struct probe_head *h = &a->map->head;

    board_read("", b);
    if (a->conf.hw_class)
        snprintf(b->hw_class, sizeof b->hw_class, "%s", a->conf.hw_class);
    reg->boot_id = b->boot_id;
    reg->has_boot_time = true;
    reg->boot_time = b->boot_time;
    reg->has_topology_hash = true;
    reg->topology_hash = (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)h->xml_hash, .len = 32 };
    if (a->need_topology) {
        reg->has_topology_xml = true;
        reg->topology_xml = (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)a->map->xml, .len = h->xml_len };
    }
    reg->has_sockets = reg->has_cores = reg->has_threads = reg->has_mem_mb = reg->has_tmp_mb = true;
    reg->sockets = h->summary.sockets;
    reg->cores = h->summary.cores;
    reg->threads = h->summary.threads;
    reg->mem_mb = a->conf.mem_mb                               ? a->conf.mem_mb
                  : h->emulated && h->summary.mem_mb ? h->summary.mem_mb
                                                               : b->mem_mb;
    reg->tmp_mb = board_disk_mb("/tmp");
    reg->arch = b->arch;
    reg->abi = b->abi;
    reg->os = b->os;
    reg->hw_class = b->hw_class;
    reg->serial = b->serial;
    reg->model = b->model;
    if (h->emulated) {
        reg->has_real_cpus = true;
        reg->real_cpus = h->real_cpus;
    }
    reg->cgroup = (char *)(uintptr_t)cgroup_base_kind(a->cgroup);
    reg->has_cpu_load_pct = reg->has_free_mem_mb = true;
    reg->cpu_load_pct = board_load_pct("");
    reg->free_mem_mb = b->free_mem_mb;
    if (reg->free_mem_mb > reg->mem_mb)
        reg->free_mem_mb = reg->mem_mb;
}

int facts_core_cpus(const struct agent *a, const char *cores, char ***list, size_t *num, char **all, struct error *err)
{
    const struct board_map *m = a->map;
    struct bitmap *wanted = bitmap_parse(cores ? cores : "", m->head.num_cores, err), *cpus;
    struct strbuf text = STRBUF_INIT;

    if (!wanted)
        return error_prefix(err, "cores of the allocation");
    *list = xcalloc(bitmap_count(wanted) + 1, sizeof **list);
    *num = 0;
    bitmap_for_each(wanted, core)
    {
        (*list)[(*num)++] = m->core_cpus[core];
        strbuf_addf(&text, "%s%s", text.len ? "," : "", m->core_cpus[core]);
    }
    /* Sorted, each once; cpuset and people read it. */
    cpus = bitmap_parse_any(strbuf_str(&text), TOPO_CPUS_MAX, err);
    *all = cpus ? bitmap_format(cpus) : xstrdup("");
    if (cpus && bitmap_count(cpus) == m->head.real_cpus)
        (*all)[0] = '\0'; /* every CPU there is: nothing to enclose */
    bitmap_destroy(cpus);
    bitmap_destroy(wanted);
    strbuf_fini(&text);
    return 0;
}

const char *facts_topology_xml(const struct agent *a)
{
    return a->map ? a->map->xml : NULL;
}

void facts_free(struct agent *a)
{
    probe_close(a);
    map_free(a->map);
    free(a->cgroup);
    free(a->cgroup_notes);
    node_conf_free(&a->conf);
}
