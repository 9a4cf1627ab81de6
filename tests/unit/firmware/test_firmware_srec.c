/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/firmware/srec: every leniency and every error of S-records. */
#include <stdio.h>
#include <stdlib.h>

#include <bench/firmware_rows.h>
#include "fixture.h"

#define S0 "S00600004844521B\n"
#define FOUR "S107001001020304DE\n"
#define FOUR_OUT "00000010=01020304"
#define S9 "S9030000FC\n"

static const struct firmware_row good[] = {
    {.why = "plain", .text = S0 FOUR S9, .segments = FOUR_OUT},
    {.why = "no title", .text = FOUR S9, .segments = FOUR_OUT},
    {.why = "two titles", .text = S0 S0 FOUR S9, .segments = FOUR_OUT},
    {.why = "empty title",
     .text = "S0030000FC\n" FOUR S9,
     .segments = FOUR_OUT},
    {.why = "CRLF",
     .text = "S107001001020304DE\r\nS9030000FC\r\n",
     .segments = FOUR_OUT},
    {.why = "CR",
     .text = "S107001001020304DE\rS9030000FC\r",
     .segments = FOUR_OUT},
    {.why = "no last line end",
     .text = "S107001001020304DE\nS9030000FC",
     .segments = FOUR_OUT},
    {.why = "empty lines and blanks",
     .text = "\n" S0 "\n \t\nS107001001020304DE \t\n" S9,
     .segments = FOUR_OUT},
    {.why = "byte-order mark",
     .text = "\xef\xbb\xbf" FOUR S9,
     .segments = FOUR_OUT},
    {.why = "lower-case digits",
     .text = "S1050010abcd??\nS9030000fc\n",
     .segments = "00000010=abcd"},
    {.why = "S2",
     .text = "S20512000001??\nS8041234565F\n",
     .segments = "00120000=01"},
    {.why = "S3",
     .text = "S3060800000001??\nS70508000001F1\n",
     .segments = "08000000=01"},
    {.why = "S1, S2 and S3 mixed",
     .text = "S3060800000001??\nS20512000002??\nS104001003??\n" S9,
     .segments = "00000010=03 00120000=02 08000000=01"},
    {.why = "S8 ends S1", .text = FOUR "S804000000FB\n", .segments = FOUR_OUT},
    {.why = "S7 ends S1",
     .text = FOUR "S70500000000FA\n",
     .segments = FOUR_OUT},
    {.why = "S9 ends S3",
     .text = "S3060800000001??\n" S9,
     .segments = "08000000=01"},
    {.why = "S5 count", .text = FOUR "S5030001FB\n" S9, .segments = FOUR_OUT},
    {.why = "S6 count", .text = FOUR "S604000001FA\n" S9, .segments = FOUR_OUT},
    {.why = "S5 counts S1, S2 and S3, not S0",
     .text =
         S0 "S104001003??\nS20512000002??\nS3060800000001??\nS5030003??\n" S9,
     .segments = "00000010=03 00120000=02 08000000=01"},
    {.why = "a count and no end record",
     .text = FOUR "S5030001FB\n",
     .segments = FOUR_OUT},
    {.why = "the last byte of all",
     .text = "S307FFFFFFFE0102??\n" S9,
     .segments = "fffffffe=0102"},
    {.why = "descending records",
     .text = "S10400110B??\nS10400100A??\n" S9,
     .segments = "00000010=0a0b"},
    {.why = "data after the end",
     .text = FOUR S9 "\n\nS104002001??\nmore\n",
     .segments = FOUR_OUT,
     .warnings = "2: text after the end record is ignored\n"},
    {.why = "blanks after the end",
     .text = FOUR S9 "\n \r\n\t\n",
     .segments = FOUR_OUT},
    {.why = "data record without data",
     .text = FOUR "S1030014??\n" S9,
     .segments = FOUR_OUT,
     .warnings = "2: data record without data\n"},
    {.why = "the same data twice",
     .text = FOUR FOUR S9,
     .segments = FOUR_OUT,
     .warnings = "2: 4 bytes at 0x00000010 repeat those of line 1\n"},
};

static const struct firmware_row bad[] = {
    {.why = "empty",
     .text = "",
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "no data, expected at least one byte of firmware"},
    {.why = "no end record",
     .text = S0 FOUR,
     .st = SFI_ERR_TRUNCATED,
     .where = "2",
     .message = "file ends without an end record, expected S7, S8 or S9"},
    {.why = "data after the count, and no end record",
     .text = FOUR "S5030001FB\n" FOUR,
     .st = SFI_ERR_TRUNCATED,
     .where = "3",
     .message = "file ends without an end record, expected S7, S8 or S9"},
    {.why = "a count of nothing, and no end record",
     .text = S0 "S5030000FC\n",
     .st = SFI_ERR_TRUNCATED,
     .where = "2",
     .message = "file ends without an end record, expected S7, S8 or S9"},
    {.why = "no data",
     .text = S0 S9,
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "no data, expected at least one byte of firmware"},
    {.why = "lower-case s",
     .text = FOUR "s107001001020304DE\n" S9,
     .st = SFI_ERR_FORMAT,
     .where = "2:1",
     .message = "found 's', expected 'S'"},
    {.why = "nothing but an S",
     .text = FOUR "S\n" S9,
     .st = SFI_ERR_FORMAT,
     .where = "2:2",
     .message = "line ends after 'S', expected a type"},
    {.why = "S4",
     .text = FOUR "S4030000FC\n" S9,
     .st = SFI_ERR_FORMAT,
     .where = "2:2",
     .message = "record of type '4', expected 0 to 3 or 5 to 9"},
    {.why = "type that is no digit",
     .text = FOUR "SA030000FC\n" S9,
     .st = SFI_ERR_FORMAT,
     .where = "2:2",
     .message = "record of type 'A', expected 0 to 3 or 5 to 9"},
    {.why = "no length",
     .text = FOUR "S1\n" S9,
     .st = SFI_ERR_FORMAT,
     .where = "2:3",
     .message = "record ends after its type, expected a length"},
    {.why = "length less than the address",
     .text = FOUR "S3040000FB\n" S9,
     .st = SFI_ERR_FORMAT,
     .where = "2:3",
     .message = "length field of S3 says 4, expected at least 5"},
    {.why = "length zero",
     .text = FOUR "S100\n" S9,
     .st = SFI_ERR_FORMAT,
     .where = "2:3",
     .message = "length field of S1 says 0, expected at least 3"},
    {.why = "too short",
     .text = FOUR "S1070010010203\n" S9,
     .st = SFI_ERR_FORMAT,
     .where = "2:15",
     .message = "line has 5 bytes after its length field, which says 7"},
    {.why = "too long",
     .text = FOUR "S10700100102030405DE\n" S9,
     .st = SFI_ERR_FORMAT,
     .where = "2:19",
     .message = "line has 8 bytes after its length field, which says 7"},
    {.why = "checksum",
     .text = FOUR "S107001001020304DF\n" S9,
     .st = SFI_ERR_CHECKSUM,
     .where = "2:17",
     .message = "checksum is 0xde, line says 0xdf"},
    {.why = "checksum of the title",
     .text = "S00600004844521C\n" FOUR S9,
     .st = SFI_ERR_CHECKSUM,
     .where = "1:15",
     .message = "checksum is 0x1b, line says 0x1c"},
    {.why = "checksum of the end",
     .text = FOUR "S9030000FD\n",
     .st = SFI_ERR_CHECKSUM,
     .where = "2:9",
     .message = "checksum is 0xfc, line says 0xfd"},
    {.why = "odd number of digits",
     .text = "S107001001020304D\n" S9,
     .st = SFI_ERR_FORMAT,
     .where = "1:17",
     .message = "odd number of digits, expected two for each byte"},
    {.why = "no digit",
     .text = "S10700100102:304DE\n" S9,
     .st = SFI_ERR_FORMAT,
     .where = "1:13",
     .message = "found ':', expected a hexadecimal digit"},
    {.why = "S5 counts more",
     .text = FOUR "S5030002FA\n" S9,
     .st = SFI_ERR_FORMAT,
     .where = "2",
     .message = "1 data records so far, the count record says 2"},
    {.why = "S6 counts less",
     .text = FOUR FOUR "S604000001FA\n" S9,
     .st = SFI_ERR_FORMAT,
     .where = "3",
     .message = "2 data records so far, the count record says 1"},
    {.why = "past the last address",
     .text = "S307FFFFFFFF0102??\n" S9,
     .st = SFI_ERR_RANGE,
     .where = "1",
     .message = "0x2 bytes at 0xffffffff, expected an end of at most "
                "0xffffffff"},
    {.why = "other data",
     .text = FOUR "S10500120305??\n" S9,
     .st = SFI_ERR_OVERLAP,
     .where = "2",
     .message =
         "data at 0x00000013 differs from line 1, which has the same address"},
    {.why = "other data, two kinds of record",
     .text = FOUR "S307000000120305??\n" S9,
     .st = SFI_ERR_OVERLAP,
     .where = "2",
     .message =
         "data at 0x00000013 differs from line 1, which has the same address"},
};

START_TEST(test_good)
{
    check_firmware_row("srec", &good[_i]);
}
END_TEST

START_TEST(test_bad)
{
    check_firmware_row("srec", &bad[_i]);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("firmware_srec");
    TCase *tc = tcase_create("lines");

    tcase_add_checked_fixture(tc, firmware_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_good, 0, (int)ROWS(good));
    tcase_add_loop_test(tc, test_bad, 0, (int)ROWS(bad));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
