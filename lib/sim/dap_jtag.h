/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The virtual probe's JTAG: each of its clocks reaches the chip's TAPs. */
#ifndef SFI_SIM_DAP_JTAG_H
#define SFI_SIM_DAP_JTAG_H

#include "proto/cmsis_dap.h"

struct sfi_sim;

/* The chain as the host describes it, from TDO on. */
struct dap_chain {
    uint8_t ir_len[CMSIS_TAPS_MAX];
    uint8_t count;
    uint8_t ir; /* of the selected TAP; 0: unknown */
};

/* One clock; TDO as it was before it. */
bool sfi__dap_jtag_clock(struct sfi_sim *sim, bool tms, bool tdi);
/* One access of a list.  The result of a read comes with a second scan: that of
 * `next` if it is a read of the same kind, else one of RDBUFF. */
enum adi_ack sfi__dap_jtag_access(struct sfi_sim *sim, uint8_t tap,
                                  const struct adi_request *r, uint32_t *data,
                                  const struct adi_request *next);
/* A list begins: forget what IR holds. */
void sfi__dap_jtag_begin(struct sfi_sim *sim);
void sfi__dap_jtag_abort(struct sfi_sim *sim, uint8_t tap, uint32_t value);

/* Commands. */
void sfi__dap_jtag_sequence(struct sfi_sim *sim, struct rd *r, struct wr *w);
void sfi__dap_jtag_configure(struct sfi_sim *sim, struct rd *r, struct wr *w);
void sfi__dap_jtag_idcode(struct sfi_sim *sim, struct rd *r, struct wr *w);

#endif
