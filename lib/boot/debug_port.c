/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* No bootloader at all: a debug port (JTAG, SWD).  An open part's memory is
 * just there; a secure one talks through its mailbox (doc/protocol.md). */
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"
#include "core/ctx.h"
#include "core/err.h"
#include "chip/chip.h"
#include "wire/mailbox.h"
#include "boot/debug_port.h"

/* A part that was reset needs a moment to be there again. */
#define POLL_MS 50u
/* For the answer: often at first, as most requests are quick. */
#define ANSWER_POLL_MAX_MS 16u
/* RM0433, 60.5.8 */
#define IDCODE_DEV_ID 0xfffu
#define BLOCK (MEM_WORDS * 4u)
/* Two bits differ at least: one that is wrong makes no old number a new one. */
#define LETTER_STEP 3u
/* A request that a reset swallowed, an access that went wrong ... */
#define REPEATS 3u
/* ... and that the probe gave up on within that. */
#define QUICK_MS 2000u

/* ---- words ---- */

static sfi_status
read_once(struct boot *b, uint32_t address, uint32_t *words, size_t count)
{
    sfi_status st = sfi__link_cancelled(&b->link);

    if (st != SFI_OK)
        return st;
    return sfi__transport_read32(b->link.tp, address, words, count);
}

sfi_status
sfi__debug_write_once(struct boot *b, uint32_t address, const uint32_t *words,
                      size_t count)
{
    sfi_status st = sfi__link_cancelled(&b->link);

    if (st != SFI_OK)
        return st;
    return sfi__transport_write32(b->link.tp, address, words, count);
}

/* A fault may have been the line's.  A probe that is slow to say that nothing
 * answers has tried by itself. */
static bool
worth_again(struct boot *b, sfi_status st, unsigned tries,
            const struct deadline *dl)
{
    if (!sfi__link_is_fault(st) || tries == REPEATS || sfi__deadline_passed(dl))
        return false;
    sfi__log(b->link.ctx, SFI_LOG_DEBUG, "%s: %s; trying again", b->link.doing,
             b->link.ctx->error.message);
    return true;
}

sfi_status
sfi__debug_read(struct boot *b, uint32_t address, uint32_t *words, size_t count)
{
    struct deadline dl = sfi__deadline_in(b->link.ctx->clock, QUICK_MS);

    for (unsigned i = 0;; i++) {
        sfi_status st = read_once(b, address, words, count);

        if (!worth_again(b, st, i, &dl))
            return st;
    }
}

sfi_status
sfi__debug_write(struct boot *b, uint32_t address, const uint32_t *words,
                 size_t count)
{
    struct deadline dl = sfi__deadline_in(b->link.ctx->clock, QUICK_MS);

    for (unsigned i = 0;; i++) {
        sfi_status st = sfi__debug_write_once(b, address, words, count);

        if (!worth_again(b, st, i, &dl))
            return st;
    }
}

sfi_status
sfi__debug_read_sure(struct boot *b, uint32_t address, uint32_t *words,
                     size_t count)
{
    uint32_t before[MEM_SURE_WORDS];

    for (unsigned i = 0; i < BOOT_ASKED_MAX; i++) {
        sfi_status st = sfi__debug_read(b, address, words, count);

        if (st != SFI_OK || (i > 0 && sfi__equal(before, words, 4 * count)))
            return st;
        memcpy(before, words, 4 * count);
    }
    return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                     "what is read at 0x%08x is something else each time; the "
                     "line is bad",
                     (unsigned)address);
}

static uint32_t
next_pause(uint32_t ms)
{
    return ms < ANSWER_POLL_MAX_MS / 2 ? ms * 2 + 1 : ANSWER_POLL_MAX_MS;
}

sfi_status
sfi__debug_wait(struct boot *b, uint32_t address, uint32_t mask, uint32_t value,
                uint32_t ms, uint32_t *last)
{
    const struct clock *clock = b->link.ctx->clock;
    struct deadline dl = sfi__deadline_in(clock, ms);
    uint32_t pause = 0;
    uint32_t word = 0;

    for (;;) {
        sfi_status st = sfi__debug_read(b, address, &word, 1);

        if (last != NULL)
            *last = word;
        if (st != SFI_OK || (word & mask) == value)
            return st;
        if (sfi__deadline_passed(&dl))
            return sfi__fail(b->link.ctx, SFI_ERR_TIMEOUT,
                             "no answer to %s within %u ms", b->link.doing, ms);
        clock->sleep_ms(clock->user, pause);
        pause =
            pause < ANSWER_POLL_MAX_MS / 2 ? pause * 2 + 1 : ANSWER_POLL_MAX_MS;
    }
}

static void
to_words(const uint8_t *bytes, uint32_t *words, size_t count)
{
    struct rd r;

    sfi__rd_init(&r, bytes, count * 4);
    for (size_t i = 0; i < count; i++)
        words[i] = sfi__rd_u32le(&r);
}

static void
to_bytes(const uint32_t *words, uint8_t *bytes, size_t count)
{
    struct wr w;

    sfi__wr_init(&w, bytes, count * 4);
    for (size_t i = 0; i < count; i++)
        sfi__wr_u32le(&w, words[i]);
}

/* ---- who is there ---- */

/* A secure bootloader: its mailbox is open. */
static sfi_status
try_mailbox(struct boot *b, const struct sfi_chip *chip)
{
    uint32_t head[2];
    sfi_status st = sfi__debug_read_sure(b, chip->mailbox.base, head, 2);

    if (st != SFI_OK || head[0] != SFI_MAILBOX_MAGIC ||
        head[1] >> 16 != chip->device_id)
        return st;
    if ((head[1] & 0xffffu) != SFI_MAILBOX_VERSION)
        return sfi__fail(b->link.ctx, SFI_ERR_UNSUPPORTED,
                         "the chip's mailbox is of version %u, expected %u",
                         head[1] & 0xffffu, SFI_MAILBOX_VERSION);
    b->chip = chip;
    b->has_special = true;
    b->device_id = (uint16_t)chip->device_id;
    return sfi__debug_read_sure(b, chip->mailbox.base + SFI_MAILBOX_AT_DONE,
                                &b->letter, 1);
}

/* An open one: all memory is. */
static sfi_status
try_memory(struct boot *b, const struct sfi_chip *chip)
{
    uint32_t id = 0;
    sfi_status st = sfi__debug_read_sure(b, chip->dbgmcu, &id, 1);

    if (st != SFI_OK)
        return st;
    b->chip = chip;
    b->has_memory = true;
    b->device_id = (uint16_t)(id & IDCODE_DEV_ID);
    return SFI_OK;
}

static bool
is_found(const struct boot *b)
{
    return b->has_memory || b->has_special;
}

/* A fault is an answer: not this one. */
static sfi_status
look(struct boot *b)
{
    const struct sfi_chip *chip;
    sfi_status st = SFI_OK;

    for (uint32_t i = 0; (chip = sfi__chip_at(i)) != NULL; i++) {
        if (chip->dbgmcu == 0)
            continue;
        st = try_mailbox(b, chip);
        if (!is_found(b) && (st == SFI_OK || st == SFI_ERR_NACK))
            st = try_memory(b, chip);
        if (is_found(b) || st != SFI_ERR_NACK)
            return st;
    }
    return st;
}

sfi_status
sfi__debug_unknown_chip(struct boot *b)
{
    return sfi__fail(b->link.ctx, SFI_ERR_NACK,
                     "neither the chip's identity nor a mailbox can be read; "
                     "is it another chip, or its debug port closed");
}

static sfi_status
mem_connect(struct boot *b, uint32_t ms)
{
    const struct clock *clock = b->link.ctx->clock;
    struct deadline dl = sfi__deadline_in(clock, ms);
    sfi_status st;

    b->link.doing = "the debug port";
    b->version = 0;
    b->has_memory = false;
    b->has_special = false;
    do {
        st = look(b);
        if (is_found(b) || (st != SFI_OK && !sfi__link_is_fault(st)))
            return st;
        if (st == SFI_ERR_NACK && b->told != NULL) {
            b->chip = b->told;
            b->device_id = (uint16_t)b->told->device_id;
            return SFI_OK;
        }
        clock->sleep_ms(clock->user, POLL_MS);
    } while (!sfi__deadline_passed(&dl));
    if (st != SFI_ERR_NACK)
        return st;
    return sfi__debug_unknown_chip(b);
}

/* ---- memory ---- */

static sfi_status
mem_read_bytes(struct boot *b, uint32_t address, uint8_t *out, size_t len)
{
    uint32_t words[MEM_WORDS];
    uint8_t block[BLOCK];

    b->link.doing = "a read of memory";
    while (len > 0) {
        uint32_t skip = address % 4;
        size_t n = len < BLOCK - skip ? len : BLOCK - skip;
        size_t count = (skip + n + 3) / 4;
        sfi_status st = sfi__debug_read(b, address - skip, words, count);

        if (st != SFI_OK)
            return st;
        to_bytes(words, block, count);
        for (size_t i = 0; i < n; i++)
            out[i] = block[skip + i];
        address += (uint32_t)n;
        out += n;
        len -= n;
    }
    return SFI_OK;
}

static sfi_status
write_block(struct boot *b, uint32_t address, const uint32_t *words,
            size_t count)
{
    const struct sfi_chip *chip = b->chip;

    if (sfi__chip_range_has(&chip->flash, address, 4))
        return sfi__debug_flash_write(b, address, words, count);
    if (sfi__chip_range_has(&chip->ob_window, address, 4))
        return sfi__debug_options_write(b, address, words, count);
    return sfi__debug_write(b, address, words, count);
}

static sfi_status
mem_write_bytes(struct boot *b, uint32_t address, const uint8_t *data,
                size_t len)
{
    uint32_t words[MEM_WORDS];

    b->link.doing = "a write of memory";
    if (address % 4 != 0 || len % 4 != 0)
        return sfi__fail(b->link.ctx, SFI_ERR_CHIP_RULE,
                         "%zu bytes at 0x%08x, expected multiples of 4", len,
                         address);
    while (len > 0) {
        size_t room = BLOCK - address % BLOCK;
        size_t n = len < room ? len : room;
        sfi_status st;

        to_words(data, words, n / 4);
        st = write_block(b, address, words, n / 4);
        if (st != SFI_OK)
            return st;
        address += (uint32_t)n;
        data += n;
        len -= n;
    }
    return SFI_OK;
}

static sfi_status
mem_erase_mass(struct boot *b)
{
    uint32_t banks = b->chip->flash.size / b->chip->bank_size;
    sfi_status st = SFI_OK;

    b->link.doing = "an erase of the flash";
    for (uint32_t i = 0; i < banks && st == SFI_OK; i++)
        st = sfi__debug_flash_erase_bank(b, i);
    return st;
}

static sfi_status
mem_erase_sectors(struct boot *b, const uint16_t *sectors, size_t count)
{
    sfi_status st = SFI_OK;

    b->link.doing = "an erase of a sector";
    for (size_t i = 0; i < count && st == SFI_OK; i++)
        st = sfi__debug_flash_erase_sector(b, sectors[i]);
    return st;
}

/* The lowest level, in the register that the chip loads it from. */
static sfi_status
mem_readout_unprotect(struct boot *b)
{
    const struct sfi_chip *chip = b->chip;
    uint32_t at = chip->ob_window.base + chip->ob[chip->rdp_row].pending;
    uint32_t word = 0;
    sfi_status st;

    b->link.doing = "the readout protection";
    st = sfi__debug_read_sure(b, at, &word, 1);
    word &= ~(0xffu << chip->rdp_shift);
    word |= CHIP_RDP_LEVEL0 << chip->rdp_shift;
    if (st == SFI_OK)
        st = sfi__debug_options_write(b, at, &word, 1);
    return st == SFI_OK ? sfi__transport_reset(b->link.tp, true) : st;
}

/* ---- the mailbox ---- */

/* Words of bytes that need not be whole words. */
static sfi_status
post(struct boot *b, uint32_t offset, const uint8_t *bytes, size_t len)
{
    uint8_t padded[SFI_CMD_DATA_MAX] = {0};
    uint32_t words[SFI_CMD_DATA_MAX / 4];
    size_t count = (len + 3) / 4;

    if (count == 0)
        return SFI_OK;
    for (size_t i = 0; i < len; i++)
        padded[i] = bytes[i];
    to_words(padded, words, count);
    return sfi__debug_write(b, b->chip->mailbox.base + offset, words, count);
}

/* The number comes last: from then on the part reads. */
static sfi_status
send_request(struct boot *b, const struct special *s)
{
    uint8_t raw[SFI_MAILBOX_AT_DONE] = {0};
    uint32_t at = sfi__mailbox_param_at(s->param_len);
    struct wr w;
    sfi_status st =
        post(b, sfi__mailbox_data_at(s->opcode), s->data, s->data_len);

    b->letter += LETTER_STEP;
    sfi__wr_init(&w, raw, sizeof(raw));
    sfi__wr_bytes(&w, s->param, s->param_len);
    sfi__wr_fill(&w, 0, SFI_MAILBOX_AT_OPCODE - at - s->param_len);
    sfi__wr_u16le(&w, s->opcode);
    sfi__wr_u16le(&w, (uint16_t)s->param_len);
    sfi__wr_u16le(&w, (uint16_t)s->data_len);
    sfi__wr_u16le(&w, 0);
    sfi__wr_u32le(&w, b->letter);
    return st == SFI_OK ? post(b, at, raw, sfi__wr_len(&w)) : st;
}

/* From REQUEST to what there may be of the reply. */
struct answer {
    uint32_t request, done;
    uint8_t cause;
    size_t len;
    uint8_t reply[SFI_CMD_REPLY_MAX];
};

static sfi_status
read_answer(struct boot *b, size_t reply_len, struct answer *a)
{
    uint32_t words[3 + SFI_CMD_REPLY_MAX / 4] = {0};
    sfi_status st =
        sfi__debug_read(b, b->chip->mailbox.base + SFI_MAILBOX_AT_REQUEST,
                        words, 3 + (reply_len + 3) / 4);

    a->request = words[0];
    a->done = words[1];
    a->cause = (uint8_t)words[2];
    a->len = words[2] >> 16;
    to_bytes(words + 3, a->reply, SFI_CMD_REPLY_MAX / 4);
    return st;
}

static sfi_status
take_reply(struct boot *b, struct special *s, const struct answer *a)
{
    s->status = a->cause;
    if (s->status != 0 || s->reply_len == 0)
        return SFI_OK;
    if (!sfi__boot_takes_reply(s, a->len))
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to %s has %zu bytes, expected %zu",
                         s->what, a->len, s->reply_len);
    for (size_t i = 0; i < a->len; i++)
        s->reply[i] = a->reply[i];
    return SFI_OK;
}

/* DONE follows REQUEST; a part that was reset has forgotten both.  *lost: it
 * has. */
static sfi_status
wait_done(struct boot *b, const struct deadline *dl, const struct special *s,
          struct answer *a, bool *lost)
{
    const struct clock *clock = b->link.ctx->clock;
    uint32_t pause = 0;

    for (;;) {
        sfi_status st = read_answer(b, s->reply_len, a);

        *lost = st == SFI_OK && a->request != b->letter;
        if (st != SFI_OK || *lost || a->done == b->letter)
            return st;
        if (sfi__deadline_passed(dl))
            return sfi__fail(b->link.ctx, SFI_ERR_TIMEOUT,
                             "no answer to %s within %u ms", b->link.doing,
                             s->wait_ms);
        clock->sleep_ms(clock->user, pause);
        pause = next_pause(pause);
    }
}

static sfi_status
special_once(struct boot *b, struct special *s, const struct deadline *dl)
{
    struct answer a;
    bool lost = false;
    sfi_status st = send_request(b, s);

    if (st == SFI_OK)
        st = wait_done(b, dl, s, &a, &lost);
    if (st == SFI_OK && lost && s->once)
        return sfi__fail(b->link.ctx, SFI_ERR_TIMEOUT,
                         "the chip was reset at %s", s->what);
    if (st == SFI_OK && lost)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the mailbox does not keep what is written to it");
    return st == SFI_OK ? take_reply(b, s, &a) : st;
}

/* Asked again, a part answers the same and does nothing. */
static sfi_status
mem_special(struct boot *b, struct special *s)
{
    struct deadline dl = sfi__deadline_in(b->link.ctx->clock, s->wait_ms);

    b->link.doing = s->what;
    for (unsigned i = 0;; i++) {
        sfi_status st = special_once(b, s, &dl);

        if (s->once || !worth_again(b, st, i, &dl))
            return st;
    }
}

const struct boot_ops sfi__boot_mem = {
    .name = "debug port",
    .connect = mem_connect,
    .read = mem_read_bytes,
    .write = mem_write_bytes,
    .go = sfi__debug_core_start,
    .erase_mass = mem_erase_mass,
    .erase_sectors = mem_erase_sectors,
    .readout_unprotect = mem_readout_unprotect,
    .special = mem_special,
};
