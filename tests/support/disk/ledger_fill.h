/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Fill a vault with many authentic records, without the cost of licences. */
#ifndef SFI_TESTS_LEDGER_FILL_H
#define SFI_TESTS_LEDGER_FILL_H

#include <sfi/key.h>

#include "hsm/vault/ledger.h"

/* Count `count` more devices that nobody has; the vault has this audit key. */
sfi_status ledger_fill(sfi_ctx *ctx, const struct ledger_place *place,
                       const char *path,
                       const uint8_t audit_key[SFI_AUDIT_KEY_LEN],
                       uint64_t count);

#endif
