/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault that is restored from an older copy in the middle of production: who
 * has seen more refuses it, and after its owner's statement nothing is issued
 * beyond the maximum.
 *   test_vault_restored           in SQLite files
 *   test_vault_restored memory    the same in the ledger of the tests
 *   test_vault_restored postgres  in a database */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/lease.h>

#include "core/ctx.h"
#include "hsm/vault/ledger.h"

#include <bench/maker.h>
#include <disk/disk.h>
#include <disk/ledger_memory.h>
#include "fixture.h"

#define CHIPS 12u
#define COUNT 10u

/* What a station remembers. */
struct seen {
    uint64_t sequence, remaining;
    uint8_t head[32];
};

static const uint8_t audit_key[SFI_AUDIT_KEY_LEN] = {7, 2};
static struct maker maker;
static struct chip chips[CHIPS];
static char dir[256], path[300], where[320];
static sfi_hsm *hsm;
static bool in_files;
/* A copy, where a vault is no file. */
static struct {
    struct ledger_head head;
    struct ledger_record records[COUNT + 4];
    unsigned restored; /* so often */
} copy;

/* A vault of this name, and how messages name it. */
static void
name_vault(const char *name)
{
    vault_path(path, sizeof(path), dir, name);
    (void)snprintf(where, sizeof(where), "vault:%s", path);
}

static void
setup(void)
{
    sfi_provision_options options = {.struct_size = sizeof(options),
                                     .audit_key = audit_key};

    fixture_setup();
    disk_install(DISK_FAST, 0);
    (void)maker_share(&maker);
    for (size_t i = 0; i < CHIPS; i++)
        chip_share(&maker, &chips[i]);
    test_mkdir(dir, sizeof(dir));
    copy.restored = 0;
    name_vault("line");
    hsm = vault_login(path);
    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", COUNT,
                                   maker.perso, &options));
}

static void
teardown(void)
{
    sfi_hsm_free(hsm);
    ledger_memory_clear();
    test_rmdir(dir);
    for (size_t i = 0; i < CHIPS; i++)
        chip_free(&chips[i]);
    maker_free(&maker);
    fixture_teardown();
}

static sfi_status
license(size_t chip)
{
    sfi_license *lic;
    sfi_status st = sfi_hsm_generate_license(hsm, chips[chip].cert, &lic);

    sfi_license_free(lic);
    return st;
}

static void
license_range(size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        ck_assert_ok(license(i));
}

static struct seen
look(void)
{
    sfi_audit_head h = {.struct_size = sizeof(h)};
    struct seen s;

    ck_assert_ok(sfi_hsm_get_audit_head(hsm, &h));
    s.sequence = h.sequence;
    s.remaining = h.remaining;
    memcpy(s.head, h.audit_head, sizeof(s.head));
    return s;
}

static void
copy_file(const char *from, const char *to)
{
    size_t len;
    char *data = test_read(from, &len);
    FILE *f = fopen(to, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
    free(data);
}

static const struct ledger_place *
place(void)
{
    return vault_place != NULL ? vault_place : sfi__ledger_place(path);
}

static void
copy_records(void)
{
    struct ledger *l;
    bool found;

    ck_assert_ok(place()->open(ctx, path, &l));
    ck_assert_ok(l->ops->begin(l, LEDGER_READ));
    ck_assert_ok(l->ops->read_head(l, &copy.head));
    ck_assert_uint_le(copy.head.audit.sequence, COUNT + 4);
    for (uint64_t i = 0; i < copy.head.audit.sequence; i++) {
        ck_assert_ok(
            sfi__ledger_find_sequence(l, i + 1, &copy.records[i], &found));
        ck_assert(found);
    }
    sfi__ledger_rollback(l);
    l->ops->close(l);
}

/* It is restored under another name. */
static void
restore_records(void)
{
    struct ledger_head blank = copy.head;
    struct ledger *l;
    char name[40];

    (void)snprintf(name, sizeof(name), "line-%u", ++copy.restored);
    name_vault(name);
    blank.audit.sequence = 0;
    blank.audit.remaining = blank.audit.maximum;
    memcpy(blank.audit.audit_head, blank.audit.genesis,
           sizeof(blank.audit.audit_head));
    ck_assert_ok(place()->create(ctx, path, &blank));
    ck_assert_ok(place()->open(ctx, path, &l));
    ck_assert_ok(l->ops->begin(l, LEDGER_WRITE));
    for (uint64_t i = 0; i < copy.head.audit.sequence; i++)
        ck_assert_ok(l->ops->append(l, &copy.records[i]));
    ck_assert_ok(l->ops->write_head(l, LEDGER_COUNTS, &copy.head));
    ck_assert_ok(l->ops->end(l, true));
    l->ops->close(l);
}

/* The handle is closed in between, so that all is in the file itself. */
static void
back_up(void)
{
    char file[320];

    (void)snprintf(file, sizeof(file), "%s.copy", path);
    sfi_hsm_free(hsm);
    if (in_files)
        copy_file(path, file);
    else
        copy_records();
    hsm = vault_login(path);
}

static void
restore(void)
{
    char file[320];

    (void)snprintf(file, sizeof(file), "%s.copy", path);
    sfi_hsm_free(hsm);
    if (in_files)
        copy_file(file, path);
    else
        restore_records();
    hsm = vault_login(path);
}

static sfi_status
check(const struct seen *s, sfi_hsm_known *known)
{
    *known = (sfi_hsm_known){.struct_size = sizeof(*known)};
    return sfi_hsm_check_known(hsm, s->sequence, s->head, known);
}

static void
is_here(const struct seen *s)
{
    sfi_hsm_known known;

    ck_assert_ok(check(s, &known));
    ck_assert_uint_eq(known.sequence, 0);
    ck_assert_uint_eq(known.lost, 0);
}

static void
is_covered(const struct seen *s, uint64_t sequence, uint64_t lost)
{
    sfi_hsm_known known;

    ck_assert_ok(check(s, &known));
    ck_assert_uint_eq(known.sequence, sequence);
    ck_assert_uint_eq(known.lost, lost);
}

static sfi_status
declare(const struct seen *s)
{
    return sfi_hsm_declare_restored(hsm, s->sequence, s->head, s->remaining);
}

/* The audit verifies, and so does its text. */
static void
verify(uint64_t given_up)
{
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};
    char log[320];

    (void)snprintf(log, sizeof(log), "%s/audit.log", dir);
    (void)remove(log);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    ck_assert_ok(sfi_hsm_export_audit(hsm, log));
    ck_assert_ok(
        sfi_audit_verify(ctx, log, audit_key, sizeof(audit_key), NULL, &sum));
    ck_assert_uint_eq(sum.given_up, given_up);
    ck_assert_uint_eq(sum.licensed + sum.remaining + sum.given_up, COUNT);
}

START_TEST(test_known)
{
    struct seen blank = look(), first, second;

    is_here(&blank);
    ck_assert_ok(license(0));
    first = look();
    ck_assert_ok(license(1));
    second = look();
    is_here(&blank);
    is_here(&first);
    is_here(&second);
    ck_assert_ok(sfi_hsm_check_known(hsm, 2, second.head, NULL));
    sfi_hsm_free(hsm);
    ck_assert_ok(vault_open(path, &hsm));
    is_here(&second); /* without a login */
    first.head[0] ^= 1;
    ck_assert_fails(sfi_hsm_check_known(hsm, 1, first.head, NULL),
                    SFI_ERR_HSM_ROLLBACK, where,
                    "record 1 of the HSM is not the one that was seen before: "
                    "it was restored from an older copy");
    ck_assert_fails_about(sfi_hsm_check_known(hsm, 0, first.head, NULL),
                          SFI_ERR_HSM_ROLLBACK, where, "record 0");
    ck_assert_fails_about(declare(&first), SFI_ERR_HSM_PIN, where, "login");
}
END_TEST

/* A copy of 3, restored after 5: two devices would be counted twice. */
START_TEST(test_restored)
{
    struct seen three, four, five;
    sfi_hsm_known known;

    license_range(0, 3);
    three = look();
    back_up();
    ck_assert_ok(license(3));
    four = look();
    ck_assert_ok(license(4));
    five = look();
    restore();
    is_here(&three);
    ck_assert_fails(check(&five, &known), SFI_ERR_HSM_ROLLBACK, where,
                    "the HSM went back to record 3, record 5 was seen before: "
                    "it was restored from an older copy");
    ck_assert_fails_about(check(&four, &known), SFI_ERR_HSM_ROLLBACK, where,
                          "record 4");
    ck_assert_ok(declare(&five));
    ck_assert_uint_eq(vault_remaining(hsm), five.remaining);
    is_here(&three);
    is_covered(&four, 4, 5);
    is_covered(&five, 4, 5);
    ck_assert_ok(declare(&five)); /* again */
    ck_assert_ok(declare(&four));
    ck_assert_uint_eq(look().sequence, 4);
    /* ten devices in all, whoever asks */
    license_range(5, 10);
    ck_assert_fails_about(license(3), SFI_ERR_HSM_COUNTER, where,
                          "no installations left");
    ck_assert_fails_about(license(10), SFI_ERR_HSM_COUNTER, where,
                          "no installations left");
    is_covered(&five, 4, 5);
    is_covered(&four, 4, 5);
    verify(2);
}
END_TEST

/* Twice in the life of an HSM. */
START_TEST(test_restored_twice)
{
    struct seen lost;

    ck_assert_ok(license(0));
    back_up();
    ck_assert_ok(license(1));
    lost = look();
    restore();
    ck_assert_ok(declare(&lost)); /* record 2; 8 left */
    license_range(2, 4);
    ck_assert_uint_eq(vault_remaining(hsm), 6);
    back_up();
    license_range(4, 7);
    lost = look();
    restore();
    ck_assert_ok(declare(&lost));
    ck_assert_uint_eq(vault_remaining(hsm), 3);
    is_covered(&lost, 5, 7);
    license_range(7, 10);
    ck_assert_int_eq(license(10), SFI_ERR_HSM_COUNTER);
    verify(4);
}
END_TEST

/* It went on first: the statement takes off what the lost part can have used.
 */
START_TEST(test_stated_late)
{
    struct seen lost;

    license_range(0, 2);
    back_up();
    license_range(2, 4);
    lost = look(); /* record 4, 6 left */
    restore();
    license_range(5, 8); /* records 3 to 5: 5 left, and 7 devices licensed */
    ck_assert_ok(declare(&lost));
    ck_assert_uint_le(vault_remaining(hsm), 3);
    is_covered(&lost, 1, 4);
    verify(4);
}
END_TEST

/* A station comes late and has seen more than the statement said. */
START_TEST(test_stated_too_little)
{
    struct seen less, more;

    license_range(0, 2);
    back_up();
    ck_assert_ok(license(2));
    less = look();
    ck_assert_ok(license(3));
    more = look(); /* record 4 */
    restore();
    ck_assert_ok(declare(&less)); /* record 3; 7 left */
    license_range(4, 6);          /* records 4 and 5; 5 left */
    ck_assert_int_eq(check(&more, &(sfi_hsm_known){.struct_size = 24}),
                     SFI_ERR_HSM_ROLLBACK);
    ck_assert_ok(declare(&more));
    ck_assert_uint_eq(vault_remaining(hsm), 4);
    is_covered(&more, 3, 4);
    is_covered(&less, 3, 3);
    verify(2);
}
END_TEST

START_TEST(test_refused)
{
    struct seen s;

    ck_assert_ok(license(0));
    s = look();
    ck_assert_fails(declare(&s), SFI_ERR_HSM_STATE, where,
                    "the HSM has record 1: nothing was lost");
    s.sequence = 0;
    ck_assert_fails_about(declare(&s), SFI_ERR_RANGE, "", "record 0");
    s.sequence = UINT64_MAX;
    ck_assert_fails_about(declare(&s), SFI_ERR_RANGE, "", "1 or more");
    s.sequence = 2;
    s.remaining = COUNT + 1;
    ck_assert_fails_about(declare(&s), SFI_ERR_RANGE, where, "at most 10");
    s.remaining = 8;
    ck_assert_ok(sfi_hsm_retire(hsm));
    ck_assert_fails_about(declare(&s), SFI_ERR_HSM_STATE, where, "retired");
    ck_assert_uint_eq(vault_remaining(hsm), 9);
}
END_TEST

/* The lease may have come back in the lost part. */
START_TEST(test_lease_before)
{
    uint8_t lease[SFI_LEASE_LEN], end[SFI_LEASE_END_LEN];
    size_t len = sizeof(lease), end_len = sizeof(end), request_len;
    char site_path[320], request_path[320];
    const uint8_t *request;
    sfi_lease_request *req;
    struct seen lost;
    uint64_t returned;
    sfi_hsm *site;

    vault_path(site_path, sizeof(site_path), dir, "site");
    (void)snprintf(request_path, sizeof(request_path), "%s/request", dir);
    ck_assert_ok(sfi_lease_request_create(ctx, request_path, &req));
    request = sfi_lease_request_data(req, &request_len);
    ck_assert_ok(
        sfi_hsm_lease(hsm, request, request_len, 6, 1000, lease, &len));
    site = vault_login(site_path);
    ck_assert_ok(sfi_hsm_provision_lease(site, req, lease, len));
    back_up();
    ck_assert_ok(sfi_hsm_end_lease(site, end, &end_len));
    ck_assert_ok(sfi_hsm_return_lease(hsm, end, end_len, &returned));
    ck_assert_ok(license(0));
    lost = look();
    ck_assert_uint_eq(lost.remaining, 9);
    restore();
    ck_assert_uint_eq(vault_remaining(hsm), 4);
    ck_assert_ok(declare(&lost));
    ck_assert_fails_about(sfi_hsm_return_lease(hsm, end, end_len, &returned),
                          SFI_ERR_HSM_STATE, where, "stays spent", "record 2");
    ck_assert_uint_eq(vault_remaining(hsm), 4);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    sfi_hsm_free(site);
    sfi_lease_request_free(req);
}
END_TEST

static Suite *
restored_suite(void)
{
    Suite *s = suite_create("restored");
    TCase *tc = tcase_create("restored");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_known);
    tcase_add_test(tc, test_restored);
    tcase_add_test(tc, test_restored_twice);
    tcase_add_test(tc, test_stated_late);
    tcase_add_test(tc, test_stated_too_little);
    tcase_add_test(tc, test_refused);
    tcase_add_test(tc, test_lease_before);
    suite_add_tcase(s, tc);
    return s;
}

int
main(int argc, char **argv)
{
    in_files = vault_choose(argc, argv);
    return run_suite(restored_suite());
}
