/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Opens a licence: doc/format.md, "Licence". */
#include <string.h>

#include <mbedtls/sha256.h>

#include "crypto.h"
#include "p256.h"
#include "util/mem.h"

#define DIGEST_LEN 32u
#define ZEROS_AT 12u /* least security version, reserved bytes */
#define IV_LEN 12u
#define KEY_LEN 16u
/* What both sides derive: key, IV of 16 bytes, token. */
#define DERIVED_LEN (2 * DIGEST_LEN)
#define DERIVED_IV_AT KEY_LEN
#define DERIVED_TOKEN_AT (KEY_LEN + LICENSE_IV_LEN)
#define TOKEN_LEN (DERIVED_LEN - DERIVED_TOKEN_AT)

/* ANSI X9.63 with SHA-256, empty SharedInfo, 64 bytes. */
static int
license_derive(const uint8_t shared_secret[DIGEST_LEN],
               uint8_t out_secret[DERIVED_LEN])
{
    uint8_t in_secret[DIGEST_LEN + 4] = {0};
    int failed = 0;

    memcpy(in_secret, shared_secret, DIGEST_LEN);
    for (uint8_t i = 0; i < DERIVED_LEN / DIGEST_LEN; i++) {
        in_secret[sizeof(in_secret) - 1] = (uint8_t)(i + 1);
        failed |= mbedtls_sha256_ret(in_secret, sizeof(in_secret),
                                     out_secret + i * DIGEST_LEN, 0);
    }
    sfi__wipe(in_secret, sizeof(in_secret));
    return failed;
}

static int
license_decrypt(const uint8_t license[LICENSE_LEN],
                const uint8_t derived_secret[DERIVED_LEN],
                uint8_t plain_secret[LICENSE_SEALED_LEN])
{
    uint8_t aad_secret[LICENSE_SEALED_AT + TOKEN_LEN];
    int failed;

    memcpy(aad_secret, license, LICENSE_SEALED_AT);
    memcpy(aad_secret + LICENSE_SEALED_AT, derived_secret + DERIVED_TOKEN_AT,
           TOKEN_LEN);
    memcpy(plain_secret, license + LICENSE_SEALED_AT, LICENSE_SEALED_LEN);
    failed = crypto_gcm_start(derived_secret, derived_secret + DERIVED_IV_AT,
                              aad_secret, sizeof(aad_secret)) != 0 ||
             crypto_gcm_update(plain_secret, LICENSE_SEALED_LEN) != 0 ||
             crypto_gcm_verify(license + LICENSE_TAG_AT) != 0;
    crypto_gcm_wipe();
    sfi__wipe(aad_secret, sizeof(aad_secret));
    return failed;
}

/* The head is authenticated, so it is looked at last; the core has checked
 * type, session and version before. */
static bool
license_has_zeros(const uint8_t license[LICENSE_LEN],
                  const uint8_t plain_secret[LICENSE_SEALED_LEN])
{
    static const uint8_t zeros[LICENSE_EPHEMERAL_AT - ZEROS_AT];

    return sfi__equal(license + ZEROS_AT, zeros, sizeof(zeros)) &&
           sfi__ct_equal(plain_secret + IV_LEN, zeros, LICENSE_IV_LEN - IV_LEN);
}

int
crypto_open_license(const uint8_t secret[32],
                    const uint8_t license[LICENSE_LEN], uint8_t key_secret[16],
                    uint8_t nonce[12])
{
    uint8_t shared_secret[DIGEST_LEN];
    uint8_t derived_secret[DERIVED_LEN];
    uint8_t plain_secret[LICENSE_SEALED_LEN];
    int failed =
        p256_ecdh(secret, license + LICENSE_EPHEMERAL_AT, shared_secret) ||
        license_derive(shared_secret, derived_secret) ||
        license_decrypt(license, derived_secret, plain_secret) ||
        !license_has_zeros(license, plain_secret);

    if (failed)
        sfi__wipe(plain_secret, sizeof(plain_secret));
    memcpy(nonce, plain_secret, IV_LEN);
    memcpy(key_secret, plain_secret + LICENSE_IV_LEN, KEY_LEN);
    sfi__wipe(shared_secret, sizeof(shared_secret));
    sfi__wipe(derived_secret, sizeof(derived_secret));
    sfi__wipe(plain_secret, sizeof(plain_secret));
    return failed;
}
