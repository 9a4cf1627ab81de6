/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Resets, what runs after them, and the lines it answers on. */
#ifndef SFI_SIM_BOOT_H
#define SFI_SIM_BOOT_H

#include "sim/sim.h"

/* Power-up or reset: clear RAM, load the option bytes, start the program that
 * they choose.  Without power nothing happens. */
void sfi__sim_reset(struct sfi_sim *sim);
/* Off and on again, whatever the supply was. */
void sfi__sim_power_cycle(struct sfi_sim *sim);
/* The supply goes, whatever runs. */
void sfi__sim_power_off(struct sfi_sim *sim);
/* What would a reset start now? */
enum sim_mode sfi__sim_decide(const struct sfi_sim *sim);
/* Bytes in; the answer is appended to sim->line. */
void sfi__sim_receive(struct sfi_sim *sim, const uint8_t *data, size_t len);
/* NRST: low holds the part in reset, high starts it. */
void sfi__sim_hold(struct sfi_sim *sim, bool held);
/* After an access over USB or the debug port: reset the part if it asked for
 * that or its power failed. */
void sfi__sim_settle(struct sfi_sim *sim);
/* NSS of its SPI. */
void sfi__sim_select(struct sfi_sim *sim, bool low);
/* Bytes over SPI: in, and out at the same time; 0xff while NSS is high. */
void sfi__sim_transfer(struct sfi_sim *sim, const uint8_t *tx, uint8_t *rx,
                       size_t len);
/* Now, in microseconds, which SPI counts. */
uint64_t sfi__sim_now_us(const struct sfi_sim *sim);
/* Let time pass. */
void sfi__sim_wait(struct sfi_sim *sim, uint64_t ms);
/* The first `len` bytes of sim->line are sent.  After the last one, what waited
 * for the answer to be out continues. */
void sfi__sim_sent(struct sfi_sim *sim, size_t len);
/* How many bytes of sim->line are out: all but an answer that waits for the
 * flash. */
size_t sfi__sim_line_ready(const struct sfi_sim *sim);
/* How long the flash is still at work; 0: it is not, or takes no time. */
uint64_t sfi__sim_busy_us(const struct sfi_sim *sim);
/* Forget answers and work: the part was reset from outside. */
void sfi__sim_quiet(struct sfi_sim *sim);
/* Fetch what was sent: up to `cap` bytes. */
size_t sfi__sim_fetch(struct sfi_sim *sim, uint8_t *out, size_t cap);

#endif
