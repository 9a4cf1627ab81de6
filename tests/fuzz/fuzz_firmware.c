/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The checks for all firmware formats. */
#include "fuzz_firmware.h"

#include <string.h>

#include <sfi/firmware.h>

/* Segments ascend, are apart from each other, not empty, and within 32 bits;
 * each byte is read. */
static void
check_segments(const sfi_firmware *fw)
{
    volatile uint8_t sum = 0;
    uint64_t end = 0;

    FUZZ_HOLDS(sfi_firmware_segment_count(fw) > 0);
    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        const uint8_t *data;
        uint64_t address;
        size_t len;

        FUZZ_HOLDS(sfi_firmware_segment(fw, i, &address, &data, &len) ==
                   SFI_OK);
        FUZZ_HOLDS(len > 0 && (i == 0 || address > end));
        end = address + len;
        FUZZ_HOLDS(end <= (uint64_t)UINT32_MAX + 1);
        for (size_t k = 0; k < len; k++)
            sum = (uint8_t)(sum ^ data[k]);
    }
}

void
fuzz_firmware(const char *format, const uint8_t *data, size_t len)
{
    sfi_ctx *ctx = fuzz_ctx();
    sfi_firmware *fw;
    sfi_status st = sfi_firmware_parse(ctx, format, 0, data, len, &fw);

    fuzz_check(ctx, st, fw);
    if (fw != NULL) {
        FUZZ_HOLDS(strcmp(sfi_firmware_format(fw), format) == 0);
        check_segments(fw);
    }
    sfi_firmware_free(fw);
    st = sfi_firmware_parse(ctx, NULL, 0, data, len, &fw);
    fuzz_check(ctx, st, fw);
    sfi_firmware_free(fw);
    fuzz_ctx_free(ctx);
}
