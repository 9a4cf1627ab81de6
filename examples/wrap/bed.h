/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The test bed: the machine that a wrapped command sees, and its parts. */
#ifndef WRAP_BED_H
#define WRAP_BED_H

#include <umockdev.h>

#include "wrap/wrap.h"

struct bed;

/* A chip of the bed, and the devices that it is connected to. */
struct part {
    struct bed *bed;
    unsigned index;
    sfi_sim *sim;
    gint64 waited_us; /* the chip's clock */
    gint64 used_us;   /* time of the command's last request */
    struct usb_port *usb;
    struct probe_port *probe;
    UMockdevIoctlBase *spi;
};

struct bed {
    /* umockdev delivers requests on its own thread: hold the lock to use a part
     * or its devices. */
    GMutex lock;
    UMockdevTestbed *testbed;
    GMainLoop *loop;
    int status; /* exit status of the command */
    struct part parts[WRAP_CHIPS_MAX];
    unsigned count;
    unsigned last_number; /* device number of the last chip on USB */
};

/* Begin a request: take the lock, and let the chip's clock catch up. */
void part_enter(struct part *p);
/* End a request: release the lock. */
void part_leave(struct part *p);

/* usb.c: a USB port that holds the chip while a bootloader runs.  False: the
 * reason is in *error. */
bool part_usb_start(struct part *p, GError **error);
/* Plug the chip in or out, as its bootloader started or ended. */
bool part_usb_look(struct part *p, GError **error);
void part_usb_end(struct part *p);

/* probe.c: a debug probe in another USB port. */
bool part_probe_start(struct part *p, GError **error);
/* Unplug it for good. */
void part_probe_pull(struct part *p);
void part_probe_end(struct part *p);

/* spi.c: /dev/spidev0.0 and so on, with the chip as slave. */
bool part_spi_start(struct part *p, GError **error);
void part_spi_end(struct part *p);

/* usbfs.c: answer USBDEVFS_GET_CAPABILITIES with none. */
void usbfs_write_capabilities(UMockdevIoctlData *arg);
/* Answer USBDEVFS_REAPURB with this URB, and release it.  False: it is NULL. */
bool usbfs_reap(UMockdevIoctlData *arg, UMockdevIoctlData *urb);

#endif
