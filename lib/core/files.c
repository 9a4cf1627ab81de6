/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Whole files, read and written with the context's errors. */
#include "core/files.h"

#include <errno.h>

#include "core/ctx.h"
#include "core/err.h"
#include "core/file_guard.h"
#include "core/file_kind.h"

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

static sfi_status
files_write_failed(sfi_ctx *ctx, const char *path, int err)
{
    (void)sfi__fail_os(ctx, sfi__os_status(err), err, "cannot write");
    return sfi__where(ctx, "%s", path);
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
    err = sfi__file_begin(&f, &ctx->alloc, path, mode);
    if (err == 0) {
        err = sfi__file_write(&f, data, len);
        if (err == 0)
            err = sfi__file_commit(&f);
        else
            sfi__file_abort(&f);
    }
    return err == 0 ? SFI_OK : files_write_failed(ctx, path, err);
}

/* ---- outputs ---- */

sfi_status
sfi__output_begin(sfi_ctx *ctx, struct output *o, const char *path,
                  uint32_t kind, unsigned mode)
{
    sfi_status st = sfi__file_kind_check(ctx, path, kind, true);
    int err;

    *o = (struct output){.ctx = ctx, .path = path, .kind = kind};
    o->file.fd = -1;
    if (st != SFI_OK)
        return st;
    err = sfi__file_begin(&o->file, &ctx->alloc, path, mode);
    return err == 0 ? SFI_OK : files_write_failed(ctx, path, err);
}

sfi_status
sfi__output_write(struct output *o, const void *data, size_t len)
{
    int err = sfi__file_write(&o->file, data, len);

    return err == 0 ? SFI_OK : files_write_failed(o->ctx, o->path, err);
}

/* Looks again, because the work may have taken long.  A file that is kept stays
 * as it is; the same content is no failure, so that an export can be repeated.
 */
static sfi_status
output_check_kept(struct output *o, bool *done)
{
    uint32_t there;
    sfi_status st = sfi__file_kind(o->ctx, o->path, &there);
    int err;

    *done = false;
    if (st != SFI_OK || !sfi__file_kind_is_kept(there))
        return st;
    if (there != SFI_FILE_DATABASE) {
        err = sfi__file_compare(o->file.temp, o->path, done);
        if (err != 0)
            return files_write_failed(o->ctx, o->path, err);
    }
    return *done ? SFI_OK : sfi__file_kind_refuse(o->ctx, o->path, there);
}

sfi_status
sfi__output_end(struct output *o)
{
    sfi_status st = SFI_OK;
    bool done = false;
    int err = 0;

    if (!o->file.in_place)
        st = output_check_kept(o, &done);
    if (st == SFI_OK && !done)
        err = sfi__file_commit(&o->file);
    else
        sfi__file_abort(&o->file);
    return err == 0 ? st : files_write_failed(o->ctx, o->path, err);
}

void
sfi__output_abort(struct output *o)
{
    sfi__file_abort(&o->file);
}

sfi_status
sfi__output_save(sfi_ctx *ctx, const char *path, uint32_t kind, unsigned mode,
                 const void *data, size_t len)
{
    struct output o;
    sfi_status st = sfi__output_begin(ctx, &o, path, kind, mode);

    if (st != SFI_OK)
        return st;
    st = sfi__output_write(&o, data, len);
    if (st == SFI_OK)
        return sfi__output_end(&o);
    sfi__output_abort(&o);
    return st;
}

sfi_status
sfi_ctx_save_output(sfi_ctx *ctx, const char *path, uint32_t kind,
                    uint32_t flags, const void *data, size_t len)
{
    sfi_status st;

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, path != NULL);
    SFI_ARG(ctx, (flags & ~(uint32_t)SFI_REPLACE) == 0);
    SFI_ARG(ctx, data != NULL || len == 0);
    st = sfi__file_kind_check(ctx, path, kind, (flags & SFI_REPLACE) != 0);
    if (st != SFI_OK)
        return st;
    return sfi__output_save(ctx, path, kind, 0644, data, len);
}
