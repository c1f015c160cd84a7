/* pmix_job.c - describes the step to libpmix: PMIx standard, PMIx_server_register_nspace, the
 * attributes that a host environment is required to give. */
#include "config.h"
#include "pmix_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pmix.h>

/* A growing array of pmix_info_t that is freed as one. */
struct infos {
    pmix_info_t *at;
    size_t num, cap;
    bool failed;
};

static pmix_info_t *next_info(struct infos *list)
{
    if (list->num == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 32;
        pmix_info_t *at = list->failed ? NULL : realloc(list->at, cap * sizeof *at);

        if (!at) {
            list->failed = true;
            return NULL;
        }
        list->at = at;
        list->cap = cap;
    }
    memset(&list->at[list->num], 0, sizeof *list->at);
    return &list->at[list->num++];
}

static void add(struct infos *list, const char *key, const void *value, pmix_data_type_t type)
{
    pmix_info_t *info = next_info(list);

    if (info)
        PMIX_INFO_LOAD(info, key, value, type);
}

static void add_u32(struct infos *list, const char *key, uint32_t value)
{
    add(list, key, &value, PMIX_UINT32);
}

/* The array becomes the value of one info of the outer list. */
static void add_array(struct infos *list, const char *key, struct infos *members)
{
    pmix_info_t *info = next_info(list);
    pmix_data_array_t *array = calloc(1, sizeof *array);

    if (!info || !array || members->failed) {
        list->failed = true;
        free(array);
        return;
    }
    array->type = PMIX_INFO;
    array->size = members->num;
    array->array = members->at; /* taken */
    PMIX_LOAD_KEY(info->key, key);
    info->value.type = PMIX_DATA_ARRAY;
    info->value.data.darray = array;
    memset(members, 0, sizeof *members);
}

static void infos_free(struct infos *list)
{
    for (size_t i = 0; i < list->num; i++)
        PMIX_INFO_DESTRUCT(&list->at[i]);
    free(list->at);
}

/* Joins names or rank lists; sep between nodes, "," between the ranks of a node. */
static char *node_names(const struct launch_step *step)
{
    size_t len = 1;
    char *text, *to;

    for (uint32_t n = 0; n < step->num_nodes; n++)
        len += strlen(step->nodes[n].name) + 1;
    if (!(text = to = malloc(len)))
        return NULL;
    *to = '\0';
    for (uint32_t n = 0; n < step->num_nodes; n++) {
        if (n)
            *to++ = ',';
        to = stpcpy(to, step->nodes[n].name);
    }
    return text;
}

static char *rank_list(const struct launch_node *node)
{
    size_t cap = (size_t)node->num_tasks * 11 + 1, used = 0;
    char *text = malloc(cap);

    if (!text)
        return NULL;
    text[0] = '\0';
    for (uint32_t t = 0; t < node->num_tasks; t++)
        used += (size_t)snprintf(text + used, cap - used, "%s%u", t ? "," : "", node->gtids[t]);
    return text;
}

static char *proc_map(const struct launch_step *step)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        return NULL;
    for (uint32_t n = 0; n < step->num_nodes; n++) {
        char *ranks = rank_list(&step->nodes[n]);

        fprintf(out, "%s%s", n ? ";" : "", ranks ? ranks : "");
        free(ranks);
    }
    fclose(out);
    return text;
}

static void add_maps(struct infos *list, const struct launch_step *step)
{
    char *names = node_names(step), *ranks = proc_map(step), *regex = NULL, *ppn = NULL;

    if (!names || !ranks || PMIx_generate_regex(names, &regex) != PMIX_SUCCESS
        || PMIx_generate_ppn(ranks, &ppn) != PMIX_SUCCESS) {
        list->failed = true;
    } else {
        add(list, PMIX_NODE_MAP, regex, PMIX_REGEX);
        add(list, PMIX_PROC_MAP, ppn, PMIX_REGEX);
        add(list, PMIX_NODE_LIST, names, PMIX_STRING);
    }
    free(regex);
    free(ppn);
    free(names);
    free(ranks);
}

static void add_procs(struct infos *list, const struct launch_step *step)
{
    for (uint32_t n = 0; n < step->num_nodes; n++)
        for (uint32_t t = 0; t < step->nodes[n].num_tasks; t++) {
            pmix_rank_t rank = step->nodes[n].gtids[t];
            uint16_t local = (uint16_t)t;
            struct infos proc = { 0 };

            add(&proc, PMIX_RANK, &rank, PMIX_PROC_RANK);
            add_u32(&proc, PMIX_APPNUM, 0);
            add(&proc, PMIX_GLOBAL_RANK, &rank, PMIX_PROC_RANK);
            add(&proc, PMIX_APP_RANK, &rank, PMIX_PROC_RANK);
            add(&proc, PMIX_LOCAL_RANK, &local, PMIX_UINT16);
            add(&proc, PMIX_NODE_RANK, &local, PMIX_UINT16);
            add_u32(&proc, PMIX_NODEID, n);
            add(&proc, PMIX_HOSTNAME, step->nodes[n].name, PMIX_STRING);
            add_array(list, PMIX_PROC_DATA, &proc);
        }
}

static void add_node(struct infos *list, const struct launch_step *step)
{
    const struct launch_node *here = &step->nodes[step->node_index];
    char *peers = rank_list(here);
    pmix_rank_t leader = here->num_tasks ? here->gtids[0] : 0;

    if (!peers) {
        list->failed = true;
        return;
    }
    add(list, PMIX_LOCAL_PEERS, peers, PMIX_STRING);
    add(list, PMIX_LOCALLDR, &leader, PMIX_PROC_RANK);
    add_u32(list, PMIX_LOCAL_SIZE, here->num_tasks);
    add_u32(list, PMIX_NODE_SIZE, here->num_tasks);
    add_u32(list, PMIX_NODEID, step->node_index);
    add(list, PMIX_HOSTNAME, here->name, PMIX_STRING);
    free(peers);
}

static int register_clients(struct pmix *p, struct plugin_error *err)
{
    const struct launch_node *here = &p->step->nodes[p->step->node_index];

    for (uint32_t t = 0; t < here->num_tasks; t++) {
        struct pmix_waiter *w = pmix_waiter_create();
        pmix_proc_t proc;
        pmix_status_t rc;

        PMIX_LOAD_PROCID(&proc, p->nspace, here->gtids[t]);
        rc = w ? pmix_waiter_wait(w, PMIx_server_register_client(&proc, p->step->uid, p->step->gid,
                                                                 NULL, pmix_waiter_done, w))
               : PMIX_ERR_NOMEM;
        if (rc != PMIX_SUCCESS) {
            snprintf(err->text, sizeof err->text, "PMIx refuses task %u: %s", proc.rank,
                     PMIx_Error_string(rc));
            return -1;
        }
    }
    return 0;
}

int pmix_job_register(struct pmix *p, struct plugin_error *err)
{
    const struct launch_step *step = p->step;
    struct pmix_waiter *w = pmix_waiter_create();
    struct infos list = { 0 };
    pmix_rank_t zero = 0;
    bool no = false;
    char job[24];
    pmix_status_t rc = PMIX_ERR_NOMEM;

    snprintf(job, sizeof job, "%u.%u", step->job_id, step->step_id);
    add(&list, PMIX_JOBID, job, PMIX_STRING);
    add(&list, PMIX_SPAWNED, &no, PMIX_BOOL);
    add(&list, PMIX_TMPDIR, step->tmp_dir, PMIX_STRING);
    add(&list, PMIX_NSDIR, step->tmp_dir, PMIX_STRING);
    add_u32(&list, PMIX_UNIV_SIZE, step->num_tasks);
    add_u32(&list, PMIX_JOB_SIZE, step->num_tasks);
    add_u32(&list, PMIX_MAX_PROCS, step->num_tasks);
    add_u32(&list, PMIX_APP_SIZE, step->num_tasks);
    add_u32(&list, PMIX_JOB_NUM_APPS, 1);
    add_u32(&list, PMIX_NUM_NODES, step->num_nodes);
    add(&list, PMIX_APPLDR, &zero, PMIX_PROC_RANK);
    add(&list, PMIX_NPROC_OFFSET, &zero, PMIX_PROC_RANK);
    add_node(&list, step);
    add_maps(&list, step);
    add_procs(&list, step);
    if (w && !list.failed)
        rc = pmix_waiter_wait(w, PMIx_server_register_nspace(p->nspace, (int)p->num_local, list.at,
                                                             list.num, pmix_waiter_done, w));
    else
        free(w);
    infos_free(&list);
    if (rc != PMIX_SUCCESS) {
        snprintf(err->text, sizeof err->text, "PMIx refuses the step's description: %s",
                 PMIx_Error_string(rc));
        return -1;
    }
    return register_clients(p, err);
}
