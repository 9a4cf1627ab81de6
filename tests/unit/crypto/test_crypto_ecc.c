/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/crypto: P-256 at the ends of its ranges, signatures that must not pass,
 * keys as PEM. */
#include <stdio.h>
#include <string.h>

#include <check.h>
#include <openssl/err.h>

#include "util/hex.h"
#include "core/err.h"
#include "crypto/ecc.h"

#include "fixture.h"

static const uint8_t message[] = "a message";

/* libcrypto queues errors per thread: libsfi must leave none for the next user
 * of libcrypto in the thread. */
static void
teardown(void)
{
    ck_assert_uint_eq(ERR_peek_error(), 0);
    fixture_teardown();
}

/* ---- P-256 ------------------------------------------------------------- */

/* SEC 2, 2.4.2: p and n of secp256r1 */
#define P256_P \
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
#define P256_N \
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
/* n - 1 and n + 1 */
#define P256_N_MINUS_1 \
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"
#define P256_N_PLUS_1 \
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552"
#define P256_GX \
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define P256_GY \
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE "0000000000000000000000000000000000000000000000000000000000000001"
#define ALL_ONES \
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static void
from_hex(uint8_t *out, size_t len, const char *text)
{
    ck_assert_uint_eq(strlen(text), 2 * len);
    ck_assert(sfi__hex_decode(out, len, text));
}

static const struct {
    const char *secret;
    bool ok;
} ecc_private_range_rows[] = {
    {ZERO, false},          {ONE, true},
    {P256_N_MINUS_1, true}, {P256_N, false},
    {P256_N_PLUS_1, false}, {ALL_ONES, false},
};

START_TEST(test_ecc_private_range)
{
    static const char why[] =
        "the private key is not between 1 and the order of P-256";
    uint8_t secret[SFI_ECC_SECRET_LEN];
    uint8_t q[SFI_ECC_PUBLIC_LEN];
    uint8_t peer[SFI_ECC_PUBLIC_LEN];
    uint8_t z[SFI_ECC_SHARED_LEN];
    uint8_t sig[SFI_ECC_SIGNATURE_LEN];
    char pem[512];
    size_t len;

    from_hex(peer, sizeof(peer), P256_GX P256_GY);
    from_hex(secret, sizeof(secret), ecc_private_range_rows[_i].secret);
    if (ecc_private_range_rows[_i].ok) {
        ck_assert_ok(sfi__ecc_public(ctx, secret, q));
        /* G and -G: the same x */
        ck_assert_mem_eq(q, peer, 32);
        ck_assert_ok(sfi__ecc_ecdh(ctx, secret, peer, z));
        ck_assert_mem_eq(z, peer, 32);
        return;
    }
    ck_assert_fails(sfi__ecc_public(ctx, secret, q), SFI_ERR_CRYPTO, "", why);
    ck_assert_fails(sfi__ecc_ecdh(ctx, secret, peer, z), SFI_ERR_CRYPTO, "",
                    why);
    ck_assert_fails(sfi__ecc_sign(ctx, secret, message, sizeof(message), sig),
                    SFI_ERR_CRYPTO, "", why);
    ck_assert_fails(sfi__ecc_secret_to_pem(ctx, secret, pem, sizeof(pem), &len),
                    SFI_ERR_CRYPTO, "", why);
}
END_TEST

static const char *const ecc_public_range_rows[] = {
    ZERO ZERO,       ONE ONE,       P256_GX ZERO,   ZERO P256_GY,
    P256_GY P256_GX, P256_P P256_P, P256_P P256_GY, ALL_ONES ALL_ONES,
};

START_TEST(test_ecc_public_range)
{
    static const char why[] = "the public key is not a point on P-256";
    uint8_t q[SFI_ECC_PUBLIC_LEN];
    uint8_t secret[SFI_ECC_SECRET_LEN];
    uint8_t z[SFI_ECC_SHARED_LEN];
    uint8_t sig[SFI_ECC_SIGNATURE_LEN] = {1};
    char pem[512];
    size_t len;

    from_hex(q, sizeof(q), ecc_public_range_rows[_i]);
    from_hex(secret, sizeof(secret), ONE);
    ck_assert_fails(sfi__ecc_check_public(ctx, q), SFI_ERR_CERTIFICATE, "",
                    why);
    ck_assert_fails(sfi__ecc_ecdh(ctx, secret, q, z), SFI_ERR_CERTIFICATE, "",
                    why);
    ck_assert_fails(sfi__ecc_verify(ctx, q, message, sizeof(message), sig),
                    SFI_ERR_CERTIFICATE, "", why);
    ck_assert_fails(sfi__ecc_public_to_pem(ctx, q, pem, sizeof(pem), &len),
                    SFI_ERR_CERTIFICATE, "", why);
}
END_TEST

START_TEST(test_ecc_every_altered_bit_leaves_the_curve)
{
    uint8_t q[SFI_ECC_PUBLIC_LEN];

    from_hex(q, sizeof(q), P256_GX P256_GY);
    ck_assert_ok(sfi__ecc_check_public(ctx, q));
    for (size_t bit = 0; bit < sizeof(q) * 8; bit += 5) {
        q[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_msg(sfi__ecc_check_public(ctx, q) == SFI_ERR_CERTIFICATE,
                      "bit %zu", bit);
        q[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}
END_TEST

START_TEST(test_ecc_generate)
{
    uint8_t secret[2][SFI_ECC_SECRET_LEN];
    uint8_t q[2][SFI_ECC_PUBLIC_LEN];
    uint8_t again[SFI_ECC_PUBLIC_LEN];
    uint8_t z[2][SFI_ECC_SHARED_LEN];

    for (int i = 0; i < 2; i++) {
        ck_assert_ok(sfi__ecc_generate(ctx, secret[i], q[i]));
        ck_assert_ok(sfi__ecc_public(ctx, secret[i], again));
        ck_assert_mem_eq(q[i], again, sizeof(again));
        ck_assert_ok(sfi__ecc_check_public(ctx, q[i]));
    }
    ck_assert_mem_ne(secret[0], secret[1], sizeof(secret[0]));
    ck_assert_ok(sfi__ecc_ecdh(ctx, secret[0], q[1], z[0]));
    ck_assert_ok(sfi__ecc_ecdh(ctx, secret[1], q[0], z[1]));
    ck_assert_mem_eq(z[0], z[1], sizeof(z[0]));
}
END_TEST

START_TEST(test_ecdsa)
{
    static const char why[] = "the signature does not match";
    uint8_t secret[SFI_ECC_SECRET_LEN];
    uint8_t q[SFI_ECC_PUBLIC_LEN];
    uint8_t other[SFI_ECC_PUBLIC_LEN];
    uint8_t sig[SFI_ECC_SIGNATURE_LEN];
    uint8_t msg[72];

    for (size_t i = 0; i < sizeof(msg); i++)
        msg[i] = (uint8_t)(i * 131);
    ck_assert_ok(sfi__ecc_generate(ctx, secret, other));
    ck_assert_ok(sfi__ecc_generate(ctx, secret, q));
    ck_assert_ok(sfi__ecc_sign(ctx, secret, msg, sizeof(msg), sig));
    ck_assert_ok(sfi__ecc_verify(ctx, q, msg, sizeof(msg), sig));
    ck_assert_fails(sfi__ecc_verify(ctx, other, msg, sizeof(msg), sig),
                    SFI_ERR_AUTH, "", why);
    ck_assert_fails(sfi__ecc_verify(ctx, q, msg, sizeof(msg) - 1, sig),
                    SFI_ERR_AUTH, "", why);
    ck_assert_fails(sfi__ecc_verify(ctx, q, NULL, 0, sig), SFI_ERR_AUTH, "",
                    why);
    for (size_t i = 0; i < sizeof(sig); i++) {
        sig[i] ^= 0x10;
        ck_assert_fails(sfi__ecc_verify(ctx, q, msg, sizeof(msg), sig),
                        SFI_ERR_AUTH, "", why);
        sig[i] ^= 0x10;
    }
    for (size_t i = 0; i < sizeof(msg); i++) {
        msg[i] ^= 0x10;
        ck_assert_fails(sfi__ecc_verify(ctx, q, msg, sizeof(msg), sig),
                        SFI_ERR_AUTH, "", why);
        msg[i] ^= 0x10;
    }
    sfi__clear_error(ctx);
    ck_assert_ok(sfi__ecc_verify(ctx, q, msg, sizeof(msg), sig));
}
END_TEST

/* r and s must lie between 1 and n - 1 (FIPS 186-4, 6.4): other libraries have
 * accepted all-zero signatures. */
static const char *const ecdsa_range_rows[] = {
    ZERO ZERO,  ONE ZERO,          ZERO ONE,   P256_N P256_N,     ONE P256_N,
    P256_N ONE, ALL_ONES ALL_ONES, P256_P ONE, P256_N_PLUS_1 ONE, ONE ALL_ONES,
};

START_TEST(test_ecdsa_range)
{
    uint8_t secret[SFI_ECC_SECRET_LEN];
    uint8_t q[SFI_ECC_PUBLIC_LEN];
    uint8_t sig[SFI_ECC_SIGNATURE_LEN];

    ck_assert_ok(sfi__ecc_generate(ctx, secret, q));
    from_hex(sig, sizeof(sig), ecdsa_range_rows[_i]);
    ck_assert_fails_about(
        sfi__ecc_verify(ctx, q, message, sizeof(message), sig), SFI_ERR_AUTH,
        "", "signature");
}
END_TEST

/* r and s with leading zero bytes keep their place. */
START_TEST(test_ecdsa_short_numbers)
{
    uint8_t secret[SFI_ECC_SECRET_LEN];
    uint8_t q[SFI_ECC_PUBLIC_LEN];
    uint8_t sig[SFI_ECC_SIGNATURE_LEN];
    int seen = 0;

    ck_assert_ok(sfi__ecc_generate(ctx, secret, q));
    for (int i = 0; i < 20000 && seen < 3; i++) {
        ck_assert_ok(
            sfi__ecc_sign(ctx, secret, (const uint8_t *)&i, sizeof(i), sig));
        if (sig[0] != 0 && sig[32] != 0)
            continue;
        seen++;
        ck_assert_ok(
            sfi__ecc_verify(ctx, q, (const uint8_t *)&i, sizeof(i), sig));
    }
    ck_assert_int_eq(seen, 3);
}
END_TEST

/* ---- PEM --------------------------------------------------------------- */

static const char sec1_pem[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIE7CG2bvfQ5XXg6qou9PZsmInZ/5kVPw7j5A+hhgr3tdoAoGCCqGSM49\n"
    "AwEHoUQDQgAEi5i1z1m0CHMBRdmLa7rFzdLaSDPPZv12hamJKpz1AMhmnMa+KA0T\n"
    "M6hI9DopYrpKl+LrnU9yB+HoDUEacocUvg==\n"
    "-----END EC PRIVATE KEY-----\n";
static const char sec1_secret[] =
    "4ec21b66ef7d0e575e0eaaa2ef4f66c9889d9ff99153f0ee3e40fa1860af7b5d";
static const char sec1_public[] =
    "8b98b5cf59b408730145d98b6bbac5cdd2da4833cf66fd7685a9892a9cf500c8"
    "669cc6be280d1333a848f43a2962ba4a97e2eb9d4f7207e1e80d411a728714be";

START_TEST(test_pem_round_trip)
{
    uint8_t secret[SFI_ECC_SECRET_LEN];
    uint8_t back[SFI_ECC_SECRET_LEN];
    uint8_t q[SFI_ECC_PUBLIC_LEN];
    char pem[512];
    size_t len;

    for (int i = 0; i < 20; i++) {
        ck_assert_ok(sfi__ecc_generate(ctx, secret, q));
        ck_assert_ok(
            sfi__ecc_secret_to_pem(ctx, secret, pem, sizeof(pem), &len));
        ck_assert_uint_eq(strlen(pem), len);
        ck_assert_ptr_eq(strstr(pem, "-----BEGIN PRIVATE KEY-----\n"), pem);
        ck_assert_ok(sfi__ecc_secret_from_pem(ctx, pem, len, back));
        ck_assert_mem_eq(back, secret, sizeof(secret));
    }
    ck_assert_ok(sfi__ecc_public_to_pem(ctx, q, pem, sizeof(pem), &len));
    ck_assert_uint_eq(strlen(pem), len);
    ck_assert_ptr_eq(strstr(pem, "-----BEGIN PUBLIC KEY-----\n"), pem);
}
END_TEST

START_TEST(test_pem_of_openssl)
{
    uint8_t secret[SFI_ECC_SECRET_LEN];
    uint8_t want[SFI_ECC_SECRET_LEN];
    uint8_t q[SFI_ECC_PUBLIC_LEN];
    uint8_t want_q[SFI_ECC_PUBLIC_LEN];

    from_hex(want, sizeof(want), sec1_secret);
    from_hex(want_q, sizeof(want_q), sec1_public);
    ck_assert_ok(
        sfi__ecc_secret_from_pem(ctx, sec1_pem, strlen(sec1_pem), secret));
    ck_assert_mem_eq(secret, want, sizeof(want));
    ck_assert_ok(sfi__ecc_public(ctx, secret, q));
    ck_assert_mem_eq(q, want_q, sizeof(want_q));
}
END_TEST

START_TEST(test_pem_buffer)
{
    uint8_t secret[SFI_ECC_SECRET_LEN];
    uint8_t q[SFI_ECC_PUBLIC_LEN];
    char pem[512];
    char why[64];
    size_t need;
    size_t len;

    ck_assert_ok(sfi__ecc_generate(ctx, secret, q));
    ck_assert_ok(sfi__ecc_secret_to_pem(ctx, secret, pem, sizeof(pem), &need));
    ck_assert_ok(sfi__ecc_secret_to_pem(ctx, secret, pem, need + 1, &len));
    ck_assert_uint_eq(len, need);
    (void)snprintf(why, sizeof(why), "PEM needs %zu bytes, got %zu", need + 1,
                   need);
    ck_assert_fails(sfi__ecc_secret_to_pem(ctx, secret, pem, need, &len),
                    SFI_ERR_BUFFER, "", why);
    ck_assert_uint_eq(len, 0);
    ck_assert_fails(sfi__ecc_public_to_pem(ctx, q, pem, 0, &len),
                    SFI_ERR_BUFFER, "", "PEM needs 179 bytes, got 0");
}
END_TEST

/* An encrypted one must be refused, not ask the terminal for its passphrase;
 * the other two are of other curves, P-384 and secp256k1. */
static const char *const pem_refuses_rows[] = {
    "",
    "not PEM at all",
    "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAi0ooOIEGQUzwICCAAw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEGIK3shKO5pY1D4KLPQEQr8EgZD5\n"
    "XDRYI3GSNn/6ZHDsYJYT/vyq+vVZiA+tB70ztuePU9QNBwMcbbRb8H4EPxfJ1N1J\n"
    "ptgPHKE/16FSuVn224qvl43U2LNg9WN2W7ubYzqneI/JAb80FVHHlM8uLPf5h7uv\n"
    "4zWlynZkjiwdOLB/tLLLSEBlvyhhfFl9k3fLJddJavGIHX+Je4Wuj3RMnayEwFw=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n",
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MIGkAgEBBDBH6CGboc2fTZojSEp+VIzwvvuyHdjNJkDR5M0EF4in2Q88sygQnWNA\n"
    "9g9aQD7/qV2gBwYFK4EEACKhZANiAAQr0pwzKbmSugUA1WuqIYb+vsj+TYovnjj2\n"
    "+bdwmqOoCXZMUs1eYtn8BROVZ1COOkFQapc/uVAczD0rsrmpTwVqcmPeU8+3ET2G\n"
    "63L6mCS5YrP66+uQofJxNsVTSbYOntc=\n"
    "-----END EC PRIVATE KEY-----\n",
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHQCAQEEIA8YhmDMf/epWW6GszlKcr9BZLf2xZM8AfIeFnkUwV+foAcGBSuBBAAK\n"
    "oUQDQgAEQxTT4OTTrv1tM0ESdfYk51/cNuG1p/fWoPzIbLXyPPhun7ffwsSBntJ9\n"
    "ZaPaCC522po2N6IW0AqHjyPl2CAM8A==\n"
    "-----END EC PRIVATE KEY-----\n",
};

START_TEST(test_pem_refuses)
{
    uint8_t secret[SFI_ECC_SECRET_LEN];

    ck_assert_fails(sfi__ecc_secret_from_pem(ctx, pem_refuses_rows[_i],
                                             strlen(pem_refuses_rows[_i]),
                                             secret),
                    SFI_ERR_FORMAT, "", "not a P-256 private key in PEM");
}
END_TEST

START_TEST(test_pem_cut_short)
{
    uint8_t secret[SFI_ECC_SECRET_LEN];
    static char big[70000];

    for (size_t len = 0; len < strlen(sec1_pem) - 1; len += 7)
        ck_assert_fails_about(
            sfi__ecc_secret_from_pem(ctx, sec1_pem, len, secret),
            SFI_ERR_FORMAT, "", "private key", "PEM");
    ck_assert_fails_about(
        sfi__ecc_secret_from_pem(ctx, big, sizeof(big), secret), SFI_ERR_FORMAT,
        "", "private key", "PEM");
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
    Suite *s = suite_create("crypto_ecc");
    TCase *tc = add(s, "ecc");

    tcase_add_loop_test(tc, test_ecc_private_range, 0,
                        (int)ROWS(ecc_private_range_rows));
    tcase_add_loop_test(tc, test_ecc_public_range, 0,
                        (int)ROWS(ecc_public_range_rows));
    tcase_add_test(tc, test_ecc_every_altered_bit_leaves_the_curve);
    tcase_add_test(tc, test_ecc_generate);
    tcase_add_test(tc, test_ecdsa);
    tcase_add_loop_test(tc, test_ecdsa_range, 0, (int)ROWS(ecdsa_range_rows));
    tcase_add_test(tc, test_ecdsa_short_numbers);

    tc = add(s, "pem");
    tcase_add_test(tc, test_pem_round_trip);
    tcase_add_test(tc, test_pem_of_openssl);
    tcase_add_test(tc, test_pem_buffer);
    tcase_add_loop_test(tc, test_pem_refuses, 0, (int)ROWS(pem_refuses_rows));
    tcase_add_test(tc, test_pem_cut_short);
    return run_suite(s);
}
