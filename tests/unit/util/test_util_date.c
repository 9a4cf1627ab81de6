/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/util: dates as text. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <check.h>

#include "util/date.h"
#include "util/text.h"

#include "fixture.h"

/* From `date -u -d @SECONDS`, the last two by hand. */
static const struct {
    uint64_t seconds;
    const char *text;
} dates[] = {
    {0, "1970-01-01T00:00:00Z"},
    {86399, "1970-01-01T23:59:59Z"},
    {68169600, "1972-02-29T00:00:00Z"},
    {951782399, "2000-02-28T23:59:59Z"},
    {951782400, "2000-02-29T00:00:00Z"},
    {951868800, "2000-03-01T00:00:00Z"},
    {978307199, "2000-12-31T23:59:59Z"},
    {1795352400, "2026-11-22T13:00:00Z"},
    {2147483648, "2038-01-19T03:14:08Z"},
    {4107542400, "2100-03-01T00:00:00Z"},
    {4107542399, "2100-02-28T23:59:59Z"},
    {13574563200, "2400-02-29T00:00:00Z"},
    {253402300799, "9999-12-31T23:59:59Z"},
    {253402300800, "10000-01-01T00:00:00Z"},
    {UINT64_MAX, "584554051223-11-09T07:00:15Z"},
};

START_TEST(test_date)
{
    uint64_t seconds = 1;
    char text[DATE_MAX];

    ck_assert_str_eq(sfi__date_format(text, dates[_i].seconds), dates[_i].text);
    ck_assert(sfi__date_parse(dates[_i].text, &seconds));
    ck_assert_uint_eq(seconds, dates[_i].seconds);
}
END_TEST

/* Each day of a whole cycle of the calendar follows the one before. */
START_TEST(test_every_day)
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30,
                                       31, 31, 30, 31, 30, 31};
    unsigned y = 1970, month = 1, day = 1;
    char text[DATE_MAX], want[DATE_MAX];
    size_t step = test_step(37);

    for (uint64_t at = 0; at < 146097; at++) {
        bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
        unsigned length = lengths[month - 1] + (leap && month == 2 ? 1 : 0);
        uint64_t seconds;

        sfi__text_format(want, sizeof(want), "%04u-%02u-%02uT00:00:07Z", y,
                         month, day);
        /* a single assertion, since check writes a note for each */
        ck_assert_msg(
            at % step != 0 ||
                (strcmp(sfi__date_format(text, at * 86400 + 7), want) == 0 &&
                 sfi__date_parse(text, &seconds) && seconds == at * 86400 + 7),
            "%s is %s", want, text);
        if (++day > length) {
            day = 1;
            month = month % 12 + 1;
            y += month == 1;
        }
    }
}
END_TEST

static const char *const bad[] = {
    "",
    "1",
    "2026-11-22",
    "2026-11-22T13:00:00",
    "2026-11-22T13:00:00z",
    "2026-11-22 13:00:00Z",
    "2026-11-22T13:00:00Z ",
    " 2026-11-22T13:00:00Z",
    "2026-11-22T13:00:0Z",
    "2026-11-22T13:00:000Z",
    "02026-11-22T13:00:00Z",
    "-2026-11-22T13:00:00Z",
    "2026-00-22T13:00:00Z",
    "2026-13-22T13:00:00Z",
    "2026-11-00T13:00:00Z",
    "2026-11-31T13:00:00Z",
    "2026-02-29T13:00:00Z",
    "2100-02-29T13:00:00Z",
    "2026-11-22T24:00:00Z",
    "2026-11-22T13:60:00Z",
    "2026-11-22T13:00:60Z",
    "1969-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z",
    "584554051223-11-09T07:00:16Z",
    "999999999999-12-31T23:59:59Z",
    "9999999999999-12-31T23:59:59Z",
    "20x6-11-22T13:00:00Z",
    "2026-11-22T1a:00:00Z",
};

START_TEST(test_bad)
{
    uint64_t seconds;

    ck_assert_msg(!sfi__date_parse(bad[_i], &seconds), "%s is %" PRIu64,
                  bad[_i], seconds);
}
END_TEST

/* The system's seconds go on after 2038, also where a word has 32 bits. */
START_TEST(test_system)
{
    static struct stat file;
    time_t later = (time_t)INT64_C(4102444800);
    struct tm *tm = gmtime(&later);
    char text[DATE_MAX];

    ck_assert_uint_eq(sizeof(file.st_mtime), sizeof(uint64_t));
    ck_assert_ptr_nonnull(tm);
    ck_assert_int_eq(tm->tm_year, 2100 - 1900);
    sfi__date_format(text, (uint64_t)later);
    ck_assert_str_eq(text, "2100-01-01T00:00:00Z");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("util_date");
    TCase *tc = tcase_create("date");

    tcase_add_loop_test(tc, test_date, 0, ROWS(dates));
    tcase_add_test(tc, test_every_day);
    tcase_add_loop_test(tc, test_bad, 0, ROWS(bad));
    tcase_add_test(tc, test_system);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
