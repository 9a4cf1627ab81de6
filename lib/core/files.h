/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Whole files, read and written with the context's errors. */
#ifndef SFI_CORE_FILES_H
#define SFI_CORE_FILES_H

#include <sfi/ctx.h>

#include "util/buf.h"

/* Read a whole file of at most `limit` bytes into `out`.  This initialises
 * `out`; the caller frees it, also on failure. */
sfi_status sfi__load(sfi_ctx *ctx, const char *path, size_t limit, bool wipe,
                     struct buf *out);
/* Write a whole file, or nothing on failure; never over a vault
 * (file_guard.h). */
sfi_status sfi__save(sfi_ctx *ctx, const char *path, unsigned mode,
                     const void *data, size_t len);

#endif
