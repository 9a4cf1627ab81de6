/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A file that grows by whole lines.  Functions return 0 or an errno. */
#ifndef SFI_JOURNAL_APPEND_H
#define SFI_JOURNAL_APPEND_H

#include <stddef.h>

/* Write all, and sync it. */
int sfi__append_write(int fd, const void *data, size_t len);

#endif
