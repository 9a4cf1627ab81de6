/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Erases flash through a device in DFU mode, with the versions that do it
 * differently (lib/chip/bootloader.c). */
#include "core/ctx.h"
#include "core/err.h"
#include "boot/dfu.h"

#define ERASED 0xffu

/* An erase, and the flash that it erases. */
struct dfu_erase {
    uint8_t raw[DFU_ADDRESS_LEN];
    size_t raw_len;
    const struct dfu_region *region;
    size_t regions;
    uint32_t ms; /* at most */
};

static sfi_status
dfu_check_region(struct boot *b, const struct dfu_region *r, uint32_t ms)
{
    uint32_t size = r->count * r->size; /* dfu_check_layout() has limited it */
    uint8_t there[DFU_TRANSFER_MAX];
    uint32_t n;

    for (uint32_t at = 0; at < size; at += n) {
        sfi_status st;

        n = size - at < b->dfu.itf.transfer_size ? size - at
                                                 : b->dfu.itf.transfer_size;
        st = sfi__boot_dfu_read_once(b, r->base + at, there, n);
        for (uint32_t i = 0; st == SFI_OK && i < n; i++) {
            if (there[i] != ERASED)
                st = sfi__fail(b->link.ctx, SFI_ERR_TIMEOUT,
                               "the device stayed busy with the erase for %u "
                               "ms, and 0x%08x is not erased",
                               ms, (unsigned)(r->base + at + i));
        }
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

/* A device that never ended an erase is done only if it reads as erased. */
static sfi_status
dfu_check_erased(struct boot *b, const struct dfu_erase *e)
{
    for (size_t i = 0; i < e->regions; i++) {
        sfi_status st = dfu_check_region(b, &e->region[i], e->ms);

        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static sfi_status
dfu_erase_once(struct boot *b, void *arg)
{
    const struct dfu_erase *e = arg;
    const struct dfu_work work = {.ms = e->ms, .deaf = true};
    struct dfu_report r;
    sfi_status st = sfi__boot_dfu_select_memory(b, e->region->base);

    if (st == SFI_OK)
        st = sfi__boot_dfu_send_block(b, DFU_BLOCK_COMMAND, e->raw, e->raw_len,
                                      &work, &r);
    if (st != SFI_ERR_TIMEOUT || b->dfu.state != DFU_DNBUSY)
        return st;
    st = sfi__boot_dfu_clear_busy(b);
    return st == SFI_OK ? dfu_check_erased(b, e) : st;
}

/* The flash is where alternate setting 0 says (AN3156), and not more than the
 * largest part of this device id has: a name without end is not followed. */
static sfi_status
dfu_check_layout(struct boot *b)
{
    const struct dfu_layout *l = &b->dfu.layout[0];
    const struct sfi_chip *chip = sfi__boot_chip(b);
    uint64_t sectors = 0;
    uint64_t bytes = 0;

    for (size_t i = 0; i < l->regions; i++) {
        sectors += l->region[i].count;
        bytes += (uint64_t)l->region[i].count * l->region[i].size;
    }
    if (chip != NULL && l->regions > 0 && bytes <= chip->flash.size &&
        sectors <= chip->flash.size / chip->sector_size)
        return SFI_OK;
    return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                     "the device names %llu sectors and %llu bytes of flash, "
                     "which no part of its device id has",
                     (unsigned long long)sectors, (unsigned long long)bytes);
}

/* ---- sectors ---- */

static bool
dfu_find_sector(const struct dfu_layout *l, uint32_t n, struct dfu_region *out)
{
    for (size_t i = 0; i < l->regions; i++) {
        const struct dfu_region *r = &l->region[i];

        if (n < r->count) {
            *out = (struct dfu_region){r->base + n * r->size, 1, r->size,
                                       r->access};
            return true;
        }
        n -= r->count;
    }
    return false;
}

/* The longest time of a sector of bank 2, if the device has this quirk there;
 * else 0. */
static uint32_t
dfu_bank2_ms(const struct boot *b, uint32_t address, uint32_t quirk)
{
    const struct sfi_chip *chip = sfi__boot_chip(b);

    if ((b->quirks & quirk) == 0 || chip == NULL ||
        address - chip->flash.base < chip->bank_size)
        return 0;
    return chip->erase_ms;
}

static sfi_status
dfu_erase_sector(struct boot *b, uint32_t n)
{
    struct dfu_region sector;
    struct dfu_erase e = {
        .raw_len = DFU_ADDRESS_LEN,
        .region = &sector,
        .regions = 1,
    };
    sfi_status st;

    if (!dfu_find_sector(&b->dfu.layout[0], n, &sector))
        return sfi__fail(b->link.ctx, SFI_ERR_RANGE,
                         "the device's flash has no sector %u", (unsigned)n);
    sfi__dfu_write_address(e.raw, DFU_ERASE, sector.base);
    e.ms = dfu_bank2_ms(b, sector.base, CHIP_QUIRK_DFU_BANK2_STUCK);
    if (e.ms == 0)
        e.ms = sfi__boot_erase_ms(b, 1);
    st = sfi__boot_dfu_transact(b, "Erase", dfu_erase_once, NULL, &e);
    if (st != SFI_OK)
        return st;
    /* AN2606, V9.1: it may report the end too early, and hang meanwhile */
    return sfi__link_sleep(
        &b->link, dfu_bank2_ms(b, sector.base, CHIP_QUIRK_EARLY_ERASE_ACK));
}

sfi_status
sfi__boot_dfu_erase_sectors(struct boot *b, const uint16_t *sectors,
                            size_t count)
{
    sfi_status st = dfu_check_layout(b);

    for (size_t i = 0; st == SFI_OK && i < count; i++) {
        st = dfu_erase_sector(b, sectors[i]);
        if (st == SFI_OK)
            sfi__log(b->link.ctx, SFI_LOG_INFO, "Erase: %zu of %zu sectors",
                     i + 1, count);
    }
    return st;
}

/* ---- the whole flash ---- */

static sfi_status
dfu_erase_each_sector(struct boot *b)
{
    const struct dfu_layout *l = &b->dfu.layout[0];
    uint32_t n = 0;

    for (size_t i = 0; i < l->regions; i++) {
        for (uint32_t left = l->region[i].count; left > 0; left--, n++) {
            sfi_status st = dfu_erase_sector(b, n);

            if (st != SFI_OK)
                return st;
            sfi__log(b->link.ctx, SFI_LOG_INFO, "Erase: sector %u is erased",
                     (unsigned)n);
        }
    }
    return SFI_OK;
}

static sfi_status
dfu_erase_at_once(struct boot *b)
{
    struct dfu_erase e = {
        .raw = {DFU_ERASE},
        .raw_len = 1,
        .region = b->dfu.layout[0].region,
        .regions = b->dfu.layout[0].regions,
        .ms = sfi__boot_erase_ms(b, BOOT_ALL_SECTORS),
    };

    return sfi__boot_dfu_transact(b, "Erase", dfu_erase_once, NULL, &e);
}

/* AN2606: V13.3 does not erase at once; V9.0 and V9.1 fail in bank 2.  A device
 * that refuses it, but not for its protection, may erase sector by sector. */
sfi_status
sfi__boot_dfu_erase_mass(struct boot *b)
{
    sfi_status st = dfu_check_layout(b);

    if (st != SFI_OK)
        return st;
    if ((b->quirks & (CHIP_QUIRK_DFU_MASS_ERASE | CHIP_QUIRK_DFU_BANK2_STUCK |
                      CHIP_QUIRK_EARLY_ERASE_ACK)) != 0)
        return dfu_erase_each_sector(b);
    st = dfu_erase_at_once(b);
    if (st != SFI_ERR_NACK || b->refused == BOOT_REFUSED_COMMAND)
        return st;
    sfi__log(b->link.ctx, SFI_LOG_INFO,
             "the device refuses a mass erase; erasing each sector");
    return dfu_erase_each_sector(b);
}
