#include "installer/boot.h"

#include "core/err.h"

sfi_status
boot_init(struct boot *b, sfi_transport *tp, const atomic_bool *cancel)
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
boot_connect(struct boot *b, uint32_t ms)
{
    return b->ops->connect(b, ms);
}

sfi_status
boot_read(struct boot *b, uint32_t address, uint8_t *out, size_t len)
{
    return b->ops->read(b, address, out, len);
}

sfi_status
boot_write(struct boot *b, uint32_t address, const uint8_t *data, size_t len)
{
    return b->ops->write(b, address, data, len);
}

sfi_status
boot_go(struct boot *b, uint32_t address)
{
    return b->ops->go(b, address);
}

sfi_status
boot_erase_mass(struct boot *b)
{
    return b->ops->erase_mass(b);
}

sfi_status
boot_erase_sectors(struct boot *b, const uint16_t *sectors, size_t count)
{
    return b->ops->erase_sectors(b, sectors, count);
}

sfi_status
boot_readout_unprotect(struct boot *b)
{
    return b->ops->readout_unprotect(b);
}

sfi_status
boot_special(struct boot *b, struct special *s)
{
    return b->ops->special(b, s);
}
