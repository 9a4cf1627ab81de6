/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A bootloader on USART (AN3155): bytes arrive when they arrive, and each frame
 * is answered by one ACK. */
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "boot/frames.h"

/* Two short waits, and one longer than a device waits in a half frame: short
 * ones alone would keep it waiting there. */
static const uint32_t sync_ms[] = {250, 250, 1250};
#define SYNC_ROUND (sizeof(sync_ms) / sizeof(*sync_ms))
/* At a speed that need not work: two tries, and one after a half frame was
 * ended. */
#define FAST_MS 250u
#define FAST_ROUND 2u
#define PROBE_MS 1250u

/* ---- frames ---- */

static sfi_status
usart_take_ack(struct boot *b, uint32_t ms)
{
    sfi_ctx *ctx = b->link.ctx;
    uint8_t reply;
    sfi_status st = sfi__link_recv(&b->link, &reply, 1, NULL, ms);

    if (st != SFI_OK || reply == USART_ACK)
        return st;
    if (reply == USART_NACK)
        return sfi__fail(ctx, SFI_ERR_NACK, "the bootloader refused %s",
                         b->link.doing);
    return sfi__fail(ctx, SFI_ERR_PROTOCOL,
                     "the answer to %s is 0x%02x, expected 0x79 or 0x1f",
                     b->link.doing, reply);
}

static sfi_status
usart_send_frame(struct boot *b, enum frame_kind kind, const uint8_t *frame,
                 size_t len, uint32_t ms)
{
    sfi_status st = sfi__link_send(&b->link, frame, len);

    (void)kind;
    if (st != SFI_OK)
        return st;
    return usart_take_ack(b, ms + sfi__transport_ms(b->link.tp, len));
}

static sfi_status
usart_send_command(struct boot *b, uint8_t cmd)
{
    uint8_t frame[USART_COMMAND_LEN];

    sfi__an3155_command(frame, cmd);
    return usart_send_frame(b, FRAME_PLAIN, frame, sizeof(frame),
                            FRAMES_ACK_MS);
}

static sfi_status
usart_send_pages(struct boot *b, const uint16_t *pages, size_t count,
                 uint32_t ms)
{
    uint8_t frame[USART_ERASE_MAX];

    return usart_send_frame(b, FRAME_PLAIN, frame,
                            sfi__an3155_erase_pages(frame, pages, count), ms);
}

/* ---- replies ---- */

static sfi_status
usart_begin_reply(struct boot *b)
{
    (void)b;
    return SFI_OK;
}

static sfi_status
usart_take_bytes(struct boot *b, uint8_t *buf, size_t len, uint32_t wait_ms)
{
    if (wait_ms > 0 && len > 0) {
        sfi_status st = sfi__link_recv(&b->link, buf, 1, NULL, wait_ms);

        if (st != SFI_OK)
            return st;
        buf++;
        len--;
    }
    return sfi__link_recv(&b->link, buf, len, NULL,
                          FRAMES_GAP_MS + sfi__transport_ms(b->link.tp, len));
}

/* H7's V9.0 announces more than it lists (AN2606): what arrives counts. */
static sfi_status
usart_take_get(struct boot *b, uint8_t *buf, size_t *len)
{
    size_t got = 0;
    size_t want;
    sfi_status st = usart_take_bytes(b, buf, 1, 0);

    if (st != SFI_OK)
        return st;
    want = buf[0] + 2u;
    st = sfi__link_recv(&b->link, buf + 1, want, &got,
                        FRAMES_GAP_MS + sfi__transport_ms(b->link.tp, want));
    *len = 1 + got;
    return st == SFI_ERR_TIMEOUT ? SFI_OK : st;
}

/* ---- finding the bootloader ---- */

/* An ACK or NACK to 0x7f; *garbage: something else came. */
static sfi_status
usart_take_sync(struct boot *b, uint32_t ms, bool *garbage)
{
    struct deadline dl = sfi__deadline_in(b->link.ctx->clock, ms);

    for (;;) {
        uint8_t reply;
        sfi_status st =
            sfi__link_recv(&b->link, &reply, 1, NULL, sfi__deadline_left(&dl));

        if (st != SFI_OK)
            return st;
        if (reply == USART_ACK || reply == USART_NACK)
            return sfi__link_drain(&b->link); /* there may be a second NACK */
        *garbage = true;
    }
}

static sfi_status
usart_sync(struct boot *b, uint32_t ms, bool *garbage)
{
    const uint8_t sync = USART_SYNC;
    sfi_status st = sfi__link_send(&b->link, &sync, 1);

    return st == SFI_OK ? usart_take_sync(b, ms, garbage) : st;
}

/* End any frame that the device may be in the middle of. */
static sfi_status
usart_end_frame(struct boot *b)
{
    uint8_t filler[USART_PACKET_MAX];
    sfi_status st;

    sfi__fill(filler, USART_FILLER, sizeof(filler));
    st = sfi__link_send(&b->link, filler, sizeof(filler));
    if (st != SFI_OK)
        return st;
    st = sfi__link_sleep(&b->link,
                         sfi__transport_ms(b->link.tp, sizeof(filler)));
    return st == SFI_OK ? sfi__link_drain(&b->link) : st;
}

/* By the link's reset line; a link without one is not an error. */
static sfi_status
usart_reset_chip(struct boot *b)
{
    sfi_status st = sfi__transport_reset(b->link.tp, true);

    if (st == SFI_OK)
        sfi__log(b->link.ctx, SFI_LOG_INFO,
                 "%s: no answer; the chip was reset into its bootloader",
                 b->link.tp->name);
    return st == SFI_ERR_UNSUPPORTED ? SFI_OK : st;
}

/* At the current speed only, as slower ones are left to try. */
static sfi_status
usart_find_quickly(struct boot *b)
{
    bool garbage = false;
    sfi_status st = SFI_ERR_TIMEOUT;

    for (unsigned i = 0; st == SFI_ERR_TIMEOUT && i <= FAST_ROUND; i++) {
        st = i == FAST_ROUND ? usart_end_frame(b) : SFI_OK;
        if (st == SFI_OK)
            st = usart_sync(b, FAST_MS, &garbage);
    }
    return st;
}

static sfi_status
usart_not_found(struct boot *b, bool garbage, uint32_t ms)
{
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
usart_find(struct boot *b, uint32_t ms)
{
    struct deadline dl = sfi__deadline_in(b->link.ctx->clock, ms);
    bool garbage = false;

    for (size_t i = 0; !sfi__deadline_passed(&dl); i++) {
        uint32_t left = sfi__deadline_left(&dl);
        uint32_t wait = sync_ms[i % SYNC_ROUND];
        sfi_status st = usart_sync(b, wait < left ? wait : left, &garbage);

        if (st != SFI_ERR_TIMEOUT)
            return st;
        if (i % SYNC_ROUND < SYNC_ROUND - 1)
            continue;
        st = usart_end_frame(b);
        if (st == SFI_OK && i == SYNC_ROUND - 1)
            st = usart_reset_chip(b);
        if (st != SFI_OK)
            return st;
    }
    return usart_not_found(b, garbage, ms);
}

/* A 0x7f is a bad command where a command is due, and the last byte of a frame
 * that lost one.  Some bootloaders expect its complement too, hence two. */
static sfi_status
usart_resync(struct boot *b)
{
    bool garbage = false;
    sfi_status st = sfi__link_drain(&b->link);

    if (st == SFI_OK)
        st = usart_sync(b, PROBE_MS, &garbage);
    if (st != SFI_ERR_TIMEOUT)
        return st;
    st = usart_end_frame(b);
    for (unsigned i = 0; i < 2 && (st == SFI_OK || st == SFI_ERR_TIMEOUT);
         i++) {
        st = usart_sync(b, PROBE_MS, &garbage);
        if (st == SFI_OK)
            return st;
    }
    if (st == SFI_ERR_TIMEOUT)
        return sfi__fail(b->link.ctx, st,
                         "the chip stopped answering during %s", b->link.doing);
    return st;
}

static const struct frames_wire wire = {
    .send_command = usart_send_command,
    .send_frame = usart_send_frame,
    .send_pages = usart_send_pages,
    .take_ack = usart_take_ack,
    .begin_reply = usart_begin_reply,
    .take_bytes = usart_take_bytes,
    .take_get = usart_take_get,
    .resync = usart_resync,
};

/* *slower: how many of the link's speeds are left to try. */
static sfi_status
usart_connect_at(struct boot *b, uint32_t speed, uint32_t ms, uint32_t *slower)
{
    sfi_status st = sfi__transport_set_speed(b->link.tp, speed, slower);

    b->link.doing = "0x7f";
    if (st != SFI_OK)
        return st;
    st = *slower > 0 ? usart_find_quickly(b) : usart_find(b, ms);
    return st == SFI_OK ? sfi__frames_identify(b) : st;
}

/* From the speed that worked last, or the fastest, down to one that works. */
static sfi_status
usart_connect(struct boot *b, uint32_t ms)
{
    sfi_transport *tp = b->link.tp;

    b->wire = &wire;
    for (uint32_t speed = b->speed;; speed++) {
        uint32_t slower;
        sfi_status st = usart_connect_at(b, speed, ms, &slower);

        if (st == SFI_OK)
            b->speed = speed;
        if (slower == 0 || !sfi__link_is_fault(st))
            return st;
        sfi__log(b->link.ctx, SFI_LOG_WARNING,
                 "%s: the chip does not answer at %u baud; trying a lower "
                 "speed",
                 tp->name, tp->baud);
        st = usart_reset_chip(b);
        if (st != SFI_OK)
            return st;
    }
}

const struct boot_ops sfi__boot_usart = {
    .name = "USART",
    .connect = usart_connect,
    .read = sfi__frames_read,
    .write = sfi__frames_write,
    .go = sfi__frames_go,
    .erase_mass = sfi__frames_erase_mass,
    .erase_sectors = sfi__frames_erase_sectors,
    .readout_unprotect = sfi__frames_readout_unprotect,
    .special = sfi__frames_special,
};
