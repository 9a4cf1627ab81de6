/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Where a part that the program defined is not enough. */
#ifndef SFI_CHIP_DEFINE_H
#define SFI_CHIP_DEFINE_H

#include <sfi/chip_definition.h>

#include "chip/definition.h"

/* Refuse a part that another context defined; NULL is fine. */
sfi_status sfi__chip_check_ctx(sfi_ctx *ctx, const struct sfi_chip *chip);
/* Refuse a part of which no security extension is assumed; NULL is fine. */
sfi_status sfi__chip_need_security(sfi_ctx *ctx, const struct sfi_chip *chip);

#endif
