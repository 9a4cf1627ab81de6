/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Certificates, licences and personalisation files have in common that each is
 * one record of fixed length; two of them name a product. */
#ifndef SFI_LICENSE_RECORD_H
#define SFI_LICENSE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include <sfi/ctx.h>

#include "wire/certificate.h"

/* Check a record's length: SFI_ERR_TRUNCATED if too short, SFI_ERR_FORMAT if
 * too long. `what` names it in the message: "certificate". */
sfi_status sfi__record_check_length(sfi_ctx *ctx, const char *what, size_t got,
                                    size_t want);
/* Read a file that consists of one record. */
sfi_status sfi__record_load(sfi_ctx *ctx, const char *what, const char *path,
                            uint8_t *data, size_t len);
/* Check for eight characters of 0-9 A-F; otherwise SFI_ERR_FORMAT. */
sfi_status sfi__record_check_product_id(sfi_ctx *ctx, const char *what,
                                        const uint8_t id[PRODUCT_ID_LEN]);

#endif
