/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* AN3155: bytes that come when they come, each phase answered by one ACK. */
#include "util/clock.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "boot/frames.h"

/* Two quick ones, and one that is longer than a device waits in a half frame:
 * quick ones alone would keep it waiting there. */
static const uint32_t sync_ms[] = {250, 250, 1250};
#define SYNC_ROUND (sizeof(sync_ms) / sizeof(*sync_ms))
/* At a speed that need not work: two, and one after a half frame was ended. */
#define FAST_MS 250u
#define FAST_ROUND 2u
#define PROBE_MS 1250u

/* ---- phases ---- */

static sfi_status
take_ack(struct boot *b, uint32_t ms)
{
    sfi_ctx *ctx = b->link.ctx;
    uint8_t answer;
    sfi_status st = sfi__link_recv(&b->link, &answer, 1, NULL, ms);

    if (st != SFI_OK || answer == USART_ACK)
        return st;
    if (answer == USART_NACK)
        return sfi__fail(ctx, SFI_ERR_NACK, "the bootloader refused %s",
                         b->link.doing);
    return sfi__fail(ctx, SFI_ERR_PROTOCOL,
                     "0x%02x came in answer to %s, expected 0x79 or 0x1f",
                     answer, b->link.doing);
}

/* Send what goes out before the next wait, and wait for its ACK. */
static sfi_status
phase(struct boot *b, const uint8_t *frame, size_t len, uint32_t ms)
{
    sfi_status st = sfi__link_send(&b->link, frame, len);

    if (st != SFI_OK)
        return st;
    return take_ack(b, ms + sfi__transport_ms(b->link.tp, len));
}

static sfi_status
command(struct boot *b, uint8_t cmd)
{
    uint8_t frame[USART_COMMAND_LEN];

    sfi__an3155_command(frame, cmd);
    return phase(b, frame, sizeof(frame), AN_ACK_MS);
}

static sfi_status
pages(struct boot *b, const uint16_t *numbers, size_t count, uint32_t ms)
{
    uint8_t frame[USART_ERASE_MAX];

    return phase(b, frame, sfi__an3155_erase_pages(frame, numbers, count), ms);
}

static sfi_status
answer(struct boot *b)
{
    (void)b;
    return SFI_OK;
}

static sfi_status
take(struct boot *b, uint8_t *buf, size_t len)
{
    return sfi__link_recv(&b->link, buf, len, NULL,
                          AN_GAP_MS + sfi__transport_ms(b->link.tp, len));
}

static sfi_status
take_late(struct boot *b, uint8_t *byte, uint32_t ms)
{
    return sfi__link_recv(&b->link, byte, 1, NULL, ms);
}

/* H7's V9.0 announces more than it lists (AN2606): what is there counts. */
static sfi_status
take_get(struct boot *b, uint8_t *buf, size_t *len)
{
    size_t got = 0;
    size_t want;
    sfi_status st = take(b, buf, 1);

    if (st != SFI_OK)
        return st;
    want = buf[0] + 2u;
    st = sfi__link_recv(&b->link, buf + 1, want, &got,
                        AN_GAP_MS + sfi__transport_ms(b->link.tp, want));
    *len = 1 + got;
    return st == SFI_ERR_TIMEOUT ? SFI_OK : st;
}

/* ---- finding the way back ---- */

static sfi_status
send_byte(struct boot *b, uint8_t byte)
{
    return sfi__link_send(&b->link, &byte, 1);
}

/* An ACK or NACK to 0x7f; *garbage: something else came. */
static sfi_status
take_sync(struct boot *b, uint32_t ms, bool *garbage)
{
    struct deadline dl = sfi__deadline_in(b->link.ctx->clock, ms);

    for (;;) {
        uint8_t answer;
        sfi_status st =
            sfi__link_recv(&b->link, &answer, 1, NULL, sfi__deadline_left(&dl));

        if (st != SFI_OK)
            return st;
        if (answer == USART_ACK || answer == USART_NACK)
            return sfi__link_drain(&b->link); /* there may be a second NACK */
        *garbage = true;
    }
}

/* End any frame that the device may be in the middle of. */
static sfi_status
fill_up(struct boot *b)
{
    const struct clock *clock = b->link.ctx->clock;
    uint8_t filler[USART_PACKET_MAX];
    sfi_status st;

    sfi__fill(filler, USART_FILLER, sizeof(filler));
    st = sfi__link_send(&b->link, filler, sizeof(filler));
    if (st != SFI_OK)
        return st;
    clock->sleep_ms(clock->user, sfi__transport_ms(b->link.tp, sizeof(filler)));
    return sfi__link_drain(&b->link);
}

/* By the link's line, if there is one: not an error if not. */
static sfi_status
reset(struct boot *b)
{
    sfi_status st = sfi__transport_reset(b->link.tp, true);

    if (st == SFI_OK)
        sfi__log(b->link.ctx, SFI_LOG_INFO,
                 "%s: no answer; the chip was reset into its bootloader",
                 b->link.tp->name);
    return st == SFI_ERR_UNSUPPORTED ? SFI_OK : st;
}

/* Is it at this speed?  There are slower ones. */
static sfi_status
find_fast(struct boot *b)
{
    bool garbage = false;
    sfi_status st = SFI_ERR_TIMEOUT;

    for (unsigned i = 0; st == SFI_ERR_TIMEOUT && i <= FAST_ROUND; i++) {
        st = i == FAST_ROUND ? fill_up(b) : SFI_OK;
        if (st == SFI_OK)
            st = send_byte(b, USART_SYNC);
        if (st == SFI_OK)
            st = take_sync(b, FAST_MS, &garbage);
    }
    return st;
}

static sfi_status
find(struct boot *b, uint32_t ms)
{
    struct deadline dl = sfi__deadline_in(b->link.ctx->clock, ms);
    bool garbage = false;

    for (size_t i = 0; !sfi__deadline_passed(&dl); i++) {
        uint32_t left = sfi__deadline_left(&dl);
        uint32_t wait = sync_ms[i % SYNC_ROUND];
        sfi_status st = send_byte(b, USART_SYNC);

        if (st == SFI_OK)
            st = take_sync(b, wait < left ? wait : left, &garbage);
        if (st != SFI_ERR_TIMEOUT)
            return st;
        if (i % SYNC_ROUND == SYNC_ROUND - 1) {
            st = fill_up(b);
            if (st == SFI_OK && i == SYNC_ROUND - 1)
                st = reset(b);
            if (st != SFI_OK)
                return st;
        }
    }
    if (garbage)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "only garbage came in answer to 0x7f; is the speed "
                         "right, and is this a bootloader");
    return sfi__fail(b->link.ctx, SFI_ERR_TIMEOUT,
                     "no answer to 0x7f within %u ms; is the chip powered, "
                     "and in its bootloader (BOOT0)",
                     ms);
}

static sfi_status
probe(struct boot *b)
{
    bool garbage = false;
    sfi_status st = send_byte(b, USART_SYNC);

    return st == SFI_OK ? take_sync(b, PROBE_MS, &garbage) : st;
}

/* A 0x7f is a bad command where a command is due, and the last byte of a frame
 * that lost one.  Some bootloaders want the complement too: two then. */
static sfi_status
resync(struct boot *b)
{
    sfi_status st = sfi__link_drain(&b->link);

    if (st == SFI_OK)
        st = probe(b);
    if (st != SFI_ERR_TIMEOUT)
        return st;
    st = fill_up(b);
    for (unsigned i = 0; i < 2 && (st == SFI_OK || st == SFI_ERR_TIMEOUT);
         i++) {
        st = probe(b);
        if (st == SFI_OK)
            return st;
    }
    if (st == SFI_ERR_TIMEOUT)
        return sfi__fail(b->link.ctx, st, "the chip stopped answering at %s",
                         b->link.doing);
    return st;
}

/* A second NACK, or the rest of an answer, is not the next command's. */
static void
give_up(struct boot *b)
{
    struct sfi_error first;

    sfi__error_keep(b->link.ctx, &first);
    (void)sfi__link_drain(&b->link);
    sfi__error_restore(b->link.ctx, &first);
}

static const struct frames_wire wire = {
    .command = command,
    .phase = phase,
    .program = phase,
    .ack = take_ack,
    .pages = pages,
    .answer = answer,
    .take = take,
    .take_late = take_late,
    .take_get = take_get,
    .resync = resync,
    .give_up = give_up,
};

/* From the speed that worked last, or the fastest, down to one that works. */
static sfi_status
connect(struct boot *b, uint32_t ms)
{
    sfi_transport *tp = b->link.tp;

    b->wire = &wire;
    for (uint32_t speed = b->speed;; speed++) {
        uint32_t slower;
        sfi_status st = sfi__transport_set_speed(tp, speed, &slower);

        b->link.doing = "0x7f";
        if (st == SFI_OK)
            st = slower > 0 ? find_fast(b) : find(b, ms);
        if (st == SFI_OK)
            st = sfi__frames_identify(b);
        if (st == SFI_OK)
            b->speed = speed;
        if (slower == 0 || !sfi__link_is_fault(st))
            return st;
        sfi__log(b->link.ctx, SFI_LOG_WARNING,
                 "%s: the chip does not answer at %u baud; trying a lower "
                 "speed",
                 tp->name, tp->baud);
        st = reset(b);
        if (st != SFI_OK)
            return st;
    }
}

const struct boot_ops sfi__boot_usart = {
    .name = "USART",
    .connect = connect,
    .read = sfi__frames_read,
    .write = sfi__frames_write,
    .go = sfi__frames_go,
    .erase_mass = sfi__frames_erase_mass,
    .erase_sectors = sfi__frames_erase_sectors,
    .readout_unprotect = sfi__frames_readout_unprotect,
    .special = sfi__frames_special,
};
