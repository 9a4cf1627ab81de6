/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Files with the context's errors. */
#ifndef SFI_CORE_LOAD_H
#define SFI_CORE_LOAD_H

#include <sfi/ctx.h>

#include "util/buf.h"

/* Read a whole file of at most `limit` bytes into `out`, which is initialised
 * here (with `wipe` or not) and freed by the caller, also on failure. */
sfi_status sfi__load(sfi_ctx *ctx, const char *path, size_t limit, bool wipe,
                     struct buf *out);
/* Fails where a vault is: a slip of the hand must not cost an HSM.  To be asked
 * before a file is written. */
sfi_status sfi__check_no_vault(sfi_ctx *ctx, const char *path);
/* Write a whole file: all of it or none; never in place of a vault. */
sfi_status sfi__save(sfi_ctx *ctx, const char *path, unsigned mode,
                     const void *data, size_t len);

#endif
