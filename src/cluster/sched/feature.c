/* feature.c - --constraint: features of nodes.
 *
 *     expr   := and { '|' and }            any one
 *     and    := term { ('&' | ',') term }  all of them
 *     term   := name [ '*' count ] | '(' expr ')' [ '*' count ] | '[' expr ']'
 *
 * A count stands for "so many nodes with it, and others with the other counted features": counts are
 * joined by '&' alone, at the top or inside brackets.  "[pi4|pi5]", alone or joined with others by
 * '&', means that all nodes match the same one of them.  There is one pair of brackets at most.
 */
#include "cluster/sched/sched.h"

#include <ctype.h>
#include <string.h>

#define FEATURES_MAX 64
#define DEPTH_MAX 32

enum op { OP_NAME, OP_AND, OP_OR };
struct term {
    enum op op;
    char *name;
    uint32_t count;  /* "*N"; 0: none */
    int first, next; /* members, siblings: places in terms, -1: none */
};
struct feature_expr {
    struct term terms[FEATURES_MAX];
    int num_terms, root;
    int bracket; /* the term that "[...]" holds, -1: none */
    size_t num_counts;
    int counts[16];
};
struct parser {
    const char *text, *p;
    struct feature_expr *expr;
    struct error *err;
    int depth;
};

static int term_new(struct parser *ps, enum op op)
{
    struct term *t;

    if (ps->expr->num_terms == FEATURES_MAX)
        return error_set(ps->err, BRE_FEATURE, "constraint has more than %d parts",
                         FEATURES_MAX);
    t = &ps->expr->terms[ps->expr->num_terms];
    t->op = op;
    t->first = t->next = -1;
    return ps->expr->num_terms++;
}

static int parse_or(struct parser *ps);

static int bad(struct parser *ps)
{
    return error_set(ps->err, BRE_FEATURE, "constraint \"%s\" is wrong at \"%s\"", ps->text,
                     *ps->p ? ps->p : "its end");
}

static int parse_count(struct parser *ps, struct term *t, int i)
{
    char *end;
    unsigned long count;

    if (!isdigit((unsigned char)ps->p[1]))
        return bad(ps);
    count = strtoul(ps->p + 1, &end, 10);
    if (!count || count > 65536)
        return bad(ps);
    if (ps->expr->num_counts == ARRAY_SIZE(ps->expr->counts))
        return error_set(ps->err, BRE_FEATURE, "constraint \"%s\" has more than %zu counts",
                         ps->text, ARRAY_SIZE(ps->expr->counts));
    t->count = (uint32_t)count;
    ps->expr->counts[ps->expr->num_counts++] = i;
    ps->p = end;
    return 0;
}

static int parse_term(struct parser *ps)
{
    size_t len;
    int i;

    if (*ps->p == '(' || *ps->p == '[') {
        bool square = *ps->p == '[';

        if (++ps->depth > DEPTH_MAX)
            return error_set(ps->err, BRE_FEATURE, "constraint is nested too deeply");
        if (square && (strchr(ps->p + 1, '[') || ps->depth > 1))
            return error_set(
                ps->err, BRE_FEATURE,
                "constraint \"%s\": one pair of brackets is supported, not inside parentheses",
                ps->text);
        ps->p++;
        if ((i = parse_or(ps)) < 0)
            return -1;
        if (*ps->p != (square ? ']' : ')'))
            return bad(ps);
        ps->p++;
        ps->depth--;
        if (square)
            ps->expr->bracket = i;
        else if (*ps->p == '*' && parse_count(ps, &ps->expr->terms[i], i) < 0)
            return -1;
        return i;
    }
    for (len = 0; isalnum((unsigned char)ps->p[len])
                  || (ps->p[len] && strchr("_-.:=+/", ps->p[len]));)
        len++;
    if (!len)
        return bad(ps);
    if ((i = term_new(ps, OP_NAME)) < 0)
        return -1;
    ps->expr->terms[i].name = xstrndup(ps->p, len);
    ps->p += len;
    if (*ps->p == '*' && parse_count(ps, &ps->expr->terms[i], i) < 0)
        return -1;
    return i;
}

static int parse_list(struct parser *ps, enum op op, const char *separators,
                      int (*parse_member)(struct parser *))
{
    int first = parse_member(ps), list, last = first;

    if (first < 0 || !*ps->p || !strchr(separators, *ps->p))
        return first;
    if ((list = term_new(ps, op)) < 0)
        return -1;
    ps->expr->terms[list].first = first;
    while (*ps->p && strchr(separators, *ps->p)) {
        int more;

        ps->p++;
        if ((more = parse_member(ps)) < 0)
            return -1;
        ps->expr->terms[last].next = more;
        last = more;
    }
    return list;
}

static int parse_and(struct parser *ps)
{
    return parse_list(ps, OP_AND, "&,", parse_term);
}

static int parse_or(struct parser *ps)
{
    return parse_list(ps, OP_OR, "|", parse_and);
}

/* Is term i that one, or a member of it when it is a list of kind op? */
static bool term_holds(const struct feature_expr *x, int list, enum op op, int i)
{
    bool found = list == i;

    if (found || list < 0 || x->terms[list].op != op || x->terms[list].count)
        return found;
    for (int m = x->terms[list].first; m >= 0; m = x->terms[m].next)
        found |= m == i;
    return found;
}

static int check_places(const struct parser *ps)
{
    const struct feature_expr *x = ps->expr;

    for (size_t i = 0; i < x->num_counts; i++)
        if (!term_holds(x, x->root, OP_AND, x->counts[i])
            && !term_holds(x, x->bracket, OP_AND, x->counts[i]))
            return error_set(ps->err, BRE_FEATURE,
                             "constraint \"%s\": counts (*) are supported at the top or in "
                             "brackets, joined by '&'",
                             ps->text);
    if (x->bracket >= 0 && !term_holds(x, x->root, OP_AND, x->bracket))
        return error_set(ps->err, BRE_FEATURE,
                         "constraint \"%s\": brackets are joined with others by '&' alone",
                         ps->text);
    return 0;
}

struct feature_expr *feature_parse(const char *text, struct error *err)
{
    struct parser ps = { text, text, xcalloc(1, sizeof(struct feature_expr)), err, 0 };

    ps.expr->bracket = -1;
    if ((ps.expr->root = parse_or(&ps)) < 0 || (*ps.p && bad(&ps) < 0)
        || check_places(&ps) < 0) {
        feature_destroy(ps.expr);
        return NULL;
    }
    return ps.expr;
}

void feature_destroy(struct feature_expr *expr)
{
    for (int i = 0; expr && i < expr->num_terms; i++)
        free(expr->terms[i].name);
    free(expr);
}

static bool term_match(const struct feature_expr *x, int i, const struct node *node)
{
    const struct term *t = &x->terms[i];
    bool all = true, any = false;

    if (t->op == OP_NAME)
        return node_has_feature(node, t->name);
    for (int m = t->first; m >= 0; m = x->terms[m].next) {
        /* a counted feature asks nothing of the other nodes */
        bool match = x->terms[m].count && t->op == OP_AND ? true : term_match(x, m, node);

        all &= match;
        any |= match;
    }
    return t->op == OP_AND ? all : any;
}

bool feature_match(const struct feature_expr *x, const struct node *node)
{
    return !x || (x->terms[x->root].count ? true : term_match(x, x->root, node));
}

size_t feature_num_counts(const struct feature_expr *x)
{
    return x ? x->num_counts : 0;
}

bool feature_count_match(const struct feature_expr *x, size_t i, const struct node *node,
                         uint32_t *count)
{
    *count = x->terms[x->counts[i]].count;
    return node && term_match(x, x->counts[i], node);
}

size_t feature_num_choices(const struct feature_expr *x)
{
    size_t count = 0;

    if (!x || x->bracket < 0 || x->terms[x->bracket].op != OP_OR)
        return 1;
    for (int m = x->terms[x->bracket].first; m >= 0; m = x->terms[m].next)
        count++;
    return count;
}

bool feature_choice_match(const struct feature_expr *x, size_t choice,
                          const struct node *node)
{
    int m;

    if (feature_num_choices(x) == 1)
        return true;
    for (m = x->terms[x->bracket].first; choice--;)
        m = x->terms[m].next;
    return term_match(x, m, node);
}

const char *feature_unknown(const struct cluster *c, const struct feature_expr *x)
{
    for (int i = 0; i < x->num_terms; i++) {
        bool known = !x->terms[i].name;

        for (size_t n = 0; n < c->num_nodes && !known; n++)
            known = c->nodes[n] && c->nodes[n]->conf
                    && node_has_feature(c->nodes[n], x->terms[i].name);
        if (!known)
            return x->terms[i].name;
    }
    return NULL;
}
