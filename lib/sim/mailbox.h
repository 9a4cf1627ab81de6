/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The secure bootloader's mailbox in RAM: requests of a host that has the debug
 * port. */
#ifndef SFI_SIM_MAILBOX_H
#define SFI_SIM_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

struct sfi_sim;

struct mailbox {
    bool answered; /* a request, since the part started */
    uint64_t answered_at;
};

/* The secure bootloader starts: the magic appears. */
void sfi__sim_mailbox_start(struct sfi_sim *sim);
/* A host wrote into the mailbox's RAM: is a request complete? */
void sfi__sim_mailbox_written(struct sfi_sim *sim, uint32_t address);
/* Has the host had no time yet to read the last answer? */
bool sfi__sim_mailbox_holds(const struct sfi_sim *sim);

#endif
