/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A session's functions, which the kind of link carries out. */
#include "boot/session.h"

#include "core/err.h"

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
};

static sfi_status
boot_read_range(void *arg)
{
    const struct boot_range *r = arg;

    return sfi__boot_read(r->b, r->address, r->out, r->len);
}

sfi_status
sfi__boot_read_sure(struct boot *b, uint32_t address, uint8_t *out, size_t len)
{
    struct boot_range r = {b, address, out, len};
    const struct question q = {boot_read_range, &r, out, len};
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

sfi_status
sfi__boot_go(struct boot *b, uint32_t address)
{
    return b->ops->go(b, address);
}

uint32_t
sfi__boot_erase_ms(const struct boot *b, size_t sectors)
{
    const struct sfi_chip *chip = sfi__chip_by_device_id(b->device_id);
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
