/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A debug probe on the chip's SWD and JTAG pins: CMSIS-DAP packets in, answers
 * out. */
#ifndef SFI_SIM_DAP_PROBE_H
#define SFI_SIM_DAP_PROBE_H

#include "sim/dap_jtag.h"

struct sfi_sim;

/* The packet size of a high-speed probe. */
#define DAP_PROBE_PACKET 512u

struct dap_probe {
    bool is_connected; /* the probe drives the pins */
    bool is_jtag;      /* ... those of JTAG */
    bool is_swd;       /* the chip's SWJ-DP is switched to SWD */
    bool wants_id;     /* line reset: only a read of DPIDR is answered */
    uint32_t ones;     /* clocks in a row with SWDIO high */
    uint16_t last;     /* the last 16 bits of sequences */
    uint32_t result;   /* of the last read of an AP: RDBUFF */
    uint32_t mask;     /* bits that a value match compares */
    uint8_t idle;      /* clocks after each access */
    bool posted;       /* the last access was a read whose result is due */
    uint64_t clocks;   /* of SWCLK or TCK, so far */
    struct dap_chain chain;
};

void sfi__dap_probe_init(struct dap_probe *p);
/* The chip's power-up: its end of the pins listens to JTAG. */
void sfi__dap_probe_power(struct dap_probe *p);
/* A clock on SWCLK or TCK, with SWDIO or TMS at `bit`; true: the TAPs see it.
 */
bool sfi__dap_probe_clock(struct sfi_sim *sim, bool bit);
/* `in` has room for DAP_PROBE_PACKET; 0: there is no answer. */
size_t sfi__dap_probe_packet(struct sfi_sim *sim, const uint8_t *out,
                             size_t len, uint8_t *in);

#endif
