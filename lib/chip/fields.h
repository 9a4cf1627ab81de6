/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Names and meanings of the option-byte fields, as ST's tools name them.
 *
 * Only hosts need them.  So each part's file is compiled twice: CHIP_FIELDS 0
 * gives the part's table, CHIP_FIELDS 1 its fields.  A device has the table
 * only. */
#ifndef SFI_CHIP_FIELDS_H
#define SFI_CHIP_FIELDS_H

#include <stddef.h>

#include "chip/chip.h"

#ifndef CHIP_FIELDS
#define CHIP_FIELDS 0
#endif

/* The last row of a list has this value and describes all other values (text
 * NULL: no description). */
#define CHIP_ANY_VALUE UINT32_MAX

struct chip_ob_word {
    uint32_t value;
    const char *text;
    const char *effect; /* what it will do; NULL: the text says that */
};

struct chip_ob_field {
    const char *name;
    uint8_t row, shift, width;
    const char *about;
    const struct chip_ob_word *words; /* NULL: the value is a number */
};

#define CHIP_NAMES_MAX 4u

/* More about a row of the CSV. */
struct chip_ob_info {
    /* in manuals, without FLASH_, where it differs from its name in ST's CSV
     * files; the first is the reference manual's */
    const char *names[CHIP_NAMES_MAX];
    uint32_t example; /* its word in a publication of ST's */
};

enum {
    CHIP_AREA_PCROP, /* code that runs, but cannot be read */
    CHIP_AREA_SECURE,
    CHIP_AREA_WRP,
};

/* The fields of a protected area of flash. */
struct chip_ob_area {
    uint8_t kind;
    const char *first, *last; /* its first and last block */
    const char *erased; /* set: erased with readout protection; NULL: always */
    uint32_t base;      /* address of block 0 */
    uint32_t unit;      /* bytes of a block */
    uint32_t whole; /* its size if first and last are the same; 0: a block */
};

#define CHIP_OB_AREAS_MAX 4u

struct chip_field_list {
    const struct chip_ob_field *fields;
    size_t count;
    const struct chip_ob_info *rows; /* chip->ob_count of them */
    /* ... but not write protection by bits; after the last, first is NULL */
    struct chip_ob_area areas[CHIP_OB_AREAS_MAX + 1];
};

/* Bits of a row that no field has: manuals say to keep them as they are. */
struct chip_reserved {
    uint32_t mask;
    uint32_t value;  /* as a new part has them */
    uint32_t either; /* of these bits, where ST's example has the other value */
};

/* sfi__chip_fields_NAME of each part */
#define CHIP_DECLARE_FIELDS(part) \
    extern const struct chip_field_list sfi__chip_fields_##part;
CHIP_PARTS(CHIP_DECLARE_FIELDS)

/* Meanings that fields of several parts share. */
extern const struct chip_ob_word sfi__chip_words_rdp[];
extern const struct chip_ob_word sfi__chip_words_started_by[];
extern const struct chip_ob_word sfi__chip_words_when_stopped[];
extern const struct chip_ob_word sfi__chip_words_causes_reset[];
extern const struct chip_ob_word sfi__chip_words_protected[];
extern const struct chip_ob_word sfi__chip_words_erased[];
/* No words: the value is the upper half of an address where the part starts. */
extern const struct chip_ob_word sfi__chip_words_start[];

/* All fields of a part; no two share a bit. */
const struct chip_ob_field *sfi__chip_fields(const struct sfi_chip *chip,
                                             size_t *count);
/* By its name, in upper or lower case; NULL: none has it. */
const struct chip_ob_field *sfi__chip_field_find(const struct sfi_chip *chip,
                                                 const char *name);
const struct chip_ob_area *sfi__chip_area_fields(const struct sfi_chip *chip,
                                                 size_t *count);
uint32_t
sfi__chip_field_mask(const struct chip_ob_field *field); /* unshifted */
/* Of a part of the list alone, as sfi__chip_reserved(). */
const struct chip_ob_info *sfi__chip_row_info(const struct sfi_chip *chip,
                                              uint32_t row);
/* All zero for a row that is not a register: nobody writes it. */
struct chip_reserved sfi__chip_reserved(const struct sfi_chip *chip,
                                        uint32_t row);
/* The word for `value`, perhaps that for any value; NULL: a number. */
const struct chip_ob_word *
sfi__chip_field_word(const struct chip_ob_field *field, uint32_t value);

#endif
