/* Where a vault is kept: one row about the vault, and one record for each
 * licence.  It stores and finds; what the fields mean is the vault's business.
 * Any number of processes may have the same ledger open. */
#ifndef SFI_HSM_LEDGER_H
#define SFI_HSM_LEDGER_H

#include <stdbool.h>

#include <sfi/hsm.h>

#include "crypto/ecc.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "license/wire.h"

#define LEDGER_SALT_LEN 16u
#define LEDGER_SEALED_LEN 76u /* 60 bytes and a tag; vault_seal.h */

/* The row.  All up to `genesis` is written once. */
struct ledger_head {
    char firmware_id[SFI_FIRMWARE_ID_MAX + 1];
    char product_id[PRODUCT_ID_LEN + 1];
    uint8_t ca_public[SFI_ECC_PUBLIC_LEN];
    uint64_t maximum;
    struct kdf_cost cost;
    uint8_t salt[LEDGER_SALT_LEN];
    uint8_t sealed[LEDGER_SEALED_LEN];
    uint8_t genesis[SFI_SHA256_LEN];
    uint64_t remaining;
    uint64_t sequence; /* of the last record; 0: none */
    uint8_t log_head[SFI_SHA256_LEN];
    uint8_t mac[SFI_SHA256_LEN];
    uint32_t pin_tries;
};

struct ledger_record {
    uint64_t sequence;
    uint64_t time;
    uint8_t device[SFI_SHA256_LEN];
    uint64_t remaining;
    uint8_t license[SFI_LICENSE_LEN];
    uint8_t previous[SFI_SHA256_LEN];
    uint8_t hash[SFI_SHA256_LEN];
    uint8_t mac[SFI_SHA256_LEN];
};

struct ledger;

/* SFI_OK and NULL: there is none at this path. */
sfi_status sfi__ledger_open(sfi_ctx *ctx, const char *path,
                            struct ledger **out);
/* It appears whole, or not at all; SFI_ERR_HSM_STATE when something has the
 * name already. */
sfi_status sfi__ledger_create(sfi_ctx *ctx, const char *path,
                              const struct ledger_head *head);
void sfi__ledger_close(struct ledger *l);

/* LEDGER_READ: all that is read belongs together.  LEDGER_WRITE: and no other
 * process writes until the end.  commit returns when the changes are on the
 * disk; rollback keeps the error that led to it. */
enum ledger_use { LEDGER_READ, LEDGER_WRITE };
sfi_status sfi__ledger_begin(struct ledger *l, enum ledger_use use);
sfi_status sfi__ledger_commit(struct ledger *l);
void sfi__ledger_rollback(struct ledger *l);

sfi_status sfi__ledger_read(struct ledger *l, struct ledger_head *out);
/* The four fields that change with a record. */
sfi_status sfi__ledger_update(struct ledger *l, const struct ledger_head *head);
sfi_status sfi__ledger_set_tries(struct ledger *l, uint32_t tries);

sfi_status sfi__ledger_at(struct ledger *l, uint64_t sequence,
                          struct ledger_record *out, bool *found);
sfi_status sfi__ledger_find(struct ledger *l,
                            const uint8_t device[SFI_SHA256_LEN],
                            struct ledger_record *out, bool *found);
sfi_status sfi__ledger_append(struct ledger *l, const struct ledger_record *r);

#endif
