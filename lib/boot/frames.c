/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The commands of AN3155, frame by frame, for USART and SPI alike.  A command
 * is repeated as a whole when the line damaged any part of it. */
#include "boot/frames.h"

#include "util/mem.h"
#include "util/rd.h"
#include "core/agree.h"
#include "core/ctx.h"
#include "core/err.h"

/* In one command: some bootloaders keep the list in little RAM. */
#define PAGES_MAX 128u

/* ---- frames ---- */

/* AN3155, 3: each part of a command has its own ACK or NACK. */
static sfi_status
frames_judge(struct boot *b, sfi_status st, enum boot_refused part)
{
    b->refused = st == SFI_ERR_NACK ? part : BOOT_REFUSED_NOTHING;
    return st;
}

static sfi_status
frames_send_command(struct boot *b, uint8_t cmd)
{
    sfi_status st = b->wire->send_command(b, cmd, FRAMES_ACK_MS);

    sfi__link_tell(&b->link, st, "command 0x%02x", cmd);
    return frames_judge(b, st, BOOT_REFUSED_COMMAND);
}

static sfi_status
frames_send(struct boot *b, const uint8_t *frame, size_t len, uint32_t ms)
{
    sfi_status st = b->wire->send_frame(b, FRAME_PLAIN, frame, len, ms);

    sfi__link_tell(&b->link, st, "%zu bytes", len);
    return frames_judge(b, st, BOOT_REFUSED_DATA);
}

static sfi_status
frames_send_address(struct boot *b, uint32_t address)
{
    uint8_t frame[USART_ADDRESS_LEN];
    sfi_status st;

    sfi__an3155_address(frame, address);
    st = b->wire->send_frame(b, FRAME_PLAIN, frame, sizeof(frame),
                             FRAMES_ACK_MS);
    sfi__link_tell(&b->link, st, "address 0x%08x", address);
    return frames_judge(b, st, BOOT_REFUSED_ADDRESS);
}

static sfi_status
frames_take_bytes(struct boot *b, uint8_t *buf, size_t len, uint32_t wait_ms)
{
    sfi_status st = b->wire->take_bytes(b, buf, len, wait_ms);

    sfi__link_tell(&b->link, st, "an answer of %zu bytes", len);
    return st;
}

/* Drop what may still come; the error stays. */
static void
frames_give_up(struct boot *b)
{
    struct sfi_error first;

    sfi__error_keep(b->link.ctx, &first);
    (void)sfi__link_drain(&b->link);
    sfi__error_restore(b->link.ctx, &first);
}

/* One command from its first byte to its last.  `had_effect`: after a lost
 * reply, has the command been carried out already?  NULL: it may be carried out
 * twice. */
static sfi_status
frames_transact(struct boot *b, const char *what,
                sfi_status (*once)(struct boot *b, void *arg),
                bool (*had_effect)(struct boot *b, void *arg), void *arg)
{
    for (unsigned i = 0;; i++) {
        sfi_status st;

        b->link.doing = what;
        st = once(b, arg);
        if (!sfi__link_is_fault(st))
            return st;
        if (i == BOOT_REPEATS) {
            frames_give_up(b);
            return st;
        }
        sfi__log(b->link.ctx, SFI_LOG_DEBUG, "%s: %s; asking again", what,
                 b->link.ctx->error.message);
        st = b->wire->resync(b);
        if (st != SFI_OK)
            return st;
        if (had_effect != NULL && had_effect(b, arg))
            return SFI_OK;
    }
}

/* ---- Get and Get ID ---- */

/* The replies as they came, to be compared with the next ones. */
struct identity_question {
    struct boot *b;
    struct boot_identity reply;
};

static sfi_status
frames_get_once(struct boot *b, void *arg)
{
    struct boot_identity *reply = arg;
    size_t len = 0;
    sfi_status st = frames_send_command(b, USART_GET);

    if (st != SFI_OK)
        return st;
    st = b->wire->begin_reply(b);
    if (st != SFI_OK)
        return st;
    sfi__zero(reply->get, sizeof(reply->get));
    st = b->wire->take_get(b, reply->get, &len);
    sfi__link_tell(&b->link, st, "an answer of %zu bytes", len);
    if (st != SFI_OK)
        return st;
    if (!sfi__an3155_read_get(&b->get, reply->get, len))
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to Get is %zu bytes of %u, expected a "
                         "version, commands and an ACK",
                         len - 1, reply->get[0] + 2u);
    return SFI_OK;
}

static sfi_status
frames_take_id(struct boot *b, uint8_t *raw, size_t len)
{
    sfi_status st = frames_take_bytes(b, raw, len, 0);

    return st == SFI_OK ? b->wire->take_ack(b, FRAMES_GAP_MS) : st;
}

static sfi_status
frames_ask_id(struct boot *b, struct boot_identity *reply)
{
    sfi_status st = frames_send_command(b, USART_GET_ID);

    if (st != SFI_OK)
        return st;
    st = b->wire->begin_reply(b);
    if (st != SFI_OK)
        return st;
    return frames_take_id(b, reply->id, sizeof(reply->id));
}

static sfi_status
frames_get_id_once(struct boot *b, void *arg)
{
    struct boot_identity *reply = arg;
    struct rd r;
    sfi_status st = frames_ask_id(b, reply);

    if (st != SFI_OK && st != SFI_ERR_PROTOCOL && st != SFI_ERR_NACK)
        return st;
    sfi__rd_init(&r, reply->id, sizeof(reply->id));
    if (st != SFI_OK || sfi__rd_u8(&r) != 1)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to Get ID is malformed, expected two "
                         "bytes and an ACK");
    b->device_id = sfi__rd_u16be(&r);
    return SFI_OK;
}

static sfi_status
frames_ask_identity(void *arg)
{
    struct identity_question *q = arg;
    sfi_status st =
        frames_transact(q->b, "Get", frames_get_once, NULL, &q->reply);

    if (st != SFI_OK)
        return st;
    return frames_transact(q->b, "Get ID", frames_get_id_once, NULL, &q->reply);
}

/* A chip that answers as before was asked twice already. */
static bool
frames_is_same(const void *arg)
{
    const struct identity_question *q = arg;

    return sfi__equal(&q->reply, &q->b->identity, sizeof(q->reply));
}

/* Everything that follows is decided by these two replies. */
sfi_status
sfi__frames_identify(struct boot *b)
{
    const struct an3155_get *get = &b->get;
    struct identity_question mine = {.b = b};
    const struct question q = {frames_ask_identity, &mine, &mine.reply,
                               sizeof(mine.reply), frames_is_same};
    bool agreed;
    sfi_status st = sfi__ask_until_agreed(b->link.ctx, &q, &agreed);

    if (st != SFI_OK)
        return st;
    if (!agreed)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "replies to Get and Get ID differ each time; the "
                         "link is unreliable");
    b->identity = mine.reply;
    b->version = get->version;
    b->has_memory =
        sfi__an3155_has(get, USART_READ) || sfi__an3155_has(get, USART_WRITE);
    b->has_special = sfi__an3155_has(get, USART_SPECIAL) &&
                     sfi__an3155_has(get, USART_EXT_SPECIAL);
    return SFI_OK;
}

/* ---- the standard bootloader's memory ---- */

struct block {
    uint32_t address;
    const uint8_t *data;
    uint8_t *out;
    size_t len;
};

static size_t
frames_block_len(size_t left)
{
    return left < USART_BLOCK_MAX ? left : USART_BLOCK_MAX;
}

static sfi_status
frames_read_once(struct boot *b, void *arg)
{
    const struct block *k = arg;
    uint8_t count[USART_COUNT_LEN];
    sfi_status st = frames_send_command(b, USART_READ);

    if (st != SFI_OK)
        return st;
    st = frames_send_address(b, k->address);
    if (st != SFI_OK)
        return st;
    sfi__an3155_count(count, k->len);
    st = frames_send(b, count, sizeof(count), FRAMES_ACK_MS);
    if (st != SFI_OK)
        return st;
    st = b->wire->begin_reply(b);
    return st == SFI_OK ? frames_take_bytes(b, k->out, k->len, 0) : st;
}

sfi_status
sfi__frames_read(struct boot *b, uint32_t address, uint8_t *out, size_t len)
{
    for (size_t at = 0; at < len; at += frames_block_len(len - at)) {
        struct block k = {
            .address = address + (uint32_t)at,
            .out = out + at,
            .len = frames_block_len(len - at),
        };
        sfi_status st =
            frames_transact(b, "Read Memory", frames_read_once, NULL, &k);

        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static sfi_status
frames_write_once(struct boot *b, void *arg)
{
    const struct block *k = arg;
    uint8_t frame[USART_WRITE_MAX];
    size_t len;
    sfi_status st = frames_send_command(b, USART_WRITE);

    if (st != SFI_OK)
        return st;
    st = frames_send_address(b, k->address);
    if (st != SFI_OK)
        return st;
    len = sfi__an3155_write(frame, k->data, k->len);
    st = b->wire->send_frame(b, FRAME_PROGRAM, frame, len, BOOT_WRITE_MS);
    sfi__link_tell(&b->link, st, "%zu bytes", len);
    return frames_judge(b, st, BOOT_REFUSED_DATA);
}

/* A word of flash is programmed once only: read before writing it again. */
static bool
frames_is_written(struct boot *b, void *arg)
{
    const struct block *k = arg;
    uint8_t there[USART_BLOCK_MAX];
    struct block look = {
        .address = k->address,
        .out = there,
        .len = k->len,
    };

    return frames_read_once(b, &look) == SFI_OK &&
           sfi__equal(there, k->data, k->len);
}

sfi_status
sfi__frames_write(struct boot *b, uint32_t address, const uint8_t *data,
                  size_t len)
{
    for (size_t at = 0; at < len; at += frames_block_len(len - at)) {
        struct block k = {
            .address = address + (uint32_t)at,
            .data = data + at,
            .len = frames_block_len(len - at),
        };
        sfi_status st = frames_transact(b, "Write Memory", frames_write_once,
                                        frames_is_written, &k);

        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

/* AN2606, V9.0; by a report the revision decides whether the ACK comes. */
static sfi_status
frames_go_quietly(struct boot *b, uint32_t address)
{
    uint8_t frame[USART_ADDRESS_LEN];
    enum boot_refused part = BOOT_REFUSED_ADDRESS;
    sfi_status st;

    sfi__an3155_address(frame, address);
    st = b->wire->send_go(b, frame, sizeof(frame), &part);
    sfi__link_tell(&b->link, st, "command 0x%02x, address 0x%08x", USART_GO,
                   address);
    return frames_judge(b, st, part);
}

static sfi_status
frames_go_once(struct boot *b, void *arg)
{
    const uint32_t *address = arg;
    sfi_status st;

    if ((b->quirks & CHIP_QUIRK_GO_NO_ACK) != 0)
        return frames_go_quietly(b, *address);
    st = frames_send_command(b, USART_GO);
    return st == SFI_OK ? frames_send_address(b, *address) : st;
}

sfi_status
sfi__frames_go(struct boot *b, uint32_t address)
{
    return frames_transact(b, "Go", frames_go_once, NULL, &address);
}

/* ---- erasing ---- */

/* AN2606, V9.1: `count` sectors of bank 2 may still be erased, and a command
 * meanwhile can hang the part. */
static sfi_status
frames_wait_bank2(struct boot *b, uint32_t count)
{
    const struct sfi_chip *chip = sfi__boot_chip(b);
    uint32_t ms;

    if (count == 0 || chip == NULL ||
        (b->quirks & CHIP_QUIRK_EARLY_ERASE_ACK) == 0)
        return SFI_OK;
    ms = count * chip->erase_ms;
    sfi__log(b->link.ctx, SFI_LOG_INFO,
             "the bootloader acknowledges bank 2 before it is erased: "
             "waiting %u ms",
             ms);
    return sfi__link_sleep(&b->link, ms);
}

static uint32_t
frames_per_bank(const struct boot *b)
{
    const struct sfi_chip *chip = sfi__boot_chip(b);

    return chip != NULL ? chip->bank_size / chip->sector_size : UINT32_MAX;
}

static sfi_status
frames_erase_mass_once(struct boot *b, void *arg)
{
    uint8_t frame[USART_ERASE_SPECIAL_LEN];
    sfi_status st = frames_send_command(b, USART_EXT_ERASE);

    (void)arg;
    if (st != SFI_OK)
        return st;
    sfi__an3155_erase_special(frame, USART_ERASE_MASS);
    return frames_send(b, frame, sizeof(frame),
                       sfi__boot_erase_ms(b, BOOT_ALL_SECTORS));
}

sfi_status
sfi__frames_erase_mass(struct boot *b)
{
    sfi_status st = frames_transact(b, "Extended Erase", frames_erase_mass_once,
                                    NULL, NULL);

    return st == SFI_OK ? frames_wait_bank2(b, frames_per_bank(b)) : st;
}

struct pages {
    const uint16_t *numbers;
    size_t count;
};

static uint32_t
frames_in_bank2(const struct boot *b, const struct pages *p)
{
    uint32_t n = 0;

    for (size_t i = 0; i < p->count; i++)
        n += p->numbers[i] >= frames_per_bank(b);
    return n;
}

static sfi_status
frames_erase_pages_once(struct boot *b, void *arg)
{
    const struct pages *p = arg;
    sfi_status st = frames_send_command(b, USART_EXT_ERASE);

    if (st != SFI_OK)
        return st;
    st = b->wire->send_pages(b, p->numbers, p->count,
                             sfi__boot_erase_ms(b, p->count));
    sfi__link_tell(&b->link, st, "%zu sectors", p->count);
    return frames_judge(b, st, BOOT_REFUSED_DATA);
}

sfi_status
sfi__frames_erase_sectors(struct boot *b, const uint16_t *sectors, size_t count)
{
    for (size_t at = 0; at < count; at += PAGES_MAX) {
        size_t left = count - at;
        struct pages p = {sectors + at, left < PAGES_MAX ? left : PAGES_MAX};
        sfi_status st = frames_transact(b, "Extended Erase",
                                        frames_erase_pages_once, NULL, &p);

        if (st == SFI_OK)
            st = frames_wait_bank2(b, frames_in_bank2(b, &p));
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static sfi_status
frames_unprotect_once(struct boot *b, void *arg)
{
    (void)arg;
    return frames_send_command(b, USART_READOUT_UNPROTECT);
}

/* AN3155, 3.12: a second ACK follows, before the erase or after it; then the
 * chip is reset. */
sfi_status
sfi__frames_readout_unprotect(struct boot *b)
{
    sfi_status st = frames_transact(b, "Readout Unprotect",
                                    frames_unprotect_once, NULL, NULL);

    return st == SFI_OK
               ? b->wire->take_ack(b, sfi__boot_erase_ms(b, BOOT_ALL_SECTORS))
               : st;
}

/* ---- Special and Extended Special ---- */

static sfi_status
frames_malformed_reply(struct boot *b)
{
    return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                     "the answer to %s has an impossible length",
                     b->link.doing);
}

/* Two bytes, before the bytes that they count. */
static sfi_status
frames_take_length(struct boot *b, size_t *len, uint32_t wait_ms)
{
    uint8_t raw[2] = {0};
    sfi_status st =
        frames_take_bytes(b, raw, sizeof(raw), wait_ms > 0 ? wait_ms : 1);

    *len = (size_t)raw[0] << 8 | raw[1];
    return st;
}

static sfi_status
frames_take_data(struct boot *b, struct special *s, size_t *len)
{
    sfi_status st = frames_take_length(b, len, s->wait_ms);

    if (st != SFI_OK)
        return st;
    if (*len != 0 && !sfi__boot_accept_reply_len(s, *len))
        return frames_malformed_reply(b);
    return frames_take_bytes(b, s->reply, *len, 0);
}

static sfi_status
frames_take_status(struct boot *b, struct special *s)
{
    size_t len = 0;
    sfi_status st =
        frames_take_length(b, &len, s->extended ? s->wait_ms : FRAMES_GAP_MS);

    if (st != SFI_OK)
        return st;
    if (len != 1)
        return frames_malformed_reply(b);
    st = frames_take_bytes(b, &s->status, 1, 0);
    return st == SFI_OK ? b->wire->take_ack(b, FRAMES_GAP_MS) : st;
}

/* AN3155, 3.14 and 3.15: data (Special only), status, ACK; no checksum.  A
 * refusal may come without the data. */
static sfi_status
frames_take_reply(struct boot *b, struct special *s)
{
    size_t data_len = 0;
    sfi_status st = b->wire->begin_reply(b);

    if (st == SFI_OK && !s->extended)
        st = frames_take_data(b, s, &data_len);
    if (st == SFI_OK)
        st = frames_take_status(b, s);
    if (st == SFI_ERR_PROTOCOL || st == SFI_ERR_NACK)
        return frames_malformed_reply(b);
    if (st == SFI_OK && s->status == 0 &&
        !sfi__boot_accept_reply_len(s, data_len))
        return frames_malformed_reply(b);
    return st;
}

static sfi_status
frames_send_packet(struct boot *b, const uint8_t *data, size_t len, uint32_t ms)
{
    uint8_t frame[USART_PACKET_MAX];

    return frames_send(b, frame, sfi__an3155_packet(frame, data, len), ms);
}

static sfi_status
frames_special_once(struct boot *b, void *arg)
{
    struct special *s = arg;
    uint8_t opcode[USART_OPCODE_LEN];
    sfi_status st =
        frames_send_command(b, s->extended ? USART_EXT_SPECIAL : USART_SPECIAL);

    if (st != SFI_OK)
        return st;
    sfi__an3155_opcode(opcode, s->opcode);
    st = frames_send(b, opcode, sizeof(opcode), FRAMES_ACK_MS);
    if (st != SFI_OK)
        return st;
    /* Some acknowledge the last packet before their work, some after it. */
    st = frames_send_packet(b, s->param, s->param_len,
                            s->extended ? FRAMES_ACK_MS : s->wait_ms);
    if (st == SFI_OK && s->extended)
        st = frames_send_packet(b, s->data, s->data_len, s->wait_ms);
    return st == SFI_OK ? frames_take_reply(b, s) : st;
}

sfi_status
sfi__frames_special(struct boot *b, struct special *s)
{
    struct sfi_error first;
    sfi_status st;

    if (!s->once)
        return frames_transact(b, s->what, frames_special_once, NULL, s);
    b->link.doing = s->what;
    st = frames_special_once(b, s);
    if (!sfi__link_is_fault(st))
        return st;
    /* Not asked again, but the next command must find the bootloader. */
    sfi__error_keep(b->link.ctx, &first);
    if (b->wire->resync(b) != SFI_OK)
        frames_give_up(b);
    sfi__error_restore(b->link.ctx, &first);
    return st;
}
