/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A whole line on one vault: eight processes want a licence for five hundred
 * devices each, and fewer may be installed. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include <bench/maker.h>
#include "together.h"

enum { STATIONS = 8, PER_STATION = 500, ALLOWED = 3210 };
/* Every so many a station asks twice, and wants what its neighbour wants. */
enum { TWICE = 10, SHARED = 50 };

static struct maker maker;
static struct chip shared[SHARED];
static char dir[256], path[300];

static void
setup(void)
{
    fixture_setup();
    (void)maker_share(&maker);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.vault", dir);
    for (size_t i = 0; i < SHARED; i++)
        chip_make(&maker, MAKER_PRODUCT, &shared[i]);
}

static void
teardown(void)
{
    test_rmdir(dir);
    for (size_t i = 0; i < SHARED; i++)
        chip_free(&shared[i]);
    maker_free(&maker);
    fixture_teardown();
}

static sfi_status
license(sfi_hsm *hsm, const struct chip *c, uint8_t *out)
{
    sfi_license *lic;
    sfi_status st = sfi_hsm_generate_license(hsm, c->cert, &lic);

    if (st == SFI_OK)
        memcpy(out, sfi_license_data(lic, NULL), SFI_LICENSE_LEN);
    sfi_license_free(lic);
    return st;
}

/* 1: granted; 0: none left; otherwise a status. */
static int
want(sfi_hsm *hsm, const struct chip *c, bool twice)
{
    uint8_t one[SFI_LICENSE_LEN], two[SFI_LICENSE_LEN];
    sfi_status st = license(hsm, c, one);

    if (st == SFI_ERR_HSM_COUNTER)
        return 0;
    if (st == SFI_OK && twice)
        st = license(hsm, c, two);
    if (st == SFI_OK && twice && memcmp(one, two, sizeof(one)) != 0)
        st = SFI_ERR_INTERNAL;
    return st == SFI_OK ? 1 : st;
}

static struct chip own[PER_STATION];

static int
station(size_t which)
{
    sfi_hsm *hsm = vault_login(path);
    int granted = 0;

    for (size_t i = 0; i < PER_STATION; i++)
        chip_make(&maker, MAKER_PRODUCT, &own[i]);
    for (size_t i = 0; i < PER_STATION; i++) {
        int got = want(hsm, &own[i], i % TWICE == which);

        if (got < 0)
            return got;
        granted += got;
        if (i % TWICE == 0)
            got = want(hsm, &shared[i / TWICE], true);
        if (got < 0)
            return got;
    }
    sfi_hsm_free(hsm);
    return granted;
}

/* Some station asks for each shared device early enough, so each one is
 * counted, and only once. */
START_TEST(test_eight_times_five_hundred)
{
    sfi_hsm *hsm = vault_new(&maker, path, ALLOWED);
    uint8_t unused[SFI_LICENSE_LEN];
    int served = 0;
    int granted;

    sfi_hsm_free(hsm);
    granted = together(STATIONS, station);
    hsm = vault_login(path); /* every record verifies */
    ck_assert_uint_eq(vault_remaining(hsm), 0);
    for (size_t i = 0; i < SHARED; i++) {
        sfi_status st = license(hsm, &shared[i], unused);

        ck_assert(st == SFI_OK || st == SFI_ERR_HSM_COUNTER);
        served += st == SFI_OK;
    }
    ck_assert_int_gt(served, 0);
    ck_assert_int_eq(granted + served, ALLOWED);
    sfi_hsm_free(hsm);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("stations");
    TCase *tc = tcase_create("stations");

    tcase_set_timeout(tc, 200);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_eight_times_five_hundred);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
