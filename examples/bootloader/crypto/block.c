/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What Mbed TLS's GCM needs of its cipher layer: AES-128, whole blocks, one key
 * at a time.  The layer itself would take memory from a heap. */
#include "block.h"

#include <stdint.h>

#include <mbedtls/aes.h>
#include <mbedtls/cipher.h>

#include "aes.h"
#include "util/mem.h"

#define BLOCK_LEN 16u
#define KEY_BITS 128

static bool hardware;
static mbedtls_aes_context software;

/* FIPS 197, C.1. */
static const uint8_t known_key[BLOCK_LEN] = {
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
    0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
};
static const uint8_t known_plain[BLOCK_LEN] = {
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
    0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
};
static const uint8_t known_cipher[BLOCK_LEN] = {
    0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30,
    0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a,
};

void
block_start(void)
{
    uint8_t out[BLOCK_LEN] = {0};

    hardware = aes_key(known_key) == 0 && aes_encrypt(known_plain, out) == 0 &&
               sfi__equal(out, known_cipher, sizeof(out));
    aes_wipe();
}

bool
block_is_hardware(void)
{
    return hardware;
}

void
block_wipe(void)
{
    aes_wipe();
    sfi__wipe(&software, sizeof(software));
}

/* ---- Mbed TLS's cipher layer ---- */

static const mbedtls_cipher_info_t aes_128_ecb = {
    .type = MBEDTLS_CIPHER_AES_128_ECB,
    .mode = MBEDTLS_MODE_ECB,
    .key_bitlen = KEY_BITS,
    .block_size = BLOCK_LEN,
};

const mbedtls_cipher_info_t *
mbedtls_cipher_info_from_values(const mbedtls_cipher_id_t id, int bits,
                                const mbedtls_cipher_mode_t mode)
{
    return id == MBEDTLS_CIPHER_ID_AES && bits == KEY_BITS &&
                   mode == MBEDTLS_MODE_ECB
               ? &aes_128_ecb
               : NULL;
}

void
mbedtls_cipher_init(mbedtls_cipher_context_t *c)
{
    sfi__zero(c, sizeof(*c));
}

int
mbedtls_cipher_setup(mbedtls_cipher_context_t *c,
                     const mbedtls_cipher_info_t *info)
{
    c->cipher_info = info;
    return 0;
}

void
mbedtls_cipher_free(mbedtls_cipher_context_t *c)
{
    block_wipe();
    sfi__wipe(c, sizeof(*c));
}

int
mbedtls_cipher_setkey(mbedtls_cipher_context_t *c, const unsigned char *key,
                      int bits, const mbedtls_operation_t operation)
{
    (void)c;
    (void)operation;
    return hardware ? aes_key(key)
                    : mbedtls_aes_setkey_enc(&software, key, (unsigned)bits);
}

int
mbedtls_cipher_update(mbedtls_cipher_context_t *c, const unsigned char *in,
                      size_t in_len, unsigned char *out, size_t *out_len)
{
    (void)c;
    if (in_len != BLOCK_LEN)
        return MBEDTLS_ERR_CIPHER_FULL_BLOCK_EXPECTED;
    *out_len = in_len;
    return hardware ? aes_encrypt(in, out)
                    : mbedtls_internal_aes_encrypt(&software, in, out);
}
