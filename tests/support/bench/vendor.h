/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Another vendor's security extension: a part that speaks it (in front of a
 * virtual chip, whose device core does the work), and the dialect for the host.
 * Everything differs from libsfi's: opcodes, byte order, the sizes of pieces, a
 * certificate in halves, a licence in two steps, causes of its own. */
#ifndef SFI_TESTS_VENDOR_H
#define SFI_TESTS_VENDOR_H

#include <stdbool.h>

#include <sfi/dialect.h>

#include <bench/station.h>

/* A cause that only this vendor has. */
#define VENDOR_CAUSE_WORN 0x107

struct vendor {
    uint32_t data_max; /* in its info */
    uint32_t puts;     /* PUTs so far */
    uint32_t reset_at; /* the part restarts at this PUT; 0: never */
    uint8_t refuse;    /* the next WIPE is refused with this status */
};
extern struct vendor vendor;

extern const sfi_dialect_ops vendor_dialect;

/* After station_setup(): lead the station's link to this vendor's part, over
 * "usart", "spi" or (an H753) "usb" and "jtag". */
void vendor_open(const char *interface_name, uint32_t data_max);

/* Connect to the chip on the bench with this dialect. */
sfi_target *vendor_connect(const sfi_dialect_ops *dialect);
/* Set up a station with a secure part of this vendor. */
sfi_target *vendor_begin(const char *interface_name);
void vendor_end(sfi_target *t);

#endif
