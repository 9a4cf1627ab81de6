/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* One device of the USB through libusb-1.0: found, and held. */
#ifndef SFI_TRANSPORT_USB_BUS_H
#define SFI_TRANSPORT_USB_BUS_H

#include <libusb.h>

#include "transport/usb/usb.h"

/* The interface that does what is looked for. */
struct usb_function {
    uint8_t config; /* bConfigurationValue */
    int number;
    /* Of a probe: */
    bool is_hid;
    uint8_t out; /* endpoints; 0: reports go over the default pipe */
    uint8_t in;
    uint16_t out_packet; /* bytes */
    uint16_t in_packet;
};

struct usb_device {
    sfi_ctx *ctx; /* borrowed */
    enum usb_role role;
    struct usb_pick pick;
    libusb_context *lib;
    libusb_device_handle *handle; /* NULL: not open */
    struct usb_function function;
    bool claimed;
    char path[USB_PATH_MAX]; /* where it was found */
};

/* libusb's `err`, in our words. */
sfi_status sfi__usb_error(sfi_ctx *ctx, int err, const char *doing);

/* Take the one that `pick` means, from a fresh look at the bus. */
sfi_status sfi__usb_device_open(struct usb_device *d);
void sfi__usb_device_close(struct usb_device *d);

#endif
