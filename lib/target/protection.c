/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include "target/protection.h"

#include "util/rd.h"
#include "core/ctx.h"
#include "core/err.h"

#define WORD 4u
#define LOOK_LEN 256u /* of flash that may not be erased, at once */

/* A bootloader that reads nothing at all, not even option bytes: AN3155, 3. */
static sfi_status
readout_protected(sfi_target *t)
{
    return sfi__fail(t->obj.ctx, SFI_ERR_PROTECTED,
                     "readout protection is on, so the bootloader neither "
                     "reads nor writes; to take it off erases the chip");
}

sfi_status
sfi__protection_read_word(sfi_target *t, uint32_t offset, uint32_t *out)
{
    uint8_t raw[WORD];
    struct rd r;
    sfi_status st = sfi__boot_read_sure(
        &t->boot, t->chip->ob_window.base + offset, raw, sizeof(raw));

    if (st == SFI_ERR_NACK)
        return readout_protected(t);
    sfi__rd_init(&r, raw, sizeof(raw));
    *out = sfi__rd_u32le(&r);
    return st;
}

static bool
is_protected(const struct sfi_chip *chip, uint32_t rdp_row)
{
    return (rdp_row >> chip->rdp_shift & 0xffu) != CHIP_RDP_LEVEL0;
}

/* A debug port still shows the registers, and takes an erase: what the write
 * behind it could not fill again would be lost. */
static sfi_status
check_readout(sfi_target *t)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t word = 0;
    sfi_status st;

    if (t->tp->kind != TRANSPORT_DAP)
        return SFI_OK;
    st = sfi__protection_read_word(t, chip->ob[chip->rdp_row].current, &word);
    return st == SFI_OK && is_protected(chip, word) ? readout_protected(t) : st;
}

static sfi_status
read_wrp(sfi_target *t, uint32_t words[CHIP_WRP_ROWS])
{
    const struct sfi_chip *chip = t->chip;
    sfi_status st = check_readout(t);

    for (uint32_t i = 0; st == SFI_OK && i < CHIP_WRP_ROWS; i++)
        st = sfi__protection_read_word(t, chip->ob[chip->wrp_row[i]].current,
                                       &words[i]);
    return st;
}

static sfi_status
check_sector(sfi_target *t, const uint32_t words[CHIP_WRP_ROWS],
             uint32_t sector)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t row;

    if (!sfi__chip_write_protected(chip, words, sector, &row))
        return SFI_OK;
    return sfi__fail(t->obj.ctx, SFI_ERR_PROTECTED,
                     "sector %u (0x%08x) is write-protected, see option byte "
                     "%s",
                     (unsigned)sector,
                     (unsigned)(chip->flash.base + sector * chip->sector_size),
                     chip->ob[row].name);
}

sfi_status
sfi__protection_check_range(sfi_target *t, uint32_t address, size_t len)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t first = (address - chip->flash.base) / chip->sector_size;
    uint32_t end = chip->flash.size / chip->sector_size;
    uint64_t last =
        ((uint64_t)(address - chip->flash.base) + len - 1) / chip->sector_size;
    uint32_t words[CHIP_WRP_ROWS] = {0};
    sfi_status st = read_wrp(t, words);

    for (uint32_t s = first; st == SFI_OK && s <= last && s < end; s++)
        st = check_sector(t, words, s);
    return st;
}

sfi_status
sfi__protection_check_sectors(sfi_target *t, const uint32_t *sectors,
                              size_t count)
{
    uint32_t words[CHIP_WRP_ROWS] = {0};
    sfi_status st = read_wrp(t, words);

    for (size_t i = 0; st == SFI_OK && i < count; i++)
        st = check_sector(t, words, sectors[i]);
    return st;
}

/* Where in the range does flash hold something else already?  False: nowhere,
 * or it cannot be read. */
static bool
find_programmed(sfi_target *t, uint32_t address, const uint8_t *data,
                size_t len, uint32_t *at)
{
    uint8_t look[LOOK_LEN];

    while (len > 0) {
        size_t n = len < sizeof(look) ? len : sizeof(look);

        if (sfi__boot_read(&t->boot, address, look, n) != SFI_OK)
            return false;
        for (size_t i = 0; i < n; i++) {
            if (look[i] != 0xff && look[i] != data[i]) {
                *at = address + (uint32_t)i;
                return true;
            }
        }
        address += (uint32_t)n;
        data += n;
        len -= n;
    }
    return false;
}

static bool
is_shown(const struct sfi_chip *chip, uint32_t address, size_t len)
{
    if (len > UINT32_MAX)
        return false;
    for (uint32_t i = 0; i < chip->ram_count; i++) {
        if (sfi__chip_range_has(&chip->ram[i], address, (uint32_t)len))
            return true;
    }
    return sfi__chip_range_has(&chip->flash, address, (uint32_t)len) ||
           sfi__chip_range_has(&chip->ob_window, address, (uint32_t)len);
}

sfi_status
sfi__protection_explain(sfi_target *t, sfi_status st, uint32_t address,
                        const uint8_t *data, size_t len)
{
    sfi_ctx *ctx = t->obj.ctx;
    const struct sfi_chip *chip = t->chip;
    struct sfi_error first;
    uint32_t word = 0;
    uint32_t at = 0;

    if (st != SFI_ERR_NACK)
        return st;
    sfi__error_keep(ctx, &first);
    if (sfi__protection_read_word(t, chip->ob[chip->rdp_row].current, &word) ==
        SFI_ERR_PROTECTED)
        return SFI_ERR_PROTECTED;
    /* a debug port shows the registers, and says itself what faulted */
    if (word != 0 && is_protected(chip, word))
        return readout_protected(t);
    if (t->tp->kind == TRANSPORT_DAP) {
        sfi__error_restore(ctx, &first);
        return st;
    }
    if (!is_shown(chip, address, len))
        return sfi__fail(ctx, SFI_ERR_NACK,
                         "the bootloader refused %zu bytes at 0x%08x, which "
                         "are not in flash or in RAM that it shows",
                         len, (unsigned)address);
    if (data != NULL &&
        sfi__chip_range_has(&chip->flash, address, (uint32_t)len) &&
        find_programmed(t, address, data, len, &at))
        return sfi__fail(ctx, SFI_ERR_NACK,
                         "the bootloader refused %zu bytes at 0x%08x: there "
                         "is something at 0x%08x, erase its sector first",
                         len, (unsigned)address, (unsigned)at);
    sfi__error_restore(ctx, &first);
    return st;
}
