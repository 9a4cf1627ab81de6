/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* DfuSe files, by the checks for all firmware formats: as they are, and with a
 * right length and CRC, so that a fuzzer gets past these. */
#include "fuzz_firmware.h"

#include <string.h>

#define SUFFIX_LEN 16u
#define INPUT_MAX 4096u

static uint32_t
crc_of(const uint8_t *data, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < 8 * len; i++) {
        uint32_t bit = (crc ^ (uint32_t)data[i / 8] >> i % 8) & 1;

        crc = crc >> 1 ^ (bit != 0 ? 0xedb88320u : 0);
    }
    return crc;
}

static void
put_u32le(uint8_t *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> 8 * i);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t file[INPUT_MAX];

    fuzz_firmware("dfuse", data, len);
    if (len < 11 + SUFFIX_LEN || len > sizeof(file))
        return 0;
    memcpy(file, data, len);
    put_u32le(file + 6, (uint32_t)(len - SUFFIX_LEN));
    memcpy(file + len - 10, "\x1a\x01UFD\x10", 6);
    put_u32le(file + len - 4, crc_of(file, len - 4));
    fuzz_firmware("dfuse", file, len);
    return 0;
}
