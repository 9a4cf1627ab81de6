/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Leases, opened with the request of the corpus, and end certificates: the
 * first ones of tests/kat/lease.txt. */
#include <string.h>

#include "audit/chain.h"
#include "hsm/vault/lease_format.h"

#include "fuzz.h"

static void
open_lease(const uint8_t *data, size_t len)
{
    static const struct lease_terms no_terms;
    static const struct vault_secrets nothing;
    static const uint8_t request_secret[SFI_ECC_SECRET_LEN] = {
        0xe7, 0x21, 0xe9, 0xf5, 0x7f, 0x5a, 0x48, 0x57, 0xaa, 0x22, 0x22,
        0x0e, 0x72, 0xa8, 0x20, 0xe9, 0xd5, 0x3b, 0x70, 0x88, 0xdf, 0x25,
        0x1f, 0x91, 0x17, 0x41, 0x04, 0x96, 0xce, 0x58, 0x4e, 0x45};
    struct vault_secrets secrets;
    struct lease_terms t;
    sfi_ctx *ctx = fuzz_ctx();
    sfi_status st =
        sfi__lease_open(ctx, request_secret, data, len, &t, &secrets);

    fuzz_check(ctx, st, st == SFI_OK ? &t : NULL);
    if (st == SFI_OK) {
        FUZZ_HOLDS(t.count >= 1 && t.count <= SFI_HSM_COUNT_MAX);
        FUZZ_HOLDS(t.sequence >= 1 && t.expires > t.time);
        FUZZ_HOLDS(memchr(t.firmware_id, '\0', sizeof(t.firmware_id)) != NULL);
    } else {
        FUZZ_HOLDS(memcmp(&t, &no_terms, sizeof(t)) == 0);
        FUZZ_HOLDS(memcmp(&secrets, &nothing, sizeof(secrets)) == 0);
    }
    fuzz_ctx_free(ctx);
}

static void
read_end(const uint8_t *data, size_t len)
{
    static const uint8_t audit_key[SFI_AUDIT_KEY_LEN] = {
        0x10, 0xcc, 0x7d, 0xf0, 0xd5, 0x8f, 0x3b, 0x92, 0x5e, 0xfa, 0xe6,
        0x6b, 0xb5, 0xcf, 0xa9, 0xae, 0xec, 0x9f, 0xbf, 0xee, 0x3c, 0x01,
        0x43, 0x91, 0xce, 0x87, 0xef, 0x09, 0xe0, 0x27, 0x70, 0xc8};
    struct lease_end e;
    sfi_ctx *ctx = fuzz_ctx();
    sfi_status st = sfi__lease_read_end(ctx, data, len, &e);

    fuzz_check(ctx, st, st == SFI_OK ? &e : NULL);
    if (st == SFI_OK && sfi__lease_check_end(ctx, data, audit_key) == SFI_OK) {
        uint8_t again[SFI_LEASE_END_LEN], key[SFI_AUDIT_KEY_LEN];

        FUZZ_HOLDS(sfi__chain_lease_key(ctx, audit_key, e.record, key) ==
                   SFI_OK);
        FUZZ_HOLDS(sfi__lease_put_end(ctx, &e, key, again) == SFI_OK);
        FUZZ_HOLDS(memcmp(again, data, sizeof(again)) == 0);
    }
    fuzz_ctx_free(ctx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    open_lease(data, len);
    read_end(data, len);
    return 0;
}
