/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's interfaces as transports inside the process. */
#ifndef SFI_SIM_LINKS_LINKS_H
#define SFI_SIM_LINKS_LINKS_H

#include "sim/sim.h"

/* Shared by the ops tables; `user` is the chip, a reference of the link. */
sfi_status sfi__sim_link_reset(void *user, int into_boot);
void sfi__sim_link_close(void *user);
/* How long a host that would wait `timeout_ms` for an answer waits at most:
 * until the flash is ready, if that is sooner. */
uint64_t sfi__sim_link_wait_ms(const struct sfi_sim *sim, uint32_t timeout_ms);

/* spi.c */
sfi_status sfi__sim_open_spi(struct sfi_sim *sim, sfi_transport **out);
/* dap.c */
sfi_status sfi__sim_open_dap(struct sfi_sim *sim, sfi_transport **out);
/* swd.c */
sfi_status sfi__sim_open_swd(struct sfi_sim *sim, sfi_transport **out);
/* usb.c */
sfi_status sfi__sim_open_usb(struct sfi_sim *sim, sfi_transport **out);

#endif
