/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What certificates, licences and personalisation files share: each is one
 * record of fixed length, and two of them name a product. */
#ifndef SFI_LICENSE_RECORD_H
#define SFI_LICENSE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include <sfi/ctx.h>

#define PRODUCT_ID_LEN 8u

/* SFI_OK, SFI_ERR_TRUNCATED or SFI_ERR_FORMAT; `what`: "certificate". */
sfi_status sfi__record_check_length(sfi_ctx *ctx, const char *what, size_t got,
                                    size_t want);
/* A file that is one such record. */
sfi_status sfi__record_load(sfi_ctx *ctx, const char *what, const char *path,
                            uint8_t *data, size_t len);
/* Eight characters of 0-9 A-F, or SFI_ERR_FORMAT. */
sfi_status sfi__record_check_product_id(sfi_ctx *ctx, const char *what,
                                        const uint8_t id[PRODUCT_ID_LEN]);

#endif
