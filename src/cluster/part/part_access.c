/* part_access.c - who may use a partition. */
#include "cluster/part/part.h"

#include <string.h>

/* Is the word one of a comma list? */
static bool listed(const char *list, const char *word)
{
    size_t word_len = strlen(word);

    while (list && *list) {
        size_t len = strcspn(list, ",");

        if (len == word_len && strncmp(list, word, len) == 0)
            return true;
        list += len + (list[len] == ',');
    }
    return false;
}

static bool group_allowed(const struct part_conf *conf, const struct submit_request *req)
{
    if (!conf->allow_groups || req->who.is_admin)
        return true;
    for (size_t i = 0; i < req->num_groups; i++)
        if (listed(conf->allow_groups, req->groups[i]))
            return true;
    return false;
}

static bool host_allowed(const struct part_conf *conf, const char *host)
{
    CLEANUP_HOSTLIST struct hostlist *hosts = NULL;

    if (!conf->alloc_nodes)
        return true;
    hosts = hostlist_parse(conf->alloc_nodes, 0, NULL);
    return hosts && host && hostlist_find(hosts, host) >= 0;
}

/* One of accounts or QOS: allowed ones, or all but the denied ones. */
static int check_list(const char *allow, const char *deny, const char *value, int code,
                      const char *what, const char *part, struct error *err)
{
    value = value ? value : "";
    if (allow && !listed(allow, value))
        return error_set(err, code,
                         "%s: partition %s is for the %s %s; this job has %s%s",
                         error_code_text(code), part, what, allow, *value ? "" : "none",
                         value);
    if (deny && listed(deny, value))
        return error_set(err, code, "%s: partition %s does not take the %s %s",
                         error_code_text(code), part, what, value);
    return 0;
}

int part_check_access(const struct part *part, const struct submit_request *req,
                      struct error *err)
{
    const struct part_conf *conf = &part->conf;
    const Wire__JobSpec *spec = req->spec;

    if (conf->root_only && !req->who.is_admin)
        return error_set(err, BRE_ACCESS, "partition %s is for root alone", conf->name);
    if (conf->no_root_jobs && req->identity && req->identity->uid == 0)
        return error_set(err, BRE_ACCESS, "partition %s runs no jobs of root", conf->name);
    if (!group_allowed(conf, req))
        return error_set(
            err, BRE_ACCESS,
            "User's group not permitted to use this partition: %s allows groups %s",
            conf->name, conf->allow_groups);
    if (!host_allowed(conf, spec->submit_host))
        return error_set(err, BRE_ACCESS,
                         "jobs for partition %s are submitted on %s, not on %s", conf->name,
                         conf->alloc_nodes, spec->submit_host ? spec->submit_host : "?");
    if (conf->req_resv && !(spec->reservation && *spec->reservation))
        return error_set(err, BRE_RESERVATION,
                         "Requested reservation is invalid: partition %s takes only jobs with "
                         "--reservation",
                         conf->name);
    if (check_list(conf->allow_accounts, conf->deny_accounts, spec->account, BRE_ACCOUNT,
                   "account", conf->name, err)
        < 0)
        return -1;
    return check_list(conf->allow_qos, conf->deny_qos, spec->qos, BRE_QOS, "QOS", conf->name,
                      err);
}
