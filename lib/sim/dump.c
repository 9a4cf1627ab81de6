/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The owner's view of a chip's memories: of an open chip, or of its folder. */
#include <string.h>

#include "core/ctx.h"
#include "core/err.h"
#include "core/files.h"
#include "sim/board/wire.h"
#include "sim/emulated.h"
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
        if (sim->emulated != NULL && !sfi__emulated_load_ram(sim))
            return sfi__fail(ctx, SFI_ERR_STATE,
                             "the board program does not run any more");
        return dump_copy_area(ctx, sim->ram, sim->ram_len, data, len);
    default:
        return dump_no_such_area(ctx, area);
    }
}

/* Where a folder keeps an area. */
struct dump_place {
    const char *dir;
    const struct sfi_chip *chip;
    uint32_t area;
    const char *file; /* NULL: in the board's memory */
    size_t len;
};

/* false: no file has this area. */
static bool
dump_fill_place(struct dump_place *p)
{
    bool is_board = sfi__store_is_board(p->dir);

    switch (p->area) {
    case SFI_SIM_FLASH:
        p->len = p->chip->flash.size;
        p->file = is_board ? NULL : STORE_FLASH;
        return true;
    case SFI_SIM_OPTION_BYTES:
        p->len = (size_t)p->chip->ob_count * 4;
        p->file = is_board ? NULL : STORE_OPTIONS;
        return true;
    case SFI_SIM_CERTIFICATE:
        p->len = SFI_CERTIFICATE_LEN;
        p->file = STORE_CERTIFICATE;
        return true;
    case SFI_SIM_DEVICE_KEY:
        p->len = SFI_ECC_SECRET_LEN;
        p->file = STORE_DEVICE_KEY;
        return true;
    default:
        return false;
    }
}

/* The part in a folder, and the place of one of its areas. */
static sfi_status
dump_find_area(sfi_ctx *ctx, const char *state_dir, uint32_t area,
               struct dump_place *p)
{
    sfi_status st;

    *p = (struct dump_place){.dir = state_dir, .area = area};
    st = sfi__store_chip(ctx, state_dir, &p->chip);
    if (st != SFI_OK)
        return st;
    return dump_fill_place(p) ? SFI_OK : dump_no_such_area(ctx, area);
}

static sfi_status
dump_read_board(sfi_ctx *ctx, const struct dump_place *p, uint8_t *data)
{
    uint32_t words[CHIP_OB_ROWS_MAX];
    struct buf memory;
    sfi_status st = sfi__store_board_load(ctx, p->dir, p->chip, &memory);

    if (st == SFI_OK && p->area == SFI_SIM_FLASH) {
        memcpy(data, memory.data + WIRE_FILE_FLASH_AT, p->len);
    } else if (st == SFI_OK) {
        sfi__store_board_unpack(p->chip, memory.data, words);
        sfi__store_pack(p->chip, words, data);
    }
    sfi__buf_free(&memory);
    return st;
}

static sfi_status
dump_read_place(sfi_ctx *ctx, const struct dump_place *p, uint8_t *data)
{
    return p->file == NULL
               ? dump_read_board(ctx, p, data)
               : sfi__store_read(ctx, p->dir, p->file, data, p->len);
}

sfi_status
sfi_sim_peek(sfi_ctx *ctx, const char *state_dir, uint32_t area, uint8_t *data,
             size_t *len)
{
    struct dump_place p;
    size_t room;
    sfi_status st;

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, state_dir != NULL);
    SFI_ARG(ctx, data != NULL);
    SFI_ARG(ctx, len != NULL);
    st = dump_find_area(ctx, state_dir, area, &p);
    if (st != SFI_OK)
        return st;
    room = *len;
    *len = p.len;
    return room < p.len ? dump_buffer_too_small(ctx, p.len, room)
                        : dump_read_place(ctx, &p, data);
}

static uint32_t
dump_file_kind(uint32_t area)
{
    if (area == SFI_SIM_DEVICE_KEY)
        return SFI_FILE_KEY;
    return area == SFI_SIM_CERTIFICATE ? SFI_FILE_CERTIFICATE : SFI_FILE_OTHER;
}

/* The flash of a board holds the device key. */
static unsigned
dump_file_mode(const struct dump_place *p)
{
    return p->area == SFI_SIM_DEVICE_KEY || p->file == NULL ? 0600 : 0644;
}

sfi_status
sfi_sim_save(sfi_ctx *ctx, const char *state_dir, uint32_t area,
             const char *path)
{
    struct dump_place p;
    struct buf b;
    sfi_status st;

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, state_dir != NULL);
    SFI_ARG(ctx, path != NULL);
    st = dump_find_area(ctx, state_dir, area, &p);
    if (st != SFI_OK)
        return st;
    sfi__buf_init(&b, &ctx->alloc, true);
    if (!sfi__buf_fill(&b, 0, p.len))
        return sfi__nomem(ctx);
    st = dump_read_place(ctx, &p, b.data);
    if (st == SFI_OK)
        st = sfi__output_save(ctx, path, dump_file_kind(area),
                              dump_file_mode(&p), b.data, p.len);
    sfi__buf_free(&b);
    return st;
}
