/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The model of an L4's AES: known answers (FIPS 197, SP 800-38A, and the GCM
 * cases of tests/kat), its timing, its flags, and what misuse gives. */
#include <stdio.h>

#include "fake.h"
#include "sim/board/wire.h"

enum {
    CR,
    SR = 4,
    DINR = 8,
    DOUTR = 12,
    KEYR = 16,
    IVR = 32,
    KEYR4 = 48,
    SUSPR = 64
};
#define EN (1u << 0)
#define BYTES (2u << 1) /* DATATYPE */
#define DERIVE (1u << 3)
#define DECRYPT (2u << 3)
#define DERIVE_AND_DECRYPT (3u << 3)
#define CBC (1u << 5)
#define CTR (2u << 5)
#define GCM (3u << 5)
#define CCFC (1u << 7)
#define ERRC (1u << 8)
#define CCFIE (1u << 9)
#define PHASE(n) ((n) << 13)
#define KEY256 (1u << 18)
#define CCF (1u << 0)
#define RDERR (1u << 1)
#define WRERR (1u << 2)

static struct board *b;
static void *a;

static void
setup(void)
{
    b = fake_new(false);
    a = fake_add(b, &board_aes_l4, 0);
}

static void
teardown(void)
{
    fake_free(b);
}

static size_t
from_hex(const char *hex, uint8_t *out)
{
    size_t n;
    unsigned byte;

    for (n = 0; sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
        out[n] = (uint8_t)byte;
    return n;
}

static uint32_t
big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static void
set_key(const uint8_t *key, unsigned words)
{
    unsigned i;

    for (i = 0; i < words; i++) {
        unsigned at = words - 1 - i;

        set32(b, a, at < 4 ? KEYR + 4 * at : KEYR4 + 4 * (at - 4),
              big_endian(key + 4 * i));
    }
}

static void
set_iv(const uint8_t *iv)
{
    unsigned i;

    for (i = 0; i < 4; i++)
        set32(b, a, IVR + 4 * (3 - i), big_endian(iv + 4 * i));
}

static void
wait_ccf(void)
{
    unsigned i;

    for (i = 0; i < 10 && (get32(b, a, SR) & CCF) == 0; i++)
        fake_wait(b, PS_PER_US);
    ck_assert((get32(b, a, SR) & CCF) != 0);
    set32(b, a, CR, get32(b, a, CR) | CCFC);
    ck_assert_uint_eq(get32(b, a, SR) & CCF, 0);
}

/* What memory holds, as a little-endian core writes it, with DATATYPE 2; or
 * turned by software, with 0. */
static bool by_bytes;

static uint32_t
word_of(const uint8_t *p)
{
    return by_bytes ? __builtin_bswap32(big_endian(p)) : big_endian(p);
}

static void
put_block(const uint8_t *in)
{
    unsigned i;

    for (i = 0; i < 4; i++)
        set32(b, a, DINR, word_of(in + 4 * i));
}

static void
get_block(uint8_t *out)
{
    unsigned i, k;

    for (i = 0; i < 4; i++) {
        uint32_t word = get32(b, a, DOUTR);

        for (k = 0; k < 4; k++)
            out[4 * i + k] = (uint8_t)(word >> 8 * (by_bytes ? k : 3 - k));
    }
}

static const struct {
    uint32_t cr;
    const char *key, *iv, *in, *out;
} rows[] = {
    /* FIPS 197, C.1 and C.3 */
    {0, "000102030405060708090a0b0c0d0e0f", "",
     "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"},
    {KEY256, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "", "00112233445566778899aabbccddeeff",
     "8ea2b7ca516745bfeafc49904b496089"},
    {DERIVE_AND_DECRYPT, "000102030405060708090a0b0c0d0e0f", "",
     "69c4e0d86a7b0430d8cdb78070b4c55a", "00112233445566778899aabbccddeeff"},
    /* SP 800-38A, F.2.1, F.2.2 and F.5.1: two blocks */
    {CBC, "2b7e151628aed2a6abf7158809cf4f3c",
     "000102030405060708090a0b0c0d0e0f",
     "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
     "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"},
    {CBC | DERIVE_AND_DECRYPT, "2b7e151628aed2a6abf7158809cf4f3c",
     "000102030405060708090a0b0c0d0e0f",
     "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2",
     "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"},
    {CTR, "2b7e151628aed2a6abf7158809cf4f3c",
     "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
     "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"},
};

START_TEST(test_known_answers)
{
    uint8_t key[32], iv[16], in[32], out[32], want[32];
    size_t words = from_hex(rows[_i].key, key) / 4, len, i;

    for (by_bytes = false;; by_bytes = true) {
        set_key(key, (unsigned)words);
        if (from_hex(rows[_i].iv, iv) == 16)
            set_iv(iv);
        len = from_hex(rows[_i].in, in);
        from_hex(rows[_i].out, want);
        set32(b, a, CR, rows[_i].cr | (by_bytes ? BYTES : 0));
        set32(b, a, CR, get32(b, a, CR) | EN);
        for (i = 0; i < len; i += 16) {
            put_block(in + i);
            wait_ccf();
            get_block(out + i);
        }
        ck_assert_mem_eq(out, want, len);
        ck_assert_uint_eq(get32(b, a, SR), 0);
        set32(b, a, CR, 0);
        if (by_bytes)
            break;
    }
    ck_assert_uint_eq(b->notes, 0);
}
END_TEST

/* Mode 2 puts the last round key into KEYR; mode 3 wants that one. */
START_TEST(test_derivation)
{
    uint8_t key[16], in[16], out[16], want[16];

    by_bytes = false;
    from_hex(rows[0].key, key);
    from_hex(rows[0].out, in);
    from_hex(rows[0].in, want);
    set_key(key, 4);
    set32(b, a, CR, DERIVE | EN);
    wait_ccf();
    ck_assert_uint_eq(get32(b, a, CR) & EN, 0); /* by itself */
    set32(b, a, CR, DECRYPT | EN);
    put_block(in);
    wait_ccf();
    get_block(out);
    ck_assert_mem_eq(out, want, 16);
    /* without it: another result */
    set32(b, a, CR, 0);
    set_key(key, 4);
    set32(b, a, CR, DECRYPT | EN);
    put_block(in);
    wait_ccf();
    get_block(out);
    ck_assert_mem_ne(out, want, 16);
}
END_TEST

struct gcm_case {
    char name[80];
    uint8_t key[16], iv[16], aad[256], in[256], tag[16];
    size_t iv_len, aad_len, len;
    uint8_t want[256]; /* what comes out */
    bool pass;
};

/* 25.4.10, step by step; EN stays on from the header to the tag. */
static void
gcm(const struct gcm_case *c, bool decrypts, uint8_t *out, uint8_t tag[16])
{
    uint32_t cr = GCM | (decrypts ? DECRYPT : 0), type = by_bytes ? BYTES : 0;
    uint8_t block[16], counter[16] = {0};
    uint8_t lengths[16] = {0};
    size_t i;

    memcpy(counter, c->iv, 12);
    counter[15] = 2;
    set32(b, a, CR, cr);
    set_key(c->key, 4);
    set_iv(counter);
    set32(b, a, CR, cr | EN);
    wait_ccf();
    ck_assert_uint_eq(get32(b, a, CR) & EN, 0);
    set32(b, a, CR, cr | type | PHASE(1) | EN);
    for (i = 0; i < c->aad_len; i += 16) {
        memset(block, 0, 16);
        memcpy(block, c->aad + i, c->aad_len - i < 16 ? c->aad_len - i : 16);
        put_block(block);
        wait_ccf();
    }
    set32(b, a, CR, cr | type | PHASE(2) | EN);
    for (i = 0; i < c->len; i += 16) {
        memset(block, 0, 16);
        memcpy(block, c->in + i, c->len - i < 16 ? c->len - i : 16);
        put_block(block);
        wait_ccf();
        get_block(block);
        memcpy(out + i, block, c->len - i < 16 ? c->len - i : 16);
    }
    set32(b, a, CR, cr | type | PHASE(3) | EN);
    lengths[6] = (uint8_t)(c->aad_len * 8 >> 8);
    lengths[7] = (uint8_t)(c->aad_len * 8);
    lengths[14] = (uint8_t)(c->len * 8 >> 8);
    lengths[15] = (uint8_t)(c->len * 8);
    put_block(lengths);
    wait_ccf();
    get_block(tag);
    set32(b, a, CR, 0);
}

static void
check_case(const struct gcm_case *c)
{
    struct gcm_case back = *c;
    uint8_t out[256], tag[16];

    gcm(c, true, out, tag);
    ck_assert_msg((memcmp(tag, c->tag, 16) == 0) == c->pass, "%s", c->name);
    if (!c->pass)
        return;
    ck_assert_msg(memcmp(out, c->want, c->len) == 0, "%s", c->name);
    memcpy(back.in, c->want, c->len);
    gcm(&back, false, out, tag);
    ck_assert_msg(memcmp(out, c->in, c->len) == 0, "%s: back", c->name);
    /* This version hashes the padding of a last part of a block. */
    ck_assert_msg((memcmp(tag, c->tag, 16) == 0) == (c->len % 16 == 0),
                  "%s: tag back", c->name);
}

/* One line "name = value" of the file; true at the end of a case. */
static bool
read_line(struct gcm_case *c, const char *line)
{
    char name[16], value[600] = "";

    if (sscanf(line, "%15[a-z] = %599[^\n]", name, value) < 1)
        return false;
    if (strcmp(name, "name") == 0)
        snprintf(c->name, sizeof(c->name), "%.79s", value);
    else if (strcmp(name, "key") == 0)
        from_hex(value, c->key);
    else if (strcmp(name, "iv") == 0)
        c->iv_len = from_hex(value, c->iv);
    else if (strcmp(name, "aad") == 0)
        c->aad_len = from_hex(value, c->aad);
    else if (strcmp(name, "ct") == 0)
        c->len = from_hex(value, c->in);
    else if (strcmp(name, "pt") == 0)
        from_hex(value, c->want);
    else if (strcmp(name, "tag") == 0)
        from_hex(value, c->tag);
    else if (strcmp(name, "result") == 0)
        c->pass = strcmp(value, "pass") == 0;
    return strcmp(name, "result") == 0;
}

START_TEST(test_gcm)
{
    size_t len;
    char *text = test_read(test_path("kat/gcm.txt"), &len);
    unsigned done = 0, refused = 0;
    struct gcm_case c;
    char *line, *rest;

    by_bytes = _i == 1;
    memset(&c, 0, sizeof(c));
    for (line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (!read_line(&c, line))
            continue;
        ck_assert_uint_eq(c.iv_len, 12);
        check_case(&c);
        done++;
        refused += !c.pass;
        memset(&c, 0, sizeof(c));
    }
    free(text);
    ck_assert_uint_gt(done, 20);
    ck_assert_uint_gt(refused, 0);
    ck_assert_uint_eq(b->notes, 0);
}
END_TEST

/* Turned off between payload and tag: "otherwise the result is wrong". */
START_TEST(test_gcm_disabled)
{
    static const uint8_t zero[16];
    uint8_t tag[16], want[16], counter[16] = {0};
    unsigned turn;

    by_bytes = false;
    from_hex("ab6e47d42cec13bdf53a67b21257bddf", want);
    counter[15] = 2;
    for (turn = 0; turn < 2; turn++) {
        uint8_t lengths[16] = {[15] = 128};

        set32(b, a, CR, GCM);
        set_key(zero, 4);
        set_iv(counter);
        set32(b, a, CR, GCM | EN);
        wait_ccf();
        set32(b, a, CR, GCM | PHASE(2) | EN);
        put_block(zero);
        wait_ccf();
        get_block(tag);
        if (turn == 1)
            set32(b, a, CR, GCM | PHASE(3));
        set32(b, a, CR, GCM | PHASE(3) | EN);
        put_block(lengths);
        wait_ccf();
        get_block(tag);
        ck_assert_int_eq(memcmp(tag, want, 16) == 0, turn == 0);
        set32(b, a, CR, 0);
    }
    /* DATATYPE in the first phase: ST's driver avoids it */
    set32(b, a, CR, GCM | BYTES | EN);
    wait_ccf();
    ck_assert_uint_eq(b->notes, 1);
}
END_TEST

START_TEST(test_flags)
{
    static const uint8_t zero[16];
    uint8_t out[16], again[16];

    by_bytes = false;
    set_key(zero, 4);
    set32(b, a, CR, CCFIE);
    set32(b, a, CR, CCFIE | EN);
    ck_assert_uint_eq(get32(b, a, DOUTR), 0); /* nothing there */
    ck_assert_uint_eq(get32(b, a, SR), RDERR);
    set32(b, a, CR, EN | CCFIE | ERRC);
    ck_assert_uint_eq(get32(b, a, SR), 0);
    ck_assert_uint_eq(get32(b, a, CR), EN | CCFIE);
    put_block(zero);
    set32(b, a, DINR, 1); /* while it computes */
    ck_assert_uint_eq(get32(b, a, SR), WRERR);
    ck_assert_uint_eq(get32(b, a, DOUTR), 0);
    ck_assert_uint_eq(get32(b, a, SR), WRERR | RDERR);
    set32(b, a, CR, EN | CCFIE | ERRC);
    ck_assert(!fake_irq(b, a));
    fake_wait(b, 202 * BOARD_PS_PER_S / 80000000 - 1000);
    ck_assert_uint_eq(get32(b, a, SR), 0);
    fake_wait(b, 2000);
    ck_assert_uint_eq(get32(b, a, SR), CCF);
    ck_assert(fake_irq(b, a));
    set32(b, a, DINR, 1); /* while the result waits */
    ck_assert_uint_eq(get32(b, a, SR), CCF | WRERR);
    set32(b, a, CR, EN | ERRC | CCFC);
    get_block(out);
    ck_assert_uint_eq(get32(b, a, SR), 0);
    put_block(zero); /* the errors have changed nothing */
    wait_ccf();
    get_block(again);
    ck_assert_mem_eq(out, again, 16);

    /* while EN is 1 keys, vectors and modes stay as they are */
    b->notes = 0;
    set32(b, a, KEYR, 5);
    set32(b, a, IVR, 5);
    set32(b, a, CR, EN | CTR);
    ck_assert_uint_eq(get32(b, a, KEYR), 0);
    ck_assert_uint_eq(get32(b, a, IVR), 0);
    ck_assert_uint_eq(get32(b, a, CR), EN);
    ck_assert_uint_eq(b->notes, 3);
    set_sized(b, a, CR, 0, 1); /* by words only */
    ck_assert_uint_eq(get32(b, a, CR), EN);
    fake_reset(b, a, BOARD_RESET_BUS);
    ck_assert_uint_eq(get32(b, a, CR), 0);
}
END_TEST

/* A message is put aside and taken up again. */
START_TEST(test_suspend)
{
    static const uint8_t zero[16];
    uint8_t tag[16], want[16], counter[16] = {0}, lengths[16] = {[15] = 128};
    uint32_t kept[8], iv;
    unsigned i;

    by_bytes = false;
    counter[15] = 2;
    from_hex("ab6e47d42cec13bdf53a67b21257bddf", want);
    set32(b, a, CR, GCM);
    set_iv(counter);
    set32(b, a, CR, GCM | EN);
    wait_ccf();
    set32(b, a, CR, GCM | PHASE(2) | EN);
    put_block(zero);
    wait_ccf();
    get_block(tag);
    for (i = 0; i < 8; i++)
        kept[i] = get32(b, a, SUSPR + 4 * i);
    iv = get32(b, a, IVR);
    ck_assert_uint_eq(iv, 3);
    fake_reset(b, a, BOARD_RESET_BUS);
    for (i = 0; i < 8; i++)
        set32(b, a, SUSPR + 4 * i, kept[i]);
    set32(b, a, IVR, iv);
    set32(b, a, CR, GCM | PHASE(2));
    set32(b, a, CR, GCM | PHASE(2) | EN);
    set32(b, a, CR, GCM | PHASE(3) | EN);
    put_block(lengths);
    wait_ccf();
    get_block(tag);
    ck_assert_mem_eq(tag, want, 16);
}
END_TEST

START_TEST(test_broken)
{
    static const uint8_t zero[16];

    ck_assert(board_aes_l4.fault(b, a, WIRE_FAULT_AES, 1));
    set32(b, a, CR, EN);
    put_block(zero);
    fake_wait(b, 1000000 * PS_PER_US);
    ck_assert_uint_eq(get32(b, a, SR), 0);
    fake_reset(b, a, BOARD_RESET_SOFTWARE); /* still broken */
    set32(b, a, CR, EN);
    put_block(zero);
    fake_wait(b, 1000000 * PS_PER_US);
    ck_assert_uint_eq(get32(b, a, SR), 0);
    ck_assert(board_aes_l4.fault(b, a, WIRE_FAULT_AES, 0));
    set32(b, a, CR, 0);
    set32(b, a, CR, EN);
    put_block(zero);
    wait_ccf();
    ck_assert(!board_aes_l4.fault(b, a, WIRE_FAULT_RNG_SEED, 1));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("board_aes");
    TCase *tc = tcase_create("l4");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_known_answers, 0, ROWS(rows));
    tcase_add_test(tc, test_derivation);
    tcase_add_loop_test(tc, test_gcm, 0, 2);
    tcase_add_test(tc, test_gcm_disabled);
    tcase_add_test(tc, test_flags);
    tcase_add_test(tc, test_suspend);
    tcase_add_test(tc, test_broken);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
