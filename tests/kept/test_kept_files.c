/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Files that an older libsfi wrote: certificates, licences and their store, an
 * image, keys, an audit log, and a trace. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/sfi.h>

#include "util/hex.h"
#include "transport/base/transport.h"
#include "fixture.h"

#define KEPT "data/kept/"

START_TEST(test_certificates)
{
    static const char *const names[] = {KEPT "device.cert", KEPT "other.cert"};
    char ids[2][80];

    for (size_t i = 0; i < 2; i++) {
        sfi_certificate *cert;

        ck_assert_ok(sfi_certificate_load(ctx, test_path(names[i]), &cert));
        ck_assert_str_eq(sfi_certificate_product_id(cert), "46201002");
        ck_assert_uint_lt(strlen(sfi_certificate_device_id(cert)), 80);
        strcpy(ids[i], sfi_certificate_device_id(cert));
        sfi_certificate_free(cert);
    }
    ck_assert_str_ne(ids[0], ids[1]);
}
END_TEST

START_TEST(test_licenses)
{
    static const char *const names[] = {KEPT "device.lic", KEPT "other.lic"};

    for (size_t i = 0; i < 2; i++) {
        sfi_license *lic;

        ck_assert_ok(sfi_license_load(ctx, test_path(names[i]), &lic));
        ck_assert_uint_eq(sfi_license_type(lic), SFI_LICENSE_STATIC);
        ck_assert_uint_eq(sfi_license_session(lic), 0);
        sfi_license_free(lic);
    }
}
END_TEST

START_TEST(test_store)
{
    sfi_license_store *store;
    sfi_certificate *cert;
    sfi_license *lic;

    ck_assert_ok(
        sfi_license_store_open(ctx, test_path(KEPT "store"), 0, &store));
    ck_assert_ok(
        sfi_certificate_load(ctx, test_path(KEPT "device.cert"), &cert));
    ck_assert_ok(sfi_license_store_find(store, cert, &lic));
    ck_assert_ptr_nonnull(lic);
    ck_assert_uint_eq(sfi_license_type(lic), SFI_LICENSE_STATIC);
    sfi_license_free(lic);
    sfi_certificate_free(cert);
    sfi_license_store_free(store);
}
END_TEST

START_TEST(test_personalization)
{
    sfi_personalization *perso;

    ck_assert_ok(
        sfi_personalization_load(ctx, test_path(KEPT "product.pd"), &perso));
    ck_assert_str_eq(sfi_personalization_product_id(perso), "46201002");
    sfi_personalization_free(perso);
}
END_TEST

/* The areas of an image whose tags are all right. */
static size_t
count_areas(sfi_image_reader *reader, const uint8_t *image, size_t len)
{
    sfi_image_event event = {.struct_size = sizeof(event)};
    size_t areas = 0, at = 0, n;

    do {
        ck_assert_ok(sfi_image_reader_next(reader, &event));
        if (event.kind == SFI_EVENT_AREA_BEGIN) {
            areas++;
            ck_assert_uint_eq(event.version, 3);
        } else if (event.kind == SFI_EVENT_NEED_INPUT) {
            ck_assert_uint_lt(at, len);
            ck_assert_ok(
                sfi_image_reader_push(reader, image + at, len - at, &n));
            at += n;
        }
    } while (event.kind != SFI_EVENT_DONE);
    return areas;
}

START_TEST(test_image)
{
    uint8_t nonce[SFI_NONCE_LEN];
    sfi_image_reader *reader;
    sfi_key *key;
    size_t len;
    char *image = test_read(test_path(KEPT "image.sfi"), &len);

    ck_assert_ok(sfi_key_load(ctx, test_path(KEPT "image.key"), &key));
    ck_assert_ok(sfi_nonce_load(ctx, test_path(KEPT "image.nonce"), nonce));
    ck_assert_ok(sfi_image_reader_new(ctx, key, nonce, &reader));
    ck_assert_uint_eq(count_areas(reader, (const uint8_t *)image, len), 5);
    ck_assert_ok(sfi_image_reader_finish(reader));
    ck_assert_ok(sfi_image_check(ctx, sfi_chip_find("stm32l462ce"),
                                 (const uint8_t *)image, len, NULL, NULL));
    sfi_image_reader_free(reader);
    sfi_key_free(key);
    free(image);
}
END_TEST

START_TEST(test_audit)
{
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];

    ck_assert_ok(
        sfi_audit_key_load(ctx, test_path(KEPT "audit.key"), key_secret));
    ck_assert_ok(sfi_audit_verify(ctx, test_path(KEPT "first.audit"),
                                  key_secret, sizeof(key_secret), NULL, &sum));
    ck_assert_uint_eq(sum.records, 1);
    ck_assert_uint_eq(sum.licensed, 1);
    ck_assert_uint_eq(sum.remaining, 4);
    ck_assert_uint_eq(sum.maximum, 5);
    ck_assert_str_eq(sum.firmware_id, "blink-1");
    ck_assert_str_eq(sum.product_id, "46201002");
}
END_TEST

/* ---- a trace ---- */

/* The bytes of a line after its first character. */
static size_t
bytes_of(const char *line, uint8_t out[32])
{
    size_t len = 0;

    for (const char *p = line + 1; *p == ' '; p += 3)
        ck_assert(sfi__hex_decode(&out[len++], 1, p + 1));
    return len;
}

/* Say the line of the trace to the link that plays it. */
static void
play_line(sfi_transport *tp, const char *line, size_t *out, size_t *in)
{
    uint8_t bytes[32], got[32];
    size_t len = strchr("<>", line[0]) != NULL ? bytes_of(line, bytes) : 0;

    if (line[0] == '>') {
        ck_assert_ok(sfi__transport_write(tp, bytes, len, 1000));
        *out += len;
    }
    for (size_t done = 0, n; line[0] == '<' && done < len; done += n) {
        ck_assert_ok(sfi__transport_read(tp, got, len - done, &n, 1000));
        ck_assert_mem_eq(got, bytes + done, n);
        *in += n;
    }
}

START_TEST(test_trace)
{
    char name[400], *text, *save = NULL;
    sfi_transport *tp;
    uint32_t slower;
    size_t len, out = 0, in = 0;

    (void)snprintf(name, sizeof(name), "script:%s",
                   test_path(KEPT "install.trace"));
    text = test_read(test_path(KEPT "install.trace"), &len);
    ck_assert_ok(sfi_transport_open(ctx, name, &tp));
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        uint8_t byte;
        size_t n;

        if (strcmp(line, "speed 0") == 0)
            ck_assert_ok(sfi__transport_set_speed(tp, 0, &slower));
        else if (strcmp(line, "read") == 0)
            ck_assert_int_eq(sfi__transport_read(tp, &byte, 1, &n, 100),
                             SFI_ERR_TIMEOUT);
        else
            play_line(tp, line, &out, &in);
    }
    /* the image went through it, and every byte was answered */
    ck_assert_uint_gt(out, 5786);
    ck_assert_uint_gt(in, 100);
    sfi_transport_free(tp);
    free(text);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("kept files");
    TCase *tc = tcase_create("read");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_certificates);
    tcase_add_test(tc, test_licenses);
    tcase_add_test(tc, test_store);
    tcase_add_test(tc, test_personalization);
    tcase_add_test(tc, test_image);
    tcase_add_test(tc, test_audit);
    tcase_add_test(tc, test_trace);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
