/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What else happens to a vault on a factory's floor: no room, no right to
 * write, another clock, yesterday's copy. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sfi/audit.h>
#include <sfi/license_batch.h>

#include "util/mem.h"

#include "fixture.h"
#include <bench/maker.h>

#define COUNT 500u

static struct maker maker;
static char dir[256], path[300], where[320];

static void
name_vault(void)
{
    (void)snprintf(path, sizeof(path), "%s/line.vault", dir);
    (void)snprintf(where, sizeof(where), "vault:%s", path);
}

static void
setup(void)
{
    fixture_setup();
    (void)maker_share(&maker);
    test_mkdir(dir, sizeof(dir));
    name_vault();
}

static void
teardown(void)
{
    test_rmdir(dir);
    maker_free(&maker);
    fixture_teardown();
}

static sfi_status
license(sfi_hsm *hsm, const struct chip *c)
{
    sfi_license *lic;
    sfi_status st = sfi_hsm_generate_license(hsm, c->cert, &lic);

    sfi_license_free(lic);
    return st;
}

/* Run in a process of its own, whose changes to itself end with it; returns its
 * status. */
static int
apart(int (*work)(void))
{
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(work());
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "it died: %d", status);
    return WEXITSTATUS(status);
}

/* ---- no right to write ---- */

#define NOBODY 65534u

/* For root no file is read-only. */
static int
become_nobody(void)
{
    return geteuid() != 0 || setuid(NOBODY) == 0 ? 0 : 1;
}

static void
hand_over(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char name[320];

    if (geteuid() != 0)
        return;
    ck_assert_int_eq(chown(dir, NOBODY, NOBODY), 0);
    for (size_t i = 0; i < ROWS(suffixes); i++) {
        (void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        ck_assert(chown(name, NOBODY, NOBODY) == 0 || errno == ENOENT);
    }
}

/* Whoever may read the vault may look at it, if nothing else has it open. */
static int
look_read_only(void)
{
    sfi_audit_record record = {.struct_size = sizeof(record)};
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm;
    bool right;

    if (become_nobody() != 0)
        return 1;
    if (vault_open(path, &hsm) != SFI_OK ||
        sfi_hsm_get_info(hsm, &info) != SFI_OK ||
        sfi_hsm_get_audit_record(hsm, 1, &record) != SFI_OK)
        return 2;
    right = info.remaining == COUNT - 1 && record.sequence == 1;
    sfi_hsm_free(hsm);
    return right ? 0 : 3;
}

/* No guess is free: if the try cannot be written, the PIN is not tried. */
static int
log_in_read_only(void)
{
    static const char message[] =
        "the vault cannot be opened for writing: Permission denied";
    const sfi_error *err;
    sfi_hsm *hsm;

    if (become_nobody() != 0)
        return 1;
    if (vault_open(path, &hsm) == SFI_OK &&
        sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)) == SFI_OK)
        return 2;
    sfi_hsm_free(hsm);
    err = sfi_ctx_error(ctx);
    return sfi_error_status(err) == SFI_ERR_ACCESS &&
                   strcmp(sfi_error_message(err), message) == 0 &&
                   strcmp(sfi_error_where(err), where) == 0
               ? 0
               : 3;
}

static const struct {
    const char *name;
    unsigned file, folder;
} read_only[] = {
    {"file", 0400, 0700},
    {"file and folder", 0400, 0500},
    {"folder", 0600, 0500},
    {"nothing to read", 0, 0700},
};

START_TEST(test_read_only)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    struct chip c;

    chip_make(&maker, MAKER_PRODUCT, &c);
    ck_assert_ok(license(hsm, &c));
    sfi_hsm_free(hsm);
    hand_over();
    ck_assert_int_eq(chmod(path, read_only[_i].file), 0);
    ck_assert_int_eq(chmod(dir, read_only[_i].folder), 0);
    ck_assert_msg(apart(log_in_read_only) == 0, "%s", read_only[_i].name);
    if (read_only[_i].file != 0)
        ck_assert_int_eq(apart(look_read_only), 0);
    ck_assert_int_eq(chmod(dir, 0700), 0);
    ck_assert_int_eq(chmod(path, 0600), 0);
    hsm = vault_login(path);
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(info.remaining, COUNT - 1);
    ck_assert_ok(license(hsm, &c));
    sfi_hsm_free(hsm);
    chip_free(&c);
}
END_TEST

/* ---- no room: a real file system that is full ---- */

#define CHIPS 300u
#define SMALL "size=96k"
#define LARGE "size=8m"

static struct chip chips[CHIPS];

/* A small tmpfs over `dir`, seen by this process alone. */
static bool
mount_small(void)
{
    if (unshare(CLONE_NEWNS) != 0)
        return false;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", dir, "tmpfs", 0, SMALL) == 0;
}

#define SKIPPED 77

/* Steps of many, until one does not fit: not one of it is counted. */
#define STEP 50u

static void
tell_no_count(void *user, const sfi_license_result *r)
{
    *(bool *)user |= r->count != SFI_COUNT_NONE;
}

static int
fill_up_by_steps(void)
{
    const sfi_certificate *certs[CHIPS];
    size_t granted = 0;
    bool told = false;
    sfi_hsm *hsm;
    sfi_status st;

    if (!mount_small())
        return SKIPPED;
    for (size_t i = 0; i < CHIPS; i++)
        certs[i] = chips[i].cert;
    hsm = vault_new(&maker, path, COUNT);
    while ((st = sfi_hsm_generate_licenses(hsm, certs + granted, NULL, STEP,
                                           NULL, NULL, NULL)) == SFI_OK) {
        granted += STEP;
        if (granted == CHIPS)
            return 2;
    }
    ck_assert_fails(st, SFI_ERR_OS, where,
                    "the vault ... written: No space ...");
    if (granted == 0)
        return 3;
    ck_assert_uint_eq(vault_remaining(hsm), COUNT - granted);
    ck_assert_int_eq(sfi_hsm_generate_licenses(hsm, certs + granted, NULL, STEP,
                                               NULL, tell_no_count, &told),
                     SFI_ERR_OS);
    ck_assert(!told);
    if (mount(NULL, dir, NULL, MS_REMOUNT, LARGE) != 0)
        return 4;
    ck_assert_ok(
        sfi_hsm_generate_licenses(hsm, certs, NULL, CHIPS, NULL, NULL, NULL));
    sfi_hsm_free(hsm);
    hsm = vault_login(path);
    ck_assert_uint_eq(vault_remaining(hsm), COUNT - CHIPS);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    sfi_hsm_free(hsm);
    return 0;
}

static int
fill_up(void)
{
    static const char message[] = "the vault ... written: No space ...";
    size_t granted = 0;
    sfi_hsm *hsm;
    sfi_status st;

    if (!mount_small())
        return SKIPPED;
    hsm = vault_new(&maker, path, COUNT);
    while ((st = license(hsm, &chips[granted])) == SFI_OK) {
        if (++granted == CHIPS)
            return 2;
    }
    if (granted == 0)
        return 3;
    ck_assert_fails(st, SFI_ERR_OS, where, message);
    /* counted devices are served; no device is counted without a licence */
    for (size_t i = 0; i < granted; i++)
        ck_assert_int_eq(license(hsm, &chips[i]), SFI_OK);
    ck_assert_int_eq(license(hsm, &chips[granted]), SFI_ERR_OS);
    if (mount(NULL, dir, NULL, MS_REMOUNT, LARGE) != 0)
        return 4;
    for (size_t i = granted; i < CHIPS; i++)
        ck_assert_int_eq(license(hsm, &chips[i]), SFI_OK);
    sfi_hsm_free(hsm);
    hsm = vault_login(path);
    ck_assert_uint_eq(vault_remaining(hsm), COUNT - CHIPS);
    sfi_hsm_free(hsm);
    return 0;
}

START_TEST(test_disk_full)
{
    int status;

    for (size_t i = 0; i < CHIPS; i++)
        chip_make(&maker, MAKER_PRODUCT, &chips[i]);
    status = apart(_i == 0 ? fill_up : fill_up_by_steps);
    if (status == SKIPPED)
        printf("SKIP: no small file system can be mounted here\n");
    else
        ck_assert_int_eq(status, 0);
    for (size_t i = 0; i < CHIPS; i++)
        chip_free(&chips[i]);
}
END_TEST

/* ---- another clock ---- */

static time_t shift;

/* Replaces the C library's function: the vault's clock. */
time_t
time(time_t *out)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += shift;
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

static const uint8_t audit_key[SFI_AUDIT_KEY_LEN] = {1, 2, 3};

static sfi_hsm *
new_with_audit_key(uint64_t count)
{
    sfi_provision_options options = {
        .struct_size = sizeof(options),
        .audit_key = audit_key,
    };
    sfi_hsm *hsm = vault_login(path);

    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, SFI_NONCE_LEN,
                                   MAKER_FIRMWARE_ID, count, maker.perso,
                                   &options));
    return hsm;
}

static void
new_chip_is_licensed(sfi_hsm *hsm)
{
    struct chip c;

    chip_make(&maker, MAKER_PRODUCT, &c);
    ck_assert_ok(license(hsm, &c));
    chip_free(&c);
}

static const char *
beside(const char *suffix)
{
    static char names[4][320];
    static size_t turn;
    char *name = names[turn++ % ROWS(names)];

    (void)snprintf(name, sizeof(names[0]), "%s%s", path, suffix);
    return name;
}

/* The vault counts as before, in the order of the records, and reports the odd
 * times. */
START_TEST(test_clock_set_back)
{
    sfi_audit_record one = {.struct_size = sizeof(one)};
    sfi_audit_record two = {.struct_size = sizeof(two)};
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};
    sfi_hsm *hsm = new_with_audit_key(3);
    struct chip c;

    chip_make(&maker, MAKER_PRODUCT, &c);
    new_chip_is_licensed(hsm);
    shift = -365L * 24 * 3600;
    ck_assert_ok(license(hsm, &c));
    ck_assert_ok(license(hsm, &c)); /* not counted again */
    sfi_hsm_free(hsm);
    hsm = vault_login(path);
    shift = 0;
    new_chip_is_licensed(hsm);
    ck_assert_uint_eq(vault_remaining(hsm), 0);
    ck_assert_ok(sfi_hsm_get_audit_record(hsm, 1, &one));
    ck_assert_ok(sfi_hsm_get_audit_record(hsm, 2, &two));
    ck_assert_uint_gt(one.time, two.time);
    ck_assert_ok(sfi_hsm_export_audit(hsm, beside(".log")));
    ck_assert_ok(sfi_audit_verify(ctx, beside(".log"), audit_key,
                                  sizeof(audit_key), NULL, &sum));
    ck_assert_uint_eq(sum.set_back, 1);
    ck_assert_uint_eq(sum.licensed, 3);
    sfi_hsm_free(hsm);
    chip_free(&c);
}
END_TEST

/* ---- yesterday's copy ---- */

static void
copy(const char *from, const char *to)
{
    size_t len;
    char *data = test_read(from, &len);
    FILE *f = fopen(to, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
    free(data);
}

static void
proves(const char *log, const char *before, uint64_t licensed)
{
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};

    ck_assert_ok(
        sfi_audit_verify(ctx, log, audit_key, sizeof(audit_key), before, &sum));
    ck_assert_uint_eq(sum.licensed, licensed);
}

/* A file cannot know that it is old: two are licensed twice over.  The owner
 * who has seen the later log finds it; so does a token
 * (unit/test_vault_token.c). */
START_TEST(test_older_copy)
{
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};
    sfi_hsm *hsm = new_with_audit_key(3);

    new_chip_is_licensed(hsm);
    sfi_hsm_free(hsm);
    copy(path, beside(".old"));
    hsm = vault_login(path);
    ck_assert_ok(sfi_hsm_export_audit(hsm, beside(".1")));
    new_chip_is_licensed(hsm);
    new_chip_is_licensed(hsm);
    ck_assert_uint_eq(vault_remaining(hsm), 0);
    ck_assert_ok(sfi_hsm_export_audit(hsm, beside(".2")));
    sfi_hsm_free(hsm);
    copy(beside(".old"), path);

    hsm = vault_login(path);
    ck_assert_uint_eq(vault_remaining(hsm), 2);
    new_chip_is_licensed(hsm);
    new_chip_is_licensed(hsm);
    ck_assert_ok(sfi_hsm_export_audit(hsm, beside(".3")));
    sfi_hsm_free(hsm);
    proves(beside(".2"), beside(".1"), 3);
    proves(beside(".3"), beside(".1"), 3);
    ck_assert_int_eq(sfi_audit_verify(ctx, beside(".3"), audit_key,
                                      sizeof(audit_key), beside(".2"), &sum),
                     SFI_ERR_AUTH);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("vault_faults");
    TCase *tc = tcase_create("faults");

    tcase_set_timeout(tc, 200);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_read_only, 0, (int)ROWS(read_only));
    tcase_add_loop_test(tc, test_disk_full, 0, 2);
    tcase_add_test(tc, test_clock_set_back);
    tcase_add_test(tc, test_older_copy);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
