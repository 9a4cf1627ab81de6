/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An open vault, and the checks before anything in it is trusted. */
#ifndef SFI_HSM_VAULT_CHECK_H
#define SFI_HSM_VAULT_CHECK_H

#include "hsm/vault/ledger.h"
#include "hsm/vault/vault.h"
#include "hsm/vault/seal.h"

struct token;

/* A login verifies at most this many records and one more, however many there
 * are: it takes the time of a PIN guess.  The head vouches for the others;
 * doc/format.md, "Operations".  A later look verifies fewer: with many callers
 * each would verify what each other wrote. */
#define VAULT_TAIL 64u
#define VAULT_TAIL_LATER 1u

/* A place in the chain of records. */
struct vault_mark {
    uint64_t sequence; /* 0: before the first record */
    uint8_t hash[SFI_SHA256_LEN];
    uint64_t remaining;
};

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
    struct ledger_head head;   /* what is written once */
    struct vault_mark audited; /* the last record verified, or written */

    uint64_t synced; /* records up to here are on the disk */
};

/* Open the ledger if it exists by now: another process may have provisioned. */
sfi_status sfi__vault_attach(struct vault *v);
/* The same; SFI_ERR_HSM_STATE when the vault is still blank. */
sfi_status sfi__vault_need(struct vault *v);
/* Only the owner of the PIN may do this: SFI_ERR_HSM_PIN. */
sfi_status sfi__vault_need_login(struct vault *v, const char *what);

/* Record `sequence` is missing: SFI_ERR_HSM. */
sfi_status sfi__vault_fail_missing(struct vault *v, uint64_t sequence);

/* Without the PIN, inside a transaction: check that hashes and counts agree. */
sfi_status sfi__vault_read_head(struct vault *v, struct ledger_head *h);
/* The same in a transaction of its own. */
sfi_status sfi__vault_look(struct vault *v, struct ledger_head *h);
/* The same, after logins of other processes have given back their tries. */
sfi_status sfi__vault_look_settled(struct vault *v, struct ledger_head *h);
/* One record, with its hash checked, and after a login its MAC too.
 * SFI_ERR_RANGE: no such record. */
sfi_status sfi__vault_look_record(struct vault *v, uint64_t sequence,
                                  struct ledger_record *r);
/* Make sure that record `sequence` is on the disk before it is given out;
 * `last` is the newest record that was read.  Outside a transaction. */
sfi_status sfi__vault_sync(struct vault *v, uint64_t sequence, uint64_t last);

/* With the audit key, inside a transaction: the head is authentic, and so are
 * the tail of the records that were added since the last call. */
sfi_status sfi__vault_read_trusted(struct vault *v, struct ledger_head *h);
struct vault_mark sfi__vault_mark(const sfi_audit_record *r);
/* Outside a transaction: every record is authentic, and none is missing. */
sfi_status sfi__vault_verify(struct vault *v);
/* A record that the vault gives out, wherever it is in the chain. */
sfi_status sfi__vault_check_record(struct vault *v, const struct ledger_head *h,
                                   const struct ledger_record *r);

#endif
