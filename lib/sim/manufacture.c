/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A new chip with a bootloader of a chosen version, in a folder or in memory.
 */
#include <string.h>

#include <sfi/sim.h>

#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "chip/define/define.h"
#include "sim/sim.h"
#include "sim/storage/factory.h"
#include "sim/storage/fit.h"

SFI_ABI_PIN(sfi_sim_make_options, maker);

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

/* What both ways to make a chip need. */
static sfi_status
manufacture_take_options(sfi_ctx *ctx, const sfi_sim_make_options *options,
                         sfi_sim_make_options *o)
{
    sfi_status st = SFI_ABI_IN(ctx, sfi_sim_make_options, o, options);

    if (st != SFI_OK)
        return st;
    SFI_ARG(ctx, options->flags == 0);
    SFI_ARG(ctx, options->chip != NULL);
    st = sfi__chip_need_security(ctx, o->chip);
    if (st != SFI_OK)
        return st;
    return sfi__sim_loader(o->chip, o->bootloader) != NULL
               ? SFI_OK
               : manufacture_unknown_loader(ctx, o->chip, o->bootloader);
}

sfi_status
sfi_sim_manufacture_with(sfi_ctx *ctx, const sfi_sim_make_options *options)
{
    sfi_sim_make_options o;
    sfi_status st;

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, options != NULL);
    st = manufacture_take_options(ctx, options, &o);
    if (st != SFI_OK)
        return st;
    SFI_ARG(ctx, o.ca_dir != NULL && o.ca_dir[0] != '\0');
    SFI_ARG(ctx, o.state_dir != NULL && o.state_dir[0] != '\0');
    SFI_ARG(ctx, o.maker == NULL);
    return sfi__factory_make(ctx, &o);
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

sfi_status
sfi_sim_fit_board(sfi_ctx *ctx, const char *state_dir,
                  const sfi_firmware *const *programs, size_t count)
{
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, state_dir != NULL && state_dir[0] != '\0');
    SFI_ARG(ctx, programs != NULL);
    SFI_ARG(ctx, count > 0);
    for (size_t i = 0; i < count; i++)
        SFI_ARG(ctx, programs[i] != NULL);
    return sfi__fit_board(ctx, state_dir, programs, count);
}

/* The CA is in memory, too. */
static sfi_status
manufacture_check_maker(sfi_ctx *ctx, const sfi_sim *maker)
{
    if (maker == NULL)
        return SFI_OK;
    SFI_ARG(ctx, sfi__is(maker, OBJ_SIM));
    if (sfi__store_is_memory(&maker->store))
        return SFI_OK;
    return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                     "the maker's chip is in a folder, expected one in memory; "
                     "or name the folder of the CA");
}

static sfi_status
manufacture_in_memory(sfi_ctx *ctx, const sfi_sim_make_options *options,
                      const struct sim_source *board, sfi_sim **out)
{
    struct sim_source s = *board;
    sfi_sim_make_options o;
    sfi_status st = manufacture_take_options(ctx, options, &o);

    if (st != SFI_OK)
        return st;
    SFI_ARG(ctx, o.state_dir == NULL);
    SFI_ARG(ctx, o.ca_dir == NULL || o.ca_dir[0] != '\0');
    SFI_ARG(ctx, o.ca_dir == NULL || o.maker == NULL);
    st = manufacture_check_maker(ctx, o.maker);
    s.make = &o;
    return st == SFI_OK ? sfi__sim_make(ctx, &s, out) : st;
}

sfi_status
sfi_sim_make_in_memory(sfi_ctx *ctx, const sfi_sim_make_options *options,
                       sfi_sim **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, options != NULL);
    return manufacture_in_memory(ctx, options, &(struct sim_source){0}, out);
}

sfi_status
sfi_sim_make_board(sfi_ctx *ctx, const sfi_sim_make_options *options,
                   const char *program, const sfi_firmware *const *programs,
                   size_t count, sfi_sim **out)
{
    const struct sim_source s = {
        .program = program, .programs = programs, .program_count = count};

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, options != NULL);
    SFI_ARG(ctx, program != NULL && program[0] != '\0');
    SFI_ARG(ctx, programs != NULL);
    SFI_ARG(ctx, count > 0);
    for (size_t i = 0; i < count; i++)
        SFI_ARG(ctx, programs[i] != NULL);
    return manufacture_in_memory(ctx, options, &s, out);
}

sfi_status
sfi_sim_personalization(const sfi_sim *sim, sfi_personalization **out)
{
    SFI_ENTER_NEW(sim, SIM, out);
    if (!sfi__store_is_memory(&sim->store))
        return sfi__fail(sim->obj.ctx, SFI_ERR_STATE,
                         "the chip is in a folder; the personalisation file is "
                         "in the folder of its CA");
    return sfi__perso_new(sim->obj.ctx, sim->store.personalization,
                          sizeof(sim->store.personalization), out);
}
