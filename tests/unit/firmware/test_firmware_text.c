/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/firmware/lines: what Intel HEX and S-records have in common. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bench/firmware_rows.h>
#include "fixture.h"

/* ---- lines that are alike ---------------------------------------------- */

/* Three lines, each of which continues the one before it, and an end. */
static const struct {
    const char *format, *lines[3], *end;
} series[] = {
    {"ihex",
     {":04FFF40001020304??\n", ":04FFF80005060708??\n",
      ":04FFFC00090A0bfc??\n"},
     ":00000001FF\n"},
    {"ihex",
     {":04FFF40001020304??\r\n", ":04FFF80005060708??\r\n",
      ":04FFFC00090A0bfc??\r\n"},
     ":00000001FF\r\n"},
    {"srec",
     {"S107FFF401020304??\n", "S107FFF805060708??\n", "S107FFFC090A0bfc??\n"},
     "S9030000FC\n"},
    {"srec",
     {"S208FFFFF401020304??\n", "S208FFFFF805060708??\n",
      "S208FFFFFC090A0bfc??\n"},
     "S9030000FC\n"},
    {"srec",
     {"S309FFFFFFF401020304??\r", "S309FFFFFFF805060708??\r",
      "S309FFFFFFFC090A0bfc??\r"},
     "S9030000FC\r"},
};

struct outcome {
    sfi_status st;
    unsigned line, column;
    char message[256];
    char segments[256];
};

static struct outcome
read_lines(const char *format, const char *text, size_t len)
{
    struct outcome o = {0};
    sfi_firmware *fw;

    warnings[0] = '\0';
    o.st = sfi_firmware_parse(ctx, format, 0, (const uint8_t *)text, len, &fw);
    if (o.st == SFI_OK) {
        (void)snprintf(o.segments, sizeof(o.segments), "%s",
                       firmware_segments(fw));
    } else {
        const sfi_error *err = sfi_ctx_error(ctx);

        (void)sscanf(sfi_error_where(err), "%u:%u", &o.line, &o.column);
        (void)snprintf(o.message, sizeof(o.message), "%s",
                       sfi_error_message(err));
    }
    sfi_firmware_free(fw);
    return o;
}

/* The third line with one other character in it, once alone and once behind the
 * other two: the same happens, two lines below. */
static void
check_character(const char *format, const char *text, size_t third, size_t at,
                size_t len)
{
    struct outcome alone = read_lines(format, text + third, len - third);
    struct outcome after = read_lines(format, text, len);

    if (alone.st != SFI_OK && alone.line == 0) /* no data is left */
        return;
    ck_assert_msg(alone.st == after.st && alone.column == after.column &&
                      strcmp(alone.message, after.message) == 0,
                  "%s, 0x%02x at %zu: %s, expected %s", format,
                  (uint8_t)text[third + at], at, after.message, alone.message);
    if (alone.line != 0)
        ck_assert_uint_eq(after.line, alone.line + 2);
    if (alone.st == SFI_OK && strstr(alone.segments, "fffc=") != NULL)
        ck_assert_msg(strstr(after.segments, "fff4=0102030405060708090a0bfc") !=
                          NULL,
                      "%s", after.segments);
}

START_TEST(test_each_character)
{
    char lines[512];
    size_t first, third, len;
    char *text;

    (void)snprintf(lines, sizeof(lines), "%s%s%s%s", series[_i].lines[0],
                   series[_i].lines[1], series[_i].lines[2], series[_i].end);
    text = firmware_text(lines, &len);
    first = strlen(series[_i].lines[0]);
    third = 2 * first;
    for (size_t at = 0; at < first; at++) {
        char kept = text[third + at];

        for (unsigned c = 0; c < 256; c++) {
            /* no CRLF of the CR before it, and no count record */
            if ((at == 0 && c == '\n') || (at == 1 && (c == '5' || c == '6')))
                continue;
            text[third + at] = (char)c;
            check_character(series[_i].format, text, third, at, len);
        }
        text[third + at] = kept;
    }
    free(text);
}
END_TEST

/* Every end of the file: what is missing is found, line and column. */
START_TEST(test_each_length)
{
    char lines[512];
    size_t first, len;
    char *text;

    (void)snprintf(lines, sizeof(lines), "%s%s%s%s", series[_i].lines[0],
                   series[_i].lines[1], series[_i].lines[2], series[_i].end);
    text = firmware_text(lines, &len);
    first = strlen(series[_i].lines[0]);
    for (size_t cut = 1; cut <= first; cut++) {
        struct outcome alone =
            read_lines(series[_i].format, text + 2 * first, cut);
        struct outcome after =
            read_lines(series[_i].format, text, 2 * first + cut);

        ck_assert_int_eq(alone.st, after.st);
        ck_assert_str_eq(alone.message, after.message);
        ck_assert_uint_eq(after.line, alone.line + 2);
        ck_assert_uint_eq(after.column, alone.column);
    }
    free(text);
}
END_TEST

/* Sound lines as long as the one before them that do not continue it. */
static const struct {
    const char *format;
    struct firmware_row row;
} apart[] = {
    {"ihex",
     {.why = "behind a gap",
      .text = ":020000000102??\n:020002000304??\n:020005000506??\n"
              ":020007000708??\n:00000001FF\n",
      .segments = "00000000=01020304 00000005=05060708"}},
    {"ihex",
     {.why = "below",
      .text = ":020010000102??\n:020012000304??\n:020000000506??\n"
              ":020002000708??\n:00000001FF\n",
      .segments = "00000000=05060708 00000010=01020304"}},
    {"ihex",
     {.why = "of another type",
      .text = ":02FFFE000102??\n:020000040001??\n:020000000304??\n"
              ":00000001FF\n",
      .segments = "0000fffe=01020304"}},
    {"ihex",
     {.why = "where a type 04 offset begins again",
      .text = ":02FFFC000102??\n:02FFFE000304??\n:020000000506??\n"
              ":00000001FF\n",
      .segments = "00000000=0506 0000fffc=01020304"}},
    {"ihex",
     {.why = "past the end of a type 02 segment",
      .text = ":020000021000??\n:02FFFB000102??\n:02FFFD000304??\n"
              ":02FFFF000506??\n:00000001FF\n",
      .st = SFI_ERR_RANGE,
      .where = "4",
      .message = "2 bytes at 0xffff cross the end of their ..."}},
    {"srec",
     {.why = "behind a gap",
      .text = "S1050000AABB??\nS1050002CCDD??\nS1050005EEFF??\nS9030000FC\n",
      .segments = "00000000=aabbccdd 00000005=eeff"}},
    {"srec",
     {.why = "a count",
      .text = "S1050000AABB??\nS1050002CCDD??\nS5030002FA\n"
              "S1050004EEFF??\nS5030003F9\nS9030000FC\n",
      .segments = "00000000=aabbccddeeff"}},
    {"srec",
     {.why = "other data again",
      .text = "S1050000AABB??\nS1050002CCDD??\nS1050002CCDE??\nS9030000FC\n",
      .st = SFI_ERR_OVERLAP,
      .where = "3",
      .message = "data at 0x00000003 differs from line 2, ..."}},
};

START_TEST(test_apart)
{
    check_firmware_row(apart[_i].format, &apart[_i].row);
}
END_TEST

/* ---- what fills up the last block of a file ---------------------------- */

/* More than two pieces of a file, so that CR and LF come apart, too. */
#define PADDING_LEN ((size_t)600 * 1024)

static const struct {
    const char *unit;
    size_t len;
    bool ends_line;
} padding[] = {
    {"\0", 1, false}, {"\x1a", 1, false}, {" ", 1, false},     {"\n", 1, true},
    {"\r", 1, true},  {"\r\n", 2, true},  {"\t\r\n", 3, true},
};

static void
check_where(unsigned line, size_t column)
{
    const char *where = sfi_error_where(sfi_ctx_error(ctx));
    char want[64];

    (void)snprintf(want, sizeof(want), "%u:%zu", line, column);
    where += strlen(where) < strlen(want) ? 0 : strlen(where) - strlen(want);
    ck_assert_str_eq(where, want);
}

/* Any number of them may follow the end record; behind them an error has its
 * place. */
START_TEST(test_padding)
{
    static const char end[] = ":0400100001020304E2\n:00000001FF\n";
    size_t head = strlen(end);
    size_t n = PADDING_LEN / padding[_i].len;
    size_t len = head + n * padding[_i].len;
    char *text = malloc(len + 1);
    char path[FIRMWARE_PATH_MAX];
    sfi_firmware *fw;

    ck_assert_ptr_nonnull(text);
    memcpy(text, end, head);
    for (size_t at = head; at < len; at++)
        text[at] = padding[_i].unit[(at - head) % padding[_i].len];
    ck_assert_int_eq(read_lines("ihex", text, len).st, SFI_OK);
    ck_assert_ok(firmware_load_bytes("hex", NULL, text, len, path, &fw));
    sfi_firmware_free(fw);
    text[len] = 'x';
    ck_assert_int_eq(read_lines("ihex", text, len + 1).st, SFI_ERR_FORMAT);
    check_where(padding[_i].ends_line ? 3 + (unsigned)n : 3,
                padding[_i].ends_line ? 1 : n + 1);
    ck_assert_int_eq(firmware_load_bytes("hex", NULL, text, len + 1, path, &fw),
                     SFI_ERR_FORMAT);
    check_where(padding[_i].ends_line ? 3 + (unsigned)n : 3,
                padding[_i].ends_line ? 1 : n + 1);
    free(text);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("firmware_text");
    TCase *tc = tcase_create("alike");

    tcase_add_checked_fixture(tc, firmware_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_each_character, 0, (int)ROWS(series));
    tcase_add_loop_test(tc, test_each_length, 0, (int)ROWS(series));
    tcase_add_loop_test(tc, test_padding, 0, (int)ROWS(padding));
    tcase_add_loop_test(tc, test_apart, 0, (int)ROWS(apart));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
