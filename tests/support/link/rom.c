/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The part of rom.h: a line in microseconds, a baud rate that is measured, and
 * the commands of AN3155. */
#include <link/rom.h>

#include <string.h>

#include "core/ctx.h"

#include "fixture.h"

#define BITS 11u /* 8E1 */
#define ACK 0x79u
#define NACK 0x1fu
#define FLASH 0x08000000u
#define FLASH_END 0x08200000u
#define OPTIONS 0x5200201cu
#define OPTIONS_LEN 308u
#define SECTOR 0x20000u
#define BANK2 8u /* its first sector */
/* From the first byte to the ACK: the port is set up meanwhile, and deaf. */
#define SETUP_US 400u
#define POWER_OFF_US 50000u
#define BOOT_US 2000u

static struct rom *clocked; /* whose time the context has */

static uint64_t
rom_clock_now(void *user)
{
    (void)user;
    return clocked->now_us / 1000;
}

static void
rom_clock_sleep(void *user, uint32_t ms)
{
    (void)user;
    clocked->now_us += (uint64_t)ms * 1000;
}

static const struct clock rom_clock = {
    .now_ms = rom_clock_now,
    .sleep_ms = rom_clock_sleep,
};

uint64_t
rom_now_ms(const struct rom *r)
{
    return r->now_us / 1000;
}

/* ---- what it says ---- */

static void
rom_say(struct rom *r, uint64_t at, uint8_t byte)
{
    if (at < r->said_us)
        at = r->said_us;
    r->said_us = at + BITS * r->bit_us;
    if (r->lose_said > 0 && --r->lose_said == 0)
        return;
    if (r->last < ROM_OUT_MAX) /* the port's buffer is full */
        r->out[r->last++] = (struct rom_byte){r->said_us, byte};
}

static void
rom_ack(struct rom *r, uint64_t at)
{
    rom_say(r, at, ACK);
}

static void
rom_nack(struct rom *r, uint64_t at)
{
    rom_say(r, at, NACK);
    if (r->two_nacks)
        rom_say(r, at, NACK);
    r->have = 0;
}

/* ---- memory ---- */

static bool
rom_address_exists(const struct rom *r, uint32_t a)
{
    return (a >= FLASH && a < FLASH_END) ||
           (a >= OPTIONS && a < OPTIONS + OPTIONS_LEN) ||
           (a >= 0x20004100 && a < 0x20020000) ||
           (a >= 0x24005000 && a < 0x24080000) ||
           (r->id != 0 && a == 0x1ff1e7fe);
}

static uint8_t
rom_byte_at(const struct rom *r, uint32_t a)
{
    static const uint8_t optsr[] = {0xf0, 0xaa, 0xc6, 0x1b};

    if (a == 0x1ff1e7fe)
        return r->id;
    if (a >= FLASH && a - FLASH < ROM_FLASH_LEN)
        return r->flash[a - FLASH];
    if (a >= OPTIONS && a < OPTIONS + 8)
        return optsr[(a - OPTIONS) % 4];
    return 0xff;
}

/* ---- commands ---- */

static uint8_t
rom_xor(const uint8_t *bytes, size_t len)
{
    uint8_t x = 0;

    while (len-- > 0)
        x ^= *bytes++;
    return x;
}

static void
rom_run_get(struct rom *r, uint64_t at)
{
    static const uint8_t commands[] = {0x00, 0x01, 0x02, 0x11, 0x21, 0x31,
                                       0x44, 0x63, 0x73, 0x82, 0x92};

    rom_ack(r, at);
    rom_say(r, at, r->announced != 0 ? r->announced : sizeof(commands));
    rom_say(r, at, 0x31);
    for (size_t i = 0; i < sizeof(commands); i++)
        rom_say(r, at, commands[i]);
    rom_ack(r, at);
    r->have = 0;
}

static void
rom_run_id(struct rom *r, uint64_t at)
{
    rom_ack(r, at);
    rom_say(r, at, 1);
    rom_say(r, at, (uint8_t)(r->device_id >> 8));
    rom_say(r, at, (uint8_t)r->device_id);
    rom_ack(r, at);
    r->have = 0;
}

/* The code and its complement are there. */
static void
rom_on_command(struct rom *r, uint64_t at)
{
    uint8_t code = r->frame[0];
    bool known = code == 0x11 || code == 0x21 || code == 0x31 || code == 0x44;

    if ((r->frame[0] ^ r->frame[1]) != 0xff)
        rom_nack(r, at);
    else if (at < r->busy_us)
        r->hung = true;
    else if (code == 0x00)
        rom_run_get(r, at);
    else if (code == 0x02)
        rom_run_id(r, at);
    else if (!known || r->protected)
        rom_nack(r, at);
    else if (code != 0x21 || !r->go_is_quiet)
        rom_ack(r, at);
}

static uint32_t
rom_address(const struct rom *r)
{
    return (uint32_t)r->frame[2] << 24 | (uint32_t)r->frame[3] << 16 |
           (uint32_t)r->frame[4] << 8 | r->frame[5];
}

static bool
rom_takes_stack(const struct rom *r)
{
    uint32_t sp = 0;

    for (unsigned i = 4; i-- > 0;)
        sp = sp << 8 | rom_byte_at(r, rom_address(r) + i);
    return !r->checks_stack || sp < 0x2001fff0 ||
           (sp >= 0x24000000 && sp < 0x2407fff0);
}

static void
rom_on_address(struct rom *r, uint64_t at)
{
    if (rom_xor(r->frame + 2, 5) != 0 ||
        !rom_address_exists(r, rom_address(r)) ||
        (r->frame[0] == 0x21 && !rom_takes_stack(r))) {
        rom_nack(r, at);
        return;
    }
    rom_ack(r, at);
    if (r->frame[0] != 0x21)
        return;
    r->goes++;
    r->went_to = rom_address(r);
    r->hung = true;
}

static void
rom_on_read(struct rom *r, uint64_t at)
{
    if ((r->frame[7] ^ r->frame[8]) != 0xff) {
        rom_nack(r, at);
        return;
    }
    rom_ack(r, at);
    for (unsigned i = 0; i <= r->frame[7]; i++)
        rom_say(r, at, rom_byte_at(r, rom_address(r) + i));
    r->have = 0;
}

static void
rom_on_write(struct rom *r, uint64_t at)
{
    size_t len = r->frame[7] + 1u;

    if (rom_xor(r->frame + 7, len + 2) != 0) {
        rom_nack(r, at);
        return;
    }
    r->writes++;
    for (size_t i = 0; i < len; i++) {
        if (rom_address(r) - FLASH + i < ROM_FLASH_LEN)
            r->flash[rom_address(r) - FLASH + i] = r->frame[8 + i];
    }
    rom_ack(r, at);
    r->have = 0;
}

/* At the end of the list; `sectors` in all, `late` of them in bank 2. */
static void
rom_erase(struct rom *r, uint64_t at, unsigned sectors, unsigned late)
{
    uint64_t all = (uint64_t)sectors * r->erase_us;
    uint64_t behind = r->early_ack ? (uint64_t)late * r->erase_us : 0;

    if (rom_xor(r->frame + 2, r->have - 2) != 0) {
        rom_nack(r, at);
        return;
    }
    r->erases++;
    r->busy_us = at + all;
    rom_ack(r, at + all - behind);
    r->have = 0;
}

static void
rom_on_erase(struct rom *r, uint64_t at)
{
    unsigned n = (unsigned)r->frame[2] << 8 | r->frame[3];
    unsigned late = 0;

    if (n >= 0xfff0 && r->have == 5)
        rom_erase(r, at, 16, n == 0xfffe ? 0 : 8);
    if (n >= 0xfff0 || r->have < 4 + 2 * ((size_t)n + 1) + 1)
        return;
    for (size_t i = 0; i <= n; i++)
        late += r->frame[5 + 2 * i] >= BANK2;
    rom_erase(r, at, n + 1, late);
}

static bool
rom_is_too_long(const struct rom *r)
{
    unsigned n = (unsigned)r->frame[2] << 8 | r->frame[3];

    return n >= 512 && n < 0xfff0;
}

/* One byte more of the command under way, which waits for ever. */
static void
rom_on_byte(struct rom *r, uint64_t at)
{
    uint8_t code = r->frame[0];

    if (r->have == 1 && code == 0x7f && r->nacks_sync)
        rom_nack(r, at);
    else if (r->have == 2)
        rom_on_command(r, at);
    else if (code == 0x44 && r->have == 4 && rom_is_too_long(r))
        rom_nack(r, at); /* ours: a list that its RAM cannot hold */
    else if (code == 0x44 && r->have > 4)
        rom_on_erase(r, at);
    else if (code != 0x44 && r->have == 7)
        rom_on_address(r, at);
    else if (code == 0x11 && r->have == 9)
        rom_on_read(r, at);
    else if (code == 0x31 && r->have > 8 && r->have == r->frame[7] + 10u)
        rom_on_write(r, at);
}

/* ---- what it hears ---- */

static void
rom_restart(struct rom *r, uint64_t at)
{
    r->measured = r->deaf = r->hung = false;
    r->have = 0;
    r->busy_us = 0;
    r->last = r->first;
    r->ready_us = at + BOOT_US;
}

/* Level of the line in this bit of a byte: start, eight of data, parity. */
static bool
rom_level(uint8_t byte, unsigned bit)
{
    uint8_t x = byte;

    x ^= x >> 4;
    x ^= x >> 2;
    x ^= x >> 1;
    return bit == 0 ? false : bit == 9 ? (x & 1) != 0 : (byte >> (bit - 1) & 1);
}

/* The baud rate is measured from the first falling edge that is heard: of a
 * whole 0x7f it is right, of anything else wrong (AN3155, 1). */
static void
rom_measure(struct rom *r, uint64_t start, uint8_t byte)
{
    for (unsigned bit = 0; bit < 10; bit++) {
        bool falls =
            !rom_level(byte, bit) && (bit == 0 || rom_level(byte, bit - 1));

        if (!falls || start + bit * r->bit_us < r->ready_us)
            continue;
        r->measured = bit == 0 && byte == 0x7f;
        r->deaf = !r->measured;
        break;
    }
    if (!r->measured)
        return;
    r->ready_us = start + BITS * r->bit_us + SETUP_US;
    rom_ack(r, r->ready_us);
}

static void
rom_cycle(struct rom *r, uint64_t at)
{
    if (r->down_us == 0 || r->cycled || at < r->down_us)
        return;
    r->cycled = true;
    rom_restart(r, r->down_us + POWER_OFF_US);
}

static void
rom_hear(struct rom *r, uint64_t start, uint8_t byte)
{
    uint64_t end = start + BITS * r->bit_us;

    rom_cycle(r, end);
    if (r->lose_heard > 0 && --r->lose_heard == 0)
        return;
    if (r->prints != NULL) {
        if (r->echoes)
            rom_say(r, end, byte);
        return;
    }
    if (r->hung || r->deaf || end < r->up_us)
        return;
    if (!r->measured) {
        rom_measure(r, start, byte);
        return;
    }
    if (start < r->ready_us)
        return;
    r->frame[r->have++] = byte;
    rom_on_byte(r, end);
    if (r->have == sizeof(r->frame))
        r->have = 0;
}

/* ---- the link ---- */

static sfi_status
rom_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    struct rom *r = user;

    (void)timeout_ms;
    if (r->line_us < r->now_us)
        r->line_us = r->now_us;
    for (size_t i = 0; i < len; i++) {
        rom_hear(r, r->line_us + r->late_us, buf[i]);
        r->line_us += BITS * r->bit_us;
    }
    return SFI_OK;
}

static void
rom_print(struct rom *r, uint64_t until)
{
    if (r->prints == NULL || r->every_us == 0)
        return;
    for (; r->busy_us <= until; r->busy_us += r->every_us) {
        for (const char *c = r->prints; *c != '\0'; c++)
            rom_say(r, r->busy_us, (uint8_t)*c);
    }
}

/* When the host has the next byte. */
static uint64_t
rom_arrival(const struct rom *r)
{
    return r->out[r->first].at_us + r->late_us;
}

static sfi_status
rom_read(void *user, uint8_t *buf, size_t len, size_t *got, uint32_t timeout_ms)
{
    struct rom *r = user;
    uint64_t until = r->now_us + (uint64_t)timeout_ms * 1000;

    rom_print(r, until);
    rom_cycle(r, r->now_us);
    *got = 0;
    if (r->first < r->last && rom_arrival(r) <= until &&
        rom_arrival(r) > r->now_us)
        r->now_us = rom_arrival(r);
    while (*got < len && r->first < r->last && rom_arrival(r) <= r->now_us)
        buf[(*got)++] = r->out[r->first++].byte;
    if (r->first == r->last)
        r->first = r->last = 0;
    if (*got > 0)
        return SFI_OK;
    r->now_us = until;
    return SFI_ERR_TIMEOUT;
}

static sfi_status
rom_reset(void *user, int into_boot)
{
    struct rom *r = user;

    if (!r->has_line)
        return SFI_ERR_UNSUPPORTED;
    r->resets++;
    if (into_boot != 0 && r->resets > r->deaf_resets)
        r->prints = NULL;
    rom_restart(r, r->now_us);
    r->deaf = r->resets <= r->deaf_resets;
    return SFI_OK;
}

void
rom_init(struct rom *r)
{
    *r = (struct rom){
        .device_id = 0x450,
        .id = 0x92,
        .erase_us = 1100000,
        .bit_us = 9,
    };
    memset(r->flash, 0xff, sizeof(r->flash));
}

void
rom_open(struct rom *r, sfi_transport **out)
{
    const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = rom_read,
        .write = rom_write,
        .reset = rom_reset,
        .rtt_ms = 2 * r->late_us / 1000,
    };

    if (r->up_us > 0)
        r->ready_us = r->up_us;
    clocked = r;
    ctx->clock = &rom_clock;
    ck_assert_ok(sfi_transport_open_stream(ctx, &ops, r, out));
}

void
rom_left_in(struct rom *r, const uint8_t *bytes, size_t len)
{
    static const uint8_t sync = 0x7f;

    (void)rom_write(r, &sync, 1, 0);
    r->now_us = r->line_us + 10000;
    for (size_t i = 0; i < len; i++) {
        (void)rom_write(r, bytes + i, 1, 0);
        r->now_us = r->line_us + 1000;
    }
    r->now_us += 1000000;
    r->first = r->last = 0;
}
