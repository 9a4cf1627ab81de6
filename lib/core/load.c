/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include "core/load.h"

#include <errno.h>
#include <string.h>

#include "util/file.h"
#include "util/mem.h"
#include "util/text.h"
#include "core/ctx.h"
#include "core/err.h"

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

/* While a vault is open, as one of ours may be, its newest records are in a
 * file beside it.  It is not looked into then: closing it would give up
 * SQLite's locks on it. */
static bool
is_open_vault(const char *path, char *name, size_t size)
{
    sfi__text_format(name, size, "%s-wal", path);
    return sfi__file_is_there(name);
}

/* sqlite.org/fileformat.html, 1.3 */
static bool
is_database(const char *path)
{
    static const char magic[] = "SQLite format 3";
    char head[sizeof(magic)];
    struct file_in f;
    size_t len = 0;
    bool is;

    if (sfi__file_is_special(path) || sfi__file_open(&f, path) != 0)
        return false;
    is = sfi__file_fill(&f, head, sizeof(head), &len) == 0 &&
         len == sizeof(head) && sfi__equal(head, magic, sizeof(head));
    sfi__file_close(&f);
    return is;
}

sfi_status
sfi__check_no_vault(sfi_ctx *ctx, const char *path)
{
    size_t size = strlen(path) + sizeof("-wal");
    char *name = sfi__ctx_alloc(ctx, size);
    bool is;

    if (name == NULL)
        return SFI_ERR_NOMEM;
    is = is_open_vault(path, name, size) || is_database(path);
    sfi__ctx_dealloc(ctx, name);
    if (!is)
        return SFI_OK;
    (void)sfi__fail(ctx, SFI_ERR_ACCESS,
                    "a vault, or another database, which is not replaced");
    return sfi__where(ctx, "%s", path);
}

sfi_status
sfi__save(sfi_ctx *ctx, const char *path, unsigned mode, const void *data,
          size_t len)
{
    struct file_out f;
    sfi_status st = sfi__check_no_vault(ctx, path);
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
