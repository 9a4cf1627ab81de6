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
    bool relays; /* the HSM behind it adds the place to its errors */
};

/* The caller sets `ops`.  NULL: no memory, recorded in the context. */
sfi_hsm *sfi__hsm_new(sfi_ctx *ctx);
/* Ask for a licence, as sfi_hsm_ops says; the bytes are not checked. */
sfi_status sfi__hsm_license(sfi_hsm *hsm, const uint8_t *cert, size_t cert_len,
                            uint32_t session, uint8_t *out, size_t *out_len);

#endif
