/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The cryptography of the device core's port, by Mbed TLS.  An int is 0 for
 * success.  No heap: big numbers live in a pool of fixed size (pool.h), which
 * is wiped after each operation.
 *
 * Timing and addresses of what depends on a secret do not depend on its value,
 * as far as Mbed TLS promises it; AES in software looks up tables, so no data
 * cache may be on.
 */
#ifndef BOOTLOADER_CRYPTO_H
#define BOOTLOADER_CRYPTO_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/license.h"

/* At each start: random generator, AES unit; fails if the generator does.  Then
 * what needs random bytes fails too: crypto_random(), crypto_open_license(),
 * crypto_sign(). */
int crypto_start(void);

/* Random bytes from the part's generator, through SHA-256. */
int crypto_random(uint8_t *out, uint32_t len);

/* Open a licence (doc/format.md, "Licence") with the device's private key; key
 * and nonce are zeros on failure. */
int crypto_open_license(const uint8_t secret[32],
                        const uint8_t license[LICENSE_LEN],
                        uint8_t key_secret[16], uint8_t nonce[12]);

/* Decrypt one message by AES-128-GCM; see sfi_device_port. */
int crypto_gcm_start(const uint8_t key_secret[16], const uint8_t iv[12],
                     const uint8_t *aad, uint32_t aad_len);
int crypto_gcm_update(uint8_t *buf, uint32_t len);
int crypto_gcm_verify(const uint8_t tag[16]);
void crypto_gcm_wipe(void);

/* SHA-256. */
int crypto_digest(const uint8_t *data, uint32_t len, uint8_t out[32]);

/* Sign a SHA-256 digest: ECDSA on P-256, r and s; k is random. */
int crypto_sign(const uint8_t secret[32], const uint8_t digest[32],
                uint8_t signature[64]);

/* Overwrite all that the functions above keep. */
void crypto_wipe(void);

#endif
