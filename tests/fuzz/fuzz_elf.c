/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* ELF files, by the checks for all firmware formats. */
#include "fuzz_firmware.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fuzz_firmware("elf", data, len);
    return 0;
}
