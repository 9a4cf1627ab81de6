/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Start, random bytes, digest, wipe. */
#include "crypto.h"

#include <string.h>

#include <mbedtls/sha256.h>

#include "block.h"
#include "pool.h"
#include "rng.h"
#include "util/mem.h"

#define DIGEST_LEN 32u
/* Twice what comes out of the hash goes in, of a generator whose words are not
 * known to be without bias. */
#define NOISE_WORDS (2 * DIGEST_LEN / 4)

int
crypto_start(void)
{
    crypto_wipe();
    block_start();
    return rng_start();
}

static int
crypto_random_digest(uint8_t out[DIGEST_LEN])
{
    uint32_t noise[NOISE_WORDS];
    int failed =
        rng_words(noise, NOISE_WORDS) ||
        mbedtls_sha256_ret((const uint8_t *)noise, sizeof(noise), out, 0) != 0;

    sfi__wipe(noise, sizeof(noise));
    return failed;
}

int
crypto_random(uint8_t *out, uint32_t len)
{
    uint8_t digest[DIGEST_LEN];
    int failed = 0;

    for (uint32_t at = 0; at < len && !failed; at += DIGEST_LEN) {
        uint32_t n = len - at < DIGEST_LEN ? len - at : DIGEST_LEN;

        failed = crypto_random_digest(digest);
        if (!failed)
            memcpy(out + at, digest, n);
    }
    sfi__wipe(digest, sizeof(digest));
    if (failed)
        sfi__wipe(out, len);
    return failed;
}

int
crypto_digest(const uint8_t *data, uint32_t len, uint8_t out[32])
{
    return mbedtls_sha256_ret(data, len, out, 0);
}

void
crypto_wipe(void)
{
    crypto_gcm_wipe();
    pool_wipe();
}
