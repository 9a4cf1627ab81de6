/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* P-256 by Mbed TLS, for bytes.  An int is 0 for success. */
#ifndef BOOTLOADER_P256_H
#define BOOTLOADER_P256_H

#include <stdint.h>

/* The x coordinate of the shared point; fails if `peer` (X, Y) is not on the
 * curve. */
int p256_ecdh(const uint8_t secret[32], const uint8_t peer[64],
              uint8_t shared_secret[32]);

#endif
