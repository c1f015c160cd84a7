/* kvs.c - a small chained hash table of text pairs. */
#include "config.h"
#include "kvs.h"

#include <stdlib.h>
#include <string.h>

struct pair {
    struct pair *next;
    char *value;
    char key[];
};

struct kvs {
    struct pair **slots;
    size_t num_slots, num_pairs, bytes;
};

struct kvs *kvs_create(void)
{
    struct kvs *kvs = calloc(1, sizeof *kvs);

    if (!kvs)
        return NULL;
    kvs->num_slots = 64;
    if (!(kvs->slots = calloc(kvs->num_slots, sizeof *kvs->slots))) {
        free(kvs);
        return NULL;
    }
    return kvs;
}

void kvs_clear(struct kvs *kvs)
{
    for (size_t i = 0; i < kvs->num_slots; i++)
        while (kvs->slots[i]) {
            struct pair *next = kvs->slots[i]->next;

            free(kvs->slots[i]->value);
            free(kvs->slots[i]);
            kvs->slots[i] = next;
        }
    kvs->num_pairs = kvs->bytes = 0;
}

void kvs_destroy(struct kvs *kvs)
{
    if (!kvs)
        return;
    kvs_clear(kvs);
    free(kvs->slots);
    free(kvs);
}

static size_t hash_text(const char *key)
{
    uint64_t hash = 14695981039346656037u;

    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 1099511628211u;
    return (size_t)(hash ^ (hash >> 32));
}

static struct pair **pair_slot(const struct kvs *kvs, const char *key)
{
    struct pair **link = &kvs->slots[hash_text(key) & (kvs->num_slots - 1)];

    while (*link && strcmp((*link)->key, key))
        link = &(*link)->next;
    return link;
}

static void grow(struct kvs *kvs)
{
    size_t num = kvs->num_slots * 4;
    struct pair **slots = calloc(num, sizeof *slots);

    if (!slots)
        return; /* chains get longer, nothing is lost */
    for (size_t i = 0; i < kvs->num_slots; i++)
        while (kvs->slots[i]) {
            struct pair *pair = kvs->slots[i];
            struct pair **to = &slots[hash_text(pair->key) & (num - 1)];

            kvs->slots[i] = pair->next;
            pair->next = *to;
            *to = pair;
        }
    free(kvs->slots);
    kvs->slots = slots;
    kvs->num_slots = num;
}

int kvs_put(struct kvs *kvs, const char *key, const char *value)
{
    struct pair **link = pair_slot(kvs, key);
    char *copy = strdup(value);

    if (!copy)
        return -1;
    if (!*link) {
        size_t len = strlen(key);
        struct pair *pair = malloc(sizeof *pair + len + 1);

        if (!pair) {
            free(copy);
            return -1;
        }
        memcpy(pair->key, key, len + 1);
        pair->value = NULL;
        pair->next = NULL;
        *link = pair;
        kvs->num_pairs++;
        kvs->bytes += len + 2;
    } else {
        kvs->bytes -= strlen((*link)->value);
    }
    free((*link)->value);
    (*link)->value = copy;
    kvs->bytes += strlen(copy);
    if (kvs->num_pairs > kvs->num_slots * 2)
        grow(kvs);
    return 0;
}

const char *kvs_get(const struct kvs *kvs, const char *key)
{
    struct pair *pair = *pair_slot(kvs, key);

    return pair ? pair->value : NULL;
}

char *kvs_pack(const struct kvs *kvs, size_t *len)
{
    char *data = malloc(kvs->bytes ? kvs->bytes : 1), *to = data;

    if (!data)
        return NULL;
    for (size_t i = 0; i < kvs->num_slots; i++)
        for (struct pair *pair = kvs->slots[i]; pair; pair = pair->next) {
            to = stpcpy(to, pair->key) + 1;
            to = stpcpy(to, pair->value) + 1;
        }
    *len = (size_t)(to - data);
    return data;
}

int kvs_unpack(struct kvs *kvs, const void *data, size_t len)
{
    const char *at = data, *end = at + len;

    while (at < end) {
        const char *key = at;
        const char *value = memchr(key, '\0', (size_t)(end - key));

        if (!value++)
            return -1;
        at = value < end ? memchr(value, '\0', (size_t)(end - value)) : NULL;
        if (!at++ || kvs_put(kvs, key, value) < 0)
            return -1;
    }
    return 0;
}
