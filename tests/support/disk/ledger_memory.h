/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault's ledger in memory: a second implementation of hsm/vault/ledger.h,
 * which shows that the vault does not depend on SQLite.  It checks strictly
 * that the table is used correctly. */
#ifndef SFI_TESTS_LEDGER_MEMORY_H
#define SFI_TESTS_LEDGER_MEMORY_H

#include "hsm/vault/ledger.h"

extern const struct ledger_place ledger_memory;

/* Forget all ledgers; none may be open. */
void ledger_memory_clear(void);

#endif
