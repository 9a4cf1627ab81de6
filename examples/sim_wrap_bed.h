/* The machine that a wrapped command sees. */
#ifndef EXAMPLES_SIM_WRAP_BED_H
#define EXAMPLES_SIM_WRAP_BED_H

#include <umockdev.h>

#include "sim_wrap.h"

struct bed {
    sfi_ctx *ctx;
    sfi_sim *sim;
    UMockdevTestbed *testbed;
    GMainLoop *loop;
    int status;       /* of the command */
    gint64 waited_us; /* the chip's clock has come so far */
    gint64 used_us;   /* the last request of the command */
    struct usb_port *usb;
    struct probe_port *probe;
    UMockdevIoctlBase *spi;
};

/* A request has come: time passes for the chip, and it is in use. */
void bed_used(struct bed *b);

/* sim_wrap_usb.c: a USB port with the chip in it, or nothing as long as no
 * bootloader runs.  False: a message is in *error. */
bool bed_usb_start(struct bed *b, GError **error);
/* Look whether the chip has gone, or come. */
bool bed_usb_look(struct bed *b, GError **error);
void bed_usb_end(struct bed *b);

/* sim_wrap_probe.c: a debug probe in another USB port. */
bool bed_probe_start(struct bed *b, GError **error);
void bed_probe_end(struct bed *b);

/* sim_wrap_spi.c: /dev/spidev0.0, the chip being the slave.  Likewise. */
bool bed_spi_start(struct bed *b, GError **error);
void bed_spi_end(struct bed *b);

#endif
