/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Writes whole lines to the disk. */
#include "journal/append.h"

#include "util/sys.h"

int
sfi__append_write(int fd, const void *data, size_t len)
{
    int err = sfi__sys_write(fd, data, len);

    return err != 0 ? err : sfi__sys_sync(fd);
}
