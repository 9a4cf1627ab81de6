/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's debug port (ADIv5), whatever pins are in front of it: the
 * registers of the DP and of its MEM-APs.  AP 0 is the core's, AP 1 sees memory
 * without the core, AP 2 the debug bus (RM0433, 60). */
#ifndef SFI_SIM_MEM_AP_H
#define SFI_SIM_MEM_AP_H

#include "proto/adi.h"

struct sfi_sim;

#define DAP_APS 3u

struct mem_ap {
    uint32_t csw;
    uint32_t tar;
};

/* Survives a reset of the part; ends with its power. */
struct dap {
    uint32_t dpidr;
    uint32_t ctrl;   /* CTRL/STAT without the acknowledges */
    uint32_t select; /* SELECT as written */
    struct mem_ap ap[DAP_APS];
};

/* Power-up; DPIDR differs between JTAG and SWD. */
void sfi__mem_ap_init(struct dap *d, uint32_t dpidr);
/* One access to a register, done at once: posted reads are modelled by the side
 * of the pins.  ADI_ACK_FAULT: an error is sticky, from before or from this
 * access to an AP; DP accesses always work. */
enum adi_ack sfi__mem_ap_access(struct sfi_sim *sim, struct dap *d,
                                const struct adi_request *r, uint32_t *data);
/* A write to ABORT, by SWD or JTAG. */
void sfi__mem_ap_abort(struct dap *d, uint32_t value);

#endif
