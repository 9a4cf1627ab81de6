/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A reader of JSON that recurses nowhere and keeps no tree. */
#include "journal/json.h"

#include <string.h>

#include "util/mem.h"

#define DEPTH_MAX 16u

struct scanner {
    const char *at, *end;
    char open[DEPTH_MAX]; /* what each level began with */
    unsigned depth;
    char name[JSON_VALUE_MAX]; /* of the last member of the outermost object */
    struct json_line *out;
};

static void
json_skip_blanks(struct scanner *s)
{
    while (s->at < s->end && memchr(" \t\r\n", *s->at, 4) != NULL)
        s->at++;
}

static bool
json_take(struct scanner *s, char c)
{
    json_skip_blanks(s);
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

/* A text; what fits of it goes to `out`, with its escapes as they are. */
static bool
json_take_text(struct scanner *s, char out[JSON_VALUE_MAX])
{
    size_t n = 0;

    if (!json_take(s, '"'))
        return false;
    for (; s->at < s->end && *s->at != '"'; s->at++) {
        if ((unsigned char)*s->at < ' ')
            return false;
        if (n + 2 < JSON_VALUE_MAX)
            out[n++] = *s->at;
        if (*s->at != '\\')
            continue;
        if (++s->at == s->end)
            return false;
        if (n + 2 < JSON_VALUE_MAX)
            out[n++] = *s->at;
    }
    out[n] = '\0';
    return json_take(s, '"');
}

static bool
json_take_word(struct scanner *s)
{
    static const char chars[] = "+-.0123456789Eaeflnrstu";
    const char *begin = s->at;

    while (s->at < s->end && memchr(chars, *s->at, sizeof(chars) - 1) != NULL)
        s->at++;
    return s->at > begin;
}

static bool
json_take_scalar(struct scanner *s)
{
    char text[JSON_VALUE_MAX];

    json_skip_blanks(s);
    if (s->at == s->end || *s->at != '"')
        return json_take_word(s);
    if (!json_take_text(s, text))
        return false;
    if (s->depth == 1 && strcmp(s->name, "time") == 0)
        memcpy(s->out->time, text, sizeof(text));
    if (s->depth == 1 && strcmp(s->name, "result") == 0)
        memcpy(s->out->result, text, sizeof(text));
    return true;
}

static bool
json_open(struct scanner *s, char c)
{
    if (s->depth == DEPTH_MAX || !json_take(s, c))
        return false;
    s->open[s->depth++] = c;
    return true;
}

static bool
json_is_next(struct scanner *s, char c)
{
    json_skip_blanks(s);
    return s->at < s->end && *s->at == c;
}

/* A member's name, or nothing in an array; then a value, of which an object or
 * an array is only opened. */
static bool
json_take_value(struct scanner *s)
{
    char name[JSON_VALUE_MAX];

    if (s->open[s->depth - 1] == '{') {
        if (!json_take_text(s, name) || !json_take(s, ':'))
            return false;
        if (s->depth == 1)
            memcpy(s->name, name, sizeof(name));
    }
    if (json_is_next(s, '{'))
        return json_open(s, '{');
    return json_is_next(s, '[') ? json_open(s, '[') : json_take_scalar(s);
}

static bool
json_close(struct scanner *s)
{
    if (!json_take(s, s->open[s->depth - 1] == '{' ? '}' : ']'))
        return false;
    s->depth--;
    return true;
}

bool
sfi__json_read_line(const char *text, size_t len, struct json_line *out)
{
    struct scanner s = {.at = text, .end = text + len, .out = out};
    bool first = true; /* nothing follows the opening yet */

    sfi__zero(out, sizeof(*out));
    if (!json_open(&s, '{'))
        return false;
    while (s.depth > 0) {
        unsigned depth = s.depth;

        if (json_close(&s)) {
            first = false;
            continue;
        }
        if ((!first && !json_take(&s, ',')) || !json_take_value(&s))
            return false;
        first = s.depth > depth;
    }
    json_skip_blanks(&s);
    return s.at == s.end;
}
