/* cluster_conf.h - bramble.conf as the heart wants it.
 */
#ifndef BRAMBLE_CTLD_CLUSTER_CONF_H
#define BRAMBLE_CTLD_CLUSTER_CONF_H

struct arena;
struct cluster_conf;
struct conf;

/* Arrays are in the arena, texts borrowed from conf: both must outlive out, not the cluster made of
 * it. */
void ctld_cluster_conf(const struct conf *conf, struct arena *a, struct cluster_conf *out);

#endif
