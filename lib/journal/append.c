/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reads and writes whole pieces, whatever signals arrive. */
#define _POSIX_C_SOURCE 200809L
#include "journal/append.h"

#include <errno.h>
#include <unistd.h>

int
sfi__append_read(int fd, void *out, size_t len, uint64_t at)
{
    char *to = out;

    while (len > 0) {
        ssize_t got = pread(fd, to, len, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? errno : EIO; /* it has become shorter */
        to += got;
        len -= (size_t)got;
        at += (size_t)got;
    }
    return 0;
}

int
sfi__append_write(int fd, const void *data, size_t len)
{
    const char *from = data;

    while (len > 0) {
        ssize_t put = write(fd, from, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        from += put;
        len -= (size_t)put;
    }
    return fsync(fd) == 0 ? 0 : errno;
}
