/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Whole files, read and written with the context's errors. */
#include "core/files.h"

#include <errno.h>

#include "util/file.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/file_guard.h"

sfi_status
sfi__load(sfi_ctx *ctx, const char *path, size_t limit, bool wipe,
          struct buf *out)
{
    sfi_status st;
    int err;

    sfi__buf_init(out, &ctx->alloc, wipe);
    err = sfi__file_read(path, limit, out);
    if (err == 0)
        return SFI_OK;
    if (err == EFBIG)
        st = sfi__fail(ctx, SFI_ERR_LIMIT, "longer than %zu bytes", limit);
    else
        st = sfi__fail_os(ctx, sfi__os_status(err), err, "cannot read");
    (void)sfi__where(ctx, "%s", path);
    return st;
}

sfi_status
sfi__save(sfi_ctx *ctx, const char *path, unsigned mode, const void *data,
          size_t len)
{
    struct file_out f;
    sfi_status st = sfi__file_guard_check(ctx, path);
    int err;

    if (st != SFI_OK)
        return st;
    err = sfi__file_begin(&f, path, mode);
    if (err == 0) {
        err = sfi__file_write(&f, data, len);
        if (err == 0)
            err = sfi__file_commit(&f);
        else
            sfi__file_abort(&f);
    }
    if (err == 0)
        return SFI_OK;
    (void)sfi__fail_os(ctx, sfi__os_status(err), err, "cannot write");
    return sfi__where(ctx, "%s", path);
}
