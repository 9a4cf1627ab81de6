/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The rules for the areas of an image: where they are and how large. */
#include "preflight/rules.h"

#include <inttypes.h>

#include "util/ckd.h"
#include "core/err.h"
#include "wire/image.h"
#include "chip/memory.h"
#include "preflight/view.h"

/* For findings about the image as a whole. */
static const struct place nowhere;

/* One flash word of it. */
static struct place
word_place(const struct layout *in, size_t i, uint32_t word)
{
    struct place at = sfi__area_place(in, i);

    at.address = word;
    at.size = in->chip->program_unit;
    return at;
}

static const char *
area_noun(const struct layout *in, size_t i)
{
    return in->areas[i].type == SFI_FORMAT_MODULE ? "module" : in->noun;
}

static bool
area_is_inside(const struct chip_range *r, const struct layout_area *a)
{
    uint32_t address, size;

    return sfi__ckd_narrow_u32(&address, a->address) &&
           sfi__ckd_narrow_u32(&size, sfi__area_flash_size(a)) &&
           sfi__chip_range_has(r, address, size);
}

static sfi_status
rule_counts(const struct layout *in, struct findings *f)
{
    size_t firmware = 0;

    for (size_t i = 0; i < in->count; i++)
        firmware += sfi__area_goes_to_flash(&in->areas[i]);
    if (firmware == 0)
        sfi__finding(f, RULE_NO_FIRMWARE, nowhere,
                     "no firmware: nothing to install");
    /* the descriptor's index is 16 bits wide */
    if (in->count > UINT16_MAX)
        sfi__finding(f, RULE_TOO_MANY_AREAS, nowhere,
                     "%zu areas, an image has at most %u", in->count,
                     UINT16_MAX);
    return SFI_OK;
}

static sfi_status
rule_not_empty(const struct layout *in, struct findings *f)
{
    for (size_t i = 0; i < in->count; i++) {
        const struct layout_area *a = &in->areas[i];

        if (sfi__area_goes_to_flash(a) && sfi__area_flash_size(a) == 0)
            sfi__finding(f, RULE_EMPTY_AREA, sfi__area_place(in, i),
                         "%s %zu at 0x%08" PRIx64 " is empty", area_noun(in, i),
                         i + 1, a->address);
    }
    return SFI_OK;
}

/* In which other memory does it begin?  NULL: in none, or in the flash. */
static const char *
area_other_memory(const struct layout *in, const struct layout_area *a)
{
    const struct chip_memory *m = sfi__chip_memory_at(in->chip, a->address);

    return m == NULL || m->kind == CHIP_MEMORY_FLASH ? NULL : m->name;
}

static void
rule_report_outside(const struct layout *in, struct findings *f, size_t i)
{
    const struct sfi_chip *chip = in->chip;
    const struct layout_area *a = &in->areas[i];
    const char *memory = area_other_memory(in, a);

    sfi__finding(
        f, RULE_OUTSIDE_FLASH, sfi__area_place(in, i),
        "%s %zu at 0x%08" PRIx64 " (%" PRIu64
        " bytes) is %s%s%s the flash of %s, 0x%08" PRIx32 " to 0x%08" PRIx32,
        area_noun(in, i), i + 1, a->address, sfi__area_flash_size(a),
        memory != NULL ? "in " : "not inside", memory != NULL ? memory : "",
        memory != NULL ? ", not in" : "", chip->name, chip->flash.base,
        sfi__chip_range_end(&chip->flash) - 1);
}

static sfi_status
rule_in_flash(const struct layout *in, struct findings *f)
{
    const struct sfi_chip *chip = in->chip;

    for (size_t i = 0; i < in->count; i++) {
        const struct layout_area *a = &in->areas[i];

        if (!sfi__area_goes_to_flash(a) || area_is_inside(&chip->user, a))
            continue;
        if (!area_is_inside(&chip->flash, a))
            rule_report_outside(in, f, i);
        else if (a->address < chip->user.base)
            sfi__finding(f, RULE_BELOW_START, sfi__area_place(in, i),
                         "%s %zu at 0x%08" PRIx64 " begins below 0x%08" PRIx32
                         ", where firmware of %s begins",
                         area_noun(in, i), i + 1, a->address, chip->user.base,
                         chip->name);
        else
            sfi__finding(f, RULE_BEYOND_END, sfi__area_place(in, i),
                         "%s %zu at 0x%08" PRIx64 " ends at 0x%08" PRIx64
                         ", beyond 0x%08" PRIx32 ", where firmware of %s ends",
                         area_noun(in, i), i + 1, a->address,
                         a->address + sfi__area_flash_size(a) - 1,
                         sfi__chip_range_end(&chip->user) - 1, chip->name);
    }
    return SFI_OK;
}

/* AN4992, section 7: programming the last word of a bank fails. */
static sfi_status
rule_last_word(const struct layout *in, struct findings *f)
{
    const struct sfi_chip *chip = in->chip;
    uint32_t banks = chip->flash.size / chip->bank_size;

    for (size_t i = 0; chip->last_word_barred && i < in->count; i++) {
        const struct layout_area *a = &in->areas[i];

        for (uint32_t bank = 1;
             area_is_inside(&chip->flash, a) && bank <= banks; bank++) {
            uint32_t end = chip->flash.base + bank * chip->bank_size;
            uint32_t word = end - chip->program_unit;

            if (sfi__area_flash_size(a) > 0 && a->address < end &&
                a->address + sfi__area_flash_size(a) > word)
                sfi__finding(f, RULE_LAST_WORD, word_place(in, i, word),
                             "%s %zu at 0x%08" PRIx64
                             " covers the last word of bank %" PRIu32
                             " (0x%08" PRIx32 "), which %s cannot program",
                             area_noun(in, i), i + 1, a->address, bank, word,
                             chip->name);
        }
    }
    return SFI_OK;
}

/* The builder knows more of two pieces in conflict: the second is the area. */
static const struct layout_note *
area_find_conflict(const struct layout *in, const struct layout_area *a)
{
    for (size_t i = 0; i < in->note_count; i++) {
        const struct layout_note *n = &in->notes[i];

        if (n->kind == LAYOUT_CONFLICT && a->first != NULL &&
            n->second.data == a->first->data && n->second.address == a->address)
            return n;
    }
    return NULL;
}

static void
rule_report_conflict(const struct layout *in, struct findings *f, size_t i,
                     size_t other)
{
    const struct layout_area *a = &in->areas[i];
    const struct layout_area *b = &in->areas[other];
    const struct layout_note *n = area_find_conflict(in, a);

    if (n == NULL)
        n = area_find_conflict(in, b);
    if (n != NULL)
        sfi__rules_report_conflict(n, f);
    else if (a->address < b->address + sfi__area_flash_size(b) &&
             b->address < a->address + sfi__area_flash_size(a))
        sfi__finding(f, RULE_OVERLAP, sfi__area_place(in, i),
                     "%s %zu at 0x%08" PRIx64 " (%" PRIu64
                     " bytes) overlaps %s %zu at 0x%08" PRIx64 " (%" PRIu64
                     " bytes)",
                     area_noun(in, i), i + 1, a->address,
                     sfi__area_flash_size(a), area_noun(in, other), other + 1,
                     b->address, sfi__area_flash_size(b));
    else
        sfi__finding(
            f, RULE_SHARED_WORD, sfi__area_place(in, i),
            "%s %zu at 0x%08" PRIx64 " shares a flash word of %" PRIu32
            " bytes with %s %zu at 0x%08" PRIx64 ": %s programs a word once",
            area_noun(in, i), i + 1, a->address, in->chip->program_unit,
            area_noun(in, other), other + 1, b->address, in->chip->name);
}

/* Claim the flash words of area i.  Stops at the first word that has an owner,
 * so the work for all areas together is bounded by the number of words in
 * flash. */
static void
rule_claim_words(const struct layout *in, struct findings *f, size_t i,
                 uint16_t *owner)
{
    const struct layout_area *a = &in->areas[i];
    uint64_t offset = a->address - in->chip->flash.base;
    uint64_t end = offset + sfi__area_flash_size(a);
    uint32_t unit = in->chip->program_unit;

    for (uint64_t u = offset / unit; u * unit < end; u++) {
        if (owner[u] != 0) {
            rule_report_conflict(in, f, i, owner[u] - 1u);
            return;
        }
        owner[u] = (uint16_t)(i + 1);
    }
}

static sfi_status
rule_no_overlap(const struct layout *in, struct findings *f)
{
    const struct sfi_chip *chip = in->chip;
    uint16_t *owner = sfi__ctx_alloc(
        f->ctx, chip->flash.size / chip->program_unit * sizeof(*owner));

    if (owner == NULL)
        return SFI_ERR_NOMEM;
    for (size_t i = 0; i < in->count && i < UINT16_MAX; i++) {
        if (sfi__area_goes_to_flash(&in->areas[i]) &&
            area_is_inside(&chip->flash, &in->areas[i]))
            rule_claim_words(in, f, i, owner);
    }
    sfi__ctx_dealloc(f->ctx, owner);
    return SFI_OK;
}

/* Below and without a common flash word, which rule_no_overlap() reports. */
static bool
area_is_below(const struct sfi_chip *chip, const struct layout_area *a,
              const struct layout_area *b)
{
    if (a->address >= b->address || a->size > b->address - a->address)
        return false;
    return a->size == 0 || (a->address + a->size - 1) / chip->program_unit <
                               b->address / chip->program_unit;
}

/* The device core accepts firmware only in ascending order. */
static sfi_status
rule_ascending(const struct layout *in, struct findings *f)
{
    const struct layout_area *before = NULL;

    for (size_t i = 0; i < in->count; i++) {
        const struct layout_area *a = &in->areas[i];

        if (a->type != SFI_FORMAT_FIRMWARE)
            continue;
        if (before != NULL && area_is_below(in->chip, a, before))
            sfi__finding(f, RULE_DESCENDING, sfi__area_place(in, i),
                         "%s %zu at 0x%08" PRIx64
                         " lies below the previous one at 0x%08" PRIx64
                         ", expected ascending addresses",
                         area_noun(in, i), i + 1, a->address, before->address);
        before = a;
    }
    return SFI_OK;
}

/* AN4992, section 7: restrictions on the total size of the firmware. */
static sfi_status
rule_total(const struct layout *in, struct findings *f)
{
    const struct sfi_chip *chip = in->chip;
    uint64_t total = 0;

    for (size_t i = 0; i < in->count; i++) {
        if (in->areas[i].type == SFI_FORMAT_FIRMWARE)
            total += in->areas[i].size;
    }
    if (total % chip->total_multiple != 0)
        sfi__finding(f, RULE_TOTAL_MULTIPLE, nowhere,
                     "the firmware has %" PRIu64
                     " bytes in all, %s needs a multiple of %" PRIu32,
                     total, chip->name, chip->total_multiple);
    if (chip->total_limit != 0 && total > chip->total_limit &&
        total % chip->total_not_multiple == 0)
        sfi__finding(f, RULE_TOTAL_NOT_MULTIPLE, nowhere,
                     "the firmware has %" PRIu64 " bytes in all: above %" PRIu32
                     " bytes, %s cannot take a multiple of %" PRIu32,
                     total, chip->total_limit, chip->name,
                     chip->total_not_multiple);
    return SFI_OK;
}

static sfi_status
rule_configuration(const struct layout *in, struct findings *f)
{
    const struct sfi_chip *chip = in->chip;
    uint32_t expected = chip->ob_count * (uint32_t)sizeof(uint32_t);
    size_t seen = 0;

    for (size_t i = 0; i < in->count; i++) {
        const struct layout_area *a = &in->areas[i];

        if (a->type != SFI_FORMAT_CONFIGURATION)
            continue;
        seen++;
        if (i + 1 != in->count)
            sfi__finding(f, RULE_OB_NOT_LAST, sfi__area_place(in, i),
                         "area %zu holds the option bytes, expected them in "
                         "the last area",
                         i + 1);
        if (a->address != 0)
            sfi__finding(f, RULE_OB_ADDRESS, sfi__area_place(in, i),
                         "area %zu holds the option bytes and has the address "
                         "0x%08" PRIx64 ", expected 0",
                         i + 1, a->address);
        if (a->size != expected)
            sfi__finding(f, RULE_OB_SIZE, sfi__area_place(in, i),
                         "area %zu holds %" PRIu64
                         " bytes of option bytes, %s has %" PRIu32
                         ": made for another chip",
                         i + 1, a->size, chip->name, expected);
    }
    if (seen == 0)
        sfi__finding(f, RULE_OB_MISSING, nowhere,
                     "no option bytes: a first install needs them");
    if (seen > 1)
        sfi__finding(f, RULE_OB_REPEATED, nowhere,
                     "%zu areas hold option bytes, expected one", seen);
    return SFI_OK;
}

static sfi_status (*const area_rules[])(const struct layout *,
                                        struct findings *) = {
    rule_counts,     rule_not_empty, rule_in_flash, rule_last_word,
    rule_no_overlap, rule_ascending, rule_total,    rule_configuration,
};

sfi_status
sfi__rules_areas(const struct layout *in, struct findings *f)
{
    sfi_status st = SFI_OK;

    for (size_t i = 0;
         st == SFI_OK && i < sizeof(area_rules) / sizeof(*area_rules); i++)
        st = area_rules[i](in, f);
    return st;
}
