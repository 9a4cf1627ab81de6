/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Checks readout and write protection before a command, and finds the reason
 * after a refusal. */
#include "target/protection.h"

#include "util/rd.h"
#include "core/ctx.h"
#include "core/err.h"
#include "target/option_area.h"

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

bool
sfi__protection_is_told(const sfi_target *t)
{
    return t->boot.refused == BOOT_REFUSED_COMMAND;
}

sfi_status
sfi__protection_name_refusal(sfi_target *t)
{
    return sfi__protection_is_told(t) ? protection_fail_readout(t)
                                      : SFI_ERR_NACK;
}

bool
sfi__protection_is_on(const struct sfi_chip *chip, uint32_t word)
{
    return (word >> chip->rdp_shift & 0xffu) != CHIP_RDP_LEVEL0;
}

/* AN3155, 3.4: a read may begin anywhere.  A register that the bootloader does
 * not show counts as in a new part: no protection. */
static sfi_status
protection_read_row(sfi_target *t, uint32_t row, uint32_t *out)
{
    const struct chip_ob_row *r = &t->chip->ob[row];
    uint8_t raw[WORD];
    struct rd rd;
    sfi_status st = sfi__boot_read_sure(
        &t->boot, t->chip->ob_window.base + r->current, raw, sizeof(raw));

    *out = r->shipped;
    if (st == SFI_ERR_NACK)
        return row != t->chip->rdp_row &&
                       t->boot.refused == BOOT_REFUSED_ADDRESS
                   ? SFI_OK
                   : sfi__protection_name_refusal(t);
    sfi__rd_init(&rd, raw, sizeof(raw));
    if (st == SFI_OK)
        *out = sfi__rd_u32le(&rd);
    return st;
}

/* AN3156, 4.1: the whole block only.  A device that was reset re-enumerates, so
 * once is enough. */
static sfi_status
protection_read_area(sfi_target *t)
{
    const struct sfi_chip *chip = t->chip;
    struct option_area a;
    sfi_status st = SFI_OK;

    if (!t->look.known)
        st = sfi__option_area_read(t, &a);
    if (st != SFI_OK || t->look.known)
        return st;
    t->look.rdp = sfi__option_area_word(&a, chip->ob[chip->rdp_row].current);
    for (uint32_t i = 0; i < CHIP_WRP_ROWS; i++) {
        const struct chip_ob_row *row = &chip->ob[chip->wrp_row[i]];

        t->look.wrp[i] = sfi__option_area_has(&a, row)
                             ? sfi__option_area_word(&a, row->current)
                             : row->shipped;
    }
    t->look.known = true;
    return SFI_OK;
}

sfi_status
sfi__protection_read_rdp(sfi_target *t, uint8_t *rdp)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t word = 0;
    sfi_status st;

    if (t->tp->kind == TRANSPORT_USB) {
        t->look.known = false;
        st = protection_read_area(t);
        word = t->look.rdp;
    } else {
        st = protection_read_row(t, chip->rdp_row, &word);
    }
    *rdp = (uint8_t)(word >> chip->rdp_shift);
    return st;
}

/* A debug port still reads the registers and still erases, but the write after
 * the erase would fail and the content be lost. */
static sfi_status
protection_check_readout(sfi_target *t)
{
    uint8_t rdp = CHIP_RDP_LEVEL0;
    sfi_status st = SFI_OK;

    if (t->tp->kind == TRANSPORT_DAP)
        st = sfi__protection_read_rdp(t, &rdp);
    return st == SFI_OK && rdp != CHIP_RDP_LEVEL0 ? protection_fail_readout(t)
                                                  : st;
}

static sfi_status
protection_read_wrp(sfi_target *t)
{
    sfi_status st = protection_check_readout(t);

    if (t->chip->wrp_unknown)
        return st;
    if (t->tp->kind == TRANSPORT_USB)
        return protection_read_area(t);
    for (uint32_t i = 0; st == SFI_OK && i < CHIP_WRP_ROWS; i++)
        st = protection_read_row(t, t->chip->wrp_row[i], &t->look.wrp[i]);
    return st;
}

static sfi_status
protection_check_sector(sfi_target *t, uint32_t sector)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t row;

    if (!sfi__chip_write_protected(chip, t->look.wrp, sector, &row))
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
    sfi_status st = protection_read_wrp(t);

    if (st != SFI_OK)
        return st;
    for (uint32_t s = first; s <= last && s < end; s++) {
        st = protection_check_sector(t, s);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

sfi_status
sfi__protection_check_sectors(sfi_target *t, const uint32_t *sectors,
                              size_t count)
{
    sfi_status st = protection_read_wrp(t);

    if (st != SFI_OK)
        return st;
    for (size_t i = 0; i < count; i++) {
        st = protection_check_sector(t, sectors[i]);
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
    uint32_t at = 0;
    uint8_t rdp = CHIP_RDP_LEVEL0;

    if (st != SFI_ERR_NACK)
        return st;
    if (sfi__protection_is_told(t))
        return protection_fail_readout(t);
    sfi__error_keep(ctx, &first);
    st = sfi__protection_read_rdp(t, &rdp);
    /* a debug port reads the registers, and has named what faulted itself */
    if (st == SFI_ERR_PROTECTED || (st == SFI_OK && rdp != CHIP_RDP_LEVEL0))
        return protection_fail_readout(t);
    st = SFI_ERR_NACK;
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
