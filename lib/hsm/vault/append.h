/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* One more record in a vault's audit, and the closing one. */
#ifndef SFI_HSM_VAULT_APPEND_H
#define SFI_HSM_VAULT_APPEND_H

#include "hsm/vault/check.h"

/* Inside a transaction: the head of a vault that issues licences, verified.
 * SFI_ERR_HSM_STATE: it is retired, or its lease has ended. */
sfi_status sfi__vault_read_open(struct vault *v, struct ledger_head *h);

/* Inside LEDGER_WRITE.  `r` is complete except for its place in the chain; `h`
 * is the head before the record, and afterwards the head with it.  A restored
 * record says what remains; otherwise its kind does.  The detail of a lease is
 * how long it lasts, and becomes its end. */
sfi_status sfi__vault_append(struct vault *v, struct ledger_head *h,
                             struct ledger_record *r);
/* After the last record of a transaction. */
sfi_status sfi__vault_write_end(struct vault *v, struct ledger_head *h);
/* Both, for a transaction with one record. */
sfi_status sfi__vault_append_only(struct vault *v, struct ledger_head *h,
                                  struct ledger_record *r);
/* Outside a transaction, after one that wrote `h`, or that found `sequence` in
 * it: it is on the disk, and the token knows of it. */
sfi_status sfi__vault_settle(struct vault *v, const struct ledger_head *h,
                             uint64_t sequence);

/* Write the closing record, unless `again` and there is one; `h` receives the
 * head. */
sfi_status sfi__vault_close_audit(struct vault *v, bool again,
                                  struct ledger_head *h);

#endif
