/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/crypto: what the known answers of tests/kat do not show of GCM, hashes,
 * key derivation and randomness: refusals, use in pieces and again, limits. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <check.h>
#include <openssl/err.h>

#include "util/hex.h"
#include "util/mem.h"
#include "core/err.h"
#include "crypto/gcm.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "crypto/ossl.h"
#include "crypto/rand.h"

#include "fixture.h"

static const uint8_t key[SFI_GCM_KEY_LEN] = "0123456789abcde";
static const uint8_t iv[SFI_GCM_IV_LEN] = "nonce nonce";
static const uint8_t aad[] = "in the clear";

static void
pattern(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(i * 131 + i / 251);
}

/* libcrypto queues errors per thread: libsfi must leave none for the next user
 * of libcrypto in the thread. */
static void
teardown(void)
{
    ck_assert_uint_eq(ERR_peek_error(), 0);
    fixture_teardown();
}

/* ---- GCM --------------------------------------------------------------- */

#define TEXT_LEN 100u

struct sealed {
    uint8_t key[SFI_GCM_KEY_LEN];
    uint8_t iv[SFI_GCM_IV_LEN];
    uint8_t aad[sizeof(aad)];
    uint8_t ct[TEXT_LEN];
    uint8_t tag[SFI_GCM_TAG_LEN];
};

static void
seal(struct sealed *s, uint8_t text[TEXT_LEN])
{
    pattern(text, TEXT_LEN);
    memcpy(s->key, key, sizeof(key));
    memcpy(s->iv, iv, sizeof(iv));
    memcpy(s->aad, aad, sizeof(aad));
    ck_assert_ok(sfi__gcm_seal(ctx, key, iv, aad, sizeof(aad), text, TEXT_LEN,
                               s->ct, s->tag));
}

static sfi_status
open_sealed(const struct sealed *s, uint8_t out[TEXT_LEN])
{
    return sfi__gcm_open(ctx, s->key, s->iv, s->aad, sizeof(s->aad), s->ct,
                         sizeof(s->ct), out, s->tag);
}

START_TEST(test_gcm_refuses_every_altered_byte)
{
    static const uint8_t zero[TEXT_LEN];
    uint8_t text[TEXT_LEN];
    uint8_t out[TEXT_LEN];
    struct sealed s;
    uint8_t *bytes = (uint8_t *)&s;

    seal(&s, text);
    for (size_t i = 0; i < sizeof(s); i++) {
        uint8_t mask = (uint8_t)(1u << i % 8);

        bytes[i] ^= mask;
        sfi__fill(out, 0x5a, sizeof(out));
        ck_assert_fails(open_sealed(&s, out), SFI_ERR_AUTH, "",
                        "the tag does not match");
        ck_assert_mem_eq(out, zero, sizeof(out));
        bytes[i] ^= mask;
    }
    sfi__clear_error(ctx);
    ck_assert_ok(open_sealed(&s, out));
    ck_assert_mem_eq(out, text, sizeof(text));
}
END_TEST

START_TEST(test_gcm_knows_its_lengths)
{
    uint8_t text[TEXT_LEN];
    uint8_t out[TEXT_LEN];
    struct sealed s;

    seal(&s, text);
    ck_assert_fails_about(sfi__gcm_open(ctx, key, iv, aad, sizeof(aad) - 1,
                                        s.ct, sizeof(s.ct), out, s.tag),
                          SFI_ERR_AUTH, "", "tag");
    ck_assert_fails_about(sfi__gcm_open(ctx, key, iv, aad, sizeof(aad), s.ct,
                                        sizeof(s.ct) - 1, out, s.tag),
                          SFI_ERR_AUTH, "", "tag");
    ck_assert_fails_about(
        sfi__gcm_open(ctx, key, iv, NULL, 0, s.ct, sizeof(s.ct), out, s.tag),
        SFI_ERR_AUTH, "", "tag");
    ck_assert_fails_about(
        sfi__gcm_open(ctx, key, iv, aad, sizeof(aad), NULL, 0, NULL, s.tag),
        SFI_ERR_AUTH, "", "tag");
}
END_TEST

START_TEST(test_gcm_in_place)
{
    uint8_t text[TEXT_LEN];
    uint8_t buf[TEXT_LEN];
    uint8_t tag[SFI_GCM_TAG_LEN];
    struct sealed s;

    seal(&s, text);
    memcpy(buf, text, sizeof(buf));
    ck_assert_ok(sfi__gcm_seal(ctx, key, iv, aad, sizeof(aad), buf, sizeof(buf),
                               buf, tag));
    ck_assert_mem_eq(buf, s.ct, sizeof(buf));
    ck_assert_mem_eq(tag, s.tag, sizeof(tag));
    ck_assert_ok(sfi__gcm_open(ctx, key, iv, aad, sizeof(aad), buf, sizeof(buf),
                               buf, tag));
    ck_assert_mem_eq(buf, text, sizeof(buf));
}
END_TEST

/* Pieces of any size give the same result as the whole. */
static const size_t gcm_in_pieces_rows[] = {1,  3,    15,   16,
                                            17, 1000, 4096, 70000};

START_TEST(test_gcm_in_pieces)
{
    static uint8_t text[70000];
    static uint8_t whole[sizeof(text)];
    static uint8_t out[sizeof(text)];
    size_t step = gcm_in_pieces_rows[_i];
    uint8_t want[SFI_GCM_TAG_LEN];
    uint8_t tag[SFI_GCM_TAG_LEN];
    struct gcm *g;

    pattern(text, sizeof(text));
    ck_assert_ok(sfi__gcm_seal(ctx, key, iv, aad, sizeof(aad), text,
                               sizeof(text), whole, want));
    ck_assert_ok(sfi__gcm_new(ctx, GCM_SEAL, key, &g));
    ck_assert_ok(sfi__gcm_start(g, iv, aad, sizeof(aad)));
    for (size_t at = 0; at < sizeof(text); at += step) {
        size_t n = sizeof(text) - at < step ? sizeof(text) - at : step;

        ck_assert_ok(sfi__gcm_update(g, text + at, out + at, n));
    }
    ck_assert_ok(sfi__gcm_tag(g, tag));
    sfi__gcm_free(g);
    ck_assert_mem_eq(out, whole, sizeof(out));
    ck_assert_mem_eq(tag, want, sizeof(tag));
}
END_TEST

START_TEST(test_gcm_one_key_many_messages)
{
    static const uint8_t bad[SFI_GCM_TAG_LEN];
    uint8_t text[TEXT_LEN];
    uint8_t out[TEXT_LEN];
    struct sealed s;
    struct gcm *g;

    seal(&s, text);
    ck_assert_ok(sfi__gcm_new(ctx, GCM_OPEN, key, &g));
    /* one is dropped half-way */
    ck_assert_ok(sfi__gcm_start(g, bad, aad, 3));
    ck_assert_ok(sfi__gcm_update(g, s.ct, out, 33));
    /* one is refused */
    ck_assert_ok(sfi__gcm_start(g, iv, aad, sizeof(aad)));
    ck_assert_ok(sfi__gcm_update(g, s.ct, out, sizeof(s.ct)));
    ck_assert_fails_about(sfi__gcm_verify(g, bad), SFI_ERR_AUTH, "", "tag");
    sfi__clear_error(ctx);
    /* and the next is right, with its data in two pieces and an empty one */
    ck_assert_ok(sfi__gcm_start(g, iv, aad, sizeof(aad)));
    ck_assert_ok(sfi__gcm_update(g, s.ct, out, 60));
    ck_assert_ok(sfi__gcm_update(g, NULL, NULL, 0));
    ck_assert_ok(sfi__gcm_update(g, s.ct + 60, out + 60, sizeof(s.ct) - 60));
    ck_assert_ok(sfi__gcm_verify(g, s.tag));
    ck_assert_mem_eq(out, text, sizeof(text));
    sfi__gcm_free(g);
    sfi__gcm_free(NULL);
}
END_TEST

START_TEST(test_gcm_without_memory)
{
    struct gcm *g = (struct gcm *)&memory;
    uint8_t tag[SFI_GCM_TAG_LEN];

    memory.fail_at = 1;
    ck_assert_fails_about(sfi__gcm_new(ctx, GCM_SEAL, key, &g), SFI_ERR_NOMEM,
                          "", "memory");
    ck_assert_ptr_null(g);
    memory.fail_at = 1;
    ck_assert_fails_about(
        sfi__gcm_seal(ctx, key, iv, NULL, 0, NULL, 0, NULL, tag), SFI_ERR_NOMEM,
        "", "memory");
}
END_TEST

/* ---- hashes, key derivation, randomness -------------------------------- */

START_TEST(test_hash_of_nothing)
{
    uint8_t md[SFI_SHA256_LEN];
    uint8_t mac[SFI_SHA256_LEN];
    uint8_t again[SFI_SHA256_LEN];
    uint8_t want[SFI_SHA256_LEN];

    ck_assert(sfi__hex_decode(
        want, sizeof(want),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    ck_assert_ok(sfi__sha256(ctx, NULL, 0, md));
    ck_assert_mem_eq(md, want, sizeof(want));
    ck_assert_ok(sfi__hmac_sha256(ctx, key, sizeof(key), NULL, 0, mac));
    ck_assert_ok(sfi__hmac_sha256(ctx, key, sizeof(key), "", 0, again));
    ck_assert_mem_eq(mac, again, sizeof(mac));
}
END_TEST

START_TEST(test_kdf_prefix)
{
    uint8_t all[96];
    uint8_t some[96];

    ck_assert_ok(
        sfi__kdf_x963(ctx, key, sizeof(key), NULL, 0, all, sizeof(all)));
    for (size_t len = 1; len <= sizeof(all); len += 5) {
        ck_assert_ok(sfi__kdf_x963(ctx, key, sizeof(key), NULL, 0, some, len));
        ck_assert_mem_eq(some, all, len);
    }
    ck_assert_ok(
        sfi__kdf_x963(ctx, key, sizeof(key), aad, 1, some, sizeof(some)));
    ck_assert_mem_ne(some, all, 16);
}
END_TEST

static const struct {
    struct kdf_cost cost;
    const char *why; /* of the range check; NULL: libcrypto's limit */
} scrypt_cost_rows[] = {
    {{0, 8, 1}, "scrypt cost is 2^0, r 8, p 1"},
    {{24, 8, 1}, "scrypt cost is 2^24, r 8, p 1"},
    {{64, 8, 1}, "scrypt cost is 2^64, r 8, p 1"},
    {{65, 8, 1}, "scrypt cost is 2^65, r 8, p 1"},
    {{UINT32_MAX, 8, 1}, "scrypt cost is 2^4294967295, r 8, p 1"},
    {{10, 0, 1}, "scrypt cost is 2^10, r 0, p 1"},
    {{10, 8, 0}, "scrypt cost is 2^10, r 8, p 0"},
    {{23, 8, 1}, NULL},
    {{10, UINT32_MAX, 1}, NULL},
    {{10, 8, UINT32_MAX}, NULL},
};

START_TEST(test_scrypt_cost)
{
    uint8_t out[32];
    char why[128];
    sfi_status st =
        sfi__kdf_scrypt(ctx, "1234", 4, key, sizeof(key),
                        &scrypt_cost_rows[_i].cost, out, sizeof(out));

    if (scrypt_cost_rows[_i].why == NULL) {
        ck_assert_int_eq(st, SFI_ERR_CRYPTO);
        ck_assert_ptr_nonnull(strstr(sfi_error_message(sfi_ctx_error(ctx)),
                                     "SCRYPT failed in libcrypto: "));
        return;
    }
    (void)snprintf(why, sizeof(why), "%s, expected 2^1 to 2^23, r and p from 1",
                   scrypt_cost_rows[_i].why);
    ck_assert_fails(st, SFI_ERR_RANGE, "", why);
}
END_TEST

START_TEST(test_scrypt_depends_on_everything)
{
    static const struct {
        const char *pin;
        size_t salt_len;
        struct kdf_cost cost;
    } rows[] = {
        {"1234", 16, {4, 8, 1}}, {"1235", 16, {4, 8, 1}},
        {"1234", 15, {4, 8, 1}}, {"1234", 16, {5, 8, 1}},
        {"1234", 16, {4, 7, 1}}, {"1234", 16, {4, 8, 2}},
        {"", 16, {4, 8, 1}},
    };
    uint8_t out[ROWS(rows)][32];

    for (size_t i = 0; i < ROWS(rows); i++) {
        ck_assert_ok(sfi__kdf_scrypt(ctx, rows[i].pin, strlen(rows[i].pin), key,
                                     rows[i].salt_len, &rows[i].cost, out[i],
                                     sizeof(out[i])));
        for (size_t j = 0; j < i; j++)
            ck_assert_mem_ne(out[i], out[j], sizeof(out[i]));
    }
}
END_TEST

START_TEST(test_random)
{
    uint8_t a[64] = {0};
    uint8_t b[64] = {0};
    size_t bits = 0;

    ck_assert_ok(sfi__random(ctx, a, sizeof(a)));
    ck_assert_ok(sfi__random(ctx, b, sizeof(b)));
    ck_assert_mem_ne(a, b, sizeof(a));
    for (size_t i = 0; i < 8 * sizeof(a); i++)
        bits += (unsigned)a[i / 8] >> i % 8 & 1u;
    /* 512 coin tosses: a deviation above ten sigma is not chance */
    ck_assert_uint_gt(bits, 256 - 113);
    ck_assert_uint_lt(bits, 256 + 113);
    ck_assert_ok(sfi__random(ctx, NULL, 0));
    ck_assert_fails(sfi__random(ctx, a, (size_t)1 << 31), SFI_ERR_LIMIT, "",
                    "2147483648 random bytes, expected at most 2147483647");
}
END_TEST

#define THREADS 8u

static pthread_barrier_t all_are_there;

static void *
make_lib(void *out)
{
    OSSL_LIB_CTX **lib = out;

    (void)pthread_barrier_wait(&all_are_there);
    *lib = sfi__ossl_lib();
    return NULL;
}

/* In a process of its own: nobody has used libcrypto before. */
START_TEST(test_one_library_context)
{
    pthread_t threads[THREADS];
    OSSL_LIB_CTX *libs[THREADS] = {0};

    ck_assert_int_eq(pthread_barrier_init(&all_are_there, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, make_lib, &libs[i]),
                         0);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    (void)pthread_barrier_destroy(&all_are_there);
    ck_assert_ptr_nonnull(libs[0]);
    for (size_t i = 1; i < THREADS; i++)
        ck_assert_ptr_eq(libs[i], libs[0]);
}
END_TEST

START_TEST(test_ossl_fail)
{
    ck_assert_fails(sfi__ossl_fail(ctx, "the moon"), SFI_ERR_CRYPTO, "",
                    "the moon failed in libcrypto: no reason given");
    ERR_raise(ERR_LIB_CRYPTO, ERR_R_MALLOC_FAILURE);
    ck_assert_fails(sfi__ossl_fail(ctx, "the moon"), SFI_ERR_CRYPTO, "",
                    "the moon failed in libcrypto: malloc failure");
    ERR_raise(ERR_LIB_CRYPTO, ERR_R_MALLOC_FAILURE);
    sfi__ossl_forget();
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

static TCase *
add(Suite *s, const char *name)
{
    TCase *tc = tcase_create(name);

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, fixture_setup, teardown);
    suite_add_tcase(s, tc);
    return tc;
}

int
main(void)
{
    Suite *s = suite_create("crypto");
    TCase *tc = add(s, "gcm");

    tcase_add_test(tc, test_gcm_refuses_every_altered_byte);
    tcase_add_test(tc, test_gcm_knows_its_lengths);
    tcase_add_test(tc, test_gcm_in_place);
    tcase_add_loop_test(tc, test_gcm_in_pieces, 0,
                        (int)ROWS(gcm_in_pieces_rows));
    tcase_add_test(tc, test_gcm_one_key_many_messages);
    tcase_add_test(tc, test_gcm_without_memory);

    tc = add(s, "hashes");
    tcase_add_test(tc, test_hash_of_nothing);
    tcase_add_test(tc, test_kdf_prefix);
    tcase_add_loop_test(tc, test_scrypt_cost, 0, (int)ROWS(scrypt_cost_rows));
    tcase_add_test(tc, test_scrypt_depends_on_everything);
    tcase_add_test(tc, test_random);
    tcase_add_test(tc, test_one_library_context);
    tcase_add_test(tc, test_ossl_fail);
    return run_suite(s);
}
