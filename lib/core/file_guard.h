/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* No output may replace a vault or another SQLite database: a mistyped name
 * must not cost an HSM. */
#ifndef SFI_CORE_FILE_GUARD_H
#define SFI_CORE_FILE_GUARD_H

#include <sfi/ctx.h>

/* What SQLite appends to a database's name for the files that it keeps beside
 * it: the write-ahead log, its index, the rollback journal. */
#define FILE_GUARD_SIDECARS 3
extern const char *const sfi__file_guard_sidecars[FILE_GUARD_SIDECARS];

/* Fails when `path` is an SQLite database.  Ask before writing a file. */
sfi_status sfi__file_guard_check(sfi_ctx *ctx, const char *path);

#endif
