/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Personalisation files. */
#include <string.h>

#include <sfi/hsm.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    sfi_ctx *ctx = fuzz_ctx();
    sfi_personalization *p;
    sfi_status st = sfi_personalization_parse(ctx, data, len, &p);

    fuzz_check(ctx, st, p);
    if (st == SFI_OK)
        FUZZ_HOLDS(strlen(sfi_personalization_product_id(p)) == 8);
    sfi_personalization_free(p);
    fuzz_ctx_free(ctx);
    return 0;
}
