/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* One USB device through libusb-1.0: finding, opening and closing it. */
#ifndef SFI_TRANSPORT_USB_BUS_H
#define SFI_TRANSPORT_USB_BUS_H

#include <libusb.h>

#include "transport/usb/usb.h"

/* USB 2.0, 4.1.1: at most seven tiers. */
#define USB_PORTS_MAX 7

/* The interface that serves a role. */
struct usb_function {
    uint8_t config; /* bConfigurationValue */
    int number;
    /* of a probe: */
    bool is_hid;
    uint8_t out; /* endpoint; 0: reports are sent over the default pipe */
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
    char path[USB_PATH_MAX]; /* the port where it was found */
};

/* ---- interface.c ---- */

/* The port where a device is, "1-4.2". */
void sfi__usb_path(libusb_device *dev, char out[USB_PATH_MAX]);
/* A text of the device; "" where it has none. */
void sfi__usb_read_text(libusb_device_handle *handle, uint8_t index,
                        char out[USB_WORD_MAX]);
/* The interface for `role`; false: there is none.  `product` is the index of
 * the product's text; with `handle` NULL no text is read, and whatever has the
 * endpoints of a probe is taken for one. */
bool sfi__usb_find_function(enum usb_role role, libusb_device *dev,
                            uint8_t product, libusb_device_handle *handle,
                            struct usb_function *out);

/* ---- bus.c ---- */

/* Record libusb's error code `err`. */
sfi_status sfi__usb_error(sfi_ctx *ctx, int err, const char *doing);

/* List the bus anew, and open the device that `pick` selects. */
sfi_status sfi__usb_device_open(struct usb_device *d);
void sfi__usb_device_close(struct usb_device *d);

#endif
