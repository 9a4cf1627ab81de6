/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The machine that a wrapped command sees. */
#ifndef WRAP_BED_H
#define WRAP_BED_H

#include <umockdev.h>

#include "wrap/wrap.h"

struct bed;

/* A chip of it, and what it is wired to. */
struct part {
    struct bed *bed;
    unsigned index;
    sfi_sim *sim;
    gint64 waited_us; /* the chip's clock has come so far */
    gint64 used_us;   /* the last request of the command */
    struct usb_port *usb;
    struct probe_port *probe;
    UMockdevIoctlBase *spi;
};

struct bed {
    /* umockdev brings requests on a thread of its own: who looks at a part, or
     * at what it is wired to, holds it. */
    GMutex lock;
    UMockdevTestbed *testbed;
    GMainLoop *loop;
    int status; /* of the command */
    struct part parts[WRAP_CHIPS_MAX];
    unsigned count;
    unsigned last_number; /* of a USB device that is a chip */
};

/* A request has come: time passes for the chip, and it is in use.  It has the
 * lock until it is done. */
void part_enter(struct part *p);
void part_leave(struct part *p);

/* sim_wrap_usb.c: a USB port with the chip in it, or nothing as long as no
 * bootloader runs.  False: a message is in *error. */
bool part_usb_start(struct part *p, GError **error);
/* Look whether the chip has gone, or come. */
bool part_usb_look(struct part *p, GError **error);
void part_usb_end(struct part *p);

/* sim_wrap_probe.c: a debug probe in another USB port. */
bool part_probe_start(struct part *p, GError **error);
/* Its cable is pulled, for good. */
void part_probe_pull(struct part *p);
void part_probe_end(struct part *p);

/* sim_wrap_spi.c: /dev/spidev0.0 and so on, the chip being the slave.
 * Likewise. */
bool part_spi_start(struct part *p, GError **error);
void part_spi_end(struct part *p);

#endif
