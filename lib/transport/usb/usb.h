/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Devices of the USB.  usb:PLACE is one in DFU mode, cmsis-dap:PLACE a debug
 * probe; PLACE is nothing, VENDOR:PRODUCT, path=BUS-PORT[.PORT...],
 * serial=TEXT, or N for the n-th. */
#ifndef SFI_TRANSPORT_USB_USB_H
#define SFI_TRANSPORT_USB_USB_H

#include <stdbool.h>

#include <sfi/transport.h>

#include "transport/base/uri.h"

/* What a device is for, and so which interface is looked for. */
enum usb_role { USB_ROLE_DFU, USB_ROLE_PROBE, USB_ROLES };

/* AN2606: ST's bootloaders. */
#define USB_VENDOR 0x0483u
#define USB_PRODUCT 0xdf11u

/* USB 2.0, 4.1.1: at most seven tiers, so five hubs in between. */
#define USB_PATH_MAX 32
/* USB 2.0, 9.6.7: 126 characters. */
#define USB_WORD_MAX 128

/* Which device is meant; "" and 0: any. */
struct usb_pick {
    uint16_t vendor;
    uint16_t product;
    char path[USB_PATH_MAX];
    char serial[USB_WORD_MAX];
    uint32_t nth; /* from 1 on */
};

/* What stands behind "usb:" or "cmsis-dap:".  Without ids DFU devices are
 * ST's, probes anybody's. */
sfi_status sfi__usb_pick(sfi_ctx *ctx, enum usb_role role, const char *text,
                         struct usb_pick *out);

/* One that is plugged in. */
struct usb_seen {
    uint16_t vendor;
    uint16_t product;
    char path[USB_PATH_MAX];
    /* As the device has them, in ASCII but for control characters; "" where it
     * has none, or may not be asked. */
    char manufacturer[USB_WORD_MAX];
    char name[USB_WORD_MAX];
    char serial[USB_WORD_MAX];
    bool is_asked;  /* if not, a "probe" is what looks like one */
    bool is_denied; /* it may not be opened */
    bool is_busy;   /* another program has it */
};

/* Show each device of a role, in the order of the n-th; ends with what `fn`
 * returns where that is not SFI_OK.  `root` stands in front of /sys. */
sfi_status sfi__usb_each(sfi_ctx *ctx, enum usb_role role, const char *root,
                         sfi_status (*fn)(void *user,
                                          const struct usb_seen *seen),
                         void *user);

/* usb: and cmsis-dap: */
sfi_status sfi__usb_open(sfi_ctx *ctx, const struct uri *uri,
                         sfi_transport **out);
sfi_status sfi__probe_usb_open(sfi_ctx *ctx, const struct uri *uri,
                               sfi_transport **out);

#endif
