/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The CRC-32 of IEEE 802.3, which finds torn and damaged bytes in flash.
 * Freestanding. */
#ifndef SFI_UTIL_CRC32_H
#define SFI_UTIL_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Go on with the CRC of the bytes before; it begins with 0. */
uint32_t sfi__crc32(uint32_t crc, const void *data, size_t len);

#endif
