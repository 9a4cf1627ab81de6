/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The words that the picture and the text map share. */
#ifndef SFI_MAP_WORDS_H
#define SFI_MAP_WORDS_H

#include "map/model.h"

#define MAP_NUMBER_MAX 32u
#define MAP_WORDS_MAX 384u

/* "1,048,576"; returns `out`. */
const char *sfi__map_number(char out[MAP_NUMBER_MAX], uint64_t n);
/* "", "<1 %", "34 %", and "100 %" only when it is full; returns `out`. */
const char *sfi__map_percent(char out[MAP_NUMBER_MAX], uint64_t used,
                             uint64_t size);
/* "area 3: app.hex", "areas 3-57: app.hex"; the name of a file without its
 * folders. */
void sfi__map_group_name(const struct map *m, const struct map_group *g,
                         char out[MAP_WORDS_MAX]);
/* "0x08020000, 4,136 bytes", "0x08020000-0x0803ffff, 12,340 bytes" */
void sfi__map_group_place(const struct map_group *g, char out[MAP_WORDS_MAX]);
/* "0x08020000-0x080200ff" */
void sfi__map_range(uint64_t base, uint64_t size, char out[MAP_WORDS_MAX]);
/* "start with BOOT0 high (BOOT_CM7_ADD1)" */
void sfi__map_start_name(const struct map_start *s, char out[MAP_WORDS_MAX]);
/* "write protection" */
const char *sfi__map_protection_name(uint8_t kind);
const char *sfi__map_severity(uint32_t severity);
/* "stm32h753xi, 3 areas, 5,608 bytes, 2 errors, 1 warning"; "..., no findings"
 */
void sfi__map_summary(const struct map *m, char out[MAP_WORDS_MAX]);
/* Bank and sectors of a row: "Bank 1, sectors 0 to 7". */
void sfi__map_row_name(const struct map *m, const struct map_row *r,
                       char out[MAP_WORDS_MAX]);
/* What an option-byte row protects, or its fields that a new part has
 * otherwise: "PCROP 0x08028000-0x0802ffff"; "RDP 0xbb: level 1, SECURITY 1:
 * on"; "as in a new part". */
void sfi__map_option_words(const struct map *m, uint32_t row,
                           char out[MAP_WORDS_MAX]);
/* "message (AN4992, 7.1)" */
void sfi__map_finding_words(const struct map_finding *f,
                            char out[2 * MAP_WORDS_MAX]);

#endif
