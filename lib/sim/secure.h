/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The secure bootloader: the device core in the chip's model. */
#ifndef SFI_SIM_SECURE_H
#define SFI_SIM_SECURE_H

#include "util/wr.h"
#include "sim/sim.h"

/* false: the core did not start, and the part is silent. */
bool sfi__secure_start(struct sfi_sim *sim);
void sfi__secure_stop(struct sfi_sim *sim);
void sfi__secure_byte(struct sfi_sim *sim, uint8_t byte, struct wr *out);
/* Time has passed. */
void sfi__secure_tick(struct sfi_sim *sim, struct wr *out);
/* Memory that the core needs, at the end of the chip's RAM. */
size_t sfi__secure_ram_len(void);

#endif
