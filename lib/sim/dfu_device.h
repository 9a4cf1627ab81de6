/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip as a USB device in DFU mode (AN3156): control transfers in, answers
 * out.  The standard bootloader gives access to memory, the secure one carries
 * the security extension (doc/protocol.md, "USB-DFU"). */
#ifndef SFI_SIM_DFU_DEVICE_H
#define SFI_SIM_DFU_DEVICE_H

#include <sfi/device.h>
#include <sfi/sim.h>

#include "proto/dfu.h"

struct dfu_device {
    bool attached; /* enumerated, and not reset since */
    uint8_t configuration;
    uint8_t alt;
    uint8_t state;  /* enum dfu_state */
    uint8_t status; /* enum dfu_status */
    uint32_t pointer;
    uint16_t block; /* waits for GETSTATUS, which carries it out */
    size_t len;
    uint8_t data[DFU_TRANSFER_MAX];
    uint8_t reply[SFI_DEVICE_REPLY_MAX]; /* of the secure bootloader: a cause
                                            first */
    size_t reply_len;
    bool stuck; /* in dfuDNBUSY, until CLRSTATUS */
    bool owes;  /* its host has not asked for the last result */
    uint64_t owes_since;
};

/* USB 2.0, 9.3: the setup packet. */
struct usb_setup {
    uint8_t type;
    uint8_t request;
    uint16_t value;
    uint16_t index;
    uint16_t length;
};

enum usb_answer {
    USB_DONE,
    USB_STALLED,
    USB_SILENT, /* it NAKs the transfer: USB 2.0, 8.4.5 */
    USB_GONE,   /* no device, or it went away over this transfer */
};

/* A host enumerates the device; false: no bootloader with USB is running. */
bool sfi__dfu_device_attach(struct sfi_sim *sim);
/* The bootloader ends, by a reset or a jump: detach. */
void sfi__dfu_device_stop(struct sfi_sim *sim);
/* `data` holds setup->length bytes, or has room for them; *got were moved. */
enum usb_answer sfi__dfu_device_control(struct sfi_sim *sim,
                                        const struct usb_setup *setup,
                                        uint8_t *data, size_t *got);
/* Has the host not yet asked for a result?  What waits for that continues once
 * it has, or when it stays silent. */
bool sfi__dfu_device_owes(const struct sfi_sim *sim);

/* dfu_descriptors.c: standard requests. */
enum usb_answer sfi__dfu_device_standard(struct sfi_sim *sim,
                                         const struct usb_setup *setup,
                                         uint8_t *data, size_t *got);
uint16_t sfi__dfu_device_transfer_size(const struct sfi_sim *sim);

#endif
