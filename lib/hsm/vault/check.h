/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An open vault, and the checks before anything in it is trusted. */
#ifndef SFI_HSM_VAULT_CHECK_H
#define SFI_HSM_VAULT_CHECK_H

#include "hsm/vault/ledger.h"
#include "hsm/vault/vault.h"
#include "hsm/vault/seal.h"

struct token;

struct vault {
    sfi_ctx *ctx;
    char *path;
    struct kdf_cost cost;
    const struct ledger_place *place;
    struct ledger *ledger; /* NULL: blank so far */
    struct token *token;   /* NULL: a PIN seals it */

    /* chosen at login, used at provisioning */
    char pin_secret[VAULT_PIN_MAX];
    size_t pin_len;

    /* after login */
    bool unlocked;
    struct vault_secrets secrets;
    struct ledger_head head;    /* what is written once */
    uint64_t audited;           /* records up to here were verified ... */
    uint8_t audited_head[32];   /* ... this is the hash of the last ... */
    uint64_t audited_remaining; /* ... and what it left */

    uint64_t synced; /* records up to here are on the disk */
};

/* Open the ledger if it exists by now: another process may have provisioned. */
sfi_status sfi__vault_attach(struct vault *v);
/* The same; SFI_ERR_HSM_STATE when the vault is still blank. */
sfi_status sfi__vault_need(struct vault *v);

/* Record `sequence` is missing: SFI_ERR_HSM. */
sfi_status sfi__vault_fail_missing(struct vault *v, uint64_t sequence);

/* Without the PIN, inside a transaction: check that hashes and counts agree. */
sfi_status sfi__vault_read_head(struct vault *v, struct ledger_head *h);
/* The same in a transaction of its own. */
sfi_status sfi__vault_look(struct vault *v, struct ledger_head *h);
/* The same, after logins of other processes have given back their tries. */
sfi_status sfi__vault_look_settled(struct vault *v, struct ledger_head *h);
/* Without the PIN: one record, with its hash checked.  SFI_ERR_RANGE: no such
 * record. */
sfi_status sfi__vault_look_record(struct vault *v, uint64_t sequence,
                                  struct ledger_record *r);
/* Make sure that record `sequence` is on the disk before it is given out;
 * `last` is the newest record that was read.  Outside a transaction. */
sfi_status sfi__vault_sync(struct vault *v, uint64_t sequence, uint64_t last);

/* With the audit key, inside a transaction: the head and all records that were
 * added since the last call are authentic. */
sfi_status sfi__vault_read_trusted(struct vault *v, struct ledger_head *h);
sfi_status sfi__vault_check_record(struct vault *v, const struct ledger_head *h,
                                   const struct ledger_record *r);

#endif
