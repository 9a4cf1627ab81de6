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
    uint32_t address;
    uint32_t size;
    uint32_t ms; /* at most */
};

/* A device that never ended an erase is done only if it reads as erased. */
static sfi_status
dfu_check_erased(struct boot *b, const struct dfu_erase *e)
{
    uint8_t there[DFU_TRANSFER_MAX];
    uint32_t n;

    for (uint32_t at = 0; at < e->size; at += n) {
        sfi_status st;

        n = e->size - at < b->dfu.itf.transfer_size ? e->size - at
                                                    : b->dfu.itf.transfer_size;
        st = sfi__boot_dfu_read_once(b, e->address + at, there, n);
        for (uint32_t i = 0; st == SFI_OK && i < n; i++) {
            if (there[i] != ERASED)
                st = sfi__fail(b->link.ctx, SFI_ERR_TIMEOUT,
                               "the device stayed busy with the erase for %u "
                               "ms, and 0x%08x is not erased",
                               e->ms, (unsigned)(e->address + at + i));
        }
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
    sfi_status st = sfi__boot_dfu_select_memory(b, e->address);

    if (st == SFI_OK)
        st = sfi__boot_dfu_send_block(b, DFU_BLOCK_COMMAND, e->raw, e->raw_len,
                                      &work, &r);
    if (st != SFI_ERR_TIMEOUT || b->dfu.state != DFU_DNBUSY)
        return st;
    st = sfi__boot_dfu_clear_busy(b);
    return st == SFI_OK ? dfu_check_erased(b, e) : st;
}

/* ---- sectors ---- */

/* The flash is where alternate setting 0 says (AN3156). */
static bool
dfu_find_sector(const struct dfu_layout *l, uint32_t n, struct dfu_erase *e)
{
    for (size_t i = 0; i < l->regions; i++) {
        const struct dfu_region *r = &l->region[i];

        if (n < r->count) {
            e->address = r->base + n * r->size;
            e->size = r->size;
            return true;
        }
        n -= r->count;
    }
    return false;
}

/* The longest time of a sector of bank 2, if the device has this quirk there;
 * else 0. */
static uint32_t
dfu_bank2_ms(const struct boot *b, const struct dfu_erase *e, uint32_t quirk)
{
    const struct sfi_chip *chip = sfi__chip_by_device_id(b->device_id);

    if ((b->quirks & quirk) == 0 || chip == NULL ||
        e->address - chip->flash.base < chip->bank_size)
        return 0;
    return chip->erase_ms;
}

static sfi_status
dfu_erase_sector(struct boot *b, uint32_t n)
{
    struct dfu_erase e = {.raw_len = DFU_ADDRESS_LEN};
    sfi_status st;

    if (!dfu_find_sector(&b->dfu.layout[0], n, &e))
        return sfi__fail(b->link.ctx, SFI_ERR_RANGE,
                         "the device's flash has no sector %u", (unsigned)n);
    sfi__dfu_write_address(e.raw, DFU_ERASE, e.address);
    e.ms = dfu_bank2_ms(b, &e, CHIP_QUIRK_DFU_BANK2_STUCK);
    if (e.ms == 0)
        e.ms = sfi__boot_erase_ms(b, 1);
    st = sfi__boot_dfu_transact(b, "Erase", dfu_erase_once, NULL, &e);
    if (st != SFI_OK)
        return st;
    /* AN2606, V9.1: it may report the end too early, and hang meanwhile */
    return sfi__link_sleep(&b->link,
                           dfu_bank2_ms(b, &e, CHIP_QUIRK_EARLY_ERASE_ACK));
}

sfi_status
sfi__boot_dfu_erase_sectors(struct boot *b, const uint16_t *sectors,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sfi_status st = dfu_erase_sector(b, sectors[i]);

        if (st != SFI_OK)
            return st;
        sfi__log(b->link.ctx, SFI_LOG_INFO, "Erase: %zu of %zu sectors", i + 1,
                 count);
    }
    return SFI_OK;
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
    const struct dfu_region *first = &b->dfu.layout[0].region[0];
    struct dfu_erase e = {
        .raw = {DFU_ERASE},
        .raw_len = 1,
        .address = first->base,
        .size = first->count * first->size,
        .ms = sfi__boot_erase_ms(b, BOOT_ALL_SECTORS),
    };

    return sfi__boot_dfu_transact(b, "Erase", dfu_erase_once, NULL, &e);
}

/* AN2606: V13.3 does not erase at once; V9.0 and V9.1 fail in bank 2.  A device
 * that refuses it, but not for its protection, may erase sector by sector. */
sfi_status
sfi__boot_dfu_erase_mass(struct boot *b)
{
    sfi_status st;

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
