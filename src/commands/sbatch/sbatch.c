/* sbatch.c - hand a batch script to the controller and say under which number it will run. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "client/client.h"
#include "jobenv/env.h"
#include "jobopt/jobopt.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/timefmt.h"

#define SUBMIT_FAILED "Batch job submission failed"
#define DEFAULT_OUTPUT "slurm-%j.out"
#define DEFAULT_ARRAY_OUTPUT "slurm-%A_%a.out"
#define SCRIPT_PATH_MAX 4096 /* what the schema takes */

extern char **environ;

struct sbatch {
    struct job_components components;
    struct job_options *options; /* of the first */
    struct batch_script script;
    char *const *argv; /* of the process */
    int argc;
    char cwd[PATH_MAX], host[256], cluster[256];
    uint8_t *env;
    size_t env_len;
    Wire__Rlimit **rlimits;
    size_t num_rlimits;
    char *submit_line;
    struct rpc_client *client;
};

static void sbatch_fini(struct sbatch *s)
{
    rpc_client_close(s->client);
    free(s->submit_line);
    free(s->env);
    rlimits_free(s->rlimits);
    batch_script_fini(&s->script);
    job_components_fini(&s->components);
}

static int read_components(struct sbatch *s, const struct batch_script *script, struct error *err)
{
    int rc = job_components_read(&s->components, CMD_SBATCH, script, s->argc, (char **)s->argv, err);

    s->options = &s->components.parts[0].options;
    return rc;
}

/* A first look at the command line finds the script; then script, variables and command line are read
 * in the order of their strength. */
static int read_options(struct sbatch *s, struct error *err)
{
    const struct job_options *last;
    bool wrapped;
    int argc;
    char **operands;

    if (read_components(s, NULL, err) < 0)
        return -1;
    if (s->options->help || s->options->usage || s->options->version)
        return 0;
    last = &s->components.parts[s->components.num - 1].options;
    operands = job_components_operands(&s->components, &argc);
    wrapped = last->wrap;
    s->components.exit_code = EXIT_NUMBER;
    if (wrapped && argc)
        return error_set(err, BRE_INVAL, "Script arguments not permitted with --wrap option");
    if (wrapped) {
        if (batch_script_wrap(last->wrap, &s->script, err) < 0)
            return -1;
    } else if (batch_script_load(argc ? operands[0] : NULL, last->work_dir, &s->script, err) < 0) {
        s->components.exit_code = exit_error_code();
        return -1;
    }
    job_components_fini(&s->components);
    if (read_components(s, wrapped ? NULL : &s->script, err) < 0)
        return -1;
    return job_components_check(&s->components, err);
}

/* What the request needs beside the options. */
static int gather(struct sbatch *s, struct error *err)
{
    struct env *env;
    int rc;

    s->options->exit_code = exit_error_code();
    if (!getcwd(s->cwd, sizeof s->cwd))
        return error_set(err, errno, SUBMIT_FAILED ": the current folder cannot be named: %s", strerror(errno));
    if (gethostname(s->host, sizeof s->host) < 0)
        s->host[0] = '\0';
    s->host[sizeof s->host - 1] = '\0';
    if (rlimits_collect(s->options->propagate, &s->rlimits, &s->num_rlimits, err) < 0)
        return -1;
    if (!(env = job_options_env(s->options, environ, NULL, err)))
        return -1;
    rc = env_pack(env, &s->env, &s->env_len, err);
    env_destroy(env);
    s->submit_line = submit_line_format(s->argc, s->argv);
    return rc;
}

static void test_report(const struct sbatch *s, const Wire__SubmitReply *reply)
{
    char when[TIME_TEXT_MAX];

    if (!s->options->quiet)
        log_info("Job %u to start at %s using %u processors on nodes %s in partition %s", reply->job_id,
                 time_at_format(reply->test_start, NULL, when), reply->test_cpus,
                 reply->test_nodes ? reply->test_nodes : "", reply->test_partition ? reply->test_partition : "");
}

static void submitted_report(const struct sbatch *s, uint32_t job_id)
{
    if (s->options->quiet && !s->options->parsable)
        return;
    if (s->options->parsable)
        printf("%u", job_id);
    else
        printf("Submitted batch job %u", job_id);
    if (s->cluster[0])
        printf(s->options->parsable ? ";%s" : " on cluster %s", s->cluster);
    printf("\n");
    fflush(stdout);
}

static void describe(struct sbatch *s, const struct job_options *options, Wire__JobSpec *spec)
{
    int argc;
    char **operands = job_components_operands(&s->components, &argc);

    job_options_job_spec(options, spec);
    if (!spec->name)
        spec->name = s->script.name;
    if (!spec->work_dir)
        spec->work_dir = s->cwd;
    if (!spec->std_out)
        spec->std_out = (char *)(spec->array_inx ? DEFAULT_ARRAY_OUTPUT : DEFAULT_OUTPUT);
    spec->submit_dir = s->cwd;
    spec->submit_host = s->host;
    spec->submit_line = s->submit_line;
    spec->rlimits = s->rlimits;
    spec->n_rlimits = s->num_rlimits;
    if (argc > 1) {
        spec->argv = operands + 1;
        spec->n_argv = (size_t)(argc - 1);
    }
}

static int submit(struct sbatch *s, uint32_t *job_id, struct error *err)
{
    size_t num_more = s->components.num - 1;
    CLEANUP_FREE Wire__JobSpec *more = xcalloc(num_more + 1, sizeof *more);
    CLEANUP_FREE Wire__JobSpec **het = xcalloc(num_more + 1, sizeof *het);
    Wire__SubmitRequest request = WIRE__SUBMIT_REQUEST__INIT;
    Wire__JobSpec spec = WIRE__JOB_SPEC__INIT;
    Wire__SubmitReply *reply;

    describe(s, s->options, &spec);
    for (size_t i = 0; i < num_more; i++) {
        het[i] = &more[i];
        wire__job_spec__init(het[i]);
        describe(s, &s->components.parts[i + 1].options, het[i]);
    }
    spec.script_path = s->script.path && strlen(s->script.path) <= SCRIPT_PATH_MAX ? s->script.path : NULL;
    request.spec = &spec;
    request.het = het;
    request.n_het = num_more;
    request.has_script = request.has_env = 1;
    request.script = (ProtobufCBinaryData){ s->script.len, (uint8_t *)s->script.text };
    request.env = (ProtobufCBinaryData){ s->env_len, s->env };
    request.has_test_only = request.test_only = s->options->test_only;
    request.has_as_uid = s->options->uid != OPT_UNSET;
    request.as_uid = s->options->uid;
    request.has_as_gid = s->options->gid != OPT_UNSET;
    request.as_gid = s->options->gid;
    if (msg_check_bounds(&request.base, err) < 0)
        return -1;
    reply = (Wire__SubmitReply *)controller_call(s->client, MSG_SUBMIT, &request.base, MSG_SUBMIT_REPLY,
                                                 ANSWER_WAIT_MS, err);
    if (!reply)
        return -1;
    *job_id = reply->job_id;
    if (reply->warning && *reply->warning && !s->options->quiet)
        log_info("%s", reply->warning);
    if (s->options->test_only)
        test_report(s, reply);
    rpc_msg_free(&reply->base);
    return 0;
}

/* Follow the job, over restarts of the controller.  What Slurm exits with: the script's code, 1 when
 * it was ended by a signal, a limit or a cancel. */
static int wait_end(struct sbatch *s, uint32_t job_id, struct error *err)
{
    Wire__WatchRequest watch = WIRE__WATCH_REQUEST__INIT;
    bool watching = false;

    watch.n_job_ids = 1;
    watch.job_ids = &job_id;
    for (;;) {
        struct rpc_frame frame;

        if (!s->client) {
            watching = false;
            if (!(s->client = controller_open(err)))
                return -1;
        }
        if (!watching && rpc_send(s->client, MSG_WATCH, &watch.base, err) == 0)
            watching = true;
        if (!watching || rpc_recv(s->client, &frame, UINT32_MAX, err) < 0) {
            if (err->code != BRE_TIMEOUT) {
                rpc_client_close(s->client);
                s->client = NULL;
            }
            continue;
        }
        if (frame.type == MSG_REFUSAL) {
            const Wire__Refusal *refusal = (const Wire__Refusal *)frame.msg;

            return error_set(err, (int)refusal->code, "%s", refusal->text ? refusal->text : "");
        }
        if (frame.type == MSG_NOTICE) {
            const Wire__Notice *notice = (const Wire__Notice *)frame.msg;
            int status = (int)notice->exit_code;

            if (notice->what != NOTICE_JOB_ENDED || notice->job_id != job_id)
                continue;
            if (WIFEXITED(status) && WEXITSTATUS(status))
                return WEXITSTATUS(status);
            return WIFEXITED(status) && (!notice->has_job_state || notice->job_state == JOB_COMPLETED) ? 0 : 1;
        }
    }
}

static int sbatch_run(struct sbatch *s)
{
    struct error err = { 0 };
    uint32_t job_id = 0;
    int rc;

    if (s->options->verbose)
        job_options_log_given(s->options);
    if (gather(s, &err) < 0) {
        error_log_lines(&err);
        return s->options->exit_code;
    }
    if ((s->client = controller_open(&err)) && s->options->clusters
        && cluster_name_check(s->client, s->options->clusters, s->cluster, &err) < 0) {
        refusal_log(NULL, &err);
        return exit_error_code();
    }
    if (!s->client || submit(s, &job_id, &err) < 0) {
        if (s->options->test_only) {
            char text[2 * ERROR_TEXT_MAX];

            fprintf(stderr, "allocation failure: %s\n", refusal_text(&err, text, sizeof text));
        } else {
            refusal_log(SUBMIT_FAILED, &err);
        }
        return exit_error_code();
    }
    if (s->options->test_only)
        return 0;
    submitted_report(s, job_id);
    if (!s->options->wait_end)
        return 0;
    if ((rc = wait_end(s, job_id, &err)) < 0) {
        refusal_log("unable to wait for the job", &err);
        return exit_error_code();
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct sbatch s = { .argv = argv, .argc = argc };
    struct error err = { 0 };
    int rc = 0;

    log_open("sbatch", NULL, false);
    if (read_options(&s, &err) < 0) {
        error_log_lines(&err);
        rc = s.components.exit_code;
    } else if (s.options->help) {
        job_options_help(CMD_SBATCH, stdout);
    } else if (s.options->usage) {
        job_options_usage(CMD_SBATCH, stdout);
    } else if (s.options->version) {
        version_print(stdout);
    } else {
        rc = sbatch_run(&s);
    }
    sbatch_fini(&s);
    return rc;
}
