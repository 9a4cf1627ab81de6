/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The rules for option bytes: who can read the firmware after the install, who
 * can change it, and what a part is bound to for ever. */
#include "preflight/rules.h"

#include <inttypes.h>

#include "chip/areas.h"
#include "preflight/view.h"

static struct place
option_row_place(const struct layout *in, uint32_t row)
{
    struct place at = {.row = in->chip->ob[row].name};

    return at;
}

static void
option_all_alike(const struct layout *in, struct findings *f)
{
    uint32_t any = 0, all = UINT32_MAX;
    uint32_t count = 0;

    for (uint32_t i = 0; i < in->chip->ob_count; i++) {
        if (!in->chip->ob[i].is_register)
            continue;
        any |= in->ob[i];
        all &= in->ob[i];
        count++;
    }
    if (any == 0)
        sfi__finding(f, RULE_OB_ZEROS, option_row_place(in, 0),
                     "all %" PRIu32 " option words of %s are 0", count,
                     in->chip->name);
    if (all == UINT32_MAX)
        sfi__finding(f, RULE_OB_ONES, option_row_place(in, 0),
                     "all %" PRIu32 " option words of %s are 0xffffffff", count,
                     in->chip->name);
}

/* Bits that ST's own example has otherwise than a new part may be either. */
static void
option_reserved(const struct layout *in, struct findings *f)
{
    for (uint32_t i = 0; i < in->chip->ob_count; i++) {
        struct chip_reserved r = sfi__chip_reserved(in->chip, i);
        uint32_t differ = (in->ob[i] ^ r.value) & r.mask & ~r.either;

        if (differ != 0)
            sfi__finding(f, RULE_RESERVED_BITS, option_row_place(in, i),
                         "%s is 0x%08" PRIx32 ": the reserved bits 0x%08" PRIx32
                         " differ from those of a new part",
                         in->chip->ob[i].name, in->ob[i], differ);
    }
}

/* ---- who can read it ---- */

static bool
option_security_is_off(const struct layout *in)
{
    const struct sfi_chip *chip = in->chip;

    return chip->security_mask != 0 &&
           (in->ob[chip->security_row] & chip->security_mask) == 0;
}

static uint64_t
option_size_in_secure_areas(const struct layout_area *a,
                            const struct chip_area *areas, size_t count)
{
    uint64_t total = 0;

    for (size_t i = 0; i < count; i++) {
        if (areas[i].kind == CHIP_AREA_SECURE)
            total +=
                sfi__area_overlap(a, areas[i].flash.base, areas[i].flash.size);
    }
    return total;
}

static void
option_level_0(const struct layout *in, struct findings *f, uint32_t rdp)
{
    struct chip_area areas[CHIP_AREAS_MAX];
    size_t count = sfi__chip_areas(in->chip, in->ob, areas);
    uint64_t outside = 0;
    struct place at = sfi__view_field_place(in, "RDP");
    bool is_off = option_security_is_off(in);

    if (is_off)
        count = 0; /* secure areas guard nothing */

    for (size_t i = 0; i < in->count; i++) {
        const struct layout_area *a = &in->areas[i];
        uint64_t open = sfi__area_flash_size(a) -
                        option_size_in_secure_areas(a, areas, count);

        if (open > 0 && outside == 0) {
            at.area = (uint32_t)(i + 1);
            at.address = a->address;
            at.size = sfi__area_flash_size(a);
        }
        outside += open;
    }
    if (outside > 0)
        sfi__finding(f, RULE_RDP_LEVEL_0, at,
                     "RDP is 0x%02" PRIx32
                     ", level 0: anybody can read %" PRIu64
                     " bytes of the installed firmware, which %s",
                     rdp, outside,
                     is_off ? "no secure area guards while SECURITY is 0"
                            : "are in no secure area");
}

static void
option_readout(const struct layout *in, struct findings *f)
{
    uint32_t rdp = sfi__view_value(in, "RDP");

    if (rdp == CHIP_RDP_LEVEL2)
        sfi__finding(f, RULE_RDP_LEVEL_2, sfi__view_field_place(in, "RDP"),
                     "RDP is 0x%02" PRIx32
                     ", level 2: for ever no debugger, no bootloader, no "
                     "analysis by ST and no second install",
                     rdp);
    if (rdp == CHIP_RDP_LEVEL0)
        option_level_0(in, f, rdp);
    if (option_security_is_off(in))
        sfi__finding(f, RULE_SECURITY_OFF,
                     sfi__view_field_place(in, "SECURITY"),
                     "SECURITY is 0: after the install the part is not in "
                     "secure access mode");
}

/* ---- protected areas ---- */

static struct place
option_area_place(const struct layout *in, const struct chip_area *a)
{
    struct place at = {
        .address = a->flash.size > 0 ? a->flash.base : 0,
        .size = a->flash.size,
        .row = in->chip->ob[a->row].name,
        .field = a->field,
    };

    return at;
}

static bool
option_is_whole_bank(const struct layout *in, const struct chip_area *a)
{
    return a->flash.size >= in->chip->bank_size;
}

static void
option_secure_area(const struct layout *in, struct findings *f,
                   const struct chip_area *a)
{
    struct place at = option_area_place(in, a);
    uint32_t end = sfi__chip_range_end(&a->flash);

    if (a->flash.size == 0 && in->ob[a->row] != in->chip->ob[a->row].shipped)
        sfi__finding(f, RULE_SECURE_NONE, at,
                     "%s is 0x%08" PRIx32
                     ": the secure area starts after its end, so there is "
                     "none",
                     at.row, in->ob[a->row]);
    if (a->flash.size == 0)
        return;
    if (option_is_whole_bank(in, a))
        sfi__finding(f, RULE_SECURE_BANK, at,
                     "%s is 0x%08" PRIx32 ": all of the bank, 0x%08" PRIx32
                     " to 0x%08" PRIx32 ", is a secure area",
                     at.row, in->ob[a->row], a->flash.base, end - 1);
    if (!sfi__view_is_filled(in, a->flash.base, a->flash.size))
        sfi__finding(f, RULE_SECURE_EMPTY, at,
                     "the secure area 0x%08" PRIx32 " to 0x%08" PRIx32
                     " (%s) holds no firmware of this image",
                     a->flash.base, end - 1, at.row);
}

static void
option_pcrop_area(const struct layout *in, struct findings *f,
                  const struct chip_area *a)
{
    struct place at = option_area_place(in, a);
    uint32_t end = sfi__chip_range_end(&a->flash);

    if (a->flash.size == 0)
        return;
    if (option_is_whole_bank(in, a))
        sfi__finding(f, RULE_PCROP_BANK, at,
                     "%s is 0x%08" PRIx32 ": all of the bank, 0x%08" PRIx32
                     " to 0x%08" PRIx32
                     ", is a PCROP area: no constant there can be read",
                     at.row, in->ob[a->row], a->flash.base, end - 1);
    if (!sfi__view_is_filled(in, a->flash.base, a->flash.size))
        sfi__finding(f, RULE_PCROP_EMPTY, at,
                     "the PCROP area 0x%08" PRIx32 " to 0x%08" PRIx32
                     " (%s) holds no firmware of this image",
                     a->flash.base, end - 1, at.row);
}

static void
option_areas(const struct layout *in, struct findings *f)
{
    struct chip_area areas[CHIP_AREAS_MAX];
    size_t count = sfi__chip_areas(in->chip, in->ob, areas);

    for (size_t i = 0; i < count; i++) {
        const struct chip_area *a = &areas[i];

        if (a->kind == CHIP_AREA_SECURE)
            option_secure_area(in, f, a);
        if (a->kind == CHIP_AREA_PCROP)
            option_pcrop_area(in, f, a);
        if (a->flash.size > 0 && !a->erased)
            sfi__finding(f, RULE_AREA_STAYS, option_area_place(in, a),
                         "the %s area 0x%08" PRIx32 " to 0x%08" PRIx32
                         " stays when readout protection is taken off",
                         a->kind == CHIP_AREA_SECURE ? "secure" : "PCROP",
                         a->flash.base, sfi__chip_range_end(&a->flash) - 1);
        if (a->kind != CHIP_AREA_SECURE && in->chip->loader.size > 0 &&
            a->flash.base < sfi__chip_range_end(&in->chip->loader) &&
            in->chip->loader.base < sfi__chip_range_end(&a->flash) &&
            a->flash.size > 0)
            sfi__finding(f, RULE_LOADER_PROTECTED, option_area_place(in, a),
                         "%s protects 0x%08" PRIx32 " to 0x%08" PRIx32
                         ", where the secure bootloader is until it has "
                         "erased itself",
                         in->chip->ob[a->row].name, a->flash.base,
                         sfi__chip_range_end(&a->flash) - 1);
    }
}

/* ---- write protection ---- */

static void
option_write_protection(const struct layout *in, struct findings *f)
{
    const struct sfi_chip *chip = in->chip;
    const uint32_t words[CHIP_WRP_ROWS] = {in->ob[chip->wrp_row[0]],
                                           in->ob[chip->wrp_row[1]]};
    uint32_t first = (chip->user.base - chip->flash.base) / chip->sector_size;
    uint32_t count = chip->user.size / chip->sector_size;
    uint32_t protected = 0, empty = 0, row = 0;
    struct place at = {0};

    for (uint32_t i = first; i < first + count; i++) {
        uint32_t address = chip->flash.base + i * chip->sector_size;

        if (!sfi__chip_write_protected(chip, words, i, &row))
            continue;
        protected++;
        if (sfi__view_is_filled(in, address, chip->sector_size))
            continue;
        if (empty++ == 0)
            at = (struct place){.address = address,
                                .size = chip->sector_size,
                                .row = chip->ob[row].name};
    }
    if (protected == count)
        sfi__finding(f, RULE_WRP_ALL, option_row_place(in, chip->wrp_row[0]),
                     "all %" PRIu32
                     " sectors for firmware are write-protected: the firmware "
                     "can store nothing in flash, nor replace itself",
                     count);
    else if (empty > 0)
        sfi__finding(f, RULE_WRP_EMPTY, at,
                     "%" PRIu32 " write-protected sector%s, the first at "
                     "0x%08" PRIx32 ", %s no firmware of this image",
                     empty, empty == 1 ? "" : "s", (uint32_t)at.address,
                     empty == 1 ? "holds" : "hold");
}

/* ---- boot ---- */

static void
option_boot_bits(const struct layout *in, struct findings *f)
{
    const struct sfi_chip *chip = in->chip;
    const char *swap = sfi__chip_effects(chip)->swap;

    if (swap != NULL && sfi__view_value(in, swap) != 0)
        sfi__finding(f, RULE_SWAP_BANK, sfi__view_field_place(in, swap),
                     "%s is 1: what the image puts into one bank shows at the "
                     "addresses of the other one",
                     swap);
    if (chip->boot_pin_mask != 0 &&
        (in->ob[chip->boot_row] & chip->boot_pin_mask) != 0)
        sfi__finding(f, RULE_NSWBOOT0, sfi__view_field_place(in, "nSWBOOT0"),
                     "nSWBOOT0 is 1: the pin BOOT0 decides what starts, "
                     "expected 0");
    if (chip->boot_not_mask != 0 &&
        (in->ob[chip->boot_row] & chip->boot_not_mask) == 0)
        sfi__finding(f, RULE_NBOOT0, sfi__view_field_place(in, "nBOOT0"),
                     "nBOOT0 is 0: the part does not start from its flash, "
                     "expected 1");
}

void
sfi__rules_options(const struct layout *in, struct findings *f)
{
    if (in->ob == NULL)
        return;
    option_all_alike(in, f);
    option_reserved(in, f);
    option_readout(in, f);
    option_areas(in, f);
    option_write_protection(in, f);
    option_boot_bits(in, f);
}
