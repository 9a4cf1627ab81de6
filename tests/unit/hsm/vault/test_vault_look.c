/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Looking at a vault writes nothing, and still sees what others write. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hsm/vault/ledger.h"
#include "util/sys.h"

#include "fixture.h"
#include "system.h"
#include <bench/maker.h>

#define COUNT 9u

static struct maker maker;
static struct chip chip;
static char dir[256], path[300], where[320], log_path[320];

static void
license_session(sfi_hsm *hsm, uint32_t session)
{
    sfi_license *lic;

    ck_assert_ok(sfi_hsm_generate_live_license(hsm, chip.cert, session, &lic));
    sfi_license_free(lic);
}

static void
setup(void)
{
    sfi_hsm *hsm;

    fixture_setup();
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.vault", dir);
    (void)snprintf(where, sizeof(where), "vault:%s", path);
    (void)snprintf(log_path, sizeof(log_path), "%s-wal", path);
    if (!maker_share(&maker))
        chip_make(&maker, MAKER_PRODUCT, &chip);
    else
        chip_share(&maker, &chip);
    hsm = vault_new(&maker, path, COUNT);
    license_session(hsm, 1);
    sfi_hsm_free(hsm);
}

static void
teardown(void)
{
    test_rmdir(dir);
    chip_free(&chip);
    maker_free(&maker);
    fixture_teardown();
}

static size_t
files_in_folder(void)
{
    struct sys_folder *d;
    size_t n = 0;

    ck_assert_int_eq(sfi__sys_folder_open(dir, &d), 0);
    while (sfi__sys_folder_next(d) != NULL)
        n++;
    sfi__sys_folder_close(d);
    return n - 2; /* "." and ".." */
}

static uint64_t
records_of(sfi_hsm *hsm)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    return info.records;
}

/* Everything that needs no PIN. */
START_TEST(test_changes_nothing)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_audit_record record = {.struct_size = sizeof(record)};
    uint64_t file[2], folder[2], file_now[2], folder_now[2];
    size_t len, len_now;
    char *data = test_read(path, &len), *now;
    sfi_hsm *hsm;

    times_of_file(path, file);
    times_of_file(dir, folder);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_uint_eq(records_of(hsm), 1);
    ck_assert_ok(sfi_hsm_get_audit_head(hsm, &head));
    ck_assert_ok(sfi_hsm_get_audit_record(hsm, 1, &record));
    ck_assert_uint_eq(files_in_folder(), 1);
    sfi_hsm_free(hsm);
    now = test_read(path, &len_now);
    ck_assert_uint_eq(len, len_now);
    ck_assert_mem_eq(data, now, len);
    times_of_file(path, file_now);
    times_of_file(dir, folder_now);
    ck_assert_mem_eq(file, file_now, sizeof(file));
    ck_assert_uint_eq(folder[0], folder_now[0]);
    free(data);
    free(now);
}
END_TEST

/* No copy of a page is kept from one look to the next: the other one's log came
 * and went between the two. */
START_TEST(test_sees_what_came_meanwhile)
{
    sfi_hsm *looker, *writer;

    ck_assert_ok(vault_open(path, &looker));
    for (uint32_t i = 1; i < 4; i++) {
        ck_assert_uint_eq(records_of(looker), i);
        writer = vault_login(path);
        license_session(writer, i + 1);
        sfi_hsm_free(writer);
        ck_assert_uint_eq(files_in_folder(), 1);
    }
    ck_assert_uint_eq(records_of(looker), 4);
    ck_assert_uint_eq(files_in_folder(), 1);
    sfi_hsm_free(looker);
}
END_TEST

/* What is in the log only is seen, by a look that began without one. */
START_TEST(test_sees_the_log)
{
    sfi_hsm *looker, *writer;

    ck_assert_ok(vault_open(path, &looker));
    ck_assert_uint_eq(records_of(looker), 1);
    writer = vault_login(path);
    license_session(writer, 2);
    ck_assert_int_eq(access(log_path, F_OK), 0);
    ck_assert_uint_eq(records_of(looker), 2);
    license_session(writer, 3);
    ck_assert_uint_eq(records_of(looker), 3);
    sfi_hsm_free(writer);
    ck_assert_uint_eq(records_of(looker), 3);
    sfi_hsm_free(looker);
    ck_assert_uint_eq(files_in_folder(), 1);
}
END_TEST

/* The one who looks may log in and write. */
START_TEST(test_writes_later)
{
    sfi_hsm *hsm;

    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_uint_eq(records_of(hsm), 1);
    ck_assert_int_ne(access(log_path, F_OK), 0);
    ck_assert_fails_about(sfi_hsm_login(hsm, "0000", 4), SFI_ERR_HSM_PIN, where,
                          "wrong PIN, 9 tries left");
    ck_assert_ok(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)));
    license_session(hsm, 2);
    ck_assert_uint_eq(records_of(hsm), 2);
    sfi_hsm_free(hsm);
    ck_assert_uint_eq(files_in_folder(), 1);
}
END_TEST

/* A log appears in the middle of a look: nothing that is read then counts, and
 * its owner cannot write it back and delete it. */
START_TEST(test_log_appears)
{
    struct ledger_record record;
    struct ledger_head head;
    struct ledger *l;
    sfi_hsm *writer;
    sfi_status st;
    bool found;

    ck_assert_ok(sfi__ledger_sqlite.open(ctx, path, &l));
    ck_assert_ok(l->ops->begin(l, LEDGER_LOOK));
    ck_assert_ok(l->ops->read_head(l, &head));
    ck_assert_uint_eq(head.audit.sequence, 1);
    writer = vault_login(path);
    license_session(writer, 2);
    sfi_hsm_free(writer);
    ck_assert_int_eq(access(log_path, F_OK), 0);
    st = sfi__ledger_find_sequence(l, 1, &record, &found);
    ck_assert_int_eq(st, SFI_ERR_TIMEOUT);
    ck_assert_str_eq(sfi_error_message(sfi_ctx_error(ctx)),
                     "another process began to write the vault while it was "
                     "read: try again");
    ck_assert(sfi__ledger_must_repeat(l, st));
    ck_assert_ok(l->ops->begin(l, LEDGER_LOOK));
    ck_assert_ok(l->ops->read_head(l, &head));
    ck_assert_uint_eq(head.audit.sequence, 2);
    ck_assert(!sfi__ledger_must_repeat(l, SFI_OK));
    l->ops->close(l);
    ck_assert_uint_eq(files_in_folder(), 1);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("vault_look");
    TCase *tc = tcase_create("look");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_changes_nothing);
    tcase_add_test(tc, test_sees_what_came_meanwhile);
    tcase_add_test(tc, test_sees_the_log);
    tcase_add_test(tc, test_writes_later);
    tcase_add_test(tc, test_log_appears);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
