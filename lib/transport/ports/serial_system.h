/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a system does for a serial port; serial.c does the rest. */
#ifndef SFI_TRANSPORT_PORTS_SERIAL_SYSTEM_H
#define SFI_TRANSPORT_PORTS_SERIAL_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <sfi/transport.h>

#include "transport/ports/line.h"

/* A system's own struct begins with it. */
struct serial {
    sfi_ctx *ctx; /* borrowed: the transport holds it */
    struct line_options line;
};

struct serial_system {
    size_t size; /* of its own struct */
    /* Nothing is open; what begins as other than 0. */
    void (*begin)(struct serial *s);
    /* Open the port, for this process alone. */
    sfi_status (*claim)(struct serial *s, const char *name);
    /* Note a level that the port gets with its first mode; NULL: not needed. */
    line_set_fn note_line;
    line_set_fn set_line;
    /* 8 data bits, even parity if the port has it, 1 stop bit (AN3155, 2), at
     * sfi__line_bauds[speed].  SFI_ERR_IO: not at this speed. */
    sfi_status (*set_mode)(struct serial *s, size_t speed, bool *parity);
    /* The port has its speed; NULL: nothing to do. */
    void (*settle)(struct serial *s, const char *name);
    const sfi_stream_ops *ops; /* with the two below */
};

extern const struct serial_system sfi__serial_system;

sfi_status sfi__serial_reset(void *user, int into_boot);
sfi_status sfi__serial_set_speed(void *user, uint32_t choice, uint32_t *baud,
                                 uint32_t *slower);

#endif
