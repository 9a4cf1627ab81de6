/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* JSON that grows in a buffer (RFC 8259): on one line, or indented. */
#ifndef SFI_UTIL_JSON_H
#define SFI_UTIL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

/* Zero but for `out` and `indented`.  The first failure, of memory, sticks. */
struct json_writer {
    struct buf *out;
    bool indented;
    bool failed;
    unsigned depth;
    bool filled; /* something stands before the next value of this depth */
};

/* A value has a name in an object; NULL: in an array, or the outermost. */
void sfi__json_open(struct json_writer *j, const char *name, char bracket);
void sfi__json_close(struct json_writer *j, char bracket);
void sfi__json_text(struct json_writer *j, const char *name, const char *text);
void sfi__json_number(struct json_writer *j, const char *name, uint64_t number);
void sfi__json_signed(struct json_writer *j, const char *name, int64_t number);
void sfi__json_bool(struct json_writer *j, const char *name, bool value);
/* Members that are JSON already. */
void sfi__json_raw(struct json_writer *j, const char *json, size_t len);

#endif
