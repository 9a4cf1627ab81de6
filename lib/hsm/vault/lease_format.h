/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The bytes of a lease and of an end certificate; doc/format.md, "Lease". */
#ifndef SFI_HSM_VAULT_LEASE_FORMAT_H
#define SFI_HSM_VAULT_LEASE_FORMAT_H

#include <sfi/lease.h>

#include "crypto/ecc.h"
#include "hsm/vault/seal.h"

/* What a lease says in the open. */
struct lease_terms {
    uint32_t flags;
    uint8_t parent[16];
    uint64_t sequence; /* of its record */
    uint64_t count;
    uint64_t time;
    uint64_t expires;
    uint8_t record[SFI_SHA256_LEN]; /* hash of its record */
    char firmware_id[SFI_FIRMWARE_ID_MAX + 1];
    char product_id[16];
    uint8_t ca_public[SFI_ECC_PUBLIC_LEN];
};

/* The hash that stands for a request in the records. */
sfi_status sfi__lease_request_hash(sfi_ctx *ctx,
                                   const uint8_t request[SFI_ECC_PUBLIC_LEN],
                                   uint8_t out[SFI_SHA256_LEN]);
/* The same terms, request and secrets give the same bytes.  Of the secrets the
 * site gets nonce and firmware key, and an audit key of its own. */
sfi_status sfi__lease_seal(sfi_ctx *ctx, const struct lease_terms *t,
                           const uint8_t request[SFI_ECC_PUBLIC_LEN],
                           const struct vault_secrets *secrets,
                           uint8_t out[SFI_LEASE_LEN]);
/* SFI_ERR_FORMAT or SFI_ERR_TRUNCATED: not a lease; SFI_ERR_AUTH: altered, or
 * for another request.  Terms and secrets are zero after any failure. */
sfi_status sfi__lease_open(sfi_ctx *ctx,
                           const uint8_t key_secret[SFI_ECC_SECRET_LEN],
                           const uint8_t *data, size_t len,
                           struct lease_terms *t,
                           struct vault_secrets *secrets);

/* What an end certificate says. */
struct lease_end {
    uint8_t parent[16];
    uint64_t lease; /* sequence of the lease's record */
    uint8_t record[SFI_SHA256_LEN];
    uint8_t serial[16]; /* of the site's vault */
    uint8_t genesis[SFI_SHA256_LEN];
    uint64_t sequence;
    uint64_t remaining;
    uint8_t audit_head[SFI_SHA256_LEN];
};

/* Of the head of a leased vault. */
void sfi__lease_end_of(const sfi_audit_head *h, struct lease_end *e);
/* `audit_key_secret`: the site's. */
sfi_status sfi__lease_put_end(sfi_ctx *ctx, const struct lease_end *e,
                              const uint8_t audit_key_secret[SFI_AUDIT_KEY_LEN],
                              uint8_t out[SFI_LEASE_END_LEN]);
/* The form alone. */
sfi_status sfi__lease_read_end(sfi_ctx *ctx, const uint8_t *data, size_t len,
                               struct lease_end *e);
/* SFI_ERR_AUTH: the MAC does not match.  `audit_key_secret`: of the HSM that
 * leased. */
sfi_status
sfi__lease_check_end(sfi_ctx *ctx, const uint8_t data[SFI_LEASE_END_LEN],
                     const uint8_t audit_key_secret[SFI_AUDIT_KEY_LEN]);

#endif
