/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* JSON as far as a journal needs it: one object (RFC 8259), and two of its
 * texts. */
#ifndef SFI_JOURNAL_JSON_H
#define SFI_JOURNAL_JSON_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_VALUE_MAX 48u

struct json_line {
    char time[JSON_VALUE_MAX]; /* "" if it has none */
    char result[JSON_VALUE_MAX];
};

/* Is this one whole object, and nothing else? */
bool sfi__json_read_line(const char *text, size_t len, struct json_line *out);

#endif
