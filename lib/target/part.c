/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reads which bootloader and which flash an open part has. */
#include "target/part.h"

#include "util/rd.h"
#include "util/wr.h"
#include "core/ctx.h"
#include "core/err.h"

/* AN2606; a version that cannot be read has no quirks that libsfi knows. */
static void
part_use_loader(sfi_target *t, uint8_t id)
{
    struct boot *b = &t->boot;

    b->loader_id = id;
    b->loader = sfi__chip_bootloader(t->chip, id);
    b->quirks = b->loader != NULL ? b->loader->quirks : 0;
}

static sfi_status
part_read_loader(sfi_target *t)
{
    struct boot *b = &t->boot;
    uint8_t id = 0;
    sfi_status st =
        sfi__boot_read_sure(b, t->chip->bootloader_id_at, &id, sizeof(id));

    if (st != SFI_OK)
        return st;
    part_use_loader(t, id);
    if (b->loader != NULL)
        sfi__log(t->obj.ctx, SFI_LOG_INFO, "bootloader %s (0x%02x)%s%s",
                 b->loader->version, b->loader_id,
                 b->loader->limits != NULL ? ": " : "",
                 b->loader->limits != NULL ? b->loader->limits : "");
    return SFI_OK;
}

/* A size that the table cannot have is none. */
static sfi_status
part_read_flash_size(sfi_target *t)
{
    const struct sfi_chip *chip = t->chip;
    uint8_t raw[2], whole[2];
    struct rd r;
    struct wr w;
    uint32_t size;
    sfi_status st;

    sfi__wr_init(&w, whole, sizeof(whole));
    sfi__wr_u16le(&w, (uint16_t)(chip->flash.size >> 10));
    st = sfi__boot_read_expecting(&t->boot, chip->flash_size_at, raw, whole,
                                  sizeof(raw));
    if (st != SFI_OK)
        return st;
    sfi__rd_init(&r, raw, sizeof(raw));
    size = (uint32_t)sfi__rd_u16le(&r) << 10;
    if (size <= chip->flash.size && size % chip->sector_size == 0)
        t->flash_size = size;
    if (sfi__part_is_smaller(t))
        sfi__log(t->obj.ctx, SFI_LOG_INFO,
                 "its flash has %u KB, so it is not an %s",
                 (unsigned)(size >> 10), chip->name);
    return SFI_OK;
}

static sfi_status
part_read_both(sfi_target *t)
{
    sfi_status st = SFI_OK;

    if (t->tp->kind != TRANSPORT_DAP && t->chip->bootloader_id_at != 0)
        st = part_read_loader(t);
    if (st == SFI_OK && t->chip->flash_size_at != 0)
        st = part_read_flash_size(t);
    if (st == SFI_OK)
        t->part = (struct target_part){
            .known = true,
            .loader_id = t->boot.loader_id,
            .flash_size = t->flash_size,
        };
    t->boot.is_new = t->boot.is_new && st != SFI_OK;
    return st;
}

/* Neither can change while the same bootloader goes on. */
sfi_status
sfi__part_read(sfi_target *t)
{
    struct sfi_error before;
    sfi_status st;

    part_use_loader(t, 0);
    t->flash_size = 0;
    if (t->secure || !t->boot.has_memory)
        return SFI_OK;
    if (t->part.known && !t->boot.is_new) {
        part_use_loader(t, t->part.loader_id);
        t->flash_size = t->part.flash_size;
        return SFI_OK;
    }
    t->part.known = false;
    sfi__error_keep(t->obj.ctx, &before);
    st = part_read_both(t);
    if (st == SFI_ERR_CANCELLED || st == SFI_ERR_NO_DEVICE)
        return st;
    sfi__error_restore(t->obj.ctx, &before);
    return SFI_OK;
}

bool
sfi__part_is_smaller(const sfi_target *t)
{
    return t->flash_size != 0 && t->flash_size < t->chip->flash.size;
}

/* RM0433, 4.3.4: an H7 of 1 MB has two banks of 512 KB, each at its place; one
 * of 128 KB (H750) has one sector in bank 1. */
static uint32_t
part_bank_size(const sfi_target *t, uint32_t bank)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t banks = chip->flash.size / chip->bank_size;
    uint32_t each = t->flash_size / banks;

    if (each >= chip->sector_size)
        return each;
    return bank == 0 ? t->flash_size : 0;
}

bool
sfi__part_has_flash(const sfi_target *t, uint32_t address, uint32_t len)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t offset = address - chip->flash.base;
    uint32_t size, within;

    if (!sfi__chip_range_has(&chip->flash, address, len))
        return false;
    if (!sfi__part_is_smaller(t) || len == 0)
        return true;
    size = part_bank_size(t, offset / chip->bank_size);
    within = offset % chip->bank_size;
    return within < size && len <= size - within;
}

bool
sfi__part_has_sector(const sfi_target *t, uint32_t sector)
{
    const struct sfi_chip *chip = t->chip;

    return sector < chip->flash.size / chip->sector_size &&
           sfi__part_has_flash(t, chip->flash.base + sector * chip->sector_size,
                               chip->sector_size);
}
