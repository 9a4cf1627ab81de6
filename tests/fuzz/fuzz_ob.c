/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Option-byte CSV, for each part. */
#include <sfi/option_bytes.h>

#include "fuzz.h"

static void
read_rows(const sfi_chip *chip, const uint8_t *data, size_t len)
{
    sfi_ctx *ctx = fuzz_ctx();
    sfi_option_bytes *ob;
    sfi_status st =
        sfi_option_bytes_parse(ctx, chip, (const char *)data, len, &ob);

    fuzz_check(ctx, st, ob);
    for (size_t i = 0; i < sfi_option_bytes_count(ob); i++) {
        const char *name;
        uint32_t value;

        FUZZ_HOLDS(sfi_option_bytes_get(ob, i, &name, &value) == SFI_OK);
        FUZZ_HOLDS(name[0] != '\0');
    }
    sfi_option_bytes_free(ob);
    fuzz_ctx_free(ctx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    for (size_t i = 0; sfi_chip_at(i) != NULL; i++)
        read_rows(sfi_chip_at(i), data, len);
    return 0;
}
