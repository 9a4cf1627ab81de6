/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include "boot/session.h"

#include <string.h>

#include "util/mem.h"
#include "core/err.h"

sfi_status
sfi__boot_init(struct boot *b, sfi_transport *tp, const atomic_bool *cancel)
{
    static const struct boot_ops *const kinds[TRANSPORT_KINDS] = {
        [TRANSPORT_STREAM] = &sfi__boot_usart,
        [TRANSPORT_USB] = &sfi__boot_dfu,
        [TRANSPORT_DAP] = &sfi__boot_mem,
        [TRANSPORT_SPI] = &sfi__boot_spi,
    };

    *b = (struct boot){
        .link = {.ctx = tp->obj.ctx, .tp = tp, .cancel = cancel},
        .ops = kinds[tp->kind],
    };
    if (b->ops != NULL)
        return SFI_OK;
    return sfi__fail(tp->obj.ctx, SFI_ERR_UNSUPPORTED,
                     "libsfi talks to no bootloader over this kind of link");
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
sfi__boot_read_sure(struct boot *b, uint32_t address, uint8_t *out, size_t len)
{
    uint8_t before[BOOT_SURE_MAX];

    if (len > sizeof(before))
        return sfi__fail(b->link.ctx, SFI_ERR_INTERNAL,
                         "%zu bytes are to be read twice, expected at most %u",
                         len, BOOT_SURE_MAX);
    for (unsigned i = 0; i < BOOT_ASKED_MAX; i++) {
        sfi_status st = sfi__boot_read(b, address, out, len);

        if (st != SFI_OK || (i > 0 && sfi__equal(before, out, len)))
            return st;
        memcpy(before, out, len);
    }
    return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                     "what is read at 0x%08x is something else each time; the "
                     "line is bad",
                     (unsigned)address);
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
sfi__boot_takes_reply(const struct special *s, size_t len)
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
