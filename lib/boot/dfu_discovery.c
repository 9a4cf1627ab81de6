/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a device in DFU mode tells by its descriptors: part, memories, commands.
 */
#include "util/hex.h"
#include "util/rd.h"
#include "chip/chip.h"
#include "core/err.h"
#include "boot/dfu.h"

#define CONFIG_MAX 512u
/* AN3156, 5.1: a block of less cannot hold a command. */
#define TRANSFER_MIN 8u
/* Low half of DBGMCU_IDCODE: device id, and 6 in the reserved bits. */
#define IDCODE_MARK 0x6000u
#define DEVICE_ID_MASK 0x0fffu

static sfi_status
dfu_get_descriptor(struct boot *b, uint8_t type, uint8_t index, uint8_t *out,
                   size_t cap, size_t *got)
{
    sfi_status st = sfi__link_cancelled(&b->link);

    if (st != SFI_OK)
        return st;
    st = sfi__transport_control(
        b->link.tp, USB_IN, USB_GET_DESCRIPTOR, (uint16_t)(type << 8 | index),
        type == USB_STRING ? USB_ENGLISH : 0, out, cap, got, DFU_CONTROL_MS);
    sfi__link_tell(&b->link, st, "descriptor %u of type %u", index, type);
    return st;
}

static sfi_status
dfu_get_string(struct boot *b, uint8_t index, char out[USB_TEXT_MAX])
{
    uint8_t raw[USB_STRING_MAX];
    size_t got;
    sfi_status st =
        dfu_get_descriptor(b, USB_STRING, index, raw, sizeof(raw), &got);

    if (st == SFI_OK && !sfi__dfu_read_string(out, raw, got))
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "string %u of the device is malformed", index);
    return st;
}

static sfi_status
dfu_get_interface(struct boot *b)
{
    uint8_t raw[CONFIG_MAX];
    size_t got;
    sfi_status st =
        dfu_get_descriptor(b, USB_CONFIGURATION, 0, raw, sizeof(raw), &got);

    if (st != SFI_OK)
        return st;
    if (!sfi__dfu_read_config(&b->dfu.itf, raw, got))
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the device is not in DFU mode, or its descriptors "
                         "are malformed");
    if (b->dfu.itf.version != DFU_VERSION_DFUSE ||
        b->dfu.itf.transfer_size < TRANSFER_MIN)
        return sfi__fail(b->link.ctx, SFI_ERR_UNSUPPORTED,
                         "the device speaks DFU %x with transfers of %u "
                         "bytes, expected 11a (DfuSe) and at least %u",
                         b->dfu.itf.version, b->dfu.itf.transfer_size,
                         TRANSFER_MIN);
    if (b->dfu.itf.transfer_size > DFU_TRANSFER_MAX)
        b->dfu.itf.transfer_size = DFU_TRANSFER_MAX;
    return SFI_OK;
}

static sfi_status
dfu_get_layouts(struct boot *b)
{
    char text[USB_TEXT_MAX];

    for (uint8_t alt = 0; alt < b->dfu.itf.alts; alt++) {
        sfi_status st = dfu_get_string(b, b->dfu.itf.name[alt], text);

        if (st != SFI_OK)
            return st;
        if (!sfi__dfu_read_layout(&b->dfu.layout[alt], text))
            return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                             "alternate setting %u is named \"%s\", expected "
                             "the map of a memory",
                             alt, text);
    }
    return SFI_OK;
}

static bool
dfu_has_flash_of(const struct dfu_layout *l, const struct sfi_chip *chip)
{
    const struct dfu_region *r = &l->region[0];

    return l->regions == 1 && r->base == chip->flash.base &&
           r->size == chip->sector_size &&
           r->count == chip->flash.size / chip->sector_size;
}

/* The part whose flash has the layout that the device tells. */
static const struct sfi_chip *
dfu_chip_by_flash(const struct boot *b)
{
    const struct dfu_layout *l = &b->dfu.layout[0];
    const struct sfi_chip *chip = b->expected;

    if (chip != NULL && dfu_has_flash_of(l, chip))
        return chip;
    for (uint32_t i = 0; (chip = sfi__chip_at(i)) != NULL; i++) {
        if (dfu_has_flash_of(l, chip))
            return chip;
    }
    return NULL;
}

/* The serial number is DBGMCU_IDCODE in hexadecimal on some parts, and a
 * unique number on others. */
static bool
dfu_id_by_serial(struct boot *b, const char *serial)
{
    uint8_t raw[4];
    uint16_t low;
    struct rd r;

    if (!sfi__hex_decode(raw, sizeof(raw), serial))
        return false;
    sfi__rd_init(&r, raw, sizeof(raw));
    sfi__rd_skip(&r, 2);
    low = sfi__rd_u16be(&r);
    if ((low & ~DEVICE_ID_MASK) != IDCODE_MARK)
        return false;
    b->device_id = low & DEVICE_ID_MASK;
    return true;
}

static sfi_status
dfu_get_identity(struct boot *b)
{
    uint8_t raw[USB_DEVICE_LEN];
    char serial[USB_TEXT_MAX] = "";
    const struct sfi_chip *chip;
    uint8_t index;
    struct rd r;
    size_t got;
    sfi_status st =
        dfu_get_descriptor(b, USB_DEVICE, 0, raw, sizeof(raw), &got);

    if (st != SFI_OK)
        return st;
    sfi__rd_init(&r, raw, got);
    sfi__rd_skip(&r, 12);
    b->version = (uint8_t)(sfi__rd_u16le(&r) >> 4); /* BCD, 02.00 is V2.0 */
    sfi__rd_skip(&r, 2);
    index = sfi__rd_u8(&r);
    if (!sfi__rd_ok(&r))
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the device's descriptor is cut short");
    if (index != 0)
        st = dfu_get_string(b, index, serial);
    if (st != SFI_OK || dfu_id_by_serial(b, serial))
        return st;
    chip = dfu_chip_by_flash(b);
    if (chip == NULL)
        return sfi__fail(b->link.ctx, SFI_ERR_UNSUPPORTED,
                         "the device is an unknown chip: serial number \"%s\", "
                         "flash at 0x%08x",
                         serial, (unsigned)b->dfu.layout[0].region[0].base);
    b->device_id = (uint16_t)chip->device_id;
    return SFI_OK;
}

static sfi_status
dfu_get_commands(struct boot *b)
{
    uint8_t raw[DFU_COMMANDS_MAX];
    size_t got = 0;
    size_t len = sizeof(raw);
    sfi_status st;

    if (len > b->dfu.itf.transfer_size)
        len = b->dfu.itf.transfer_size;
    st = sfi__boot_dfu_take_block(b, DFU_BLOCK_COMMAND, raw, len, &got);
    b->has_memory = false;
    b->has_special = false;
    for (size_t i = 0; st == SFI_OK && i < got; i++) {
        if (raw[i] == DFU_SET_ADDRESS)
            b->has_memory = true;
        if (raw[i] == DFU_SFI)
            b->has_special = true;
    }
    return st;
}

sfi_status
sfi__boot_dfu_discover(struct boot *b)
{
    sfi_status st = dfu_get_interface(b);

    b->dfu.state = DFU_STATE_UNKNOWN;
    b->dfu.next = 0;
    b->dfu.pointed = false;
    b->dfu.alt = 0;
    if (st != SFI_OK)
        return st;
    st = dfu_get_layouts(b);
    if (st != SFI_OK)
        return st;
    st = dfu_get_identity(b);
    return st == SFI_OK ? dfu_get_commands(b) : st;
}
