/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A debug port (JTAG, SWD) in place of a bootloader.  The host reads and writes
 * an open part's memory directly; it talks to a secure part through the mailbox
 * (doc/protocol.md). */
#include "util/rd.h"
#include "util/text.h"
#include "util/wr.h"
#include "core/ctx.h"
#include "core/err.h"
#include "chip/chip.h"
#include "wire/mailbox.h"
#include "boot/debug_port.h"

/* The reply is polled for often at first, as most requests are quick. */
#define REPLY_POLL_MAX_MS 16u
/* RM0433, 60.5.8 */
#define IDCODE_DEV_ID 0xfffu
#define BLOCK (MEM_WORDS * 4u)
/* So much of a refusal is shown as the reason of another message. */
#define REFUSAL_MAX 240u
/* Two numbers in a row differ in two bits or more: a single wrong bit does not
 * turn an old number into a new one. */
#define REQUEST_STEP 3u
/* An access is repeated only within this time: twice if the probe takes a
 * second to give up. */
#define QUICK_MS 2500u

/* ---- words ---- */

static sfi_status
debug_read_once(struct boot *b, uint32_t address, uint32_t *words, size_t count)
{
    sfi_status st = sfi__link_cancelled(&b->link);

    if (st != SFI_OK)
        return st;
    st = sfi__transport_read32(b->link.tp, address, words, count);
    sfi__link_tell(&b->link, st, "read %zu words at 0x%08x", count, address);
    return st;
}

sfi_status
sfi__debug_write_once(struct boot *b, uint32_t address, const uint32_t *words,
                      size_t count)
{
    sfi_status st = sfi__link_cancelled(&b->link);

    if (st != SFI_OK)
        return st;
    st = sfi__transport_write32(b->link.tp, address, words, count);
    sfi__link_tell(&b->link, st, "write %zu words at 0x%08x", count, address);
    return st;
}

/* A fault may have been the line's.  A probe that was slow to report it has
 * tried again by itself. */
static bool
debug_worth_again(struct boot *b, sfi_status st, unsigned tries,
                  const struct deadline *dl)
{
    if (!sfi__link_is_fault(st) || tries == BOOT_REPEATS ||
        sfi__deadline_passed(dl))
        return false;
    sfi__log(b->link.ctx, SFI_LOG_DEBUG, "%s: %s; trying again", b->link.doing,
             b->link.ctx->error.message);
    return true;
}

sfi_status
sfi__debug_read(struct boot *b, uint32_t address, uint32_t *words, size_t count)
{
    struct deadline dl =
        sfi__deadline_in(sfi__transport_clock(b->link.tp), QUICK_MS);

    for (unsigned i = 0;; i++) {
        sfi_status st = debug_read_once(b, address, words, count);

        if (!debug_worth_again(b, st, i, &dl))
            return st;
    }
}

sfi_status
sfi__debug_write(struct boot *b, uint32_t address, const uint32_t *words,
                 size_t count)
{
    struct deadline dl =
        sfi__deadline_in(sfi__transport_clock(b->link.tp), QUICK_MS);

    for (unsigned i = 0;; i++) {
        sfi_status st = sfi__debug_write_once(b, address, words, count);

        if (!debug_worth_again(b, st, i, &dl))
            return st;
    }
}

struct debug_range {
    struct boot *b;
    uint32_t address;
    uint32_t *words;
    size_t count;
};

static sfi_status
debug_read_range(void *arg)
{
    const struct debug_range *r = arg;

    return sfi__debug_read(r->b, r->address, r->words, r->count);
}

sfi_status
sfi__debug_read_sure(struct boot *b, uint32_t address, uint32_t *words,
                     size_t count)
{
    struct debug_range r = {b, address, words, count};
    const struct question q = {.ask = debug_read_range,
                               .arg = &r,
                               .reply = words,
                               .len = count * sizeof(*words)};
    bool agreed;
    sfi_status st = sfi__ask_until_agreed(b->link.ctx, &q, &agreed);

    if (st != SFI_OK || agreed)
        return st;
    return sfi__boot_reads_disagree(b, address);
}

static uint32_t
debug_next_pause(uint32_t ms)
{
    return ms < REPLY_POLL_MAX_MS / 2 ? ms * 2 + 1 : REPLY_POLL_MAX_MS;
}

static sfi_status
debug_no_reply(struct boot *b, uint32_t ms)
{
    return sfi__fail(b->link.ctx, SFI_ERR_TIMEOUT,
                     "no answer to %s within %u ms", b->link.doing, ms);
}

sfi_status
sfi__debug_wait(struct boot *b, uint32_t address, uint32_t mask, uint32_t value,
                uint32_t ms, uint32_t *last)
{
    struct deadline dl = sfi__deadline_in(sfi__transport_clock(b->link.tp), ms);
    uint32_t pause = 0;
    uint32_t word = 0;

    do {
        sfi_status st = sfi__debug_read(b, address, &word, 1);

        if (last != NULL)
            *last = word;
        if (st != SFI_OK || (word & mask) == value)
            return st;
        pause = debug_next_pause(pause);
    } while (sfi__link_try_again(&b->link, &dl, pause));
    return debug_no_reply(b, ms);
}

static void
debug_words_of(const uint8_t *bytes, uint32_t *words, size_t count)
{
    struct rd r;

    sfi__rd_init(&r, bytes, count * 4);
    for (size_t i = 0; i < count; i++)
        words[i] = sfi__rd_u32le(&r);
}

static void
debug_bytes_of(const uint32_t *words, uint8_t *bytes, size_t count)
{
    struct wr w;

    sfi__wr_init(&w, bytes, count * 4);
    for (size_t i = 0; i < count; i++)
        sfi__wr_u32le(&w, words[i]);
}

/* ---- finding the part ---- */

/* A secure part: its mailbox can be read. */
static sfi_status
debug_try_mailbox(struct boot *b, const struct sfi_chip *chip)
{
    uint32_t head[2];
    sfi_status st = sfi__debug_read_sure(b, chip->mailbox.base, head, 2);

    if (st != SFI_OK || head[0] != SFI_MAILBOX_MAGIC ||
        head[1] >> 16 != chip->device_id)
        return st;
    if ((head[1] & 0xffffu) != SFI_MAILBOX_VERSION)
        return sfi__fail(b->link.ctx, SFI_ERR_UNSUPPORTED,
                         "the chip's mailbox has version %u, expected %u",
                         head[1] & 0xffffu, SFI_MAILBOX_VERSION);
    b->chip = chip;
    b->has_special = true;
    b->device_id = (uint16_t)chip->device_id;
    return sfi__debug_read_sure(b, chip->mailbox.base + SFI_MAILBOX_AT_DONE,
                                &b->request, 1);
}

/* An open part: all of its memory can be read. */
static sfi_status
debug_try_memory(struct boot *b, const struct sfi_chip *chip)
{
    uint32_t id = 0;
    sfi_status st = sfi__debug_read_sure(b, chip->dbgmcu, &id, 1);

    if (st != SFI_OK)
        return st;
    b->chip = chip;
    st = sfi__debug_core_find(b);
    if (st != SFI_OK)
        return st;
    b->has_memory = true;
    b->device_id = (uint16_t)(id & IDCODE_DEV_ID);
    b->revision = (uint16_t)(id >> 16);
    return SFI_OK;
}

static bool
debug_is_found(const struct boot *b)
{
    return b->has_memory || b->has_special;
}

/* A fault means that it is not this part. */
static sfi_status
debug_identify_part(struct boot *b)
{
    const struct sfi_chip *chip;
    sfi_status st = SFI_OK;

    for (uint32_t i = 0; (chip = sfi__chip_at(i)) != NULL; i++) {
        if (chip->dbgmcu == 0)
            continue;
        st = debug_try_mailbox(b, chip);
        if (!debug_is_found(b) && (st == SFI_OK || st == SFI_ERR_NACK))
            st = debug_try_memory(b, chip);
        if (debug_is_found(b) || st != SFI_ERR_NACK)
            return st;
    }
    return st;
}

sfi_status
sfi__debug_fail_unknown_chip(struct boot *b)
{
    return sfi__fail(b->link.ctx, SFI_ERR_NACK,
                     "neither the chip's identity nor a mailbox can be read; "
                     "is it another chip, or its debug port closed");
}

/* With the words of the link that refused. */
static sfi_status
debug_fail_refused(struct boot *b)
{
    char why[REFUSAL_MAX];

    sfi__text_format(why, sizeof(why), "%s", b->link.ctx->error.message);
    return sfi__fail(b->link.ctx, SFI_ERR_NACK,
                     "neither the chip's identity nor a mailbox can be read: "
                     "%s; is it another chip, or its debug port closed",
                     why);
}

static sfi_status
debug_connect(struct boot *b, uint32_t ms)
{
    struct deadline dl = sfi__deadline_in(sfi__transport_clock(b->link.tp), ms);
    sfi_status st;

    b->link.doing = "the debug port";
    b->version = 0;
    b->has_memory = false;
    b->has_special = false;
    b->is_frozen = false;
    b->is_new = true;
    do {
        st = debug_identify_part(b);
        if (debug_is_found(b) || (st != SFI_OK && !sfi__link_is_fault(st)))
            return st;
        if (st == SFI_ERR_NACK && b->assumed != NULL) {
            b->chip = b->assumed;
            b->device_id = (uint16_t)b->assumed->device_id;
            return SFI_OK;
        }
    } while (sfi__link_try_again(&b->link, &dl, BOOT_POLL_MS));
    if (st != SFI_ERR_NACK)
        return st;
    return debug_fail_refused(b);
}

/* ---- memory ---- */

static sfi_status
debug_read_bytes(struct boot *b, uint32_t address, uint8_t *out, size_t len)
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
        debug_bytes_of(words, block, count);
        for (size_t i = 0; i < n; i++)
            out[i] = block[skip + i];
        address += (uint32_t)n;
        out += n;
        len -= n;
    }
    return SFI_OK;
}

static sfi_status
debug_write_block(struct boot *b, uint32_t address, const uint32_t *words,
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
debug_write_bytes(struct boot *b, uint32_t address, const uint8_t *data,
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

        debug_words_of(data, words, n / 4);
        st = debug_write_block(b, address, words, n / 4);
        if (st != SFI_OK)
            return st;
        address += (uint32_t)n;
        data += n;
        len -= n;
    }
    return SFI_OK;
}

static sfi_status
debug_erase_mass(struct boot *b)
{
    uint32_t banks = b->chip->flash.size / b->chip->bank_size;

    b->link.doing = "an erase of the flash";
    for (uint32_t i = 0; i < banks; i++) {
        sfi_status st = sfi__debug_flash_erase_bank(b, i);

        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static sfi_status
debug_erase_sectors(struct boot *b, const uint16_t *sectors, size_t count)
{
    b->link.doing = "an erase of a sector";
    for (size_t i = 0; i < count; i++) {
        sfi_status st = sfi__debug_flash_erase_sector(b, sectors[i]);

        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

/* Set the lowest level in the register that the next reset loads. */
static sfi_status
debug_readout_unprotect(struct boot *b)
{
    const struct sfi_chip *chip = b->chip;
    uint32_t at = chip->ob_window.base + chip->ob[chip->rdp_row].pending;
    uint32_t word = 0;
    sfi_status st;

    b->link.doing = "the readout protection";
    st = sfi__debug_read_sure(b, at, &word, 1);
    if (st != SFI_OK)
        return st;
    word &= ~(0xffu << chip->rdp_shift);
    word |= CHIP_RDP_LEVEL0 << chip->rdp_shift;
    st = sfi__debug_options_write(b, at, &word, 1);
    return st == SFI_OK ? sfi__transport_reset(b->link.tp, true) : st;
}

/* ---- the mailbox ---- */

/* Bytes that need not fill whole words. */
static sfi_status
mailbox_write_bytes(struct boot *b, uint32_t offset, const uint8_t *bytes,
                    size_t len)
{
    uint8_t padded[SFI_CMD_DATA_MAX] = {0};
    uint32_t words[SFI_CMD_DATA_MAX / 4];
    size_t count = (len + 3) / 4;

    if (count == 0)
        return SFI_OK;
    for (size_t i = 0; i < len; i++)
        padded[i] = bytes[i];
    debug_words_of(padded, words, count);
    return sfi__debug_write(b, b->chip->mailbox.base + offset, words, count);
}

/* The number comes last: the part reads the request when it changes. */
static sfi_status
mailbox_send_request(struct boot *b, const struct special *s)
{
    uint8_t raw[SFI_MAILBOX_AT_DONE] = {0};
    uint32_t at = sfi__mailbox_param_at(s->param_len);
    struct wr w;
    sfi_status st = mailbox_write_bytes(b, sfi__mailbox_data_at(s->opcode),
                                        s->data, s->data_len);

    if (st != SFI_OK)
        return st;
    b->request += REQUEST_STEP;
    sfi__wr_init(&w, raw, sizeof(raw));
    sfi__wr_bytes(&w, s->param, s->param_len);
    sfi__wr_fill(&w, 0, SFI_MAILBOX_AT_OPCODE - at - s->param_len);
    sfi__wr_u16le(&w, s->opcode);
    sfi__wr_u16le(&w, (uint16_t)s->param_len);
    sfi__wr_u16le(&w, (uint16_t)s->data_len);
    sfi__wr_u16le(&w, 0);
    sfi__wr_u32le(&w, b->request);
    return mailbox_write_bytes(b, at, raw, sfi__wr_len(&w));
}

/* From REQUEST to the end of the reply. */
struct mailbox_reply {
    uint32_t request, done;
    uint8_t cause;
    size_t len;
    uint8_t reply[SFI_CMD_REPLY_MAX];
};

static sfi_status
mailbox_read_reply(struct boot *b, size_t reply_len, bool with_request,
                   struct mailbox_reply *a)
{
    uint32_t words[3 + SFI_CMD_REPLY_MAX / 4] = {b->request};
    uint32_t skip = with_request ? 0 : 1;
    sfi_status st = sfi__debug_read(
        b, b->chip->mailbox.base + SFI_MAILBOX_AT_REQUEST + 4 * skip,
        words + skip, 3 - skip + (reply_len + 3) / 4);

    a->request = words[0];
    a->done = words[1];
    a->cause = (uint8_t)words[2];
    a->len = words[2] >> 16;
    debug_bytes_of(words + 3, a->reply, SFI_CMD_REPLY_MAX / 4);
    return st;
}

static sfi_status
mailbox_take_reply(struct boot *b, struct special *s,
                   const struct mailbox_reply *a)
{
    s->status = a->cause;
    if (s->status != 0 || s->reply_len == 0)
        return SFI_OK;
    if (!sfi__boot_accept_reply_len(s, a->len))
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to %s has %zu bytes, expected %zu",
                         s->what, a->len, s->reply_len);
    for (size_t i = 0; i < a->len; i++)
        s->reply[i] = a->reply[i];
    return SFI_OK;
}

/* DONE follows REQUEST, which is looked at when the reply is not there yet.
 * *lost: the part no longer knows the request, as after a reset. */
static sfi_status
mailbox_wait_done(struct boot *b, const struct deadline *dl,
                  const struct special *s, struct mailbox_reply *a, bool *lost)
{
    uint32_t pause = 0;

    do {
        sfi_status st = mailbox_read_reply(b, s->reply_len, pause > 0, a);

        *lost = st == SFI_OK && a->request != b->request;
        if (st != SFI_OK || *lost || a->done == b->request)
            return st;
        pause = debug_next_pause(pause);
    } while (sfi__link_try_again(&b->link, dl, pause));
    return debug_no_reply(b, s->wait_ms);
}

static sfi_status
mailbox_special_once(struct boot *b, struct special *s,
                     const struct deadline *dl)
{
    struct mailbox_reply a;
    bool lost = false;
    sfi_status st = mailbox_send_request(b, s);

    if (st != SFI_OK)
        return st;
    st = mailbox_wait_done(b, dl, s, &a, &lost);
    if (st != SFI_OK)
        return st;
    if (lost && s->once)
        return sfi__fail(b->link.ctx, SFI_ERR_TIMEOUT,
                         "the chip was reset during %s", s->what);
    if (lost)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the mailbox does not keep what is written to it");
    return mailbox_take_reply(b, s, &a);
}

/* A part answers a repeated request as before, and does nothing. */
static sfi_status
mailbox_special(struct boot *b, struct special *s)
{
    struct deadline dl =
        sfi__deadline_in(sfi__transport_clock(b->link.tp), s->wait_ms);

    b->link.doing = s->what;
    for (unsigned i = 0;; i++) {
        sfi_status st = mailbox_special_once(b, s, &dl);

        if (s->once || !debug_worth_again(b, st, i, &dl))
            return st;
    }
}

const struct boot_ops sfi__boot_debug_port = {
    .name = "debug port",
    .connect = debug_connect,
    .read = debug_read_bytes,
    .write = debug_write_bytes,
    .go = sfi__debug_core_start,
    .erase_mass = debug_erase_mass,
    .erase_sectors = debug_erase_sectors,
    .readout_unprotect = debug_readout_unprotect,
    .special = mailbox_special,
};
