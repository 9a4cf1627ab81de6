/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A file of records, one line each, durable and shared by many programs. */
#ifndef SFI_PROGRAM_RECORD_H
#define SFI_PROGRAM_RECORD_H

#include <stddef.h>

#include "sfi_program.h"

/* Open for appending, or create.  0, or the exit status after a message. */
int record_open(const struct cli *c, sfi_ctx *ctx, const char *path, int *fd);
/* Append a line, which includes its newline: it is on the disk entirely, or
 * removed again.  0, or an errno.  Many programs may append at once. */
int record_append(int fd, const char *line, size_t len);
/* Append what a station did.  0, or an errno. */
int record_station(int fd, struct station *s);
/* Print that the line is missing; returns the exit status. */
int record_fail(const struct station *s, int err);

#endif
