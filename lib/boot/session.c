/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A session's functions, which the kind of link carries out. */
#include "boot/session.h"

#include "util/mem.h"
#include "util/rd.h"
#include "core/ctx.h"
#include "core/err.h"

/* AN2606, V9.x: bytes of RAM that Go leaves free above the stack. */
#define GO_STACK_ROOM 16u

sfi_status
sfi__boot_init(struct boot *b, sfi_transport *tp, const atomic_bool *cancel)
{
    static const struct boot_ops *const kinds[TRANSPORT_KINDS] = {
        [TRANSPORT_STREAM] = &sfi__boot_usart,
        [TRANSPORT_USB] = &sfi__boot_dfu,
        [TRANSPORT_DAP] = &sfi__boot_debug_port,
        [TRANSPORT_SPI] = &sfi__boot_spi,
    };

    *b = (struct boot){
        .link = {.ctx = tp->obj.ctx, .tp = tp, .cancel = cancel},
        .ops = kinds[tp->kind],
    };
    if (b->ops != NULL)
        return SFI_OK;
    return sfi__fail(tp->obj.ctx, SFI_ERR_UNSUPPORTED,
                     "libsfi knows no bootloader for this kind of link");
}

sfi_status
sfi__boot_connect(struct boot *b, uint32_t ms)
{
    return b->ops->connect(b, ms);
}

sfi_status
sfi__boot_read(struct boot *b, uint32_t address, uint8_t *out, size_t len)
{
    return b->ops->read(b, address, out, len);
}

sfi_status
sfi__boot_reads_disagree(struct boot *b, uint32_t address)
{
    return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                     "repeated reads at 0x%08x disagree; the link is "
                     "unreliable",
                     (unsigned)address);
}

struct boot_range {
    struct boot *b;
    uint32_t address;
    uint8_t *out;
    size_t len;
    const uint8_t *expected; /* or NULL */
};

static sfi_status
boot_read_range(void *arg)
{
    const struct boot_range *r = arg;

    return sfi__boot_read(r->b, r->address, r->out, r->len);
}

static bool
boot_range_is_expected(const void *arg)
{
    const struct boot_range *r = arg;

    return r->expected != NULL && sfi__equal(r->out, r->expected, r->len);
}

sfi_status
sfi__boot_read_sure(struct boot *b, uint32_t address, uint8_t *out, size_t len)
{
    return sfi__boot_read_expecting(b, address, out, NULL, len);
}

sfi_status
sfi__boot_read_expecting(struct boot *b, uint32_t address, uint8_t *out,
                         const uint8_t *expected, size_t len)
{
    struct boot_range r = {b, address, out, len, expected};
    const struct question q = {boot_read_range, &r, out, len,
                               boot_range_is_expected};
    bool agreed;
    sfi_status st = sfi__ask_until_agreed(b->link.ctx, &q, &agreed);

    if (st != SFI_OK || agreed)
        return st;
    return sfi__boot_reads_disagree(b, address);
}

sfi_status
sfi__boot_write(struct boot *b, uint32_t address, const uint8_t *data,
                size_t len)
{
    return b->ops->write(b, address, data, len);
}

/* Two parts may have one device id, and the list has one of them. */
const struct sfi_chip *
sfi__boot_chip(const struct boot *b)
{
    if (b->expected != NULL && b->expected->device_id == b->device_id)
        return b->expected;
    return sfi__chip_by_device_id(b->device_id);
}

/* ---- Go ---- */

static uint32_t
boot_stack_limit(const struct boot *b, uint32_t sp)
{
    const struct sfi_chip *chip = sfi__boot_chip(b);

    for (uint32_t i = 0; chip != NULL && i < chip->ram_count; i++) {
        uint32_t end = sfi__chip_range_end(&chip->ram[i]);

        if (sp <= end && sp >= end - GO_STACK_ROOM)
            return end - GO_STACK_ROOM;
    }
    return 0;
}

/* AN2606, V9.x: the stack pointer must be below the end of RAM minus 16; many
 * linker scripts set it to the end.  *limit is 0 if it is, or not known. */
static sfi_status
boot_check_stack(struct boot *b, uint32_t address, uint32_t *limit)
{
    uint8_t raw[4];
    struct sfi_error before;
    struct rd r;
    sfi_status st;

    *limit = 0;
    if ((b->quirks & CHIP_QUIRK_GO_STACK) == 0)
        return SFI_OK;
    sfi__error_keep(b->link.ctx, &before);
    st = sfi__boot_read_sure(b, address, raw, sizeof(raw));
    if (sfi__link_is_fault(st)) {
        sfi__error_restore(b->link.ctx, &before);
        return SFI_OK;
    }
    sfi__rd_init(&r, raw, sizeof(raw));
    if (st == SFI_OK)
        *limit = boot_stack_limit(b, sfi__rd_u32le(&r));
    return st;
}

sfi_status
sfi__boot_go(struct boot *b, uint32_t address)
{
    uint32_t limit;
    sfi_status st;

    if ((b->quirks & CHIP_QUIRK_GO_FAILS) != 0)
        return sfi__fail(b->link.ctx, SFI_ERR_UNSUPPORTED,
                         "bootloader %s cannot start a program (AN2606): "
                         "reset the chip with BOOT0 low",
                         b->loader->version);
    st = boot_check_stack(b, address, &limit);
    if (st != SFI_OK)
        return st;
    if (limit != 0)
        sfi__log(b->link.ctx, SFI_LOG_WARNING,
                 "the program's stack pointer is not below 0x%08x, as "
                 "bootloader %s wants it (AN2606): if it does not start, reset "
                 "the chip with BOOT0 low",
                 limit, b->loader->version);
    st = b->ops->go(b, address);
    if (st != SFI_ERR_NACK || limit == 0)
        return st;
    return sfi__fail(b->link.ctx, SFI_ERR_CHIP_RULE,
                     "the bootloader does not start the program: its stack "
                     "pointer must be below 0x%08x (AN2606); reset the chip "
                     "with BOOT0 low instead",
                     limit);
}

uint32_t
sfi__boot_erase_ms(const struct boot *b, size_t sectors)
{
    const struct sfi_chip *chip = sfi__boot_chip(b);
    uint32_t all;

    if (chip == NULL)
        return BOOT_ERASE_MS;
    all = chip->flash.size / chip->sector_size;
    return (sectors < all ? (uint32_t)sectors : all) * chip->erase_ms +
           BOOT_ERASE_MARGIN_MS;
}

sfi_status
sfi__boot_erase_mass(struct boot *b)
{
    return b->ops->erase_mass(b);
}

sfi_status
sfi__boot_erase_sectors(struct boot *b, const uint16_t *sectors, size_t count)
{
    return b->ops->erase_sectors(b, sectors, count);
}

sfi_status
sfi__boot_readout_unprotect(struct boot *b)
{
    return b->ops->readout_unprotect(b);
}

bool
sfi__boot_accept_reply_len(const struct special *s, size_t len)
{
    if (s->reply_got == NULL)
        return len == s->reply_len;
    if (len > s->reply_len)
        return false;
    *s->reply_got = len;
    return true;
}

sfi_status
sfi__boot_special(struct boot *b, struct special *s)
{
    return b->ops->special(b, s);
}
