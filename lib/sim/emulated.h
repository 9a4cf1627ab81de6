/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A chip that is a board: its own programs run on an emulated core, in the
 * process of sfi-board.  Its supply, pins and links are those of boot.h, which
 * ends up here; after each of these, `sim` tells what the board has come to. */
#ifndef SFI_SIM_EMULATED_H
#define SFI_SIM_EMULATED_H

#include "sim/sim.h"

/* Start the program with the board's memory in the file `path`; the chip has no
 * power yet. */
sfi_status sfi__emulated_start(struct sfi_sim *sim, const char *program,
                               const char *path);
void sfi__emulated_stop(struct sfi_sim *sim);

void sfi__emulated_reset(struct sfi_sim *sim);
void sfi__emulated_power(struct sfi_sim *sim, bool on);
void sfi__emulated_receive(struct sfi_sim *sim, const uint8_t *data,
                           size_t len);
void sfi__emulated_select(struct sfi_sim *sim);
void sfi__emulated_transfer(struct sfi_sim *sim, const uint8_t *tx, uint8_t *rx,
                            size_t len);
void sfi__emulated_wait(struct sfi_sim *sim, uint64_t ms);
void sfi__emulated_halt(struct sfi_sim *sim);
void sfi__emulated_cut_after(struct sfi_sim *sim, uint64_t ops);
bool sfi__emulated_set_options(struct sfi_sim *sim, const uint32_t *words);
/* Accesses by the debug port; false: a bus error. */
bool sfi__emulated_debug_read(struct sfi_sim *sim, uint32_t address,
                              uint32_t size, uint32_t *value);
bool sfi__emulated_debug_write(struct sfi_sim *sim, uint32_t address,
                               uint32_t size, uint32_t value);
/* Append what only a board has to the answer of "state". */
void sfi__emulated_describe(const struct sfi_sim *sim, char *text, size_t cap);
/* The board's RAM: its length, and sim->ram filled with what is in it. */
size_t sfi__emulated_ram_len(const struct sfi_sim *sim);
bool sfi__emulated_load_ram(const struct sfi_sim *sim);

#endif
