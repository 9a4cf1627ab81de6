/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The checks for all firmware formats. */
#define _GNU_SOURCE /* memfd_create() */
#include "fuzz_firmware.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* The same bytes from a file, with every leniency that a text can have. */
static void
fuzz_file(sfi_ctx *ctx, const uint8_t *data, size_t len)
{
    sfi_firmware_options options = {
        .struct_size = sizeof(options),
        .flags = SFI_FIRMWARE_NO_END_RECORD | SFI_FIRMWARE_SEGMENT_RUNS_ON |
                 SFI_FIRMWARE_PAST_END,
    };
    int fd = memfd_create("firmware", 0);
    sfi_firmware *fw;
    char path[64];
    sfi_status st;

    FUZZ_HOLDS(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    st = sfi_firmware_load_with(ctx, path, &options, &fw);
    fuzz_check(ctx, st, fw);
    if (fw != NULL)
        check_segments(fw);
    sfi_firmware_free(fw);
    (void)close(fd);
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
    fuzz_file(ctx, data, len);
    fuzz_ctx_free(ctx);
}
