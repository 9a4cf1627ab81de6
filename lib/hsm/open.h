/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Open an HSM with parameters that its name cannot give. */
#ifndef SFI_HSM_OPEN_H
#define SFI_HSM_OPEN_H

#include <stdbool.h>

#include <sfi/hsm.h>

#include "crypto/kdf.h"

struct channel;
struct ledger_place;

/* sfi_hsm_open("vault:" name) with a chosen cost of a PIN guess, since tests
 * open many vaults.  `place`: NULL for an SQLite file. */
sfi_status sfi__hsm_open_vault(sfi_ctx *ctx, const char *name,
                               const struct kdf_cost *cost,
                               const struct ledger_place *place, sfi_hsm **out);

/* The card behind a channel, in the reader of this name.  Takes the channel,
 * also on failure. */
sfi_status sfi__hsm_open_card(sfi_ctx *ctx, const char *reader,
                              const struct channel *ch, bool short_only,
                              sfi_hsm **out);

#endif
