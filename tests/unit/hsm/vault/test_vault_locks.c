/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault keeps its locks and its write-ahead log while a program reads files
 * whose names come from others: licences = counted = in the audit. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sfi/chip.h>
#include <sfi/firmware.h>
#include <sfi/license_store.h>
#include <sfi/option_bytes.h>
#include <sfi/transport.h>

#include "util/fd.h"

#include "fixture.h"
#include <bench/maker.h>
#include "together.h"

#define PROCESSES 3u
#define CHIPS 2u /* of each process */
#define RUNS 50u

static struct maker maker;
static struct chip chips[PROCESSES * CHIPS];
static char dir[256], path[300], where[320];

static void
setup(void)
{
    fixture_setup();
    (void)maker_share(&maker);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/vault", dir);
    (void)snprintf(where, sizeof(where), "vault:%s", path);
    for (size_t i = 0; i < ROWS(chips); i++)
        chip_share(&maker, &chips[i]);
}

static void
teardown(void)
{
    for (size_t i = 0; i < ROWS(chips); i++)
        chip_free(&chips[i]);
    test_rmdir(dir);
    maker_free(&maker);
    fixture_teardown();
}

static const char *
in_dir(const char *name)
{
    static char paths[4][600];
    static unsigned next;
    char *at = paths[next++ % ROWS(paths)];

    (void)snprintf(at, sizeof(paths[0]), "%s/%s", dir, name);
    return at;
}

/* Whether another process finds locks on the file. */
static bool
is_locked(const char *name)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int fd = open(in_dir(name), O_RDWR);

        _exit(fd >= 0 && fcntl(fd, F_GETLK, &all) == 0 &&
              all.l_type != F_UNLCK);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status) == 1;
}

/* ---- processes that read a folder with the vault in it ---- */

static const char *const traps[] = {"vault",    "soft",     "vault-wal",
                                    "soft-wal", "hard-wal", "vault-shm",
                                    "soft-shm", "hard-shm"};
static size_t run;

/* Reading whatever lies in the folder: only certificates can be read. */
static sfi_status
read_folder(void)
{
    struct dirent *e;
    DIR *d = opendir(dir);
    sfi_status st = d != NULL ? SFI_OK : SFI_ERR_INTERNAL;

    while (st == SFI_OK && (e = readdir(d)) != NULL) {
        sfi_certificate *cert;

        if (e->d_name[0] != '.' &&
            sfi_certificate_load(ctx, in_dir(e->d_name), &cert) == SFI_OK) {
            sfi_certificate_free(cert);
            if (strcmp(e->d_name, "certificate") != 0)
                st = SFI_ERR_INTERNAL;
        }
    }
    if (d != NULL)
        (void)closedir(d);
    return st;
}

/* A second name of the vault itself exists for a moment only, since the vault
 * is not opened under two. */
static sfi_status
read_hard_link(size_t which)
{
    char name[16];
    sfi_certificate *cert;
    sfi_status st;

    (void)snprintf(name, sizeof(name), "hard%zu", which);
    if (link(path, in_dir(name)) != 0)
        return SFI_ERR_INTERNAL;
    st = sfi_certificate_load(ctx, in_dir(name), &cert);
    (void)unlink(in_dir(name));
    return st == SFI_ERR_ACCESS ? SFI_OK : SFI_ERR_INTERNAL;
}

/* They begin and end at different moments, so that one closes the vault while
 * the others use it. */
static int
license_folder(size_t which)
{
    struct timespec later = {.tv_nsec =
                                 (long)((which * 7 + run) % 5) * 2000000};
    sfi_hsm *hsm = NULL;
    sfi_status st;
    int granted = 0;

    (void)nanosleep(&later, NULL);
    st = vault_open(path, &hsm);
    if (st == SFI_OK)
        st = sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN));
    for (size_t i = 0; st == SFI_OK && i < CHIPS; i++) {
        sfi_license *lic;

        st = read_folder();
        if (st == SFI_OK)
            st = read_hard_link(which);
        (void)nanosleep(&later, NULL);
        if (st == SFI_OK)
            st = sfi_hsm_generate_license(hsm, chips[which * CHIPS + i].cert,
                                          &lic);
        if (st == SFI_OK) {
            granted++;
            sfi_license_free(lic);
        }
    }
    sfi_hsm_free(hsm);
    return st == SFI_OK ? granted : st;
}

static void
lay_traps(void)
{
    ck_assert_ok(sfi_certificate_save(chips[0].cert, in_dir("certificate")));
    ck_assert_int_eq(symlink("vault", in_dir("soft")), 0);
    ck_assert_int_eq(symlink("vault-wal", in_dir("soft-wal")), 0);
    ck_assert_int_eq(symlink("vault-shm", in_dir("soft-shm")), 0);
}

START_TEST(test_overlapping)
{
    lay_traps();
    for (run = 0; run < RUNS / test_step(10); run++) {
        sfi_hsm_info info = {.struct_size = sizeof(info)};
        sfi_hsm *hsm = vault_new(&maker, path, 100);
        int granted;

        sfi_hsm_free(hsm);
        granted = together(PROCESSES, license_folder);
        ck_assert_int_eq(granted, (int)ROWS(chips));
        hsm = vault_login(path); /* the chain verifies */
        ck_assert_ok(sfi_hsm_get_info(hsm, &info));
        ck_assert_msg(
            info.remaining == 100 - ROWS(chips) && info.records == ROWS(chips),
            "run %zu: %d licences, %u counted, %u records", run, granted,
            (unsigned)(100 - info.remaining), (unsigned)info.records);
        sfi_hsm_free(hsm);
        ck_assert_int_eq(unlink(path), 0);
    }
}
END_TEST

/* A vault that is open and logged in. */
static sfi_hsm *
vault_in_use(void)
{
    sfi_hsm_free(vault_new(&maker, path, 3));
    return vault_login(path);
}

/* ---- every function that opens a file ---- */

static sfi_status
try_certificate(const char *name)
{
    sfi_certificate *out;

    return sfi_certificate_load(ctx, name, &out);
}

static sfi_status
try_license(const char *name)
{
    sfi_license *out;

    return sfi_license_load(ctx, name, &out);
}

/* The file that the store has for a chip is a link. */
static sfi_status
try_store(const char *name)
{
    const char *entry = in_dir(sfi_certificate_device_id(chips[0].cert));
    char link_name[700];
    sfi_license_store *store;
    sfi_license *out = NULL;
    sfi_status st;

    (void)snprintf(link_name, sizeof(link_name), "%s.lic", entry);
    ck_assert_int_eq(symlink(name, link_name), 0);
    ck_assert_ok(sfi_license_store_open(ctx, dir, 0, &store));
    st = sfi_license_store_find(store, chips[0].cert, &out);
    ck_assert_ptr_null(out);
    sfi_license_store_free(store);
    ck_assert_int_eq(unlink(link_name), 0);
    return st;
}

static sfi_status
try_key(const char *name)
{
    sfi_key *out;

    return sfi_key_load(ctx, name, &out);
}

static sfi_status
try_nonce(const char *name)
{
    uint8_t out[SFI_NONCE_LEN];

    return sfi_nonce_load(ctx, name, out);
}

static sfi_status
try_audit_key(const char *name)
{
    uint8_t out[SFI_AUDIT_KEY_LEN];

    return sfi_audit_key_load(ctx, name, out);
}

static sfi_status
try_audit(const char *name)
{
    sfi_audit_summary out = {.struct_size = sizeof(out)};

    return sfi_audit_verify(ctx, name, NULL, 0, NULL, &out);
}

static sfi_status
try_personalization(const char *name)
{
    sfi_personalization *out;

    return sfi_personalization_load(ctx, name, &out);
}

static sfi_status
try_firmware(const char *name)
{
    sfi_firmware *out;

    return sfi_firmware_load(ctx, name, &out);
}

static sfi_status
try_option_bytes(const char *name)
{
    sfi_option_bytes *out;

    return sfi_option_bytes_load(ctx, sfi_chip_find("stm32h753xi"), name, &out);
}

static sfi_status
try_port(const char *kind, const char *name)
{
    char uri[700];
    sfi_transport *out;

    (void)snprintf(uri, sizeof(uri), "%s:%s", kind, name);
    return sfi_transport_open(ctx, uri, &out);
}

static sfi_status
try_serial(const char *name)
{
    return try_port("serial", name);
}

static sfi_status
try_script(const char *name)
{
    return try_port("script", name);
}

static sfi_status
try_save(const char *name)
{
    return sfi_certificate_save(chips[0].cert, name);
}

static sfi_hsm *in_use;

static sfi_status
try_audit_save(const char *name)
{
    return sfi_hsm_export_audit(in_use, name);
}

static sfi_status
try_module(const char *name)
{
    char uri[900];
    sfi_hsm *out;

    (void)snprintf(uri, sizeof(uri),
                   "vault:%s?token=pkcs11:token=a?module-path=%s",
                   in_dir("none"), name);
    return sfi_hsm_open(ctx, uri, &out);
}

static const struct {
    const char *what;
    sfi_status (*call)(const char *path);
} openers[] = {
    {"certificate", try_certificate},
    {"licence", try_license},
    {"store", try_store},
    {"key", try_key},
    {"nonce", try_nonce},
    {"audit key", try_audit_key},
    {"audit log", try_audit},
    {"personalisation", try_personalization},
    {"firmware", try_firmware},
    {"option bytes", try_option_bytes},
    {"serial port", try_serial},
    {"script", try_script},
    {"saved certificate", try_save},
    {"saved audit log", try_audit_save},
    {"module of a token", try_module},
};

START_TEST(test_no_function_opens_it)
{
    in_use = vault_in_use();
    lay_traps();
    ck_assert_int_eq(link(in_dir("vault-wal"), in_dir("hard-wal")), 0);
    ck_assert_int_eq(link(in_dir("vault-shm"), in_dir("hard-shm")), 0);
    for (size_t i = 0; i < ROWS(traps); i++) {
        sfi_status st = openers[_i].call(in_dir(traps[i]));

        ck_assert_msg(st != SFI_OK, "%s: %s", openers[_i].what, traps[i]);
        ck_assert_msg(is_locked("vault"), "%s: %s", openers[_i].what, traps[i]);
        ck_assert_msg(is_locked("vault-shm"), "%s: %s", openers[_i].what,
                      traps[i]);
    }
    sfi_hsm_free(in_use);
}
END_TEST

START_TEST(test_refusal)
{
    sfi_hsm *hsm = vault_in_use();
    sfi_hsm *other;

    ck_assert_fails_about(try_certificate(path), SFI_ERR_ACCESS, path,
                          "cannot read", "vault", "this program has open");
    /* a second handle of the same vault is fine, under any name */
    ck_assert_int_eq(symlink("vault", in_dir("soft")), 0);
    ck_assert_ok(vault_open(in_dir("soft"), &other));
    ck_assert_uint_eq(vault_remaining(other), 3);
    sfi_hsm_free(other);
    ck_assert_fails_about(try_certificate(path), SFI_ERR_ACCESS, path,
                          "this program has open");
    /* what lies beside it is no vault of its own */
    (void)snprintf(where, sizeof(where), "vault:%s-shm", path);
    ck_assert_fails(vault_open(in_dir("vault-shm"), &other), SFI_ERR_ACCESS,
                    where,
                    "this program has the file open for another purpose: "
                    "close that first");
    ck_assert(is_locked("vault-shm"));
    sfi_hsm_free(hsm);
    ck_assert_fails_about(try_certificate(path), SFI_ERR_FORMAT, path,
                          "expected 136");
}
END_TEST

/* ---- a log that is not the one any more ---- */

static sfi_status
license(sfi_hsm *hsm, size_t chip)
{
    sfi_license *lic;
    sfi_status st = sfi_hsm_generate_license(hsm, chips[chip].cert, &lic);

    ck_assert((lic != NULL) == (st == SFI_OK));
    sfi_license_free(lic);
    return st;
}

static void
move_away(const char *name)
{
    ck_assert_int_eq(rename(in_dir(name), in_dir("aside")), 0);
}

static void
replace(const char *name)
{
    FILE *f;

    move_away(name);
    f = fopen(in_dir(name), "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fclose(f), 0);
}

static const struct {
    void (*harm)(const char *name);
    const char *name;
} harms[] = {
    {move_away, "vault-wal"},
    {replace, "vault-wal"},
    {move_away, "vault"},
    {replace, "vault"},
};

/* Nothing leaves, and putting the file back heals it. */
START_TEST(test_log_replaced)
{
    sfi_hsm *hsm = vault_in_use();

    ck_assert_ok(license(hsm, 0));
    harms[_i].harm(harms[_i].name);
    ck_assert_fails(license(hsm, 1), SFI_ERR_HSM, where,
                    "the vault's file or its *-wal was moved, deleted or "
                    "replaced while it was open, so nothing is issued: open "
                    "the vault again and verify its audit");
    sfi_hsm_free(hsm);
    ck_assert_int_eq(rename(in_dir("aside"), in_dir(harms[_i].name)), 0);
    hsm = vault_login(path);
    ck_assert_uint_eq(vault_remaining(hsm), 2);
    ck_assert_ok(license(hsm, 1));
    sfi_hsm_free(hsm);
}
END_TEST

/* It happens between the count and the sync. */
START_TEST(test_log_replaced_before_the_sync)
{
    struct ledger_head h;
    struct ledger *l;
    sfi_hsm *hsm = vault_in_use();

    ck_assert_ok(sfi__ledger_sqlite.open(ctx, path, &l));
    ck_assert_ok(l->ops->begin(l, LEDGER_WRITE));
    ck_assert_ok(l->ops->read_head(l, &h));
    ck_assert_ok(l->ops->write_head(l, LEDGER_TRIES, &h));
    move_away("vault-wal");
    ck_assert_fails_about(l->ops->end(l, true), SFI_ERR_HSM, "", "*-wal",
                          "replaced");
    ck_assert_int_eq(rename(in_dir("aside"), in_dir("vault-wal")), 0);
    l->ops->close(l);
    sfi_hsm_free(hsm);
}
END_TEST

/* What SQLite knows of the parent's locks was copied into the child. */
START_TEST(test_child_opens_it_too)
{
    sfi_hsm *hsm = vault_in_use();
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        sfi_hsm *own;
        bool right = vault_open(path, &own) == SFI_ERR_STATE && own == NULL &&
                     strcmp(sfi_error_message(sfi_ctx_error(ctx)),
                            "a parent of this process had the vault open when "
                            "it forked: open it only after the fork, or in a "
                            "program that was executed") == 0;

        _exit(right ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_ok(license(hsm, 0));
    sfi_hsm_free(hsm);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("vault_locks");
    TCase *tc = tcase_create("locks");

    tcase_set_timeout(tc, 110);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_overlapping);
    tcase_add_loop_test(tc, test_no_function_opens_it, 0, (int)ROWS(openers));
    tcase_add_test(tc, test_refusal);
    tcase_add_loop_test(tc, test_log_replaced, 0, (int)ROWS(harms));
    tcase_add_test(tc, test_log_replaced_before_the_sync);
    tcase_add_test(tc, test_child_opens_it_too);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
