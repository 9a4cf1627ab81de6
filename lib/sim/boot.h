/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What runs after a reset, and the line it talks on. */
#ifndef SFI_SIM_BOOT_H
#define SFI_SIM_BOOT_H

#include "sim/sim.h"

/* Power-up or reset: RAM is cleared, option bytes are loaded, something
 * starts.  Nothing happens without power. */
void sfi__sim_reset(struct sfi_sim *sim);
/* Off and on again, whatever the supply was. */
void sfi__sim_power_cycle(struct sfi_sim *sim);
/* What would start now? */
enum sim_mode sfi__sim_decide(const struct sfi_sim *sim);
/* Bytes in; the answer is appended to sim->line. */
void sfi__sim_receive(struct sfi_sim *sim, const uint8_t *data, size_t len);
/* NRST: low holds the part, high resets it. */
void sfi__sim_hold(struct sfi_sim *sim, bool held);
/* After what was done over USB or the debug port: does what runs end here (it
 * asked for a reset, its power failed)?  Then the next thing starts. */
void sfi__sim_settle(struct sfi_sim *sim);
/* One byte over SPI: in, and out at the same time. */
uint8_t sfi__sim_clock(struct sfi_sim *sim, uint8_t in);
/* Let time pass. */
void sfi__sim_wait(struct sfi_sim *sim, uint64_t ms);
/* The first bytes of sim->line have gone; with the last of them, what waited
 * for its answer to be out goes on. */
void sfi__sim_sent(struct sfi_sim *sim, size_t len);
/* Fetch what was sent: up to `cap` bytes. */
size_t sfi__sim_fetch(struct sfi_sim *sim, uint8_t *out, size_t cap);

#endif
