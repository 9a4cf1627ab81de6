/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Seconds since 1970 as text that people read: 2026-11-22T13:00:00Z (ISO 8601,
 * UTC, no leap seconds).  Years beyond 9999 have as many digits as they need,
 * so that every number has exactly one text. */
#ifndef SFI_UTIL_DATE_H
#define SFI_UTIL_DATE_H

#include <stdbool.h>
#include <stdint.h>

#define DATE_MAX 32

/* Returns `out`. */
const char *sfi__date_format(char out[DATE_MAX], uint64_t seconds);
/* Only what sfi__date_format() writes. */
bool sfi__date_parse(const char *text, uint64_t *seconds);

#endif
