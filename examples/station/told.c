/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the pages show: the last value of each key, with the number of its last
 * change.  A page that was away gets the keys whose number is higher than the
 * last one it saw: what happened in between costs nothing to keep. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "station/local.h"

#define TOLD_KEYS_MAX 4096u

struct told {
    char *key, *value; /* value: JSON on a line */
    uint64_t number;
};

static struct {
    pthread_mutex_t lock;
    struct told keys[TOLD_KEYS_MAX];
    size_t count;
    uint64_t last;
    char run[17]; /* of this process: numbers of another one mean nothing */
    void (*changed)(void *);
    void *user;
} told = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct told *
told_find(const char *key)
{
    for (size_t i = 0; i < told.count; i++) {
        if (strcmp(told.keys[i].key, key) == 0)
            return &told.keys[i];
    }
    return NULL;
}

static struct told *
told_add(const char *key)
{
    char *copy;

    if (told.count == TOLD_KEYS_MAX)
        return NULL;
    copy = strdup(key);
    if (copy == NULL)
        return NULL;
    told.keys[told.count] = (struct told){.key = copy};
    return &told.keys[told.count++];
}

/* True: something is new. */
static bool
told_set(const char *key, char *text)
{
    struct told *t = told_find(key);

    if (t != NULL && strcmp(t->value, text) == 0)
        return false;
    if (t == NULL)
        t = told_add(key);
    if (t == NULL)
        return false;
    free(t->value);
    t->value = text;
    t->number = ++told.last;
    return true;
}

void
tell(const char *key, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    bool is_new;

    if (value == NULL)
        text = strdup("null");
    json_decref(value);
    if (text == NULL)
        return;
    (void)pthread_mutex_lock(&told.lock);
    is_new = told_set(key, text);
    if (is_new && told.changed != NULL)
        told.changed(told.user);
    (void)pthread_mutex_unlock(&told.lock);
    if (!is_new)
        free(text);
}

void
told_start(void (*changed)(void *), void *user)
{
    (void)session_random(told.run, sizeof(told.run));
    (void)pthread_mutex_lock(&told.lock);
    told.changed = changed;
    told.user = user;
    (void)pthread_mutex_unlock(&told.lock);
}

void
told_stop(void)
{
    (void)pthread_mutex_lock(&told.lock);
    told.changed = NULL;
    for (size_t i = 0; i < told.count; i++) {
        free(told.keys[i].key);
        free(told.keys[i].value);
    }
    told.count = 0;
    (void)pthread_mutex_unlock(&told.lock);
}

/* One event with all that is new: "data: {"key":value,...}". */
static char *
told_write(bool all, uint64_t *seen, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    bool is_new = all;
    struct json j;

    if (out == NULL)
        return NULL;
    fprintf(out, "id: %s-%llu\nevent: %s\ndata: ", told.run,
            (unsigned long long)told.last, all ? "all" : "new");
    json_init_line(&j, out);
    json_open_object(&j, NULL);
    for (size_t i = 0; i < told.count; i++) {
        if (told.keys[i].number <= *seen)
            continue;
        json_value(&j, told.keys[i].key, told.keys[i].value);
        is_new = true;
    }
    json_close(&j);
    fputc('\n', out);
    *seen = told.last;
    if (fclose(out) == 0 && is_new)
        return text;
    free(text);
    return NULL;
}

char *
told_next(uint64_t *seen, size_t *len)
{
    char *text;

    (void)pthread_mutex_lock(&told.lock);
    text = told_write(false, seen, len);
    (void)pthread_mutex_unlock(&told.lock);
    return text;
}

char *
told_since(const char *last_id, uint64_t *seen, size_t *len)
{
    size_t run = strlen(told.run);
    bool all = last_id == NULL || strncmp(last_id, told.run, run) != 0 ||
               last_id[run] != '-';
    char *text;

    (void)pthread_mutex_lock(&told.lock);
    *seen = all ? 0 : strtoull(last_id + run + 1, NULL, 10);
    if (*seen > told.last) {
        all = true;
        *seen = 0;
    }
    text = told_write(all, seen, len);
    (void)pthread_mutex_unlock(&told.lock);
    return text;
}
