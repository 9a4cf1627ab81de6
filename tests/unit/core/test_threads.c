/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Handles that only hold data are released by any thread, in any order, while
 * their context works on in its own.  Also for -Db_sanitize=thread. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/image.h>
#include <sfi/key.h>

#include "license/certificate.h"
#include "license/license.h"
#include "license/personalization.h"

#include "fixture.h"

#define THREADS 4u

/* ---- memory, counted by any thread ---- */

static atomic_int live;
static sfi_ctx *shared;

static void *
take(void *user, size_t size)
{
    (void)user;
    atomic_fetch_add(&live, 1);
    return malloc(size);
}

static void
give_back(void *user, void *ptr)
{
    (void)user;
    atomic_fetch_sub(&live, 1);
    free(ptr);
}

static void
setup(void)
{
    const sfi_allocator a = {
        .struct_size = sizeof(a),
        .alloc = take,
        .free = give_back,
    };
    const sfi_ctx_options o = {.struct_size = sizeof(o), .allocator = &a};

    atomic_store(&live, 0);
    ck_assert_int_eq(sfi_ctx_new(&o, &shared), SFI_OK);
}

static void
teardown(void)
{
    ck_assert_int_eq(atomic_load(&live), 0);
}

/* ---- one of each kind that only holds data ---- */

static uint8_t certificate[SFI_CERTIFICATE_LEN];
static uint8_t personalization[PERSO_LEN];
static uint8_t license[SFI_LICENSE_LEN];
static const uint8_t bytes[32] = {0xff, 0x07, 0x01, 0x24, 0x09, 0x01, 0, 8};

static void
issue(void)
{
    uint8_t ca_secret[SFI_ECC_SECRET_LEN];
    uint8_t secret[SFI_ECC_SECRET_LEN];
    uint8_t public[SFI_ECC_PUBLIC_LEN];
    size_t len;

    ck_assert_ok(sfi__ecc_generate(shared, ca_secret, public));
    ck_assert_ok(sfi__perso_issue(shared, ca_secret, "45002001",
                                  personalization, sizeof(personalization),
                                  &len));
    ck_assert_ok(sfi__ecc_generate(shared, secret, public));
    ck_assert_ok(
        sfi__cert_issue(shared, ca_secret, "45002001", public, certificate));
    ck_assert_ok(sfi__license_make(shared, public, LICENSE_STATIC, 0, bytes,
                                   bytes, license));
}

static const sfi_chip *
part(void)
{
    const sfi_chip *chip = sfi_chip_find("stm32h753xi");

    ck_assert_ptr_nonnull(chip);
    return chip;
}

static void *
make_key(void)
{
    sfi_key *key;

    ck_assert_ok(sfi_key_new(shared, bytes, SFI_KEY_LEN, &key));
    return key;
}

static void *
make_firmware(void)
{
    sfi_firmware *fw;

    ck_assert_ok(sfi_firmware_parse(shared, "bin", 0x08000000, bytes,
                                    sizeof(bytes), &fw));
    return fw;
}

static void *
make_option_bytes(void)
{
    sfi_option_bytes *ob;

    ck_assert_ok(sfi_option_bytes_new(shared, part(), &ob));
    return ob;
}

static void *
make_certificate(void)
{
    sfi_certificate *cert;

    ck_assert_ok(
        sfi_certificate_parse(shared, certificate, sizeof(certificate), &cert));
    return cert;
}

static void *
make_license(void)
{
    sfi_license *lic;

    ck_assert_ok(sfi_license_parse(shared, license, sizeof(license), &lic));
    return lic;
}

static void *
make_personalization(void)
{
    sfi_personalization *p;

    ck_assert_ok(sfi_personalization_parse(shared, personalization,
                                           sizeof(personalization), &p));
    return p;
}

/* It holds a firmware and a key, whose other references go first. */
static void *
make_builder(void)
{
    sfi_image_builder *b;
    sfi_firmware *fw = make_firmware();
    sfi_key *key = make_key();

    ck_assert_ok(sfi_image_builder_new(shared, part(), &b));
    ck_assert_ok(sfi_image_builder_add_firmware(b, fw));
    ck_assert_ok(sfi_image_builder_set_key(b, key));
    sfi_firmware_free(fw);
    sfi_key_free(key);
    return b;
}

static void *
make_layout(void)
{
    sfi_image_builder *b = make_builder();
    sfi_layout *layout;

    ck_assert_ok(sfi_image_builder_layout(b, &layout));
    sfi_image_builder_free(b);
    return layout;
}

static void *
make_reader(void)
{
    sfi_image_reader *r;
    sfi_key *key = make_key();

    ck_assert_ok(sfi_image_reader_new(shared, key, bytes, &r));
    sfi_key_free(key);
    return r;
}

static void *
make_context(void)
{
    sfi_ctx *other;

    ck_assert_int_eq(sfi_ctx_new(NULL, &other), SFI_OK);
    return other;
}

/* ISO C has no way from void (*)(sfi_key *) to void (*)(void *). */
#define FREE(noun)                    \
    static void free_##noun(void *it) \
    {                                 \
        sfi_##noun##_free(it);        \
    }
FREE(key)
FREE(firmware)
FREE(option_bytes)
FREE(certificate)
FREE(license)
FREE(personalization)
FREE(image_builder)
FREE(layout)
FREE(image_reader)
FREE(ctx)

static const struct {
    void *(*make)(void);
    void (*release)(void *);
} kinds[] = {
    {make_key, free_key},
    {make_firmware, free_firmware},
    {make_option_bytes, free_option_bytes},
    {make_certificate, free_certificate},
    {make_license, free_license},
    {make_personalization, free_personalization},
    {make_builder, free_image_builder},
    {make_layout, free_layout},
    {make_reader, free_image_reader},
    {make_context, free_ctx},
};

/* ---- the threads ---- */

static void *handles[THREADS * 100][ROWS(kinds)];
static atomic_size_t next;
static atomic_uint ready;

static void *
collect(void *unused)
{
    atomic_fetch_add(&ready, 1);
    while (atomic_load(&ready) < THREADS)
        ;
    for (size_t i; (i = atomic_fetch_add(&next, 1)) < ROWS(handles);) {
        for (size_t k = 0; k < ROWS(kinds); k++)
            kinds[k].release(handles[i][k]);
    }
    return unused;
}

static void
start_collectors(pthread_t *threads)
{
    atomic_store(&next, 0);
    atomic_store(&ready, 0);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, collect, NULL), 0);
}

static void
join_collectors(const pthread_t *threads)
{
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}

static size_t
make_handles(void)
{
    size_t step = test_step(20), n = 0;

    for (size_t i = 0; i < ROWS(handles); i += step, n++) {
        for (size_t k = 0; k < ROWS(kinds); k++)
            handles[i][k] = kinds[k].make();
    }
    return n;
}

/* The context's own thread makes more handles and errors meanwhile. */
START_TEST(test_context_works_on)
{
    pthread_t threads[THREADS];
    size_t n;

    issue();
    n = make_handles();
    start_collectors(threads);
    for (size_t i = 0; i < n; i++) {
        sfi_key *key;

        ck_assert_int_eq(sfi_key_new(shared, bytes, 1, &key), SFI_ERR_RANGE);
        ck_assert_str_eq(sfi_error_message(sfi_ctx_error(shared)),
                         "a key of 1 bytes, expected 16");
        for (size_t k = 0; k < ROWS(kinds); k++)
            kinds[k].release(kinds[k].make());
    }
    join_collectors(threads);
    sfi_ctx_free(shared);
}
END_TEST

/* The context goes with the last of its handles, wherever that is. */
START_TEST(test_context_went_before)
{
    pthread_t threads[THREADS];

    issue();
    (void)make_handles();
    sfi_ctx_free(shared);
    ck_assert_int_gt(atomic_load(&live), 0);
    start_collectors(threads);
    join_collectors(threads);
}
END_TEST

/* One key and one firmware, whose references many builders hold and drop. */
static void *
build_and_drop(void *builders)
{
    sfi_image_builder **b = builders;

    for (size_t i = 0; i < 100; i++)
        sfi_image_builder_free(b[i]);
    return NULL;
}

START_TEST(test_one_firmware_in_many_builders)
{
    static sfi_image_builder *builders[THREADS][100];
    pthread_t threads[THREADS];
    sfi_firmware *fw = make_firmware();
    sfi_key *key = make_key();

    for (size_t t = 0; t < THREADS; t++) {
        for (size_t i = 0; i < 100; i++) {
            sfi_image_builder *b;

            ck_assert_ok(sfi_image_builder_new(shared, part(), &b));
            ck_assert_ok(sfi_image_builder_add_firmware(b, fw));
            ck_assert_ok(sfi_image_builder_set_key(b, key));
            builders[t][i] = b;
        }
    }
    for (size_t t = 0; t < THREADS; t++)
        ck_assert_int_eq(
            pthread_create(&threads[t], NULL, build_and_drop, builders[t]), 0);
    sfi_firmware_free(fw);
    sfi_key_free(key);
    sfi_ctx_free(shared);
    join_collectors(threads);
}
END_TEST

/* ---- one key, firmware and option bytes for many contexts ---- */

struct station {
    pthread_t thread;
    const sfi_key *key;
    const sfi_firmware *fw;
    const sfi_option_bytes *ob;
    uint8_t image[4096];
    size_t len;
};

static sfi_status
station_keep(void *user, const uint8_t *data, size_t len)
{
    struct station *s = user;

    if (len > sizeof(s->image) - s->len)
        return SFI_ERR_LIMIT;
    memcpy(s->image + s->len, data, len);
    s->len += len;
    return SFI_OK;
}

static sfi_status
station_build(struct station *s, sfi_image_builder *b)
{
    sfi_status st = sfi_image_builder_add_firmware(b, s->fw);

    if (st == SFI_OK)
        st = sfi_image_builder_set_option_bytes(b, s->ob);
    if (st == SFI_OK)
        st = sfi_image_builder_set_key(b, s->key);
    if (st == SFI_OK)
        st = sfi_image_builder_set_nonce(b, bytes, SFI_NONCE_LEN);
    s->len = 0;
    return st == SFI_OK ? sfi_image_builder_write(b, station_keep, s) : st;
}

static void *
station_main(void *user)
{
    struct station *s = user;
    sfi_ctx *mine;

    ck_assert_int_eq(sfi_ctx_new(NULL, &mine), SFI_OK);
    for (int i = 0; i < 20; i++) {
        sfi_image_builder *b;

        ck_assert_int_eq(sfi_image_builder_new(mine, part(), &b), SFI_OK);
        ck_assert_msg(station_build(s, b) == SFI_OK, "%s",
                      sfi_error_message(sfi_ctx_error(mine)));
        sfi_image_builder_free(b);
    }
    sfi_ctx_free(mine);
    return NULL;
}

START_TEST(test_data_for_many_contexts)
{
    static struct station stations[THREADS];
    sfi_firmware *fw = make_firmware();
    sfi_key *key = make_key();
    sfi_option_bytes *ob = make_option_bytes();

    for (size_t i = 0; i < THREADS; i++) {
        stations[i].key = key;
        stations[i].fw = fw;
        stations[i].ob = ob;
        ck_assert_int_eq(pthread_create(&stations[i].thread, NULL, station_main,
                                        &stations[i]),
                         0);
    }
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(stations[i].thread, NULL), 0);
    for (size_t i = 1; i < THREADS; i++) {
        ck_assert_uint_eq(stations[i].len, stations[0].len);
        ck_assert_mem_eq(stations[i].image, stations[0].image, stations[0].len);
    }
    ck_assert_uint_gt(stations[0].len, sizeof(bytes));
    sfi_firmware_free(fw);
    sfi_key_free(key);
    sfi_option_bytes_free(ob);
    sfi_ctx_free(shared);
}
END_TEST

/* ---- the first use of libcrypto, by all at once ---- */

#define RACERS 16u

static pthread_barrier_t gate;

static void *
race_main(void *user)
{
    sfi_ctx *own;
    sfi_key *key = NULL;
    sfi_status *st = user;

    if (sfi_ctx_new(NULL, &own) != SFI_OK)
        return NULL;
    (void)pthread_barrier_wait(&gate);
    *st = sfi_key_generate(own, &key);
    sfi_key_free(key);
    sfi_ctx_free(own);
    return NULL;
}

/* Each makes what libsfi needs of libcrypto, and one of them keeps it; a leak
 * checker sees what the others forget.  Only the first test of a process can
 * race. */
START_TEST(test_first_use)
{
    pthread_t threads[RACERS];
    sfi_status st[RACERS];

    ck_assert_int_eq(pthread_barrier_init(&gate, NULL, RACERS), 0);
    for (size_t i = 0; i < RACERS; i++) {
        st[i] = SFI_ERR_INTERNAL;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, race_main, &st[i]),
                         0);
    }
    for (size_t i = 0; i < RACERS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_ok(st[i]);
    }
    (void)pthread_barrier_destroy(&gate);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("threads");
    TCase *earliest = tcase_create("first use");
    TCase *tc = tcase_create("release");

    tcase_add_test(earliest, test_first_use);
    suite_add_tcase(s, earliest);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 30);
    tcase_add_test(tc, test_context_works_on);
    tcase_add_test(tc, test_context_went_before);
    tcase_add_test(tc, test_one_firmware_in_many_builders);
    tcase_add_test(tc, test_data_for_many_contexts);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
