/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The host's packets of AN3155 (USART bootloader). */
#include "proto/an3155.h"

#include "util/rd.h"
#include "util/wr.h"

static uint8_t
an3155_checksum(const uint8_t *data, size_t len)
{
    uint8_t x = 0;

    for (size_t i = 0; i < len; i++)
        x = (uint8_t)(x ^ data[i]);
    return x;
}

static size_t
an3155_seal_packet(struct wr *w)
{
    sfi__wr_u8(w, an3155_checksum(w->start, sfi__wr_len(w)));
    return sfi__wr_ok(w) ? sfi__wr_len(w) : 0;
}

/* AN3155, 3: the checksum of one byte is its complement. */
void
sfi__an3155_command(uint8_t out[USART_COMMAND_LEN], uint8_t cmd)
{
    out[0] = cmd;
    out[1] = (uint8_t)~cmd;
}

void
sfi__an3155_address(uint8_t out[USART_ADDRESS_LEN], uint32_t address)
{
    struct wr w;

    sfi__wr_init(&w, out, USART_ADDRESS_LEN);
    sfi__wr_u32be(&w, address);
    (void)an3155_seal_packet(&w);
}

void
sfi__an3155_count(uint8_t out[USART_COUNT_LEN], size_t len)
{
    sfi__an3155_command(out, (uint8_t)(len - 1));
}

size_t
sfi__an3155_write(uint8_t out[USART_WRITE_MAX], const uint8_t *data, size_t len)
{
    struct wr w;

    sfi__wr_init(&w, out, USART_WRITE_MAX);
    sfi__wr_u8(&w, (uint8_t)(len - 1));
    sfi__wr_bytes(&w, data, len);
    return an3155_seal_packet(&w);
}

void
sfi__an3155_erase_special(uint8_t out[USART_ERASE_SPECIAL_LEN], uint16_t code)
{
    sfi__an3155_opcode(out, code);
}

size_t
sfi__an3155_erase_pages(uint8_t out[USART_ERASE_MAX], const uint16_t *pages,
                        size_t count)
{
    struct wr w;

    sfi__wr_init(&w, out, USART_ERASE_MAX);
    sfi__wr_u16be(&w, (uint16_t)(count - 1));
    for (size_t i = 0; i < count; i++)
        sfi__wr_u16be(&w, pages[i]);
    return an3155_seal_packet(&w);
}

void
sfi__an3155_opcode(uint8_t out[USART_OPCODE_LEN], uint16_t opcode)
{
    struct wr w;

    sfi__wr_init(&w, out, USART_OPCODE_LEN);
    sfi__wr_u16be(&w, opcode);
    (void)an3155_seal_packet(&w);
}

size_t
sfi__an3155_packet(uint8_t out[USART_PACKET_MAX], const uint8_t *data,
                   size_t len)
{
    struct wr w;

    sfi__wr_init(&w, out, USART_PACKET_MAX);
    sfi__wr_u16be(&w, (uint16_t)len);
    sfi__wr_bytes(&w, data, len);
    return an3155_seal_packet(&w);
}

bool
sfi__an3155_read_get(struct an3155_get *out, const uint8_t *data, size_t len)
{
    struct rd r;
    size_t announced;

    sfi__rd_init(&r, data, len);
    *out = (struct an3155_get){.count = 0};
    announced = sfi__rd_u8(&r);
    out->version = sfi__rd_u8(&r);
    if (!sfi__rd_ok(&r) || sfi__rd_left(&r) == 0 || data[len - 1] != USART_ACK)
        return false;
    if (sfi__rd_left(&r) - 1 > announced ||
        sfi__rd_left(&r) - 1 > USART_COMMANDS_MAX)
        return false;
    out->count = sfi__rd_left(&r) - 1;
    sfi__rd_bytes(&r, out->commands, out->count);
    if (!sfi__an3155_has(out, USART_GET))
        out->count = 0;
    return out->count > 0;
}

bool
sfi__an3155_has(const struct an3155_get *get, uint8_t cmd)
{
    for (size_t i = 0; i < get->count; i++) {
        if (get->commands[i] == cmd)
            return true;
    }
    return false;
}
