/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The security extension as the target and the installer use it: the caller's
 * table of functions, or libsfi's own, behind guards. */
#ifndef SFI_TARGET_DIALECT_H
#define SFI_TARGET_DIALECT_H

#include <stdbool.h>

#include <sfi/dialect.h>

#include "wire/image.h"

/* The dialect of libsfi's own device core. */
extern const sfi_dialect_ops sfi__dialect_ours;

struct dialect {
    sfi_dialect_ops ops;
    void *user;
};

/* `ops` NULL: libsfi's own.  An incomplete table is refused. */
sfi_status sfi__dialect_init(struct dialect *d, sfi_ctx *ctx,
                             const sfi_dialect_ops *ops, void *user);

/* Each calls one function of the table and checks what it returned. */
sfi_status sfi__dialect_speaks(sfi_target *t, bool *yes);
sfi_status sfi__dialect_info(sfi_target *t, sfi_dialect_info *out);
sfi_status sfi__dialect_certificate(sfi_target *t,
                                    uint8_t out[SFI_CERTIFICATE_LEN]);
/* Never 0. */
sfi_status sfi__dialect_session(sfi_target *t, uint32_t *out);
/* May a chip with this `info` be asked for its receipt? */
bool sfi__dialect_has_receipts(const sfi_target *t, const sfi_dialect_info *i);
sfi_status sfi__dialect_receipt(sfi_target *t,
                                uint8_t out[SFI_DIALECT_RECEIPT_LEN]);
/* The error for a table without the optional function `session`. */
sfi_status sfi__dialect_fail_no_session(sfi_ctx *ctx);
sfi_status sfi__dialect_secure(sfi_target *t, bool erase);
sfi_status sfi__dialect_license(sfi_target *t,
                                const uint8_t raw[SFI_LICENSE_LEN]);
sfi_status sfi__dialect_header(sfi_target *t,
                               const uint8_t raw[SFI_FORMAT_HEADER_LEN]);
sfi_status sfi__dialect_area(sfi_target *t,
                             const uint8_t raw[SFI_FORMAT_AREA_LEN]);
sfi_status sfi__dialect_data(sfi_target *t, uint32_t offset,
                             const uint8_t *data, size_t len);
sfi_status sfi__dialect_finish(sfi_target *t);
sfi_status sfi__dialect_abort(sfi_target *t);

#endif
