/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's JTAG pins: two TAPs in a chain, IEEE 1149.1.  The core's JTAG-DP
 * is next to TDO, the boundary scan's TAP next to TDI. */
#ifndef SFI_SIM_TAP_H
#define SFI_SIM_TAP_H

#include "sim/mem_ap.h"

/* As openocd's stm32h7x.cfg expects them. */
#define TAP_CORE_IDCODE 0x6ba00477u
#define TAP_BOUNDARY_IDCODE 0x06450041u
#define TAP_BOUNDARY_IR_LEN 5u

struct tap {
    uint8_t ir_len;
    uint8_t ir;
    uint8_t ir_shift;
    uint8_t dr_len;
    uint64_t dr;
};

struct tap_chain {
    int state;
    struct tap core, boundary;
    struct dap dap;
    uint32_t result; /* of the access before, which the next scan captures */
    bool tck, tdo;
    uint64_t clocks;
};

/* Power-up. */
void sfi__tap_init(struct tap_chain *c);
/* TRST low. */
void sfi__tap_reset(struct tap_chain *c);
/* The pins' levels; a rising edge of TCK does the work. */
void sfi__tap_pins(struct sfi_sim *sim, bool tck, bool tms, bool tdi);
/* TDO, which is driven at the falling edge. */
bool sfi__tap_tdo(const struct sfi_sim *sim);

#endif
