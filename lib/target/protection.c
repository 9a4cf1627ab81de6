/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Checks readout and write protection before a command, and finds the reason
 * after a refusal. */
#include "target/protection.h"

#include "util/rd.h"
#include "core/ctx.h"
#include "core/err.h"

#define WORD 4u
#define LOOK_LEN 256u /* read at once, to find programmed flash */

/* AN3155, 3: the bootloader then reads nothing, not even option bytes. */
static sfi_status
protection_fail_readout(sfi_target *t)
{
    return sfi__fail(t->obj.ctx, SFI_ERR_PROTECTED,
                     "readout protection is on, so the bootloader neither "
                     "reads nor writes; removing it erases the chip");
}

sfi_status
sfi__protection_read_word(sfi_target *t, uint32_t offset, uint32_t *out)
{
    uint8_t raw[WORD];
    struct rd r;
    sfi_status st = sfi__boot_read_sure(
        &t->boot, t->chip->ob_window.base + offset, raw, sizeof(raw));

    if (st == SFI_ERR_NACK)
        return protection_fail_readout(t);
    sfi__rd_init(&r, raw, sizeof(raw));
    *out = sfi__rd_u32le(&r);
    return st;
}

bool
sfi__protection_is_on(const struct sfi_chip *chip, uint32_t word)
{
    return (word >> chip->rdp_shift & 0xffu) != CHIP_RDP_LEVEL0;
}

/* A debug port still reads the registers and still erases, but the write after
 * the erase would fail and the content be lost. */
static sfi_status
protection_check_readout(sfi_target *t)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t word = 0;
    sfi_status st;

    if (t->tp->kind != TRANSPORT_DAP)
        return SFI_OK;
    st = sfi__protection_read_word(t, chip->ob[chip->rdp_row].current, &word);
    return st == SFI_OK && sfi__protection_is_on(chip, word)
               ? protection_fail_readout(t)
               : st;
}

static sfi_status
protection_read_wrp(sfi_target *t, uint32_t words[CHIP_WRP_ROWS])
{
    const struct sfi_chip *chip = t->chip;
    sfi_status st = protection_check_readout(t);

    if (st != SFI_OK)
        return st;
    for (uint32_t i = 0; i < CHIP_WRP_ROWS; i++) {
        st = sfi__protection_read_word(t, chip->ob[chip->wrp_row[i]].current,
                                       &words[i]);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static sfi_status
protection_check_sector(sfi_target *t, const uint32_t words[CHIP_WRP_ROWS],
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
    sfi_status st = protection_read_wrp(t, words);

    if (st != SFI_OK)
        return st;
    for (uint32_t s = first; s <= last && s < end; s++) {
        st = protection_check_sector(t, words, s);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

sfi_status
sfi__protection_check_sectors(sfi_target *t, const uint32_t *sectors,
                              size_t count)
{
    uint32_t words[CHIP_WRP_ROWS] = {0};
    sfi_status st = protection_read_wrp(t, words);

    if (st != SFI_OK)
        return st;
    for (size_t i = 0; i < count; i++) {
        st = protection_check_sector(t, words, sectors[i]);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

/* Find a byte of the range that is programmed with something else.  False: no
 * such byte, or flash cannot be read. */
static bool
protection_find_programmed(sfi_target *t, uint32_t address, const uint8_t *data,
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
protection_is_accessible(const struct sfi_chip *chip, uint32_t address,
                         size_t len)
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
    /* a debug port reads the registers, and has named what faulted itself */
    if (word != 0 && sfi__protection_is_on(chip, word))
        return protection_fail_readout(t);
    if (t->tp->kind == TRANSPORT_DAP) {
        sfi__error_restore(ctx, &first);
        return st;
    }
    if (!protection_is_accessible(chip, address, len))
        return sfi__fail(ctx, SFI_ERR_NACK,
                         "the bootloader refused %zu bytes at 0x%08x, which "
                         "are not in flash or in RAM that it can access",
                         len, (unsigned)address);
    if (data != NULL &&
        sfi__chip_range_has(&chip->flash, address, (uint32_t)len) &&
        protection_find_programmed(t, address, data, len, &at))
        return sfi__fail(ctx, SFI_ERR_NACK,
                         "the bootloader refused %zu bytes at 0x%08x: there "
                         "is something at 0x%08x, erase its sector first",
                         len, (unsigned)address, (unsigned)at);
    sfi__error_restore(ctx, &first);
    return st;
}
