/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Many processes share one vault: exactly what was provisioned is granted. */
#define _XOPEN_SOURCE 700
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "fixture.h"
#include <bench/maker.h>
#include "together.h"

#define STATIONS 4
#define PER_STATION_MAX 50u
#define ALLOWED_MAX 120u

static struct maker maker;
static char dir[256], path[300];
static size_t per_station, allowed; /* fewer where time is short */

static void
setup(void)
{
    size_t share = test_step(5) > 1 ? 5 : 1;

    fixture_setup();
    per_station = PER_STATION_MAX / share;
    allowed = ALLOWED_MAX / share;
    (void)maker_share(&maker);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.vault", dir);
}

static void
teardown(void)
{
    test_rmdir(dir);
    maker_free(&maker);
    fixture_teardown();
}

static sfi_status
enter(sfi_hsm **hsm)
{
    sfi_status st = vault_open(path, hsm);

    return st == SFI_OK ? sfi_hsm_login(*hsm, MAKER_PIN, strlen(MAKER_PIN))
                        : st;
}

/* ---- licences ---- */

static struct chip chips[STATIONS * PER_STATION_MAX];

/* Every station wants its own chips, each twice. */
static int
station(size_t which)
{
    sfi_hsm *hsm;
    sfi_status st = enter(&hsm);
    int granted = 0;

    for (size_t i = 0; st == SFI_OK && i < per_station; i++) {
        const struct chip *c = &chips[which * per_station + i];
        sfi_license *lic;

        st = sfi_hsm_generate_license(hsm, c->cert, &lic);
        if (st == SFI_OK) {
            granted++;
            sfi_license_free(lic);
            st = sfi_hsm_generate_license(hsm, c->cert, &lic);
            sfi_license_free(lic);
        } else if (st == SFI_ERR_HSM_COUNTER) {
            st = SFI_OK;
        }
    }
    sfi_hsm_free(hsm);
    return st == SFI_OK ? granted : st;
}

START_TEST(test_stations)
{
    sfi_hsm *hsm = vault_new(&maker, path, allowed);
    size_t served = 0;

    sfi_hsm_free(hsm);
    for (size_t i = 0; i < STATIONS * per_station; i++)
        chip_share(&maker, &chips[i]);
    ck_assert_int_eq(together(STATIONS, station), (int)allowed);
    hsm = vault_login(path); /* the chain verifies */
    ck_assert_uint_eq(vault_remaining(hsm), 0);
    for (size_t i = 0; i < STATIONS * per_station; i++) {
        sfi_license *lic;

        served += sfi_hsm_generate_license(hsm, chips[i].cert, &lic) == SFI_OK;
        sfi_license_free(lic);
        chip_free(&chips[i]);
    }
    ck_assert_uint_eq(served, allowed);
    sfi_hsm_free(hsm);
}
END_TEST

/* All stations want the same chips: each is counted once, and all get the same
 * licence. */
static int
same_chips(size_t which)
{
    sfi_hsm *hsm;
    sfi_status st = enter(&hsm);
    uint32_t mark = 0;

    for (size_t i = 0; st == SFI_OK && i < per_station; i++) {
        sfi_license *lic;

        st = sfi_hsm_generate_license(
            hsm, chips[(i + 7 * which) % per_station].cert, &lic);
        if (st == SFI_OK) { /* in any order the same sum */
            const uint8_t *data = sfi_license_data(lic, NULL);

            for (size_t k = 0; k < SFI_LICENSE_LEN; k++)
                mark += (uint32_t)data[k] * (uint32_t)(k + 1);
        }
        sfi_license_free(lic);
    }
    sfi_hsm_free(hsm);
    return st == SFI_OK ? (int)(mark & 0x00ffffff) : st;
}

START_TEST(test_same_chips)
{
    sfi_hsm *hsm = vault_new(&maker, path, per_station);
    int sum, one;

    sfi_hsm_free(hsm);
    for (size_t i = 0; i < per_station; i++)
        chip_share(&maker, &chips[i]);
    sum = together(STATIONS, same_chips);
    one = together(1, same_chips);
    ck_assert_int_eq(sum, STATIONS * one);
    hsm = vault_login(path);
    ck_assert_uint_eq(vault_remaining(hsm), 0);
    sfi_hsm_free(hsm);
    for (size_t i = 0; i < per_station; i++)
        chip_free(&chips[i]);
}
END_TEST

/* ---- logins: more at once than there are tries ---- */

static int
log_in(size_t which)
{
    sfi_status st = SFI_OK;

    (void)which;
    for (int i = 0; st == SFI_OK && i < 5; i++) {
        sfi_hsm *hsm;

        st = enter(&hsm);
        sfi_hsm_free(hsm);
    }
    return st;
}

START_TEST(test_many_logins)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = vault_new(&maker, path, 1);

    sfi_hsm_free(hsm);
    ck_assert_int_eq(together(16, log_in), 0);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(info.pin_tries_left, 10);
    sfi_hsm_free(hsm);
}
END_TEST

/* No try is left because another process has taken the last one and is about to
 * give all back. */
START_TEST(test_waits_for_the_last_try)
{
    sfi_hsm *hsm = vault_new(&maker, path, 1);
    sqlite3 *db;
    pid_t pid;

    sfi_hsm_free(hsm);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(db, "UPDATE vault SET pin_tries = 0", NULL, NULL, NULL),
        SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct timespec soon = {.tv_nsec = 200000000};

        (void)nanosleep(&soon, NULL);
        if (sqlite3_open(path, &db) != SQLITE_OK ||
            sqlite3_exec(db, "UPDATE vault SET pin_tries = 10", NULL, NULL,
                         NULL) != SQLITE_OK ||
            sqlite3_close(db) != SQLITE_OK)
            _exit(1);
        _exit(0);
    }
    ck_assert_ok(enter(&hsm));
    sfi_hsm_free(hsm);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

/* Sixteen guess at once: no more than ten guesses are tried. */
static int
guess(size_t which)
{
    sfi_hsm *hsm;
    sfi_status st = vault_open(path, &hsm);
    char pin[8];

    (void)snprintf(pin, sizeof(pin), "%04zu", which);
    if (st == SFI_OK)
        st = sfi_hsm_login(hsm, pin, 4);
    sfi_hsm_free(hsm);
    if (st == SFI_ERR_HSM_STATE)
        return 0;
    return st == SFI_ERR_HSM_PIN ? 1 : SFI_ERR_INTERNAL;
}

START_TEST(test_many_guesses)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = vault_new(&maker, path, 1);

    sfi_hsm_free(hsm);
    ck_assert_int_eq(together(16, guess), 10);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(info.state, SFI_HSM_BLOCKED);
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- another PIN ---- */

/* To another PIN and back. */
static int
change_and_change_back(void)
{
    static const char *const pins[] = {MAKER_PIN, "other-pin"};
    sfi_hsm *hsm;
    sfi_status st = vault_open(path, &hsm);

    for (size_t i = 0; st == SFI_OK && i < 20; i++) {
        const char *from = pins[i % 2], *to = pins[(i + 1) % 2];

        st = sfi_hsm_change_pin(hsm, from, strlen(from), to, strlen(to));
    }
    sfi_hsm_free(hsm);
    return st;
}

/* Stations log in before the PIN changes, which would keep them out, and stay
 * logged in. */
static int gate_of_logins[2];

static int
logged_in_station(size_t which)
{
    char byte = 0;
    sfi_hsm *hsm;
    sfi_status st;
    int granted = 0;

    if (which == STATIONS) { /* when all are in */
        for (size_t i = 0; i < STATIONS; i++) {
            if (read(gate_of_logins[0], &byte, 1) != 1)
                return SFI_ERR_INTERNAL;
        }
        return change_and_change_back();
    }
    st = enter(&hsm);
    if (write(gate_of_logins[1], &byte, 1) != 1)
        return SFI_ERR_INTERNAL;
    for (size_t i = 0; st == SFI_OK && i < per_station; i++) {
        sfi_license *lic;

        st = sfi_hsm_generate_license(hsm, chips[which * per_station + i].cert,
                                      &lic);
        sfi_license_free(lic);
        granted += st == SFI_OK;
        if (st == SFI_ERR_HSM_COUNTER)
            st = SFI_OK;
    }
    sfi_hsm_free(hsm);
    return st == SFI_OK ? granted : st;
}

START_TEST(test_pin_changes_meanwhile)
{
    sfi_hsm *hsm = vault_new(&maker, path, allowed);

    sfi_hsm_free(hsm);
    for (size_t i = 0; i < STATIONS * per_station; i++)
        chip_share(&maker, &chips[i]);
    ck_assert_int_eq(pipe(gate_of_logins), 0);
    ck_assert_int_eq(together(STATIONS + 1, logged_in_station), (int)allowed);
    hsm = vault_login(path); /* an even number of changes; the chain verifies */
    ck_assert_uint_eq(vault_remaining(hsm), 0);
    sfi_hsm_free(hsm);
    for (size_t i = 0; i < STATIONS * per_station; i++)
        chip_free(&chips[i]);
}
END_TEST

/* Eight processes change the PIN at once, each to a different one: one
 * succeeds. */
static int
change_to_own(size_t which)
{
    sfi_hsm *hsm;
    sfi_status st = vault_open(path, &hsm);
    char pin[8];

    (void)snprintf(pin, sizeof(pin), "%04zu", which);
    if (st == SFI_OK)
        st = sfi_hsm_change_pin(hsm, MAKER_PIN, strlen(MAKER_PIN), pin, 4);
    sfi_hsm_free(hsm);
    if (st == SFI_ERR_HSM_PIN)
        return 0;
    return st == SFI_OK ? 1 + 100 * (int)which : st;
}

START_TEST(test_pin_changed_by_many)
{
    sfi_hsm *hsm = vault_new(&maker, path, 1);
    char pin[16];
    int sum;

    sfi_hsm_free(hsm);
    sum = together(8, change_to_own);
    ck_assert_int_eq(sum % 100, 1); /* one winner */
    (void)snprintf(pin, sizeof(pin), "%04d", sum / 100);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_int_eq(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)),
                     SFI_ERR_HSM_PIN);
    ck_assert_ok(sfi_hsm_login(hsm, pin, 4));
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- sessions ---- */

/* All stations want the same live sessions of the same chips: each session has
 * one record, each chip is counted once. */
static int
same_sessions(size_t which)
{
    sfi_hsm *hsm;
    sfi_status st = enter(&hsm);

    for (size_t i = 0; st == SFI_OK && i < per_station; i++) {
        size_t k = (i + 7 * which) % per_station;
        sfi_license *lic;

        st = sfi_hsm_generate_live_license(hsm, chips[k / 5].cert,
                                           1 + (uint32_t)(k % 5), &lic);
        sfi_license_free(lic);
    }
    sfi_hsm_free(hsm);
    return st;
}

START_TEST(test_same_sessions)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = vault_new(&maker, path, per_station);

    sfi_hsm_free(hsm);
    for (size_t i = 0; i < per_station / 5; i++)
        chip_share(&maker, &chips[i]);
    ck_assert_int_eq(together(STATIONS, same_sessions), 0);
    hsm = vault_login(path);
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(info.records, per_station);
    ck_assert_uint_eq(info.remaining, per_station - per_station / 5);
    sfi_hsm_free(hsm);
    for (size_t i = 0; i < per_station / 5; i++)
        chip_free(&chips[i]);
}
END_TEST

/* ---- provisioning: one of them does it ---- */

static int
provision(size_t which)
{
    sfi_hsm *hsm;
    sfi_status st = vault_open(path, &hsm);
    char pin[8];

    (void)snprintf(pin, sizeof(pin), "%04zu", which);
    if (st == SFI_OK)
        st = sfi_hsm_login(hsm, pin, 4);
    if (st == SFI_OK)
        st = sfi_hsm_provision(hsm, maker.key, maker.nonce, SFI_NONCE_LEN, pin,
                               which + 1, maker.perso, NULL);
    sfi_hsm_free(hsm);
    if (st == SFI_OK)
        return (int)which + 1;
    /* too late: it is locked, or another process's PIN protects it */
    return st == SFI_ERR_HSM_STATE || st == SFI_ERR_HSM_PIN ? 0 : st;
}

START_TEST(test_many_provision)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm;
    int winner = together(8, provision);

    ck_assert_int_ge(winner, 1);
    ck_assert_int_le(winner, 8);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(info.maximum, (unsigned)winner);
    sfi_hsm_free(hsm);
}
END_TEST

/* SQLite does not survive a fork: the child's copy of a handle refuses every
 * call, and closing it does not affect the parent's. */
START_TEST(test_forked)
{
    static const char message[] =
        "the vault was opened before a fork: open the HSM in the process that "
        "uses it";
    sfi_hsm *hsm = vault_new(&maker, path, 3);
    struct chip c;
    sfi_license *lic;
    int status;
    pid_t child;

    chip_make(&maker, MAKER_PRODUCT, &c);
    ck_assert_uint_eq(vault_remaining(hsm), 3);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        sfi_status st = sfi_hsm_generate_license(hsm, c.cert, &lic);
        bool right =
            st == SFI_ERR_STATE &&
            strcmp(sfi_error_message(sfi_ctx_error(ctx)), message) == 0 &&
            sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)) == SFI_ERR_STATE;

        sfi_hsm_free(hsm);
        if (right) /* memory that belongs to the parent is not a leak */
            (void)raise(SIGKILL);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ck_assert_ok(sfi_hsm_generate_license(hsm, c.cert, &lic));
    sfi_license_free(lic);
    ck_assert_uint_eq(vault_remaining(hsm), 2);
    sfi_hsm_free(hsm);
    chip_free(&c);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("vault_many");
    TCase *tc = tcase_create("many");

    tcase_set_timeout(tc, 110);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_stations);
    tcase_add_test(tc, test_same_chips);
    tcase_add_test(tc, test_many_logins);
    tcase_add_test(tc, test_waits_for_the_last_try);
    tcase_add_test(tc, test_many_guesses);
    tcase_add_test(tc, test_pin_changes_meanwhile);
    tcase_add_loop_test(tc, test_pin_changed_by_many, 0, 3);
    tcase_add_test(tc, test_same_sessions);
    tcase_add_loop_test(tc, test_many_provision, 0, 5);
    tcase_add_test(tc, test_forked);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
