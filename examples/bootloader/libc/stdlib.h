/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Nothing: Mbed TLS includes it, and takes memory from crypto/pool.h. */
#ifndef BOOTLOADER_STDLIB_H
#define BOOTLOADER_STDLIB_H

#endif
