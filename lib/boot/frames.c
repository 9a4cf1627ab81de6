/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include "boot/frames.h"

#include "util/mem.h"
#include "util/rd.h"
#include "core/ctx.h"
#include "core/err.h"

/* Programming a block, or erasing and writing the option bytes. */
#define WRITE_MS 3000u
/* AN2606: an H7's mass erase takes more than 13 s. */
#define ERASE_MS 35000u
#define REPEATS 3u
/* In one command: some bootloaders keep the list in little RAM. */
#define PAGES_MAX 128u

/* ---- phases ---- */

static sfi_status
begin(struct boot *b, uint8_t cmd)
{
    return b->wire->command(b, cmd);
}

static sfi_status
phase(struct boot *b, const uint8_t *frame, size_t len, uint32_t ms)
{
    return b->wire->phase(b, frame, len, ms);
}

static sfi_status
take(struct boot *b, uint8_t *buf, size_t len)
{
    return b->wire->take(b, buf, len);
}

static sfi_status
send_address(struct boot *b, uint32_t address)
{
    uint8_t frame[USART_ADDRESS_LEN];

    sfi__an3155_address(frame, address);
    return phase(b, frame, sizeof(frame), AN_ACK_MS);
}

/* One command from its first byte to its last; repeated as a whole when the
 * line spoilt it.  `had`: it has taken effect already, only the answer was
 * lost; NULL: it may be done twice. */
static sfi_status
transact(struct boot *b, const char *what,
         sfi_status (*once)(struct boot *b, void *arg),
         bool (*had)(struct boot *b, void *arg), void *arg)
{
    for (unsigned i = 0;; i++) {
        sfi_status st;

        b->link.doing = what;
        st = once(b, arg);
        if (!sfi__link_is_fault(st))
            return st;
        if (i == REPEATS) {
            b->wire->give_up(b);
            return st;
        }
        sfi__log(b->link.ctx, SFI_LOG_DEBUG, "%s: %s; asking again", what,
                 b->link.ctx->error.message);
        st = b->wire->resync(b);
        if (st != SFI_OK)
            return st;
        if (had != NULL && had(b, arg))
            return SFI_OK;
    }
}

/* ---- Get and Get ID ---- */

static sfi_status
get_once(struct boot *b, void *arg)
{
    uint8_t answer[AN_GET_MAX];
    size_t len = 0;
    sfi_status st = begin(b, USART_GET);

    (void)arg;
    if (st == SFI_OK)
        st = b->wire->answer(b);
    if (st == SFI_OK)
        st = b->wire->take_get(b, answer, &len);
    if (st != SFI_OK)
        return st;
    if (!sfi__an3155_read_get(&b->get, answer, len))
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to Get is %zu bytes of %u, expected a "
                         "version, commands and an ACK",
                         len - 1, answer[0] + 2u);
    return SFI_OK;
}

static sfi_status
get_id_once(struct boot *b, void *arg)
{
    uint8_t answer[3];
    struct rd r;
    sfi_status st = begin(b, USART_GET_ID);

    (void)arg;
    if (st == SFI_OK)
        st = b->wire->answer(b);
    if (st == SFI_OK)
        st = take(b, answer, sizeof(answer));
    if (st == SFI_OK)
        st = b->wire->ack(b, AN_GAP_MS);
    if (st != SFI_OK && st != SFI_ERR_PROTOCOL && st != SFI_ERR_NACK)
        return st;
    sfi__rd_init(&r, answer, sizeof(answer));
    if (st != SFI_OK || sfi__rd_u8(&r) != 1)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to Get ID is malformed, expected two "
                         "bytes and an ACK");
    b->device_id = sfi__rd_u16be(&r);
    return SFI_OK;
}

static bool
same_get(const struct an3155_get *a, const struct an3155_get *b)
{
    return a->version == b->version && a->count == b->count &&
           sfi__equal(a->commands, b->commands, a->count);
}

static sfi_status
identified(struct boot *b)
{
    const struct an3155_get *get = &b->get;

    b->version = get->version;
    b->has_memory =
        sfi__an3155_has(get, USART_READ) || sfi__an3155_has(get, USART_WRITE);
    b->has_special = sfi__an3155_has(get, USART_SPECIAL) &&
                     sfi__an3155_has(get, USART_EXT_SPECIAL);
    return SFI_OK;
}

/* Answers carry no checksum: what all the rest hangs on is asked for until two
 * answers in a row agree. */
sfi_status
sfi__frames_identify(struct boot *b)
{
    for (unsigned i = 0; i < BOOT_ASKED_MAX; i++) {
        struct an3155_get get = b->get;
        uint16_t device_id = b->device_id;
        sfi_status st = transact(b, "Get", get_once, NULL, NULL);

        if (st == SFI_OK)
            st = transact(b, "Get ID", get_id_once, NULL, NULL);
        if (st != SFI_OK)
            return st;
        if (i > 0 && device_id == b->device_id && same_get(&get, &b->get))
            return identified(b);
    }
    return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                     "every answer to Get and Get ID is another one; the line "
                     "is bad");
}

/* ---- the standard bootloader's memory ---- */

struct block {
    uint32_t address;
    const uint8_t *data;
    uint8_t *out;
    size_t len;
};

static size_t
cut(size_t len)
{
    return len < USART_BLOCK_MAX ? len : USART_BLOCK_MAX;
}

static sfi_status
read_once(struct boot *b, void *arg)
{
    const struct block *k = arg;
    uint8_t count[USART_COUNT_LEN];
    sfi_status st = begin(b, USART_READ);

    sfi__an3155_count(count, k->len);
    if (st == SFI_OK)
        st = send_address(b, k->address);
    if (st == SFI_OK)
        st = phase(b, count, sizeof(count), AN_ACK_MS);
    if (st == SFI_OK)
        st = b->wire->answer(b);
    if (st == SFI_OK)
        st = take(b, k->out, k->len);
    return st;
}

sfi_status
sfi__frames_read(struct boot *b, uint32_t address, uint8_t *out, size_t len)
{
    sfi_status st = SFI_OK;

    for (size_t at = 0; st == SFI_OK && at < len; at += cut(len - at)) {
        struct block k = {
            .address = address + (uint32_t)at,
            .out = out + at,
            .len = cut(len - at),
        };

        st = transact(b, "Read Memory", read_once, NULL, &k);
    }
    return st;
}

static sfi_status
write_once(struct boot *b, void *arg)
{
    const struct block *k = arg;
    uint8_t frame[USART_WRITE_MAX];
    sfi_status st = begin(b, USART_WRITE);

    if (st == SFI_OK)
        st = send_address(b, k->address);
    if (st == SFI_OK)
        st = b->wire->program(
            b, frame, sfi__an3155_write(frame, k->data, k->len), WRITE_MS);
    return st;
}

/* Flash takes a word once: look before writing it again. */
static bool
is_written(struct boot *b, void *arg)
{
    const struct block *k = arg;
    uint8_t there[USART_BLOCK_MAX];
    struct block look = {
        .address = k->address,
        .out = there,
        .len = k->len,
    };

    return read_once(b, &look) == SFI_OK && sfi__equal(there, k->data, k->len);
}

sfi_status
sfi__frames_write(struct boot *b, uint32_t address, const uint8_t *data,
                  size_t len)
{
    sfi_status st = SFI_OK;

    for (size_t at = 0; st == SFI_OK && at < len; at += cut(len - at)) {
        struct block k = {
            .address = address + (uint32_t)at,
            .data = data + at,
            .len = cut(len - at),
        };

        st = transact(b, "Write Memory", write_once, is_written, &k);
    }
    return st;
}

static sfi_status
go_once(struct boot *b, void *arg)
{
    const uint32_t *address = arg;
    sfi_status st = begin(b, USART_GO);

    return st == SFI_OK ? send_address(b, *address) : st;
}

sfi_status
sfi__frames_go(struct boot *b, uint32_t address)
{
    return transact(b, "Go", go_once, NULL, &address);
}

/* ---- erasing ---- */

static sfi_status
erase_once(struct boot *b, void *arg)
{
    uint8_t frame[USART_ERASE_SPECIAL_LEN];
    sfi_status st = begin(b, USART_EXT_ERASE);

    (void)arg;
    sfi__an3155_erase_special(frame, USART_ERASE_MASS);
    if (st == SFI_OK)
        st = phase(b, frame, sizeof(frame), ERASE_MS);
    return st;
}

sfi_status
sfi__frames_erase_mass(struct boot *b)
{
    return transact(b, "Extended Erase", erase_once, NULL, NULL);
}

struct pages {
    const uint16_t *numbers;
    size_t count;
};

static sfi_status
pages_once(struct boot *b, void *arg)
{
    const struct pages *p = arg;
    sfi_status st = begin(b, USART_EXT_ERASE);

    return st == SFI_OK ? b->wire->pages(b, p->numbers, p->count, ERASE_MS)
                        : st;
}

sfi_status
sfi__frames_erase_sectors(struct boot *b, const uint16_t *sectors, size_t count)
{
    sfi_status st = SFI_OK;

    for (size_t at = 0; st == SFI_OK && at < count; at += PAGES_MAX) {
        size_t left = count - at;
        struct pages p = {sectors + at, left < PAGES_MAX ? left : PAGES_MAX};

        st = transact(b, "Extended Erase", pages_once, NULL, &p);
    }
    return st;
}

static sfi_status
unprotect_once(struct boot *b, void *arg)
{
    (void)arg;
    return begin(b, USART_READOUT_UNPROTECT);
}

/* AN3155, 3.12: a second ACK follows, before the erase or after it; then the
 * chip is reset. */
sfi_status
sfi__frames_readout_unprotect(struct boot *b)
{
    sfi_status st =
        transact(b, "Readout Unprotect", unprotect_once, NULL, NULL);

    return st == SFI_OK ? b->wire->ack(b, ERASE_MS) : st;
}

/* ---- Special and Extended Special ---- */

static sfi_status
malformed_reply(struct boot *b)
{
    return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                     "the answer to %s has an impossible length",
                     b->link.doing);
}

/* A length in front of what it counts; after `ms` the first byte is here. */
static sfi_status
take_length(struct boot *b, size_t *len, uint32_t ms)
{
    uint8_t raw[2];
    sfi_status st = b->wire->take_late(b, raw, ms);

    if (st == SFI_OK)
        st = take(b, raw + 1, 1);
    *len = (size_t)raw[0] << 8 | raw[1];
    return st;
}

/* AN3155, 3.14 and 3.15: data (Special only), status, ACK; no checksum.  A
 * refusal may come without the data. */
static sfi_status
take_reply(struct boot *b, struct special *s)
{
    size_t len = 0;
    size_t data_len = 0;
    sfi_status st = b->wire->answer(b);

    if (st == SFI_OK && !s->extended) {
        st = take_length(b, &data_len, s->wait_ms);
        if (st == SFI_OK && data_len != 0 &&
            !sfi__boot_takes_reply(s, data_len))
            st = malformed_reply(b);
        if (st == SFI_OK)
            st = take(b, s->reply, data_len);
    }
    if (st == SFI_OK)
        st = take_length(b, &len, s->extended ? s->wait_ms : AN_GAP_MS);
    if (st == SFI_OK && len != 1)
        st = malformed_reply(b);
    if (st == SFI_OK)
        st = take(b, &s->status, 1);
    if (st == SFI_OK)
        st = b->wire->ack(b, AN_GAP_MS);
    if (st == SFI_ERR_PROTOCOL || st == SFI_ERR_NACK ||
        (st == SFI_OK && s->status == 0 && !sfi__boot_takes_reply(s, data_len)))
        return malformed_reply(b);
    return st;
}

static sfi_status
send_packet(struct boot *b, const uint8_t *data, size_t len, uint32_t ms)
{
    uint8_t frame[USART_PACKET_MAX];

    return phase(b, frame, sfi__an3155_packet(frame, data, len), ms);
}

static sfi_status
special_once(struct boot *b, void *arg)
{
    struct special *s = arg;
    uint8_t opcode[USART_OPCODE_LEN];
    sfi_status st = begin(b, s->extended ? USART_EXT_SPECIAL : USART_SPECIAL);

    sfi__an3155_opcode(opcode, s->opcode);
    if (st == SFI_OK)
        st = phase(b, opcode, sizeof(opcode), AN_ACK_MS);
    /* Some acknowledge the last packet before their work, some after it. */
    if (st == SFI_OK)
        st = send_packet(b, s->param, s->param_len,
                         s->extended ? AN_ACK_MS : s->wait_ms);
    if (st == SFI_OK && s->extended)
        st = send_packet(b, s->data, s->data_len, s->wait_ms);
    return st == SFI_OK ? take_reply(b, s) : st;
}

sfi_status
sfi__frames_special(struct boot *b, struct special *s)
{
    struct sfi_error first;
    sfi_status st;

    if (!s->once)
        return transact(b, s->what, special_once, NULL, s);
    b->link.doing = s->what;
    st = special_once(b, s);
    if (!sfi__link_is_fault(st))
        return st;
    sfi__error_keep(b->link.ctx, &first);
    /* so that the next command finds a bootloader that listens */
    if (b->wire->resync(b) != SFI_OK)
        b->wire->give_up(b);
    sfi__error_restore(b->link.ctx, &first);
    return st;
}
