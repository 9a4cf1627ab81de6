/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The licence store: a folder with one file for each device. */
#ifndef SFI_LICENSE_STORE_IN_H
#define SFI_LICENSE_STORE_IN_H

#include <sfi/license_store.h>

#include "core/obj.h"

#define STORE_SUFFIX ".lic"

struct sfi_license_store {
    struct obj obj;
    char *path; /* as the caller gave it */
};

/* Receives SFI_OK for a static licence, else why a file is none. */
typedef void (*license_store_fn)(void *user, sfi_status st);
/* Read every file of a folder that has the name of a licence in a store. */
sfi_status sfi__license_store_each(sfi_ctx *ctx, const char *path,
                                   license_store_fn fn, void *user);

#endif
