/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* One server of a vault at a time. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <unistd.h>

#include <sfi/hsm_server.h>

#include "core/ctx.h"
#include "util/sys.h"

#include "fixture.h"
#include <bench/maker.h>
#include <disk/ledger_memory.h>
#include "system.h"
#include "together.h"

#define COUNT 9u

static struct maker maker;
static char dir[256], path[300], where[320], lock[320];

static void
setup(void)
{
    fixture_setup();
    (void)maker_share(&maker);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.vault", dir);
    (void)snprintf(where, sizeof(where), "vault:%s", path);
    (void)snprintf(lock, sizeof(lock), "%s-server", path);
}

static void
teardown(void)
{
    test_rmdir(dir);
    maker_free(&maker);
    fixture_teardown();
}

/* A clock that counts what was slept, and lets the other server end then. */
static struct {
    uint64_t now;
    uint64_t ends_at;
    sfi_hsm *other;
} patience;

static uint64_t
patience_now(void *user)
{
    (void)user;
    return patience.now;
}

static void
patience_sleep(void *user, uint32_t ms)
{
    (void)user;
    patience.now += ms;
    if (patience.other != NULL && patience.now >= patience.ends_at) {
        sfi_hsm_free(patience.other);
        patience.other = NULL;
    }
}

static const struct clock patience_clock = {.now_ms = patience_now,
                                            .sleep_ms = patience_sleep};

/* The second waits as long as it is told, and is served when the first ends.
 */
START_TEST(test_two)
{
    sfi_hsm *first = vault_new(&maker, path, COUNT);
    sfi_hsm *second;
    struct sys_stat info;

    ctx->clock = &patience_clock;
    ck_assert_ok(sfi_hsm_hold(first, 0));
    ck_assert_ok(sfi_hsm_hold(first, 0));
    ck_assert_int_eq(sfi__sys_stat(lock, &info), 0);
    ck_assert_uint_eq(info.size, 0);
    ck_assert_uint_eq(mode_of_file(lock), 0600);
    ck_assert_ok(vault_open(path, &second));
    ck_assert_fails(sfi_hsm_hold(second, 0), SFI_ERR_TIMEOUT, where,
                    "another licence server holds the vault");
    ck_assert_uint_eq(patience.now, 0);
    ck_assert_int_eq(sfi_hsm_hold(second, 1234), SFI_ERR_TIMEOUT);
    ck_assert_uint_eq(patience.now, 1234);
    patience.other = first;
    patience.ends_at = 3000;
    ck_assert_ok(sfi_hsm_hold(second, 5000));
    ck_assert_uint_lt(patience.now, 3100);
    sfi_hsm_free(second);
}
END_TEST

/* A held vault serves everybody all the same. */
START_TEST(test_others_use_it)
{
    sfi_hsm *first = vault_new(&maker, path, COUNT);
    sfi_hsm *second = vault_login(path);
    sfi_license *lic;
    static struct chip chip;

    chip_share(&maker, &chip);
    ck_assert_ok(sfi_hsm_hold(first, 0));
    ck_assert_ok(sfi_hsm_generate_license(second, chip.cert, &lic));
    ck_assert_uint_eq(vault_remaining(first), COUNT - 1);
    sfi_license_free(lic);
    chip_free(&chip);
    sfi_hsm_free(second);
    sfi_hsm_free(first);
}
END_TEST

/* Says by the file `user` that it holds the vault. */
static int
hold_until_killed(void *user)
{
    sfi_hsm *hsm;
    int fd;

    leave_check();
    if (vault_open(path, &hsm) != SFI_OK || sfi_hsm_hold(hsm, 0) != SFI_OK ||
        sfi__sys_open(user, SYS_WRITE | SYS_NEW, 0600, &fd) != 0)
        return 1;
    sfi__sys_sleep_us(60 * 1000000u);
    return 2;
}

/* A server that is killed lets go. */
START_TEST(test_ends_with_its_process)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    struct sys_stat info;
    char ready[320];
    int child;

    sfi_hsm_free(hsm);
    (void)snprintf(ready, sizeof(ready), "%s/ready", dir);
    child = start_child(hold_until_killed, ready);
    for (int ms = 0; ms < 30000 && sfi__sys_stat(ready, &info) != 0; ms++)
        sfi__sys_sleep_us(1000);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_int_eq(sfi_hsm_hold(hsm, 0), SFI_ERR_TIMEOUT);
    kill_child(child);
    ck_assert_ok(sfi_hsm_hold(hsm, 0));
    sfi_hsm_free(hsm);
}
END_TEST

/* SQLite's connection is the parent's, and left alone: no end that a leak check
 * sees. */
static int
free_copy(void *hsm)
{
    leave_check();
    if (sfi_hsm_hold(hsm, 0) != SFI_ERR_STATE)
        return 1;
    sfi_hsm_free(hsm);
    kill_self();
    return 2;
}

/* A child of a server neither holds nor lets go. */
START_TEST(test_child_frees_its_copy)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    sfi_hsm *second;

    ck_assert_ok(sfi_hsm_hold(hsm, 0));
    ck_assert_int_eq(child_result(start_child(free_copy, hsm)), KILLED);
    ck_assert_ok(vault_open(path, &second));
    ck_assert_int_eq(sfi_hsm_hold(second, 0), SFI_ERR_TIMEOUT);
    sfi_hsm_free(second);
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_refused)
{
    sfi_hsm *hsm;

    ck_assert_int_eq(sfi_hsm_hold(NULL, 0), SFI_ERR_ARGUMENT);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_int_eq(sfi_hsm_hold(hsm, 0), SFI_ERR_HSM_STATE);
    sfi_hsm_free(hsm);
    hsm = vault_new(&maker, path, COUNT);
    ck_assert_int_eq(sfi__sys_make_folder(lock, 0700), 0);
    ck_assert_fails_about(sfi_hsm_hold(hsm, 0), SFI_ERR_OS, where,
                          "*-server cannot be locked");
    ck_assert_int_eq(rmdir(lock), 0);
    ck_assert_ok(sfi_hsm_hold(hsm, 0));
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_link)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);

    make_link("elsewhere", lock);
    ck_assert_fails(sfi_hsm_hold(hsm, 0), SFI_ERR_ACCESS, where,
                    "the vault's *-server is a symbolic link, expected a file "
                    "of its own");
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_unsupported)
{
    static const sfi_hsm_ops none = {.struct_size = sizeof(none)};
    sfi_hsm *hsm;

    ck_assert_ok(sfi_hsm_open_custom(ctx, &none, NULL, &hsm));
    ck_assert_fails(sfi_hsm_hold(hsm, 0), SFI_ERR_UNSUPPORTED, "",
                    "this HSM does not support one server at a time");
    sfi_hsm_free(hsm);
    vault_place = &ledger_memory;
    hsm = vault_new(&maker, "line", COUNT);
    ck_assert_int_eq(sfi_hsm_hold(hsm, 0), SFI_ERR_UNSUPPORTED);
    sfi_hsm_free(hsm);
    vault_place = NULL;
    ledger_memory_clear();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("vault_hold");
    TCase *tc = tcase_create("vault_hold");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_two);
    tcase_add_test(tc, test_others_use_it);
    tcase_add_test(tc, test_ends_with_its_process);
    tcase_add_test(tc, test_child_frees_its_copy);
    tcase_add_test(tc, test_refused);
    tcase_add_test(tc, test_link);
    tcase_add_test(tc, test_unsupported);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
