/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* AES for Mbed TLS's GCM: by the part's unit if it gives the right answer, else
 * by Mbed TLS. */
#ifndef BOOTLOADER_BLOCK_H
#define BOOTLOADER_BLOCK_H

#include <stdbool.h>

/* Try the part's unit on a known answer. */
void block_start(void);
bool block_is_hardware(void);
/* Overwrite the key. */
void block_wipe(void);

#endif
