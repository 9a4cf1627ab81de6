/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* One HSM behind several handles: shared with other contexts, or opened only
 * when it is asked. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/hsm_server.h>
#include <sfi/hsm_share.h>

#include "core/ctx.h"
#include "hsm/base/hsm.h"
#include "license/license.h"

#include "fixture.h"
#include <bench/maker.h>

static struct maker maker;
static struct chip chip;

/* An HSM that counts what it is asked, and never twice at once. */
static struct own {
    atomic_int inside;
    sfi_status answer;
    unsigned holds, infos, logins, pins, licenses, retired, heads, records,
        verified, images, closed;
    uint32_t session;
    char pin[8];
    uint8_t license[SFI_LICENSE_LEN];
    sfi_ctx *reports, *tells;
} own;

static sfi_status
own_count(unsigned *calls)
{
    ck_assert_int_eq(atomic_fetch_add(&own.inside, 1), 0);
    (*calls)++;
    if (own.answer != SFI_OK)
        sfi_ctx_report(own.reports, own.answer, 7, "it does not want to");
    (void)atomic_fetch_sub(&own.inside, 1);
    return own.answer;
}

static sfi_status
own_info(void *user, sfi_hsm_info *out)
{
    (void)user;
    out->state = SFI_HSM_OPERATIONAL;
    out->remaining = 4711;
    return own_count(&own.infos);
}

static sfi_status
own_login(void *user, const char *pin, size_t pin_len)
{
    (void)user;
    ck_assert_uint_lt(pin_len, sizeof(own.pin));
    memcpy(own.pin, pin, pin_len);
    return own_count(&own.logins);
}

static sfi_status
own_change_pin(void *user, const char *pin, size_t pin_len, const char *new_pin,
               size_t new_pin_len)
{
    (void)user;
    (void)pin;
    (void)pin_len;
    memcpy(own.pin, new_pin, new_pin_len);
    return own_count(&own.pins);
}

static sfi_status
own_license(void *user, const uint8_t *cert, size_t cert_len, uint32_t session,
            uint8_t *out, size_t *out_len)
{
    (void)user;
    ck_assert_mem_eq(cert, chip.data, cert_len);
    own.session = session;
    memcpy(out, own.license, sizeof(own.license));
    *out_len = sizeof(own.license);
    return own_count(&own.licenses);
}

static sfi_status
own_retire(void *user)
{
    (void)user;
    return own_count(&own.retired);
}

static sfi_status
own_audit_head(void *user, sfi_audit_head *out)
{
    (void)user;
    out->sequence = 12;
    return own_count(&own.heads);
}

static sfi_status
own_audit_record(void *user, uint64_t sequence, sfi_audit_record *out)
{
    (void)user;
    out->sequence = sequence;
    return own_count(&own.records);
}

static sfi_status
own_verify_audit(void *user)
{
    (void)user;
    if (own.tells != NULL)
        ck_assert_ok(
            sfi__ctx_progress(own.tells, SFI_PHASE_RECORDS, 4711, 4711));
    return own_count(&own.verified);
}

static sfi_status
own_check_image(void *user, const uint8_t *header, size_t header_len)
{
    (void)user;
    (void)header;
    ck_assert_uint_eq(header_len, SFI_IMAGE_HEADER_LEN);
    return own_count(&own.images);
}

static sfi_status
own_hold(void *user, uint32_t timeout_ms)
{
    (void)user;
    ck_assert_uint_eq(timeout_ms, 4711);
    return own_count(&own.holds);
}

static void
own_close(void *user)
{
    (void)user;
    own.closed++;
}

static const sfi_hsm_ops own_ops = {
    .struct_size = sizeof(own_ops),
    .info = own_info,
    .login = own_login,
    .license = own_license,
    .close = own_close,
    .hold = own_hold,
    .change_pin = own_change_pin,
    .retire = own_retire,
    .audit_head = own_audit_head,
    .audit_record = own_audit_record,
    .verify_audit = own_verify_audit,
    .check_image = own_check_image,
};

static sfi_hsm *
own_open(void)
{
    sfi_hsm *hsm;

    ck_assert_ok(sfi_hsm_open_custom(ctx, &own_ops, NULL, &hsm));
    return hsm;
}

/* A lock that counts. */
static struct lock {
    pthread_mutex_t mutex;
    sfi_status answer;
    unsigned taken, given, closed;
} lock;

static sfi_status
lock_lock(void *user)
{
    ck_assert_ptr_eq(user, &lock);
    if (lock.answer != SFI_OK)
        return lock.answer;
    (void)pthread_mutex_lock(&lock.mutex);
    lock.taken++;
    return SFI_OK;
}

static void
lock_unlock(void *user)
{
    ck_assert_ptr_eq(user, &lock);
    lock.given++;
    (void)pthread_mutex_unlock(&lock.mutex);
}

static void
lock_close(void *user)
{
    ck_assert_ptr_eq(user, &lock);
    lock.closed++;
}

static const sfi_hsm_lock lock_ops = {
    .struct_size = sizeof(lock_ops),
    .lock = lock_lock,
    .unlock = lock_unlock,
    .close = lock_close,
};

/* The second context. */
static struct counter other_memory;
static sfi_ctx *other;

static void
setup(void)
{
    const sfi_allocator a = counting_allocator(&other_memory);
    const sfi_ctx_options options = {.struct_size = sizeof(options),
                                     .allocator = &a};

    fixture_setup();
    (void)maker_share(&maker);
    chip_share(&maker, &chip);
    own = (struct own){.reports = ctx};
    lock = (struct lock){.mutex = PTHREAD_MUTEX_INITIALIZER};
    ck_assert_ok(sfi__license_make(ctx, chip.public_key, LICENSE_STATIC, 0,
                                   maker.key_secret, maker.nonce, own.license));
    ck_assert_ok(sfi_ctx_new(&options, &other));
}

static void
teardown(void)
{
    sfi_ctx_free(other);
    ck_assert_uint_eq(other_memory.live, 0);
    chip_free(&chip);
    maker_free(&maker);
    fixture_teardown();
}

static sfi_hsm *
shared(sfi_hsm *hsm)
{
    sfi_hsm *out;

    ck_assert_ok(sfi_hsm_share(other, hsm, &lock_ops, &lock, &out));
    return out;
}

/* Each request once, at a handle that hands them on. */
static void
ask_everything(sfi_hsm *hsm, sfi_ctx *of)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_audit_record record = {.struct_size = sizeof(record)};
    uint8_t header[SFI_IMAGE_HEADER_LEN];
    sfi_certificate *cert;
    sfi_license *lic;

    ck_assert_ok(sfi_hsm_login(hsm, "4711", 4));
    ck_assert_str_eq(own.pin, "4711");
    ck_assert_ok(sfi_hsm_change_pin(hsm, "4711", 4, "0815", 4));
    ck_assert_str_eq(own.pin, "0815");
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(info.remaining, 4711);
    ck_assert_ok(sfi_hsm_get_audit_head(hsm, &head));
    ck_assert_uint_eq(head.sequence, 12);
    ck_assert_ok(sfi_hsm_get_audit_record(hsm, 11, &record));
    ck_assert_uint_eq(record.sequence, 11);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    maker_header(&maker, header);
    ck_assert_ok(sfi_hsm_check_image(hsm, header, sizeof(header)));
    ck_assert_ok(
        sfi_certificate_parse(of, chip.data, sizeof(chip.data), &cert));
    ck_assert_ok(sfi_hsm_generate_license(hsm, cert, &lic));
    ck_assert_mem_eq(sfi_license_data(lic, NULL), own.license, SFI_LICENSE_LEN);
    sfi_license_free(lic);
    sfi_certificate_free(cert);
    ck_assert_ok(sfi_hsm_hold(hsm, 4711));
    ck_assert_ok(sfi_hsm_retire(hsm));
    ck_assert_uint_eq(own.infos + own.logins + own.pins + own.licenses +
                          own.retired + own.heads + own.records + own.verified +
                          own.images + own.holds,
                      10);
}

START_TEST(test_share)
{
    sfi_hsm *hsm = own_open();
    sfi_hsm *second = shared(hsm);

    ask_everything(second, other);
    ck_assert_uint_eq(lock.taken, 11); /* and once to share it */
    ck_assert_uint_eq(lock.given, 11);
    ck_assert_int_eq(sfi_hsm_provision(second, maker.key, maker.nonce, 12, "fw",
                                       9, maker.perso, NULL),
                     SFI_ERR_UNSUPPORTED);
    sfi_hsm_free(hsm); /* the second keeps it open */
    ck_assert_uint_eq(own.closed, 0);
    ck_assert_uint_eq(lock.closed, 0);
    sfi_hsm_free(second);
    ck_assert_uint_eq(own.closed, 1);
    ck_assert_uint_eq(lock.closed, 1);
    ck_assert_uint_eq(lock.taken, lock.given);
}
END_TEST

/* The error is where it is asked for, complete. */
START_TEST(test_share_error)
{
    sfi_hsm *hsm = own_open();
    sfi_hsm *second = shared(hsm);
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    own.answer = SFI_ERR_HSM_COUNTER;
    ck_assert_int_eq(sfi_hsm_get_info(second, &info), SFI_ERR_HSM_COUNTER);
    ck_assert_str_eq(sfi_error_message(sfi_ctx_error(other)),
                     "it does not want to");
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(other)), 7);
    ck_assert_uint_eq(lock.taken, lock.given);
    own.answer = SFI_OK;
    ck_assert_ok(sfi_hsm_get_info(second, &info));
    ck_assert_ptr_null(sfi_ctx_error(other));
    sfi_hsm_free(second);
    sfi_hsm_free(hsm);
}
END_TEST

/* A table without functions: what is missing is said, and the lock given back.
 */
START_TEST(test_share_unsupported)
{
    const sfi_hsm_ops nothing = {.struct_size = sizeof(nothing)};
    sfi_hsm *hsm, *second;

    ck_assert_ok(sfi_hsm_open_custom(ctx, &nothing, NULL, &hsm));
    second = shared(hsm);
    ck_assert_int_eq(sfi_hsm_retire(second), SFI_ERR_UNSUPPORTED);
    ck_assert_str_eq(sfi_error_message(sfi_ctx_error(other)),
                     "this HSM does not support retiring");
    ck_assert_uint_eq(lock.taken, lock.given);
    sfi_hsm_free(second);
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_share_lock_fails)
{
    sfi_hsm *hsm = own_open();
    sfi_hsm *second = shared(hsm);
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *third;

    lock.answer = SFI_ERR_CANCELLED;
    ck_assert_int_eq(sfi_hsm_get_info(second, &info), SFI_ERR_CANCELLED);
    ck_assert_int_eq(sfi_hsm_share(other, hsm, &lock_ops, &lock, &third),
                     SFI_ERR_CANCELLED);
    ck_assert_ptr_null(third);
    lock.answer = 5;
    ck_assert_int_eq(sfi_hsm_get_info(second, &info), SFI_ERR_CALLBACK);
    ck_assert_uint_eq(own.infos, 0);
    ck_assert_uint_eq(lock.given, 1);
    lock.answer = SFI_ERR_OS; /* the reference goes nevertheless */
    sfi_hsm_free(hsm);
    sfi_hsm_free(second);
    ck_assert_uint_eq(own.closed, 1);
    ck_assert_uint_eq(lock.closed, 1);
}
END_TEST

START_TEST(test_share_arguments)
{
    sfi_hsm_lock bad = lock_ops;
    sfi_hsm *hsm = own_open();
    sfi_hsm *out = hsm;

    ck_assert_int_eq(sfi_hsm_share(other, NULL, &bad, NULL, &out),
                     SFI_ERR_ARGUMENT);
    ck_assert_ptr_null(out);
    ck_assert_int_eq(sfi_hsm_share(other, hsm, NULL, NULL, &out),
                     SFI_ERR_ARGUMENT);
    bad.flags = 1;
    ck_assert_int_eq(sfi_hsm_share(other, hsm, &bad, NULL, &out),
                     SFI_ERR_ARGUMENT);
    bad = lock_ops;
    bad.lock = NULL;
    ck_assert_int_eq(sfi_hsm_share(other, hsm, &bad, NULL, &out),
                     SFI_ERR_ARGUMENT);
    bad = lock_ops;
    bad.unlock = NULL;
    ck_assert_int_eq(sfi_hsm_share(other, hsm, &bad, NULL, &out),
                     SFI_ERR_ARGUMENT);
    bad = lock_ops;
    bad.struct_size = 3;
    ck_assert_int_eq(sfi_hsm_share(other, hsm, &bad, NULL, &out), SFI_ERR_ABI);
    sfi_hsm_free(hsm);
}
END_TEST

/* No memory: nothing is left locked, or referred to. */
START_TEST(test_share_no_memory)
{
    sfi_hsm *hsm = own_open();
    sfi_hsm *out;

    for (size_t i = 1;; i++) {
        sfi_status st;

        other_memory.fail_at = i;
        st = sfi_hsm_share(other, hsm, &lock_ops, &lock, &out);
        other_memory.fail_at = 0;
        if (st == SFI_OK)
            break;
        ck_assert_int_eq(st, SFI_ERR_NOMEM);
        ck_assert_ptr_null(out);
        ck_assert_uint_eq(lock.taken, lock.given);
        ck_assert_uint_eq(lock.closed, 0);
    }
    sfi_hsm_free(out);
    sfi_hsm_free(hsm);
    ck_assert_uint_eq(own.closed, 1);
}
END_TEST

/* ---- threads ---- */

enum { THREADS = 8, EACH = 50 };

static void *
station(void *user)
{
    sfi_hsm *hsm = user;

    for (int i = 0; i < EACH; i++) {
        sfi_hsm_info info = {.struct_size = sizeof(info)};
        size_t len = SFI_LICENSE_LEN;
        uint8_t lic[SFI_LICENSE_LEN];

        if (sfi_hsm_get_info(hsm, &info) != SFI_OK ||
            sfi__hsm_license(hsm, chip.data, sizeof(chip.data), 0, lic, &len) !=
                SFI_OK)
            return hsm;
    }
    sfi_hsm_free(hsm);
    return NULL;
}

START_TEST(test_share_threads)
{
    sfi_ctx *ctxs[THREADS];
    pthread_t threads[THREADS];
    sfi_hsm *hsm = own_open();

    for (int i = 0; i < THREADS; i++) {
        sfi_hsm *mine;

        ck_assert_ok(sfi_ctx_new(NULL, &ctxs[i]));
        ck_assert_ok(sfi_hsm_share(ctxs[i], hsm, &lock_ops, &lock, &mine));
        ck_assert_int_eq(pthread_create(&threads[i], NULL, station, mine), 0);
    }
    (void)pthread_mutex_lock(&lock.mutex);
    sfi_hsm_free(hsm); /* the last station closes it */
    (void)pthread_mutex_unlock(&lock.mutex);
    for (int i = 0; i < THREADS; i++) {
        void *failed;

        (void)pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
        sfi_ctx_free(ctxs[i]);
    }
    ck_assert_uint_eq(own.infos, THREADS * EACH);
    ck_assert_uint_eq(own.licenses, THREADS * EACH);
    ck_assert_uint_eq(own.closed, 1);
}
END_TEST

/* ---- opened late ---- */

static struct opener {
    sfi_status open, login;
    bool opens_nothing;
    unsigned opened, asked, closed;
} opener;

static sfi_status
opener_open(void *user, sfi_ctx *of, sfi_hsm **out)
{
    ck_assert_ptr_eq(user, &opener);
    ck_assert_ptr_eq(of, ctx);
    ck_assert_ptr_null(*out);
    opener.opened++;
    if (opener.open != SFI_OK)
        sfi_ctx_report(ctx, opener.open, 0, "the reader is not there");
    else if (!opener.opens_nothing)
        *out = own_open();
    return opener.open;
}

static sfi_status
opener_login(void *user, sfi_hsm *hsm)
{
    ck_assert_ptr_eq(user, &opener);
    opener.asked++;
    if (opener.login != SFI_OK)
        sfi_ctx_report(ctx, opener.login, 0, "nobody typed a PIN");
    return opener.login != SFI_OK ? opener.login
                                  : sfi_hsm_login(hsm, "1234", 4);
}

static void
opener_close(void *user)
{
    ck_assert_ptr_eq(user, &opener);
    opener.closed++;
}

static const sfi_hsm_opener opener_ops = {
    .struct_size = sizeof(opener_ops),
    .open = opener_open,
    .login = opener_login,
    .close = opener_close,
};

static sfi_hsm *
late(void)
{
    sfi_hsm *hsm;

    opener = (struct opener){.open = SFI_OK};
    ck_assert_ok(sfi_hsm_open_late(ctx, &opener_ops, &opener, &hsm));
    return hsm;
}

START_TEST(test_late)
{
    sfi_hsm *hsm = late();

    ck_assert_uint_eq(opener.opened, 0);
    ask_everything(hsm, ctx);
    ck_assert_uint_eq(opener.opened, 1);
    ck_assert_uint_eq(opener.asked, 0); /* the caller logged in */
    sfi_hsm_free(hsm);
    ck_assert_uint_eq(own.closed, 1);
    ck_assert_uint_eq(opener.closed, 1);
}
END_TEST

START_TEST(test_late_unused)
{
    sfi_hsm *hsm = late();

    sfi_hsm_free(hsm);
    ck_assert_uint_eq(opener.opened, 0);
    ck_assert_uint_eq(opener.closed, 1);
}
END_TEST

/* Information asks for no PIN, a licence does, once. */
START_TEST(test_late_login)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = late();

    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(opener.asked, 0);
    for (int i = 0; i < 2; i++) {
        sfi_license *lic;

        ck_assert_ok(sfi_hsm_generate_license(hsm, chip.cert, &lic));
        sfi_license_free(lic);
        ck_assert_uint_eq(opener.opened, 1);
        ck_assert_uint_eq(opener.asked, 1);
    }
    ck_assert_uint_eq(own.logins, 1);
    sfi_hsm_free(hsm);
}
END_TEST

/* Nobody is asked twice. */
START_TEST(test_late_refused)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = late();

    opener.login = SFI_ERR_HSM_PIN;
    for (int i = 0; i < 3; i++) {
        sfi_license *lic;

        ck_assert_fails(sfi_hsm_generate_license(hsm, chip.cert, &lic),
                        SFI_ERR_HSM_PIN, "", "nobody typed a PIN");
        ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    }
    ck_assert_uint_eq(opener.asked, 1);
    ck_assert_uint_eq(own.licenses, 0);
    sfi_hsm_free(hsm);
}
END_TEST

/* A reader that comes later. */
START_TEST(test_late_open_fails)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = late();

    opener.open = SFI_ERR_NO_DEVICE;
    ck_assert_fails(sfi_hsm_get_info(hsm, &info), SFI_ERR_NO_DEVICE, "",
                    "the reader is not there");
    opener.open = SFI_OK;
    opener.opens_nothing = true;
    ck_assert_fails(sfi_hsm_get_info(hsm, &info), SFI_ERR_CALLBACK, "",
                    "the opener of the HSM returned no HSM of its context");
    opener.opens_nothing = false;
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(opener.opened, 3);
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_late_arguments)
{
    const unsigned closed = opener.closed;
    sfi_hsm_opener bad = opener_ops;
    sfi_hsm *out;

    ck_assert_int_eq(sfi_hsm_open_late(ctx, NULL, NULL, &out),
                     SFI_ERR_ARGUMENT);
    bad.flags = 1;
    ck_assert_int_eq(sfi_hsm_open_late(ctx, &bad, NULL, &out),
                     SFI_ERR_ARGUMENT);
    bad = opener_ops;
    bad.open = NULL;
    ck_assert_int_eq(sfi_hsm_open_late(ctx, &bad, NULL, &out),
                     SFI_ERR_ARGUMENT);
    bad = opener_ops;
    bad.struct_size = 3;
    ck_assert_int_eq(sfi_hsm_open_late(ctx, &bad, NULL, &out), SFI_ERR_ABI);
    ck_assert_uint_eq(opener.closed, closed);
}
END_TEST

static void
count_progress(void *user, const sfi_progress *p)
{
    ck_assert_uint_eq(p->done, 4711);
    (*(unsigned *)user)++;
}

/* Whoever asks is told how far it is, and nobody else. */
START_TEST(test_share_progress)
{
    unsigned asker = 0, owner = 0;
    sfi_hsm *hsm = late();
    sfi_hsm *second = shared(hsm);

    own.tells = ctx;
    sfi_ctx_set_progress(ctx, count_progress, &owner);
    sfi_ctx_set_progress(other, count_progress, &asker);
    ck_assert_ok(sfi_hsm_verify_audit(second));
    ck_assert_uint_eq(asker, 1);
    ck_assert_uint_eq(owner, 0);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    ck_assert_uint_eq(asker, 1);
    ck_assert_uint_eq(owner, 1);
    sfi_hsm_free(hsm);
    sfi_hsm_free(second);
}
END_TEST

/* A gang's: many contexts, and one HSM that is opened by whoever needs it. */
START_TEST(test_share_late)
{
    sfi_hsm *hsm = late();
    sfi_hsm *second = shared(hsm);

    ck_assert_uint_eq(opener.opened, 0);
    opener.login = SFI_ERR_HSM_PIN;
    ck_assert_int_eq(sfi_hsm_verify_audit(second), SFI_ERR_HSM_PIN);
    ck_assert_int_eq(sfi_hsm_verify_audit(second), SFI_ERR_HSM_PIN);
    ck_assert_str_eq(sfi_error_message(sfi_ctx_error(other)),
                     "nobody typed a PIN");
    ck_assert_uint_eq(opener.asked, 1);
    sfi_hsm_free(hsm);
    sfi_hsm_free(second);
    ck_assert_uint_eq(opener.closed, 1);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("hsm_relay");
    TCase *tc = tcase_create("hsm_relay");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_share);
    tcase_add_test(tc, test_share_error);
    tcase_add_test(tc, test_share_unsupported);
    tcase_add_test(tc, test_share_lock_fails);
    tcase_add_test(tc, test_share_arguments);
    tcase_add_test(tc, test_share_no_memory);
    tcase_add_test(tc, test_share_threads);
    tcase_add_test(tc, test_late);
    tcase_add_test(tc, test_late_unused);
    tcase_add_test(tc, test_late_login);
    tcase_add_test(tc, test_late_refused);
    tcase_add_test(tc, test_late_open_fails);
    tcase_add_test(tc, test_late_arguments);
    tcase_add_test(tc, test_share_progress);
    tcase_add_test(tc, test_share_late);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
