/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A fake libusb: the functions that the library calls, over devices that a
 * test plugs in.  Open handles, claims and lists are counted, and any call
 * can fail. */
#ifndef SFI_TESTS_FAKE_USB_H
#define SFI_TESTS_FAKE_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fake_kind {
    FAKE_DFU,
    FAKE_BULK,       /* CMSIS-DAP version 2 */
    FAKE_HID,        /* version 1 */
    FAKE_HID_NO_OUT, /* version 1 without an OUT endpoint */
    FAKE_BOTH,       /* a HID interface first, then bulk */
    FAKE_SWAPPED,    /* bulk IN before bulk OUT */
    FAKE_UNCONFIGURED
};

struct fake_device {
    uint16_t vendor;
    uint16_t product;
    uint8_t bus;
    uint8_t ports[4]; /* up to a 0 */
    enum fake_kind kind;
    uint16_t packet;     /* wMaxPacketSize; 0: 64 */
    const char *text[5]; /* by index: manufacturer 1, product, serial, and the
                          * interface's */
    bool denied;
    bool busy;
};

#define FAKE_DEVICES 6

struct fake_usb {
    struct fake_device device[FAKE_DEVICES];
    size_t count;
    size_t calls;   /* number of calls that can fail, so far */
    size_t fail_at; /* 1: the first; 0: none */
    int error;
    /* The reply of a probe; returns its length, 0: no reply. */
    size_t (*packet)(const uint8_t *out, size_t len, uint8_t *in);
    /* A control transfer to a DFU device; libusb's result. */
    int (*control)(uint8_t type, uint8_t request, uint16_t value,
                   uint16_t index, uint8_t *data, uint16_t len,
                   unsigned timeout);
    uint8_t waiting[2][1024]; /* replies that were not read yet */
    size_t waiting_len[2];
    size_t waits;
    size_t late;  /* replies that ended with a time-out, for lack of a short
                     packet */
    size_t halts; /* cleared */
    size_t packets;
    uint64_t now; /* advanced by time-outs */
    /* Numbers of what is open now. */
    int contexts, lists, configs, handles, claims;
    int detached; /* kernel drivers that were detached */
};

extern struct fake_usb fake_usb;

/* An empty bus; and plug in a device. */
void fake_usb_reset(void);
struct fake_device *fake_usb_plug(enum fake_kind kind, uint8_t port);
/* Fails the test when anything is still open. */
void fake_usb_assert_closed(void);

#endif
