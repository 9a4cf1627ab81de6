/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A USB that is made of nothing: the functions of libusb that the library
 * calls, over devices that a test plugs in.  What is opened, claimed and listed
 * is counted, and any call can fail. */
#ifndef SFI_TESTS_FAKE_USB_H
#define SFI_TESTS_FAKE_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fake_kind {
    FAKE_DFU,
    FAKE_BULK,       /* CMSIS-DAP version 2 */
    FAKE_HID,        /* version 1 */
    FAKE_HID_NO_OUT, /* ... which has no OUT endpoint */
    FAKE_BOTH,       /* a HID first, then bulk */
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
    size_t calls;   /* of those that can fail, so far */
    size_t fail_at; /* 1: the first; 0: none */
    int error;
    /* What a probe answers; 0: nothing. */
    size_t (*packet)(const uint8_t *out, size_t len, uint8_t *in);
    uint8_t waiting[2][1024]; /* answers that nobody has fetched */
    size_t waiting_len[2];
    size_t waits;
    size_t late;  /* answers that ended with a time-out, for want of a short
                   * packet */
    size_t halts; /* cleared */
    size_t packets;
    uint64_t now; /* time-outs take time */
    /* Open, and not closed again. */
    int contexts, lists, configs, handles, claims;
    int detached; /* kernel drivers asked away */
};

extern struct fake_usb fake_usb;

/* An empty USB; a device is plugged in. */
void fake_usb_reset(void);
struct fake_device *fake_usb_plug(enum fake_kind kind, uint8_t port);
/* Nothing is left behind. */
void fake_usb_assert_closed(void);

#endif
