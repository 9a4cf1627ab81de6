/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* CRC-32, bit by bit: for some hundred bytes a table is not worth its flash. */
#include "util/crc32.h"

/* The polynomial, reflected. */
#define CRC32_POLYNOMIAL 0xedb88320u

uint32_t
sfi__crc32(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *at = data;

    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (CRC32_POLYNOMIAL & (0u - (crc & 1u)));
    }
    return ~crc;
}
