/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Licences: parsed, and opened with the device key of the corpus, the first one
 * of tests/kat/license.txt. */
#include <string.h>

#include "license/license.h"

#include "fuzz.h"

static const uint8_t device_secret[32] = {
    0xd9, 0x8d, 0x70, 0x92, 0x4e, 0xe7, 0x05, 0x6a, 0xd7, 0x90, 0x57,
    0xea, 0xc5, 0xb6, 0xb4, 0xb4, 0x16, 0x57, 0x0b, 0x1b, 0x67, 0xab,
    0x45, 0xfa, 0xb9, 0x0a, 0x35, 0x65, 0xc5, 0x8b, 0x42, 0x84};
static const uint8_t key[16] = {0x49, 0xac, 0x5d, 0xe2, 0x19, 0xed, 0xae, 0x62,
                                0xf9, 0xfd, 0xee, 0xa0, 0xfc, 0x3f, 0x3a, 0xf4};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t nothing[SFI_KEY_LEN];
    uint8_t got_key[SFI_KEY_LEN], got_nonce[SFI_NONCE_LEN];
    sfi_ctx *ctx = fuzz_ctx();
    sfi_license *lic;
    sfi_status st = sfi_license_parse(ctx, data, len, &lic);

    fuzz_check(ctx, st, lic);
    if (st == SFI_OK) {
        st = sfi__license_open(ctx, device_secret, data, got_key, got_nonce);
        /* no fuzzer finds a second licence that opens */
        FUZZ_HOLDS(st == SFI_OK || st == SFI_ERR_AUTH);
        FUZZ_HOLDS((sfi_license_type(lic) == SFI_LICENSE_LIVE) ==
                   (sfi_license_session(lic) != 0));
        FUZZ_HOLDS(memcmp(got_key, st == SFI_OK ? key : nothing,
                          sizeof(got_key)) == 0);
    }
    sfi_license_free(lic);
    fuzz_ctx_free(ctx);
    return 0;
}
