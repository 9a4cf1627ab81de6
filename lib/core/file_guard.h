/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* No output may overwrite a vault or other SQLite database: a mistyped name
 * must not destroy an HSM.  And nothing but SQLite may open a vault that is
 * open in this process (util/fd.h). */
#ifndef SFI_CORE_FILE_GUARD_H
#define SFI_CORE_FILE_GUARD_H

#include <sfi/ctx.h>

struct locked_file;

/* Suffixes of the files that SQLite keeps beside a database: the write-ahead
 * log, its index, the rollback journal. */
#define FILE_GUARD_SIDECARS 3
extern const char *const sfi__file_guard_sidecars[FILE_GUARD_SIDECARS];

/* Fails when `path` is an SQLite database or belongs to one.  Call it before
 * writing a file. */
sfi_status sfi__file_guard_check(sfi_ctx *ctx, const char *path);

/* The vault at `path` is about to be opened; call sfi__locked_file_remove()
 * after it was closed. */
sfi_status sfi__file_guard_lock(sfi_ctx *ctx, const char *path,
                                struct locked_file **out);

#endif
