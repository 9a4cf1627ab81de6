/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The folder of a virtual chip that an older libsfi installed. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/sfi.h>
#include <sfi/sim.h>

#include "fixture.h"

#define KEPT "data/kept/"
#define MARKER "LIBSFI-PLAINTEXT-MARKER"

static char dir[256];

static void
copy_file(const char *from)
{
    char path[400];
    size_t len;
    char *data;
    FILE *f;

    (void)snprintf(path, sizeof(path), KEPT "chip/%s", from);
    data = test_read(test_path(path), &len);
    (void)snprintf(path, sizeof(path), "%s/%s", dir, from);
    f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
    free(data);
}

/* The chip is a copy: its folder follows what happens to it. */
static void
setup(void)
{
    DIR *folder;

    fixture_setup();
    test_mkdir(dir, sizeof(dir));
    folder = opendir(test_path(KEPT "chip"));
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *e; (e = readdir(folder)) != NULL;) {
        if (e->d_name[0] != '.')
            copy_file(e->d_name);
    }
    ck_assert_int_eq(closedir(folder), 0);
}

static void
teardown(void)
{
    test_rmdir(dir);
    fixture_teardown();
}

static bool
has_marker(const char *data, size_t len)
{
    size_t n = strlen(MARKER);

    for (size_t i = 0; i + n <= len; i++) {
        if (memcmp(data + i, MARKER, n) == 0)
            return true;
    }
    return false;
}

START_TEST(test_installed)
{
    static uint8_t flash[0x1000];
    sfi_sim *sim;

    ck_assert_ok(sfi_sim_open(ctx, dir, &sim));
    ck_assert_str_eq(sfi_chip_name(sfi_sim_chip(sim)), "stm32l462ce");
    ck_assert_ok(sfi_sim_read_flash(sim, 0x08001000, flash, sizeof(flash)));
    ck_assert(has_marker((const char *)flash, sizeof(flash)));
    /* one shot: the secure bootloader's last 42 KB are gone */
    ck_assert_ok(sfi_sim_read_flash(sim, 0x08075800, flash, sizeof(flash)));
    for (size_t i = 0; i < sizeof(flash); i++)
        ck_assert_uint_eq(flash[i], 0xff);
    sfi_sim_free(sim);
}
END_TEST

START_TEST(test_certificate)
{
    uint8_t data[SFI_CERTIFICATE_LEN];
    size_t len = sizeof(data), kept_len;
    char *kept = test_read(test_path(KEPT "device.cert"), &kept_len);

    ck_assert_ok(sfi_sim_peek(ctx, dir, SFI_SIM_CERTIFICATE, data, &len));
    ck_assert_uint_eq(len, kept_len);
    ck_assert_mem_eq(data, kept, len);
    free(kept);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("kept chip");
    TCase *tc = tcase_create("open");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_installed);
    tcase_add_test(tc, test_certificate);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
