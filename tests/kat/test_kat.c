/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Known answers: reads tests/kat/NAME.txt and asks lib/crypto for each.
 *
 * A file is text: `key = value` lines, an empty line between two vectors, `#`
 * for a comment.  Values are hexadecimal but for `name` and `result`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "util/buf.h"
#include "util/file.h"
#include "util/hex.h"
#include "util/mem.h"
#include "util/rd.h"
#include "util/text.h"
#include "crypto/ecc.h"
#include "crypto/gcm.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "hsm/vault/lease_format.h"
#include "license/license.h"

#include "fixture.h"

#define FIELDS_MAX 12
#define VALUE_MAX 4096

struct field {
    const char *key;
    const char *value;
};

struct vector {
    const char *name;
    size_t line;
    struct field fields[FIELDS_MAX];
    size_t count;
};

#define FILE_MAX_LEN ((size_t)1 << 20)

static struct vector *vectors;
static size_t vector_count;
static struct buf file;

/* ---- the file: read before the first test, so without check's asserts --- */

static void
die(const char *path, size_t line, const char *why)
{
    fprintf(stderr, "%s:%zu: %s\n", path, line, why);
    exit(EXIT_FAILURE);
}

static void
add_field(const char *path, size_t line, char *text, bool first)
{
    char *eq = strstr(text, " =");
    struct vector *v;

    if (eq == NULL || (eq[2] != ' ' && eq[2] != '\0'))
        die(path, line, "expected \"key = value\"");
    *eq = '\0';
    if (first) {
        vectors = realloc(vectors, (vector_count + 1) * sizeof(*vectors));
        if (vectors == NULL)
            die(path, line, "out of memory");
        vectors[vector_count++] = (struct vector){.line = line};
    }
    v = &vectors[vector_count - 1];
    if (v->count == FIELDS_MAX)
        die(path, line, "too many lines in one vector");
    v->fields[v->count++] = (struct field){
        .key = text,
        .value = eq[2] == ' ' ? eq + 3 : eq + 2,
    };
    if (first != (strcmp(text, "name") == 0))
        die(path, line, "a vector begins with its name");
    if (first)
        v->name = v->fields[0].value;
}

static void
load(const char *path)
{
    size_t line = 0;
    bool first = true;
    int err;

    sfi__buf_init(&file, &sfi__alloc_default, false);
    err = sfi__file_read(path, FILE_MAX_LEN, &file);
    if (err != 0)
        die(path, 0, strerror(err));
    if (!sfi__buf_append(&file, "", 1))
        die(path, 0, "out of memory");
    for (char *at = (char *)file.data; *at != '\0';) {
        char *end = at + strcspn(at, "\n");
        bool last = *end == '\0';

        line++;
        *end = '\0';
        if (*at == '\0') {
            first = true;
        } else if (*at != '#') {
            add_field(path, line, at, first);
            first = false;
        }
        at = last ? end : end + 1;
    }
}

/* ---- one vector ------------------------------------------------------- */

static const char *
text(const struct vector *v, const char *key)
{
    for (size_t i = 0; i < v->count; i++) {
        if (strcmp(v->fields[i].key, key) == 0)
            return v->fields[i].value;
    }
    ck_abort_msg("line %zu, %s: no %s", v->line, v->name, key);
    return NULL;
}

static size_t
bytes(const struct vector *v, const char *key, uint8_t *out, size_t cap)
{
    const char *value = text(v, key);
    size_t len = strlen(value) / 2;

    ck_assert_msg(len <= cap && strlen(value) % 2 == 0 &&
                      sfi__hex_decode(out, len, value),
                  "line %zu, %s: %s is no hexadecimal of at most %zu bytes",
                  v->line, v->name, key, cap);
    return len;
}

static void
exactly(const struct vector *v, const char *key, uint8_t *out, size_t len)
{
    size_t got = bytes(v, key, out, len);

    ck_assert_msg(got == len, "line %zu, %s: %s has %zu bytes, expected %zu",
                  v->line, v->name, key, got, len);
}

static uint64_t
number(const struct vector *v, const char *key)
{
    uint64_t n;

    ck_assert_msg(sfi__text_to_u64(text(v, key), UINT32_MAX, &n),
                  "line %zu, %s: %s is no number", v->line, v->name, key);
    return n;
}

static bool
passes(const struct vector *v)
{
    const char *result = text(v, "result");

    ck_assert_msg(strcmp(result, "pass") == 0 || strcmp(result, "fail") == 0,
                  "line %zu, %s: result is %s", v->line, v->name, result);
    return strcmp(result, "pass") == 0;
}

static void
status_is(const struct vector *v, sfi_status got, sfi_status want)
{
    ck_assert_msg(got == want, "line %zu, %s: gave %s, expected %s (%s)",
                  v->line, v->name, sfi_status_name(got), sfi_status_name(want),
                  sfi_error_message(sfi_ctx_error(ctx)));
}

static void
same(const struct vector *v, const char *what, const uint8_t *got,
     const uint8_t *want, size_t len)
{
    ck_assert_msg(sfi__equal(got, want, len), "line %zu, %s: %s differs",
                  v->line, v->name, what);
}

/* ---- the algorithms --------------------------------------------------- */

struct gcm_vector {
    uint8_t key[SFI_GCM_KEY_LEN];
    uint8_t iv[SFI_GCM_IV_LEN];
    uint8_t tag[SFI_GCM_TAG_LEN];
    uint8_t aad[VALUE_MAX];
    uint8_t ct[VALUE_MAX];
    uint8_t pt[VALUE_MAX];
    size_t aad_len;
    size_t len;
};

/* The same message in pieces of `step` bytes. */
static void
gcm_stream(const struct vector *v, const struct gcm_vector *g, enum gcm_way way,
           size_t step)
{
    const uint8_t *in = way == GCM_SEAL ? g->pt : g->ct;
    const uint8_t *want = way == GCM_SEAL ? g->ct : g->pt;
    uint8_t out[VALUE_MAX] = {0};
    uint8_t tag[SFI_GCM_TAG_LEN];
    struct gcm *stream;

    ck_assert_ok(sfi__gcm_new(ctx, way, g->key, &stream));
    for (int round = 0; round < 2; round++) {
        ck_assert_ok(sfi__gcm_start(stream, g->iv, g->aad, g->aad_len));
        for (size_t at = 0; at < g->len; at += step) {
            size_t n = g->len - at < step ? g->len - at : step;

            ck_assert_ok(sfi__gcm_update(stream, in + at, out + at, n));
        }
        if (way == GCM_OPEN) {
            ck_assert_ok(sfi__gcm_verify(stream, g->tag));
        } else {
            ck_assert_ok(sfi__gcm_tag(stream, tag));
            same(v, "streamed tag", tag, g->tag, sizeof(tag));
        }
        same(v, "streamed text", out, want, g->len);
    }
    sfi__gcm_free(stream);
}

static void
check_gcm(const struct vector *v)
{
    struct gcm_vector g;
    uint8_t out[VALUE_MAX];
    uint8_t tag[SFI_GCM_TAG_LEN];

    exactly(v, "key", g.key, sizeof(g.key));
    exactly(v, "iv", g.iv, sizeof(g.iv));
    exactly(v, "tag", g.tag, sizeof(g.tag));
    g.aad_len = bytes(v, "aad", g.aad, sizeof(g.aad));
    g.len = bytes(v, "ct", g.ct, sizeof(g.ct));
    sfi__fill(out, 0x5a, sizeof(out));
    if (!passes(v)) {
        static const uint8_t zero[VALUE_MAX];

        status_is(v,
                  sfi__gcm_open(ctx, g.key, g.iv, g.aad, g.aad_len, g.ct, g.len,
                                out, g.tag),
                  SFI_ERR_AUTH);
        same(v, "wiped output", out, zero, g.len);
        return;
    }
    exactly(v, "pt", g.pt, g.len);
    status_is(v,
              sfi__gcm_open(ctx, g.key, g.iv, g.aad, g.aad_len, g.ct, g.len,
                            out, g.tag),
              SFI_OK);
    same(v, "plaintext", out, g.pt, g.len);
    status_is(v,
              sfi__gcm_seal(ctx, g.key, g.iv, g.aad, g.aad_len, g.pt, g.len,
                            out, tag),
              SFI_OK);
    same(v, "ciphertext", out, g.ct, g.len);
    same(v, "tag", tag, g.tag, sizeof(tag));
    gcm_stream(v, &g, GCM_SEAL, 1);
    gcm_stream(v, &g, GCM_OPEN, 7);
}

static void
check_ecdh(const struct vector *v)
{
    uint8_t d[SFI_ECC_SECRET_LEN];
    uint8_t peer[SFI_ECC_PUBLIC_LEN];
    uint8_t ours[SFI_ECC_PUBLIC_LEN];
    uint8_t q[SFI_ECC_PUBLIC_LEN];
    uint8_t z[SFI_ECC_SHARED_LEN];
    uint8_t got[SFI_ECC_SHARED_LEN];

    exactly(v, "d", d, sizeof(d));
    exactly(v, "peer_x", peer, sizeof(peer) / 2);
    exactly(v, "peer_y", peer + sizeof(peer) / 2, sizeof(peer) / 2);
    if (!passes(v)) {
        status_is(v, sfi__ecc_check_public(ctx, peer), SFI_ERR_CERTIFICATE);
        status_is(v, sfi__ecc_ecdh(ctx, d, peer, got), SFI_ERR_CERTIFICATE);
        return;
    }
    exactly(v, "x", q, sizeof(q) / 2);
    exactly(v, "y", q + sizeof(q) / 2, sizeof(q) / 2);
    exactly(v, "z", z, sizeof(z));
    status_is(v, sfi__ecc_check_public(ctx, peer), SFI_OK);
    status_is(v, sfi__ecc_public(ctx, d, ours), SFI_OK);
    same(v, "public key", ours, q, sizeof(q));
    status_is(v, sfi__ecc_ecdh(ctx, d, peer, got), SFI_OK);
    same(v, "shared secret", got, z, sizeof(z));
}

static void
check_ecdsa(const struct vector *v)
{
    uint8_t msg[VALUE_MAX];
    uint8_t q[SFI_ECC_PUBLIC_LEN];
    uint8_t sig[SFI_ECC_SIGNATURE_LEN];
    size_t len = bytes(v, "msg", msg, sizeof(msg));

    exactly(v, "x", q, sizeof(q) / 2);
    exactly(v, "y", q + sizeof(q) / 2, sizeof(q) / 2);
    exactly(v, "r", sig, sizeof(sig) / 2);
    exactly(v, "s", sig + sizeof(sig) / 2, sizeof(sig) / 2);
    status_is(v, sfi__ecc_verify(ctx, q, msg, len, sig),
              passes(v) ? SFI_OK : SFI_ERR_AUTH);
}

static void
check_kdf(const struct vector *v)
{
    uint8_t z[VALUE_MAX];
    uint8_t info[VALUE_MAX];
    uint8_t want[VALUE_MAX];
    uint8_t got[VALUE_MAX];
    size_t z_len = bytes(v, "z", z, sizeof(z));
    size_t info_len = bytes(v, "info", info, sizeof(info));
    size_t len = bytes(v, "out", want, sizeof(want));

    status_is(v, sfi__kdf_x963(ctx, z, z_len, info, info_len, got, len),
              SFI_OK);
    same(v, "key data", got, want, len);
}

static void
check_scrypt(const struct vector *v)
{
    struct kdf_cost cost = {
        .log2_n = (uint32_t)number(v, "log2_n"),
        .r = (uint32_t)number(v, "r"),
        .p = (uint32_t)number(v, "p"),
    };
    uint8_t password[VALUE_MAX];
    uint8_t salt[VALUE_MAX];
    uint8_t want[VALUE_MAX];
    uint8_t got[VALUE_MAX];
    size_t password_len = bytes(v, "password", password, sizeof(password));
    size_t salt_len = bytes(v, "salt", salt, sizeof(salt));
    size_t len = bytes(v, "out", want, sizeof(want));

    status_is(v,
              sfi__kdf_scrypt(ctx, (const char *)password, password_len, salt,
                              salt_len, &cost, got, len),
              SFI_OK);
    same(v, "derived key", got, want, len);
}

static void
check_sha256(const struct vector *v)
{
    uint8_t msg[VALUE_MAX];
    uint8_t want[SFI_SHA256_LEN];
    uint8_t got[SFI_SHA256_LEN];
    size_t len = bytes(v, "msg", msg, sizeof(msg));

    exactly(v, "md", want, sizeof(want));
    status_is(v, sfi__sha256(ctx, msg, len, got), SFI_OK);
    same(v, "hash", got, want, sizeof(want));
}

static void
check_hmac(const struct vector *v)
{
    uint8_t key[VALUE_MAX];
    uint8_t msg[VALUE_MAX];
    uint8_t want[SFI_SHA256_LEN];
    uint8_t got[SFI_SHA256_LEN];
    size_t key_len = bytes(v, "key", key, sizeof(key));
    size_t len = bytes(v, "msg", msg, sizeof(msg));
    size_t want_len = bytes(v, "md", want, sizeof(want));

    ck_assert_uint_ge(want_len, 16); /* RFC 4231, 4.6 cuts one to 16 bytes */
    status_is(v, sfi__hmac_sha256(ctx, key, key_len, msg, len, got), SFI_OK);
    same(v, "MAC", got, want, want_len);
}

static void
check_license(const struct vector *v)
{
    uint8_t device[SFI_ECC_SECRET_LEN], public_key[SFI_ECC_PUBLIC_LEN];
    uint8_t ephemeral[SFI_ECC_SECRET_LEN];
    uint8_t key[SFI_KEY_LEN], nonce[SFI_NONCE_LEN];
    uint8_t want[SFI_LICENSE_LEN], got[SFI_LICENSE_LEN];
    uint8_t got_key[SFI_KEY_LEN], got_nonce[SFI_NONCE_LEN];
    uint8_t raw[4];
    uint32_t session;
    struct rd r;

    exactly(v, "device", device, sizeof(device));
    exactly(v, "public", public_key, sizeof(public_key));
    exactly(v, "ephemeral", ephemeral, sizeof(ephemeral));
    exactly(v, "key", key, sizeof(key));
    exactly(v, "nonce", nonce, sizeof(nonce));
    exactly(v, "session", raw, sizeof(raw));
    sfi__rd_init(&r, raw, sizeof(raw));
    session = sfi__rd_u32le(&r);
    exactly(v, "license", want, sizeof(want));
    status_is(v,
              sfi__license_seal(ctx, ephemeral, public_key,
                                session == 0 ? LICENSE_STATIC : LICENSE_LIVE,
                                session, key, nonce, got),
              SFI_OK);
    same(v, "licence", got, want, sizeof(want));
    status_is(v, sfi__license_open(ctx, device, want, got_key, got_nonce),
              SFI_OK);
    same(v, "key", got_key, key, sizeof(key));
    same(v, "nonce", got_nonce, nonce, sizeof(nonce));
}

static void
check_lease(const struct vector *v)
{
    uint8_t request[SFI_ECC_SECRET_LEN], public_key[SFI_ECC_PUBLIC_LEN];
    uint8_t secrets[LEDGER_SECRETS_LEN], hash[SFI_SHA256_LEN];
    uint8_t site_key[SFI_AUDIT_KEY_LEN];
    uint8_t want[SFI_LEASE_LEN], got[SFI_LEASE_LEN], got_hash[SFI_SHA256_LEN];
    uint8_t end[SFI_LEASE_END_LEN], got_end[SFI_LEASE_END_LEN];
    struct vault_secrets hsm, opened;
    struct lease_terms t;
    struct lease_end e;

    exactly(v, "request", request, sizeof(request));
    exactly(v, "public", public_key, sizeof(public_key));
    exactly(v, "hash", hash, sizeof(hash));
    exactly(v, "secrets", secrets, sizeof(secrets));
    memcpy(&hsm, secrets, sizeof(hsm));
    exactly(v, "site-key", site_key, sizeof(site_key));
    exactly(v, "lease", want, sizeof(want));
    exactly(v, "end", end, sizeof(end));
    status_is(v, sfi__lease_request_hash(ctx, public_key, got_hash), SFI_OK);
    same(v, "hash", got_hash, hash, sizeof(hash));
    status_is(v, sfi__lease_open(ctx, request, want, sizeof(want), &t, &opened),
              SFI_OK);
    same(v, "nonce", opened.nonce, hsm.nonce, sizeof(hsm.nonce));
    same(v, "key", opened.key_secret, hsm.key_secret, sizeof(hsm.key_secret));
    same(v, "site's key", opened.audit_key_secret, site_key, sizeof(site_key));
    status_is(v, sfi__lease_seal(ctx, &t, public_key, &hsm, got), SFI_OK);
    same(v, "lease", got, want, sizeof(want));
    status_is(v, sfi__lease_read_end(ctx, end, sizeof(end), &e), SFI_OK);
    status_is(v, sfi__lease_check_end(ctx, end, hsm.audit_key_secret), SFI_OK);
    status_is(v, sfi__lease_put_end(ctx, &e, site_key, got_end), SFI_OK);
    same(v, "end certificate", got_end, end, sizeof(end));
}

/* ---- */

static const struct {
    const char *name;
    size_t at_least; /* a truncated file must fail */
    void (*check)(const struct vector *v);
} files[] = {
    {"gcm", 104, check_gcm},     {"ecdh", 69, check_ecdh},
    {"ecdsa", 30, check_ecdsa},  {"kdf", 20, check_kdf},
    {"scrypt", 3, check_scrypt}, {"sha256", 10, check_sha256},
    {"hmac", 6, check_hmac},     {"license", 12, check_license},
    {"lease", 6, check_lease},
};

static size_t chosen;

START_TEST(test_vector)
{
    files[chosen].check(&vectors[_i]);
}
END_TEST

int
main(int argc, char **argv)
{
    Suite *s;
    TCase *tc;
    char name[64];
    int status;

    while (argc == 2 && chosen < ROWS(files) &&
           strcmp(argv[1], files[chosen].name) != 0)
        chosen++;
    if (argc != 2 || chosen == ROWS(files)) {
        fprintf(stderr, "usage: test_kat gcm|ecdh|ecdsa|kdf|...\n");
        return EXIT_FAILURE;
    }
    (void)snprintf(name, sizeof(name), "kat/%s.txt", argv[1]);
    load(test_path(name));
    if (vector_count < files[chosen].at_least) {
        fprintf(stderr, "%s: %zu vectors, expected at least %zu\n", name,
                vector_count, files[chosen].at_least);
        return EXIT_FAILURE;
    }
    s = suite_create(files[chosen].name);
    tc = tcase_create("vectors");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_vector, 0, (int)vector_count);
    suite_add_tcase(s, tc);
    status = run_suite(s);
    free(vectors);
    sfi__buf_free(&file);
    return status;
}
