/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The bootloader's cryptography, by Mbed TLS, against the library's, by
 * OpenSSL. */
#include <string.h>

#include "util/mem.h"
#include "crypto/ecc.h"
#include "crypto/gcm.h"
#include "crypto/hash.h"
#include "license/license.h"

#include "block.h"
#include "crypto.h"
#include "fake_units.h"
#include "fixture.h"
#include "p256.h"
#include "pool.h"

#define DEVICES 4
#define MESSAGE_MAX 300u

static uint8_t secret[SFI_ECC_SECRET_LEN], public_key[SFI_ECC_PUBLIC_LEN];

static void
setup(void)
{
    fixture_setup();
    fake_aes_set(AES_GOOD);
    fake_rng_set(RNG_GOOD, 0);
    ck_assert_int_eq(crypto_start(), 0);
    ck_assert_ok(sfi__ecc_generate(ctx, secret, public_key));
}

/* Whatever happened, nothing stays in the pool. */
static void
teardown(void)
{
    ck_assert_uint_eq(pool_used(), 0);
    ck_assert_uint_le(pool_peak(), POOL_LEN * 3 / 4);
    crypto_wipe();
    fixture_teardown();
}

static bool
is_zeros(const uint8_t *data, size_t len)
{
    uint8_t any = 0;

    for (size_t i = 0; i < len; i++)
        any |= data[i];
    return any == 0;
}

/* ---- AES-128-GCM ---- */

struct sealed {
    uint8_t key[16], iv[12], aad[40], tag[16];
    uint8_t plain[MESSAGE_MAX], cipher[MESSAGE_MAX];
    uint32_t aad_len, len;
};

static void
seal(struct sealed *s, uint32_t len)
{
    for (size_t i = 0; i < sizeof(s->plain); i++)
        s->plain[i] = (uint8_t)(i * 7 + len);
    memcpy(s->key, secret, sizeof(s->key));
    memcpy(s->iv, secret + sizeof(s->key), sizeof(s->iv));
    memcpy(s->aad, public_key, sizeof(s->aad));
    s->aad_len = len % (sizeof(s->aad) + 1);
    s->len = len;
    ck_assert_ok(sfi__gcm_seal(ctx, s->key, s->iv, s->aad, s->aad_len, s->plain,
                               len, s->cipher, s->tag));
}

/* In portions of 1, 2, ... `step` bytes; 0: at once. */
static int
open_sealed(const struct sealed *s, uint8_t *out, uint32_t step)
{
    uint32_t portion = 0;

    memcpy(out, s->cipher, s->len);
    ck_assert_int_eq(crypto_gcm_start(s->key, s->iv, s->aad, s->aad_len), 0);
    for (uint32_t at = 0; at < s->len; at += portion) {
        portion = step == 0 ? s->len : portion % step + 1;
        if (portion > s->len - at)
            portion = s->len - at;
        ck_assert_int_eq(crypto_gcm_update(out + at, portion), 0);
        ck_assert_mem_eq(out, s->plain, at + portion);
    }
    return crypto_gcm_verify(s->tag);
}

START_TEST(test_gcm_opens_what_openssl_seals)
{
    static const uint32_t steps[] = {0, 1, 3, 16, 17, 33, 64};
    struct sealed s;
    uint8_t out[MESSAGE_MAX];

    for (size_t i = 0; i < ROWS(steps); i++) {
        seal(&s, (uint32_t)_i);
        ck_assert_msg(open_sealed(&s, out, steps[i]) == 0, "%d bytes, step %u",
                      _i, steps[i]);
        s.tag[_i % 16] ^= (uint8_t)(1 << _i % 8);
        ck_assert_int_ne(open_sealed(&s, out, steps[i]), 0);
    }
}
END_TEST

START_TEST(test_gcm_tells_order_and_end)
{
    struct sealed s;
    uint8_t out[MESSAGE_MAX];

    seal(&s, 40);
    ck_assert_int_eq(open_sealed(&s, out, 7), 0);
    ck_assert_int_ne(crypto_gcm_verify(s.tag), 0);
    ck_assert_int_ne(crypto_gcm_update(out, 1), 0);
    /* the key is overwritten */
    ck_assert_int_eq(crypto_gcm_start(s.key, s.iv, s.aad, s.aad_len), 0);
    crypto_gcm_wipe();
    ck_assert_int_ne(crypto_gcm_update(out, 1), 0);
    ck_assert_int_ne(crypto_gcm_verify(s.tag), 0);
    /* an earlier message is dropped */
    ck_assert_int_eq(crypto_gcm_start(s.key, s.iv, s.aad, s.aad_len), 0);
    ck_assert_int_eq(crypto_gcm_update(out, 5), 0);
    ck_assert_int_eq(open_sealed(&s, out, 0), 0);
}
END_TEST

/* A unit that is missing, or gives wrong answers, is not used. */
START_TEST(test_aes_falls_back)
{
    struct sealed s;
    uint8_t out[MESSAGE_MAX];

    fake_aes_set((enum fake_aes)_i);
    ck_assert_int_eq(crypto_start(), 0);
    ck_assert_int_eq(block_is_hardware(), _i == AES_GOOD);
    fake_aes_set((enum fake_aes)_i);
    seal(&s, 100);
    ck_assert_int_eq(open_sealed(&s, out, 11), 0);
    ck_assert_int_eq(fake_aes_blocks() > 0, _i == AES_GOOD);
}
END_TEST

/* ---- licences ---- */

static const uint8_t image_key[16] = "0123456789abcdef";
static const uint8_t image_nonce[12] = "nonce for it";

static void
make_license(uint8_t out[SFI_LICENSE_LEN])
{
    ck_assert_ok(sfi__license_make(ctx, public_key, LICENSE_LIVE, 0x12345678,
                                   image_key, image_nonce, out));
}

static int
open_license(const uint8_t *license)
{
    uint8_t key[16], nonce[12];
    int failed;

    memset(key, 0xaa, sizeof(key));
    memset(nonce, 0xaa, sizeof(nonce));
    failed = crypto_open_license(secret, license, key, nonce);
    ck_assert_uint_eq(pool_used(), 0);
    if (failed) {
        ck_assert(is_zeros(key, sizeof(key)) && is_zeros(nonce, sizeof(nonce)));
    } else {
        ck_assert_mem_eq(key, image_key, sizeof(key));
        ck_assert_mem_eq(nonce, image_nonce, sizeof(nonce));
    }
    return failed;
}

START_TEST(test_license_opens)
{
    uint8_t license[SFI_LICENSE_LEN];

    for (int i = 0; i < DEVICES; i++) {
        ck_assert_ok(sfi__ecc_generate(ctx, secret, public_key));
        make_license(license);
        ck_assert_int_eq(open_license(license), 0);
    }
}
END_TEST

/* Each byte of it is authenticated; an ephemeral key that is not on the curve
 * is refused before it meets the secret. */
START_TEST(test_altered_license_is_refused)
{
    uint8_t license[SFI_LICENSE_LEN];
    size_t step = test_step(7);

    make_license(license);
    for (size_t at = 0; at < sizeof(license); at += step) {
        license[at] ^= (uint8_t)(1 << at % 8);
        ck_assert_msg(open_license(license) != 0, "byte %zu", at);
        license[at] ^= (uint8_t)(1 << at % 8);
    }
    ck_assert_int_eq(open_license(license), 0);
    secret[31] ^= 1;
    ck_assert_int_ne(open_license(license), 0);
}
END_TEST

/* Infinity in the encoding of no point, and coordinates beyond the field. */
START_TEST(test_invalid_points_are_refused)
{
    uint8_t peer[64], shared[32];

    memset(peer, 0, sizeof(peer));
    ck_assert_int_ne(p256_ecdh(secret, peer, shared), 0);
    memset(peer, 0xff, sizeof(peer));
    ck_assert_int_ne(p256_ecdh(secret, peer, shared), 0);
    ck_assert(is_zeros(shared, sizeof(shared)));
    ck_assert_int_eq(p256_ecdh(secret, public_key, shared), 0);
    memset(secret, 0, sizeof(secret));
    ck_assert_int_ne(p256_ecdh(secret, public_key, shared), 0);
    ck_assert_uint_eq(pool_used(), 0);
}
END_TEST

START_TEST(test_stuck_generator_opens_nothing)
{
    uint8_t license[SFI_LICENSE_LEN], signature[64];

    make_license(license);
    fake_rng_set(RNG_STUCK, 0);
    ck_assert_int_ne(crypto_start(), 0);
    ck_assert_int_ne(open_license(license), 0);
    ck_assert_int_ne(crypto_sign(secret, secret, signature), 0);
    ck_assert(is_zeros(signature, sizeof(signature)));
    fake_rng_set(RNG_GOOD, 0);
    ck_assert_int_eq(crypto_start(), 0);
    ck_assert_int_eq(open_license(license), 0);
}
END_TEST

/* ---- digest and signature ---- */

START_TEST(test_signature_verifies)
{
    static const uint8_t text[] = "what the part holds";
    uint8_t digest[32], want[32], signature[64], second[64];

    ck_assert_int_eq(crypto_digest(text, sizeof(text), digest), 0);
    ck_assert_ok(sfi__sha256(ctx, text, sizeof(text), want));
    ck_assert_mem_eq(digest, want, sizeof(want));
    for (int i = 0; i < DEVICES; i++) {
        ck_assert_ok(sfi__ecc_generate(ctx, secret, public_key));
        ck_assert_int_eq(crypto_sign(secret, digest, signature), 0);
        ck_assert_ok(
            sfi__ecc_verify(ctx, public_key, text, sizeof(text), signature));
        ck_assert_int_eq(crypto_sign(secret, digest, second), 0);
        ck_assert_mem_ne(signature, second, sizeof(second));
    }
}
END_TEST

START_TEST(test_no_key_signs_nothing)
{
    uint8_t signature[64];

    memset(secret, _i == 0 ? 0x00 : 0xff, sizeof(secret));
    memset(signature, 0xaa, sizeof(signature));
    ck_assert_int_ne(crypto_sign(secret, public_key, signature), 0);
    ck_assert(is_zeros(signature, sizeof(signature)));
}
END_TEST

/* ---- the pool ---- */

START_TEST(test_pool_gives_zeros_until_it_is_full)
{
    uint8_t *taken[POOL_LEN / 64];
    size_t n = 0;

    while (n < ROWS(taken) && (taken[n] = pool_alloc(1, 50)) != NULL) {
        ck_assert(is_zeros(taken[n], 50));
        memset(taken[n++], 0xaa, 50);
    }
    ck_assert_uint_eq(n, ROWS(taken));
    ck_assert_ptr_null(pool_alloc(1, 1));
    pool_free(taken[3]);
    ck_assert_ptr_null(pool_alloc(1, 65));
    ck_assert_ptr_eq(pool_alloc(4, 16), taken[3]);
    ck_assert(is_zeros(taken[3], 64));
    ck_assert_ptr_null(pool_alloc(SIZE_MAX / 2, 4));
    pool_wipe();
    ck_assert(is_zeros(taken[0], POOL_LEN));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("bootloader_crypto");
    TCase *tc = tcase_create("crypto");
    TCase *pool = tcase_create("pool");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_gcm_opens_what_openssl_seals, 0, 100);
    tcase_add_test(tc, test_gcm_tells_order_and_end);
    tcase_add_loop_test(tc, test_aes_falls_back, AES_GOOD, AES_WRONG + 1);
    tcase_add_test(tc, test_license_opens);
    tcase_add_test(tc, test_altered_license_is_refused);
    tcase_add_test(tc, test_invalid_points_are_refused);
    tcase_add_test(tc, test_stuck_generator_opens_nothing);
    tcase_add_test(tc, test_signature_verifies);
    tcase_add_loop_test(tc, test_no_key_signs_nothing, 0, 2);
    suite_add_tcase(s, tc);
    tcase_add_test(pool, test_pool_gives_zeros_until_it_is_full);
    suite_add_tcase(s, pool);
    return run_suite(s);
}
