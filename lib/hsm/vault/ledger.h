/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Where a vault is kept: one row about the vault, and one record for each
 * licence.  It stores and finds; what the fields mean is the vault's business.
 * Any number of processes may have the same ledger open.
 *
 * SQLite is one implementation.  Another brings the two functions of a
 * ledger_place, and nothing above changes. */
#ifndef SFI_HSM_VAULT_LEDGER_H
#define SFI_HSM_VAULT_LEDGER_H

#include <stdbool.h>

#include <sfi/hsm.h>

#include "crypto/gcm.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"

#define LEDGER_SALT_LEN 16u
#define LEDGER_SECRETS_LEN 60u /* vault_seal.h */
#define LEDGER_SEALED_LEN \
    (SFI_GCM_IV_LEN + LEDGER_SECRETS_LEN + SFI_GCM_TAG_LEN)
/* Far more than there can be, and SQLite can count it. */
#define LEDGER_SEQUENCE_MAX ((uint64_t)INT64_MAX - 1)

/* The row. */
struct ledger_head {
    /* Written once but for remaining, sequence, audit_head and mac, which
     * change with a record. */
    sfi_audit_head audit;
    /* What the PIN opens; changes with it. */
    uint32_t seal; /* by what: vault_seal.h */
    struct kdf_cost cost;
    uint8_t salt[LEDGER_SALT_LEN];
    uint8_t sealed[LEDGER_SEALED_LEN];
    uint8_t sealed_check[SFI_SHA256_LEN];
    uint32_t pin_tries;
    /* Not stored: what the last record says. */
    bool retired;
};

struct ledger_record {
    sfi_audit_record audit;           /* its `license` is the hash of ... */
    uint8_t license[SFI_LICENSE_LEN]; /* ... this, which alone is stored */
};

struct ledger;

/* LEDGER_READ: all that is read belongs together.  LEDGER_WRITE: and no other
 * process writes until the end. */
enum ledger_use { LEDGER_READ, LEDGER_WRITE };

struct ledger_ops {
    sfi_status (*begin)(struct ledger *l, enum ledger_use use);
    /* Returns when the changes are on the disk.  Others may read them before
     * that ... */
    sfi_status (*commit)(struct ledger *l);
    /* ... and wait here until all that they have read is on it too.  Not inside
     * LEDGER_READ. */
    sfi_status (*sync)(struct ledger *l);
    /* Keeps the error that led to it. */
    void (*rollback)(struct ledger *l);

    sfi_status (*read)(struct ledger *l, struct ledger_head *out);
    /* The four fields that change with a record. */
    sfi_status (*update)(struct ledger *l, const struct ledger_head *head);
    sfi_status (*set_tries)(struct ledger *l, uint32_t tries);
    /* All that the PIN opens. */
    sfi_status (*set_seal)(struct ledger *l, const struct ledger_head *head);

    sfi_status (*at)(struct ledger *l, uint64_t sequence,
                     struct ledger_record *out, bool *found);
    sfi_status (*find)(struct ledger *l, const uint8_t device[SFI_SHA256_LEN],
                       uint32_t session, struct ledger_record *out,
                       bool *found);
    /* The record that counted a device. */
    sfi_status (*counted)(struct ledger *l,
                          const uint8_t device[SFI_SHA256_LEN],
                          struct ledger_record *out, bool *found);
    sfi_status (*append)(struct ledger *l, const struct ledger_record *r);

    void (*close)(struct ledger *l);
};

/* What every ledger begins with. */
struct ledger {
    const struct ledger_ops *ops;
    sfi_ctx *ctx;
};

/* A kind of ledger. */
struct ledger_place {
    /* SFI_OK and NULL: there is none at this path. */
    sfi_status (*open)(sfi_ctx *ctx, const char *path, struct ledger **out);
    /* It appears whole, or not at all; SFI_ERR_HSM_STATE when something has
     * the name already. */
    sfi_status (*create)(sfi_ctx *ctx, const char *path,
                         const struct ledger_head *head);
};

extern const struct ledger_place sfi__ledger_sqlite;

#endif
