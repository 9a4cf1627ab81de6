/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip maker, for sfi_sim_manufacture() and its like. */
#ifndef SFI_SIM_STORAGE_FACTORY_H
#define SFI_SIM_STORAGE_FACTORY_H

#include <sfi/sim.h>

#include "sim/storage/store.h"

/* Make a chip's folder. */
sfi_status sfi__factory_make(sfi_ctx *ctx, const sfi_sim_make_options *o);
/* Fill in all of a chip but its flash.  `maker`: that of a chip in memory,
 * whose CA certifies this one; NULL: the CA of o->ca_dir, or a new one. */
sfi_status sfi__factory_make_in_memory(sfi_ctx *ctx,
                                       const sfi_sim_make_options *o,
                                       const struct store *maker,
                                       struct store *s);

#endif
