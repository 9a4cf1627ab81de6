/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Every file of a licence store, many of them at once, and the end of one. */
#include <errno.h>
#include <string.h>

#include "util/file.h"
#include "util/hex.h"
#include "util/mem.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/file_kind.h"
#include "crypto/hash.h"
#include "license/license.h"
#include "license/store.h"

#define NAME_DIGITS ((size_t)2 * SFI_SHA256_LEN)

/* Does this text begin with a device id, and is then the rest? */
static bool
store_is_name(const char *name, const char *rest)
{
    uint8_t id[SFI_SHA256_LEN];

    return strlen(name) == NAME_DIGITS + strlen(rest) &&
           strcmp(name + NAME_DIGITS, rest) == 0 &&
           sfi__hex_decode(id, sizeof(id), name);
}

static sfi_status
store_load_file(sfi_ctx *ctx, const char *path, sfi_license **lic)
{
    sfi_status st;

    /* To open a pipe may wait for ever. */
    if (sfi__file_is_special(path)) {
        (void)sfi__fail(ctx, SFI_ERR_FORMAT, "not a regular file");
        return sfi__where(ctx, "%s", path);
    }
    st = sfi_license_load(ctx, path, lic);
    return st == SFI_OK ? sfi__store_check_static(ctx, path, *lic) : st;
}

static sfi_status
store_visit(sfi_ctx *ctx, const char *folder, const char *name,
            sfi_license_store_fn fn, void *user)
{
    size_t size = strlen(folder) + 1 + strlen(name) + 1;
    char *path = sfi__ctx_alloc(ctx, size);
    char id[NAME_DIGITS + 1];
    sfi_license *lic = NULL;
    sfi_status st;

    if (path == NULL)
        return SFI_ERR_NOMEM;
    sfi__text_format(path, size, "%s/%s", folder, name);
    sfi__text_format(id, sizeof(id), "%.*s", (int)NAME_DIGITS, name);
    st = store_load_file(ctx, path, &lic);
    fn(user, id, st, st == SFI_OK ? lic : NULL);
    sfi_license_free(lic);
    sfi__ctx_dealloc(ctx, path);
    return SFI_OK;
}

sfi_status
sfi__license_store_each(sfi_ctx *ctx, const char *path, sfi_license_store_fn fn,
                        void *user)
{
    const char *name;
    struct sys_folder *folder;
    sfi_status st = SFI_OK;
    int err = sfi__sys_folder_open(path, &folder);

    if (err != 0)
        return sfi__fail_os(ctx, sfi__os_status(err), err,
                            "cannot read the folder");
    while (st == SFI_OK && (name = sfi__sys_folder_next(folder)) != NULL) {
        if (store_is_name(name, STORE_SUFFIX))
            st = store_visit(ctx, path, name, fn, user);
    }
    sfi__sys_folder_close(folder);
    return st;
}

sfi_status
sfi_license_store_each(sfi_license_store *store, sfi_license_store_fn fn,
                       void *user)
{
    sfi_status st;

    SFI_ENTER(store, LICENSE_STORE);
    SFI_ARG(store, fn != NULL);
    store->obj.busy = true;
    st = sfi__license_store_each(store->obj.ctx, store->path, fn, user);
    store->obj.busy = false;
    if (st == SFI_OK)
        sfi__clear_error(store->obj.ctx);
    return st;
}

/* ---- many at once ---- */

static sfi_status
store_write_failed(sfi_ctx *ctx, const char *path, int err)
{
    (void)sfi__fail_os(ctx, sfi__os_status(err), err, "cannot write");
    return sfi__where(ctx, "%s", path);
}

/* Under a temporary name, and not synced yet. */
static sfi_status
store_put_down(sfi_license_store *store, const struct store_entry *e,
               struct file_out *f)
{
    sfi_ctx *ctx = store->obj.ctx;
    char *path = sfi__store_file_path(store, e->device_id);
    sfi_status st;
    int err;

    if (path == NULL)
        return SFI_ERR_NOMEM;
    st = sfi__file_kind_check(ctx, path, SFI_FILE_LICENSE, true);
    if (st == SFI_OK) {
        err = sfi__file_begin(f, &ctx->alloc, path, STORE_FILE_MODE);
        if (err == 0)
            err = sfi__file_write(f, e->license->data, SFI_LICENSE_LEN);
        if (err == 0)
            err = sfi__file_put_down(f);
        if (err != 0)
            st = store_write_failed(ctx, path, err);
    }
    sfi__ctx_dealloc(ctx, path);
    return st;
}

/* All under their names, on the disk. */
static sfi_status
store_name_all(sfi_license_store *store, struct file_out *files, size_t count)
{
    sfi_ctx *ctx = store->obj.ctx;
    int err = sfi__file_sync_system(store->path);

    if (err != 0)
        return store_write_failed(ctx, store->path, err);
    for (size_t i = 0; i < count; i++) {
        err = sfi__file_name(&files[i]);
        if (err != 0)
            return store_write_failed(ctx, files[i].path, err);
    }
    err = sfi__file_sync_folder(files[0].path);
    return err == 0 ? SFI_OK : store_write_failed(ctx, store->path, err);
}

sfi_status
sfi__store_put_all(sfi_license_store *store, const struct store_entry *entries,
                   size_t count)
{
    sfi_ctx *ctx = store->obj.ctx;
    struct file_out *files;
    sfi_status st = SFI_OK;
    size_t begun = 0;

    if (count == 0)
        return SFI_OK;
    files = sfi__ctx_alloc(ctx, count * sizeof(*files));
    if (files == NULL)
        return SFI_ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        files[i].fd = -1;
    while (st == SFI_OK && begun < count) {
        st = store_put_down(store, &entries[begun], &files[begun]);
        begun++;
    }
    if (st == SFI_OK)
        st = store_name_all(store, files, count);
    for (size_t i = 0; i < begun; i++)
        sfi__file_abort(&files[i]);
    sfi__ctx_dealloc(ctx, files);
    return st;
}

/* ---- the end of one ---- */

static sfi_status
store_remove_file(sfi_license_store *store, const char *path)
{
    sfi_ctx *ctx = store->obj.ctx;
    sfi_status st = sfi__file_kind_check(ctx, path, SFI_FILE_LICENSE, true);
    int err;

    if (st != SFI_OK)
        return st;
    err = sfi__sys_remove(path);
    if (err == ENOENT && sfi__file_is_folder(store->path) == 0)
        st = sfi__fail(ctx, SFI_ERR_NO_LICENSE,
                       "the store has no licence of this device");
    else if (err != 0)
        st = sfi__fail_os(ctx, sfi__os_status(err), err, "cannot remove");
    if (st != SFI_OK)
        return sfi__where(ctx, "%s", path);
    err = sfi__file_sync_folder(path);
    return err == 0 ? SFI_OK : store_write_failed(ctx, store->path, err);
}

sfi_status
sfi_license_store_remove(sfi_license_store *store, const char *device_id)
{
    sfi_status st;
    char *path;

    SFI_ENTER(store, LICENSE_STORE);
    SFI_ARG(store, device_id != NULL);
    if (!store_is_name(device_id, ""))
        return sfi__fail(store->obj.ctx, SFI_ERR_RANGE,
                         "a device id has %zu hexadecimal digits", NAME_DIGITS);
    path = sfi__store_file_path(store, device_id);
    if (path == NULL)
        return SFI_ERR_NOMEM;
    st = store_remove_file(store, path);
    sfi__ctx_dealloc(store->obj.ctx, path);
    return st;
}
