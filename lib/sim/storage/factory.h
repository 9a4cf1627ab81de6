/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip maker, for sfi_sim_manufacture() and its like. */
#ifndef SFI_SIM_STORAGE_FACTORY_H
#define SFI_SIM_STORAGE_FACTORY_H

#include <sfi/ctx.h>

#include "chip/chip.h"

/* `loader`: the version of its bootloader; NULL: the newest. */
sfi_status sfi__factory_make(sfi_ctx *ctx, const struct sfi_chip *chip,
                             const char *loader, const char *ca_dir,
                             const char *state_dir);

#endif
