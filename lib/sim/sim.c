/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A virtual chip: open and close, power, pins, and its owner's access. */
#include "sim/sim.h"

#include <string.h>

#include <sfi/version.h>

#include "util/mem.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/files.h"
#include "sim/board/process.h"
#include "sim/board/wire.h"
#include "sim/boot.h"
#include "sim/bus.h"
#include "sim/emulated.h"
#include "sim/options.h"
#include "sim/secure.h"
#include "sim/storage/factory.h"
#include "sim/storage/fit.h"

uint32_t
sfi_sim_version(void)
{
    return SFI_VERSION_NUMBER;
}

static void
sim_destroy(void *self)
{
    struct sfi_sim *sim = self;

    if (sim->server != NULL)
        sim->end_server(sim);
    sfi__secure_stop(sim);
    sfi__emulated_stop(sim);
    if (sim->ram != NULL)
        sfi__wipe(sim->ram, sim->ram_len);
    sfi__ctx_dealloc(sim->obj.ctx, sim->ram);
    sfi__ctx_dealloc(sim->obj.ctx, sim->own_ram);
    sfi__buf_free(&sim->line);
    sfi__store_wipe(&sim->store);
    sfi__flash_close(&sim->flash);
    if (sim->lock_fd >= 0)
        (void)sfi__sys_close(sim->lock_fd);
    if (sim->leaver_fd >= 0)
        (void)sfi__sys_close(sim->leaver_fd);
    sfi_ctx_free(sim->inner);
}

/* Of a host's USART that says nothing else. */
#define USART_BAUD 115200u

/* The chip's own errors must not overwrite those of its host. */
static sfi_status
sim_make_inner_context(struct sfi_sim *sim)
{
    const struct alloc *a = &sim->obj.ctx->alloc;
    const sfi_allocator allocator = {
        .struct_size = sizeof(allocator),
        .user = a->user,
        .alloc = a->alloc,
        .free = a->free,
    };
    const sfi_ctx_options options = {
        .struct_size = sizeof(options),
        .allocator = &allocator,
    };

    if (sfi_ctx_new(&options, &sim->inner) != SFI_OK)
        return sfi__nomem(sim->obj.ctx);
    sim->store.ctx = sim->inner;
    sim->crypto.ctx = sim->inner;
    return SFI_OK;
}

static sfi_status
sim_allocate_ram(struct sfi_sim *sim)
{
    for (uint32_t i = 0; i < sim->chip->ram_count; i++)
        sim->ram_len += sim->chip->ram[i].size;
    sim->ram_len += sfi__secure_ram_len();
    if (sim->emulated != NULL)
        sim->ram_len = sfi__emulated_ram_len(sim);
    sim->ram = sfi__ctx_alloc(sim->obj.ctx, sim->ram_len);
    sim->own_ram_len = sfi__bus_own_ram_len(sim->chip);
    if (sim->ram == NULL || sim->own_ram_len == 0)
        return sim->ram != NULL ? SFI_OK : SFI_ERR_NOMEM;
    sim->own_ram = sfi__ctx_alloc(sim->obj.ctx, sim->own_ram_len);
    return sim->own_ram != NULL ? SFI_OK : SFI_ERR_NOMEM;
}

/* `program`: what runs a board; NULL: the model. */
static sfi_status
sim_check_board(struct sfi_sim *sim, const char *program)
{
    bool is_board = sim->store.is_board;

    if (is_board == (program != NULL))
        return SFI_OK;
    (void)sfi__fail(sim->obj.ctx, SFI_ERR_UNSUPPORTED,
                    is_board
                        ? "a board, which the program sfi-board runs; open it "
                          "with sfi_sim_open_board()"
                        : "not a board; sfi_sim_fit_board() makes it one");
    return sfi__where(sim->obj.ctx, "%s", sim->store.dir);
}

/* What the folder says, or the maker; "": the newest. */
static sfi_status
sim_find_loader(struct sfi_sim *sim)
{
    const char *name = sim->store.loader;

    sim->loader = sfi__sim_loader(sim->chip, name[0] != '\0' ? name : NULL);
    if (sim->loader != NULL) {
        sim->habits = sim->loader->habits;
        return SFI_OK;
    }
    (void)sfi__fail(sim->obj.ctx, SFI_ERR_FORMAT, "%s has no bootloader \"%s\"",
                    sim->chip->name, name);
    return sfi__where(sim->obj.ctx, "%s/%s", sim->store.dir, STORE_LOADER);
}

static sfi_status
sim_start_board(struct sfi_sim *sim, const char *program, const char *path)
{
    sfi_status st;

    sim->boot0 = false; /* its bootloader is in the flash */
    st = sfi__flash_map_part(sim->obj.ctx, path, sim->chip, WIRE_FILE_FLASH_AT,
                             sfi__store_board_len(sim->chip), &sim->flash);
    return st == SFI_OK ? sfi__emulated_start(sim, program, path) : st;
}

static sfi_status
sim_open_board(struct sfi_sim *sim, const char *program)
{
    char path[STORE_PATH_MAX];
    sfi_status st =
        sfi__store_path(sim->obj.ctx, path, sim->store.dir, STORE_BOARD);

    return st == SFI_OK ? sim_start_board(sim, program, path) : st;
}

static sfi_status
sim_open_folder(struct sfi_sim *sim, const char *dir, const char *program)
{
    sfi_ctx *ctx = sim->obj.ctx;
    char path[STORE_PATH_MAX];
    sfi_status st = sfi__store_lock(ctx, dir, &sim->lock_fd);

    if (st != SFI_OK)
        return st;
    st = sfi__store_open(ctx, dir, &sim->store);
    if (st != SFI_OK)
        return st;
    sim->chip = sim->store.chip;
    st = sim_find_loader(sim);
    if (st != SFI_OK)
        return st;
    st = sim_check_board(sim, program);
    if (st != SFI_OK)
        return st;
    if (program != NULL)
        return sim_open_board(sim, program);
    st = sfi__store_path(ctx, path, dir, STORE_FLASH);
    if (st != SFI_OK)
        return st;
    return sfi__flash_map(ctx, path, sim->chip, &sim->power, &sim->flash);
}

/* Both processes have the file open when its descriptor is closed. */
static sfi_status
sim_make_board(struct sfi_sim *sim, const struct sim_source *s)
{
    sfi_ctx *ctx = sim->obj.ctx;
    char path[STORE_PATH_MAX];
    struct buf memory;
    int fd = -1;
    sfi_status st = sfi__fit_memory(ctx, &sim->store, s->programs,
                                    s->program_count, &memory);

    if (st == SFI_OK)
        st = sfi__board_hold(ctx, &memory, path, sizeof(path), &fd);
    if (st == SFI_OK)
        st = sim_start_board(sim, s->program, path);
    if (fd >= 0)
        (void)sfi__sys_close(fd);
    sfi__buf_free(&memory);
    return st;
}

static sfi_status
sim_make(struct sfi_sim *sim, const struct sim_source *s)
{
    const sfi_sim_make_options *o = s->make;
    sfi_ctx *ctx = sim->obj.ctx;
    const struct store *maker = o->maker != NULL ? &o->maker->store : NULL;
    sfi_status st = sfi__factory_make_in_memory(ctx, o, maker, &sim->store);

    if (st != SFI_OK)
        return st;
    sim->chip = sim->store.chip;
    st = sim_find_loader(sim);
    if (st != SFI_OK)
        return st;
    if (s->program != NULL)
        return sim_make_board(sim, s);
    return sfi__flash_make(ctx, sim->chip, &sim->power, &sim->flash);
}

static struct sfi_sim *
sim_new(sfi_ctx *ctx)
{
    struct sfi_sim *sim = sfi__obj_new(ctx, OBJ_SIM, sizeof(*sim), sim_destroy);

    if (sim == NULL)
        return NULL;
    sim->lock_fd = -1;
    sim->leaver_fd = -1;
    sim->boot0 = true;
    sim->baud = USART_BAUD;
    sim->cold = true;
    sim->store.power = &sim->power;
    sfi__power_init(&sim->power);
    sfi__buf_init(&sim->line, &ctx->alloc, true);
    return sim;
}

static sfi_status
sim_start(sfi_ctx *ctx, const struct sim_source *s, sfi_sim **out)
{
    struct sfi_sim *sim = sim_new(ctx);
    sfi_status st;

    if (sim == NULL)
        return SFI_ERR_NOMEM;
    st = sim_make_inner_context(sim);
    if (st == SFI_OK)
        st = s->make != NULL ? sim_make(sim, s)
                             : sim_open_folder(sim, s->dir, s->program);
    if (st == SFI_OK)
        st = sim_allocate_ram(sim);
    if (st != SFI_OK) {
        sfi__obj_unref(sim);
        return st;
    }
    sfi__tap_init(&sim->chain);
    sfi__dap_probe_init(&sim->probe);
    if (sim->emulated != NULL)
        sfi__sim_power_cycle(sim);
    else
        sfi__sim_reset(sim);
    *out = sim;
    return SFI_OK;
}

sfi_status
sfi_sim_open(sfi_ctx *ctx, const char *state_dir, sfi_sim **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, state_dir != NULL);
    return sim_start(ctx, &(struct sim_source){.dir = state_dir}, out);
}

sfi_status
sfi_sim_open_board(sfi_ctx *ctx, const char *state_dir, const char *program,
                   sfi_sim **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, state_dir != NULL);
    SFI_ARG(ctx, program != NULL && program[0] != '\0');
    return sim_start(
        ctx, &(struct sim_source){.dir = state_dir, .program = program}, out);
}

sfi_status
sfi__sim_make(sfi_ctx *ctx, const struct sim_source *s, sfi_sim **out)
{
    return sim_start(ctx, s, out);
}

const sfi_chip *
sfi_sim_chip(const sfi_sim *sim)
{
    return sfi__is(sim, OBJ_SIM) ? sim->chip : NULL;
}

sfi_status
sfi_sim_usart(sfi_sim *sim, const uint8_t *in, size_t in_len, uint8_t *out,
              size_t *out_len)
{
    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, in != NULL || in_len == 0);
    SFI_ARG(sim, out_len != NULL);
    SFI_ARG(sim, out != NULL || *out_len == 0);
    sfi__sim_receive(sim, in, in_len);
    *out_len = sfi__sim_fetch(sim, out, *out_len);
    return SFI_OK;
}

void
sfi_sim_power_cut_after(sfi_sim *sim, uint64_t flash_ops)
{
    if (!sfi__is(sim, OBJ_SIM))
        return;
    if (sim->emulated != NULL)
        sfi__emulated_cut_after(sim, flash_ops);
    else
        sfi__power_cut_after(&sim->power, flash_ops);
}

uint64_t
sfi_sim_flash_ops(const sfi_sim *sim)
{
    return sfi__is(sim, OBJ_SIM) ? sim->power.ops : 0;
}

uint64_t
sfi_sim_resets(const sfi_sim *sim)
{
    return sfi__is(sim, OBJ_SIM) ? sim->resets : 0;
}

int
sfi_sim_has_power(const sfi_sim *sim)
{
    return sfi__is(sim, OBJ_SIM) && !sim->power.off;
}

sfi_status
sfi_sim_power_on(sfi_sim *sim)
{
    SFI_ENTER(sim, SIM);
    sfi__sim_power_cycle(sim);
    return SFI_OK;
}

void
sfi_sim_set_boot0(sfi_sim *sim, int level)
{
    if (sfi__is(sim, OBJ_SIM))
        sim->boot0 = level != 0;
}

int
sfi_sim_reset_is_due(const sfi_sim *sim)
{
    return sfi__is(sim, OBJ_SIM) && sfi__options_pending(sim);
}

void
sfi_sim_wait(sfi_sim *sim, uint32_t ms)
{
    if (sfi__is(sim, OBJ_SIM))
        sfi__sim_wait(sim, ms);
}

static sfi_status
sim_fail_no_power(struct sfi_sim *sim)
{
    return sfi__fail(sim->obj.ctx, SFI_ERR_STATE, "the chip has no power");
}

sfi_status
sfi_sim_set_option(sfi_sim *sim, const char *name, uint32_t value)
{
    uint32_t words[CHIP_OB_ROWS_MAX];
    uint32_t row = 0;

    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, name != NULL);
    while (row < sim->chip->ob_count &&
           !sfi__text_same(sim->chip->ob[row].name, name))
        row++;
    if (row == sim->chip->ob_count)
        return sfi__fail(sim->obj.ctx, SFI_ERR_ARGUMENT,
                         "%s has no option byte \"%s\"", sim->chip->name, name);
    if (sim->power.off)
        return sim_fail_no_power(sim);
    memcpy(words, sim->store.options, sizeof(words));
    words[row] = value;
    if (sim->emulated != NULL ? sfi__emulated_set_options(sim, words)
                              : sfi__options_program(sim, words))
        return SFI_OK;
    if (sim->power.off)
        return sim_fail_no_power(sim);
    return sfi__fail(sim->obj.ctx, SFI_ERR_STATE,
                     "option bytes of %s cannot be changed", sim->chip->name);
}

sfi_status
sfi_sim_erase_flash(sfi_sim *sim)
{
    const struct chip_range *flash;

    SFI_ENTER(sim, SIM);
    if (sim->emulated != NULL)
        return sfi__fail(sim->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "the flash of a board is erased by its programs only");
    flash = &sim->chip->flash;
    if (sfi__flash_erase(&sim->flash, flash->base, flash->size) != FLASH_OK)
        return sim_fail_no_power(sim);
    return SFI_OK;
}

sfi_status
sfi_sim_read_flash(const sfi_sim *sim, uint64_t address, uint8_t *data,
                   size_t len)
{
    const uint8_t *from = NULL;

    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, data != NULL);
    if (address <= UINT32_MAX && len <= UINT32_MAX)
        from = sfi__flash_view(&sim->flash, (uint32_t)address, (uint32_t)len);
    if (from == NULL)
        return sfi__fail(sim->obj.ctx, SFI_ERR_RANGE,
                         "%zu bytes at 0x%08llx are not all in the flash of %s",
                         len, (unsigned long long)address, sim->chip->name);
    memcpy(data, from, len);
    return SFI_OK;
}

void
sfi_sim_free(sfi_sim *sim)
{
    sfi__obj_free(sim, OBJ_SIM);
}
