/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* USB devices: usb:PLACE is one in DFU mode, cmsis-dap:PLACE a debug probe.
 * PLACE is empty, VENDOR:PRODUCT, path=BUS-PORT[.PORT...], serial=TEXT, or N
 * for the n-th. */
#ifndef SFI_TRANSPORT_USB_USB_H
#define SFI_TRANSPORT_USB_USB_H

#include <stdbool.h>

#include <sfi/transport.h>

#include "transport/base/uri.h"

/* What a device is used for: selects the interface. */
enum usb_role { USB_ROLE_DFU, USB_ROLE_PROBE, USB_ROLES };

/* The scheme of a role's links, "usb" or "cmsis-dap". */
const char *sfi__usb_scheme(enum usb_role role);

/* CMSIS-DAP 2.1, "USB interface": part of the interface's or product's text. */
#define USB_DAP_WORD "CMSIS-DAP"

/* AN2606: ST's bootloaders. */
#define USB_VENDOR 0x0483u
#define USB_PRODUCT 0xdf11u

/* USB 2.0, 4.1.1: at most seven tiers, so five hubs in between. */
#define USB_PATH_MAX 32
/* USB 2.0, 9.6.7: 126 characters. */
#define USB_WORD_MAX 128

/* Selects a device; "" and 0: any. */
struct usb_pick {
    uint16_t vendor;
    uint16_t product;
    char path[USB_PATH_MAX];
    char serial[USB_WORD_MAX];
    uint32_t nth; /* from 1 on */
};

/* Parse the path of "usb:" or "cmsis-dap:".  Without VENDOR:PRODUCT a DFU
 * device is ST's, a probe of any vendor. */
sfi_status sfi__usb_pick(sfi_ctx *ctx, enum usb_role role, const char *text,
                         struct usb_pick *out);

/* A device that is connected. */
struct usb_seen {
    uint16_t vendor;
    uint16_t product;
    char path[USB_PATH_MAX];
    /* In printable ASCII; "" where the device has no such text, or cannot be
     * opened. */
    char manufacturer[USB_WORD_MAX];
    char name[USB_WORD_MAX];
    char serial[USB_WORD_MAX];
    bool is_asked;  /* its texts were read; else it may not be a probe */
    bool is_denied; /* no permission to open it */
    bool is_busy;   /* in use by another program */
};

/* Call `fn` for each device of a role, in the order of the n-th, until it
 * returns something else than SFI_OK.  `root` is a prefix of /sys. */
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
