/* fill.c - submit many held jobs over one connection: fill COUNT.
 *
 * What each job says is what sbatch would say for `sbatch -H -o /dev/null true.sh`, but no process is
 * started for it, so that a queue of 100,000 jobs is there in seconds.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/client.h"
#include "jobenv/env.h"
#include "rpc/rpc.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"
#include "wire/client.pb-c.h"

#define WINDOW 64 /* requests on the way */

extern char **environ;

struct fill {
    struct rpc_client *client;
    Wire__SubmitRequest request;
    Wire__JobSpec spec;
    Wire__Rlimit limits[4], *limit_list[4];
    char folder[PATH_MAX], host[256];
};

static void make_request(struct fill *f)
{
    static char script[] = "#!/bin/sh\ntrue\n", line[] = "sbatch -H -o /dev/null true.sh";
    static char *const names[] = { "NOFILE", "CORE", "STACK", "NPROC" };
    struct env *env = env_from_vector(environ);
    size_t len;

    if (!getcwd(f->folder, sizeof f->folder))
        f->folder[0] = '\0';
    gethostname(f->host, sizeof f->host - 1);
    wire__submit_request__init(&f->request);
    wire__job_spec__init(&f->spec);
    f->spec.name = (char *)"true.sh";
    f->spec.work_dir = f->folder;
    f->spec.std_out = (char *)"/dev/null";
    f->spec.submit_host = f->host;
    f->spec.submit_line = line;
    f->spec.has_hold = f->spec.hold = 1;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        wire__rlimit__init(&f->limits[i]);
        f->limits[i].name = names[i];
        f->limits[i].has_cur = f->limits[i].has_max = 1;
        f->limits[i].cur = f->limits[i].max = 1024;
        f->limit_list[i] = &f->limits[i];
    }
    f->spec.rlimits = f->limit_list;
    f->spec.n_rlimits = ARRAY_SIZE(names);
    f->request.spec = &f->spec;
    f->request.has_script = f->request.has_env = 1;
    f->request.script = (ProtobufCBinaryData){ sizeof script - 1, (uint8_t *)script };
    f->request.env.data = (uint8_t *)env_to_blob(env, &len);
    f->request.env.len = len;
    env_destroy(env);
}

static int take_reply(struct fill *f, struct error *err)
{
    struct rpc_frame frame;

    if (rpc_recv(f->client, &frame, 30000, err) < 0)
        return -1;
    return frame.type == MSG_SUBMIT_REPLY ? 0 : rpc_refusal_error(frame.msg, err);
}

int main(int argc, char **argv)
{
    struct fill f = { 0 };
    struct rpc_target target;
    struct error err = { 0 };
    uint32_t count = 0, sent = 0, answered = 0;
    int rc = 0;

    if (argc != 2 || num_parse_u32(argv[1], 1, 10000000, &count, "COUNT", &err) < 0) {
        fprintf(stderr, "usage: fill COUNT\n");
        return 2;
    }
    if (client_target_load(&target, &err) < 0 || !(f.client = rpc_client_open(&target, 5000, &err))) {
        fprintf(stderr, "fill: error: %s\n", err.text);
        return 1;
    }
    make_request(&f);
    while (answered < count && rc == 0) {
        if (sent < count && sent - answered < WINDOW) {
            rc = rpc_send(f.client, MSG_SUBMIT, &f.request.base, &err);
            sent++;
        } else {
            rc = take_reply(&f, &err);
            answered++;
        }
    }
    if (rc < 0)
        fprintf(stderr, "fill: error: after %u jobs: %s\n", answered, err.text);
    rpc_client_close(f.client);
    free(f.request.env.data);
    return rc < 0 ? 1 : 0;
}
