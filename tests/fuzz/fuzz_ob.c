/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Option-byte CSV, for each part: what is read can be described, written and
 * read again. */
#include <string.h>

#include <sfi/option_bytes.h>

#include "fuzz.h"

static void
look_at_fields(const sfi_option_bytes *ob)
{
    sfi_option_field f = {.struct_size = sizeof(f)};

    for (size_t i = 0; i < sfi_option_bytes_field_count(ob); i++) {
        FUZZ_HOLDS(sfi_option_bytes_get_field(ob, i, &f) == SFI_OK);
        FUZZ_HOLDS(strlen(f.effect) < sizeof(f.effect));
    }
}

static void
read_again(sfi_ctx *ctx, const sfi_chip *chip, sfi_option_bytes *ob,
           uint32_t flags)
{
    sfi_option_bytes *again;
    const char *csv, *name;

    FUZZ_HOLDS(sfi_option_bytes_csv(ob, flags, &csv) == SFI_OK);
    FUZZ_HOLDS(sfi_option_bytes_parse(ctx, chip, csv, strlen(csv), &again) ==
               SFI_OK);
    for (size_t i = 0; i < sfi_option_bytes_count(ob); i++) {
        uint32_t was = 0, is = 1;

        FUZZ_HOLDS(sfi_option_bytes_get(ob, i, &name, &was) == SFI_OK);
        FUZZ_HOLDS(sfi_option_bytes_get(again, i, &name, &is) == SFI_OK);
        FUZZ_HOLDS(was == is);
    }
    sfi_option_bytes_free(again);
}

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
    if (ob != NULL) {
        look_at_fields(ob);
        read_again(ctx, chip, ob, 0);
        read_again(ctx, chip, ob, SFI_OPTION_EXPLAIN);
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
