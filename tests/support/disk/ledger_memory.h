/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault's ledger in the memory of the process: the second implementation of
 * hsm/ledger.h, to show that nothing above the first leans on SQLite.  It is as
 * strict as it can be about how it is used. */
#ifndef SFI_TESTS_LEDGER_MEMORY_H
#define SFI_TESTS_LEDGER_MEMORY_H

#include "hsm/vault/ledger.h"

extern const struct ledger_place ledger_memory;

/* Forget all of them; none is open. */
void ledger_memory_clear(void);

#endif
