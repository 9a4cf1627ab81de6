/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* JSON as far as a journal needs it: one object (RFC 8259), and the scalars in
 * it. */
#ifndef SFI_JOURNAL_JSON_H
#define SFI_JOURNAL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_VALUE_MAX 48u

struct json_line {
    char time[JSON_VALUE_MAX]; /* "" if it has none */
    char result[JSON_VALUE_MAX];
};

/* A text, number or word: a member of the outermost object, or of the object in
 * it that `in` names. */
struct json_value {
    const char *in; /* "": of the outermost */
    const char *name;
    const char *raw; /* as it stands there, a text with its quotes */
    size_t len;
};

typedef void json_value_fn(void *user, const struct json_value *v);

/* Is this one whole object, and nothing else?  Hands out its values, also those
 * of a text that turns out not to be one. */
bool sfi__json_read(const char *text, size_t len, json_value_fn *fn,
                    void *user);
/* Its text, without quotes and escapes; false: it is none, or does not fit. */
bool sfi__json_value_text(const struct json_value *v, char *out, size_t cap);
bool sfi__json_value_number(const struct json_value *v, uint64_t *out);

/* Is this one whole object, and nothing else?  Notes two of its texts. */
bool sfi__json_read_line(const char *text, size_t len, struct json_line *out);

#endif
