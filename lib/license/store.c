/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The licence store: finds and keeps licences as files named after the device.
 */
#include "license/store.h"

#include <errno.h>
#include <string.h>

#include "util/file.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/file_kind.h"
#include "core/files.h"
#include "license/certificate.h"
#include "license/license.h"

#define FOLDER_MODE 0755u

static void
license_store_destroy(void *self)
{
    sfi_license_store *store = self;

    sfi__ctx_dealloc(store->obj.ctx, store->path);
}

/* ---- open ---- */

static sfi_status
store_open_folder(sfi_ctx *ctx, const char *path, bool create)
{
    int err = sfi__file_is_folder(path);

    if (err == ENOENT && create) {
        err = sfi__file_make_folder(path, FOLDER_MODE);
        if (err != 0)
            return sfi__fail_os(ctx, sfi__os_status(err), err,
                                "cannot create the folder");
    }
    if (err == ENOENT)
        return sfi__fail_os(ctx, SFI_ERR_OS, err,
                            "the licence store does not exist");
    if (err == ENOTDIR)
        return sfi__fail_os(ctx, SFI_ERR_OS, err,
                            "not a licence store, expected a folder");
    if (err != 0)
        return sfi__fail_os(ctx, sfi__os_status(err), err,
                            "cannot access the licence store");
    return SFI_OK;
}

sfi_status
sfi_license_store_open(sfi_ctx *ctx, const char *path, int create,
                       sfi_license_store **out)
{
    sfi_license_store *store;
    sfi_status st;
    size_t size;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, path != NULL);
    st = store_open_folder(ctx, path, create != 0);
    if (st != SFI_OK)
        return sfi__where(ctx, "%s", path);
    store = sfi__obj_new(ctx, OBJ_LICENSE_STORE, sizeof(*store),
                         license_store_destroy);
    if (store == NULL)
        return SFI_ERR_NOMEM;
    size = strlen(path) + 1;
    store->path = sfi__ctx_alloc(ctx, size);
    if (store->path == NULL) {
        sfi__obj_unref(store);
        return SFI_ERR_NOMEM;
    }
    memcpy(store->path, path, size);
    *out = store;
    return SFI_OK;
}

void
sfi_license_store_free(sfi_license_store *store)
{
    sfi__obj_free(store, OBJ_LICENSE_STORE);
}

/* ---- its files ---- */

char *
sfi__store_file_path(const sfi_license_store *store, const char *device_id)
{
    size_t size = strlen(store->path) + 1 + strlen(device_id) +
                  sizeof(STORE_SUFFIX); /* with its NUL */
    char *path = sfi__ctx_alloc(store->obj.ctx, size);

    if (path != NULL)
        sfi__text_format(path, size, "%s/%s" STORE_SUFFIX, store->path,
                         device_id);
    return path;
}

sfi_status
sfi__store_check_static(sfi_ctx *ctx, const char *path, const sfi_license *lic)
{
    if (sfi__equal(lic->data, LICENSE_STATIC, LICENSE_TYPE_LEN))
        return SFI_OK;
    (void)sfi__fail(ctx, SFI_ERR_FORMAT,
                    "a live licence, valid for one session only; expected a "
                    "static one");
    return sfi__where(ctx, "%s", path);
}

static sfi_status
store_put_license(sfi_license_store *store, const sfi_certificate *cert,
                  const sfi_license *lic)
{
    sfi_ctx *ctx = store->obj.ctx;
    sfi_status st = sfi__store_check_static(ctx, store->path, lic);
    char *path;

    if (st != SFI_OK)
        return st;
    path = sfi__store_file_path(store, cert->device_id);
    if (path == NULL)
        return SFI_ERR_NOMEM;
    st = sfi__file_kind_check(ctx, path, SFI_FILE_LICENSE, true);
    if (st == SFI_OK)
        st =
            sfi__save(ctx, path, STORE_FILE_MODE, lic->data, sizeof(lic->data));
    sfi__ctx_dealloc(ctx, path);
    return st;
}

sfi_status
sfi_license_store_put(sfi_license_store *store, const sfi_certificate *cert,
                      const sfi_license *lic)
{
    SFI_ENTER(store, LICENSE_STORE);
    SFI_HANDLE(store, cert, CERTIFICATE);
    SFI_HANDLE(store, lic, LICENSE);
    return store_put_license(store, cert, lic);
}

/* A missing file means that the store has no licence, unless the whole folder
 * is missing too: a network drive or a USB stick was disconnected. */
static sfi_status
store_check_absence(const sfi_license_store *store)
{
    sfi_ctx *ctx = store->obj.ctx;
    int err = sfi__file_is_folder(store->path);

    sfi__clear_error(ctx);
    if (err == 0)
        return SFI_OK;
    (void)sfi__fail_os(ctx, sfi__os_status(err), err,
                       "the licence store no longer exists");
    return sfi__where(ctx, "%s", store->path);
}

static sfi_status
store_find_license(sfi_license_store *store, const sfi_certificate *cert,
                   sfi_license **out)
{
    sfi_ctx *ctx = store->obj.ctx;
    char *path = sfi__store_file_path(store, cert->device_id);
    sfi_license *lic = NULL;
    sfi_status st;

    if (path == NULL)
        return SFI_ERR_NOMEM;
    st = sfi_license_load(ctx, path, &lic);
    if (st == SFI_ERR_OS && ctx->error.os_code == ENOENT) {
        st = store_check_absence(store);
    } else if (st == SFI_OK) {
        st = sfi__store_check_static(ctx, path, lic);
    }
    sfi__ctx_dealloc(ctx, path);
    if (st == SFI_OK)
        *out = lic;
    else
        sfi_license_free(lic);
    return st;
}

sfi_status
sfi_license_store_find(sfi_license_store *store, const sfi_certificate *cert,
                       sfi_license **out)
{
    SFI_ENTER_NEW(store, LICENSE_STORE, out);
    SFI_HANDLE(store, cert, CERTIFICATE);
    return store_find_license(store, cert, out);
}
