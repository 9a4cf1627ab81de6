/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The licence store: a folder with one file for each device. */
#ifndef SFI_LICENSE_STORE_IN_H
#define SFI_LICENSE_STORE_IN_H

#include <sfi/license_store.h>

#include "core/obj.h"

#define STORE_SUFFIX ".lic"
#define STORE_FILE_MODE 0644u /* a licence is not secret */

struct sfi_license_store {
    struct obj obj;
    char *path; /* as the caller gave it */
};

/* The path of a device's file, to be freed with sfi__ctx_dealloc(); NULL: no
 * memory. */
char *sfi__store_file_path(const sfi_license_store *store,
                           const char *device_id);
/* Is it a licence that a store may have?  Names the file of one that is not. */
sfi_status sfi__store_check_static(sfi_ctx *ctx, const char *path,
                                   const sfi_license *lic);

/* Store many licences; all are on the disk when it returns.  On a failure some
 * may be there. */
struct store_entry {
    const char *device_id;
    const sfi_license *license;
};
sfi_status sfi__store_put_all(sfi_license_store *store,
                              const struct store_entry *entries, size_t count);

/* Read every file of a folder that has the name of a licence in a store. */
sfi_status sfi__license_store_each(sfi_ctx *ctx, const char *path,
                                   sfi_license_store_fn fn, void *user);

#endif
