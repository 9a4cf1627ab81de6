/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The vault: an HSM in a file. */
#ifndef SFI_HSM_VAULT_VAULT_H
#define SFI_HSM_VAULT_VAULT_H

#include <sfi/hsm.h>

#include "crypto/kdf.h"

#define VAULT_PIN_MIN 4u
#define VAULT_PIN_MAX 64u
#define VAULT_PIN_TRIES 10u

struct ledger_place;

/* The length of PATH in "PATH?token=URI", and the token's URI, which is the
 * rest of the name; NULL without one. */
size_t sfi__vault_name(const char *name, const char **uri);

/* `name`: PATH or the URI of a database, and ?token=URI or &token=URI.  `cost`
 * is used when a PIN is set.  `place`: NULL for the one that the name means.
 * Opening does not create the file. */
sfi_status sfi__vault_open(sfi_ctx *ctx, const char *name,
                           const struct kdf_cost *cost,
                           const struct ledger_place *place, sfi_hsm_ops *ops,
                           void **user);

#endif
