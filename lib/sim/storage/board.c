/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The memory of a board in a chip's folder, a file that sfi-board maps too. */
#include <string.h>

#include "util/file.h"
#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/files.h"
#include "sim/board/wire.h"
#include "sim/storage/store.h"

bool
sfi__store_is_board(const char *dir)
{
    char path[STORE_PATH_MAX];

    sfi__text_format(path, sizeof(path), "%s/%s", dir, STORE_BOARD);
    return sfi__file_is_there(path);
}

size_t
sfi__store_board_len(const struct sfi_chip *chip)
{
    return WIRE_FILE_FLASH_AT + chip->flash.size +
           WIRE_FILE_BITS_LEN(chip->flash.size, chip->program_unit);
}

static bool
board_is_of(const struct sfi_chip *chip, const struct buf *b)
{
    return b->len == sfi__store_board_len(chip) &&
           sfi__equal(b->data, WIRE_FILE_MAGIC, sizeof(WIRE_FILE_MAGIC)) &&
           sfi__equal(b->data + WIRE_FILE_PART_AT, chip->name,
                      strlen(chip->name) + 1);
}

sfi_status
sfi__store_board_load(sfi_ctx *ctx, const char *dir,
                      const struct sfi_chip *chip, struct buf *out)
{
    char path[STORE_PATH_MAX];
    sfi_status st = sfi__store_path(ctx, path, dir, STORE_BOARD);

    sfi__buf_init(out, &ctx->alloc, true);
    if (st != SFI_OK)
        return st;
    st = sfi__load(ctx, path, sfi__store_board_len(chip), true, out);
    if (st != SFI_OK || board_is_of(chip, out))
        return st;
    (void)sfi__fail(ctx, SFI_ERR_FORMAT, "is not the memory of a board of %s",
                    chip->name);
    return sfi__where(ctx, "%s", path);
}

void
sfi__store_board_pack(const struct sfi_chip *chip, const uint32_t *words,
                      uint8_t *memory)
{
    struct wr w;

    sfi__wr_init(&w, memory + WIRE_FILE_OPTIONS_AT, (size_t)chip->ob_count * 8);
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        sfi__wr_u32le(&w, words[i]);
        sfi__wr_u32le(&w, ~words[i]);
    }
}

void
sfi__store_board_unpack(const struct sfi_chip *chip, const uint8_t *memory,
                        uint32_t *words)
{
    struct rd r;

    sfi__rd_init(&r, memory + WIRE_FILE_OPTIONS_AT, (size_t)chip->ob_count * 8);
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        words[i] = sfi__rd_u32le(&r);
        sfi__rd_skip(&r, 4);
    }
}
