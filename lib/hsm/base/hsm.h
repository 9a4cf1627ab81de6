/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The inside of an HSM handle: the backend's table of functions. */
#ifndef SFI_HSM_BASE_HSM_H
#define SFI_HSM_BASE_HSM_H

#include <sfi/hsm.h>

#include "core/ctx.h"
#include "core/obj.h"

struct sfi_hsm {
    struct obj obj;
    sfi_hsm_ops ops;
    void *user;
    char where[SFI_ERROR_WHERE_MAX]; /* of errors; "" for a custom HSM */
};

/* The caller sets `ops`.  NULL: no memory, recorded in the context. */
sfi_hsm *sfi__hsm_new(sfi_ctx *ctx);

#endif
