/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Seconds since 1970 as ISO 8601 text: 2026-11-22T13:00:00Z (UTC, no leap
 * seconds).  Years beyond 9999 have more digits.  Every number has exactly one
 * text. */
#ifndef SFI_UTIL_DATE_H
#define SFI_UTIL_DATE_H

#include <stdbool.h>
#include <stdint.h>

#define DATE_MAX 32

/* Returns `out`. */
const char *sfi__date_format(char out[DATE_MAX], uint64_t seconds);
/* Accepts only the form that sfi__date_format() writes. */
bool sfi__date_parse(const char *text, uint64_t *seconds);

#endif
