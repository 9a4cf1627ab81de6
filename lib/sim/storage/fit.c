/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Puts the programs of a board into a chip's folder, as the maker of a device
 * does with a debug probe before readout protection is set: the programs around
 * the user range, key and certificate in a data page, the option bytes. */
#include "sim/storage/fit.h"

#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"
#include "crypto/hash.h"
#include "sim/board/wire.h"
#include "sim/storage/flash.h"
#include "sim/storage/store.h"
#include "wire/data_page.h"

/* What the flash holds beside the user range. */
static const struct fit_plan {
    const char *chip;
    struct chip_range programs[2]; /* size 0: none */
    struct chip_range pages;
    uint32_t page_at; /* the one that is written first */
    struct {
        uint32_t row, mask, word;
    } options[2]; /* mask 0: none */
} plans[] = {
    {
        .chip = "stm32l462ce",
        .programs = {{0x08000000, 4u << 10}, {0x08075800, 38u << 10}},
        .pages = {DATA_PAGE_L462_0, 2 * DATA_PAGE_L462_LEN},
        .page_at = DATA_PAGE_L462_1,
        .options = {{3, UINT32_MAX, 0x00010000}}, /* WRP1AR: pages 0 and 1 */
    },
    {
        .chip = "stm32h753xi",
        .programs = {{0x08000000, 128u << 10}},
        .pages = {DATA_PAGE_H753_0, 2 * DATA_PAGE_H753_LEN},
        .page_at = DATA_PAGE_H753_1,
        .options = {{0, 0xff00, CHIP_RDP_LEVEL1 << 8}, /* FOPTSR */
                    {5, 1, 0}},                        /* FWPSN_A: sector 0 */
    },
};

/* What is done to a folder, or to a chip in memory. */
struct fit {
    sfi_ctx *ctx;
    const char *dir; /* NULL: in memory */
    const struct fit_plan *plan;
    struct store store;
    struct buf memory;               /* STORE_BOARD */
    char digest[STORE_PROGRAMS_MAX]; /* of the programs */
};

static sfi_status
fit_find_plan(struct fit *f)
{
    const size_t count = sizeof(plans) / sizeof(*plans);

    for (size_t i = 0; i < count; i++) {
        if (sfi__text_same(plans[i].chip, f->store.chip->name)) {
            f->plan = &plans[i];
            return SFI_OK;
        }
    }
    return sfi__fail(f->ctx, SFI_ERR_UNSUPPORTED,
                     "a virtual %s cannot be a board, expected %s or %s",
                     f->store.chip->name, plans[0].chip, plans[1].chip);
}

static uint8_t *
fit_at(const struct fit *f, uint32_t address)
{
    return f->memory.data + WIRE_FILE_FLASH_AT +
           (address - f->store.chip->flash.base);
}

static bool
fit_is_place(const struct fit_plan *plan, uint64_t address, size_t len)
{
    for (size_t i = 0; i < 2; i++) {
        const struct chip_range *r = &plan->programs[i];

        if (address >= r->base && address - r->base <= r->size &&
            len <= r->size - (address - r->base))
            return true;
    }
    return false;
}

static void
fit_outside(const struct fit *f, uint64_t address, size_t len)
{
    const struct chip_range *r = f->plan->programs;

    if (r[1].size != 0)
        (void)sfi__fail(f->ctx, SFI_ERR_RANGE,
                        "%zu bytes at 0x%08llx, expected all in the secure "
                        "boot from 0x%08x or in the secure bootloader from "
                        "0x%08x",
                        len, (unsigned long long)address, r[0].base, r[1].base);
    else
        (void)sfi__fail(f->ctx, SFI_ERR_RANGE,
                        "%zu bytes at 0x%08llx, expected all in the secure "
                        "bootloader from 0x%08x to 0x%08x",
                        len, (unsigned long long)address, r[0].base,
                        sfi__chip_range_end(r) - 1);
}

static sfi_status
fit_put_segment(struct fit *f, const sfi_firmware *program, size_t index)
{
    const struct fit_plan *plan = f->plan;
    const uint8_t *data;
    uint64_t address;
    size_t len;
    sfi_status st = sfi_firmware_segment(program, index, &address, &data, &len);

    if (st != SFI_OK)
        return st;
    if (!fit_is_place(plan, address, len)) {
        fit_outside(f, address, len);
        return sfi__where(f->ctx, "%s", sfi_firmware_name(program));
    }
    memcpy(fit_at(f, (uint32_t)address), data, len);
    return SFI_OK;
}

static sfi_status
fit_put_program(struct fit *f, const sfi_firmware *program)
{
    sfi_status st = SFI_OK;

    for (size_t i = 0; st == SFI_OK && i < sfi_firmware_segment_count(program);
         i++)
        st = fit_put_segment(f, program, i);
    return st;
}

static sfi_status
fit_put_programs(struct fit *f, const sfi_firmware *const *programs,
                 size_t count)
{
    sfi_status st = SFI_OK;

    for (size_t i = 0; i < 2 && f->plan->programs[i].size != 0; i++)
        sfi__fill(fit_at(f, f->plan->programs[i].base), FLASH_ERASED,
                  f->plan->programs[i].size);
    for (size_t i = 0; i < count && st == SFI_OK; i++)
        st = fit_put_program(f, programs[i]);
    return st;
}

/* Of all the places where programs can be, so that it tells whether the folder
 * was fitted with these. */
static sfi_status
fit_make_digest(struct fit *f)
{
    uint8_t hash[2 * SFI_SHA256_LEN], whole[SFI_SHA256_LEN];
    sfi_status st = SFI_OK;
    size_t i = 0;

    for (; i < 2 && f->plan->programs[i].size != 0 && st == SFI_OK; i++)
        st = sfi__sha256(f->ctx, fit_at(f, f->plan->programs[i].base),
                         f->plan->programs[i].size, hash + i * SFI_SHA256_LEN);
    if (st == SFI_OK)
        st = sfi__sha256(f->ctx, hash, i * SFI_SHA256_LEN, whole);
    if (st == SFI_OK)
        sfi__hex_encode(f->digest, whole, sizeof(whole));
    return st;
}

/* That of a new part, with the flash that the folder has. */
static sfi_status
fit_make_memory(struct fit *f)
{
    const struct sfi_chip *chip = f->store.chip;
    uint8_t *m;

    if (!sfi__buf_fill(&f->memory, 0, sfi__store_board_len(chip)))
        return sfi__nomem(f->ctx);
    m = f->memory.data;
    memcpy(m, WIRE_FILE_MAGIC, sizeof(WIRE_FILE_MAGIC));
    memcpy(m + WIRE_FILE_PART_AT, chip->name, strlen(chip->name));
    sfi__fill(m + WIRE_FILE_OTP_AT, FLASH_ERASED, WIRE_FILE_OTP_LEN);
    sfi__store_board_pack(chip, f->store.options, m);
    if (f->dir == NULL) {
        sfi__flash_ship(chip, m + WIRE_FILE_FLASH_AT);
        return SFI_OK;
    }
    return sfi__store_read(f->ctx, f->dir, STORE_FLASH, m + WIRE_FILE_FLASH_AT,
                           chip->flash.size);
}

/* What a model has kept elsewhere is not in the data pages. */
static sfi_status
fit_need_new_chip(const struct fit *f)
{
    const uint8_t *r = f->store.record;
    size_t i = 0;

    while (i < sizeof(f->store.record) && r[i] == 0)
        i++;
    if (i == sizeof(f->store.record))
        return SFI_OK;
    (void)sfi__fail(f->ctx, SFI_ERR_STATE,
                    "the chip has run before without a board, expected a new "
                    "one");
    return sfi__where(f->ctx, "%s", f->dir);
}

/* The first time: what makes a chip a board. */
static sfi_status
fit_personalise(struct fit *f)
{
    const struct fit_plan *plan = f->plan;
    uint8_t *page = fit_at(f, plan->page_at);
    sfi_status st = fit_need_new_chip(f);

    if (st != SFI_OK)
        return st;
    sfi__fill(fit_at(f, plan->pages.base), FLASH_ERASED, plan->pages.size);
    sfi__data_page_head(page, 1, f->store.device_secret, f->store.certificate);
    sfi__data_page_seal(page + DATA_PAGE_SEAL_AT);
    for (size_t i = 0; i < sizeof(plan->options) / sizeof(*plan->options);
         i++) {
        uint32_t *word = &f->store.options[plan->options[i].row];

        *word = (*word & ~plan->options[i].mask) | plan->options[i].word;
    }
    sfi__store_board_pack(f->store.chip, f->store.options, f->memory.data);
    return SFI_OK;
}

static void
fit_remove(const struct fit *f, const char *name)
{
    char path[STORE_PATH_MAX];

    sfi__text_format(path, sizeof(path), "%s/%s", f->dir, name);
    (void)sfi__sys_remove(path);
}

/* From the first file on it is a board, with the second it is known which; the
 * model's files are not looked at any more. */
static sfi_status
fit_save(struct fit *f)
{
    char line[sizeof(f->digest) + 1];
    sfi_status st =
        sfi__store_write(f->ctx, f->dir, STORE_BOARD, f->memory.data,
                         f->memory.len, 0600); /* it holds the device key */

    if (st != SFI_OK)
        return st;
    sfi__text_format(line, sizeof(line), "%s\n", f->digest);
    st = sfi__store_write(f->ctx, f->dir, STORE_PROGRAMS, (const uint8_t *)line,
                          strlen(line), 0644);
    if (st != SFI_OK)
        return st;
    fit_remove(f, STORE_FLASH);
    fit_remove(f, STORE_OPTIONS);
    fit_remove(f, STORE_RECORD);
    return SFI_OK;
}

static sfi_status
fit_programs(struct fit *f, const sfi_firmware *const *programs, size_t count)
{
    sfi_status st = fit_put_programs(f, programs, count);

    if (st == SFI_OK)
        st = fit_make_digest(f);
    if (st != SFI_OK || sfi__text_same(f->digest, f->store.programs))
        return st;
    if (!f->store.is_board)
        st = fit_personalise(f);
    return st == SFI_OK && f->dir != NULL ? fit_save(f) : st;
}

static sfi_status
fit_folder(struct fit *f, const sfi_firmware *const *programs, size_t count)
{
    sfi_status st = sfi__store_open(f->ctx, f->dir, &f->store);

    if (st == SFI_OK)
        st = fit_find_plan(f);
    if (st == SFI_OK)
        st = f->store.is_board ? sfi__store_board_load(
                                     f->ctx, f->dir, f->store.chip, &f->memory)
                               : fit_make_memory(f);
    return st == SFI_OK ? fit_programs(f, programs, count) : st;
}

sfi_status
sfi__fit_board(sfi_ctx *ctx, const char *dir,
               const sfi_firmware *const *programs, size_t count)
{
    struct fit f = {.ctx = ctx, .dir = dir};
    int lock_fd = -1;
    sfi_status st = sfi__store_lock(ctx, dir, &lock_fd);

    if (st != SFI_OK)
        return st;
    sfi__buf_init(&f.memory, &ctx->alloc, true);
    st = fit_folder(&f, programs, count);
    sfi__buf_free(&f.memory);
    sfi__store_wipe(&f.store);
    (void)sfi__sys_close(lock_fd);
    return st;
}

sfi_status
sfi__fit_memory(sfi_ctx *ctx, struct store *s,
                const sfi_firmware *const *programs, size_t count,
                struct buf *memory)
{
    struct fit f = {.ctx = ctx, .store = *s};
    sfi_status st = fit_find_plan(&f);

    sfi__buf_init(&f.memory, &ctx->alloc, true);
    if (st == SFI_OK)
        st = fit_make_memory(&f);
    if (st == SFI_OK)
        st = fit_programs(&f, programs, count);
    if (st == SFI_OK)
        sfi__store_board_unpack(s->chip, f.memory.data, s->options);
    s->is_board = st == SFI_OK;
    *memory = f.memory;
    sfi__store_wipe(&f.store);
    return st;
}
