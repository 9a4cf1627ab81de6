/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A bootloader on USART (AN3155): bytes arrive when they arrive, and each frame
 * is answered by one ACK. */
#include "core/ctx.h"
#include "core/err.h"
#include "boot/usart.h"

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
usart_send_command(struct boot *b, uint8_t cmd, uint32_t ms)
{
    uint8_t frame[USART_COMMAND_LEN];

    sfi__an3155_command(frame, cmd);
    return usart_send_frame(b, FRAME_PLAIN, frame, sizeof(frame), ms);
}

/* The part waits for the address, with or without an ACK before. */
static sfi_status
usart_send_go(struct boot *b, const uint8_t *address, size_t len,
              enum boot_refused *part)
{
    sfi_status st = usart_send_command(b, USART_GO, FRAMES_GO_MS);

    *part = BOOT_REFUSED_COMMAND;
    if (st != SFI_OK && st != SFI_ERR_TIMEOUT)
        return st;
    *part = BOOT_REFUSED_ADDRESS;
    return usart_send_frame(b, FRAME_PLAIN, address, len, FRAMES_ACK_MS);
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

static const struct frames_wire wire = {
    .send_command = usart_send_command,
    .send_go = usart_send_go,
    .send_frame = usart_send_frame,
    .send_pages = usart_send_pages,
    .take_ack = usart_take_ack,
    .begin_reply = usart_begin_reply,
    .take_bytes = usart_take_bytes,
    .take_get = usart_take_get,
    .resync = sfi__usart_resync,
};

/* *slower: how many of the link's speeds are left to try. */
static sfi_status
usart_connect_at(struct boot *b, uint32_t speed, uint32_t ms, uint32_t *slower)
{
    sfi_status st = sfi__transport_set_speed(b->link.tp, speed, slower);

    b->link.doing = "0x7f";
    return st == SFI_OK ? sfi__usart_find(b, ms, speed, *slower > 0) : st;
}

/* From the speed that worked last, or the fastest, down to one that works. */
static sfi_status
usart_connect(struct boot *b, uint32_t ms)
{
    sfi_transport *tp = b->link.tp;

    b->wire = &wire;
    for (uint32_t speed = b->speed;; speed++) {
        uint32_t slower;
        bool done;
        sfi_status st = usart_connect_at(b, speed, ms, &slower);

        if (st == SFI_OK)
            b->speed = speed;
        if (slower == 0 || b->erases || !sfi__link_is_fault(st))
            return st;
        sfi__log(b->link.ctx, SFI_LOG_WARNING,
                 "%s: the chip does not answer at %u baud; trying a lower "
                 "speed",
                 tp->name, tp->baud);
        st = sfi__usart_reset_chip(b, &done);
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
