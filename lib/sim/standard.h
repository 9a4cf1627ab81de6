/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The standard bootloader (AN3155, AN2606) over the chip's model. */
#ifndef SFI_SIM_STANDARD_H
#define SFI_SIM_STANDARD_H

#include "sim/sim.h"

void sfi__standard_start(struct sfi_sim *sim);
/* A byte on its USART. */
void sfi__standard_byte(struct sfi_sim *sim, uint8_t byte, struct wr *out);
/* Its commands on memory, for every link; `user` is the chip. */
extern const struct an3155_handlers sfi__sim_standard;

#endif
