/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Whole files, read and written with the context's errors. */
#ifndef SFI_CORE_FILES_H
#define SFI_CORE_FILES_H

#include <sfi/ctx.h>

#include "util/buf.h"
#include "util/file.h"

/* Read a whole file of at most `limit` bytes into `out`.  This initialises
 * `out`; the caller frees it, also on failure. */
sfi_status sfi__load(sfi_ctx *ctx, const char *path, size_t limit, bool wipe,
                     struct buf *out);
/* Write a whole file of the caller's own, or nothing on failure; it replaces
 * what is there, but never a vault (file_guard.h). */
sfi_status sfi__save(sfi_ctx *ctx, const char *path, unsigned mode,
                     const void *data, size_t len);

/* A file that a user named.  It never replaces a file that would be lost for
 * ever, unless by the same content (file_kind.h). */
struct output {
    sfi_ctx *ctx;
    const char *path; /* borrowed */
    uint32_t kind;    /* SFI_FILE_* of the output */
    struct file_out file;
};

sfi_status sfi__output_begin(sfi_ctx *ctx, struct output *o, const char *path,
                             uint32_t kind, unsigned mode);
sfi_status sfi__output_write(struct output *o, const void *data, size_t len);
/* End with exactly one of these two; sfi__output_end() leaves nothing when it
 * fails. */
sfi_status sfi__output_end(struct output *o);
void sfi__output_abort(struct output *o);
/* All of these for a whole file. */
sfi_status sfi__output_save(sfi_ctx *ctx, const char *path, uint32_t kind,
                            unsigned mode, const void *data, size_t len);

#endif
