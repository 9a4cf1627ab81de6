/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault whose process dies, whose disk loses power or fails, at every single
 * write: never a licence that was not counted, and it goes on. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sfi/license_batch.h>

#include "util/mem.h"

#include <disk/disk.h>
#include "fixture.h"
#include <bench/maker.h>

#define COUNT 3u
#define CHIPS 4u
/* Far more operations than one round has. */
#define OPERATIONS_MAX 1000u

static struct maker maker;
static struct chip chips[CHIPS];
static char dir[256], path[300];

static void
setup(void)
{
    fixture_setup();
    (void)maker_share(&maker);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.vault", dir);
    for (size_t i = 0; i < CHIPS; i++)
        chip_share(&maker, &chips[i]);
}

static void
teardown(void)
{
    test_rmdir(dir);
    for (size_t i = 0; i < CHIPS; i++)
        chip_free(&chips[i]);
    maker_free(&maker);
    fixture_teardown();
}

/* A fresh folder for the next round. */
static void
clean(void)
{
    test_rmdir(dir);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.vault", dir);
}

/* ---- the story, told to the parent as it goes ---- */

struct event {
    uint32_t chip; /* CHIPS: provisioned */
    uint8_t license[SFI_LICENSE_LEN];
};

struct told {
    bool provisioned;
    bool granted[CHIPS];
    uint8_t licenses[CHIPS][SFI_LICENSE_LEN];
};

static void
tell(int fd, uint32_t chip, const sfi_license *lic)
{
    struct event e = {.chip = chip};

    if (lic != NULL)
        memcpy(e.license, sfi_license_data(lic, NULL), sizeof(e.license));
    if (write(fd, &e, sizeof(e)) != (ssize_t)sizeof(e))
        _exit(1);
}

/* Three chips, one of them twice: each for itself, or all in one step. */
static const uint32_t order[] = {0, 1, 0, 2};
static bool at_once;

static sfi_status
ask_each(int fd, sfi_hsm *hsm)
{
    sfi_status st = SFI_OK;

    for (size_t i = 0; st == SFI_OK && i < ROWS(order); i++) {
        sfi_license *lic;

        st = sfi_hsm_generate_license(hsm, chips[order[i]].cert, &lic);
        if (st == SFI_OK)
            tell(fd, order[i], lic);
        sfi_license_free(lic);
    }
    return st;
}

/* As it is told. */
static uint32_t told_new;

static void
count_new(void *user, const sfi_license_result *r)
{
    (void)user;
    told_new += r->count == SFI_COUNT_NEW;
}

static sfi_status
ask_at_once(int fd, sfi_hsm *hsm)
{
    const sfi_certificate *certs[ROWS(order)];
    sfi_license *lics[ROWS(order)] = {NULL};
    sfi_status st;

    for (size_t i = 0; i < ROWS(order); i++)
        certs[i] = chips[order[i]].cert;
    st = sfi_hsm_generate_licenses(hsm, certs, NULL, ROWS(order), lics,
                                   count_new, NULL);
    for (size_t i = 0; i < ROWS(order); i++) {
        if (st == SFI_OK)
            tell(fd, order[i], lics[i]);
        sfi_license_free(lics[i]);
    }
    if (st == SFI_OK && told_new != COUNT)
        _exit(4);
    return st;
}

/* Provision; then, on another day, the chips.  Any status ends it; the disk may
 * end the process. */
static sfi_status
story(int fd)
{
    sfi_hsm *hsm;
    sfi_status st = vault_open(path, &hsm);

    if (st == SFI_OK)
        st = sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN));
    if (st == SFI_OK)
        st = sfi_hsm_provision(hsm, maker.key, maker.nonce, SFI_NONCE_LEN,
                               MAKER_FIRMWARE_ID, COUNT, maker.perso, NULL);
    sfi_hsm_free(hsm);
    hsm = NULL;
    if (st == SFI_OK) {
        tell(fd, CHIPS, NULL);
        st = vault_open(path, &hsm);
    }
    if (st == SFI_OK)
        st = sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN));
    if (st == SFI_OK)
        st = at_once ? ask_at_once(fd, hsm) : ask_each(fd, hsm);
    sfi_hsm_free(hsm);
    return st;
}

static void
listen_to(int fd, struct told *told)
{
    struct event e;
    ssize_t got;

    sfi__zero(told, sizeof(*told));
    while ((got = read(fd, &e, sizeof(e))) == (ssize_t)sizeof(e)) {
        if (e.chip == CHIPS) {
            told->provisioned = true;
            continue;
        }
        if (told->granted[e.chip])
            ck_assert_mem_eq(told->licenses[e.chip], e.license,
                             sizeof(e.license));
        told->granted[e.chip] = true;
        memcpy(told->licenses[e.chip], e.license, sizeof(e.license));
    }
    ck_assert_int_eq(got, 0);
}

/* The story in a process of its own; its exit status. */
static int
tell_story(enum disk_mode mode, size_t at, struct told *told)
{
    int fds[2];
    int status;
    pid_t pid;

    ck_assert_int_eq(pipe(fds), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        sfi_status st;

        (void)close(fds[0]);
        disk_install(mode, at);
        st = story(fds[1]);
        if (disk_operations() < at)
            _exit(0); /* the end was before */
        _exit(st == SFI_OK ? 2 : 3);
    }
    (void)close(fds[1]);
    listen_to(fds[0], told);
    (void)close(fds[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "at %zu: signal %d", at, status);
    return WEXITSTATUS(status);
}

/* ---- the day after ---- */

static void
check_blank(size_t at)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm;

    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_msg(info.state == SFI_HSM_BLANK, "at %zu: state %u", at,
                  info.state);
    sfi_hsm_free(hsm);
    hsm = vault_new(&maker, path, COUNT); /* it can be provisioned */
    sfi_hsm_free(hsm);
}

/* Everything granted was counted, at most one installation more was counted, or
 * the whole step, and every chip gets its licence. */
static void
check_counted(size_t at, const struct told *told)
{
    sfi_hsm *hsm = vault_login(path);
    uint64_t used = COUNT - vault_remaining(hsm);
    uint64_t granted = 0;
    uint64_t served = 0;

    for (size_t i = 0; i < CHIPS; i++)
        granted += told->granted[i];
    ck_assert_msg(granted == used || used == granted + (at_once ? COUNT : 1),
                  "at %zu: %llu granted, %llu counted", at,
                  (unsigned long long)granted, (unsigned long long)used);
    for (size_t i = 0; i < CHIPS; i++) {
        sfi_license *lic;
        sfi_status st = sfi_hsm_generate_license(hsm, chips[i].cert, &lic);

        if (st == SFI_ERR_HSM_COUNTER)
            continue;
        ck_assert_ok(st);
        chip_opens(&chips[i], &maker, lic);
        if (told->granted[i])
            ck_assert_mem_eq(sfi_license_data(lic, NULL), told->licenses[i],
                             SFI_LICENSE_LEN);
        sfi_license_free(lic);
        served++;
    }
    ck_assert_msg(served == COUNT, "at %zu: %llu chips served", at,
                  (unsigned long long)served);
    ck_assert_uint_eq(vault_remaining(hsm), 0);
    sfi_hsm_free(hsm);
}

static void
check_after(size_t at, const struct told *told)
{
    bool there = access(path, F_OK) == 0;

    ck_assert_msg(there || !told->provisioned, "at %zu: the vault is gone", at);
    if (there)
        check_counted(at, told);
    else
        check_blank(at);
}

static const enum disk_mode deaths[] = {DISK_KILLED, DISK_POWER_CUT, DISK_TORN,
                                        DISK_TORN_PAGES};

START_TEST(test_dies_at_every_write)
{
    struct told told;
    size_t at = 1;
    int status;

    at_once = (size_t)_i >= ROWS(deaths);
    do {
        status = tell_story(deaths[(size_t)_i % ROWS(deaths)], at, &told);
        ck_assert_msg(status == DISK_DEAD || status == 0, "at %zu: exit %d", at,
                      status);
        check_after(at, &told);
        clean();
        at += test_step(17);
    } while (status != 0 && at < OPERATIONS_MAX);
    ck_assert_int_eq(status, 0); /* the whole story was swept */
    ck_assert_uint_gt(at, 20);
}
END_TEST

static const enum disk_mode failures[] = {DISK_ERROR, DISK_FULL};

START_TEST(test_fails_at_every_write)
{
    struct told told;
    size_t at = 1;
    int status;

    at_once = (size_t)_i >= ROWS(failures);
    do {
        status = tell_story(failures[(size_t)_i % ROWS(failures)], at, &told);
        ck_assert_msg(status == 0 || status == 2 || status == 3,
                      "at %zu: exit %d", at, status);
        check_after(at, &told);
        clean();
        at += test_step(17);
    } while (status != 0 && at < OPERATIONS_MAX);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_gt(at, 20);
}
END_TEST

/* ---- another PIN, and the end ---- */

#define NEW_PIN "another-pin"

/* The progress that a process reported. */
enum step { STEP_NONE, STEP_CHANGED, STEP_RETIRED };

static void
step_to(int fd, enum step step)
{
    uint8_t byte = (uint8_t)step;

    if (write(fd, &byte, 1) != 1)
        _exit(1);
}

static sfi_status
change_and_retire(int fd)
{
    sfi_hsm *hsm;
    sfi_status st = vault_open(path, &hsm);

    if (st == SFI_OK)
        st = sfi_hsm_change_pin(hsm, MAKER_PIN, strlen(MAKER_PIN), NEW_PIN,
                                strlen(NEW_PIN));
    if (st == SFI_OK) {
        step_to(fd, STEP_CHANGED);
        st = sfi_hsm_retire(hsm);
    }
    if (st == SFI_OK)
        step_to(fd, STEP_RETIRED);
    sfi_hsm_free(hsm);
    return st;
}

/* The same in a process of its own; `step`: the last step that it reported. */
static int
change_in_process(enum disk_mode mode, size_t at, enum step *step)
{
    uint8_t byte;
    int fds[2];
    int status;
    pid_t pid;

    ck_assert_int_eq(pipe(fds), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        sfi_status st;

        (void)close(fds[0]);
        disk_install(mode, at);
        st = change_and_retire(fds[1]);
        if (disk_operations() < at)
            _exit(0); /* the end was before */
        _exit(st == SFI_OK ? 2 : 3);
    }
    (void)close(fds[1]);
    *step = STEP_NONE;
    while (read(fds[0], &byte, 1) == 1)
        *step = (enum step)byte;
    (void)close(fds[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "at %zu: signal %d", at, status);
    return WEXITSTATUS(status);
}

/* Exactly one of the two PINs is right, the new one if it was said to be; what
 * was counted stays counted. */
static void
check_changed(size_t at, enum step step)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm;
    sfi_status by_old, by_new;
    uint32_t state;

    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    state = info.state;
    ck_assert_msg(info.remaining == COUNT - 1, "at %zu: %llu left", at,
                  (unsigned long long)info.remaining);
    ck_assert_uint_ge(info.pin_tries_left, 9);
    by_old = sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN));
    by_new = sfi_hsm_login(hsm, NEW_PIN, strlen(NEW_PIN));
    ck_assert_msg((by_old == SFI_OK) != (by_new == SFI_OK),
                  "at %zu: old PIN: %s, new PIN: %s", at,
                  sfi_status_name(by_old), sfi_status_name(by_new));
    ck_assert_msg(step == STEP_NONE || by_new == SFI_OK,
                  "at %zu: the old PIN is back", at);
    ck_assert_msg(step != STEP_RETIRED || state == SFI_HSM_RETIRED,
                  "at %zu: no longer retired", at);
    ck_assert(state == SFI_HSM_RETIRED || state == SFI_HSM_OPERATIONAL);
    sfi_hsm_free(hsm);
}

/* A vault with one licence given. */
static void
start_anew(void)
{
    sfi_license *lic;
    sfi_hsm *hsm;

    clean();
    hsm = vault_new(&maker, path, COUNT);
    ck_assert_ok(sfi_hsm_generate_license(hsm, chips[0].cert, &lic));
    sfi_license_free(lic);
    sfi_hsm_free(hsm);
}

static const enum disk_mode all_ends[] = {DISK_KILLED, DISK_POWER_CUT,
                                          DISK_TORN, DISK_ERROR, DISK_FULL};

START_TEST(test_change_pin_at_every_write)
{
    enum step step;
    size_t at = 1;
    int status;

    disk_install(DISK_FAST, 0);
    do {
        start_anew();
        status = change_in_process(all_ends[_i], at, &step);
        ck_assert_msg(status != 1, "at %zu: exit %d", at, status);
        check_changed(at, step);
        at += test_step(17);
    } while (status != 0 && at < OPERATIONS_MAX);
    ck_assert_int_eq(status, 0); /* all of it was swept */
    ck_assert_int_eq(step, STEP_RETIRED);
    ck_assert_uint_gt(at, 10);
}
END_TEST

/* ---- the machine's errors have their own names ---- */

START_TEST(test_disk_messages)
{
    static const struct {
        enum disk_mode mode;
        const char *message;
    } rows[] = {
        {DISK_FULL, "the vault cannot be written: No space left on device"},
        {DISK_ERROR, "the vault cannot be read or written: Input/output error"},
    };
    sfi_license *lic;
    char where[320];
    sfi_hsm *hsm;

    (void)snprintf(where, sizeof(where), "vault:%s", path);
    disk_install(DISK_FAST, 0);
    hsm = vault_new(&maker, path, COUNT);
    sfi_hsm_free(hsm);
    hsm = vault_login(path);
    for (size_t i = 0; i < ROWS(rows); i++) {
        disk_install(rows[i].mode, 1);
        ck_assert_fails(sfi_hsm_generate_license(hsm, chips[i].cert, &lic),
                        SFI_ERR_OS, where, rows[i].message);
        ck_assert_ptr_null(lic);
        disk_install(DISK_FAST, 0);
        ck_assert_uint_eq(vault_remaining(hsm), COUNT - i);
        ck_assert_ok(sfi_hsm_generate_license(hsm, chips[i].cert, &lic));
        sfi_license_free(lic);
    }
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- nothing leaves before it is on the disk ---- */

/* How many writes and syncs a licence takes. */
static size_t
operations_of(sfi_hsm *hsm, const struct chip *c)
{
    sfi_license *lic;

    disk_install(DISK_FAST, 0);
    ck_assert_ok(sfi_hsm_generate_license(hsm, c->cert, &lic));
    sfi_license_free(lic);
    return disk_operations();
}

/* A record of another process may not be synced yet: sync it, once. */
START_TEST(test_syncs_for_others)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_hsm *one, *two;

    disk_install(DISK_FAST, 0);
    one = vault_new(&maker, path, COUNT);
    two = vault_login(path);
    ck_assert_uint_ge(operations_of(one, &chips[0]), 2);
    ck_assert_uint_eq(operations_of(one, &chips[0]), 0);
    ck_assert_uint_eq(operations_of(two, &chips[0]), 1);
    ck_assert_uint_eq(operations_of(two, &chips[0]), 0);
    ck_assert_uint_ge(operations_of(two, &chips[1]), 2);
    disk_install(DISK_FAST, 0);
    ck_assert_ok(sfi_hsm_get_audit_head(one, &head));
    ck_assert_uint_eq(disk_operations(), 1);
    ck_assert_ok(sfi_hsm_get_audit_head(one, &head));
    ck_assert_uint_eq(operations_of(one, &chips[1]), 0);
    ck_assert_uint_eq(disk_operations(), 0);
    sfi_hsm_free(one);
    sfi_hsm_free(two);
}
END_TEST

/* After a failed sync the pages are lost: the next sync would succeed without
 * writing them. */
START_TEST(test_refused_sync)
{
    sfi_license *lic;
    sfi_hsm *hsm;
    size_t last;

    disk_install(DISK_FAST, 0);
    hsm = vault_new(&maker, path, COUNT);
    ck_assert_uint_gt(operations_of(hsm, &chips[0]), 0);
    last = operations_of(hsm, &chips[1]);
    disk_install(DISK_FULL, last); /* its sync, and all later ones */
    ck_assert_int_eq(sfi_hsm_generate_license(hsm, chips[2].cert, &lic),
                     SFI_ERR_OS);
    ck_assert_uint_gt(disk_operations(), last);
    disk_install(DISK_FAST, 0);
    ck_assert_uint_eq(vault_remaining(hsm), COUNT - 3); /* counted already */
    /* the log is synced, its pages are written to the file, that is synced */
    ck_assert_uint_ge(operations_of(hsm, &chips[2]), 3);
    ck_assert_uint_eq(operations_of(hsm, &chips[2]), 0);
    sfi_hsm_free(hsm);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("vault_crash");
    TCase *tc = tcase_create("crash");

    tcase_set_timeout(tc, 300);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_dies_at_every_write, 0, 2 * (int)ROWS(deaths));
    tcase_add_loop_test(tc, test_fails_at_every_write, 0,
                        2 * (int)ROWS(failures));
    tcase_add_loop_test(tc, test_change_pin_at_every_write, 0,
                        (int)ROWS(all_ends));
    tcase_add_test(tc, test_disk_messages);
    tcase_add_test(tc, test_syncs_for_others);
    tcase_add_test(tc, test_refused_sync);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
