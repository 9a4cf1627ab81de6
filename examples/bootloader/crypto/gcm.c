/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* AES-128-GCM in portions of any length.  Mbed TLS takes whole blocks until the
 * last: a block that is not whole yet is decrypted by a copy of the message's
 * state, and kept until it is. */
#include <string.h>

#include <mbedtls/gcm.h>

#include "block.h"
#include "crypto.h"
#include "util/mem.h"

#define BLOCK_LEN 16u
#define KEY_BITS 128u
#define IV_LEN 12u

static struct message {
    mbedtls_gcm_context gcm;
    mbedtls_gcm_context ahead; /* after the bytes of `held` */
    uint8_t held[BLOCK_LEN];   /* ciphertext of a block that is not whole */
    uint8_t plain_secret[BLOCK_LEN]; /* of them */
    uint32_t held_len;
    bool is_open;
} message;

int
crypto_gcm_start(const uint8_t key_secret[16], const uint8_t iv[12],
                 const uint8_t *aad, uint32_t aad_len)
{
    struct message *m = &message;

    crypto_gcm_wipe();
    mbedtls_gcm_init(&m->gcm);
    m->is_open = mbedtls_gcm_setkey(&m->gcm, MBEDTLS_CIPHER_ID_AES, key_secret,
                                    KEY_BITS) == 0 &&
                 mbedtls_gcm_starts(&m->gcm, MBEDTLS_GCM_DECRYPT, iv, IV_LEN,
                                    aad, aad_len) == 0;
    return !m->is_open;
}

/* Bytes that end within a block, or complete one. */
static int
gcm_part(struct message *m, uint8_t *buf, uint32_t len)
{
    memcpy(m->held + m->held_len, buf, len);
    m->ahead = m->gcm;
    if (mbedtls_gcm_update(&m->ahead, m->held_len + len, m->held,
                           m->plain_secret) != 0)
        return 1;
    memcpy(buf, m->plain_secret + m->held_len, len);
    m->held_len = (m->held_len + len) % BLOCK_LEN;
    if (m->held_len == 0)
        m->gcm = m->ahead;
    return 0;
}

int
crypto_gcm_update(uint8_t *buf, uint32_t len)
{
    struct message *m = &message;
    int failed = !m->is_open;

    while (!failed && len > 0) {
        uint32_t n = len - len % BLOCK_LEN;

        if (m->held_len > 0 || n == 0) {
            n = BLOCK_LEN - m->held_len < len ? BLOCK_LEN - m->held_len : len;
            failed = gcm_part(m, buf, n);
        } else {
            failed = mbedtls_gcm_update(&m->gcm, n, buf, buf) != 0;
        }
        buf += n;
        len -= n;
    }
    return failed;
}

int
crypto_gcm_verify(const uint8_t tag[16])
{
    struct message *m = &message;
    uint8_t found[BLOCK_LEN] = {0};
    const mbedtls_gcm_context *end = m->held_len > 0 ? &m->ahead : &m->gcm;
    bool good = false;

    if (m->is_open && end == &m->ahead)
        m->gcm = m->ahead;
    if (m->is_open && mbedtls_gcm_finish(&m->gcm, found, sizeof(found)) == 0)
        good = sfi__ct_equal(found, tag, sizeof(found));
    m->is_open = false;
    sfi__wipe(found, sizeof(found));
    return !good;
}

void
crypto_gcm_wipe(void)
{
    block_wipe();
    sfi__wipe(&message, sizeof(message));
}
