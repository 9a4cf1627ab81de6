/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A new chip with a bootloader of a chosen version. */
#include <string.h>

#include <sfi/sim.h>

#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "chip/define/define.h"
#include "sim/habits.h"
#include "sim/storage/factory.h"

SFI_ABI_PIN(sfi_sim_make_options, state_dir);

/* All versions of a part in a message. */
#define VERSIONS_TEXT_MAX 128u

static sfi_status
manufacture_unknown_loader(sfi_ctx *ctx, const struct sfi_chip *chip,
                           const char *version)
{
    char known[VERSIONS_TEXT_MAX] = "";
    const struct sim_loader *l;

    for (size_t i = 0; (l = sfi__sim_loader_at(chip, i)) != NULL; i++)
        sfi__text_format(known + strlen(known), sizeof(known) - strlen(known),
                         "%s%s", i > 0 ? ", " : "", l->version);
    return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                     "no bootloader \"%s\" of %s, expected one of: %s", version,
                     chip->name, known);
}

sfi_status
sfi_sim_manufacture_with(sfi_ctx *ctx, const sfi_sim_make_options *options)
{
    sfi_sim_make_options o;
    sfi_status st;

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, options != NULL);
    st = SFI_ABI_IN(ctx, sfi_sim_make_options, &o, options);
    if (st != SFI_OK)
        return st;
    SFI_ARG(ctx, options->flags == 0);
    SFI_ARG(ctx, o.chip != NULL);
    SFI_ARG(ctx, o.ca_dir != NULL && o.ca_dir[0] != '\0');
    SFI_ARG(ctx, o.state_dir != NULL && o.state_dir[0] != '\0');
    st = sfi__chip_need_security(ctx, o.chip);
    if (st != SFI_OK)
        return st;
    if (sfi__sim_loader(o.chip, o.bootloader) == NULL)
        return manufacture_unknown_loader(ctx, o.chip, o.bootloader);
    return sfi__factory_make(ctx, o.chip, o.bootloader, o.ca_dir, o.state_dir);
}

sfi_status
sfi_sim_manufacture(sfi_ctx *ctx, const sfi_chip *chip, const char *ca_dir,
                    const char *state_dir)
{
    const sfi_sim_make_options options = {
        .struct_size = sizeof(options),
        .chip = chip,
        .ca_dir = ca_dir,
        .state_dir = state_dir,
    };

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, chip != NULL);
    SFI_ARG(ctx, ca_dir != NULL && ca_dir[0] != '\0');
    SFI_ARG(ctx, state_dir != NULL && state_dir[0] != '\0');
    return sfi_sim_manufacture_with(ctx, &options);
}
