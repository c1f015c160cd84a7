/* console.c - messages, options and repetition of the commands that show. */
#include "commands/display/console.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "client/client.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/version.h"

void console_error(const struct console *c, const char *fmt, ...)
{
    va_list ap;

    fprintf(c->err, "%s: error: ", c->program);
    va_start(ap, fmt);
    vfprintf(c->err, fmt, ap);
    va_end(ap);
    fputc('\n', c->err);
}

void console_load_error(const struct console *c, const char *function, const struct error *err)
{
    char text[2 * ERROR_TEXT_MAX];

    /* tools match this line to its end */
    if (err->code == BRE_JOB_ID)
        fprintf(c->err, "%s error: %s\n", function, error_code_text(err->code));
    else
        fprintf(c->err, "%s error: %s\n", function, refusal_text(err, text, sizeof(text)));
}

/* ---- options ---- */

static void print_help(const struct console *c, const struct show_option *options, size_t num, FILE *out)
{
    fprintf(out, "Usage: %s [OPTIONS]%s%s\n", c->program, c->arguments ? " " : "",
            c->arguments ? c->arguments : "");
    for (size_t i = 0; i < num; i++) {
        const struct show_option *o = &options[i];
        char left[64];

        if (!o->help || o->refused)
            continue;
        snprintf(left, sizeof(left), "  %c%c%c --%s%s%s%s%s", o->letter < 256 ? '-' : ' ',
                 o->letter < 256 ? o->letter : ' ', o->letter < 256 ? ',' : ' ', o->name,
                 o->arg == OPT_MAYBE ? "[" : "", o->arg_name ? "=" : "",
                 o->arg_name ? o->arg_name : "", o->arg == OPT_MAYBE ? "]" : "");
        fprintf(out, "%-31s %s\n", left, o->help);
    }
}

void options_usage(const struct console *c, const struct show_option *options, size_t num, FILE *out)
{
    size_t column = (size_t)fprintf(out, "Usage: %s", c->program);

    for (size_t i = 0; i < num; i++) {
        const struct show_option *o = &options[i];
        char word[96];

        if (!o->help || o->refused)
            continue;
        if (o->letter < 256)
            snprintf(word, sizeof(word), " [-%c%s%s]", o->letter, o->arg_name ? " " : "",
                     o->arg_name ? o->arg_name : "");
        else
            snprintf(word, sizeof(word), " [--%s%s%s]", o->name, o->arg_name ? "=" : "",
                     o->arg_name ? o->arg_name : "");
        if (column + strlen(word) > 80)
            column = (size_t)fprintf(out, "\n       ") - 1;
        column += (size_t)fprintf(out, "%s", word);
    }
    fprintf(out, "%s%s\n", c->arguments ? " " : "", c->arguments ? c->arguments : "");
}

/* "--sta": what a shell completes it to. */
static void print_completions(const char *start, const struct show_option *options, size_t num, FILE *out)
{
    start += strspn(start, "-");
    for (size_t i = 0; i < num; i++)
        if (!options[i].refused && !strncmp(options[i].name, start, strlen(start)))
            fprintf(out, "--%s%s\n", options[i].name, options[i].arg == OPT_NONE ? "" : "=");
}

/* Is it one of the options that every command answers alike? */
static bool answer(const struct console *c, const struct show_option *o, const char *value,
                   const struct show_option *options, size_t num)
{
    bool completion = o->letter == SHOW_AUTOCOMPLETE, version = !strcmp(o->name, "version");
    bool help = !strcmp(o->name, "help"), usage = !strcmp(o->name, "usage");

    bool parsers = (o->letter == SHOW_JSON || o->letter == SHOW_YAML) && value && !strcmp(value, "list");

    if (!completion && !version && !help && !usage && !parsers)
        return false;
    CLEANUP_FCLOSE FILE *out = fdopen(dup(c->out), "w");
    if (!out)
        return true;
    if (version)
        fprintf(out, "%s\n", bramble_version());
    else if (help)
        print_help(c, options, num, out);
    else if (usage)
        options_usage(c, options, num, out);
    else if (parsers)
        fprintf(out, "Possible data_parser plugins:\ndata_parser/%s\n", DOC_DATA_PARSER);
    else
        print_completions(value, options, num, out);
    return true;
}

static int apply(const struct console *c, const struct show_option *o, const char *value,
                 int (*on_option)(void *arg, int letter, const char *value), void *arg)
{
    if (o->refused) {
        console_error(c, "--%s is not supported: %s", o->name, o->refused);
        return -1;
    }
    if ((o->letter == SHOW_JSON || o->letter == SHOW_YAML) && value) {
        const char *name = value + (strncmp(value, "data_parser/", 12) ? 0 : 12);

        if (strncmp(name, DOC_DATA_PARSER, strlen(DOC_DATA_PARSER)) || !strchr("+", name[strlen(DOC_DATA_PARSER)])) {
            console_error(c, "--%s=%s: the keys are those of data_parser/%s here; leave the value out", o->name,
                          value, DOC_DATA_PARSER);
            return -1;
        }
    }
    return o->letter == SHOW_NOTHING ? 0 : on_option(arg, o->letter, value);
}

static void make_getopt(const struct show_option *options, size_t num, struct option *longs, char *shorts)
{
    for (size_t i = 0; i < num; i++) {
        const struct show_option *o = &options[i];

        longs[i] = (struct option){ o->name,
                                    o->arg == OPT_NONE  ? no_argument
                                    : o->arg == OPT_ARG ? required_argument
                                                        : optional_argument,
                                    NULL, 1000 + (int)i };
        if (o->letter > 255)
            continue;
        *shorts++ = (char)o->letter;
        if (o->arg != OPT_NONE)
            *shorts++ = ':';
        if (o->arg == OPT_MAYBE)
            *shorts++ = ':';
    }
    *shorts = '\0';
}

int options_parse(struct console *c, int argc, char **argv, const struct show_option *options,
                  size_t num, int (*on_option)(void *arg, int letter, const char *value), void *arg)
{
    CLEANUP_FREE struct option *longs = xcalloc(num + 1, sizeof(*longs));
    CLEANUP_FREE char *shorts = xcalloc(3 * num + 2, 1);
    int found;

    c->argv = NULL;
    for (size_t i = 0; i < num; i++) {
        const char *value = options[i].env ? getenv(options[i].env) : NULL;

        if (!value || options[i].refused || (!*value && options[i].arg == OPT_ARG))
            continue;
        if (apply(c, &options[i], value, on_option, arg) < 0) {
            console_error(c, "that came from the variable %s", options[i].env);
            return -1;
        }
    }
    c->argv = argv;
    make_getopt(options, num, longs, shorts);
    optind = 0; /* GNU: start anew, a test parses more than once */
    while ((found = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const struct show_option *o = NULL;

        if (found >= 1000)
            o = &options[found - 1000];
        for (size_t i = 0; !o && found < 256 && i < num; i++)
            if (options[i].letter == found)
                o = &options[i];
        if (!o) {
            fprintf(c->err, "Try \"%s --help\" for more information\n", c->program);
            return -1;
        }
        if (answer(c, o, optarg, options, num))
            return OPTIONS_LEAVE;
        if (apply(c, o, optarg, on_option, arg) < 0)
            return -1;
    }
    return optind;
}

int console_cluster(const struct console *c, const char *clusters, char name[256])
{
    Wire__Empty ask = WIRE__EMPTY__INIT;
    struct error err = { 0 };
    ProtobufCMessage *reply = c->source->call(c->source, MSG_SHOW_CONFIG, &ask.base, MSG_CONFIG_REPLY, &err);
    int rc = reply ? cluster_name_compare((const Wire__ConfigReply *)reply, clusters, name, &err) : -1;

    rpc_msg_free(reply);
    if (rc < 0 && err.code == BRE_INVAL)
        console_error(c, "No cluster '%s' known by database.", clusters);
    if (rc < 0)
        console_error(c, "%s", err.text);
    return rc;
}

void console_fields(const struct console *c, const struct column *columns, size_t num)
{
    CLEANUP_FCLOSE FILE *out = fdopen(dup(c->out), "w");

    while (num && (columns[num - 1].flags & COL_HIDDEN))
        num--;
    for (size_t i = 0; out && i < num; i++)
        fprintf(out, "%-19s%s", columns[i].header, (i + 1) % 4 && i + 1 < num ? " " : "\n");
}

int console_interval(const struct console *c, const char *value, const char *refusal, unsigned *seconds)
{
    uint32_t number;
    char text[256];

    if (num_parse_u32(value, 1, 1u << 30, &number, "--iterate", NULL) < 0) {
        snprintf(text, sizeof(text), refusal, value);
        console_error(c, "%s", text);
        return -1;
    }
    *seconds = number;
    return 0;
}

/* ---- repetition ---- */

int iterate(unsigned interval, int (*work)(void *arg), void *arg)
{
    int rc = work(arg);

    while (interval && rc == 0) {
        sleep(interval);
        rc = work(arg);
    }
    return rc;
}

void print_date(struct sink *s, int64_t now)
{
    char buf[64];
    time_t at = (time_t)now;
    struct tm tm;

    localtime_r(&at, &tm);
    strftime(buf, sizeof(buf), "%a %b %d %H:%M:%S %Y\n", &tm);
    strbuf_add(&s->buf, buf);
}

/* ---- lists and names ---- */

bool list_has(const char *list, const char *word)
{
    size_t len = word ? strlen(word) : 0;

    if (!list || !*list)
        return true;
    for (const char *at = list; word && at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strcspn(at, ",") == len && !strncmp(at, word, len))
            return true;
    return false;
}

static const struct {
    const char *name, *code;
} job_states[] = {
#define X(e, n, c) [e] = { n, c },
    JOB_STATES(X)
#undef X
};

static const char *const job_reasons[] = {
#define X(e, n) [e] = n,
    JOB_REASONS(X)
#undef X
};

const char *job_state_long(int64_t state)
{
    return state >= 0 && state < JOB_STATE_COUNT ? job_states[state].name : "UNKNOWN";
}

const char *job_state_compact(int64_t state)
{
    return state >= 0 && state < JOB_STATE_COUNT ? job_states[state].code : "?";
}

const char *job_reason_name(int64_t reason)
{
    return reason >= 0 && reason < REASON_COUNT ? job_reasons[reason] : "Unknown";
}

void job_reason_text(struct strbuf *out, int64_t reason, const char *said, int64_t exit_status)
{
    int signum = exit_status > 0 && WIFSIGNALED((int)exit_status) ? WTERMSIG((int)exit_status) : 0;

    if (said)
        cell_text(out, said);
    else if (reason == REASON_RAISED_SIGNAL)
        strbuf_addf(out, "RaisedSignal:%d(%s)", signum, strsignal(signum));
    else
        strbuf_add(out, job_reason_name(reason));
}

int job_states_parse(const char *text, uint64_t *mask, char **bad)
{
    uint64_t found = 0;

    while (*text) {
        size_t len = strcspn(text, ",");
        CLEANUP_FREE char *word = xstrndup(text, len);
        int state = -1;

        text += len + (text[len] == ',');
        if (!*word)
            continue;
        if (!strcasecmp(word, "RESV_DEL_HOLD") || !strcasecmp(word, "RD") || !strcasecmp(word, "REQUEUE_FED")
            || !strcasecmp(word, "RF")) {
            found |= UINT64_C(1) << JOB_STATE_COUNT; /* no job here is ever in it */
            continue;
        }
        if (!strcasecmp(word, "all")) {
            found = (UINT64_C(1) << JOB_STATE_COUNT) - 1;
            continue;
        }
        for (int i = 0; i < JOB_STATE_COUNT; i++)
            if (!strcasecmp(word, job_states[i].name) || !strcasecmp(word, job_states[i].code))
                state = i;
        if (state < 0) {
            *bad = TAKE(word);
            return -1;
        }
        found |= UINT64_C(1) << state;
    }
    *mask = found;
    return 0;
}
