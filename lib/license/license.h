/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Licences as other folders use them; doc/format.md, "Licence". */
#ifndef SFI_LICENSE_LICENSE_H
#define SFI_LICENSE_LICENSE_H

#include <sfi/key.h>
#include <sfi/license.h>

#include "core/obj.h"
#include "crypto/ecc.h"
#include "wire/license.h"

struct sfi_license {
    struct obj obj;
    uint8_t data[SFI_LICENSE_LEN];
};

/* sfi_license_parse() without the guard. */
sfi_status sfi__license_new(sfi_ctx *ctx, const uint8_t *data, size_t len,
                            sfi_license **out);
/* Encrypt a firmware key for one device.  `type` is LICENSE_STATIC with session
 * 0, or LICENSE_LIVE with a session that is not 0. */
sfi_status sfi__license_make(sfi_ctx *ctx,
                             const uint8_t public_key[SFI_ECC_PUBLIC_LEN],
                             const char *type, uint32_t session,
                             const uint8_t key_secret[SFI_KEY_LEN],
                             const uint8_t nonce[SFI_NONCE_LEN],
                             uint8_t out[SFI_LICENSE_LEN]);
/* The same with a given ephemeral key, for known-answer tests only: an
 * ephemeral key must never be used twice. */
sfi_status sfi__license_seal(sfi_ctx *ctx,
                             const uint8_t ephemeral_secret[SFI_ECC_SECRET_LEN],
                             const uint8_t public_key[SFI_ECC_PUBLIC_LEN],
                             const char *type, uint32_t session,
                             const uint8_t key_secret[SFI_KEY_LEN],
                             const uint8_t nonce[SFI_NONCE_LEN],
                             uint8_t out[SFI_LICENSE_LEN]);
/* Decrypt the firmware key, as the device does.  SFI_ERR_AUTH: not for this
 * device, or altered.  Key and nonce are zero after any failure. */
sfi_status sfi__license_open(sfi_ctx *ctx,
                             const uint8_t device_secret[SFI_ECC_SECRET_LEN],
                             const uint8_t data[SFI_LICENSE_LEN],
                             uint8_t key_secret[SFI_KEY_LEN],
                             uint8_t nonce[SFI_NONCE_LEN]);

#endif
