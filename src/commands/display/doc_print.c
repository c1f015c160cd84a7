/* doc_print.c - a document's text: JSON by jansson, YAML by libyaml, and what stands at its end. */
#include "commands/display/doc.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <yaml.h>

#include "rpc/rpc.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/version.h"

struct doc {
    const struct console *con;
    enum doc_format format;
    struct sink out;
    bool first;      /* nothing yet in the object or list that is open */
    bool in_list;
    json_t *errors;
    yaml_emitter_t yaml;
};

/* ---- JSON ---- */

/* The text of a value, further in by so many blanks. */
static void json_add(struct strbuf *out, const json_t *value, unsigned indent)
{
    CLEANUP_FREE char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_PRESERVE_ORDER);

    for (const char *at = text; at && *at;) {
        size_t span = strcspn(at, "\n");

        strbuf_add_mem(out, at, span);
        at += span;
        if (*at == '\n') {
            strbuf_addc(out, *at++);
            for (unsigned i = 0; i < indent; i++)
                strbuf_addc(out, ' ');
        }
    }
}

static void json_key(struct doc *d, const char *key)
{
    strbuf_addf(&d->out.buf, "%s\n  \"%s\": ", d->first ? "" : ",", key);
    d->first = false;
}

/* ---- YAML ---- */

static int yaml_write(void *arg, unsigned char *data, size_t size)
{
    struct doc *d = arg;

    strbuf_add_mem(&d->out.buf, data, size);
    return 1;
}

static void yaml_emit(struct doc *d, yaml_event_t *event)
{
    if (!yaml_emitter_emit(&d->yaml, event))
        d->out.failed = true;
}

static void yaml_scalar(struct doc *d, const char *text, yaml_scalar_style_t style)
{
    yaml_event_t event;

    yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1, style);
    yaml_emit(d, &event);
}

static void yaml_value(struct doc *d, const json_t *value)
{
    yaml_event_t event;
    const char *key;
    json_t *item;
    size_t i;
    char buf[32];

    switch (json_typeof(value)) {
    case JSON_OBJECT:
        yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
        yaml_emit(d, &event);
        json_object_foreach ((json_t *)value, key, item) {
            yaml_scalar(d, key, YAML_PLAIN_SCALAR_STYLE);
            yaml_value(d, item);
        }
        yaml_mapping_end_event_initialize(&event);
        yaml_emit(d, &event);
        break;
    case JSON_ARRAY:
        yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE);
        yaml_emit(d, &event);
        json_array_foreach (value, i, item)
            yaml_value(d, item);
        yaml_sequence_end_event_initialize(&event);
        yaml_emit(d, &event);
        break;
    case JSON_STRING: /* quoted: "0" and "no" must stay texts */
        yaml_scalar(d, json_string_value(value), YAML_DOUBLE_QUOTED_SCALAR_STYLE);
        break;
    case JSON_INTEGER:
        snprintf(buf, sizeof(buf), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        yaml_scalar(d, buf, YAML_PLAIN_SCALAR_STYLE);
        break;
    case JSON_REAL:
        snprintf(buf, sizeof(buf), "%.17g", json_real_value(value));
        yaml_scalar(d, buf, YAML_PLAIN_SCALAR_STYLE);
        break;
    default:
        yaml_scalar(d, json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null",
                    YAML_PLAIN_SCALAR_STYLE);
    }
}

static void yaml_begin(struct doc *d)
{
    yaml_event_t event;

    yaml_emitter_initialize(&d->yaml);
    yaml_emitter_set_output(&d->yaml, yaml_write, d);
    yaml_emitter_set_unicode(&d->yaml, 1);
    yaml_emitter_set_width(&d->yaml, -1);
    yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
    yaml_emit(d, &event);
    yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 0);
    yaml_emit(d, &event);
    yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
    yaml_emit(d, &event);
}

static void yaml_end(struct doc *d)
{
    yaml_event_t event;

    yaml_mapping_end_event_initialize(&event);
    yaml_emit(d, &event);
    yaml_document_end_event_initialize(&event, 1);
    yaml_emit(d, &event);
    yaml_stream_end_event_initialize(&event);
    yaml_emit(d, &event);
    yaml_emitter_delete(&d->yaml);
}

/* ---- the document ---- */

struct doc *doc_begin(const struct console *con, enum doc_format format)
{
    struct doc *d = xcalloc(1, sizeof(*d));

    d->con = con;
    d->format = format;
    d->first = true;
    d->errors = json_array();
    sink_init(&d->out, con->out);
    if (format == DOC_YAML)
        yaml_begin(d);
    else
        strbuf_addc(&d->out.buf, '{');
    return d;
}

void doc_put(struct doc *d, const char *key, json_t *value)
{
    if (d->format == DOC_YAML) {
        yaml_scalar(d, key, YAML_PLAIN_SCALAR_STYLE);
        yaml_value(d, value);
    } else {
        json_key(d, key);
        json_add(&d->out.buf, value, 2);
    }
    json_decref(value);
}

void doc_list_begin(struct doc *d, const char *key)
{
    yaml_event_t event;

    if (d->format == DOC_YAML) {
        yaml_scalar(d, key, YAML_PLAIN_SCALAR_STYLE);
        yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE);
        yaml_emit(d, &event);
        return;
    }
    json_key(d, key);
    strbuf_addc(&d->out.buf, '[');
    d->first = true;
}

void doc_list_add(struct doc *d, json_t *item)
{
    if (d->format == DOC_YAML) {
        yaml_value(d, item);
    } else {
        strbuf_add(&d->out.buf, d->first ? "\n    " : ",\n    ");
        json_add(&d->out.buf, item, 4);
        d->first = false;
    }
    json_decref(item);
    if (d->out.buf.len >= SINK_FLUSH_AT)
        sink_flush(&d->out);
}

void doc_list_end(struct doc *d)
{
    yaml_event_t event;

    if (d->format == DOC_YAML) {
        yaml_sequence_end_event_initialize(&event);
        yaml_emit(d, &event);
        return;
    }
    strbuf_add(&d->out.buf, d->first ? "]" : "\n  ]");
    d->first = false;
}

void doc_fail(struct doc *d, const struct error *err, const char *source)
{
    json_array_append_new(d->errors,
                          json_pack("{s:o, s:i, s:s, s:s}", "description", doc_text(err->text), "error_number",
                                    err->code, "error", error_code_text(err->code), "source", source));
}

/* The controller's name for the cluster and its store; what is not known stays empty. */
static void add_cluster(const struct doc *d, json_t *meta)
{
    Wire__Empty ask = WIRE__EMPTY__INIT;
    struct error err = { 0 };
    struct source *s = d->con->source;
    ProtobufCMessage *reply = json_array_size(d->errors)
                                  ? NULL
                                  : s->call(s, MSG_SHOW_CONFIG, &ask.base, MSG_CONFIG_REPLY, &err);
    const Wire__ConfigReply *config = (const Wire__ConfigReply *)reply;

    for (size_t i = 0; config && i < config->n_items; i++) {
        const Wire__KeyValue *kv = config->items[i];

        if (kv->key && !strcasecmp(kv->key, "ClusterName"))
            doc_set(meta, "slurm/cluster", doc_text(kv->value));
        if (kv->key && !strcasecmp(kv->key, "AccountingStorageType"))
            doc_set(meta, "plugin/accounting_storage", doc_text(kv->value));
    }
    rpc_msg_free(reply);
}

static json_t *make_meta(const struct doc *d)
{
    const struct passwd *pw = getpwuid(getuid());
    const struct group *gr = getgrgid(getgid());
    const char *tty = isatty(STDIN_FILENO) ? ttyname(STDIN_FILENO) : NULL;
    json_t *meta = json_object(), *command = json_array();
    char major[8] = "", minor[8] = "", micro[8] = "";

    sscanf(SLURM_COMPAT_VERSION, "%7[0-9].%7[0-9].%7[0-9]", major, minor, micro);
    doc_set(meta, "plugin/type", json_string(""));
    doc_set(meta, "plugin/name", json_string(""));
    doc_set(meta, "plugin/data_parser", json_string("data_parser/" DOC_DATA_PARSER));
    doc_set(meta, "plugin/accounting_storage", json_string(""));
    doc_set(meta, "client/source", doc_text(tty));
    doc_set(meta, "client/user", doc_text(pw ? pw->pw_name : NULL));
    doc_set(meta, "client/group", doc_text(gr ? gr->gr_name : NULL));
    for (char *const *arg = d->con->argv; arg && *arg; arg++)
        json_array_append_new(command, doc_text(*arg));
    doc_set(meta, "command", command);
    doc_set(meta, "slurm/version/major", json_string(major));
    doc_set(meta, "slurm/version/micro", json_string(micro));
    doc_set(meta, "slurm/version/minor", json_string(minor));
    doc_set(meta, "slurm/release", json_string(SLURM_COMPAT_VERSION));
    doc_set(meta, "slurm/cluster", json_string(""));
    add_cluster(d, meta);
    return meta;
}

int doc_end(struct doc *d)
{
    bool failed = json_array_size(d->errors) > 0;

    doc_put(d, "meta", make_meta(d));
    doc_put(d, "errors", d->errors);
    doc_put(d, "warnings", json_array());
    if (d->format == DOC_YAML)
        yaml_end(d);
    else
        strbuf_add(&d->out.buf, "\n}\n");
    sink_flush(&d->out);
    failed |= d->out.failed;
    sink_fini(&d->out);
    free(d);
    return failed;
}
