/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Nothing: Mbed TLS includes it, and asserts in its own tests only. */
#ifndef BOOTLOADER_ASSERT_H
#define BOOTLOADER_ASSERT_H

#endif
