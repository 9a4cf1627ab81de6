/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The storage of a vault: one row about the vault, and one record for each
 * licence.  It stores and finds; the vault interprets the fields.  Any number
 * of processes may have the same ledger open.
 *
 * SQLite and PostgreSQL are two implementations; another one is added by the
 * two functions of a ledger_place, without a change in the vault. */
#ifndef SFI_HSM_VAULT_LEDGER_H
#define SFI_HSM_VAULT_LEDGER_H

#include <stdbool.h>

#include <sfi/hsm.h>

#include "crypto/gcm.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"

#define LEDGER_SALT_LEN 16u
#define LEDGER_SECRETS_LEN 60u /* seal.h */
#define LEDGER_SEALED_LEN \
    (SFI_GCM_IV_LEN + LEDGER_SECRETS_LEN + SFI_GCM_TAG_LEN)
/* More than can ever be written, and SQLite can store it. */
#define LEDGER_SEQUENCE_MAX ((uint64_t)INT64_MAX - 1)

/* The row. */
struct ledger_head {
    /* Written once, except remaining, sequence, audit_head and mac, which
     * change with a record. */
    sfi_audit_head audit;
    /* The seal; changes with the PIN. */
    uint32_t seal; /* VAULT_SEAL_*: seal.h */
    struct kdf_cost cost;
    uint8_t salt[LEDGER_SALT_LEN];
    uint8_t sealed[LEDGER_SEALED_LEN];
    uint8_t sealed_check[SFI_SHA256_LEN];
    uint32_t pin_tries;
    /* Not stored: taken from the last record. */
    bool retired;
    uint64_t last_time; /* 0: no record */
};

/* Of the audit, neither `license` nor `amount` and `detail` are stored: they
 * are the hash of the licence, or what sfi__ledger_put_move() made of them. */
struct ledger_record {
    sfi_audit_record audit;
    uint8_t license[SFI_LICENSE_LEN];
};

struct ledger;

/* LEDGER_LOOK: nothing is written, not even beside the ledger; a failure may
 * only say that another process began to write: sfi__ledger_must_repeat().
 * LEDGER_READ: everything that is read belongs together.  LEDGER_WRITE: and no
 * other process writes until the end. */
enum ledger_use { LEDGER_LOOK, LEDGER_READ, LEDGER_WRITE };

/* The part of the row that is written. */
enum ledger_part {
    LEDGER_COUNTS, /* the four fields that change with a record */
    LEDGER_TRIES,  /* pin_tries */
    LEDGER_SEAL    /* seal to sealed_check */
};

/* How a record is found. */
enum ledger_by {
    LEDGER_BY_SEQUENCE,
    LEDGER_BY_SESSION, /* device and session: at most one */
    LEDGER_BY_COUNT    /* the record that counted this device */
};

struct ledger_key {
    enum ledger_by by;
    uint64_t sequence;
    const uint8_t *device; /* SFI_SHA256_LEN bytes */
    uint32_t session;
};

struct ledger_ops {
    sfi_status (*begin)(struct ledger *l, enum ledger_use use);
    /* With `commit`: returns when the changes are on the disk, or has rolled
     * them back.  Without: rolls back, keeps the context's error and returns
     * SFI_OK. */
    sfi_status (*end)(struct ledger *l, bool commit);
    /* Others may read changes before they are on the disk.  Returns when
     * everything that was read here is on it.  Not inside LEDGER_READ. */
    sfi_status (*sync)(struct ledger *l);

    sfi_status (*read_head)(struct ledger *l, struct ledger_head *out);
    sfi_status (*write_head)(struct ledger *l, enum ledger_part part,
                             const struct ledger_head *head);

    sfi_status (*find)(struct ledger *l, const struct ledger_key *key,
                       struct ledger_record *out, bool *found);
    /* These will be asked for in this transaction, in this order: a ledger that
     * is far away asks for all at once.  NULL: nothing is gained. */
    sfi_status (*prefetch)(struct ledger *l, const struct ledger_key *keys,
                           size_t count);
    sfi_status (*append)(struct ledger *l, const struct ledger_record *r);

    /* Be the one server until close(): sfi_hsm_hold().  Not inside a
     * transaction.  NULL: not supported. */
    sfi_status (*hold)(struct ledger *l, uint32_t timeout_ms);

    void (*close)(struct ledger *l);
};

/* The first member of every implementation. */
struct ledger {
    const struct ledger_ops *ops;
    sfi_ctx *ctx;
    bool disturbed; /* LEDGER_LOOK has seen another process begin to write */
};

/* A kind of ledger. */
struct ledger_place {
    /* SFI_OK and NULL: no ledger exists at this path. */
    sfi_status (*open)(sfi_ctx *ctx, const char *path, struct ledger **out);
    /* It appears whole, or not at all; SFI_ERR_HSM_STATE when the name exists.
     */
    sfi_status (*create)(sfi_ctx *ctx, const char *path,
                         const struct ledger_head *head);
};

extern const struct ledger_place sfi__ledger_sqlite;
extern const struct ledger_place sfi__ledger_pg;
/* The one for this path or URI. */
const struct ledger_place *sfi__ledger_place(const char *path);

/* ---- ledger.c: shorter ways to call the table ---- */

/* End a transaction whose work returned `st`: commit after SFI_OK, otherwise
 * roll back and return `st`. */
sfi_status sfi__ledger_finish(struct ledger *l, sfi_status st);
void sfi__ledger_rollback(struct ledger *l);
/* End a LEDGER_LOOK whose work returned `st`; true: begin again. */
bool sfi__ledger_must_repeat(struct ledger *l, sfi_status st);

sfi_status sfi__ledger_find_sequence(struct ledger *l, uint64_t sequence,
                                     struct ledger_record *out, bool *found);
sfi_status sfi__ledger_find_session(struct ledger *l,
                                    const uint8_t device[SFI_SHA256_LEN],
                                    uint32_t session, struct ledger_record *out,
                                    bool *found);
sfi_status sfi__ledger_find_counted(struct ledger *l,
                                    const uint8_t device[SFI_SHA256_LEN],
                                    struct ledger_record *out, bool *found);
sfi_status sfi__ledger_prefetch(struct ledger *l, const struct ledger_key *keys,
                                size_t count);

/* ---- what is stored in a column that has another purpose too ---- */

/* The serial number, and behind it the terms of a leased vault. */
#define LEDGER_SERIAL_LEN 16u
#define LEDGER_SERIAL_MAX (LEDGER_SERIAL_LEN + 64u)

size_t sfi__ledger_put_serial(const sfi_audit_head *h,
                              uint8_t out[LEDGER_SERIAL_MAX]);
/* `len`: one of the two lengths. */
void sfi__ledger_get_serial(sfi_audit_head *h, const uint8_t *data, size_t len);

/* A record without a licence: `license` gets the hash, the amount and the
 * detail. */
void sfi__ledger_put_move(struct ledger_record *r);
/* A record was read: fill in what is not stored. */
sfi_status sfi__ledger_complete(struct ledger *l, struct ledger_record *r);

#endif
