/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Checks that hold for every firmware format and any input. */
#ifndef SFI_TESTS_FUZZ_FIRMWARE_H
#define SFI_TESTS_FUZZ_FIRMWARE_H

#include "fuzz.h"

void fuzz_firmware(const char *format, const uint8_t *data, size_t len);

#endif
