/* sacctmgr.c - words to lists.
 *
 * Accounts, limits and shares can be looked at in Slurm's formats; they cannot be changed, as there
 * is nothing yet that would heed them.
 */
#include "commands/sacctmgr/sacctmgr_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "rpc/rpc.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/timefmt.h"
#include "util/version.h"

#define WORDS_MAX 256

const struct show_option sacctmgr_options[] = {
    { "associations", 's', OPT_NONE, NULL, NULL, "the associations of what is listed too", NULL },
    SHOW_OPTION_AUTOCOMPLETE,
    SHOW_OPTION_HELP('h'),
    { "immediate", 'i', OPT_NONE, NULL, NULL, "no effect: nothing can be changed yet", NULL },
    { "noheader", 'n', OPT_NONE, NULL, NULL, "no header lines", NULL },
    { "parsable", 'p', OPT_NONE, NULL, NULL, "fields parted and ended by |", NULL },
    { "parsable2", 'P', OPT_NONE, NULL, NULL, "fields parted by |", NULL },
    { "quiet", 'Q', OPT_NONE, NULL, NULL, "only errors", NULL },
    { "readonly", 'r', OPT_NONE, NULL, NULL, "no effect: nothing can be changed yet", NULL },
    SHOW_OPTION_USAGE,
    { "verbose", 'v', OPT_NONE, NULL, NULL, "say how much was found", NULL },
    SHOW_OPTION_VERSION,
};
const size_t sacctmgr_num_options = ARRAY_SIZE(sacctmgr_options);

/* ---- rows ---- */

size_t listing_add(struct listing *l)
{
    if (l->num_rows == l->cap_rows) {
        l->cap_rows = l->cap_rows ? 2 * l->cap_rows : 16;
        l->rows = xreallocarray(l->rows, l->cap_rows, sizeof(*l->rows));
    }
    l->rows[l->num_rows] = arena_calloc(&l->arena, l->entity->num_columns, sizeof(const char *));
    return l->num_rows++;
}

void listing_set(struct listing *l, size_t row, const char *column, const char *fmt, ...)
{
    const struct column *c = column_find_name(l->entity->columns, l->entity->num_columns, column, strlen(column));
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;
    va_list ap;

    if (!c)
        return; /* this entity does not show it */
    va_start(ap, fmt);
    strbuf_vaddf(&text, fmt, ap);
    va_end(ap);
    l->rows[row][c - l->entity->columns] = arena_strdup(&l->arena, strbuf_str(&text));
}

const char *listing_config(const struct listing *l, const char *key)
{
    for (size_t i = 0; i < l->config->n_items; i++)
        if (l->config->items[i]->key && !strcasecmp(l->config->items[i]->key, key))
            return l->config->items[i]->value ? l->config->items[i]->value : "";
    return "";
}

const char *listing_text(const struct view *view, const struct column *column, size_t row)
{
    const struct listing *l = view->arg;

    return l->rows[row][column - l->entity->columns];
}

/* ---- conditions ---- */

static void conditions_fini(struct conditions *w)
{
    free(w->names);
    free(w->users);
    free(w->accounts);
    free(w->clusters);
    free(w->nodes);
    free(w->states);
    free(w->format);
}

static void add_list(char **list, const char *value)
{
    char *joined = *list ? xasprintf("%s,%s", *list, value) : xstrdup(value);

    free(*list);
    *list = joined;
}

static int set_time(const struct mgr *m, const char *value, int64_t *at)
{
    struct error err = { 0 };
    time_t when;

    if (time_at_parse(value, time(NULL), TIME_AT_ANY, &when, "", &err) < 0) {
        console_error(m->con, "Invalid time specification (pos=0): %s", value);
        return -1;
    }
    *at = when;
    return 0;
}

/* "user=ann", "where", "format=user%20", or a name. */
static int add_condition(const struct mgr *m, struct conditions *w, const char *word)
{
    const char *equals = strchr(word, '=');
    CLEANUP_FREE char *key = equals ? xstrndup(word, (size_t)(equals - word)) : xstrdup(word);
    const char *value = equals ? equals + 1 : NULL;
    size_t len = strlen(key);

#define IS(name, least) (len >= (least) && len <= strlen(name) && !strncasecmp(name, key, len))
    if (!value) {
        if (IS("where", 5) || IS("set", 3))
            return 0;
        if (IS("withassoc", 5) || IS("withassociations", 5))
            w->with_assoc = true;
        else if (IS("all_time", 5) || IS("all_clusters", 5))
            w->all_time = true;
        else if (!IS("withdeleted", 5) && !IS("withcoordinators", 5) && !IS("wolimits", 3) && !IS("wopinfo", 4)
                 && !IS("woplimits", 4) && !IS("tree", 4) && !IS("onlydefaults", 4) && !IS("withsubaccounts", 5)
                 && !IS("withfed", 7) && !IS("withrawqoslevel", 5))
            add_list(&w->names, word);
        return 0;
    }
    if (IS("format", 1)) {
        free(w->format);
        w->format = xstrdup(value);
    } else if (IS("names", 1) || IS("qos", 1) || IS("qoslevel", 1) || IS("type", 1) || IS("wckeys", 1)) {
        add_list(&w->names, value);
    } else if (IS("users", 1)) {
        add_list(&w->users, value);
    } else if (IS("accounts", 1) || IS("accts", 1)) {
        add_list(&w->accounts, value);
    } else if (IS("clusters", 1)) {
        add_list(&w->clusters, value);
    } else if (IS("nodes", 1)) {
        add_list(&w->nodes, value);
    } else if (IS("states", 4)) {
        add_list(&w->states, value);
    } else if (IS("start", 4)) {
        return set_time(m, value, &w->start);
    } else if (IS("end", 3)) {
        return set_time(m, value, &w->end);
    } else if (!IS("adminlevel", 2) && !IS("defaultaccount", 8) && !IS("partitions", 4) && !IS("descriptions", 3)
               && !IS("organizations", 1) && !IS("parents", 4) && !IS("ids", 1) && !IS("event", 2) && !IS("reason", 1)
               && !IS("condflags", 2) && !IS("action", 4) && !IS("actor", 4) && !IS("opts", 4)) {
        dprintf(m->con->out, " Unknown condition: %s\n", word);
        return -1;
    } else {
        console_error(m->con, "the condition %s is not supported: list without it and select with grep", key);
        return -1;
    }
#undef IS
    return 0;
}

/* ---- listing ---- */

static int print_listing(struct listing *l)
{
    struct mgr *m = l->mgr;
    const struct entity *e = l->entity;
    struct table *none = table_create();
    struct view view = { .table = none, .arg = l };
    struct format format = { 0 };
    struct render render = { .format = &format, .view = &view, .style = m->style };
    CLEANUP_STRBUF struct strbuf fields = STRBUF_INIT;
    struct error err = { 0 };
    struct sink out;
    int rc = -1;

    strbuf_add(&fields, l->where->format ? l->where->format : e->format);
    if (!l->where->format && e->format_assoc && l->where->with_assoc)
        strbuf_addf(&fields, ",%s", e->format_assoc);
    if (format_parse_fields(&format, strbuf_str(&fields), e->columns, e->num_columns, &err) < 0) {
        console_error(m->con, " %s", err.text);
    } else {
        sink_init(&out, m->con->out);
        if (!m->no_header) {
            render_header(&out, &render);
            if (m->style == RENDER_COLUMNS)
                render_dashes(&out, &render);
        }
        render_rows(&out, &render, NULL, l->num_rows);
        sink_flush(&out);
        rc = out.failed ? -1 : 0;
        sink_fini(&out);
    }
    format_fini(&format);
    table_destroy(none);
    return rc;
}

static int list_entity(struct mgr *m, const struct entity *e, const struct conditions *w)
{
    struct listing l = { .mgr = m, .entity = e, .where = w };
    Wire__Empty ask = WIRE__EMPTY__INIT;
    struct error err = { 0 };
    ProtobufCMessage *config = m->con->source->call(m->con->source, MSG_SHOW_CONFIG, &ask.base, MSG_CONFIG_REPLY, &err);
    int rc;

    if (!config) {
        console_load_error(m->con, "slurm_load_ctl_conf", &err);
        return -1;
    }
    arena_init(&l.arena, 0, 0);
    l.config = (Wire__ConfigReply *)config;
    snprintf(l.cluster, sizeof(l.cluster), "%s", listing_config(&l, "ClusterName"));
    rc = e->load(&l);
    if (m->verbose && rc == 0)
        fprintf(m->con->err, "%s: %zu records\n", m->con->program, l.num_rows);
    if (rc == 0)
        rc = print_listing(&l);
    rpc_msg_free(config);
    free(l.rows);
    arena_fini(&l.arena);
    return rc < 0 ? -1 : 0;
}

static const struct entity *find_entity(const char *word)
{
    for (size_t i = 0; i < mgr_num_entities; i++)
        if (strlen(word) >= mgr_entities[i].min_len && !strncasecmp(mgr_entities[i].name, word, strlen(word)))
            return &mgr_entities[i];
    return NULL;
}

static int cmd_list(struct mgr *m, int argc, char **argv)
{
    const struct entity *e = argc ? find_entity(argv[0]) : NULL;
    struct conditions w = { .with_assoc = m->associations };
    int rc = 0;

    if (!e) {
        console_error(m->con, "No valid entity in list command");
        fprintf(m->con->err, "Input line must include ");
        for (size_t i = 0; i < mgr_num_entities; i++)
            fprintf(m->con->err, "%s\"%s\"", i ? ", " : "", mgr_entities[i].name);
        fputc('\n', m->con->err);
        return -1;
    }
    for (int i = 1; i < argc && rc == 0; i++)
        rc = add_condition(m, &w, argv[i]);
    if (rc == 0)
        rc = list_entity(m, e, &w);
    conditions_fini(&w);
    return rc;
}

/* ---- commands ---- */

static const struct command {
    const char *name;
    size_t min_len;
    const char *refused; /* NULL: it works */
} commands[] = {
    { "add", 3, "" },
    { "archive", 3, "" },
    { "clear", 3, "counters begin anew with sdiag --reset" },
    { "create", 3, "" },
    { "delete", 3, "" },
    { "dump", 3, "" },
    { "exit", 1, NULL },
    { "help", 2, NULL },
    { "list", 3, NULL },
    { "load", 2, "" },
    { "modify", 1, "" },
    { "quiet", 4, NULL },
    { "quit", 4, NULL },
    { "reconfigure", 4, "the accounts belong to the controller: use scontrol reconfigure" },
    { "remove", 3, "" },
    { "show", 3, NULL },
    { "shutdown", 4, "the accounts belong to the controller: use scontrol shutdown" },
    { "verbose", 4, NULL },
    { "version", 4, NULL },
};

static int run_words(struct mgr *m, int argc, char **argv)
{
    const struct command *c = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(commands) && !c; i++)
        if (strlen(argv[0]) >= commands[i].min_len && !strncasecmp(commands[i].name, argv[0], strlen(argv[0])))
            c = &commands[i];
    if (!c) {
        console_error(m->con, "invalid keyword: %s", argv[0]);
        return -1;
    }
    if (c->refused) {
        console_error(m->con, "%s is not supported: %s", c->name,
                      *c->refused ? c->refused
                                  : "accounts, shares and limits cannot be changed yet; every user may run jobs "
                                    "under the account root");
        return -1;
    }
    if (!strcmp(c->name, "list") || !strcmp(c->name, "show"))
        return cmd_list(m, argc - 1, argv + 1);
    if (!strcmp(c->name, "version"))
        dprintf(m->con->out, "%s\n", bramble_version());
    else if (!strcmp(c->name, "quiet"))
        m->quiet = true;
    else if (!strcmp(c->name, "verbose"))
        m->verbose++;
    else if (!strcmp(c->name, "help"))
        options_usage(m->con, sacctmgr_options, sacctmgr_num_options, m->con->err);
    else
        m->quit = true;
    return 0;
}

static int split(char *line, char **words)
{
    int n = 0;

    for (char *save = NULL, *word = strtok_r(line, " \t\n", &save); word && n < WORDS_MAX;
         word = strtok_r(NULL, " \t\n", &save))
        words[n++] = word;
    return n;
}

static void interactive(struct mgr *m)
{
    CLEANUP_FREE char *line = NULL, *last = NULL;
    char *words[WORDS_MAX];
    size_t cap = 0;
    int num;

    while (!m->quit) {
        dprintf(m->con->out, "sacctmgr: ");
        if (getline(&line, &cap, m->con->in) < 0) {
            dprintf(m->con->out, "\n");
            return;
        }
        if (!strncmp(line, "!!", 2) && last) {
            free(line);
            line = xstrdup(last);
            cap = strlen(line) + 1;
        } else {
            free(last);
            last = xstrdup(line);
        }
        if ((num = split(line, words)) && run_words(m, num, words) < 0)
            m->exit_code = 1;
    }
}

static int on_option(void *arg, int letter, const char *value)
{
    struct mgr *m = arg;

    (void)value;
    switch (letter) {
    case 's': m->associations = true; return 0;
    case 'n': m->no_header = true; return 0;
    case 'p': m->style = RENDER_PARSABLE; return 0;
    case 'P': m->style = RENDER_PARSABLE2; return 0;
    case 'Q': m->quiet = true; return 0;
    case 'v': m->verbose++; return 0;
    default: return 0;
    }
}

int sacctmgr_run(struct console *con, int argc, char **argv)
{
    struct mgr m = { .con = con };
    int next;

    con->arguments = "list|show ENTITY [CONDITION...] [format=FIELDS]";
    next = options_parse(con, argc, argv, sacctmgr_options, sacctmgr_num_options, on_option, &m);
    if (next < 0)
        return next == OPTIONS_LEAVE ? 0 : 1;
    if (next == argc)
        interactive(&m);
    else if (run_words(&m, argc - next, argv + next) < 0)
        m.exit_code = 1;
    return m.exit_code;
}
