/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A file of records, one line each, that keeps what it was told. */
#ifndef SFI_PROGRAM_RECORD_H
#define SFI_PROGRAM_RECORD_H

#include <stddef.h>

#include "cli/cli.h"

/* Open it to add to it, or make it.  0, or the exit status after a message. */
int record_open(const struct cli *c, sfi_ctx *ctx, const char *path, int *fd);
/* Add a line, which ends with its newline: all of it is on the disk, or nothing
 * is there.  0, or an errno.  Many programs may do so at once. */
int record_append(int fd, const char *line, size_t len);

#endif
