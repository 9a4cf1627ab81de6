/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* kill -9 at every system call: whatever a vault was doing, what was granted is
 * counted, at most one installation more is, the chain verifies, each device
 * gets its licence, and whoever comes next goes on at once. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sfi/license_batch.h>

#include "util/mem.h"

#include "fixture.h"
#include <disk/killer.h>
#include <bench/maker.h>

/* Chips 0 to USED - 1 were counted before; WANTED is asked for by the process
 * that dies, NEIGHBOUR by one that lives beside it; ROOM are left in all. */
enum { USED = 2, WANTED = 2, NEIGHBOUR, LAST, TOO_MANY, CHIPS };
#define ROOM 3u
/* SQLite moves the log into the file at 1000 pages; login and licences of a
 * scene write some forty. */
#define LOG_NEARLY_FULL (994L * (4096 + 24))
#define FILLERS_MAX 500u
#define SESSION 0x12345678u
#define NEW_PIN "8765-4321"
/* Far more system calls than a scene makes. */
#define STOPS_MAX 4000u

/* Under a sanitiser a process is expensive, and its death shows nothing
 * more. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STEP 5u
#endif
#endif
#ifndef STEP
#define STEP 1u
#endif

struct event {
    uint32_t chip; /* TOO_MANY: something else was reached */
    uint8_t license[SFI_LICENSE_LEN];
};

static struct maker maker;
static struct chip chips[CHIPS];
static uint8_t licenses[CHIPS][SFI_LICENSE_LEN];
static bool granted[CHIPS];
static char dir[256], path[300], kept[300];
static uint64_t room; /* installations left when a round begins */

static void
setup(void)
{
    fixture_setup();
    (void)maker_share(&maker);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.vault", dir);
    (void)snprintf(kept, sizeof(kept), "%s/kept", dir);
    for (size_t i = 0; i < CHIPS; i++)
        chip_make(&maker, MAKER_PRODUCT, &chips[i]);
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

/* ---- the vault that every round begins with ---- */

static bool
copy(const char *from, const char *to, const char *suffix)
{
    char source[320], target[320];
    uint8_t block[65536];
    FILE *in, *out;
    size_t len;

    (void)snprintf(source, sizeof(source), "%s%s", from, suffix);
    (void)snprintf(target, sizeof(target), "%s%s", to, suffix);
    (void)unlink(target);
    in = fopen(source, "rb");
    if (in == NULL)
        return false;
    out = fopen(target, "wb");
    ck_assert_ptr_nonnull(out);
    while ((len = fread(block, 1, sizeof(block), in)) > 0)
        ck_assert_uint_eq(fwrite(block, 1, len, out), len);
    ck_assert_int_eq(fclose(in), 0);
    ck_assert_int_eq(fclose(out), 0);
    return true;
}

static void
keep(void)
{
    ck_assert(copy(path, kept, ""));
    (void)copy(path, kept, "-wal");
}

static void
restore(void)
{
    char shm[320];

    (void)snprintf(shm, sizeof(shm), "%s-shm", path);
    (void)unlink(shm);
    (void)copy(kept, path, "");
    (void)copy(kept, path, "-wal");
    for (size_t i = USED; i < CHIPS; i++)
        granted[i] = false;
}

static sfi_status
license(sfi_hsm *hsm, size_t chip, uint8_t *out)
{
    sfi_license *lic;
    sfi_status st = sfi_hsm_generate_license(hsm, chips[chip].cert, &lic);

    if (st == SFI_OK)
        memcpy(out, sfi_license_data(lic, NULL), SFI_LICENSE_LEN);
    sfi_license_free(lic);
    return st;
}

static sfi_hsm *
use(uint64_t count)
{
    sfi_hsm *hsm = vault_new(&maker, path, count);

    for (size_t i = 0; i < USED; i++) {
        ck_assert_ok(license(hsm, i, licenses[i]));
        granted[i] = true;
    }
    room = vault_remaining(hsm);
    return hsm;
}

static void
begin_used(void)
{
    sfi_hsm_free(use(USED + ROOM));
    keep();
}

/* As a killed process leaves it: closing would move the log into the file. */
static void
begin_left(void)
{
    sfi_hsm *hsm = use(USED + ROOM);

    keep();
    sfi_hsm_free(hsm);
}

static long
log_size(void)
{
    struct stat st;
    char wal[320];

    (void)snprintf(wal, sizeof(wal), "%s-wal", path);
    return stat(wal, &st) == 0 ? (long)st.st_size : 0;
}

/* The same, and the log is nearly full. */
static void
begin_full_log(void)
{
    sfi_hsm *hsm = use(FILLERS_MAX);
    struct chip wanted = chips[WANTED];
    uint8_t unused[SFI_LICENSE_LEN];

    while (log_size() < LOG_NEARLY_FULL) {
        chip_make(&maker, MAKER_PRODUCT, &chips[WANTED]);
        ck_assert_ok(license(hsm, WANTED, unused));
        chip_free(&chips[WANTED]);
    }
    chips[WANTED] = wanted;
    room = vault_remaining(hsm);
    keep();
    sfi_hsm_free(hsm);
}

/* ---- what the process does that dies ---- */

static sfi_hsm *victim;

static int
open_it(void)
{
    return vault_open(path, &victim) == SFI_OK ? 0 : 1;
}

static int
log_in(void)
{
    if (open_it() != 0 ||
        sfi_hsm_login(victim, MAKER_PIN, strlen(MAKER_PIN)) != SFI_OK)
        return 1;
    return 0;
}

static int
license_and_tell(int fd, uint32_t chip)
{
    struct event e = {.chip = chip};

    if (license(victim, chip, e.license) != SFI_OK)
        return 2;
    killer_tell(fd, &e, sizeof(e));
    return 0;
}

static void
tell_reached(int fd)
{
    struct event e = {.chip = TOO_MANY};

    killer_tell(fd, &e, sizeof(e));
}

/* Two chips that are new, and one that is not, in one step. */
static int
act_step(int fd)
{
    static const uint32_t asked[] = {WANTED, 0, NEIGHBOUR};
    const sfi_certificate *certs[ROWS(asked)];
    sfi_license *lics[ROWS(asked)];

    for (size_t i = 0; i < ROWS(asked); i++)
        certs[i] = chips[asked[i]].cert;
    if (sfi_hsm_generate_licenses(victim, certs, NULL, ROWS(asked), lics, NULL,
                                  NULL) != SFI_OK)
        return 2;
    for (size_t i = 0; i < ROWS(asked); i++) {
        struct event e = {.chip = asked[i]};

        memcpy(e.license, sfi_license_data(lics[i], NULL), sizeof(e.license));
        killer_tell(fd, &e, sizeof(e));
        sfi_license_free(lics[i]);
    }
    sfi_hsm_free(victim);
    return 0;
}

/* The same by a batch, into a folder. */
static sfi_status
run_batch(sfi_hsm *hsm)
{
    char shelf[320];
    sfi_license_store *store = NULL;
    sfi_license_batch *batch = NULL;
    sfi_status st;

    (void)snprintf(shelf, sizeof(shelf), "%s/store", dir);
    st = sfi_license_store_open(ctx, shelf, 1, &store);
    if (st == SFI_OK)
        st = sfi_license_batch_new(ctx, hsm, store, &batch);
    if (st == SFI_OK)
        st = sfi_license_batch_add_certificate(batch, chips[WANTED].cert);
    if (st == SFI_OK)
        st = sfi_license_batch_add_certificate(batch, chips[NEIGHBOUR].cert);
    if (st == SFI_OK)
        st = sfi_license_batch_run(batch);
    sfi_license_batch_free(batch);
    sfi_license_store_free(store);
    return st;
}

static int
act_batch(int fd)
{
    if (run_batch(victim) != SFI_OK)
        return 2;
    tell_reached(fd);
    sfi_hsm_free(victim);
    return 0;
}

/* Includes closing, which moves the log into the file. */
static int
act_license(int fd)
{
    int status = license_and_tell(fd, WANTED);

    sfi_hsm_free(victim);
    return status;
}

static int
act_again(int fd)
{
    int status = license_and_tell(fd, 0);

    if (status == 0)
        status = license_and_tell(fd, 1);
    sfi_hsm_free(victim);
    return status;
}

static int
act_two(int fd)
{
    int status = license_and_tell(fd, WANTED);

    return status == 0 ? license_and_tell(fd, NEIGHBOUR) : status;
}

/* Reads the log that another process left behind. */
static int
act_open(int fd)
{
    if (open_it() != 0 || room != vault_remaining(victim))
        return 2;
    tell_reached(fd);
    sfi_hsm_free(victim);
    return 0;
}

static int
act_login(int fd)
{
    if (sfi_hsm_login(victim, MAKER_PIN, strlen(MAKER_PIN)) != SFI_OK)
        return 2;
    tell_reached(fd);
    sfi_hsm_free(victim);
    return 0;
}

static int
act_guess(int fd)
{
    if (sfi_hsm_login(victim, "0000", 4) != SFI_ERR_HSM_PIN)
        return 2;
    tell_reached(fd);
    sfi_hsm_free(victim);
    return 0;
}

/* Another licence for a counted chip costs no installation. */
static int
act_live(int fd)
{
    sfi_license *lic;

    if (sfi_hsm_generate_live_license(victim, chips[0].cert, SESSION, &lic) !=
        SFI_OK)
        return 2;
    tell_reached(fd);
    sfi_license_free(lic);
    sfi_hsm_free(victim);
    return 0;
}

static int
act_change_pin(int fd)
{
    if (sfi_hsm_change_pin(victim, MAKER_PIN, strlen(MAKER_PIN), NEW_PIN,
                           strlen(NEW_PIN)) != SFI_OK)
        return 2;
    tell_reached(fd);
    sfi_hsm_free(victim);
    return 0;
}

static int
act_retire(int fd)
{
    if (sfi_hsm_retire(victim) != SFI_OK)
        return 2;
    tell_reached(fd);
    sfi_hsm_free(victim);
    return 0;
}

static int
act_provision(int fd)
{
    victim = vault_new(&maker, path, ROOM);
    tell_reached(fd);
    sfi_hsm_free(victim);
    return 0;
}

/* ---- what is there afterwards ---- */

/* Of what the process told. */
struct told {
    bool reached;
    size_t licenses; /* of chips that were not counted before */
};

static void
take(size_t at, const struct event *e, struct told *told)
{
    if (e->chip == TOO_MANY) {
        told->reached = true;
        return;
    }
    if (granted[e->chip])
        ck_assert_msg(
            memcmp(licenses[e->chip], e->license, sizeof(e->license)) == 0,
            "at %zu: chip %u got another licence", at, e->chip);
    else
        told->licenses++;
    granted[e->chip] = true;
    memcpy(licenses[e->chip], e->license, sizeof(e->license));
}

/* The chip gets the same licence as before, or its first one if it may be
 * counted. */
static void
serve(sfi_hsm *hsm, size_t at, size_t chip)
{
    uint8_t got[SFI_LICENSE_LEN];
    sfi_status st = license(hsm, chip, got);

    ck_assert_msg(st == SFI_OK, "at %zu: chip %zu: %s", at, chip,
                  sfi_error_message(sfi_ctx_error(ctx)));
    if (granted[chip])
        ck_assert_msg(memcmp(got, licenses[chip], sizeof(got)) == 0,
                      "at %zu: chip %zu got another licence", at, chip);
    granted[chip] = true;
    memcpy(licenses[chip], got, sizeof(got));
}

/* All that may be installed is installed, and nothing more. */
static void
serve_all(sfi_hsm *hsm, size_t at)
{
    uint8_t got[SFI_LICENSE_LEN];

    for (size_t i = 0; i < TOO_MANY; i++)
        serve(hsm, at, i);
    if (room > ROOM)
        return;
    ck_assert_uint_eq(vault_remaining(hsm), 0);
    ck_assert_int_eq(license(hsm, TOO_MANY, got), SFI_ERR_HSM_COUNTER);
}

/* A login verifies every record. */
static void
check_counted(size_t at, const struct told *told)
{
    sfi_hsm *hsm = vault_login(path);
    uint64_t used = room - vault_remaining(hsm);

    ck_assert_msg(told->licenses <= used && used <= told->licenses + 1,
                  "at %zu: %zu granted, %llu counted", at, told->licenses,
                  (unsigned long long)used);
    serve_all(hsm, at);
    sfi_hsm_free(hsm);
    hsm = vault_login(path);
    sfi_hsm_free(hsm);
}

/* All or nothing: two were counted, or none. */
static void
check_step(size_t at, const struct told *told)
{
    sfi_hsm *hsm = vault_login(path);
    uint64_t used = room - vault_remaining(hsm);

    ck_assert_msg(used == 2 || (used == 0 && told->licenses == 0),
                  "at %zu: %zu granted, %llu counted", at, told->licenses,
                  (unsigned long long)used);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    serve_all(hsm, at);
    sfi_hsm_free(hsm);
}

/* Counted together; a licence in the folder is whole; the next batch completes
 * it, and counts nothing twice. */
static void
check_batch(size_t at, const struct told *told)
{
    static const size_t asked[] = {WANTED, NEIGHBOUR};
    char shelf[320];
    sfi_license_store *store;
    sfi_hsm *hsm = vault_login(path);
    uint64_t used = room - vault_remaining(hsm);

    (void)snprintf(shelf, sizeof(shelf), "%s/store", dir);
    ck_assert_ok(sfi_license_store_open(ctx, shelf, 1, &store));
    ck_assert_msg(used == 2 || (used == 0 && !told->reached),
                  "at %zu: %llu counted", at, (unsigned long long)used);
    for (size_t i = 0; i < ROWS(asked); i++) {
        sfi_license *lic;

        ck_assert_ok(sfi_license_store_find(store, chips[asked[i]].cert, &lic));
        ck_assert_msg(lic != NULL || !told->reached, "at %zu: lost", at);
        ck_assert_msg(lic == NULL || used == 2, "at %zu: not counted", at);
        sfi_license_free(lic);
    }
    ck_assert_ok(run_batch(hsm));
    ck_assert_uint_eq(vault_remaining(hsm), room - 2);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    sfi_license_store_free(store);
    test_rmdir(shelf);
    sfi_hsm_free(hsm);
}

/* What costs no installation. */
static void
check_free(size_t at, const struct told *told)
{
    sfi_hsm *hsm = vault_login(path);

    (void)told;
    ck_assert_uint_eq(vault_remaining(hsm), room);
    serve_all(hsm, at);
    sfi_hsm_free(hsm);
}

static uint32_t
tries_left(void)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm;

    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    sfi_hsm_free(hsm);
    return info.pin_tries_left;
}

static void
check_login(size_t at, const struct told *told)
{
    uint32_t tries = tries_left();

    ck_assert_msg(tries == 10 || (tries == 9 && !told->reached),
                  "at %zu: %u tries left", at, tries);
    check_free(at, told);
    ck_assert_uint_eq(tries_left(), 10);
}

static void
check_guess(size_t at, const struct told *told)
{
    uint32_t tries = tries_left();

    ck_assert_msg(tries == 9 || (tries == 10 && !told->reached),
                  "at %zu: %u tries left", at, tries);
    check_free(at, told);
}

static uint32_t
state(sfi_hsm *hsm, uint64_t *records)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    *records = info.records;
    return info.state;
}

/* Without a record the closing record is made now; then there is one. */
static void
check_live(size_t at, const struct told *told)
{
    sfi_hsm *hsm = vault_login(path);
    sfi_license *lic;
    uint64_t records;

    (void)state(hsm, &records);
    ck_assert_msg(records == USED + 1 || (records == USED && !told->reached),
                  "at %zu: %llu records", at, (unsigned long long)records);
    ck_assert_ok(
        sfi_hsm_generate_live_license(hsm, chips[0].cert, SESSION, &lic));
    sfi_license_free(lic);
    (void)state(hsm, &records);
    ck_assert_uint_eq(records, USED + 1);
    sfi_hsm_free(hsm);
    check_free(at, told);
}

/* Exactly one of the two PINs opens it. */
static void
check_pin(size_t at, const struct told *told)
{
    sfi_hsm *hsm;
    bool is_new;

    ck_assert_ok(vault_open(path, &hsm));
    is_new = sfi_hsm_login(hsm, NEW_PIN, strlen(NEW_PIN)) == SFI_OK;
    ck_assert_msg(is_new || !told->reached, "at %zu: the old PIN", at);
    if (is_new) {
        ck_assert_int_eq(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)),
                         SFI_ERR_HSM_PIN);
        ck_assert_int_eq(sfi_hsm_change_pin(hsm, NEW_PIN, strlen(NEW_PIN),
                                            MAKER_PIN, strlen(MAKER_PIN)),
                         SFI_OK);
    }
    sfi_hsm_free(hsm);
    check_free(at, told);
}

static void
check_retired(size_t at, const struct told *told)
{
    sfi_hsm *hsm = vault_login(path);
    uint8_t unused[SFI_LICENSE_LEN];
    uint64_t records;
    bool retired = state(hsm, &records) == SFI_HSM_RETIRED;

    ck_assert_msg(retired || !told->reached, "at %zu: not retired", at);
    ck_assert_int_eq(sfi_hsm_retire(hsm), retired ? SFI_ERR_HSM_STATE : SFI_OK);
    ck_assert_int_eq(license(hsm, 0, unused), SFI_ERR_HSM_STATE);
    ck_assert_int_eq(license(hsm, LAST, unused), SFI_ERR_HSM_STATE);
    sfi_hsm_free(hsm);
    hsm = vault_login(path);
    ck_assert_uint_eq(state(hsm, &records), SFI_HSM_RETIRED);
    ck_assert_uint_eq(records, USED + 1);
    ck_assert_uint_eq(vault_remaining(hsm), room);
    sfi_hsm_free(hsm);
}

static void
check_provision(size_t at, const struct told *told)
{
    bool there = access(path, F_OK) == 0;
    sfi_hsm *hsm;

    ck_assert_msg(there || !told->reached, "at %zu: the vault is gone", at);
    hsm = there ? vault_login(path) : vault_new(&maker, path, ROOM);
    ck_assert_uint_eq(vault_remaining(hsm), ROOM);
    serve(hsm, at, 0);
    sfi_hsm_free(hsm);
    granted[0] = false;
    test_rmdir(dir);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.vault", dir);
}

/* ---- one that lives beside it ---- */

static struct {
    pid_t pid;
    int go, tells;
} neighbour;

static void
neighbour_lives(int go, int tells)
{
    struct event e = {.chip = NEIGHBOUR};
    char byte;

    if (log_in() != 0 || write(tells, "", 1) != 1 || read(go, &byte, 1) != 1 ||
        license(victim, NEIGHBOUR, e.license) != SFI_OK)
        _exit(1);
    killer_tell(tells, &e, sizeof(e));
    sfi_hsm_free(victim);
    _exit(0);
}

/* The neighbour is logged in before the other process dies ... */
static void
neighbour_begin(void)
{
    int go[2], tells[2];
    char byte;

    ck_assert_int_eq(pipe(go), 0);
    ck_assert_int_eq(pipe(tells), 0);
    neighbour.pid = fork();
    ck_assert_int_ge(neighbour.pid, 0);
    if (neighbour.pid == 0)
        neighbour_lives(go[0], tells[1]);
    (void)close(go[0]);
    (void)close(tells[1]);
    neighbour.go = go[1];
    neighbour.tells = tells[0];
    ck_assert_int_eq(read(neighbour.tells, &byte, 1), 1);
}

/* ... and gets a licence after that. */
static void
neighbour_end(size_t at, struct told *told)
{
    struct event e;
    int status;

    ck_assert_int_eq(write(neighbour.go, "", 1), 1);
    ck_assert_msg(read(neighbour.tells, &e, sizeof(e)) == (ssize_t)sizeof(e),
                  "at %zu: the other process got nothing", at);
    take(at, &e, told);
    ck_assert_int_eq(waitpid(neighbour.pid, &status, 0), neighbour.pid);
    ck_assert_int_eq(status, 0);
    (void)close(neighbour.go);
    (void)close(neighbour.tells);
}

/* ---- the sweep ---- */

static const struct scene {
    const char *name;
    void (*begin)(void); /* NULL: blank */
    struct killer_work work;
    void (*check)(size_t at, const struct told *told);
    bool beside; /* another process is logged in all the time */
} scenes[] = {
    {"a licence", begin_used, {log_in, act_license}, check_counted, false},
    {"the same, beside another",
     begin_used,
     {log_in, act_license},
     check_counted,
     true},
    {"licences that fill the log",
     begin_full_log,
     {log_in, act_two},
     check_counted,
     false},
    {"several in one step", begin_used, {log_in, act_step}, check_step, false},
    {"several, and the log is full",
     begin_full_log,
     {log_in, act_step},
     check_step,
     false},
    {"a batch", begin_used, {log_in, act_batch}, check_batch, false},
    {"a licence again", begin_used, {log_in, act_again}, check_free, false},
    {"opening", begin_left, {NULL, act_open}, check_free, false},
    {"a login", begin_used, {open_it, act_login}, check_login, false},
    {"a wrong PIN", begin_used, {open_it, act_guess}, check_guess, false},
    {"a live licence", begin_used, {log_in, act_live}, check_live, false},
    {"another PIN", begin_used, {open_it, act_change_pin}, check_pin, false},
    {"the end", begin_used, {log_in, act_retire}, check_retired, false},
    {"provisioning", NULL, {NULL, act_provision}, check_provision, false},
};

/* KILLER_DIED: there is more to sweep. */
static int
round_at(const struct scene *s, size_t at)
{
    struct event events[8];
    struct told told = {0};
    size_t len;
    int end;

    if (s->begin != NULL)
        restore();
    if (s->beside)
        neighbour_begin();
    end = killer_run(&s->work, at, events, sizeof(events), &len);
    ck_assert_msg(end == KILLER_DIED || end == 0, "%s, at %zu: exit %d",
                  s->name, at, end);
    ck_assert_uint_eq(len % sizeof(*events), 0);
    for (size_t i = 0; i < len / sizeof(*events); i++)
        take(at, &events[i], &told);
    if (s->beside)
        neighbour_end(at, &told);
    s->check(at, &told);
    return end;
}

START_TEST(test_killed_at_every_call)
{
    const struct scene *s = &scenes[_i];
    size_t at = 1;

    if (s->begin != NULL)
        s->begin();
    while (round_at(s, at) == KILLER_DIED) {
        at += STEP * test_step(7);
        ck_assert_uint_lt(at, STOPS_MAX);
    }
    ck_assert_uint_gt(at, 40); /* it made many system calls */
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("kill");
    TCase *tc = tcase_create("kill");

    if (!killer_allowed())
        return 77;
    tcase_set_timeout(tc, 200);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_killed_at_every_call, 0, (int)ROWS(scenes));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
