/* conf_value.c - one setting into one member, by its row. */
#include "config.h"
#include "conf/conf_private.h"

#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/strbuf.h"
#include "util/timefmt.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 65536

int conf_fail(const config_setting_t *setting, struct error *err, const char *fmt, ...)
{
    const char *file = config_setting_source_file(setting), *name = config_setting_name(setting);
    char text[768];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!file) {
        const config_setting_t *root = setting;

        while (!config_setting_is_root(root))
            root = config_setting_parent(root);
        file = config_setting_get_hook(root); /* the path, put there by conf_load() */
    }
    return error_set(err, BRE_CONFIG, "%s:%u: %s%s%s", file ? file : "bramble.conf",
                     config_setting_source_line(setting), name ? name : "", name ? ": " : "", text);
}

/* How a value stands in the file, for messages. */
static const char *value_text(const config_setting_t *setting, char *buf, size_t size)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        snprintf(buf, size, "%lld", config_setting_get_int64(setting));
        break;
    case CONFIG_TYPE_FLOAT:
        snprintf(buf, size, "%g", config_setting_get_float(setting));
        break;
    case CONFIG_TYPE_BOOL:
        snprintf(buf, size, "%s", config_setting_get_bool(setting) ? "true" : "false");
        break;
    case CONFIG_TYPE_STRING:
        snprintf(buf, size, "\"%.80s\"", config_setting_get_string(setting));
        break;
    case CONFIG_TYPE_GROUP:
        snprintf(buf, size, "{ ... }");
        break;
    case CONFIG_TYPE_LIST:
        snprintf(buf, size, "( ... )");
        break;
    default:
        snprintf(buf, size, "[ ... ]");
        break;
    }
    return buf;
}

static int expected(const config_setting_t *setting, struct error *err, const char *what)
{
    char value[128];

    return conf_fail(setting, err, "%s: expected %s", value_text(setting, value, sizeof value), what);
}

static int expected_range(const config_setting_t *setting, const struct conf_key *key,
                          struct error *err)
{
    static const char *const kinds[] = {
        [CONF_TYPE_UINT] = "a number", [CONF_TYPE_SEC] = "seconds, or a time such as \"2:30\",",
        [CONF_TYPE_MIN] = "minutes, or a time such as \"1-12:00:00\",",
        [CONF_TYPE_MB] = "MiB, or a size such as \"4G\",",
    };
    char text[160];

    snprintf(text, sizeof text, "%s from %" PRIu64 " to %" PRIu64, kinds[key->type], key->min, key->max);
    return expected(setting, err, text);
}

/* A number as written, or as a text in the units of its kind. */
static int read_number(const config_setting_t *setting, const struct conf_key *key, uint64_t *value,
                       struct error *err)
{
    const char *text = config_setting_get_string(setting);
    int type = config_setting_type(setting);
    uint64_t number = 0;
    uint32_t min;

    if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64) {
        long long given = config_setting_get_int64(setting);

        if (given < 0)
            return expected_range(setting, key, err);
        number = (uint64_t)given;
    } else if (!text) {
        return expected_range(setting, key, err);
    } else if (key->type == CONF_TYPE_SEC) {
        /* a plain number is seconds here, not minutes as on a command line */
        if (num_parse_u64(text, 0, UINT64_MAX, &number, "", NULL) < 0
            && duration_parse_sec(text, &number, "", NULL) < 0)
            return expected_range(setting, key, err);
    } else if (key->type == CONF_TYPE_MIN) {
        if (time_limit_parse(text, &min, "", NULL) < 0)
            return expected_range(setting, key, err);
        number = min;
    } else if (key->type == CONF_TYPE_MB) {
        if (size_parse_mb(text, &number, "", NULL) < 0)
            return expected_range(setting, key, err);
    } else {
        return expected_range(setting, key, err);
    }
    if (number < key->min || number > key->max)
        return expected_range(setting, key, err);
    *value = number;
    return 0;
}

static void store_number(void *object, const struct conf_key *key, uint64_t value)
{
    char *at = (char *)object + key->offset;

    if (key->type == CONF_TYPE_MB)
        *(uint64_t *)(void *)at = value;
    else if (key->type == CONF_TYPE_BOOL)
        *(bool *)(void *)at = value != 0;
    else
        *(uint32_t *)(void *)at = (uint32_t)value;
}

static void store_text(struct conf *conf, void *object, const struct conf_key *key, const char *text)
{
    const char **at = (const char **)(void *)((char *)object + key->offset);

    *at = text ? arena_strdup(&conf->store->arena, text) : NULL;
}

/* Place of word in "a|b|c"; -1: not there. */
static int word_index(const char *words, const char *word)
{
    size_t len = strlen(word);
    int index = 0;

    for (const char *p = words; *p; index++) {
        size_t here = strcspn(p, "|");

        if (here == len && !strncmp(p, word, len))
            return index;
        p += here + (p[here] == '|');
    }
    return -1;
}

static int read_word(struct conf *conf, const config_setting_t *setting, const struct conf_key *key,
                     void *object, struct error *err)
{
    const char *text = config_setting_get_string(setting);
    int index = text ? word_index(key->words, text) : -1;
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;

    if (index >= 0) {
        if (key->as_text)
            store_text(conf, object, key, text);
        else
            store_number(object, key, (uint64_t)index);
        return 0;
    }
    strbuf_add(&sb, "\"");
    for (const char *p = key->words; *p; p++)
        strbuf_add_mem(&sb, *p == '|' ? "\" or \"" : p, *p == '|' ? 6 : 1);
    strbuf_add(&sb, "\"");
    return expected(setting, err, strbuf_str(&sb));
}

/* "a,b" as it stands; ["a", "b"] joined by commas. */
static int read_names(struct conf *conf, const config_setting_t *setting, const struct conf_key *key,
                      void *object, struct error *err)
{
    const char *text = config_setting_get_string(setting);
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;
    int type = config_setting_type(setting);

    if (!text) {
        if (type != CONFIG_TYPE_ARRAY && type != CONFIG_TYPE_LIST)
            return expected(setting, err, "names in quotes, or a list [ \"a\", \"b\" ]");
        for (int i = 0; i < config_setting_length(setting); i++) {
            const char *name = config_setting_get_string_elem(setting, i);

            if (!name)
                return expected(setting, err, "a list of names in quotes");
            strbuf_addf(&sb, sb.len ? ",%s" : "%s", name);
        }
        text = strbuf_str(&sb);
    }
    if (strlen(text) >= TEXT_MAX)
        return expected(setting, err, "fewer than 65536 bytes");
    store_text(conf, object, key, *text ? text : NULL);
    return 0;
}

static int read_value(struct conf *conf, const config_setting_t *setting, const struct conf_key *key,
                      void *object, struct error *err)
{
    const char *text = config_setting_get_string(setting);
    uint64_t number = 0;

    switch (key->type) {
    case CONF_TYPE_TEXT:
    case CONF_TYPE_PATH:
        if (!text || !*text)
            return expected(setting, err, "text in quotes");
        if (key->type == CONF_TYPE_PATH && *text != '/')
            return expected(setting, err, "a path that begins with '/'");
        if (strlen(text) >= (key->type == CONF_TYPE_PATH ? 4096 : TEXT_MAX))
            return expected(setting, err, "a shorter text");
        store_text(conf, object, key, text);
        return 0;
    case CONF_TYPE_BOOL:
        if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
            return expected(setting, err, "true or false");
        store_number(object, key, (uint64_t)config_setting_get_bool(setting));
        return 0;
    case CONF_TYPE_WORD:
        return read_word(conf, setting, key, object, err);
    case CONF_TYPE_NAMES:
        return read_names(conf, setting, key, object, err);
    default:
        if (read_number(setting, key, &number, err) < 0)
            return -1;
        store_number(object, key, number);
        return 0;
    }
}

void conf_set_defaults(struct conf *conf, enum conf_section section, void *object)
{
    size_t num;
    const struct conf_key *keys = conf_section_keys(section, &num);

    for (size_t i = 0; i < num; i++) {
        const struct conf_key *key = &keys[i];
        uint64_t value = 0;
        uint32_t min;

        switch (key->type) {
        case CONF_TYPE_TEXT:
        case CONF_TYPE_PATH:
        case CONF_TYPE_NAMES:
            store_text(conf, object, key, key->fallback);
            continue;
        case CONF_TYPE_WORD:
            if (key->as_text) {
                store_text(conf, object, key, key->fallback);
                continue;
            }
            value = (uint64_t)word_index(key->words, key->fallback);
            break;
        case CONF_TYPE_BOOL:
            value = !strcmp(key->fallback, "true");
            break;
        case CONF_TYPE_MIN:
            time_limit_parse(key->fallback, &min, "", NULL);
            value = min;
            break;
        default:
            num_parse_u64(key->fallback, 0, UINT64_MAX, &value, "", NULL);
            break;
        }
        store_number(object, key, value);
    }
}

static bool in_list(const char *const *list, const char *name)
{
    for (; list && *list; list++)
        if (!strcmp(*list, name))
            return true;
    return false;
}

/* The key that an unknown name was probably meant to be: same letters but for one or two. */
static const char *nearest_key(const struct conf_key *keys, size_t num, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < num; i++) {
        const char *key = keys[i].name;
        size_t head = 0, tail = 0, key_len = strlen(key), shorter = len < key_len ? len : key_len;

        while (head < shorter && key[head] == name[head])
            head++;
        while (tail < shorter - head && key[key_len - tail - 1] == name[len - tail - 1])
            tail++;
        if (key_len + 2 >= len && len + 2 >= key_len && head + tail + 2 >= key_len
            && head + tail + 2 >= len && head + tail >= 2)
            return key;
    }
    return NULL;
}

int conf_read_group(struct conf *conf, const config_setting_t *group, enum conf_section section,
                    void *object, const char *const *skip, struct error *err)
{
    size_t num;
    const struct conf_key *keys = conf_section_keys(section, &num);

    if (!config_setting_is_group(group))
        return expected(group, err, "a group { ... }");
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const char *name = config_setting_name(setting), *meant;
        size_t k = 0;

        if (in_list(skip, name))
            continue;
        while (k < num && strcmp(keys[k].name, name) != 0)
            k++;
        if (k < num) {
            if (read_value(conf, setting, &keys[k], object, err) < 0)
                return -1;
            continue;
        }
        meant = nearest_key(keys, num, name);
        return conf_fail(setting, err, "no such key%s%s%s%s%s", section ? " in " : "",
                         conf_section_name(section), meant ? "; did you mean " : "",
                         meant ? meant : "", meant ? "?" : "");
    }
    return 0;
}
