/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Seconds since 1970 to ISO 8601 text and back. */
#include "util/date.h"

#include <string.h>

#include "util/text.h"

#define SECONDS_A_DAY 86400u
#define MONTHS 12u

/* The Gregorian calendar repeats after this. */
#define CYCLE_YEARS 400u
#define CYCLE_DAYS 146097u

#define DIGITS_YEAR 12u /* the last second of 64 bits is in 584554051223 */

/* Number of leap years from year 0 to y - 1; year 0 is a leap year. */
static uint64_t
date_leap_years_before(uint64_t y)
{
    return (y + 3) / 4 - (y + 99) / 100 + (y + 399) / 400;
}

static uint64_t
date_days_before_year(uint64_t y)
{
    return 365 * y + date_leap_years_before(y);
}

static uint64_t
date_days_before_month(uint64_t y, unsigned month)
{
    static const uint16_t days[MONTHS] = {0,   31,  59,  90,  120, 151,
                                          181, 212, 243, 273, 304, 334};
    bool leap = date_leap_years_before(y + 1) != date_leap_years_before(y);

    return days[month] + (leap && month >= 2 ? 1u : 0u);
}

static uint64_t
date_year_of_day(uint64_t day)
{
    uint64_t cycles = day / CYCLE_DAYS;
    uint64_t y;

    day %= CYCLE_DAYS;
    y = day / 366; /* the right year, or the one before it */
    while (date_days_before_year(y + 1) <= day)
        y++;
    return cycles * CYCLE_YEARS + y;
}

const char *
sfi__date_format(char out[DATE_MAX], uint64_t seconds)
{
    uint64_t day = seconds / SECONDS_A_DAY + date_days_before_year(1970);
    unsigned second = (unsigned)(seconds % SECONDS_A_DAY);
    uint64_t y = date_year_of_day(day);
    unsigned month = MONTHS - 1;

    day -= date_days_before_year(y);
    while (date_days_before_month(y, month) > day)
        month--;
    day -= date_days_before_month(y, month);
    sfi__text_format(out, DATE_MAX, "%04llu-%02u-%02uT%02u:%02u:%02uZ",
                     (unsigned long long)y, month + 1, (unsigned)day + 1,
                     second / 3600, second / 60 % 60, second % 60);
    return out;
}

/* Read `len` digits and the character `next`; false: the text differs. */
static bool
date_take_number(const char **text, size_t len, char next, uint64_t *out)
{
    uint64_t v = 0;

    for (size_t i = 0; i < len; i++) {
        char c = (*text)[i];

        if (c < '0' || c > '9')
            return false;
        v = 10 * v + (uint64_t)(c - '0');
    }
    if ((*text)[len] != next)
        return false;
    *text += len + 1;
    *out = v;
    return true;
}

bool
sfi__date_parse(const char *text, uint64_t *seconds)
{
    const char *at = text;
    size_t digits = strspn(text, "0123456789");
    uint64_t y, month, day, h, m, s;
    char again[DATE_MAX];

    if (digits > DIGITS_YEAR || !date_take_number(&at, digits, '-', &y) ||
        !date_take_number(&at, 2, '-', &month) ||
        !date_take_number(&at, 2, 'T', &day) ||
        !date_take_number(&at, 2, ':', &h) ||
        !date_take_number(&at, 2, ':', &m) ||
        !date_take_number(&at, 2, 'Z', &s) || month < 1 || month > MONTHS)
        return false;
    day += date_days_before_year(y) +
           date_days_before_month(y, (unsigned)month - 1) - 1;
    *seconds = (day - date_days_before_year(1970)) * SECONDS_A_DAY + h * 3600 +
               m * 60 + s;
    /* A date that does not exist, or a year out of range, became a different
     * date: its text differs. */
    return *at == '\0' && strcmp(sfi__date_format(again, *seconds), text) == 0;
}
