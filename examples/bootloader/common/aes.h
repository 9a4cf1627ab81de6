/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The part's AES unit, for single blocks; crypto/block.c uses it when it works,
 * and software otherwise.  An int is 0 for success. */
#ifndef BOOTLOADER_AES_H
#define BOOTLOADER_AES_H

#include <stdint.h>

/* Load a key of 128 bits and switch the unit on; fails if there is none. */
int aes_key(const uint8_t key_secret[16]);
/* Encrypt one block under the key loaded last. */
int aes_encrypt(const uint8_t in[16], uint8_t out[16]);
/* Overwrite the key, and switch the unit off. */
void aes_wipe(void);

#endif
