/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Option bytes: what is in force, what the next reset loads, what they mean. */
#ifndef SFI_SIM_OPTIONS_H
#define SFI_SIM_OPTIONS_H

#include "sim/sim.h"

/* A reset: the programmed option bytes come into force. */
void sfi__options_load(struct sfi_sim *sim);
/* Are option bytes programmed that wait for a reset? */
bool sfi__options_pending(const struct sfi_sim *sim);
/* Program all words; false: refused, or the power failed.  SECURITY cannot be
 * cleared, and at readout protection level 2 nothing can change. */
bool sfi__options_program(struct sfi_sim *sim, const uint32_t *words);

/* Program the readout protection byte. */
bool sfi__options_set_readout(struct sfi_sim *sim, uint8_t rdp);
/* Program: write protection of these sectors; of none that others have. */
bool sfi__options_write_protect(struct sfi_sim *sim, const uint8_t *sectors,
                                size_t count);
/* Program: write protection off for all sectors. */
bool sfi__options_write_unprotect(struct sfi_sim *sim);

/* The window, as the debug port and the standard bootloader show it; false:
 * outside. */
bool sfi__options_window_read(const struct sfi_sim *sim, uint32_t address,
                              uint8_t *out, size_t len);

/* The standard bootloader, by the chip's habits: may a read or a write begin
 * here?  May DFU read this block? */
bool sfi__options_may_read(const struct sfi_sim *sim, uint32_t address);
bool sfi__options_may_write(const struct sfi_sim *sim, uint32_t address);
bool sfi__options_may_upload(const struct sfi_sim *sim, uint32_t address,
                             size_t len);
bool sfi__options_area_read(const struct sfi_sim *sim, uint32_t address,
                            uint8_t *out, size_t len);
/* Write, and ask for the reset that may follow. */
bool sfi__options_area_write(struct sfi_sim *sim, uint32_t address,
                             const uint8_t *data, size_t len);
/* A reset that loads the option bytes (OBL_LAUNCH). */
void sfi__options_launch(struct sfi_sim *sim);

/* In force: */
bool sfi__options_readout_protected(const struct sfi_sim *sim);
/* Readout protection level 2: the option bytes cannot change. */
bool sfi__options_locked(const struct sfi_sim *sim);
bool sfi__options_secure(const struct sfi_sim *sim);
/* Does a reset start the bootloader, with the BOOT0 pin as it is? */
bool sfi__options_boot0(const struct sfi_sim *sim);
bool sfi__options_write_protected(const struct sfi_sim *sim, uint32_t address,
                                  size_t len);

#endif
