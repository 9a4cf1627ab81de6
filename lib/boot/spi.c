/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A bootloader on SPI (AN4286): the host clocks every byte.  The part returns
 * 0xa5 until it has something to send; the host polls for an ACK, and
 * acknowledges it. */
#include "util/mem.h"
#include "chip/chip.h"
#include "core/ctx.h"
#include "core/err.h"
#include "boot/frames.h"
#include "proto/an4286.h"

/* Polls without a pause, before a pause comes between them. */
#define FAST_POLLS 256u
#define SLOW_POLL_MS 1u
/* To find the bootloader: a first wait, in case it is still working. */
#define SYNC_MS 100u
/* A frame that was cut short ends within the longest there is. */
#define FILL_LEN USART_FRAME_MAX
#define FIND_MS 20u

/* ---- clocking ---- */

static sfi_status
spi_clock_out(struct boot *b, const uint8_t *tx, uint8_t *rx, size_t len)
{
    sfi_status st = sfi__link_cancelled(&b->link);

    return st == SFI_OK ? sfi__transport_transfer(b->link.tp, tx, rx, len) : st;
}

static sfi_status
spi_clock_in(struct boot *b, uint8_t *byte)
{
    const uint8_t dummy = SPI_DUMMY;

    return spi_clock_out(b, &dummy, byte, 1);
}

/* Clock bytes in until a wanted one arrives; SFI_ERR_TIMEOUT without a message
 * when none did within `ms`.  *byte is the last. */
static sfi_status
spi_poll_byte(struct boot *b, bool (*wanted)(uint8_t byte), uint8_t *byte,
              uint32_t ms)
{
    struct deadline dl = sfi__deadline_in(sfi__transport_clock(b->link.tp), ms);

    for (unsigned i = 0;; i++) {
        bool last = sfi__deadline_passed(&dl);
        sfi_status st = spi_clock_in(b, byte);

        if (st != SFI_OK || wanted(*byte))
            return st;
        if (last)
            return SFI_ERR_TIMEOUT;
        if (i < FAST_POLLS)
            continue;
        st = sfi__link_sleep(&b->link, SLOW_POLL_MS);
        if (st != SFI_OK)
            return st;
    }
}

/* ---- frames ---- */

static bool
spi_is_verdict(uint8_t byte)
{
    return byte == USART_ACK || byte == USART_NACK;
}

/* AN4286, 2.1: poll, and acknowledge what was found.  `early`: came where the
 * dummy is due; some parts give a NACK there, and go on when it is answered. */
static sfi_status
spi_take_verdict(struct boot *b, uint8_t early, uint8_t *verdict, uint32_t ms)
{
    const uint8_t ack = USART_ACK;
    sfi_status st = SFI_OK;

    *verdict = early;
    if (early != USART_NACK)
        st = spi_poll_byte(b, spi_is_verdict, verdict, ms);
    return st == SFI_OK ? spi_clock_out(b, &ack, NULL, 1) : st;
}

static sfi_status
spi_judge(struct boot *b, uint8_t verdict)
{
    if (verdict == USART_ACK)
        return SFI_OK;
    return sfi__fail(b->link.ctx, SFI_ERR_NACK, "the bootloader refused %s",
                     b->link.doing);
}

static sfi_status
spi_expect_ack(struct boot *b, uint8_t early, uint32_t ms)
{
    sfi_ctx *ctx = b->link.ctx;
    uint8_t verdict = SPI_BUSY;
    sfi_status st = spi_take_verdict(b, early, &verdict, ms);

    if (st == SFI_ERR_TIMEOUT)
        return sfi__fail(ctx, st,
                         "no answer to %s within %u ms: the last byte is "
                         "0x%02x, expected 0x79 or 0x1f",
                         b->link.doing, ms, verdict);
    return st == SFI_OK ? spi_judge(b, verdict) : st;
}

static sfi_status
spi_take_ack(struct boot *b, uint32_t ms)
{
    uint8_t early;
    sfi_status st = spi_clock_in(b, &early);

    return st == SFI_OK ? spi_expect_ack(b, early, ms) : st;
}

/* The frame and the dummy behind it in one go. */
static sfi_status
spi_send_polled(struct boot *b, const uint8_t *frame, size_t len, uint32_t ms)
{
    uint8_t tx[USART_FRAME_MAX + 1];
    uint8_t rx[sizeof(tx)];
    struct wr w;
    sfi_status st;

    sfi__wr_init(&w, tx, sizeof(tx));
    sfi__wr_bytes(&w, frame, len);
    sfi__wr_u8(&w, SPI_DUMMY);
    if (!sfi__wr_ok(&w))
        return sfi__fail(b->link.ctx, SFI_ERR_INTERNAL,
                         "a frame of %zu bytes, expected at most %u", len,
                         USART_FRAME_MAX);
    st = spi_clock_out(b, tx, rx, sfi__wr_len(&w));
    return st == SFI_OK ? spi_expect_ack(b, rx[len], ms) : st;
}

/* AN2606: an L4 that is polled while it programs may leave a word out. */
static sfi_status
spi_send_frame(struct boot *b, enum frame_kind kind, const uint8_t *frame,
               size_t len, uint32_t ms)
{
    const struct sfi_chip *chip = sfi__boot_chip(b);
    sfi_status st;

    if (kind == FRAME_PLAIN || chip == NULL || chip->spi_write_ms == 0)
        return spi_send_polled(b, frame, len, ms);
    st = spi_clock_out(b, frame, NULL, len);
    if (st != SFI_OK)
        return st;
    st = sfi__link_sleep(&b->link, chip->spi_write_ms);
    return st == SFI_OK ? spi_take_ack(b, ms) : st;
}

static sfi_status
spi_send_command(struct boot *b, uint8_t cmd, uint32_t ms)
{
    uint8_t frame[SPI_COMMAND_LEN];

    sfi__an4286_command(frame, cmd);
    return spi_send_polled(b, frame, sizeof(frame), ms);
}

/* Send an address in place of the dummies behind a command, until a byte comes
 * back that says what the part waits for: SPI_BUSY, if none did.  One that
 * comes with the last byte is still the command's: a part that takes the
 * address has not seen all of it yet. */
static sfi_status
spi_send_unasked(struct boot *b, const uint8_t *address, size_t len,
                 uint8_t *verdict)
{
    sfi_status st = sfi__link_sleep(&b->link, SLOW_POLL_MS);

    *verdict = SPI_BUSY;
    for (size_t i = 0; st == SFI_OK && i < len && !spi_is_verdict(*verdict);
         i++)
        st = spi_clock_out(b, address + i, verdict, 1);
    return st;
}

/* Whatever is clocked to look for an ACK that does not come is the address
 * already, so the address is what is clocked. */
static sfi_status
spi_send_go(struct boot *b, const uint8_t *address, size_t len,
            enum boot_refused *part)
{
    const uint8_t ack = USART_ACK;
    uint8_t frame[SPI_COMMAND_LEN];
    uint8_t verdict = SPI_BUSY;
    sfi_status st;

    sfi__an4286_command(frame, USART_GO);
    st = spi_clock_out(b, frame, NULL, sizeof(frame));
    if (st == SFI_OK)
        st = spi_send_unasked(b, address, len, &verdict);
    if (st == SFI_OK && !spi_is_verdict(verdict)) {
        *part = BOOT_REFUSED_ADDRESS;
        return spi_take_ack(b, FRAMES_ACK_MS);
    }
    *part = BOOT_REFUSED_COMMAND;
    if (st == SFI_OK)
        st = spi_clock_out(b, &ack, NULL, 1);
    if (st == SFI_OK)
        st = spi_judge(b, verdict);
    if (st != SFI_OK)
        return st;
    *part = BOOT_REFUSED_ADDRESS;
    return spi_send_polled(b, address, len, FRAMES_ACK_MS);
}

static sfi_status
spi_send_pages(struct boot *b, const uint16_t *pages, size_t count, uint32_t ms)
{
    uint8_t head[USART_ERASE_SPECIAL_LEN];
    uint8_t frame[SPI_PAGES_MAX];
    sfi_status st;

    sfi__an3155_erase_special(head, (uint16_t)(count - 1));
    st = spi_send_polled(b, head, sizeof(head), FRAMES_ACK_MS);
    if (st != SFI_OK)
        return st;
    return spi_send_polled(b, frame, sfi__an4286_pages(frame, pages, count),
                           ms);
}

/* ---- replies ---- */

/* AN4286, 2.1: one byte without meaning precedes a reply. */
static sfi_status
spi_begin_reply(struct boot *b)
{
    uint8_t dummy;

    return spi_clock_in(b, &dummy);
}

static bool
spi_is_not_busy(uint8_t byte)
{
    return byte != SPI_BUSY;
}

static sfi_status
spi_take_first(struct boot *b, uint8_t *byte, uint32_t ms)
{
    sfi_status st = spi_poll_byte(b, spi_is_not_busy, byte, ms);

    if (st == SFI_ERR_TIMEOUT)
        return sfi__fail(b->link.ctx, st, "no answer to %s within %u ms",
                         b->link.doing, ms);
    return st;
}

static sfi_status
spi_take_bytes(struct boot *b, uint8_t *buf, size_t len, uint32_t wait_ms)
{
    uint8_t tx[USART_BLOCK_MAX];

    if (len > sizeof(tx))
        return sfi__fail(b->link.ctx, SFI_ERR_INTERNAL,
                         "an answer of %zu bytes, expected at most %u", len,
                         USART_BLOCK_MAX);
    if (wait_ms > 0 && len > 0) {
        sfi_status st = spi_take_first(b, buf, wait_ms);

        if (st != SFI_OK)
            return st;
        buf++;
        len--;
    }
    sfi__fill(tx, SPI_DUMMY, len);
    return len > 0 ? spi_clock_out(b, tx, buf, len) : SFI_OK;
}

/* A list that is shorter than announced (AN2606) ends with the ACK's dummy,
 * which is not a command. */
static sfi_status
spi_take_get(struct boot *b, uint8_t *buf, size_t *len)
{
    sfi_status st = spi_take_bytes(b, buf, 2, 0);
    uint8_t early = SPI_BUSY;
    bool ended = false;

    *len = 2;
    for (size_t i = 0; st == SFI_OK && !ended && i < buf[0]; i++) {
        st = spi_clock_in(b, buf + *len);
        ended = buf[*len] == SPI_BUSY;
        *len += !ended;
    }
    if (st == SFI_OK && !ended)
        st = spi_clock_in(b, &early);
    if (st == SFI_OK)
        st = spi_expect_ack(b, early, FRAMES_GAP_MS);
    if (st == SFI_OK)
        buf[(*len)++] = USART_ACK;
    return st;
}

/* ---- finding the bootloader ---- */

/* The first 0x5a is answered by an ACK; a later one begins a command, and the
 * zeros behind it make it a bad one. */
static sfi_status
spi_sync(struct boot *b, uint8_t *last, uint32_t ms)
{
    static const uint8_t out[] = {SPI_SOF, SPI_DUMMY};
    uint8_t in[sizeof(out)];
    sfi_status st = spi_clock_out(b, out, in, sizeof(out));

    if (st == SFI_OK)
        st = spi_take_verdict(b, in[1], last, ms);
    b->is_new = b->is_new || (st == SFI_OK && *last == USART_ACK);
    return st;
}

/* End what the bootloader may be in the middle of: an ACK to be fetched, a
 * reply, a frame; and take the NACK that may follow. */
static sfi_status
spi_end_frame(struct boot *b)
{
    uint8_t out[1 + FILL_LEN + 3];
    sfi_status st = sfi__transport_select(b->link.tp, false);

    sfi__fill(out, USART_FILLER, sizeof(out));
    out[0] = USART_ACK;
    sfi__fill(out + 1 + FILL_LEN, SPI_DUMMY, 2);
    out[sizeof(out) - 1] = USART_ACK;
    if (st == SFI_OK)
        st = sfi__transport_select(b->link.tp, true);
    return st == SFI_OK ? spi_clock_out(b, out, NULL, sizeof(out)) : st;
}

static sfi_status
spi_find(struct boot *b, uint32_t ms)
{
    struct deadline dl = sfi__deadline_in(sfi__transport_clock(b->link.tp), ms);
    uint8_t last = SPI_BUSY;
    sfi_status st = spi_sync(b, &last, ms < SYNC_MS ? ms : SYNC_MS);

    while (st == SFI_ERR_TIMEOUT &&
           sfi__link_try_again(&b->link, &dl, FIND_MS)) {
        st = spi_end_frame(b);
        if (st == SFI_OK)
            st = spi_sync(b, &last, FIND_MS);
    }
    if (st == SFI_ERR_TIMEOUT)
        return sfi__fail(
            b->link.ctx, st,
            "no answer to 0x5a within %u ms, the last byte was "
            "0x%02x; is the chip powered, wired to this SPI, and "
            "in its bootloader (BOOT0; with PB15 low an H7 answers on "
            "USB only)",
            ms, last);
    return st;
}

static sfi_status
spi_resync(struct boot *b)
{
    uint8_t last;
    sfi_status st = SFI_ERR_TIMEOUT;

    for (unsigned i = 0; i < 3 && st == SFI_ERR_TIMEOUT; i++) {
        st = spi_end_frame(b);
        if (st == SFI_OK)
            st = spi_sync(b, &last, SYNC_MS);
    }
    if (st == SFI_ERR_TIMEOUT)
        return sfi__fail(b->link.ctx, st,
                         "the chip stopped answering during %s", b->link.doing);
    return st;
}

static const struct frames_wire wire = {
    .send_command = spi_send_command,
    .send_go = spi_send_go,
    .send_frame = spi_send_frame,
    .send_pages = spi_send_pages,
    .take_ack = spi_take_ack,
    .begin_reply = spi_begin_reply,
    .take_bytes = spi_take_bytes,
    .take_get = spi_take_get,
    .resync = spi_resync,
};

static sfi_status
spi_connect(struct boot *b, uint32_t ms)
{
    sfi_status st = sfi__transport_select(b->link.tp, false);

    b->wire = &wire;
    b->link.doing = "0x5a";
    if (st != SFI_OK)
        return st;
    st = sfi__transport_select(b->link.tp, true);
    if (st != SFI_OK)
        return st;
    st = spi_find(b, ms);
    return st == SFI_OK ? sfi__frames_identify(b) : st;
}

const struct boot_ops sfi__boot_spi = {
    .name = "SPI",
    .connect = spi_connect,
    .read = sfi__frames_read,
    .write = sfi__frames_write,
    .go = sfi__frames_go,
    .erase_mass = sfi__frames_erase_mass,
    .erase_sectors = sfi__frames_erase_sectors,
    .readout_unprotect = sfi__frames_readout_unprotect,
    .special = sfi__frames_special,
};
