/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A part that the program defined: all of it is kept by a context. */
#ifndef SFI_CHIP_DEFINITION_INNER_H
#define SFI_CHIP_DEFINITION_INNER_H

#include "chip/fields.h"
#include "chip/memory.h"

struct sfi_ctx;

struct chip_definition {
    struct sfi_chip chip;
    const struct sfi_ctx *ctx;
    struct chip_field_list fields;
    struct chip_memory_list memories;
};

#endif
