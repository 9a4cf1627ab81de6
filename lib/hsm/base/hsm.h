/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The inside of an HSM handle: the backend's table of functions. */
#ifndef SFI_HSM_BASE_HSM_H
#define SFI_HSM_BASE_HSM_H

#include <sfi/hsm.h>

#include "core/ctx.h"
#include "core/obj.h"

/* Each step of a vault waits for the disk, and keeps others waiting for less
 * than a second. */
#define SFI_HSM_AT_ONCE 512u

struct sfi_hsm {
    struct obj obj;
    sfi_hsm_ops ops;
    void *user;
    char where[SFI_ERROR_WHERE_MAX]; /* of errors; "" for a custom HSM */
    size_t at_once; /* licences in one step; 0: the HSM behind it knows */
    bool relays;    /* the HSM behind it adds the place to its errors */
};

/* The caller sets `ops`.  NULL: no memory, recorded in the context. */
sfi_hsm *sfi__hsm_new(sfi_ctx *ctx);
/* Ask for a licence, as sfi_hsm_ops says; the bytes are not checked. */
sfi_status sfi__hsm_license(sfi_hsm *hsm, const uint8_t *cert, size_t cert_len,
                            uint32_t session, uint8_t *out, size_t *out_len);

/* The licence must be for the session that was asked for. */
sfi_status sfi__hsm_check_session(sfi_ctx *ctx, const sfi_license *lic,
                                  uint32_t session);

/* How many certificates to give it at once: as many as are one step of it, so
 * that nobody waits for the first answer. */
sfi_status sfi__hsm_at_once(sfi_hsm *hsm, size_t *count);
/* sfi_hsm_ops.licenses, or `license` for each.  Answers are checked, and their
 * errors, in the context, name the HSM. */
sfi_status sfi__hsm_licenses(sfi_hsm *hsm, const uint8_t *const *certs,
                             size_t cert_len, const uint32_t *sessions,
                             size_t count, sfi_hsm_answer_fn answer, void *to);
/* Check a status that the backend returned, and name the HSM in its error. */
sfi_status sfi__hsm_name_error(sfi_hsm *hsm, sfi_status st, const char *what);

#endif
