/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A debug probe that speaks CMSIS-DAP, over any carrier of packets, as a link
 * to the chip's memory. */
#ifndef SFI_TRANSPORT_PROBE_PROBE_H
#define SFI_TRANSPORT_PROBE_PROBE_H

#include <sfi/transport.h>

/* Carries packets to a probe and back. */
struct probe_io {
    /* Send `out` (out_len 0: nothing), and receive one packet of at most `cap`
     * bytes, the probe's packet size; SFI_ERR_TIMEOUT when none came. */
    sfi_status (*xfer)(void *user, const uint8_t *out, size_t out_len,
                       uint8_t *in, size_t cap, size_t *got,
                       uint32_t timeout_ms);
    /* NULL: nothing to close. */
    void (*close)(void *user);
};

/* How the probe reaches the chip. */
enum probe_wire {
    PROBE_SWD,
    PROBE_JTAG, /* other TAPs in the chain are allowed, other debug ports not */
};

/* ST's connect modes (UM2237).  A core that was halted runs again, from its
 * reset vector, when the transport is closed. */
enum probe_start {
    PROBE_AS_IT_IS,    /* HOTPLUG: neither reset nor halted */
    PROBE_RESET,       /* NORMAL: reset, then halted */
    PROBE_UNDER_RESET, /* UR: connected in reset, halted at the reset vector */
};

/* Common for CMSIS-DAP; 10 MHz is too fast for long wires. */
#define PROBE_SPEED_DEFAULT 4000000u

struct probe_options {
    enum probe_wire wire;
    enum probe_start start;
    uint32_t speed; /* Hz; lower on a bad line */
    uint8_t ap;     /* access port; 0: the core's of most parts */
};

/* Connect to the chip.  After a success the transport owns `user`. */
sfi_status sfi__probe_new(sfi_ctx *ctx, const struct probe_io *io, void *user,
                          const char *name, const struct probe_options *options,
                          sfi_transport **out);

#endif
