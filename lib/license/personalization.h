/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Personalisation files, which make an HSM trust a CA; doc/format.md,
 * "Personalisation". */
#ifndef SFI_LICENSE_PERSONALIZATION_H
#define SFI_LICENSE_PERSONALIZATION_H

#include <sfi/personalization.h>

#include "core/obj.h"
#include "crypto/ecc.h"
#include "license/record.h"

#define PERSO_LEN 160u
/* "45002001_SFI_01000000_00000000.pd" and a NUL */
#define PERSO_NAME_LEN 34u

struct sfi_personalization {
    struct obj obj;
    uint8_t data[PERSO_LEN];
    uint8_t ca_public[SFI_ECC_PUBLIC_LEN];
    char product_id[PRODUCT_ID_LEN + 1];
};

/* sfi_personalization_parse() without the guard. */
sfi_status sfi__perso_new(sfi_ctx *ctx, const uint8_t *data, size_t len,
                          sfi_personalization **out);
/* Issue a file, as the chip maker does.  `out` has `cap` bytes, at least
 * PERSO_LEN. */
sfi_status sfi__perso_issue(sfi_ctx *ctx,
                            const uint8_t ca_secret[SFI_ECC_SECRET_LEN],
                            const char *product_id, uint8_t *out, size_t cap,
                            size_t *len);
/* The name of the file for this product. */
void sfi__perso_name(const char *product_id, char out[PERSO_NAME_LEN]);

#endif
