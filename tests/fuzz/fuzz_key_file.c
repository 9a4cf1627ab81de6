/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Files of keys, nonces and audit keys, and private keys in PEM. */
#include <string.h>

#include <sfi/audit.h>
#include <sfi/image.h>

#include "crypto/ecc.h"

#include "fuzz_folder.h"

static void
load_secrets(sfi_ctx *ctx, const char *path, const uint8_t *data, size_t len)
{
    uint8_t nonce[SFI_NONCE_LEN], audit[SFI_AUDIT_KEY_LEN];
    sfi_key *key;
    sfi_status st = sfi_key_load(ctx, path, &key);

    fuzz_check(ctx, st, key);
    FUZZ_HOLDS((st == SFI_OK) == (len == SFI_KEY_LEN));
    sfi_key_free(key);
    st = sfi_nonce_load(ctx, path, nonce);
    fuzz_check(ctx, st, st == SFI_OK ? nonce : NULL);
    FUZZ_HOLDS((st == SFI_OK) == (len == sizeof(nonce)));
    FUZZ_HOLDS(st != SFI_OK || memcmp(nonce, data, len) == 0);
    st = sfi_audit_key_load(ctx, path, audit);
    fuzz_check(ctx, st, st == SFI_OK ? audit : NULL);
    FUZZ_HOLDS((st == SFI_OK) == (len == sizeof(audit)));
    FUZZ_HOLDS(st != SFI_OK || memcmp(audit, data, len) == 0);
}

/* A key that is read is written and read again as the same. */
static void
read_pem(sfi_ctx *ctx, const char *text, size_t len)
{
    uint8_t secret[SFI_ECC_SECRET_LEN] = {0}, again[SFI_ECC_SECRET_LEN] = {1};
    char pem[1024];
    size_t pem_len;
    sfi_status st = sfi__ecc_secret_from_pem(ctx, text, len, secret);

    if (st != SFI_OK) {
        FUZZ_HOLDS(st == SFI_ERR_FORMAT);
        return;
    }
    if (sfi__ecc_secret_to_pem(ctx, secret, pem, sizeof(pem), &pem_len) !=
        SFI_OK)
        return; /* a number that is no key of the curve */
    FUZZ_HOLDS(sfi__ecc_secret_from_pem(ctx, pem, pem_len, again) == SFI_OK);
    FUZZ_HOLDS(memcmp(secret, again, sizeof(secret)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    sfi_ctx *ctx = fuzz_ctx();

    load_secrets(ctx, fuzz_file("key", data, len), data, len);
    read_pem(ctx, (const char *)data, len);
    fuzz_ctx_free(ctx);
    return 0;
}
