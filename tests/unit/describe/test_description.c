/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Descriptions that are kept: after a failure, in words, as JSON, compared. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <string.h>

#include <sfi/sfi.h>

#include "fixture.h"

#define KEPT "data/kept/"
#define H7 "data/blink-stm32h753xi"

static char folder[256];

static void
folder_setup(void)
{
    fixture_setup();
    test_mkdir(folder, sizeof(folder));
}

static void
folder_teardown(void)
{
    test_rmdir(folder);
    fixture_teardown();
}

static sfi_description *
read_of(const char *path, const sfi_describe_options *opts, sfi_status expected)
{
    sfi_description *d;

    ck_assert_ok(sfi_description_new(ctx, &d));
    ck_assert_int_eq(sfi_description_read(d, path, opts), expected);
    return d;
}

/* A failed check leaves the facts; a lack of memory leaves none. */
START_TEST(test_kept_failures)
{
    const char *path = test_path(KEPT "image.sfi");
    sfi_key *key;
    const sfi_describe_options wrong = {
        .struct_size = sizeof(wrong),
        .nonce = (const uint8_t *)"0123456789ab",
        .key =
            (ck_assert_ok(sfi_key_load(ctx, test_path(KEPT "image.key"), &key)),
             key),
    };
    sfi_description *d = read_of(path, &wrong, SFI_ERR_AUTH);

    ck_assert_str_eq(sfi_description_at(d, 0)->text, "image");
    ck_assert_fails_about(sfi_description_read(d, NULL, NULL), SFI_ERR_ARGUMENT,
                          "", "path != NULL");
    ck_assert_int_eq(sfi_description_read(NULL, path, NULL), SFI_ERR_ARGUMENT);
    for (size_t n = 1;; n++) {
        sfi_status st;

        memory.fail_at = n;
        st = sfi_description_read(d, path, NULL);
        if (memory.fail_at != 0) {
            memory.fail_at = 0;
            ck_assert_ok(st);
            break;
        }
        ck_assert_int_eq(st, SFI_ERR_NOMEM);
    }
    sfi_key_free(key); /* the description does not need it any more */
    sfi_description_free(d);
}
END_TEST

/* The image is the first. */
static const char *const paths[] = {
    KEPT "image.sfi",   H7 ".elf",          "data/ob-stm32h753xi.csv",
    KEPT "device.cert", KEPT "product.pd",  KEPT "device.lic",
    KEPT "store",       KEPT "first.audit", KEPT "install.trace",
    KEPT "image.key",
};

static char written[1 << 20];
static size_t written_len;

static sfi_status
take_text(void *user, const uint8_t *data, size_t len)
{
    ck_assert_ptr_eq(user, written);
    ck_assert_uint_lt(written_len + len, sizeof(written));
    memcpy(written + written_len, data, len);
    written_len += len;
    written[written_len] = '\0';
    return SFI_OK;
}

static sfi_status
refuse_text(void *user, const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    return *(int *)user;
}

/* In words each label stands with its value, but an image is in the words of
 * ST's tool; as JSON each name does. */
START_TEST(test_written)
{
    sfi_description *d = read_of(test_path(paths[_i]), NULL, SFI_OK);
    const sfi_fact *f;
    char want[600];

    written_len = 0;
    ck_assert_ok(sfi_description_text(d, NULL, take_text, written));
    for (size_t i = 2; (f = sfi_description_at(d, i)) != NULL; i++) {
        if (f->kind == SFI_FACT_TEXT && strlen(f->text) < 40 && _i != 0)
            ck_assert_msg(strstr(written, f->text) != NULL, "%s", f->text);
        if (f->item == 0 && _i != 0)
            ck_assert_msg(strstr(written, f->label) != NULL, "%s", f->label);
    }
    ck_assert_int_eq(written[written_len - 1], '\n');
    written_len = 0;
    ck_assert_ok(sfi_description_json(d, take_text, written));
    ck_assert_int_eq(written[0], '{');
    ck_assert_str_eq(written + written_len - 3, "\n}\n");
    for (size_t i = 0; (f = sfi_description_at(d, i)) != NULL; i++) {
        if (f->kind == SFI_FACT_CHECK)
            (void)snprintf(want, sizeof(want), "\"name\": \"%s\"", f->name);
        else if (f->kind == SFI_FACT_NUMBER)
            (void)snprintf(want, sizeof(want), "\"%s\": %llu", f->name,
                           (unsigned long long)f->number);
        else
            (void)snprintf(want, sizeof(want), "\"%s\": ", f->name);
        ck_assert_msg(strstr(written, want) != NULL, "%s", want);
    }
    sfi_description_free(d);
}
END_TEST

START_TEST(test_written_exactly)
{
    char path[300];
    sfi_description *d;
    sfi_description *ob =
        read_of(test_path("data/ob-stm32h753xi.csv"), NULL, SFI_OK);
    int st = SFI_ERR_CANCELLED;

    (void)snprintf(path, sizeof(path), "%s/nonce", folder);
    ck_assert_ok(sfi_nonce_create(ctx, path));
    d = read_of(path, NULL, SFI_OK);
    written_len = 0;
    ck_assert_ok(sfi_description_text(d, NULL, take_text, written));
    ck_assert_str_eq(written, "  size in bytes          : 12\n"
                              "  what it may be         : as long as a nonce\n"
                              "  every user can read it : no\n"
                              "\nChecks :\n"
                              "  not a constant : passed\n");
    written_len = 0;
    ck_assert_ok(sfi_description_json(d, take_text, written));
    ck_assert_str_eq(written, "{\n"
                              "  \"kind\": \"key\",\n"
                              "  \"what\": \"a key or a nonce, or a file of "
                              "that length\",\n"
                              "  \"size\": 12,\n"
                              "  \"purpose\": \"as long as a nonce\",\n"
                              "  \"others_can_read\": false,\n"
                              "  \"checks\": [\n"
                              "    {\n"
                              "      \"name\": \"random\",\n"
                              "      \"result\": \"passed\"\n"
                              "    }\n"
                              "  ]\n"
                              "}\n");
    written_len = 0;
    ck_assert_ok(sfi_description_text(ob, "option_fields", take_text, written));
    ck_assert_int_eq(strncmp(written, "  ", 2), 0);
    ck_assert_ptr_nonnull(strstr(written, "  RDP              : 0xaa    "));
    written_len = 0;
    ck_assert_ok(sfi_description_text(ob, "none", take_text, written));
    ck_assert_uint_eq(written_len, 0);
    ck_assert_int_eq(sfi_description_text(d, NULL, refuse_text, &st), st);
    ck_assert_int_eq(sfi_description_json(d, refuse_text, &st), st);
    st = 7;
    ck_assert_int_eq(sfi_description_json(d, refuse_text, &st),
                     SFI_ERR_CALLBACK);
    ck_assert_fails_about(sfi_description_text(d, NULL, NULL, NULL),
                          SFI_ERR_ARGUMENT, "", "write != NULL");
    ck_assert_fails_about(sfi_description_json(d, NULL, NULL), SFI_ERR_ARGUMENT,
                          "", "write != NULL");
    memory.fail_at = 1;
    ck_assert_int_eq(sfi_description_text(d, NULL, take_text, written),
                     SFI_ERR_NOMEM);
    memory.fail_at = 0;
    sfi_description_free(d);
    sfi_description_free(ob);
}
END_TEST

/* An image that is sound is shown in the words of ST's tool; of one that is
 * refused only the reason. */
START_TEST(test_written_image)
{
    uint8_t nonce[SFI_NONCE_LEN];
    sfi_key *key;
    sfi_describe_options with = {.struct_size = sizeof(with), .nonce = nonce};
    const char *path = test_path(KEPT "image.sfi");
    sfi_description *d;
    char want[600];

    ck_assert_ok(sfi_key_load(ctx, test_path(KEPT "image.key"), &key));
    ck_assert_ok(sfi_nonce_load(ctx, test_path(KEPT "image.nonce"), nonce));
    with.key = key;
    d = read_of(path, NULL, SFI_OK);
    written_len = 0;
    ck_assert_ok(sfi_description_text(d, NULL, take_text, written));
    (void)snprintf(want, sizeof(want),
                   "SFI File Information :\n"
                   "  SFI file path            : %s\n"
                   "  SFI file size            : %s\n"
                   "\nSFI header information :\n"
                   "  SFI protocol version     : 1\n"
                   "  SFI total number of areas: 5\n"
                   "  SFI image version        : 3\n",
                   path, sfi_description_find(d, "", 0, "size")->text);
    ck_assert_int_eq(strncmp(written, want, strlen(want)), 0);
    ck_assert_ptr_nonnull(strstr(written, "\nParsing Area 5/5 :\n"));
    ck_assert_ptr_nonnull(
        strstr(written, "  Area destination address : 0x8001000\n"));
    ck_assert_ptr_nonnull(strstr(written, "\nTags not verified : no key was"));
    ck_assert_ptr_null(strstr(written, "Option bytes"));
    sfi_description_free(d);
    d = read_of(path, &with, SFI_OK);
    written_len = 0;
    ck_assert_ok(sfi_description_text(d, NULL, take_text, written));
    ck_assert_ptr_nonnull(strstr(written,
                                 "\nTags verified : the header and all "
                                 "5 areas are authentic\n\n"
                                 "Option bytes :\n  "));
    ck_assert_ptr_nonnull(strstr(written, "  RDP              : 0xbb    "));
    sfi_description_free(d);
    nonce[0] ^= 1;
    d = read_of(path, &with, SFI_ERR_AUTH);
    written_len = 0;
    ck_assert_ok(sfi_description_text(d, NULL, take_text, written));
    ck_assert_ptr_null(strstr(written, "SFI"));
    ck_assert_ptr_nonnull(strstr(written, "areas : failed: "));
    sfi_description_free(d);
    sfi_key_free(key);
}
END_TEST

/* The content of a description is that of the file; an error names the file. */
START_TEST(test_content)
{
    char path[300], elf_header[300];
    const sfi_chip *chip = sfi_chip_find("stm32l462ce");
    uint8_t nonce[SFI_NONCE_LEN];
    sfi_key *key;
    sfi_describe_options with = {.struct_size = sizeof(with), .nonce = nonce};
    sfi_description *d[4];
    sfi_firmware *fw;
    sfi_layout *l;

    ck_assert_ok(sfi_key_load(ctx, test_path(KEPT "image.key"), &key));
    ck_assert_ok(sfi_nonce_load(ctx, test_path(KEPT "image.nonce"), nonce));
    with.key = key;
    (void)snprintf(path, sizeof(path), "%s", test_path(KEPT "image.sfi"));
    (void)snprintf(elf_header, sizeof(elf_header), "%s:header",
                   test_path(H7 ".elf"));
    d[0] = read_of(path, &with, SFI_OK);
    d[1] = read_of(path, NULL, SFI_OK);
    d[2] = read_of(test_path(H7 ".elf"), NULL, SFI_OK);
    ck_assert_ok(sfi_description_new(ctx, &d[3]));
    sfi_key_free(key);
    ck_assert_ok(sfi_description_firmware(d[0], 0, &fw));
    ck_assert_uint_gt(sfi_firmware_segment_count(fw), 1);
    sfi_firmware_free(fw);
    ck_assert_ok(sfi_description_firmware(d[0], 1, &fw));
    ck_assert_uint_eq(sfi_firmware_segment_count(fw), 1);
    sfi_firmware_free(fw);
    ck_assert_fails_about(sfi_description_firmware(d[0], 6, &fw), SFI_ERR_RANGE,
                          path, "no area 6");
    ck_assert_ptr_null(fw);
    ck_assert_fails_about(sfi_description_firmware(d[1], 0, &fw),
                          SFI_ERR_ARGUMENT, path, "key is NULL");
    ck_assert_ok(sfi_description_firmware(d[2], 0, &fw));
    ck_assert_uint_eq(sfi_firmware_segment_count(fw), 4);
    sfi_firmware_free(fw);
    ck_assert_fails_about(sfi_description_firmware(d[2], 1, &fw),
                          SFI_ERR_ARGUMENT, "", "area == 0");
    ck_assert_fails_about(sfi_description_firmware(d[3], 0, &fw),
                          SFI_ERR_ARGUMENT, "", "path != NULL");
    for (size_t i = 0; i < 2; i++) {
        ck_assert_ok(sfi_description_layout(d[i], chip, &l));
        ck_assert_uint_eq(sfi_layout_area_count(l), 5);
        sfi_layout_free(l);
    }
    ck_assert_fails_about(sfi_description_layout(d[2], chip, &l),
                          SFI_ERR_FORMAT, elf_header, "SFIMAGIC");
    ck_assert_fails_about(sfi_description_layout(d[0], NULL, &l),
                          SFI_ERR_ARGUMENT, path, "chip");
    ck_assert_fails_about(sfi_description_layout(d[3], chip, &l),
                          SFI_ERR_ARGUMENT, "", "path != NULL");
    for (size_t i = 0; i < ROWS(d); i++)
        sfi_description_free(d[i]);
}
END_TEST

static unsigned facts_differ, bytes_differ;

static void
on_fact(void *user, const sfi_fact *a, const sfi_fact *b)
{
    ck_assert_ptr_eq(user, &facts_differ);
    ck_assert_uint_eq(bytes_differ, 0); /* the facts are first */
    ck_assert(b == NULL || strcmp(a->text, b->text) != 0);
    facts_differ++;
}

static void
on_bytes(void *user, const sfi_firmware_difference *d)
{
    ck_assert_ptr_eq(user, &facts_differ);
    ck_assert_uint_gt(d->size, 0);
    bytes_differ++;
}

static sfi_comparison
compare(const sfi_description *a, const sfi_description *b)
{
    sfi_comparison c = {.struct_size = sizeof(c)};

    facts_differ = bytes_differ = 0;
    ck_assert_ok(
        sfi_description_compare(a, b, on_fact, on_bytes, &facts_differ, &c));
    ck_assert_uint_eq(c.facts, facts_differ);
    ck_assert_uint_eq(c.places, bytes_differ);
    ck_assert_int_eq(c.bytes > 0, c.places > 0);
    return c;
}

START_TEST(test_compare)
{
    uint8_t nonce[SFI_NONCE_LEN];
    sfi_key *key;
    sfi_describe_options with = {.struct_size = sizeof(with), .nonce = nonce};
    sfi_description *d[5];
    sfi_comparison c;

    ck_assert_ok(sfi_key_load(ctx, test_path(KEPT "image.key"), &key));
    ck_assert_ok(sfi_nonce_load(ctx, test_path(KEPT "image.nonce"), nonce));
    with.key = key;
    d[0] = read_of(test_path(H7 ".elf"), NULL, SFI_OK);
    d[1] = read_of(test_path(H7 ".hex"), NULL, SFI_OK);
    d[2] = read_of(test_path("data/blink-stm32l462ce.elf"), NULL, SFI_OK);
    d[3] = read_of(test_path(KEPT "image.sfi"), &with, SFI_OK);
    d[4] = read_of(test_path(KEPT "image.sfi"), NULL, SFI_OK);
    sfi_key_free(key);
    c = compare(d[0], d[1]);
    ck_assert_uint_eq(c.flags, SFI_COMPARED_CONTENT);
    ck_assert_uint_eq(c.bytes, 0);
    c = compare(d[0], d[2]);
    ck_assert_uint_gt(c.bytes, 0);
    ck_assert_uint_eq(c.facts, 0);
    c = compare(d[3], d[3]);
    ck_assert_uint_eq(c.flags, SFI_COMPARED_CONTENT);
    ck_assert_uint_eq(c.facts + c.bytes, 0);
    c = compare(d[3], d[4]); /* by what they show */
    ck_assert_uint_eq(c.flags, 0);
    ck_assert_uint_eq(c.facts, 0);
    c = compare(d[3], d[0]);
    ck_assert_uint_eq(c.flags, SFI_COMPARED_CONTENT);
    ck_assert_fails_about(
        sfi_description_compare(d[4], d[0], NULL, NULL, NULL, &c),
        SFI_ERR_ARGUMENT, "", "without its key");
    for (size_t i = 0; i < ROWS(d); i++)
        sfi_description_free(d[i]);
}
END_TEST

static void
write_hex(const char *path, const char *content)
{
    sfi_firmware *fw;

    ck_assert_ok(sfi_firmware_parse(ctx, "bin", 0x08000000,
                                    (const uint8_t *)content, strlen(content),
                                    &fw));
    ck_assert_ok(sfi_firmware_save(fw, path, NULL));
    sfi_firmware_free(fw);
}

static sfi_comparison
compare_text(const sfi_description *a, const sfi_description *b)
{
    sfi_comparison c = {.struct_size = sizeof(c)};

    written_len = 0;
    ck_assert_ok(sfi_description_compare_text(a, b, take_text, written, &c));
    return c;
}

/* What differs, in words and as JSON, to the letter. */
START_TEST(test_compare_written)
{
    sfi_comparison c = {.struct_size = sizeof(c)};
    char a_hex[300], b_hex[300], want[600];
    sfi_description *a, *b, *image;
    int st = SFI_ERR_CANCELLED;

    (void)snprintf(a_hex, sizeof(a_hex), "%s/a.hex", folder);
    (void)snprintf(b_hex, sizeof(b_hex), "%s/b.hex", folder);
    write_hex(a_hex, "some code");
    write_hex(b_hex, "same code.");
    a = read_of(a_hex, NULL, SFI_OK);
    b = read_of(b_hex, NULL, SFI_OK);
    image = read_of(test_path(KEPT "image.sfi"), NULL, SFI_OK);
    ck_assert_uint_eq(compare_text(a, a).bytes, 0);
    ck_assert_str_eq(written, "Compared : the same firmware\n");
    ck_assert_uint_eq(compare_text(image, image).facts, 0);
    ck_assert_str_eq(written, "Compared : the same areas with the same tags\n");
    ck_assert_uint_eq(compare_text(a, b).bytes, 2);
    (void)snprintf(want, sizeof(want),
                   "  0x08000001 : 1 bytes differ: 0x6f, 0x61\n"
                   "  0x08000009 : 1 bytes are only in %s: 0xff, 0x2e\n"
                   "Compared : 2 bytes in 2 places, and 0 other facts differ\n",
                   b_hex);
    ck_assert_str_eq(written, want);
    written_len = 0;
    ck_assert_ok(sfi_description_compare_json(a, b, take_text, written, &c));
    ck_assert_uint_eq(c.places, 2);
    ck_assert_ptr_nonnull(strstr(written, "  \"facts\": [],\n  \"ranges\": ["));
    ck_assert_ptr_nonnull(strstr(written, "\"kind\": \"only second\",\n"
                                          "      \"first_byte\": 255,\n"
                                          "      \"second_byte\": 46\n"));
    ck_assert_ptr_nonnull(strstr(written, "\n  ],\n  \"different_bytes\": 2,\n"
                                          "  \"equal\": false\n}\n"));
    ck_assert_int_eq(sfi_description_compare_text(a, b, refuse_text, &st, &c),
                     st);
    ck_assert_fails_about(sfi_description_compare_text(a, b, NULL, NULL, &c),
                          SFI_ERR_ARGUMENT, "", "write != NULL");
    written_len = 0;
    ck_assert_fails_about(
        sfi_description_compare_json(a, image, take_text, written, &c),
        SFI_ERR_ARGUMENT, "", "without its key");
    ck_assert_fails_about(
        sfi_description_compare_json(a, b, take_text, written, NULL),
        SFI_ERR_ARGUMENT, "", "out != NULL");
    ck_assert_uint_eq(written_len, 0);
    sfi_description_free(a);
    sfi_description_free(b);
    sfi_description_free(image);
}
END_TEST

/* Only the first runs are listed; a lack of memory writes nothing. */
START_TEST(test_compare_written_long)
{
    sfi_comparison c = {.struct_size = sizeof(c)};
    char one[301], two[301], a_hex[300], b_hex[300];
    sfi_description *a, *b;

    (void)snprintf(a_hex, sizeof(a_hex), "%s/a.hex", folder);
    (void)snprintf(b_hex, sizeof(b_hex), "%s/b.hex", folder);
    memset(one, 'a', 300);
    for (size_t i = 0; i < 300; i++)
        two[i] = i % 2 == 0 ? 'a' : 'b';
    one[300] = two[300] = '\0';
    write_hex(a_hex, one);
    write_hex(b_hex, two);
    a = read_of(a_hex, NULL, SFI_OK);
    b = read_of(b_hex, NULL, SFI_OK);
    ck_assert_uint_eq(compare_text(a, b).places, 150);
    ck_assert_ptr_nonnull(strstr(written, "\n  and 86 more places\n"));
    written_len = 0;
    ck_assert_ok(sfi_description_compare_json(a, b, take_text, written, &c));
    ck_assert_ptr_nonnull(strstr(written, "\"address\": 134217855,"));
    ck_assert_ptr_null(strstr(written, "\"address\": 134217857,"));
    for (size_t n = 1; n < 400; n++) {
        sfi_status st;

        memory.fail_at = n;
        written_len = 0;
        st = sfi_description_compare_json(a, b, take_text, written, &c);
        if (memory.fail_at != 0) {
            ck_assert_ok(st);
            break;
        }
        ck_assert_int_eq(st, SFI_ERR_NOMEM);
        ck_assert_uint_eq(written_len, 0);
    }
    memory.fail_at = 0;
    sfi_description_free(a);
    sfi_description_free(b);
}
END_TEST

START_TEST(test_compare_arguments)
{
    sfi_description *a, *b, *cert;
    sfi_comparison c = {.struct_size = sizeof(c)};

    ck_assert_ok(sfi_description_new(ctx, &a));
    b = read_of(test_path(H7 ".elf"), NULL, SFI_OK);
    cert = read_of(test_path(KEPT "device.cert"), NULL, SFI_OK);
    ck_assert_fails_about(sfi_description_compare(a, b, NULL, NULL, NULL, &c),
                          SFI_ERR_STATE, "", "no file was read");
    ck_assert_fails_about(
        sfi_description_compare(b, cert, NULL, NULL, NULL, &c), SFI_ERR_FORMAT,
        test_path(KEPT "device.cert"), "a chip's certificate");
    ck_assert_fails_about(
        sfi_description_compare(b, NULL, NULL, NULL, NULL, &c),
        SFI_ERR_ARGUMENT, "", "DESCRIPTION");
    ck_assert_fails_about(sfi_description_compare(b, b, NULL, NULL, NULL, NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    c.struct_size = 4;
    ck_assert_fails_about(sfi_description_compare(b, b, NULL, NULL, NULL, &c),
                          SFI_ERR_ABI, "", "struct_size is 4");
    sfi_description_free(a);
    sfi_description_free(b);
    sfi_description_free(cert);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("description");
    TCase *t = tcase_create("description");

    tcase_add_checked_fixture(t, folder_setup, folder_teardown);
    tcase_add_test(t, test_kept_failures);
    tcase_add_loop_test(t, test_written, 0, ROWS(paths));
    tcase_add_test(t, test_written_exactly);
    tcase_add_test(t, test_written_image);
    tcase_add_test(t, test_content);
    tcase_add_test(t, test_compare);
    tcase_add_test(t, test_compare_written);
    tcase_add_test(t, test_compare_written_long);
    tcase_add_test(t, test_compare_arguments);
    suite_add_tcase(s, t);
    return run_suite(s);
}
