/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Every file of a licence store. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "util/file.h"
#include "util/hex.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "crypto/hash.h"
#include "license/license.h"
#include "license/store.h"

#define NAME_DIGITS ((size_t)2 * SFI_SHA256_LEN)

/* Is this the name of a device's file: "DEVICEID.lic"? */
static bool
store_is_name(const char *name)
{
    uint8_t id[SFI_SHA256_LEN];

    return strlen(name) == NAME_DIGITS + strlen(STORE_SUFFIX) &&
           strcmp(name + NAME_DIGITS, STORE_SUFFIX) == 0 &&
           sfi__hex_decode(id, sizeof(id), name);
}

static sfi_status
store_check_file(sfi_ctx *ctx, const char *path)
{
    sfi_license *lic = NULL;
    sfi_status st = SFI_OK;

    /* To open a pipe may wait for ever. */
    if (sfi__file_is_special(path))
        st = sfi__fail(ctx, SFI_ERR_FORMAT, "not a regular file");
    else
        st = sfi_license_load(ctx, path, &lic);
    if (st == SFI_OK && sfi_license_type(lic) != SFI_LICENSE_STATIC)
        st = sfi__fail(ctx, SFI_ERR_FORMAT,
                       "a live licence, valid for one session only; expected a "
                       "static one");
    sfi_license_free(lic);
    return st == SFI_OK || ctx->error.where[0] != '\0'
               ? st
               : sfi__where(ctx, "%s", path);
}

static sfi_status
store_visit(sfi_ctx *ctx, const char *folder, const char *name,
            license_store_fn fn, void *user)
{
    size_t size = strlen(folder) + 1 + strlen(name) + 1;
    char *path = sfi__ctx_alloc(ctx, size);

    if (path == NULL)
        return SFI_ERR_NOMEM;
    sfi__text_format(path, size, "%s/%s", folder, name);
    fn(user, store_check_file(ctx, path));
    sfi__ctx_dealloc(ctx, path);
    return SFI_OK;
}

sfi_status
sfi__license_store_each(sfi_ctx *ctx, const char *path, license_store_fn fn,
                        void *user)
{
    const struct dirent *e;
    sfi_status st = SFI_OK;
    DIR *dir = opendir(path);

    if (dir == NULL)
        return sfi__fail_os(ctx, sfi__os_status(errno), errno,
                            "cannot read the folder");
    while (st == SFI_OK && (e = readdir(dir)) != NULL) {
        if (store_is_name(e->d_name))
            st = store_visit(ctx, path, e->d_name, fn, user);
    }
    (void)closedir(dir);
    return st;
}
