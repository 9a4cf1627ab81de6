/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Fake units: AES by Mbed TLS, and words of a simple generator. */
#include "fake_units.h"

#include <mbedtls/aes.h>

#include "aes.h"
#include "rng_unit.h"
#include "util/mem.h"

static struct {
    enum fake_aes kind;
    uint32_t blocks;
    mbedtls_aes_context key_secret;
} aes;

static struct {
    enum fake_rng kind;
    uint32_t after, words;
    uint64_t state;
} rng = {.state = 88172645463325252u};

void
fake_aes_set(enum fake_aes kind)
{
    aes.kind = kind;
    aes.blocks = 0;
}

uint32_t
fake_aes_blocks(void)
{
    return aes.blocks;
}

int
aes_key(const uint8_t key_secret[16])
{
    return aes.kind == AES_MISSING ||
           mbedtls_aes_setkey_enc(&aes.key_secret, key_secret, 128) != 0;
}

int
aes_encrypt(const uint8_t in[16], uint8_t out[16])
{
    int failed = mbedtls_internal_aes_encrypt(&aes.key_secret, in, out);

    aes.blocks++;
    if (aes.kind == AES_WRONG)
        out[7] ^= 0x10;
    return failed;
}

void
aes_wipe(void)
{
    sfi__wipe(&aes.key_secret, sizeof(aes.key_secret));
}

void
fake_rng_set(enum fake_rng kind, uint32_t after)
{
    rng.kind = kind;
    rng.after = after;
    rng.words = 0;
}

uint32_t
fake_rng_words(void)
{
    return rng.words;
}

static uint32_t
rng_good_word(void)
{
    rng.state ^= rng.state << 13;
    rng.state ^= rng.state >> 7;
    rng.state ^= rng.state << 17;
    return (uint32_t)(rng.state >> 16);
}

int
rng_unit_start(void)
{
    return rng.kind == RNG_DEAD;
}

int
rng_unit_word(uint32_t *out)
{
    *out = rng_good_word();
    if (rng.words++ < rng.after)
        return 0;
    switch (rng.kind) {
    case RNG_STUCK:
        *out = 0x12345678;
        break;
    case RNG_SWINGING:
        *out = rng.words % 2 == 0 ? 0x5a5a5a5a : 0xa5a5a5a5;
        break;
    case RNG_BIASED:
        *out |= rng_good_word();
        break;
    case RNG_SEED_ERROR:
        return 1;
    case RNG_GOOD:
    case RNG_DEAD:
    case RNG_KINDS:
        break;
    }
    return 0;
}
