/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Firmware that is written reads back the same, in each format; and where two
 * firmwares differ. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sfi/firmware.h>

#include "fixture.h"

static char folder[256];
static char path[300];

static void
setup(void)
{
    fixture_setup();
    test_mkdir(folder, sizeof(folder));
}

static void
teardown(void)
{
    test_rmdir(folder);
    fixture_teardown();
}

static const char *
in_folder(const char *name)
{
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

/* Differences as text: "=@8000000+4 11/22", "<..." only in the first. */
static char found[512];

static void
take(void *user, const sfi_firmware_difference *d)
{
    size_t at = strlen(found);

    (void)user;
    (void)snprintf(found + at, sizeof(found) - at, "%c%llx+%llu:%02x/%02x ",
                   " =<>"[d->kind], (unsigned long long)d -> address,
                   (unsigned long long)d -> size, d -> first, d -> second);
}

static uint64_t
compare(const sfi_firmware *a, const sfi_firmware *b)
{
    uint64_t count;

    found[0] = '\0';
    ck_assert_ok(sfi_firmware_compare(a, b, take, NULL, &count));
    return count;
}

static sfi_firmware *
parse(const char *hex)
{
    sfi_firmware *fw;

    ck_assert_ok(sfi_firmware_parse(ctx, "ihex", 0, (const uint8_t *)hex,
                                    strlen(hex), &fw));
    return fw;
}

#define AT_0800 ":020000040800F2\n"
#define END ":00000001FF\n"
/* 01 02 03 04 at 0x08000000, 05 at 0x08000010 */
#define ISLANDS AT_0800 ":0400000001020304F2\n:0100100005EA\n" END

START_TEST(test_formats)
{
    static const char *const names[] = {"a.hex", "a.HEX", "a.srec", "a.s19",
                                        "a.mot"};
    static const char *const sources[] = {"data/blink-stm32h753xi.elf",
                                          "data/blink-stm32l462ce.elf"};
    sfi_firmware *fw, *back;

    for (size_t k = 0; k < ROWS(sources); k++) {
        ck_assert_ok(sfi_firmware_load(ctx, test_path(sources[k]), &fw));
        for (size_t i = 0; i < ROWS(names); i++) {
            sfi_firmware_save_options o = {.struct_size = sizeof(o),
                                           .flags = SFI_REPLACE};

            ck_assert_ok(sfi_firmware_save(fw, in_folder(names[i]), &o));
            ck_assert_ok(sfi_firmware_load(ctx, path, &back));
            ck_assert_str_eq(sfi_firmware_format(back),
                             sfi_firmware_format_by_name(path));
            ck_assert_uint_eq(sfi_firmware_segment_count(back),
                              sfi_firmware_segment_count(fw));
            ck_assert_uint_eq(compare(fw, back), 0);
            sfi_firmware_free(back);
        }
        sfi_firmware_free(fw);
    }
}
END_TEST

START_TEST(test_text)
{
    sfi_firmware *fw = parse(ISLANDS);
    size_t len;
    char *text;

    ck_assert_ok(sfi_firmware_save(fw, in_folder("a.hex"), NULL));
    text = test_read(path, &len);
    ck_assert_str_eq(text, ISLANDS);
    free(text);
    ck_assert_ok(sfi_firmware_save(fw, in_folder("a.srec"), NULL));
    text = test_read(path, &len);
    ck_assert_str_eq(text, "S0030000FC\n"
                           "S3090800000001020304E4\n"
                           "S3060800001005DC\n"
                           "S70508000000F2\n");
    free(text);
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_binary_has_no_gaps)
{
    sfi_firmware_save_options o = {.struct_size = sizeof(o)};
    sfi_firmware *fw = parse(ISLANDS);
    struct stat st;
    size_t len;
    char *data;

    ck_assert_fails(sfi_firmware_save(fw, in_folder("a.bin"), NULL),
                    SFI_ERR_FORMAT, path,
                    "2 segments, the first gap is from 0x08000004 to "
                    "0x0800000f: a plain binary needs one segment, or a byte "
                    "to fill gaps; Intel HEX or S-records need neither");
    ck_assert_int_ne(stat(path, &st), 0);
    o.fill = SFI_FIRMWARE_FILL(0xee);
    o.flags = SFI_FIRMWARE_PRIVATE;
    ck_assert_ok(sfi_firmware_save(fw, path, &o));
    data = test_read(path, &len);
    ck_assert_uint_eq(len, 17);
    ck_assert_mem_eq(data,
                     "\1\2\3\4\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee"
                     "\xee\xee\5",
                     17);
    free(data);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(mode_of_file(path), 0600);
    /* and it is not replaced unless that is asked for */
    ck_assert_int_eq(sfi_firmware_save(fw, path, &o), SFI_ERR_ACCESS);
    o.flags |= SFI_REPLACE;
    ck_assert_ok(sfi_firmware_save(fw, path, &o));
    sfi_firmware_free(fw);
}
END_TEST

/* 2 GB between two islands take no memory and no disk. */
START_TEST(test_far_islands)
{
    sfi_firmware_save_options o = {.struct_size = sizeof(o),
                                   .fill = SFI_FIRMWARE_FILL(0)};
    sfi_firmware *fw = parse(AT_0800 ":0100000001FE\n:020000049000"
                                     "6A\n:0100000002FD\n" END);

    ck_assert_fails_about(sfi_firmware_save(fw, in_folder("a.bin"), &o),
                          SFI_ERR_LIMIT, path, "0x88000001", "0x10000000");
    ck_assert_ok(sfi_firmware_save(fw, in_folder("a.hex"), NULL));
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_a_binary_that_looks_like_a_key)
{
    sfi_firmware *fw;
    const uint8_t data[16] = {1, 2, 3};
    FILE *f = fopen(in_folder("a.bin"), "wb");
    sfi_firmware_save_options o = {.struct_size = sizeof(o),
                                   .flags = SFI_REPLACE};

    ck_assert(f != NULL && fwrite("0123456789abcdef", 1, 16, f) == 16 &&
              fclose(f) == 0);
    ck_assert_ok(sfi_firmware_parse(ctx, "bin", 0x08000000, data, 16, &fw));
    ck_assert_int_eq(sfi_firmware_save(fw, path, &o), SFI_ERR_ACCESS);
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_arguments)
{
    sfi_firmware_save_options o = {.struct_size = sizeof(o), .format = "elf"};
    sfi_firmware *fw = parse(ISLANDS);
    uint64_t count = 9;

    ck_assert_fails_about(sfi_firmware_save(fw, "x", &o), SFI_ERR_ARGUMENT, "",
                          "\"elf\"");
    o.format = NULL;
    o.reserved = 1;
    ck_assert_fails_about(sfi_firmware_save(fw, "x", &o), SFI_ERR_ARGUMENT, "",
                          "o.reserved == 0");
    o.reserved = 0;
    o.flags = 2;
    ck_assert_int_eq(sfi_firmware_save(fw, "x", &o), SFI_ERR_ARGUMENT);
    o.flags = 0;
    o.fill = 0xff; /* without SFI_FIRMWARE_FILL() */
    ck_assert_int_eq(sfi_firmware_save(fw, "x", &o), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_firmware_save(NULL, "x", NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_firmware_save(fw, NULL, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_firmware_compare(fw, NULL, NULL, NULL, &count),
                     SFI_ERR_ARGUMENT);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(sfi_firmware_compare(fw, fw, NULL, NULL, NULL),
                     SFI_ERR_ARGUMENT);
    ck_assert_str_eq(sfi_firmware_format_by_name(NULL), "bin");
    ck_assert_str_eq(sfi_firmware_format_by_name("hex"), "bin");
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_compare)
{
    static const struct {
        const char *other, *want;
        uint64_t count;
    } rows[] = {
        {ISLANDS, "", 0},
        {AT_0800 ":0400000001090904E5\n:0100100005EA\n" END,
         "=8000001+2:02/09 ", 2},
        {AT_0800 ":0400000001020304F2\n" END, "<8000010+1:05/ff ", 1},
        /* fill of 0xff is what erased flash reads */
        {AT_0800 ":0600000001020304FFFFF2\n:0100100005EA\n" END, "", 0},
        {AT_0800 ":060000000102030400FFF1\n:0100100005EA\n:0100200006D9\n" END,
         ">8000004+1:ff/00 >8000020+1:ff/06 ", 2},
        {":0100000007F8\n" END, ">0+1:ff/07 <8000000+4:01/ff <8000010+1:05/ff ",
         6},
    };
    sfi_firmware *a = parse(ISLANDS);
    sfi_firmware *b = parse(rows[_i].other);

    ck_assert_uint_eq(compare(a, b), rows[_i].count);
    ck_assert_str_eq(found, rows[_i].want);
    ck_assert_uint_eq(compare(b, a), rows[_i].count);
    sfi_firmware_free(a);
    sfi_firmware_free(b);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("firmware_save");
    TCase *t = tcase_create("firmware_save");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_formats);
    tcase_add_test(t, test_text);
    tcase_add_test(t, test_binary_has_no_gaps);
    tcase_add_test(t, test_far_islands);
    tcase_add_test(t, test_a_binary_that_looks_like_a_key);
    tcase_add_test(t, test_arguments);
    tcase_add_loop_test(t, test_compare, 0, 6);
    suite_add_tcase(s, t);
    return run_suite(s);
}
