/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The part defines the rows and their order (AN5054, 2.5.1). */
#include "option_bytes/rows.h"

#include <stdbool.h>

#include "util/text.h"
#include "core/err.h"
#include "chip/fields.h"

/* Names with more edits than this are not suggested. */
#define MEANT_MAX 2u

/* Without FLASH_. */
static const char *
row_bare_name(const char *name)
{
    static const char prefix[] = "FLASH_";
    char head[sizeof(prefix)];

    (void)sfi__text_copy(head, sizeof(head), name);
    return sfi__text_same(head, prefix) ? name + sizeof(prefix) - 1 : name;
}

static bool
row_is_in(const char *bare, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count && names[i] != NULL; i++) {
        if (sfi__text_same(names[i], bare))
            return true;
    }
    return false;
}

/* FLASH_ is optional, and may replace the F with which ST's files begin a name
 * that begins with FLASH_ in its manuals (FOPTSR_PRG, FLASH_OPTSR_PRG).  What
 * nobody writes has any of the names that are in use for it. */
static bool
row_has_name(const struct sfi_chip *chip, uint32_t row, const char *name)
{
    static const char *const unwritten[] = {"RESERVED", "RFU", "RSVD", "FBOOT4",
                                            "FBOOT4_PRG"};
    const char *own = chip->ob[row].name;
    const char *bare = row_bare_name(name);

    if (sfi__text_same(row_bare_name(own), bare))
        return true;
    if (bare != name && own[0] == 'F' && sfi__text_same(own + 1, bare))
        return true;
    if (row_is_in(bare, sfi__chip_row_info(chip, row)->names, CHIP_NAMES_MAX))
        return true;
    return !chip->ob[row].is_register &&
           row_is_in(bare, unwritten, sizeof(unwritten) / sizeof(*unwritten));
}

uint32_t
sfi__ob_find_row(const struct sfi_chip *chip, const char *name)
{
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        if (row_has_name(chip, i, name))
            return i;
    }
    return OB_NO_ROW;
}

const char *
sfi__ob_meant_row(const struct sfi_chip *chip, const char *name)
{
    const char *best = NULL;
    size_t least = MEANT_MAX + 1;

    for (uint32_t i = 0; i < chip->ob_count; i++) {
        size_t d = sfi__text_distance(row_bare_name(chip->ob[i].name),
                                      row_bare_name(name));

        if (d < least) {
            least = d;
            best = chip->ob[i].name;
        }
    }
    return best;
}

sfi_status
sfi__ob_where(const struct ob_rows *rows, struct ob_place place)
{
    return sfi__where(rows->ctx, "%u:%zu", place.line, place.at + 1);
}

static sfi_status
rows_fail_unknown(const struct ob_rows *rows, const char *name,
                  struct ob_place place)
{
    const struct sfi_chip *chip = rows->chip;
    const char *meant = sfi__ob_meant_row(chip, name);

    if (meant != NULL)
        (void)sfi__fail(rows->ctx, SFI_ERR_CHIP_RULE,
                        "unknown option byte \"%s\", did you mean \"%s\"", name,
                        meant);
    else if (rows->count < chip->ob_count)
        (void)sfi__fail(rows->ctx, SFI_ERR_CHIP_RULE,
                        "unknown option byte \"%s\", expected \"%s\" of %s",
                        name, chip->ob[rows->count].name, chip->name);
    else
        (void)sfi__fail(rows->ctx, SFI_ERR_CHIP_RULE,
                        "option byte \"%s\" follows the last row, expected %u "
                        "rows of %s",
                        name, chip->ob_count, chip->name);
    return sfi__ob_where(rows, place);
}

sfi_status
sfi__ob_rows_name(const struct ob_rows *rows, const char *name,
                  struct ob_place place, uint32_t *index)
{
    *index = sfi__ob_find_row(rows->chip, name);
    if (*index == OB_NO_ROW)
        return rows_fail_unknown(rows, name, place);
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->index[i] != *index)
            continue;
        (void)sfi__fail(
            rows->ctx, SFI_ERR_CHIP_RULE,
            "option byte \"%s\" is repeated, line %u already has it",
            rows->chip->ob[*index].name, rows->place[i].line);
        return sfi__ob_where(rows, place);
    }
    return SFI_OK;
}

/* Repeated rows were refused, so there is room for each. */
void
sfi__ob_rows_add(struct ob_rows *rows, uint32_t index, uint32_t value,
                 struct ob_place place)
{
    rows->values[index] = value;
    rows->index[rows->count] = index;
    rows->place[rows->count++] = place;
}

static bool
rows_have_index(const struct ob_rows *rows, uint32_t index)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->index[i] == index)
            return true;
    }
    return false;
}

/* The place of the error is the row that should follow the missing one, or the
 * end. */
static sfi_status
rows_check_missing(const struct ob_rows *rows, struct ob_place end)
{
    const struct sfi_chip *chip = rows->chip;
    struct ob_place at = end;
    uint32_t missing = 0;

    while (missing < chip->ob_count && rows_have_index(rows, missing))
        missing++;
    if (missing == chip->ob_count)
        return SFI_OK;
    for (uint32_t i = rows->count; i-- > 0;) {
        if (rows->index[i] > missing)
            at = rows->place[i];
    }
    (void)sfi__fail(rows->ctx, SFI_ERR_CHIP_RULE,
                    "option byte \"%s\" is missing, found %u of the %u rows "
                    "of %s",
                    chip->ob[missing].name, rows->count, chip->ob_count,
                    chip->name);
    return sfi__ob_where(rows, at);
}

/* All rows are present; check their order. */
static sfi_status
rows_check_order(const struct ob_rows *rows)
{
    uint32_t i = 0;

    while (i < rows->count && rows->index[i] == i)
        i++;
    if (i == rows->count)
        return SFI_OK;
    (void)sfi__fail(rows->ctx, SFI_ERR_CHIP_RULE,
                    "option byte \"%s\" is out of order, expected \"%s\"",
                    rows->chip->ob[rows->index[i]].name,
                    rows->chip->ob[i].name);
    return sfi__ob_where(rows, rows->place[i]);
}

sfi_status
sfi__ob_rows_end(const struct ob_rows *rows, struct ob_place end)
{
    sfi_status st;

    if (rows->count == 0)
        return sfi__fail(rows->ctx, SFI_ERR_FORMAT,
                         "no rows, expected the %u of %s", rows->chip->ob_count,
                         rows->chip->name);
    st = rows_check_missing(rows, end);
    if (st != SFI_OK)
        return st;
    return rows_check_order(rows);
}
