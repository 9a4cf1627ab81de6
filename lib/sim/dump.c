/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The owner's view of a chip's memories: of an open chip, or of its folder. */
#include <string.h>

#include "core/ctx.h"
#include "core/err.h"
#include "core/files.h"
#include "sim/sim.h"

static sfi_status
dump_buffer_too_small(sfi_ctx *ctx, size_t size, size_t room)
{
    return sfi__fail(ctx, SFI_ERR_BUFFER,
                     "the area is %zu bytes, the buffer %zu", size, room);
}

/* Copy the area out, or say how much room it needs. */
static sfi_status
dump_copy_area(sfi_ctx *ctx, const void *from, size_t size, uint8_t *data,
               size_t *len)
{
    size_t room = *len;

    *len = size;
    if (room < size)
        return dump_buffer_too_small(ctx, size, room);
    memcpy(data, from, size);
    return SFI_OK;
}

static sfi_status
dump_no_such_area(sfi_ctx *ctx, uint32_t area)
{
    return sfi__fail(ctx, SFI_ERR_ARGUMENT, "unknown area %lu",
                     (unsigned long)area);
}

sfi_status
sfi_sim_dump(const sfi_sim *sim, uint32_t area, uint8_t *data, size_t *len)
{
    uint8_t words[CHIP_OB_ROWS_MAX * 4];
    const struct store *s;
    sfi_ctx *ctx;

    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, data != NULL);
    SFI_ARG(sim, len != NULL);
    ctx = sim->obj.ctx;
    s = &sim->store;
    switch (area) {
    case SFI_SIM_FLASH:
        return dump_copy_area(ctx, sim->flash.mem, sim->chip->flash.size, data,
                              len);
    case SFI_SIM_OPTION_BYTES:
        sfi__store_pack(sim->chip, s->options, words);
        return dump_copy_area(ctx, words, (size_t)sim->chip->ob_count * 4, data,
                              len);
    case SFI_SIM_CERTIFICATE:
        return dump_copy_area(ctx, s->certificate, sizeof(s->certificate), data,
                              len);
    case SFI_SIM_DEVICE_KEY:
        return dump_copy_area(ctx, s->device_secret, sizeof(s->device_secret),
                              data, len);
    case SFI_SIM_RAM:
        return dump_copy_area(ctx, sim->ram, sim->ram_len, data, len);
    default:
        return dump_no_such_area(ctx, area);
    }
}

/* The file that holds an area, and its length; NULL: no file does. */
static const char *
dump_area_file(const struct sfi_chip *chip, uint32_t area, size_t *len)
{
    switch (area) {
    case SFI_SIM_FLASH:
        *len = chip->flash.size;
        return STORE_FLASH;
    case SFI_SIM_OPTION_BYTES:
        *len = (size_t)chip->ob_count * 4;
        return STORE_OPTIONS;
    case SFI_SIM_CERTIFICATE:
        *len = SFI_CERTIFICATE_LEN;
        return STORE_CERTIFICATE;
    case SFI_SIM_DEVICE_KEY:
        *len = SFI_ECC_SECRET_LEN;
        return STORE_DEVICE_KEY;
    default:
        return NULL;
    }
}

/* The part in a folder, and the file of one of its areas. */
static sfi_status
dump_find_area(sfi_ctx *ctx, const char *state_dir, uint32_t area,
               const char **name, size_t *size)
{
    const struct sfi_chip *chip = NULL;
    sfi_status st = sfi__store_chip(ctx, state_dir, &chip);

    if (st != SFI_OK)
        return st;
    *name = dump_area_file(chip, area, size);
    return *name != NULL ? SFI_OK : dump_no_such_area(ctx, area);
}

sfi_status
sfi_sim_peek(sfi_ctx *ctx, const char *state_dir, uint32_t area, uint8_t *data,
             size_t *len)
{
    const char *name;
    size_t size, room;
    sfi_status st;

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, state_dir != NULL);
    SFI_ARG(ctx, data != NULL);
    SFI_ARG(ctx, len != NULL);
    st = dump_find_area(ctx, state_dir, area, &name, &size);
    if (st != SFI_OK)
        return st;
    room = *len;
    *len = size;
    return room < size ? dump_buffer_too_small(ctx, size, room)
                       : sfi__store_read(ctx, state_dir, name, data, size);
}

static uint32_t
dump_file_kind(uint32_t area)
{
    if (area == SFI_SIM_DEVICE_KEY)
        return SFI_FILE_KEY;
    return area == SFI_SIM_CERTIFICATE ? SFI_FILE_CERTIFICATE : SFI_FILE_OTHER;
}

sfi_status
sfi_sim_save(sfi_ctx *ctx, const char *state_dir, uint32_t area,
             const char *path)
{
    const char *name;
    struct buf b;
    size_t size;
    sfi_status st;

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, state_dir != NULL);
    SFI_ARG(ctx, path != NULL);
    st = dump_find_area(ctx, state_dir, area, &name, &size);
    if (st != SFI_OK)
        return st;
    sfi__buf_init(&b, &ctx->alloc, true);
    if (!sfi__buf_fill(&b, 0, size))
        return sfi__nomem(ctx);
    st = sfi__store_read(ctx, state_dir, name, b.data, size);
    if (st == SFI_OK)
        st = sfi__output_save(ctx, path, dump_file_kind(area),
                              area == SFI_SIM_DEVICE_KEY ? 0600 : 0644, b.data,
                              size);
    sfi__buf_free(&b);
    return st;
}
