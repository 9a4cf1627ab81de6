/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The security extension as the target and the installer use it: the table that
 * they were given, or ours, behind guards. */
#ifndef SFI_TARGET_DIALECT_H
#define SFI_TARGET_DIALECT_H

#include <stdbool.h>

#include <sfi/dialect.h>

#include "wire/image.h"

/* What libsfi's own device core speaks. */
extern const sfi_dialect_ops sfi__dialect_ours;

struct dialect {
    sfi_dialect_ops ops;
    void *user;
};

/* NULL: ours.  What is no whole table is refused. */
sfi_status sfi__dialect_init(struct dialect *d, sfi_ctx *ctx,
                             const sfi_dialect_ops *ops, void *user);

/* Each is one call of the table, and makes of what it returned what callers may
 * rely on. */
sfi_status sfi__dialect_speaks(sfi_target *t, bool *yes);
sfi_status sfi__dialect_info(sfi_target *t, sfi_dialect_info *out);
sfi_status sfi__dialect_certificate(sfi_target *t,
                                    uint8_t out[SFI_CERTIFICATE_LEN]);
/* Never 0; there may be no such function, which is this error. */
sfi_status sfi__dialect_session(sfi_target *t, uint32_t *out);
sfi_status sfi__dialect_no_session(sfi_ctx *ctx);
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
