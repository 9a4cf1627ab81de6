/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A licence store's entry of the corpus' device: what is found is a static
 * licence of exactly these bytes. */
#include <stdio.h>
#include <string.h>

#include <sfi/license_store.h>

#include "fuzz_folder.h"

static const uint8_t device[SFI_CERTIFICATE_LEN] = {
    0x34, 0x35, 0x30, 0x30, 0x32, 0x30, 0x30, 0x31, 0x6b, 0x17, 0xd1, 0xf2,
    0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45,
    0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b,
    0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57,
    0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    sfi_ctx *ctx = fuzz_ctx();
    char name[80];
    sfi_license_store *store;
    sfi_certificate *cert;
    sfi_license *lic;
    sfi_status st;

    FUZZ_HOLDS(sfi_certificate_parse(ctx, device, sizeof(device), &cert) ==
               SFI_OK);
    (void)snprintf(name, sizeof(name), "%s.lic",
                   sfi_certificate_device_id(cert));
    (void)fuzz_file(name, data, len);
    FUZZ_HOLDS(sfi_license_store_open(ctx, fuzz_folder(), 0, &store) == SFI_OK);
    st = sfi_license_store_find(store, cert, &lic);
    fuzz_check(ctx, st, lic);
    if (st == SFI_OK) {
        size_t got;
        const uint8_t *bytes = sfi_license_data(lic, &got);

        FUZZ_HOLDS(got == len && memcmp(bytes, data, len) == 0);
        FUZZ_HOLDS(sfi_license_type(lic) == SFI_LICENSE_STATIC);
    }
    sfi_license_free(lic);
    sfi_license_store_free(store);
    sfi_certificate_free(cert);
    fuzz_ctx_free(ctx);
    return 0;
}
