/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/firmware: what each flag allows, and that everything else stays strict.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bench/firmware_rows.h>
#include "fixture.h"

#define END ":00000001FF\n"
#define HEX ":0400100001020304??\n"
#define S1 "S107001001020304??\n"
#define S9 "S9030000FC\n"
#define FOUR_OUT "00000010=01020304"

#define BASE ":020000021000??\n"      /* 0x10000 */
#define CROSS ":04FFFE0001020304??\n" /* two bytes on either side */
#define TOP ":02000002FFFF??\n"       /* 0xffff0, the highest */
#define CROSS_ONE ":02FFFF000102??\n" /* one byte on either side */
#define UP_TO_END ":02FFFE000102??\n" /* none behind */
#define LINEAR ":020000040800??\n"    /* 0x08000000 */

#define NO_END SFI_FIRMWARE_NO_END_RECORD
#define PAST_END SFI_FIRMWARE_PAST_END
#define WRAPS SFI_FIRMWARE_SEGMENT_WRAPS
#define RUNS_ON SFI_FIRMWARE_SEGMENT_RUNS_ON
#define VIRTUAL SFI_FIRMWARE_VIRTUAL_ADDRESS

#define NO_HEX_END "... end record, expected :00000001FF"
#define NO_SREC_END "... end record, expected S7, S8 or S9"

struct flag_row {
    const char *format;
    uint32_t flags;
    struct firmware_row row;
};

static const struct flag_row rows[] = {
    /* no end record */
    {"ihex",
     0,
     {.why = "hex without its end",
      .text = HEX,
      .st = SFI_ERR_TRUNCATED,
      .where = "1",
      .message = NO_HEX_END}},
    {"ihex",
     NO_END,
     {.why = "hex without its end, allowed",
      .text = HEX "\n",
      .segments = FOUR_OUT,
      .warnings = "2: " NO_HEX_END "\n"}},
    {"ihex",
     WRAPS | VIRTUAL,
     {.why = "hex without its end, other flags",
      .text = HEX,
      .st = SFI_ERR_TRUNCATED,
      .where = "1",
      .message = NO_HEX_END}},
    {"ihex",
     NO_END,
     {.why = "hex with its end", .text = HEX END, .segments = FOUR_OUT}},
    {"ihex",
     NO_END,
     {.why = "hex cut inside a line",
      .text = HEX ":04002000010203",
      .st = SFI_ERR_FORMAT,
      .where = "2:16",
      .message = "... 2 data bytes, ... says 4"}},
    {"ihex",
     NO_END,
     {.why = "hex without anything",
      .text = " \n",
      .st = SFI_ERR_FORMAT,
      .where = "",
      .warnings = "1: " NO_HEX_END "\n",
      .message = "no data, ..."}},
    {"srec",
     0,
     {.why = "S-records without their end",
      .text = S1,
      .st = SFI_ERR_TRUNCATED,
      .where = "1",
      .message = NO_SREC_END}},
    {"srec",
     NO_END,
     {.why = "S-records without their end, allowed",
      .text = S1,
      .segments = FOUR_OUT,
      .warnings = "1: " NO_SREC_END "\n"}},
    {"srec",
     RUNS_ON | VIRTUAL,
     {.why = "S-records without their end, other flags",
      .text = S1,
      .st = SFI_ERR_TRUNCATED,
      .where = "1",
      .message = NO_SREC_END}},
    {"srec",
     NO_END,
     {.why = "S-records with their end", .text = S1 S9, .segments = FOUR_OUT}},
    {"srec",
     NO_END,
     {.why = "S-records with a count",
      .text = S1 "S5030001??\n",
      .segments = FOUR_OUT}},
    {"srec",
     NO_END,
     {.why = "S-records with a wrong count",
      .text = S1 "S5030002??\n",
      .st = SFI_ERR_FORMAT,
      .where = "2",
      .message = "1 data records ... says 2"}},

    /* after an end record */
    {"ihex",
     PAST_END,
     {.why = "one file", .text = HEX END "\x1a", .segments = FOUR_OUT}},
    {"ihex",
     PAST_END,
     {.why = "two files, of which the second begins at base 0",
      .text = LINEAR ":020000000102??\n" END "\n:020000000304??\n" END,
      .segments = "00000000=0304 08000000=0102"}},
    {"ihex",
     PAST_END,
     {.why = "two files with a start each, the first filled up with Ctrl-Z",
      .text = ":0400000508000101??\n" HEX END
              "\n\x1a \x1a:0400000508000101??\n:0100140005??\n" END,
      .segments = "00000010=0102030405"}},
    {"ihex",
     PAST_END,
     {.why = "two files that differ",
      .text = HEX END ":0100110003??\n" END,
      .st = SFI_ERR_OVERLAP,
      .where = "3",
      .message = "data at 0x00000011 differs ... line 1, ..."}},
    {"ihex",
     PAST_END,
     {.why = "an error behind Ctrl-Z, with its column",
      .text = HEX END "\x1a\x1a:01001100x3??\n" END,
      .st = SFI_ERR_FORMAT,
      .where = "3:12",
      .message = "found 'x', ... hexadecimal ..."}},
    {"ihex",
     PAST_END,
     {.why = "two files, the second without its end",
      .text = HEX END ":0100140005??\n",
      .st = SFI_ERR_TRUNCATED,
      .where = "3",
      .message = NO_HEX_END}},
    {"ihex",
     PAST_END | NO_END,
     {.why = "two files, the second without its end, allowed",
      .text = HEX END ":0100140005??\n",
      .segments = "00000010=0102030405",
      .warnings = "3: " NO_HEX_END "\n"}},
    {"ihex",
     PAST_END,
     {.why = "what is no record",
      .text = HEX END "more\n",
      .st = SFI_ERR_FORMAT,
      .where = "3:1",
      .message = "found 'm', expected ':'"}},
    {"srec",
     PAST_END,
     {.why = "two files with a count each",
      .text = S1 "S5030001??\n" S9 "S104001405??\nS5030001??\n" S9,
      .segments = "00000010=0102030405"}},
    {"srec",
     PAST_END,
     {.why = "a count in the second file of both",
      .text = S1 S9 "S104001405??\nS5030002??\n" S9,
      .st = SFI_ERR_FORMAT,
      .where = "4",
      .message = "1 data records ... says 2"}},

    /* across the end of a segment */
    {"ihex",
     0,
     {.why = "crosses its segment",
      .text = BASE CROSS END,
      .st = SFI_ERR_RANGE,
      .where = "2",
      .message = "4 bytes at 0xfffe cross ... 64 KiB segment, ..."}},
    {"ihex",
     NO_END | VIRTUAL,
     {.why = "crosses its segment, other flags",
      .text = BASE CROSS END,
      .st = SFI_ERR_RANGE,
      .where = "2",
      .message = "4 bytes at 0xfffe cross ... 64 KiB segment, ..."}},
    {"ihex",
     WRAPS,
     {.why = "wraps",
      .text = BASE CROSS END,
      .segments = "00010000=0304 0001fffe=0102"}},
    {"ihex",
     RUNS_ON,
     {.why = "runs on",
      .text = BASE CROSS END,
      .segments = "0001fffe=01020304"}},
    {"ihex",
     WRAPS,
     {.why = "wraps in the highest segment",
      .text = TOP CROSS_ONE END,
      .segments = "000ffff0=02 0010ffef=01"}},
    {"ihex",
     RUNS_ON,
     {.why = "runs on from the highest segment",
      .text = TOP CROSS_ONE END,
      .segments = "0010ffef=0102"}},
    {"ihex",
     WRAPS,
     {.why = "wraps, and goes on there",
      .text = BASE CROSS ":02000200AABB??\n" END,
      .segments = "00010000=0304aabb 0001fffe=0102"}},
    {"ihex",
     RUNS_ON,
     {.why = "runs on, and then the start",
      .text = BASE CROSS ":02000000AABB??\n" END,
      .segments = "00010000=aabb 0001fffe=01020304"}},
    {"ihex",
     WRAPS,
     {.why = "wraps after data in a row",
      .text = BASE ":04FFFA00F1F2F3F4??\n" CROSS END,
      .segments = "00010000=0304 0001fffa=f1f2f3f40102"}},
    {"ihex",
     WRAPS,
     {.why = "wraps over the same data",
      .text = BASE CROSS ":0100010004??\n" END,
      .segments = "00010000=0304 0001fffe=0102",
      .warnings = "3: 1 bytes at 0x00010001 repeat ... line 2\n"}},
    {"ihex",
     WRAPS,
     {.why = "other data over what wrapped",
      .text = BASE CROSS ":0100010099??\n" END,
      .st = SFI_ERR_OVERLAP,
      .where = "3",
      .message = "data at 0x00010001 differs ... line 2, ..."}},
    {"ihex",
     WRAPS,
     {.why = "wraps over other data",
      .text = BASE ":0100000099??\n" CROSS END,
      .st = SFI_ERR_OVERLAP,
      .where = "3",
      .message = "data at 0x00010000 differs ... line 2, ..."}},
    {"ihex",
     WRAPS,
     {.why = "up to the end, may wrap",
      .text = BASE UP_TO_END END,
      .segments = "0001fffe=0102"}},
    {"ihex",
     WRAPS,
     {.why = "type 04 does not wrap",
      .text = LINEAR CROSS_ONE END,
      .segments = "0800ffff=0102"}},
    {"ihex",
     WRAPS,
     {.why = "no base does not wrap",
      .text = CROSS_ONE END,
      .segments = "0000ffff=0102"}},
    {"ihex",
     WRAPS | NO_END,
     {.why = "two flags at once",
      .text = BASE CROSS,
      .segments = "00010000=0304 0001fffe=0102",
      .warnings = "2: " NO_HEX_END "\n"}},
};

START_TEST(test_flags)
{
    check_firmware_flags(rows[_i].format, rows[_i].flags, &rows[_i].row);
}
END_TEST

#define LAST NO_HEX_END " (further warnings ...\n"

/* A missing end record is reported after any number of other warnings. */
START_TEST(test_many_warnings)
{
    sfi_firmware_options opts = {.struct_size = sizeof(opts), .flags = NO_END};
    char text[1024], path[FIRMWARE_PATH_MAX], want[512];
    const char *line;
    size_t len = 0;
    sfi_firmware *fw;

    for (int i = 0; i < 20; i++)
        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, ":0000000000\n");
    len += (size_t)snprintf(text + len, sizeof(text) - len,
                            ":0400100001020304E2\n");
    ck_assert_ok(firmware_load_bytes("ihex", &opts, text, len, path, &fw));
    ck_assert_str_eq(firmware_segments(fw), FOUR_OUT);
    (void)snprintf(want, sizeof(want), "%s:21: ", path);
    line = strstr(warnings, want);
    ck_assert_msg(line != NULL && text_matches(line + strlen(want), LAST), "%s",
                  warnings);
    sfi_firmware_free(fw);
}
END_TEST

/* Options without flags do the same as no options. */
START_TEST(test_strict)
{
    sfi_firmware *fw;

    for (size_t i = 0; i < ROWS(rows); i++) {
        if (rows[i].flags == 0)
            check_firmware_row(rows[i].format, &rows[i].row);
    }
    ck_assert_ok(sfi_firmware_load_with(
        ctx, test_path("data/blink-stm32h753xi.elf"), NULL, &fw));
    ck_assert_str_eq(sfi_firmware_format(fw), "elf");
    ck_assert_uint_eq(sfi_firmware_segment_count(fw), 4);
    sfi_firmware_free(fw);
}
END_TEST

/* The format that the caller gives has precedence over content and extension.
 */
START_TEST(test_format)
{
    static const struct {
        const char *format, *extension;
        uint64_t address;
        const char *segments;
        sfi_status st;
        const char *where, *message;
    } cases[] = {
        {NULL, "srec", 0, "00000010=01020304", SFI_OK, NULL, NULL},
        {"ihex", "srec", 0, "00000010=01020304", SFI_OK, NULL, NULL},
        {"bin", "hex", 0x08000000, NULL, SFI_ERR_FORMAT, "",
         "an ELF, Intel HEX, S-record or DfuSe file, expected a plain binary; "
         "format raw takes any bytes"},
        {"raw", "hex", 0x08000000,
         "08000000=3a303430303130303030313032303330344532"
         "0a3a303030303030303146460a",
         SFI_OK, NULL, NULL},
        {"raw", "hex", 0xfffffff0, NULL, SFI_ERR_RANGE, "",
         "0x20 bytes at 0xfffffff0, ... 0xffffffff"},
        {"srec", "hex", 0, NULL, SFI_ERR_FORMAT, ":1:1",
         "found ':', expected 'S'"},
        {"elf", "hex", 0, NULL, SFI_ERR_FORMAT, "", "not an ELF file, ..."},
    };
    static const char text[] = ":0400100001020304E2\n:00000001FF\n";

    for (size_t i = 0; i < ROWS(cases); i++) {
        sfi_firmware_options opts = {
            .struct_size = sizeof(opts),
            .format = cases[i].format,
            .base_address = cases[i].address,
        };
        char path[FIRMWARE_PATH_MAX], where[FIRMWARE_PATH_MAX + 8];
        sfi_firmware *fw;
        sfi_status st = firmware_load_bytes(cases[i].extension, &opts, text,
                                            strlen(text), path, &fw);

        if (cases[i].segments != NULL) {
            ck_assert_ok(st);
            ck_assert_str_eq(firmware_segments(fw), cases[i].segments);
        } else {
            (void)snprintf(where, sizeof(where), "%s%s", path, cases[i].where);
            ck_assert_fails(st, cases[i].st, where, cases[i].message);
            ck_assert_ptr_null(fw);
        }
        sfi_firmware_free(fw);
    }
}
END_TEST

/* Refused before the file is opened: it does not exist. */
START_TEST(test_arguments)
{
    static const struct {
        sfi_firmware_options opts;
        const char *message;
    } cases[] = {
        {{.flags = 0x20}, "unknown flags 0x20, expected some of 0x1f"},
        {{.flags = 0x80000001},
         "unknown flags 0x80000000, expected some of 0x1f"},
        {{.flags = WRAPS | RUNS_ON},
         "both flags for segments that wrap and that run on are set, expected "
         "one"},
        {{.flags = 0x1f},
         "both flags for segments that wrap and that run on are set, expected "
         "one"},
        {{.format = "hex"}, "unknown format \"hex\", ..."},
        {{.format = "ihex", .base_address = 4},
         "base address given for ihex, ..."},
        {{.base_address = 4},
         "base address given without a format, expected format bin "
         "or raw"},
    };
    sfi_firmware_options opts = {.struct_size = sizeof(opts)};
    sfi_firmware *fw;

    for (size_t i = 0; i < ROWS(cases); i++) {
        opts = cases[i].opts;
        opts.struct_size = sizeof(opts);
        fw = (sfi_firmware *)1;
        ck_assert_fails(sfi_firmware_load_with(ctx, "/no/such", &opts, &fw),
                        SFI_ERR_ARGUMENT, "", cases[i].message);
        ck_assert_ptr_null(fw);
    }
    opts = (sfi_firmware_options){.struct_size = sizeof(opts)};
    ck_assert_fails_about(sfi_firmware_load_with(ctx, NULL, &opts, &fw),
                          SFI_ERR_ARGUMENT, "", "path != NULL");
    ck_assert_fails_about(sfi_firmware_load_with(ctx, "x", &opts, NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    ck_assert_int_eq(sfi_firmware_load_with(NULL, "x", &opts, &fw),
                     SFI_ERR_ARGUMENT);
    ck_assert_fails_about(sfi_firmware_load_with(ctx, "/no/such", &opts, &fw),
                          SFI_ERR_OS, "/no/such", "read", "No such file");
    /* also without a struct */
    ck_assert_fails_about(sfi_firmware_parse(ctx, NULL, 4, (const uint8_t *)END,
                                             strlen(END), &fw),
                          SFI_ERR_ARGUMENT, "", "base address", "format bin");
    ck_assert_ptr_null(fw);
}
END_TEST

/* Options of a later version are accepted if their unknown tail is zero. */
START_TEST(test_struct_size)
{
    struct {
        sfi_firmware_options opts;
        uint64_t later;
    } newer = {.opts = {.struct_size = sizeof(newer)}};
    const char *path = test_path("data/blink-stm32h753xi.hex");
    char message[128];
    sfi_firmware *fw;

    ck_assert_ok(sfi_firmware_load_with(ctx, path, &newer.opts, &fw));
    ck_assert_uint_eq(sfi_firmware_segment_count(fw), 4);
    sfi_firmware_free(fw);

    newer.later = 1;
    (void)snprintf(message, sizeof(message), "struct_size is %zu: a member ...",
                   sizeof(newer));
    ck_assert_fails(sfi_firmware_load_with(ctx, path, &newer.opts, &fw),
                    SFI_ERR_ABI, "", message);
    ck_assert_ptr_null(fw);
    newer.opts.struct_size = 0;
    ck_assert_fails_about(sfi_firmware_load_with(ctx, path, &newer.opts, &fw),
                          SFI_ERR_ABI, "", "struct_size is 0");
    ck_assert_ptr_null(fw);
}
END_TEST

START_TEST(test_skipped_sections)
{
    static const char *const names[] = {".config", ".bss", ".configs",
                                        ".tables"};
    sfi_firmware_options how = {.struct_size = sizeof(how),
                                .skip_sections = names,
                                .skip_section_count = 4};
    const char *elf = test_path("data/blink-stm32h753xi.elf");
    char expected[512];
    const uint8_t *data;
    sfi_firmware *fw;
    uint64_t address;
    size_t len;

    ck_assert_ok(sfi_firmware_load_with(ctx, elf, &how, &fw));
    (void)snprintf(expected, sizeof(expected),
                   "%s: no section .configs, which was to be left out\n", elf);
    ck_assert_str_eq(warnings, expected);
    ck_assert_uint_eq(sfi_firmware_segment_count(fw), 2);
    ck_assert_ok(sfi_firmware_segment(fw, 1, &address, &data, &len));
    ck_assert_uint_eq(address, 0x08120000);
    sfi_firmware_free(fw);
    how.skip_section_count = 33;
    ck_assert_int_eq(sfi_firmware_load_with(ctx, elf, &how, &fw),
                     SFI_ERR_LIMIT);
    how.skip_sections = NULL;
    ck_assert_int_eq(sfi_firmware_load_with(ctx, elf, &how, &fw),
                     SFI_ERR_ARGUMENT);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("firmware_options");
    TCase *tc = tcase_create("flags");

    tcase_add_checked_fixture(tc, firmware_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_flags, 0, (int)ROWS(rows));
    tcase_add_test(tc, test_many_warnings);
    tcase_add_test(tc, test_strict);
    tcase_add_test(tc, test_format);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_struct_size);
    tcase_add_test(tc, test_skipped_sections);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
