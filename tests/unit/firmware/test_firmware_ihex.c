/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/firmware/ihex: every leniency and every error of Intel HEX. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bench/firmware_rows.h>
#include "fixture.h"

#define END ":00000001FF\n"
#define FOUR ":0400100001020304E2\n"
#define FOUR_OUT "00000010=01020304"
/* 255 bytes of zeros are the longest record: 521 characters */
#define ZEROS_51                                         \
    "00000000000000000000000000000000000000000000000000" \
    "0000000000000000000000000000000000000000000000000000"
#define ZEROS_255 ZEROS_51 ZEROS_51 ZEROS_51 ZEROS_51 ZEROS_51
#define BLANKS_100                                       \
    "                                                  " \
    "                                                  "
#define BLANKS_900                                                    \
    BLANKS_100 BLANKS_100 BLANKS_100 BLANKS_100 BLANKS_100 BLANKS_100 \
        BLANKS_100 BLANKS_100 BLANKS_100

static const struct firmware_row good[] = {
    {.why = "plain", .text = FOUR END, .segments = FOUR_OUT},
    {.why = "CRLF",
     .text = ":0400100001020304E2\r\n:00000001FF\r\n",
     .segments = FOUR_OUT},
    {.why = "CR",
     .text = ":0400100001020304E2\r:00000001FF\r",
     .segments = FOUR_OUT},
    {.why = "no last line end",
     .text = FOUR ":00000001FF",
     .segments = FOUR_OUT},
    {.why = "no last line end after CR",
     .text = ":0400100001020304E2\r:00000001FF",
     .segments = FOUR_OUT},
    {.why = "empty lines",
     .text = "\n\r\n \t\n" FOUR "\n" END,
     .segments = FOUR_OUT},
    {.why = "trailing blanks",
     .text = ":0400100001020304E2 \t\n:00000001FF  \n",
     .segments = FOUR_OUT},
    {.why = "many trailing blanks",
     .text = ":0400100001020304E2" BLANKS_900 "\n" END,
     .segments = FOUR_OUT},
    {.why = "byte-order mark",
     .text = "\xef\xbb\xbf" FOUR END,
     .segments = FOUR_OUT},
    {.why = "byte-order mark and empty line",
     .text = "\xef\xbb\xbf\n" FOUR END,
     .segments = FOUR_OUT},
    {.why = "lower case",
     .text = ":04001000abcdefabda\n:00000001ff\n",
     .segments = "00000010=abcdefab"},
    {.why = "blanks, empty lines and Ctrl-Z after the end record",
     .text = FOUR END "\n \t\r\n\r\r\x1a\x1a \x1a",
     .segments = FOUR_OUT},
    {.why = "Ctrl-Z behind an end record",
     .text = FOUR ":00000001FF\n\x1a",
     .segments = FOUR_OUT},
    {.why = "end record with an old start address",
     .text = FOUR ":00123401??\n",
     .segments = FOUR_OUT},
    {.why = "touching records are one segment",
     .text = FOUR ":020014000506??\n" END,
     .segments = "00000010=010203040506"},
    {.why = "descending records",
     .text = ":020014000506??\n" FOUR ":01000F00FF??\n" END,
     .segments = "0000000f=ff010203040506"},
    {.why = "islands stay islands",
     .text = FOUR ":020015000506??\n" END,
     .segments = "00000010=01020304 00000015=0506"},
    {.why = "islands 4 GiB apart",
     .text =
         ":02000004FFFF??\n:01FFFF00AA??\n:020000040000??\n:0100000055??\n" END,
     .segments = "00000000=55 ffffffff=aa"},
    {.why = "type 04 base",
     .text = ":020000040800F2\n" FOUR END,
     .segments = "08000010=01020304"},
    {.why = "type 04 does not end at 64 KiB",
     .text = ":020000040800F2\n:02FFFF000102??\n" END,
     .segments = "0800ffff=0102"},
    {.why = "no base does not end at 64 KiB",
     .text = ":02FFFF000102??\n" END,
     .segments = "0000ffff=0102"},
    {.why = "the last byte of all",
     .text = ":02000004FFFF??\n:02FFFE000102??\n" END,
     .segments = "fffffffe=0102"},
    {.why = "type 02 base",
     .text = ":020000021234??\n" FOUR END,
     .segments = "00012350=01020304"},
    {.why = "type 02 up to the end of its segment",
     .text = ":020000021000??\n:02FFFE000102??\n" END,
     .segments = "0001fffe=0102"},
    {.why = "the most recent base rules",
     .text = ":020000040800F2\n:020000021000??\n" FOUR
             ":020000040801??\n:0100000055??\n" END,
     .segments = "00010010=01020304 08010000=55",
     .warnings = "2: types 02 and 04 are mixed, and tools disagree; the most "
                 "recent one sets the base\n"},
    {.why = "type 05 start",
     .text = FOUR ":0400000508000131??\n" END,
     .segments = FOUR_OUT},
    {.why = "type 03 start",
     .text = FOUR ":0400000300000131??\n" END,
     .segments = FOUR_OUT},
    {.why = "two starts",
     .text = FOUR ":0400000508000131??\n:0400000300000131??\n" END,
     .segments = FOUR_OUT,
     .warnings = "3: second record with a start address\n"},
    {.why = "type 04 with an address",
     .text = ":020001040800??\n" FOUR END,
     .segments = "08000010=01020304",
     .warnings = "1: address field of a type 04 record is not zero\n"},
    {.why = "type 02 with an address",
     .text = ":020100021000??\n" FOUR END,
     .segments = "00010010=01020304",
     .warnings = "1: address field of a type 02 record is not zero\n"},
    {.why = "data record without data",
     .text = FOUR ":00001400??\n" END,
     .segments = FOUR_OUT,
     .warnings = "2: data record without data\n"},
    {.why = "the same data twice",
     .text = FOUR "\n" FOUR END,
     .segments = FOUR_OUT,
     .warnings = "3: 4 bytes at 0x00000010 repeat those of line 1\n"},
    {.why = "the same data inside",
     .text = FOUR ":020011000203??\n" END,
     .segments = FOUR_OUT,
     .warnings = "2: 2 bytes at 0x00000011 repeat those of line 1\n"},
    {.why = "the same data around",
     .text = ":020011000203??\n" FOUR END,
     .segments = FOUR_OUT,
     .warnings = "2: 2 bytes at 0x00000011 repeat those of line 1\n"},
    {.why = "the same data over an end",
     .text = ":020012000304??\n:020014000506??\n" FOUR ":01001600AA??\n" END,
     .segments = "00000010=010203040506aa",
     .warnings = "3: 2 bytes at 0x00000012 repeat those of line 1\n"},
};

static const struct firmware_row bad[] = {
    /* the file */
    {.why = "empty",
     .text = "",
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "no data, expected at least one byte of firmware"},
    {.why = "nothing but empty lines",
     .text = "\n \n",
     .st = SFI_ERR_TRUNCATED,
     .where = "2",
     .message = "file ends without an end record, expected :00000001FF"},
    {.why = "no end record",
     .text = FOUR "\n",
     .st = SFI_ERR_TRUNCATED,
     .where = "2",
     .message = "file ends without an end record, expected :00000001FF"},
    {.why = "only an end record",
     .text = END,
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "no data, expected at least one byte of firmware"},
    {.why = "only empty data",
     .text = ":0000000000\n" END,
     .warnings = "1: data record without data\n",
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "no data, expected at least one byte of firmware"},
    /* after the end record */
    {.why = "two files in one",
     .text = FOUR END "\n" FOUR END,
     .st = SFI_ERR_FORMAT,
     .where = "4:1",
     .message = "found ':' after the end record, expected the end of the file"},
    {.why = "a second end record",
     .text = FOUR END END,
     .st = SFI_ERR_FORMAT,
     .where = "3:1",
     .message = "found ':' after the end record, ..."},
    {.why = "text",
     .text = FOUR END "\r\n\r \x1a more\n",
     .st = SFI_ERR_FORMAT,
     .where = "5:4",
     .message = "found 'm' after the end record, ..."},
    {.why = "a byte-order mark",
     .text = FOUR END "\xef\xbb\xbf",
     .st = SFI_ERR_FORMAT,
     .where = "3:1",
     .message = "found 0xef after the end record, ..."},
    {.why = "Ctrl-Z and no end record",
     .text = FOUR "\x1a",
     .st = SFI_ERR_FORMAT,
     .where = "2:1",
     .message = "found 0x1a, expected ':'"},
    /* the frame of a line */
    {.why = "no colon",
     .text = FOUR "0400140001020304DE\n" END,
     .st = SFI_ERR_FORMAT,
     .where = "2:1",
     .message = "found '0', expected ':'"},
    {.why = "leading blank",
     .text = FOUR " " FOUR END,
     .st = SFI_ERR_FORMAT,
     .where = "2:1",
     .message = "found 0x20, expected ':'"},
    {.why = "Ctrl-Z",
     .text = FOUR "\x1a\n" END,
     .st = SFI_ERR_FORMAT,
     .where = "2:1",
     .message = "found 0x1a, expected ':'"},
    {.why = "checksum",
     .text = FOUR "\r\n:04001400010203043F\n" END,
     .st = SFI_ERR_CHECKSUM,
     .where = "3:18",
     .message = "checksum is 0xde, line says 0x3f"},
    {.why = "checksum before type",
     .text = ":04001409010203043F\n" END,
     .st = SFI_ERR_CHECKSUM,
     .where = "1:18",
     .message = "checksum is 0xd5, line says 0x3f"},
    {.why = "checksum is missing",
     .text = ":0400140001020304\n" END,
     .st = SFI_ERR_FORMAT,
     .where = "1:18",
     .message = "checksum is missing after 4 data bytes"},
    {.why = "too short",
     .text = ":04001400010203\n" END,
     .st = SFI_ERR_FORMAT,
     .where = "1:16",
     .message = "line has 2 data bytes, its length field says 4"},
    {.why = "too long",
     .text = ":0400140001020304AADE\n" END,
     .st = SFI_ERR_FORMAT,
     .where = "1:20",
     .message = "line has 5 data bytes, its length field says 4"},
    {.why = "two records on one line",
     .text = ":0400100001020304E2:00000001FF\n",
     .st = SFI_ERR_FORMAT,
     .where = "1:20",
     .message = "found ':', expected a hexadecimal digit"},
    {.why = "no whole record",
     .text = FOUR ":000000FF\n",
     .st = SFI_ERR_FORMAT,
     .where = "2:10",
     .message = "record of 4 bytes, expected at least 5"},
    {.why = "nothing but a colon",
     .text = FOUR ":\n" END,
     .st = SFI_ERR_FORMAT,
     .where = "2:2",
     .message = "record of 0 bytes, expected at least 5"},
    {.why = "odd number of digits",
     .text = ":0400140001020304D\n" END,
     .st = SFI_ERR_FORMAT,
     .where = "1:18",
     .message = "odd number of digits, expected two for each byte"},
    {.why = "no digit, first half",
     .text = ":04001400010G0304DE\n" END,
     .st = SFI_ERR_FORMAT,
     .where = "1:13",
     .message = "found 'G', expected a hexadecimal digit"},
    {.why = "no digit, second half",
     .text = ":0400140001/20304DE\n" END,
     .st = SFI_ERR_FORMAT,
     .where = "1:12",
     .message = "found '/', expected a hexadecimal digit"},
    {.why = "no digit, in an odd number",
     .text = ":0400140001020304DEx\n" END,
     .st = SFI_ERR_FORMAT,
     .where = "1:20",
     .message = "found 'x', expected a hexadecimal digit"},
    {.why = "blank inside",
     .text = ":04001400 01020304DE\n" END,
     .st = SFI_ERR_FORMAT,
     .where = "1:10",
     .message = "found 0x20, expected a hexadecimal digit"},
    {.why = "not ASCII",
     .text = ":0400\xc3\xa4"
             "140001020304DE\n" END,
     .st = SFI_ERR_FORMAT,
     .where = "1:6",
     .message = "found 0xc3, expected a hexadecimal digit"},
    {.why = "longer than any record",
     .text = ":FF000000" ZEROS_255 "0001\n" END,
     .st = SFI_ERR_FORMAT,
     .where = "1:522",
     .message = "line has more than 260 bytes, the longest record"},
    {.why = "longer than any line",
     .text = ":0400140001020304DE" BLANKS_900 BLANKS_100 BLANKS_100 "\n" END,
     .st = SFI_ERR_LIMIT,
     .where = "1",
     .message = "line ... longer than 1024 characters, ..."},
    /* its content */
    {.why = "type 06",
     .text = ":00000006??\n" FOUR END,
     .st = SFI_ERR_FORMAT,
     .where = "1:8",
     .message = "record of type 06, expected 00 to 05"},
    {.why = "end record with data",
     .text = FOUR ":0100000155??\n",
     .st = SFI_ERR_FORMAT,
     .where = "2:2",
     .message = "record of type 01 has 1 data bytes, expected 0"},
    {.why = "type 02 of 1 byte",
     .text = ":0100000210??\n" FOUR END,
     .st = SFI_ERR_FORMAT,
     .where = "1:2",
     .message = "record of type 02 has 1 data bytes, expected 2"},
    {.why = "type 03 of 3 bytes",
     .text = ":03000003102030??\n" FOUR END,
     .st = SFI_ERR_FORMAT,
     .where = "1:2",
     .message = "record of type 03 has 3 data bytes, expected 4"},
    {.why = "type 04 of 4 bytes",
     .text = ":0400000400000800??\n" FOUR END,
     .st = SFI_ERR_FORMAT,
     .where = "1:2",
     .message = "record of type 04 has 4 data bytes, expected 2"},
    {.why = "type 05 of no bytes",
     .text = FOUR ":00000005??\n" END,
     .st = SFI_ERR_FORMAT,
     .where = "2:2",
     .message = "record of type 05 has 0 data bytes, expected 4"},
    {.why = "type 02 over the end of its segment",
     .text = ":020000021000??\n:02FFFF000102??\n" END,
     .st = SFI_ERR_RANGE,
     .where = "2",
     .message = "2 bytes at 0xffff cross the end of their 64 KiB segment, and "
                "tools disagree where they go"},
    {.why = "past the last address",
     .text = ":02000004FFFF??\n:02FFFF000102??\n" END,
     .st = SFI_ERR_RANGE,
     .where = "2",
     .message = "0x2 bytes at 0xffffffff, expected an end of at most "
                "0xffffffff"},
    {.why = "other data",
     .text = FOUR ":020012000305??\n" END,
     .st = SFI_ERR_OVERLAP,
     .where = "2",
     .message =
         "data at 0x00000013 differs from line 1, which has the same address"},
    {.why = "other data, before",
     .text = ":020012000305??\n\n" FOUR END,
     .st = SFI_ERR_OVERLAP,
     .where = "3",
     .message =
         "data at 0x00000013 differs from line 1, which has the same address"},
    {.why = "other data in another island",
     .text = ":0100000000??\n" FOUR ":0100120004??\n" END,
     .st = SFI_ERR_OVERLAP,
     .where = "3",
     .message =
         "data at 0x00000012 differs from line 2, which has the same address"},
    {.why = "other data in the fourth of equal records",
     .text = ":0100000000??\n:0100010001??\n:0100020002??\n:0100030003??\n"
             ":0100040004??\n:0100030013??\n" END,
     .st = SFI_ERR_OVERLAP,
     .where = "6",
     .message =
         "data at 0x00000003 differs from line 4, which has the same address"},
    {.why = "other data in the last, shorter record",
     .text = ":020000000001??\n:020002000203??\n:0100040004??\n"
             ":0100040014??\n" END,
     .st = SFI_ERR_OVERLAP,
     .where = "4",
     .message =
         "data at 0x00000004 differs from line 3, which has the same address"},
};

START_TEST(test_good)
{
    check_firmware_row("ihex", &good[_i]);
}
END_TEST

START_TEST(test_bad)
{
    check_firmware_row("ihex", &bad[_i]);
}
END_TEST

START_TEST(test_nul_padding)
{
    static const char text[] = FOUR END "\0\0\0\0\0";
    sfi_firmware *fw;

    ck_assert_ok(sfi_firmware_parse(ctx, NULL, 0, (const uint8_t *)text,
                                    sizeof(text), &fw));
    ck_assert_str_eq(firmware_segments(fw), FOUR_OUT);
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_longest_record)
{
    struct firmware_row row = {
        .text = ":FF000000" ZEROS_255 "01\r\n" END,
    };
    size_t len;
    char *text = firmware_text(row.text, &len);
    const uint8_t *data;
    uint64_t address;
    sfi_firmware *fw;

    ck_assert_ok(
        sfi_firmware_parse(ctx, NULL, 0, (const uint8_t *)text, len, &fw));
    ck_assert_ok(sfi_firmware_segment(fw, 0, &address, &data, &len));
    ck_assert_uint_eq(len, 255);
    sfi_firmware_free(fw);
    free(text);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("firmware_ihex");
    TCase *tc = tcase_create("lines");

    tcase_add_checked_fixture(tc, firmware_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_good, 0, (int)ROWS(good));
    tcase_add_loop_test(tc, test_bad, 0, (int)ROWS(bad));
    tcase_add_test(tc, test_nul_padding);
    tcase_add_test(tc, test_longest_record);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
