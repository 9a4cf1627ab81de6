/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Whole messages over file descriptors, and what is in them. */
#define _POSIX_C_SOURCE 200809L
#include "message.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LENGTH_LEN 4u

const uint8_t *
get_bytes(struct reader *r, size_t len)
{
    const uint8_t *at = r->at;

    if (len > r->left) {
        r->is_bad = true;
        return NULL;
    }
    r->at += len;
    r->left -= len;
    return at;
}

uint64_t
get(struct reader *r, unsigned bytes)
{
    const uint8_t *at = get_bytes(r, bytes);
    uint64_t value = 0;

    while (at != NULL && bytes-- > 0)
        value = value << 8 | at[bytes];
    return value;
}

bool
got_all(const struct reader *r)
{
    return !r->is_bad && r->left == 0;
}

uint8_t *
put_room(struct writer *w, size_t len)
{
    uint8_t *at = w->data + w->len;

    if (len > w->max - w->len) {
        w->is_bad = true;
        return NULL;
    }
    w->len += len;
    return at;
}

void
put(struct writer *w, uint64_t value, unsigned bytes)
{
    uint8_t *at = put_room(w, bytes);

    for (; at != NULL && bytes > 0; bytes--, value >>= 8)
        *at++ = (uint8_t)value;
}

void
put_bytes(struct writer *w, const void *data, size_t len)
{
    uint8_t *at = put_room(w, len);

    if (at != NULL && len != 0)
        memcpy(at, data, len);
}

static bool
read_all(int fd, uint8_t *data, size_t len)
{
    ssize_t n;

    while (len > 0) {
        n = read(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

bool
message_read(int fd, uint8_t *data, size_t max, size_t *len)
{
    uint8_t head[LENGTH_LEN];
    struct reader r = {head, LENGTH_LEN, false};

    if (!read_all(fd, head, LENGTH_LEN))
        return false;
    *len = (size_t)get(&r, LENGTH_LEN);
    return *len > 0 && *len <= max && read_all(fd, data, *len);
}

static bool
write_all(int fd, const uint8_t *data, size_t len)
{
    ssize_t n;

    while (len > 0) {
        n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

bool
message_write(int fd, const uint8_t *data, size_t len)
{
    uint8_t head[LENGTH_LEN];
    struct writer w = {head, 0, LENGTH_LEN, false};

    put(&w, len, LENGTH_LEN);
    return write_all(fd, head, LENGTH_LEN) && write_all(fd, data, len);
}
