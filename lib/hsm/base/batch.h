/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Certificates that an HSM is asked for in one step, with what became of each.
 */
#ifndef SFI_HSM_BASE_BATCH_H
#define SFI_HSM_BASE_BATCH_H

#include <stdbool.h>

#include <sfi/license_batch.h>

#include "core/err.h"
#include "hsm/base/hsm.h"

struct license_item {
    const sfi_certificate *cert; /* borrowed; NULL: it could not be read */
    const char *path;            /* borrowed; NULL: none */
    uint32_t session;            /* 0: a static licence */
    bool told;   /* the rest is known: without it, nothing was counted */
    bool stored; /* from the store */
    sfi_status st;
    uint32_t count;          /* SFI_COUNT_* */
    sfi_license *license;    /* a reference */
    struct sfi_error *error; /* NULL: none, or no memory for it */
};

/* The context has the error. */
void sfi__item_fail(sfi_ctx *ctx, struct license_item *item, sfi_status st);
void sfi__item_free(sfi_ctx *ctx, struct license_item *item);
/* Ask for all in one step, at most SFI_LICENSES_MAX. */
sfi_status sfi__hsm_ask(sfi_hsm *hsm, struct license_item **items,
                        size_t count);
/* Call `fn`, unless it is NULL, or nothing is known. */
void sfi__item_tell(sfi_ctx *ctx, const struct license_item *item,
                    uint64_t index, uint64_t total, sfi_license_result_fn fn,
                    void *user);

#endif
