/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Hashes and MACs of the audit chain; doc/format.md, "Audit log".  Used to
 * write records and to verify them. */
#ifndef SFI_AUDIT_CHAIN_H
#define SFI_AUDIT_CHAIN_H

#include <stdbool.h>

#include <sfi/hsm.h>

#include "crypto/hash.h"

/* A return is found by the lease's request and this session; the statements of
 * a restored HSM have no device, and count their sessions from 1. */
#define CHAIN_SESSION_RETURN 1u

/* Is a record of this kind for a licence? */
bool sfi__chain_has_license(uint32_t kind);
/* Has it an amount and a detail: lease, return, restored? */
bool sfi__chain_moves(uint32_t kind);

/* The start of the chain: a hash of the fields that never change (flags,
 * maximum, low_water, ids, serial, CA, and of a lease its terms). */
sfi_status sfi__chain_genesis(sfi_ctx *ctx, const sfi_audit_head *h,
                              uint8_t out[SFI_SHA256_LEN]);
/* The audit key of a leased vault, of the key of the HSM that leased: a site
 * can neither write that HSM's records nor another site's. */
sfi_status sfi__chain_lease_key(sfi_ctx *ctx,
                                const uint8_t key_secret[SFI_AUDIT_KEY_LEN],
                                const uint8_t record[SFI_SHA256_LEN],
                                uint8_t out_secret[SFI_AUDIT_KEY_LEN]);
/* The MAC over genesis, remaining, sequence and audit_head. */
sfi_status sfi__chain_head_mac(sfi_ctx *ctx, const sfi_audit_head *h,
                               const uint8_t key_secret[SFI_AUDIT_KEY_LEN],
                               uint8_t out[SFI_SHA256_LEN]);
/* Hash and MAC of a record.  Without a key only the hash; `mac` may then be
 * NULL. */
sfi_status sfi__chain_record(sfi_ctx *ctx, const sfi_audit_head *h,
                             const sfi_audit_record *r,
                             const uint8_t *key_secret,
                             uint8_t hash[SFI_SHA256_LEN],
                             uint8_t mac[SFI_SHA256_LEN]);

#endif
