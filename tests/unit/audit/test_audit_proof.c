/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a log has to prove beyond its MACs, against an earlier one; what the
 * writer asks of an HSM; and the set of devices. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"
#include "core/err.h"
#include "audit/audit.h"

#include "fixture.h"
#include <disk/audit_kit.h>

static struct story story, newer;
static char dir[256], path[300], later[300], where[340];

static void
setup(void)
{
    fixture_setup();
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.log", dir);
    (void)snprintf(later, sizeof(later), "%s/later.log", dir);
    story_begin(&story, 0, 3, 1);
    story_add(&story, SFI_AUDIT_COUNTED, 'A', 0);
    story_add(&story, SFI_AUDIT_COUNTED, 'B', 0);
    story_sign(&story);
    ck_assert_ok(story_write_anew(&story, path));
    newer = story;
    story_add(&newer, SFI_AUDIT_COUNTED, 'C', 0);
    story_add(&newer, SFI_AUDIT_RETIRED, 0, 0);
    story_sign(&newer);
    ck_assert_ok(story_write_anew(&newer, later));
}

static void
teardown(void)
{
    test_rmdir(dir);
    fixture_teardown();
}

static const char *
line_of(const char *name, unsigned line)
{
    (void)snprintf(where, sizeof(where), "%s:%u", name, line);
    return where;
}

/* ---- valid MACs, impossible content ---- */

/* The signed story must fail at this line. */
static void
is_refused(unsigned line, const char *message)
{
    story_sign(&story);
    ck_assert_ok(story_write_anew(&story, path));
    ck_assert_fails(story_verify(&story, path, NULL, NULL), SFI_ERR_AUTH,
                    line_of(path, line), message);
}

START_TEST(test_counted_twice)
{
    story_add(&story, SFI_AUDIT_COUNTED, 'A', 7);
    is_refused(12, "record 3 counts a device a second time");
}
END_TEST

START_TEST(test_counted_too_often)
{
    story_add(&story, SFI_AUDIT_COUNTED, 'C', 0);
    story_add(&story, SFI_AUDIT_COUNTED, 'D', 0);
    is_refused(13, "record 4 counts a device when no installation was left");
}
END_TEST

START_TEST(test_again_what_never_was)
{
    story_add(&story, SFI_AUDIT_AGAIN, 'C', 7);
    is_refused(12, "record 3 is for a device that was not counted before");
}
END_TEST

START_TEST(test_count_not_one_less)
{
    story_add(&story, SFI_AUDIT_COUNTED, 'C', 0)->remaining = 1;
    is_refused(12, "record 3 leaves 1 installations, expected 0");
    story.count--;
    story_add(&story, SFI_AUDIT_AGAIN, 'A', 0)->remaining = 2;
    is_refused(12, "record 3 leaves 2 installations, expected 1");
}
END_TEST

START_TEST(test_after_the_close)
{
    story_add(&story, SFI_AUDIT_RETIRED, 0, 0);
    story_add(&story, SFI_AUDIT_COUNTED, 'C', 0);
    is_refused(13, "record 4 follows the closing record");
    story.count--;
    story_add(&story, SFI_AUDIT_RETIRED, 0, 0);
    is_refused(13, "record 4 follows the closing record");
}
END_TEST

START_TEST(test_close_with_a_licence)
{
    static const char message[] =
        "record 3 closes the audit log but names a device or licence";
    sfi_audit_record *r = story_add(&story, SFI_AUDIT_RETIRED, 0, 0);

    r->device[31] = 1;
    is_refused(12, message);
    r->device[31] = 0;
    r->license[0] = 1;
    is_refused(12, message);
    r->license[0] = 0;
    r->session = 1;
    is_refused(12, message);
    r->session = 0;
    story_sign(&story);
    ck_assert_ok(story_write_anew(&story, path));
    ck_assert_ok(story_verify(&story, path, NULL, NULL));
}
END_TEST

START_TEST(test_static_where_live_only)
{
    story.head.flags = SFI_HSM_LIVE_ONLY;
    is_refused(
        10, "record 1 is for a static licence, which this HSM does not issue");
}
END_TEST

START_TEST(test_end_of_other_counts)
{
    struct story *s = &story;

    s->records[0].remaining = 2;
    story_sign(s);
    ck_assert_ok(story_write_anew(s, path));
    ck_assert_ok(story_verify(s, path, NULL, NULL));
    s->records[1].remaining = 0; /* the end says 0 too */
    is_refused(11, "record 2 leaves 0 installations, expected 1");
}
END_TEST

/* ---- an earlier log ---- */

START_TEST(test_before)
{
    sfi_audit_summary sum;

    ck_assert_ok(story_verify(&story, later, path, &sum));
    ck_assert_uint_eq(sum.records, 4);
    ck_assert_uint_eq(sum.licensed, 3);
    ck_assert_uint_eq(sum.retired, 1);
    ck_assert_ok(story_verify(&story, path, path, &sum)); /* nothing new */
    ck_assert_uint_eq(sum.records, 2);
    ck_assert_ok(story_verify(&story, later, later, NULL));
    story_begin(&story, 0, 3, 1);
    ck_assert_ok(story_write_anew(&story, path));
    ck_assert_ok(story_verify(&story, later, path, NULL));
}
END_TEST

/* A vault that was rolled back to an older copy, */
START_TEST(test_before_is_longer)
{
    ck_assert_ok(story_verify(&story, path, NULL, NULL));
    ck_assert_fails(
        story_verify(&story, path, later, NULL), SFI_ERR_AUTH,
        line_of(path, 12),
        "the audit log ends with record 2, the earlier one with 4: the HSM was "
        "rolled back, or this is the older of the two files");
}
END_TEST

/* ... and has issued other licences since. */
START_TEST(test_before_is_another)
{
    newer = story;
    newer.records[1].time++;
    story_add(&newer, SFI_AUDIT_COUNTED, 'C', 0);
    story_sign(&newer);
    ck_assert_ok(story_write_anew(&newer, later));
    ck_assert_ok(story_verify(&story, later, NULL, NULL));
    ck_assert_fails(story_verify(&story, later, path, NULL), SFI_ERR_AUTH,
                    line_of(later, 11),
                    "record 2 differs from the earlier audit log");
}
END_TEST

START_TEST(test_before_of_another_hsm)
{
    story_begin(&newer, 0, 3, 2);
    ck_assert_ok(story_write_anew(&newer, later));
    ck_assert_fails(story_verify(&story, later, path, NULL), SFI_ERR_AUTH,
                    line_of(later, 9),
                    "the earlier audit log is from another HSM");
}
END_TEST

START_TEST(test_before_is_altered)
{
    newer = story;
    newer.key_secret[0] ^= 1;
    story_sign(&newer);
    ck_assert_ok(story_write_anew(&newer, path));
    ck_assert_fails_about(story_verify(&story, later, path, NULL), SFI_ERR_AUTH,
                          line_of(path, 10), "record 1 ", "MAC", "wrong");
}
END_TEST

/* ---- the call ---- */

START_TEST(test_arguments)
{
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};
    const uint8_t *key = story.key_secret;

    ck_assert_int_eq(sfi_audit_verify(NULL, path, key, 32, NULL, &sum),
                     SFI_ERR_ARGUMENT);
    ck_assert_fails_about(sfi_audit_verify(ctx, NULL, key, 32, NULL, &sum),
                          SFI_ERR_ARGUMENT, "", "path != NULL");
    ck_assert_fails_about(sfi_audit_verify(ctx, path, NULL, 32, NULL, &sum),
                          SFI_ERR_ARGUMENT, "", "key != NULL");
    ck_assert_fails_about(sfi_audit_verify(ctx, path, key, 32, NULL, NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    ck_assert_fails(sfi_audit_verify(ctx, path, key, 31, NULL, &sum),
                    SFI_ERR_RANGE, "", "audit key of 31 bytes, expected 32");
    sum.struct_size = 8;
    ck_assert_fails_about(sfi_audit_verify(ctx, path, key, 32, NULL, &sum),
                          SFI_ERR_ABI, "", "struct_size is 8");
}
END_TEST

/* Each allocation fails once. */
START_TEST(test_no_memory)
{
    sfi_status st = SFI_ERR_NOMEM;
    size_t n = 0;

    while (st != SFI_OK) {
        memory.fail_at = ++n;
        st = story_verify(&story, later, path, NULL);
        memory.fail_at = 0;
        ck_assert_msg(st == SFI_OK || st == SFI_ERR_NOMEM, "%s",
                      sfi_status_name(st));
        ck_assert_uint_lt(n, 100);
    }
    ck_assert_uint_ge(n, 5); /* a proof and a set, twice */
}
END_TEST

/* ---- the key's file ---- */

START_TEST(test_key_file)
{
    uint8_t key[SFI_AUDIT_KEY_LEN], again[SFI_AUDIT_KEY_LEN];
    static const uint8_t zero[SFI_AUDIT_KEY_LEN];
    char name[320];
    struct stat st;

    (void)snprintf(name, sizeof(name), "%s/log.key", dir);
    ck_assert_fails_about(sfi_audit_key_load(ctx, name, key), SFI_ERR_OS, name,
                          "read", "No such file");
    ck_assert_mem_eq(key, zero, sizeof(key));
    ck_assert_ok(sfi_audit_key_create(ctx, name));
    ck_assert_int_eq(stat(name, &st), 0);
    ck_assert_uint_eq(mode_of_file(name), 0600);
    ck_assert_int_eq(st.st_size, SFI_AUDIT_KEY_LEN);
    ck_assert_ok(sfi_audit_key_load(ctx, name, key));
    ck_assert_mem_ne(key, zero, sizeof(key));
    /* an existing key is not overwritten: it may be the only copy */
    ck_assert_fails(sfi_audit_key_create(ctx, name), SFI_ERR_ACCESS, name,
                    "cannot create: File exists");
    ck_assert_ok(sfi_audit_key_load(ctx, name, again));
    ck_assert_mem_eq(key, again, sizeof(key));
    ck_assert_int_eq(truncate(name, 33), 0);
    ck_assert_fails(sfi_audit_key_load(ctx, name, key), SFI_ERR_RANGE, name,
                    "an audit key of 33 bytes, expected 32");
    ck_assert_mem_eq(key, zero, sizeof(key));
}
END_TEST

START_TEST(test_key_arguments)
{
    uint8_t key[SFI_AUDIT_KEY_LEN];

    ck_assert_int_eq(sfi_audit_key_create(NULL, path), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_audit_key_load(NULL, path, key), SFI_ERR_ARGUMENT);
    ck_assert_fails_about(sfi_audit_key_create(ctx, NULL), SFI_ERR_ARGUMENT, "",
                          "path != NULL");
    ck_assert_fails_about(sfi_audit_key_load(ctx, NULL, key), SFI_ERR_ARGUMENT,
                          "", "path != NULL");
    ck_assert_fails_about(sfi_audit_key_load(ctx, path, NULL), SFI_ERR_ARGUMENT,
                          "", "key != NULL");
}
END_TEST

/* ---- the writer ---- */

static void
nothing_was_written(sfi_status status, const char *message)
{
    struct stat before, after;

    ck_assert_int_eq(stat(path, &before), 0);
    ck_assert_fails(story_write(&story, path), status, "", message);
    ck_assert_int_eq(stat(path, &after), 0); /* unchanged */
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    ck_assert_ok(story_verify(&story, path, NULL, NULL));
}

START_TEST(test_write_fails_half_way)
{
    story.fail_at = 2;
    nothing_was_written(SFI_ERR_IO, "the story ends too early");
}
END_TEST

START_TEST(test_write_what_does_not_fit)
{
    static const char follow[] =
        "record 2 of the HSM's audit log does not continue the previous one, "
        "or does not match its hash";

    story.lie_at = 2;
    nothing_was_written(SFI_ERR_HSM, follow);
    story.lie_at = 0;
    story.records[1].previous[0] ^= 1;
    nothing_was_written(SFI_ERR_HSM, follow);
    story_sign(&story);
    story.records[1].sequence = 7;
    nothing_was_written(SFI_ERR_HSM, follow);
    story.records[1].sequence = 2;
    story.records[1].kind = 7;
    story_sign(&story);
    nothing_was_written(SFI_ERR_HSM, follow);
    story.records[1].kind = SFI_AUDIT_COUNTED;
    story_sign(&story);
    story.head.sequence = 1;
    nothing_was_written(SFI_ERR_HSM, "record 1 of the HSM's audit log is not "
                                     "the last one that its head names");
    story_sign(&story);
    story.head.genesis[0] ^= 1;
    nothing_was_written(
        SFI_ERR_HSM, "the head of the HSM's audit log does not match its hash");
}
END_TEST

START_TEST(test_write_bad_names)
{
    static const char message[] =
        "the HSM's audit log has no valid firmware id or no valid product id";
    sfi_audit_head good = story.head;

    story.head.firmware_id[3] = '\n';
    nothing_was_written(SFI_ERR_HSM, message);
    story.head.firmware_id[0] = '\0';
    nothing_was_written(SFI_ERR_HSM, message);
    story.head = good;
    story.head.product_id[1] = ' ';
    nothing_was_written(SFI_ERR_HSM, message);
    story.head = good;
    story.head.product_id[8] = 'x';
    nothing_was_written(SFI_ERR_HSM, message);
    story.head = good; /* values that the text cannot express */
    story.head.firmware_id[40] = 'x';
    story_sign(&story);
    nothing_was_written(
        SFI_ERR_HSM, "the head of the HSM's audit log does not match its hash");
}
END_TEST

START_TEST(test_write_nowhere)
{
    char none[320];

    (void)snprintf(none, sizeof(none), "%s/none/line.log", dir);
    ck_assert_fails_about(story_write(&story, none), SFI_ERR_OS, none, "write",
                          "No such file");
    ck_assert_fails_about(story_write(&story, "/dev/full"), SFI_ERR_OS,
                          "/dev/full", "write", "No space");
}
END_TEST

START_TEST(test_written_file)
{
    ck_assert_uint_eq(mode_of_file(path), 0644);
}
END_TEST

/* ---- the set of devices ---- */

static void
device_of(uint32_t n, uint8_t out[AUDIT_DEVICE_LEN])
{
    sfi__zero(out, AUDIT_DEVICE_LEN);
    out[0] = (uint8_t)n; /* many begin in the same slot */
    out[15] = (uint8_t)(n >> 8);
}

START_TEST(test_devices)
{
    struct audit_devices d;
    uint8_t device[AUDIT_DEVICE_LEN];

    sfi__audit_devices_init(&d, ctx);
    for (uint32_t n = 0; n < 3000; n++) {
        device_of(n, device);
        ck_assert(!sfi__audit_devices_have(&d, device));
        ck_assert_ok(sfi__audit_devices_add(&d, device));
        ck_assert(sfi__audit_devices_have(&d, device));
    }
    for (uint32_t n = 0; n < 3000; n++) {
        device_of(n, device);
        ck_assert(sfi__audit_devices_have(&d, device));
    }
    ck_assert_uint_eq(d.used,
                      2999); /* number 0 is all zeros and takes no slot */
    sfi__audit_devices_free(&d);
    ck_assert(!sfi__audit_devices_have(&d, device));
}
END_TEST

START_TEST(test_too_many_devices)
{
    struct audit_devices d;
    uint8_t device[AUDIT_DEVICE_LEN] = {1};

    sfi__audit_devices_init(&d, ctx);
    d.used = AUDIT_DEVICES_MAX;
    ck_assert_fails(sfi__audit_devices_add(&d, device), SFI_ERR_LIMIT, "",
                    "more than 16777216 devices, the limit");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("audit_proof");
    TCase *tc = tcase_create("proof");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_counted_twice);
    tcase_add_test(tc, test_counted_too_often);
    tcase_add_test(tc, test_again_what_never_was);
    tcase_add_test(tc, test_count_not_one_less);
    tcase_add_test(tc, test_after_the_close);
    tcase_add_test(tc, test_close_with_a_licence);
    tcase_add_test(tc, test_static_where_live_only);
    tcase_add_test(tc, test_end_of_other_counts);
    tcase_add_test(tc, test_before);
    tcase_add_test(tc, test_before_is_longer);
    tcase_add_test(tc, test_before_is_another);
    tcase_add_test(tc, test_before_of_another_hsm);
    tcase_add_test(tc, test_before_is_altered);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_no_memory);
    tcase_add_test(tc, test_key_file);
    tcase_add_test(tc, test_key_arguments);
    tcase_add_test(tc, test_write_fails_half_way);
    tcase_add_test(tc, test_write_what_does_not_fit);
    tcase_add_test(tc, test_write_bad_names);
    tcase_add_test(tc, test_write_nowhere);
    tcase_add_test(tc, test_written_file);
    tcase_add_test(tc, test_devices);
    tcase_add_test(tc, test_too_many_devices);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
