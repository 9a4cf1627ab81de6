/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Warn when an HSM has few installations left. */
#ifndef SFI_HSM_BASE_LOW_WATER_H
#define SFI_HSM_BASE_LOW_WATER_H

#include <sfi/ctx.h>

/* Call it after a device was counted; it warns at `low_water` or fewer. */
void sfi__hsm_warn_low(sfi_ctx *ctx, uint64_t remaining, uint64_t maximum,
                       uint64_t low_water);

#endif
