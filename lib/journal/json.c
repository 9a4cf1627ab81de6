/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A reader of JSON that recurses nowhere and keeps no tree. */
#include "journal/json.h"

#include <string.h>

#include "util/mem.h"

#define DEPTH_MAX 16u

#define NAMES_MAX 2u

struct scanner {
    const char *at, *end;
    char open[DEPTH_MAX]; /* what each level began with */
    unsigned depth;
    /* Of the last member of the outermost object, and of one in it. */
    char names[NAMES_MAX][JSON_VALUE_MAX];
    json_value_fn *fn;
    void *user;
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

/* A member of the outermost object, or of an object in it. */
static void
json_hand_out(const struct scanner *s, const char *begin)
{
    struct json_value v = {.raw = begin, .len = (size_t)(s->at - begin)};

    if (s->depth > NAMES_MAX || s->open[s->depth - 1] != '{')
        return;
    v.in = s->depth == 1 ? "" : s->names[0];
    v.name = s->names[s->depth - 1];
    s->fn(s->user, &v);
}

static bool
json_take_scalar(struct scanner *s)
{
    char text[JSON_VALUE_MAX];
    const char *begin;
    bool good;

    json_skip_blanks(s);
    begin = s->at;
    good = s->at < s->end && *s->at == '"' ? json_take_text(s, text)
                                           : json_take_word(s);
    if (good)
        json_hand_out(s, begin);
    return good;
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
        if (s->depth <= NAMES_MAX)
            memcpy(s->names[s->depth - 1], name, sizeof(name));
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
sfi__json_read(const char *text, size_t len, json_value_fn *fn, void *user)
{
    struct scanner s = {.at = text, .end = text + len, .fn = fn, .user = user};
    bool first = true; /* nothing follows the opening yet */

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

/* What fits of a text, with its escapes as they are. */
static void
json_copy_raw(char out[JSON_VALUE_MAX], const struct json_value *v)
{
    size_t n = 0;

    for (size_t i = 1; i + 1 < v->len && n + 2 < JSON_VALUE_MAX; i++)
        out[n++] = v->raw[i];
    out[n] = '\0';
}

static void
json_note_line(void *user, const struct json_value *v)
{
    struct json_line *out = user;

    if (v->in[0] != '\0' || v->raw[0] != '"')
        return;
    if (strcmp(v->name, "time") == 0)
        json_copy_raw(out->time, v);
    if (strcmp(v->name, "result") == 0)
        json_copy_raw(out->result, v);
}

bool
sfi__json_read_line(const char *text, size_t len, struct json_line *out)
{
    sfi__zero(out, sizeof(*out));
    return sfi__json_read(text, len, json_note_line, out);
}

/* ---- values ---- */

static bool
json_read_hex(const char *at, const char *end, uint32_t *out)
{
    static const char digits[] = "0123456789abcdefABCDEF";

    *out = 0;
    if (end - at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        const char *d = at[i] != '\0' ? strchr(digits, at[i]) : NULL;

        if (d == NULL)
            return false;
        *out = *out << 4 | (uint32_t)(d - digits - (d - digits > 15 ? 6 : 0));
    }
    return true;
}

/* A character as UTF-8 (RFC 3629); returns its length. */
static size_t
json_encode(char out[4], uint32_t c)
{
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = len; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[len] | c);
    return len;
}

/* What stands behind a reverse solidus; *at moves behind it.  0: nothing that
 * is one, or a NUL, which no text of C has. */
static size_t
json_read_escape(const char **at, const char *end, char out[4])
{
    static const char kinds[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *kind = *at < end && **at != '\0' ? strchr(kinds, **at) : NULL;
    uint32_t c, low;

    if (kind != NULL) {
        ++*at;
        out[0] = values[kind - kinds];
        return 1;
    }
    if (*at == end || *(*at)++ != 'u' || !json_read_hex(*at, end, &c))
        return 0;
    *at += 4;
    if (c >= 0xd800 && c < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' &&
        (*at)[1] == 'u' && json_read_hex(*at + 2, end, &low) && low >= 0xdc00 &&
        low < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        *at += 6;
    }
    return c == 0 || (c >= 0xd800 && c < 0xe000) ? 0 : json_encode(out, c);
}

bool
sfi__json_value_text(const struct json_value *v, char *out, size_t cap)
{
    const char *at = v->raw + 1, *end = v->raw + v->len - 1;
    size_t n = 0;

    out[0] = '\0';
    if (v->len < 2 || v->raw[0] != '"')
        return false;
    while (at < end) {
        char piece[4] = {*at};
        size_t len = 1;

        if (*at++ == '\\')
            len = json_read_escape(&at, end, piece);
        if (len == 0 || len >= cap - n)
            return false;
        memcpy(out + n, piece, len);
        n += len;
        out[n] = '\0';
    }
    return true;
}

bool
sfi__json_value_number(const struct json_value *v, uint64_t *out)
{
    uint64_t n = 0;

    for (size_t i = 0; i < v->len; i++) {
        unsigned digit = (unsigned char)v->raw[i] - (unsigned)'0';

        if (digit > 9 || n > (UINT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *out = n;
    return v->len > 0;
}
