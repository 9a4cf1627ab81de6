/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A hostile chip at a debug port: the result of each memory access of a
 * session, also to the mailbox.  The first byte: bit 7, what happens when the
 * input ends (0: the probe is gone, 1: the last result repeats); bit 6, the
 * chip (1: a secure one); the rest selects the call.  Then a byte for each
 * access: see enum. */
#include <string.h>

#include "wire/h7_flash.h"
#include "wire/mailbox.h"

#include "fuzz_session.h"

/* Up to ten requests of 45 s, and erases; a slow probe adds nothing. */
#define LONGEST_MS ((uint64_t)1200 * 1000)
#define REPEAT 0x80u
#define SECURE 0x40u

#define MAILBOX 0x24030000u
#define MAILBOX_WORDS 0x500u
#define IDCODE_AT 0x5c001000u
#define IDCODE 0x20036450u
#define REGS 0x52002000u
#define REGS_WORDS 0x80u
#define SILENT_MS 10000u
#define SLOW_MS 1000u

enum turn {
    TURN_SILENT = 0,
    /* otherwise a read of so many bytes that follow, or a write into nothing */
    TURN_MOST = 250,
    TURN_ODD,  /* as TURN_HONEST, with the next byte over one of the read's */
    TURN_SLOW, /* as TURN_HONEST */
    TURN_GONE,
    TURN_FAULT,
    TURN_HONEST,
};

static struct {
    struct fuzz_input in;
    bool repeats, secure;
    uint8_t turn; /* the last one */
    uint32_t mailbox[MAILBOX_WORDS];
    uint32_t regs[REGS_WORDS];
} chip;

static void
restart(bool secure)
{
    chip.secure = secure;
    memset(chip.mailbox, 0, sizeof(chip.mailbox));
    if (secure) {
        chip.mailbox[0] = SFI_MAILBOX_MAGIC;
        chip.mailbox[1] = SFI_MAILBOX_VERSION | 0x450u << 16;
    }
}

/* The word, when it is one that can be written. */
static uint32_t *
word_at(uint32_t address)
{
    uint32_t at = (address - MAILBOX) / 4;

    if (at < MAILBOX_WORDS)
        return &chip.mailbox[at];
    at = (address - REGS) / 4;
    return !chip.secure && at < REGS_WORDS ? &chip.regs[at] : NULL;
}

static uint32_t
peek(uint32_t address)
{
    const uint32_t *word = word_at(address);

    if (word != NULL)
        return *word;
    return address == IDCODE_AT ? IDCODE : 0xffffffffu;
}

static void
answer(void)
{
    uint8_t raw[SFI_CMD_REPLY_MAX + 4] = {0};
    uint32_t opcode = chip.mailbox[SFI_MAILBOX_AT_OPCODE / 4] & 0xffffu;
    size_t len = fuzz_reply((uint16_t)opcode, raw);

    for (size_t i = 0; i < len; i += 4)
        chip.mailbox[(SFI_MAILBOX_AT_REPLY + i) / 4] =
            raw[i] | (uint32_t)raw[i + 1] << 8 | (uint32_t)raw[i + 2] << 16 |
            (uint32_t)raw[i + 3] << 24;
    chip.mailbox[SFI_MAILBOX_AT_CAUSE / 4] = (uint32_t)len << 16;
    chip.mailbox[SFI_MAILBOX_AT_DONE / 4] =
        chip.mailbox[SFI_MAILBOX_AT_REQUEST / 4];
}

static void
poke(uint32_t address, uint32_t value)
{
    uint32_t *word = word_at(address);

    if (word != NULL)
        *word = value;
    if (chip.secure && address == MAILBOX + SFI_MAILBOX_AT_REQUEST)
        answer();
}

/* The turn of this access, and whether it is done at all. */
static sfi_status
next_turn(uint8_t *turn)
{
    if (chip.in.left > 0)
        chip.turn = fuzz_byte(&chip.in);
    else if (!chip.repeats)
        chip.turn = TURN_GONE;
    *turn = chip.turn;
    switch (chip.turn) {
    case TURN_SILENT:
        fuzz_now += SILENT_MS;
        return SFI_ERR_TIMEOUT;
    case TURN_SLOW:
        fuzz_now += SLOW_MS;
        return SFI_OK;
    case TURN_GONE:
        return SFI_ERR_NO_DEVICE;
    case TURN_FAULT:
        return SFI_ERR_NACK;
    default:
        return SFI_OK;
    }
}

static sfi_status
on_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    uint8_t turn;
    sfi_status st = next_turn(&turn);
    bool lies = turn < TURN_MOST;

    (void)user;
    FUZZ_HOLDS(count > 0 && address % 4 == 0);
    for (size_t i = 0; i < count && st == SFI_OK; i++) {
        uint8_t raw[4] = {0};
        size_t left = lies && turn > 4 * i ? turn - 4 * i : 0;

        words[i] = lies ? 0 : peek(address + 4 * (uint32_t)i);
        fuzz_bytes(&chip.in, raw, left < 4 ? left : 4);
        for (unsigned k = 0; k < 4; k++)
            words[i] |= (uint32_t)raw[k] << 8 * k;
    }
    if (turn == TURN_ODD) {
        uint8_t at = fuzz_byte(&chip.in);

        words[at / 4 % count] ^= (uint32_t)fuzz_byte(&chip.in) << 8 * (at % 4);
    }
    return st;
}

static sfi_status
on_write32(void *user, uint32_t address, const uint32_t *words, size_t count)
{
    static uint32_t copy[4096];
    uint8_t turn;
    sfi_status st = next_turn(&turn);

    (void)user;
    FUZZ_HOLDS(count > 0 && count <= 4096 && address % 4 == 0);
    memcpy(copy, words, 4 * count);
    for (size_t i = 0; i < count && turn > TURN_MOST && st == SFI_OK; i++)
        poke(address + 4 * (uint32_t)i, copy[i]);
    return st;
}

static sfi_status
on_reset(void *user, int into_boot)
{
    (void)user;
    FUZZ_HOLDS(into_boot == 0 || into_boot == 1);
    restart(true);
    return SFI_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const sfi_dap_ops ops = {
        .struct_size = sizeof(ops),
        .read32 = on_read32,
        .write32 = on_write32,
        .reset = on_reset,
    };
    struct fuzz_input in = {data, len};
    uint8_t first = fuzz_byte(&in);
    sfi_ctx *ctx = fuzz_ctx();
    sfi_transport *tp;

    fuzz_now = 0;
    memset(&chip, 0, sizeof(chip));
    chip.in = in;
    chip.repeats = (first & REPEAT) != 0;
    restart((first & SECURE) != 0);
    FUZZ_HOLDS(sfi_transport_open_dap(ctx, &ops, NULL, &tp) == SFI_OK);
    fuzz_session(ctx, tp, first & (SECURE - 1), LONGEST_MS);
    sfi_transport_free(tp);
    fuzz_ctx_free(ctx);
    return 0;
}
