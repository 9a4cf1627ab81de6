/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The secure bootloader's mailbox in RAM, for a host on the debug port. */
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
/* A host wrote into the mailbox's RAM: run the request if it is complete. */
void sfi__sim_mailbox_written(struct sfi_sim *sim, uint32_t address);
/* Is the last answer so new that the host may not have read it? */
bool sfi__sim_mailbox_holds(const struct sfi_sim *sim);

#endif
