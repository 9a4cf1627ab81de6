/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Certificates: parse, verify against the CA of the corpus, and compare with
 * the input. */
#include <string.h>

#include <sfi/certificate.h>

#include "fuzz.h"

/* The public key of the private key 4711. */
static const uint8_t ca[64] = {
    0x06, 0xb5, 0x05, 0x92, 0x72, 0x8f, 0x9c, 0x09, 0x6c, 0x9c, 0x67,
    0x0d, 0xae, 0x46, 0x55, 0x29, 0x5d, 0x5f, 0xf3, 0x5c, 0x55, 0x4c,
    0xcb, 0x7a, 0x71, 0x3f, 0xc3, 0x7c, 0x80, 0x2b, 0x75, 0x58, 0x94,
    0x85, 0x02, 0xe3, 0x33, 0x8c, 0x50, 0x78, 0xe9, 0xc1, 0x43, 0x8c,
    0x11, 0xfc, 0x25, 0x24, 0xe9, 0xc7, 0x69, 0xaf, 0x3d, 0x43, 0x85,
    0x41, 0x99, 0x07, 0x61, 0x2f, 0x22, 0x47, 0x84, 0x41};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    sfi_ctx *ctx = fuzz_ctx();
    sfi_certificate *cert;
    sfi_status st = sfi_certificate_parse(ctx, data, len, &cert);

    fuzz_check(ctx, st, cert);
    if (st == SFI_OK) {
        size_t out_len;
        const uint8_t *out = sfi_certificate_data(cert, &out_len);

        FUZZ_HOLDS(out_len == len && memcmp(out, data, len) == 0);
        FUZZ_HOLDS(strlen(sfi_certificate_product_id(cert)) == 8);
        FUZZ_HOLDS(strlen(sfi_certificate_device_id(cert)) == 64);
        st = sfi_certificate_verify(cert, ca, sizeof(ca));
        FUZZ_HOLDS(st == SFI_OK || st == SFI_ERR_CERTIFICATE);
    }
    sfi_certificate_free(cert);
    fuzz_ctx_free(ctx);
    return 0;
}
