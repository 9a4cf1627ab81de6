/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's USB descriptors and standard requests (USB 2.0, chapter 9). */
#include <string.h>

#include "util/wr.h"
#include "sim/sim.h"

#define VENDOR_ST 0x0483u
#define PRODUCT_DFU 0xdf11u
#define USB_2_0 0x0200u
#define BOOTLOADER_2_0 0x0200u /* bcdDevice of an H743's ROM */
#define PIPE_0_MAX 64u

/* USB 2.0, 9.4: bRequest */
#define GET_STATUS 0x00u
#define GET_CONFIGURATION 0x08u
#define SET_CONFIGURATION 0x09u
#define GET_INTERFACE 0x0au

/* bmRequestType: direction and recipient */
#define FROM_DEVICE 0x80u
#define FROM_INTERFACE 0x81u
#define FROM_ENDPOINT 0x82u
#define TO_DEVICE 0x00u

#define DETACH_MS 255u

enum { STRING_NONE, STRING_MAKER, STRING_PRODUCT, STRING_SERIAL, STRING_ALT };

/* The name of the security extension, at the address of the debug port's
 * mailbox. */
#define SFI_NAME "@SFI  /0x24030000/01*1024 g"

static uint8_t
dfu_device_alt_count(const struct sfi_sim *sim)
{
    return sim->mode == SIM_SECURE ? 1 : 2;
}

uint16_t
sfi__dfu_device_transfer_size(const struct sfi_sim *sim)
{
    return sim->mode == SIM_SECURE ? DFU_SFI_MAX : 1024;
}

static const char *
dfu_device_string_text(const struct sfi_sim *sim, uint8_t index)
{
    switch (index) {
    case STRING_MAKER:
        return "STMicroelectronics";
    case STRING_PRODUCT:
        return "DFU in FS Mode";
    case STRING_SERIAL:
        return sim->chip->dfu_serial;
    case STRING_ALT:
        return sim->mode == SIM_SECURE ? SFI_NAME : sim->chip->dfu_flash;
    case STRING_ALT + 1:
        return sim->mode == SIM_SECURE ? NULL : sim->chip->dfu_options;
    default:
        return NULL;
    }
}

static size_t
descriptor_write_device(uint8_t out[USB_DEVICE_LEN])
{
    struct wr w;

    sfi__wr_init(&w, out, USB_DEVICE_LEN);
    sfi__wr_u8(&w, USB_DEVICE_LEN);
    sfi__wr_u8(&w, USB_DEVICE);
    sfi__wr_u16le(&w, USB_2_0);
    sfi__wr_fill(&w, 0, 3); /* class: the interface's */
    sfi__wr_u8(&w, PIPE_0_MAX);
    sfi__wr_u16le(&w, VENDOR_ST);
    sfi__wr_u16le(&w, PRODUCT_DFU);
    sfi__wr_u16le(&w, BOOTLOADER_2_0);
    sfi__wr_u8(&w, STRING_MAKER);
    sfi__wr_u8(&w, STRING_PRODUCT);
    sfi__wr_u8(&w, STRING_SERIAL);
    sfi__wr_u8(&w, 1); /* configurations */
    return sfi__wr_len(&w);
}

static size_t
descriptor_write_config(const struct sfi_sim *sim, uint8_t out[DFU_CONFIG_MAX])
{
    const struct dfu_interface i = {
        .alts = dfu_device_alt_count(sim),
        .name = {STRING_ALT, STRING_ALT + 1},
        .attributes = DFU_CAN_DNLOAD | DFU_CAN_UPLOAD | DFU_WILL_DETACH,
        .detach_ms = DETACH_MS,
        .transfer_size = sfi__dfu_device_transfer_size(sim),
        .version = DFU_VERSION_DFUSE,
    };

    return sfi__dfu_write_config(out, &i);
}

static size_t
descriptor_write_string(const struct sfi_sim *sim, uint8_t index,
                        uint8_t out[USB_STRING_MAX])
{
    const char *text = dfu_device_string_text(sim, index);
    struct wr w;

    if (index != STRING_NONE)
        return text != NULL ? sfi__dfu_write_string(out, text) : 0;
    sfi__wr_init(&w, out, USB_STRING_MAX);
    sfi__wr_u8(&w, 4);
    sfi__wr_u8(&w, USB_STRING);
    sfi__wr_u16le(&w, USB_ENGLISH);
    return sfi__wr_len(&w);
}

/* A host may ask for less than there is. */
static enum usb_answer
descriptor_give_bytes(const struct usb_setup *setup, const uint8_t *from,
                      size_t len, uint8_t *data, size_t *got)
{
    if (len == 0)
        return USB_STALLED;
    *got = len < setup->length ? len : setup->length;
    memcpy(data, from, *got);
    return USB_DONE;
}

static enum usb_answer
descriptor_answer_get(const struct sfi_sim *sim, const struct usb_setup *setup,
                      uint8_t *data, size_t *got)
{
    uint8_t raw[USB_STRING_MAX];
    uint8_t index = (uint8_t)setup->value;
    size_t len = 0;

    switch (setup->value >> 8) {
    case USB_DEVICE:
        len = index == 0 ? descriptor_write_device(raw) : 0;
        break;
    case USB_CONFIGURATION:
        len = index == 0 ? descriptor_write_config(sim, raw) : 0;
        break;
    case USB_STRING:
        len = descriptor_write_string(sim, index, raw);
        break;
    default:
        break;
    }
    return descriptor_give_bytes(setup, raw, len, data, got);
}

static enum usb_answer
descriptor_answer_in(struct sfi_sim *sim, const struct usb_setup *setup,
                     uint8_t *data, size_t *got)
{
    static const uint8_t nothing[2];

    switch (setup->request) {
    case GET_STATUS:
        return descriptor_give_bytes(setup, nothing, sizeof(nothing), data,
                                     got);
    case USB_GET_DESCRIPTOR:
        return descriptor_answer_get(sim, setup, data, got);
    case GET_CONFIGURATION:
        return descriptor_give_bytes(setup, &sim->usb.configuration, 1, data,
                                     got);
    case GET_INTERFACE:
        return descriptor_give_bytes(setup, &sim->usb.alt, 1, data, got);
    default:
        return USB_STALLED;
    }
}

enum usb_answer
sfi__dfu_device_standard(struct sfi_sim *sim, const struct usb_setup *setup,
                         uint8_t *data, size_t *got)
{
    struct dfu_device *u = &sim->usb;

    switch (setup->type) {
    case FROM_DEVICE:
    case FROM_INTERFACE:
    case FROM_ENDPOINT:
        return descriptor_answer_in(sim, setup, data, got);
    case TO_DEVICE:
        if (setup->request != SET_CONFIGURATION || setup->value > 1)
            return USB_STALLED;
        u->configuration = (uint8_t)setup->value;
        u->alt = 0;
        return USB_DONE;
    case USB_TO_INTERFACE:
        if (setup->request != USB_SET_INTERFACE || setup->index != 0 ||
            setup->value >= dfu_device_alt_count(sim))
            return USB_STALLED;
        u->alt = (uint8_t)setup->value;
        return USB_DONE;
    default:
        return USB_STALLED;
    }
}
