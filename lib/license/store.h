/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The licence store: a folder with one file for each device. */
#ifndef SFI_LICENSE_STORE_IN_H
#define SFI_LICENSE_STORE_IN_H

#include <sfi/license_store.h>

#include "core/obj.h"

struct sfi_license_store {
    struct obj obj;
    char *path; /* as the caller gave it */
};

#endif
