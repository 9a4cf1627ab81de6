/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Several licences in one step: what each certificate gets, what is counted,
 * and what is told of it when the step fails. */
#include <stdio.h>
#include <string.h>

#include <sfi/hsm_share.h>
#include <sfi/license.h>
#include <sfi/license_batch.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "hsm/base/hsm.h"
#include "license/license.h"

#include "fixture.h"
#include <bench/maker.h>
#include <disk/ledger_memory.h>

enum { CHIPS = 6 };

static struct maker maker;
static struct chip chips[CHIPS];
static const sfi_certificate *certs[CHIPS + 2];

static void
setup(void)
{
    fixture_setup();
    (void)maker_share(&maker);
    for (size_t i = 0; i < CHIPS; i++) {
        chip_make(&maker, MAKER_PRODUCT, &chips[i]);
        certs[i] = chips[i].cert;
    }
    vault_place = &ledger_memory;
}

static void
teardown(void)
{
    vault_place = NULL;
    ledger_memory_clear();
    for (size_t i = 0; i < CHIPS; i++)
        chip_free(&chips[i]);
    maker_free(&maker);
    fixture_teardown();
}

/* What was told, as text: "0 new, 1 again, 2 SFI_ERR_CERTIFICATE". */
static struct told {
    char text[1024];
    char first_message[512];
    uint64_t total;
    uint32_t counted, unknown;
    sfi_ctx *of;
    sfi_hsm *reenter;
} told;

static void
tell(void *user, const sfi_license_result *r)
{
    static const char *const counts[] = {"none", "new", "again", "unknown"};
    size_t len = strlen(told.text);
    const sfi_error *error = sfi_ctx_error(told.of);

    ck_assert_ptr_eq(user, &told);
    ck_assert_uint_eq(r->struct_size, sizeof(*r));
    ck_assert_str_eq(r->path, "");
    ck_assert_str_eq(r->device_id, sfi_certificate_device_id(r->certificate));
    ck_assert_uint_eq(r->stored, 0);
    ck_assert_int_eq(r->license != NULL, r->status == SFI_OK);
    ck_assert_int_eq(error != NULL, r->status != SFI_OK);
    ck_assert_int_eq(sfi_error_status(error), r->status);
    if (error != NULL && told.first_message[0] == '\0')
        (void)snprintf(told.first_message, sizeof(told.first_message), "%s: %s",
                       sfi_error_where(error), sfi_error_message(error));
    told.total = r->total;
    told.counted += r->count == SFI_COUNT_NEW;
    told.unknown += r->count == SFI_COUNT_UNKNOWN;
    (void)snprintf(told.text + len, sizeof(told.text) - len, "%s%u %s%s%s",
                   len > 0 ? ", " : "", (unsigned)r->index, counts[r->count],
                   r->status != SFI_OK ? " " : "",
                   r->status != SFI_OK ? sfi_status_name(r->status) : "");
    if (told.reenter != NULL) {
        sfi_hsm_info info = {.struct_size = sizeof(info)};

        ck_assert_int_eq(sfi_hsm_get_info(told.reenter, &info), SFI_ERR_STATE);
        told.reenter = NULL;
    }
}

static sfi_status
ask(sfi_hsm *hsm, size_t count, sfi_license **out)
{
    told = (struct told){.of = ctx};
    return sfi_hsm_generate_licenses(hsm, certs, NULL, count, out, tell, &told);
}

static void
free_all(sfi_license **lics, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sfi_license_free(lics[i]);
}

static uint64_t
records(sfi_hsm *hsm)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    return info.records;
}

/* ---- a vault ---- */

/* One device twice, one of another product, one that another CA signed. */
START_TEST(test_vault)
{
    sfi_license *lics[CHIPS + 2], *again[CHIPS + 2];
    struct maker other;
    struct chip foreign, strange;
    sfi_hsm *hsm = vault_new(&maker, "line", 9);

    maker_init(&other);
    chip_make(&maker, "45002002", &foreign);
    chip_make(&other, MAKER_PRODUCT, &strange);
    certs[1] = foreign.cert;
    certs[3] = chips[0].cert;
    certs[4] = strange.cert;
    ck_assert_ok(ask(hsm, CHIPS, lics));
    ck_assert_str_eq(told.text,
                     "0 new, 1 none SFI_ERR_CERTIFICATE, 2 new, 3 again, "
                     "4 none SFI_ERR_CERTIFICATE, 5 new");
    ck_assert_str_eq(told.first_message,
                     "vault:line: the certificate is for product 45002002, the "
                     "vault for 45002001");
    ck_assert_uint_eq(told.total, CHIPS);
    ck_assert_ptr_null(sfi_ctx_error(ctx));
    ck_assert_ptr_null(lics[1]);
    ck_assert_ptr_null(lics[4]);
    chip_opens(&chips[0], &maker, lics[0]);
    chip_opens(&chips[2], &maker, lics[2]);
    chip_opens(&chips[5], &maker, lics[5]);
    ck_assert_mem_eq(sfi_license_data(lics[0], NULL),
                     sfi_license_data(lics[3], NULL), SFI_LICENSE_LEN);
    ck_assert_uint_eq(vault_remaining(hsm), 6);
    ck_assert_uint_eq(records(hsm), 3);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    sfi_hsm_free(hsm);
    hsm = vault_login("line"); /* verifies the end */
    ck_assert_ok(ask(hsm, CHIPS, again));
    ck_assert_str_eq(told.text,
                     "0 again, 1 none SFI_ERR_CERTIFICATE, 2 again, 3 again, "
                     "4 none SFI_ERR_CERTIFICATE, 5 again");
    ck_assert_mem_eq(sfi_license_data(lics[5], NULL),
                     sfi_license_data(again[5], NULL), SFI_LICENSE_LEN);
    ck_assert_uint_eq(records(hsm), 3);
    free_all(lics, CHIPS);
    free_all(again, CHIPS);
    chip_free(&foreign);
    chip_free(&strange);
    maker_free(&other);
    sfi_hsm_free(hsm);
}
END_TEST

/* The last installations go to the first; a device that was counted needs
 * none. */
START_TEST(test_vault_exhausted)
{
    sfi_license *lics[CHIPS];
    sfi_license *one;
    sfi_hsm *hsm = vault_new(&maker, "line", 3);

    ck_assert_ok(sfi_hsm_generate_license(hsm, chips[4].cert, &one));
    sfi_license_free(one);
    ck_assert_ok(ask(hsm, CHIPS, lics));
    ck_assert_str_eq(told.text, "0 new, 1 new, 2 none SFI_ERR_HSM_COUNTER, "
                                "3 none SFI_ERR_HSM_COUNTER, 4 again, "
                                "5 none SFI_ERR_HSM_COUNTER");
    ck_assert_str_eq(told.first_message,
                     "vault:line: no installations left: all 3 were used");
    ck_assert_uint_eq(vault_remaining(hsm), 0);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    free_all(lics, CHIPS);
    sfi_hsm_free(hsm);
}
END_TEST

/* Nothing but refusals: nothing is written. */
START_TEST(test_vault_refuses_all)
{
    struct chip foreign;
    sfi_hsm *hsm = vault_new(&maker, "line", 3);

    chip_make(&maker, "45002002", &foreign);
    certs[0] = foreign.cert;
    ck_assert_ok(ask(hsm, 1, NULL));
    ck_assert_str_eq(told.text, "0 none SFI_ERR_CERTIFICATE");
    ck_assert_uint_eq(records(hsm), 0);
    chip_free(&foreign);
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_vault_states)
{
    sfi_license *lics[CHIPS];
    sfi_hsm *hsm = vault_new(&maker, "line", 3);

    sfi_hsm_free(hsm);
    ck_assert_ok(vault_open("line", &hsm));
    ck_assert_fails(ask(hsm, 2, lics), SFI_ERR_HSM_PIN, "vault:line",
                    "the vault issues licences only after a login");
    ck_assert_str_eq(told.text, "");
    ck_assert_ptr_null(lics[0]);
    sfi_hsm_free(hsm);
    hsm = vault_login("line");
    ck_assert_ok(sfi_hsm_retire(hsm));
    ck_assert_fails(ask(hsm, 2, lics), SFI_ERR_HSM_STATE, "vault:line",
                    "the vault is retired and issues no licences");
    ck_assert_str_eq(told.text, "");
    sfi_hsm_free(hsm);
}
END_TEST

/* Static and live licences, and two sessions of one device, which is counted
 * once. */
START_TEST(test_vault_sessions)
{
    const uint32_t sessions[] = {0, 7, 7, 8, 0, 7};
    sfi_license *lics[CHIPS], *one;
    sfi_hsm *hsm = vault_new(&maker, "line", 9);

    certs[2] = chips[1].cert;
    certs[3] = chips[1].cert;
    told = (struct told){.of = ctx};
    ck_assert_ok(sfi_hsm_generate_licenses(hsm, certs, sessions, CHIPS, lics,
                                           tell, &told));
    ck_assert_str_eq(told.text, "0 new, 1 new, 2 again, 3 again, 4 new, 5 new");
    for (size_t i = 0; i < CHIPS; i++)
        ck_assert_uint_eq(sfi_license_session(lics[i]), sessions[i]);
    ck_assert_uint_eq(vault_remaining(hsm), 5);
    ck_assert_uint_eq(records(hsm), 5);
    ck_assert_ok(
        sfi_hsm_generate_live_license(hsm, chips[1].cert, sessions[3], &one));
    ck_assert_mem_eq(sfi_license_data(one, NULL),
                     sfi_license_data(lics[3], NULL), SFI_LICENSE_LEN);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    sfi_license_free(one);
    free_all(lics, CHIPS);
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_arguments)
{
    sfi_hsm *hsm = vault_new(&maker, "line", 3);
    const sfi_certificate *none[2] = {chips[0].cert, NULL};

    ck_assert_int_eq(
        sfi_hsm_generate_licenses(NULL, certs, NULL, 1, NULL, NULL, NULL),
        SFI_ERR_ARGUMENT);
    ck_assert_int_eq(
        sfi_hsm_generate_licenses(hsm, NULL, NULL, 1, NULL, NULL, NULL),
        SFI_ERR_ARGUMENT);
    ck_assert_int_eq(
        sfi_hsm_generate_licenses(hsm, none, NULL, 2, NULL, NULL, NULL),
        SFI_ERR_ARGUMENT);
    ck_assert_fails(
        sfi_hsm_generate_licenses(hsm, certs, NULL, 0, NULL, NULL, NULL),
        SFI_ERR_RANGE, "", "0 certificates, expected 1 to 1024");
    ck_assert_int_eq(
        sfi_hsm_generate_licenses(hsm, certs, NULL, 1025, NULL, NULL, NULL),
        SFI_ERR_RANGE);
    told = (struct told){.of = ctx, .reenter = hsm};
    ck_assert_ok(
        sfi_hsm_generate_licenses(hsm, certs, NULL, 1, NULL, tell, &told));
    ck_assert_ok(
        sfi_hsm_generate_licenses(hsm, certs, NULL, 1, NULL, NULL, NULL));
    ck_assert_uint_eq(vault_remaining(hsm), 2);
    sfi_hsm_free(hsm);
}
END_TEST

/* Whatever allocation fails: what is told is what was counted. */
START_TEST(test_no_memory)
{
    uint64_t left = 900;
    sfi_hsm *hsm = vault_new(&maker, "line", left);
    sfi_status st;
    size_t at = 0;

    do {
        sfi_license *lics[CHIPS] = {NULL};

        for (size_t i = 0; i < 2; i++) { /* two that are new each time */
            chip_free(&chips[i]);
            chip_make(&maker, MAKER_PRODUCT, &chips[i]);
            certs[i] = chips[i].cert;
        }
        memory.fail_at = ++at;
        st = ask(hsm, 3, lics);
        memory.fail_at = 0;
        ck_assert_uint_eq(told.unknown, 0);
        ck_assert_uint_eq(vault_remaining(hsm), left - told.counted);
        left -= told.counted;
        free_all(lics, 3);
    } while (st != SFI_OK || told.first_message[0] != '\0');
    ck_assert_uint_gt(at, 5);
    ck_assert_uint_eq(told.counted, 2);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- HSMs of the caller's own ---- */

static struct own {
    sfi_status fails[CHIPS]; /* each certificate's */
    sfi_status ends;
    unsigned asked;
    size_t at;       /* the index of answers, SIZE_MAX: the right one */
    size_t answers;  /* of so many certificates */
    uint32_t counts; /* what is told of each */
    uint32_t session;
    size_t len;
    uint8_t license[SFI_LICENSE_LEN];
} own;

static void
own_init(void)
{
    own = (struct own){.at = SIZE_MAX,
                       .answers = CHIPS,
                       .counts = SFI_COUNT_AGAIN,
                       .len = SFI_LICENSE_LEN};
    ck_assert_ok(sfi__license_make(ctx, chips[0].public_key, LICENSE_STATIC, 0,
                                   maker.key_secret, maker.nonce, own.license));
}

static size_t
own_find(const uint8_t *cert, size_t cert_len)
{
    size_t i = 0;

    ck_assert_uint_eq(cert_len, SFI_CERTIFICATE_LEN);
    while (i < CHIPS && memcmp(cert, chips[i].data, cert_len) != 0)
        i++;
    return i;
}

static sfi_status
own_license(void *user, const uint8_t *cert, size_t cert_len, uint32_t session,
            uint8_t *out, size_t *out_len)
{
    size_t i = own_find(cert, cert_len);

    (void)user;
    ck_assert_uint_eq(session, own.session);
    own.asked++;
    memcpy(out, own.license, sizeof(own.license));
    *out_len = own.len;
    if (own.fails[i] != SFI_OK)
        sfi_ctx_report(ctx, own.fails[i], 0, "not this one");
    return own.fails[i];
}

static sfi_status
own_licenses(void *user, const uint8_t *const *data, size_t cert_len,
             const uint32_t *sessions, size_t count, sfi_hsm_answer_fn answer,
             void *to)
{
    (void)user;
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(sessions[i], own.session);
    own.asked++;
    for (size_t i = count; i-- > 0;) { /* the order is the HSM's */
        if (own_find(data[i], cert_len) >= own.answers)
            continue;
        if (own.fails[i] != SFI_OK) {
            sfi_ctx_report(ctx, own.fails[i], 0, "not this one");
            answer(to, i, own.fails[i], SFI_COUNT_NONE, NULL, 0);
        } else {
            answer(to, own.at != SIZE_MAX ? own.at : i, SFI_OK, own.counts,
                   own.license, own.len);
        }
    }
    if (own.ends != SFI_OK)
        sfi_ctx_report(ctx, own.ends, 0, "the end");
    return own.ends;
}

static sfi_hsm *
own_open(bool steps)
{
    const sfi_hsm_ops ops = {.struct_size = sizeof(ops),
                             .license = own_license,
                             .licenses = steps ? own_licenses : NULL};
    sfi_hsm *hsm;

    own_init();
    ck_assert_ok(sfi_hsm_open_custom(ctx, &ops, NULL, &hsm));
    return hsm;
}

/* One after the other; a failure ends it, and says which may be counted. */
START_TEST(test_own_one_by_one)
{
    sfi_license *lics[CHIPS];
    sfi_hsm *hsm = own_open(false);

    own.fails[1] = SFI_ERR_HSM_COUNTER;
    ck_assert_ok(ask(hsm, 3, lics));
    ck_assert_str_eq(told.text,
                     "0 unknown, 1 none SFI_ERR_HSM_COUNTER, 2 unknown");
    ck_assert_str_eq(told.first_message, ": not this one");
    free_all(lics, 3);
    own.fails[2] = SFI_ERR_IO;
    own.asked = 0;
    ck_assert_fails(ask(hsm, CHIPS, lics), SFI_ERR_IO, "", "not this one");
    ck_assert_str_eq(told.text, "0 unknown, 1 none SFI_ERR_HSM_COUNTER, "
                                "2 unknown SFI_ERR_IO");
    ck_assert_ptr_nonnull(lics[0]);
    ck_assert_ptr_null(lics[2]);
    ck_assert_uint_eq(own.asked, 3);
    free_all(lics, CHIPS);
    sfi_hsm_free(hsm);
}
END_TEST

/* The session goes to both functions of an HSM of one's own. */
START_TEST(test_own_sessions)
{
    const uint32_t sessions[] = {9, 9};
    sfi_license *lics[2];

    for (int steps = 0; steps < 2; steps++) {
        sfi_hsm *hsm = own_open(steps != 0);

        own.session = 9;
        ck_assert_ok(sfi__license_make(ctx, chips[0].public_key, LICENSE_LIVE,
                                       9, maker.key_secret, maker.nonce,
                                       own.license));
        ck_assert_ok(sfi_hsm_generate_licenses(hsm, certs, sessions, 2, lics,
                                               NULL, NULL));
        ck_assert_uint_eq(sfi_license_session(lics[1]), 9);
        ck_assert_uint_eq(own.asked, steps != 0 ? 1 : 2);
        free_all(lics, 2);
        sfi_hsm_free(hsm);
    }
}
END_TEST

START_TEST(test_own_step)
{
    sfi_license *lics[CHIPS];
    sfi_hsm *hsm = own_open(true);

    own.fails[1] = SFI_ERR_CERTIFICATE;
    ck_assert_ok(ask(hsm, 3, lics));
    ck_assert_str_eq(told.text, "0 again, 1 none SFI_ERR_CERTIFICATE, 2 again");
    ck_assert_uint_eq(own.asked, 1);
    free_all(lics, 3);
    own.ends = SFI_ERR_NO_DEVICE; /* after some answers */
    own.answers = 1;
    ck_assert_fails(ask(hsm, 3, lics), SFI_ERR_NO_DEVICE, "", "the end");
    ck_assert_str_eq(told.text, "0 again");
    free_all(lics, 3);
    sfi_hsm_free(hsm);
}
END_TEST

static const struct {
    size_t at, answers, len;
    uint32_t counts;
    const char *message;
} misuses[] = {
    {SIZE_MAX, 2, SFI_LICENSE_LEN, SFI_COUNT_NEW,
     "HSM licences: certificate 3 of 3 was not answered"},
    {3, CHIPS, SFI_LICENSE_LEN, SFI_COUNT_NEW,
     "HSM licences: an answer has no certificate, no licence or no "
     "SFI_COUNT_*"},
    {SIZE_MAX, CHIPS, SFI_LICENSE_LEN - 1, SFI_COUNT_NEW,
     "HSM licences: an answer has no certificate, no licence or no "
     "SFI_COUNT_*"},
    {SIZE_MAX, CHIPS, SFI_LICENSE_LEN, SFI_COUNT_UNKNOWN + 1,
     "HSM licences: an answer has no certificate, no licence or no "
     "SFI_COUNT_*"},
};

START_TEST(test_own_misuse)
{
    sfi_license *lics[CHIPS];
    sfi_hsm *hsm = own_open(true);

    own.at = misuses[_i].at;
    own.answers = misuses[_i].answers;
    own.len = misuses[_i].len;
    own.counts = misuses[_i].counts;
    ck_assert_fails(ask(hsm, 3, lics), SFI_ERR_CALLBACK, "",
                    misuses[_i].message);
    free_all(lics, 3);
    sfi_hsm_free(hsm);
}
END_TEST

/* The same index twice keeps the first licence, and a damaged or a live one is
 * told as counted. */
START_TEST(test_own_bad_licenses)
{
    sfi_license *lics[CHIPS];
    sfi_hsm *hsm = own_open(true);

    own.at = 0;
    ck_assert_fails(ask(hsm, 2, lics), SFI_ERR_CALLBACK, "",
                    "HSM licences: certificate 2 of 2 was not answered");
    ck_assert_str_eq(told.text, "0 again");
    free_all(lics, 2);
    own.at = SIZE_MAX;
    own.license[0] ^= 1;
    ck_assert_fails_about(ask(hsm, 1, lics), SFI_ERR_FORMAT, "", "0x5246492e");
    ck_assert_str_eq(told.text, "0 again SFI_ERR_FORMAT");
    ck_assert_ptr_null(lics[0]);
    sfi__clear_error(ctx);
    ck_assert_ok(sfi__license_make(ctx, chips[0].public_key, LICENSE_LIVE, 7,
                                   maker.key_secret, maker.nonce, own.license));
    ck_assert_fails(ask(hsm, 1, lics), SFI_ERR_CALLBACK, "",
                    "HSM licence: session 0x00000007, expected 0x00000000");
    ck_assert_str_eq(told.text, "0 again SFI_ERR_CALLBACK");
    ck_assert_ptr_null(lics[0]);
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_own_nothing)
{
    const sfi_hsm_ops ops = {.struct_size = sizeof(ops)};
    sfi_hsm *hsm;

    ck_assert_ok(sfi_hsm_open_custom(ctx, &ops, NULL, &hsm));
    ck_assert_int_eq(ask(hsm, 2, NULL), SFI_ERR_UNSUPPORTED);
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- behind another handle ---- */

static sfi_status
no_lock(void *user)
{
    (void)user;
    return SFI_OK;
}

static void
no_unlock(void *user)
{
    (void)user;
}

START_TEST(test_shared)
{
    static const sfi_hsm_lock lock = {
        .struct_size = sizeof(lock), .lock = no_lock, .unlock = no_unlock};
    const sfi_certificate *theirs[2];
    sfi_certificate *copies[2];
    struct chip foreign;
    sfi_ctx *other;
    sfi_hsm *hsm = vault_new(&maker, "line", 9);
    sfi_hsm *second;
    sfi_license *lics[2];
    size_t n;

    ck_assert_ok(sfi_ctx_new(NULL, &other));
    chip_make(&maker, "45002002", &foreign);
    ck_assert_ok(sfi_certificate_parse(other, foreign.data, SFI_CERTIFICATE_LEN,
                                       &copies[0]));
    ck_assert_ok(sfi_certificate_parse(other, chips[0].data,
                                       SFI_CERTIFICATE_LEN, &copies[1]));
    theirs[0] = copies[0];
    theirs[1] = copies[1];
    ck_assert_ok(sfi_hsm_share(other, hsm, &lock, NULL, &second));
    ck_assert_ok(sfi__hsm_at_once(second, &n));
    ck_assert_uint_eq(n, SFI_HSM_AT_ONCE);
    told = (struct told){.of = other};
    ck_assert_int_eq(
        sfi_hsm_generate_licenses(second, theirs, NULL, 2, lics, tell, &told),
        SFI_OK);
    ck_assert_str_eq(told.text, "0 none SFI_ERR_CERTIFICATE, 1 new");
    ck_assert_str_eq(told.first_message,
                     "vault:line: the certificate is for product 45002002, the "
                     "vault for 45002001");
    ck_assert_uint_eq(vault_remaining(hsm), 8);
    free_all(lics, 2);
    sfi_hsm_free(second);
    sfi_hsm_free(hsm);
    for (size_t i = 0; i < 2; i++)
        sfi_certificate_free(copies[i]);
    chip_free(&foreign);
    sfi_ctx_free(other);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("hsm_batch");
    TCase *tc = tcase_create("hsm_batch");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_vault);
    tcase_add_test(tc, test_vault_exhausted);
    tcase_add_test(tc, test_vault_refuses_all);
    tcase_add_test(tc, test_vault_states);
    tcase_add_test(tc, test_vault_sessions);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_no_memory);
    tcase_add_test(tc, test_own_one_by_one);
    tcase_add_test(tc, test_own_sessions);
    tcase_add_test(tc, test_own_step);
    tcase_add_loop_test(tc, test_own_misuse, 0, (int)ROWS(misuses));
    tcase_add_test(tc, test_own_bad_licenses);
    tcase_add_test(tc, test_own_nothing);
    tcase_add_test(tc, test_shared);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
