/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The part's side of AN3155 and AN4286: one byte in, a reply out. */
#include "proto/an3155_device.h"

#include <string.h>

/* Which packet is being received in `frame`. */
enum state {
    STATE_SYNC,          /* nothing received yet: waits for 0x7f */
    STATE_SOF,           /* SPI, 0x5a: idle */
    STATE_COMMAND,       /* code: idle */
    STATE_COMPLEMENT,    /* code, ~code */
    STATE_ADDRESS,       /* address 4, xor */
    STATE_READ_COUNT,    /* N, ~N */
    STATE_WRITE_COUNT,   /* N */
    STATE_WRITE_DATA,    /* N, data N + 1, xor */
    STATE_ERASE_COUNT,   /* N 2; SPI: N 2, xor */
    STATE_ERASE_SPECIAL, /* code 2, xor */
    STATE_ERASE_PAGES,   /* N 2, pages 2 * (N + 1), xor; SPI: without N */
    STATE_SECTOR_COUNT,  /* N; SPI: N, ~N */
    STATE_SECTORS,       /* N, sectors N + 1, xor; SPI: without N */
    STATE_OPCODE,        /* sub-opcode 2, xor */
    STATE_PARAM_LEN,     /* length 2 */
    STATE_PARAM,         /* length 2, data, xor */
    STATE_DATA_LEN,      /* length 2 */
    STATE_DATA,          /* length 2, data, xor */
};

/* AN3155: XOR over a packet and its checksum is 0; a one-byte packet's
 * checksum is its complement. */
static uint8_t
an3155_frame_sum(const struct an3155_device *s)
{
    uint8_t x = 0;

    for (size_t i = 0; i < s->have; i++)
        x ^= s->frame[i];
    return x;
}

static uint16_t
an3155_read_u16be(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

/* Start a new packet: `want` bytes follow. */
static void
an3155_expect_packet(struct an3155_device *s, enum state state, size_t want)
{
    s->state = (int)state;
    s->have = 0;
    s->want = want;
}

/* Continue the packet: `more` bytes follow. */
static void
an3155_extend_packet(struct an3155_device *s, enum state state, size_t more)
{
    s->state = (int)state;
    s->want += more;
}

static void
an3155_go_idle(struct an3155_device *s)
{
    an3155_expect_packet(s, s->config.spi ? STATE_SOF : STATE_COMMAND, 1);
}

/* AN3155: a NACK aborts the command. */
static void
an3155_send_nack(struct an3155_device *s, struct wr *out)
{
    sfi__wr_u8(out, USART_NACK);
    s->tail = false;
    an3155_go_idle(s);
}

static void
an3155_ack_and_expect(struct an3155_device *s, struct wr *out, enum state state,
                      size_t want)
{
    sfi__wr_u8(out, USART_ACK);
    s->tail = false;
    an3155_expect_packet(s, state, want);
}

static void
an3155_finish_command(struct an3155_device *s, struct wr *out, bool done)
{
    s->tail = sfi__wr_len(out) > 0;
    sfi__wr_u8(out, done ? USART_ACK : USART_NACK);
    an3155_go_idle(s);
}

/* AN3155, 3.1: count + 1 bytes follow. */
static void
an3155_run_get(struct an3155_device *s, struct wr *out)
{
    sfi__wr_u8(out, USART_ACK);
    sfi__wr_u8(out,
               (uint8_t)(s->config.command_count + s->config.announced_more));
    sfi__wr_u8(out, s->config.version);
    sfi__wr_bytes(out, s->config.commands, s->config.command_count);
    an3155_finish_command(s, out, true);
}

/* AN3155, 3.2: two zero bytes, formerly counters; AN4286 omits them. */
static void
an3155_run_get_version(struct an3155_device *s, struct wr *out)
{
    sfi__wr_u8(out, USART_ACK);
    sfi__wr_u8(out, s->config.version);
    if (!s->config.spi)
        sfi__wr_fill(out, 0x00, 2);
    an3155_finish_command(s, out, true);
}

/* AN3155, 3.3 */
static void
an3155_run_get_id(struct an3155_device *s, struct wr *out)
{
    sfi__wr_u8(out, USART_ACK);
    sfi__wr_u8(out, 1);
    sfi__wr_u16be(out, s->config.product_id);
    an3155_finish_command(s, out, true);
}

static bool
an3155_command_is_listed(const struct an3155_device_config *c, uint8_t cmd)
{
    size_t i = 0;

    while (i < c->command_count && c->commands[i] != cmd)
        i++;
    return i < c->command_count &&
           (c->handlers->allowed == NULL || c->handlers->allowed(c->user, cmd));
}

/* AN3155, 3.10 to 3.12: a second ACK when it is done. */
static bool
an3155_is_protect(uint8_t cmd)
{
    return cmd == USART_WRITE_UNPROTECT || cmd == USART_READOUT_PROTECT ||
           cmd == USART_READOUT_UNPROTECT;
}

static void
an3155_run_protect(struct an3155_device *s, struct wr *out)
{
    sfi__wr_u8(out, USART_ACK);
    an3155_finish_command(s, out,
                          s->config.handlers->protect(s->config.user, s->cmd));
}

static void
an3155_begin_command(struct an3155_device *s, struct wr *out)
{
    const struct an3155_handlers *h = s->config.handlers;

    if (s->cmd == USART_GET)
        an3155_run_get(s, out);
    else if (s->cmd == USART_GET_VERSION)
        an3155_run_get_version(s, out);
    else if (s->cmd == USART_GET_ID)
        an3155_run_get_id(s, out);
    else if ((s->cmd == USART_READ && h->read != NULL) ||
             (s->cmd == USART_GO && h->go != NULL && !s->config.go_is_silent) ||
             (s->cmd == USART_WRITE && h->write != NULL))
        an3155_ack_and_expect(s, out, STATE_ADDRESS, 5);
    else if (s->cmd == USART_EXT_ERASE && h->erase != NULL)
        an3155_ack_and_expect(s, out, STATE_ERASE_COUNT, s->config.spi ? 3 : 2);
    else if (s->cmd == USART_GO && h->go != NULL)
        an3155_expect_packet(s, STATE_ADDRESS, 5);
    else if (s->cmd == USART_WRITE_PROTECT && h->protect_sectors != NULL)
        an3155_ack_and_expect(s, out, STATE_SECTOR_COUNT,
                              s->config.spi ? 2 : 1);
    else if (an3155_is_protect(s->cmd) && h->protect != NULL)
        an3155_run_protect(s, out);
    else if ((s->cmd == USART_SPECIAL || s->cmd == USART_EXT_SPECIAL) &&
             h->special != NULL)
        an3155_ack_and_expect(s, out, STATE_OPCODE, 3);
    else
        an3155_send_nack(s, out);
}

/* Ignore bytes before the sync byte: the line is not in sync yet. */
static void
an3155_on_sync(struct an3155_device *s, struct wr *out)
{
    if (s->frame[0] == (s->config.spi ? SPI_SOF : USART_SYNC))
        an3155_finish_command(s, out, true);
    else
        an3155_expect_packet(s, STATE_SYNC, 1);
}

/* AN4286: ignore bytes that do not follow a start of frame. */
static void
an3155_on_sof(struct an3155_device *s)
{
    an3155_expect_packet(s, s->frame[0] == SPI_SOF ? STATE_COMMAND : STATE_SOF,
                         1);
}

static void
an3155_on_command(struct an3155_device *s, struct wr *out)
{
    s->cmd = s->frame[0];
    /* The host does not know that the device is in sync: a NACK tells it. */
    if (s->cmd == USART_SYNC && !s->config.spi)
        an3155_send_nack(s, out);
    else
        an3155_extend_packet(s, STATE_COMPLEMENT, 1);
}

static void
an3155_on_complement(struct an3155_device *s, struct wr *out)
{
    if (an3155_frame_sum(s) == 0xff &&
        an3155_command_is_listed(&s->config, s->cmd))
        an3155_begin_command(s, out);
    else
        an3155_send_nack(s, out);
}

static void
an3155_on_address(struct an3155_device *s, struct wr *out)
{
    const struct an3155_device_config *c = &s->config;

    s->address = (uint32_t)an3155_read_u16be(s->frame) << 16 |
                 an3155_read_u16be(s->frame + 2);
    if (an3155_frame_sum(s) != 0 ||
        (c->handlers->address != NULL &&
         !c->handlers->address(c->user, s->cmd, s->address))) {
        an3155_send_nack(s, out);
    } else if (s->cmd == USART_READ) {
        an3155_ack_and_expect(s, out, STATE_READ_COUNT, 2);
    } else if (s->cmd == USART_WRITE) {
        an3155_ack_and_expect(s, out, STATE_WRITE_COUNT, 1);
    } else {
        an3155_finish_command(s, out, true);
        c->handlers->go(c->user, s->address);
    }
}

static void
an3155_on_read_count(struct an3155_device *s, struct wr *out)
{
    const struct an3155_device_config *c = &s->config;
    size_t len = (size_t)s->frame[0] + 1;

    if (an3155_frame_sum(s) != 0xff ||
        !c->handlers->read(c->user, s->address, s->frame, len)) {
        an3155_send_nack(s, out);
        return;
    }
    /* AN3155, 3.4: no ACK after the data. */
    an3155_finish_command(s, out, true);
    sfi__wr_bytes(out, s->frame, len);
}

static void
an3155_on_write_data(struct an3155_device *s, struct wr *out)
{
    const struct an3155_device_config *c = &s->config;
    size_t len = (size_t)s->frame[0] + 1;

    an3155_finish_command(
        s, out,
        an3155_frame_sum(s) == 0 &&
            c->handlers->write(c->user, s->address, s->frame + 1, len));
}

/* AN4286: the count is a packet of its own. */
static void
an3155_on_erase_count_spi(struct an3155_device *s, struct wr *out)
{
    const struct an3155_device_config *c = &s->config;
    uint16_t n = an3155_read_u16be(s->frame);

    if (an3155_frame_sum(s) != 0 ||
        (n >= USART_ERASE_PAGES_MAX && n < USART_ERASE_BANK2)) {
        an3155_send_nack(s, out);
    } else if (n >= USART_ERASE_BANK2) {
        an3155_finish_command(s, out, c->handlers->erase(c->user, n, NULL, 0));
    } else {
        s->param_len = (size_t)n + 1;
        an3155_ack_and_expect(s, out, STATE_ERASE_PAGES, 2 * s->param_len + 1);
    }
}

static void
an3155_on_erase_count(struct an3155_device *s, struct wr *out)
{
    uint16_t n = an3155_read_u16be(s->frame);

    if (s->config.spi)
        an3155_on_erase_count_spi(s, out);
    else if (n >= USART_ERASE_SPECIAL)
        an3155_extend_packet(s, STATE_ERASE_SPECIAL, 1);
    else if (n >= USART_ERASE_PAGES_MAX)
        an3155_send_nack(s, out);
    else
        an3155_extend_packet(s, STATE_ERASE_PAGES, 2 * ((size_t)n + 1) + 1);
}

/* AN3155, 3.8: 0xfff0 to 0xfffc are reserved. */
static void
an3155_on_erase_special(struct an3155_device *s, struct wr *out)
{
    const struct an3155_device_config *c = &s->config;
    uint16_t code = an3155_read_u16be(s->frame);

    an3155_finish_command(s, out,
                          an3155_frame_sum(s) == 0 &&
                              code >= USART_ERASE_BANK2 &&
                              c->handlers->erase(c->user, code, NULL, 0));
}

static void
an3155_on_erase_pages(struct an3155_device *s, struct wr *out)
{
    const struct an3155_device_config *c = &s->config;
    const uint8_t *list = s->frame + (c->spi ? 0 : 2);
    size_t count =
        c->spi ? s->param_len : (size_t)an3155_read_u16be(s->frame) + 1;

    if (an3155_frame_sum(s) != 0) {
        an3155_send_nack(s, out);
        return;
    }
    /* `pages` shares memory with `frame`: page i is written at or before the
     * place where it was read. */
    for (size_t i = 0; i < count; i++)
        s->pages[i] = an3155_read_u16be(list + 2 * i);
    an3155_finish_command(
        s, out,
        c->handlers->erase(c->user, (uint16_t)(count - 1), s->pages, count));
}

/* AN3155, 3.9; AN4286: the count is a packet of its own. */
static void
an3155_on_sector_count(struct an3155_device *s, struct wr *out)
{
    s->param_len = (size_t)s->frame[0] + 1;
    if (!s->config.spi)
        an3155_extend_packet(s, STATE_SECTORS, s->param_len + 1);
    else if (an3155_frame_sum(s) == 0xff)
        an3155_ack_and_expect(s, out, STATE_SECTORS, s->param_len + 1);
    else
        an3155_send_nack(s, out);
}

static void
an3155_on_sectors(struct an3155_device *s, struct wr *out)
{
    const struct an3155_device_config *c = &s->config;

    an3155_finish_command(
        s, out,
        an3155_frame_sum(s) == 0 &&
            c->handlers->protect_sectors(c->user, s->frame + (c->spi ? 0 : 1),
                                         s->param_len));
}

static void
an3155_on_opcode(struct an3155_device *s, struct wr *out)
{
    const struct an3155_device_config *c = &s->config;

    s->opcode = an3155_read_u16be(s->frame);
    if (an3155_frame_sum(s) != 0 ||
        (c->handlers->known != NULL &&
         !c->handlers->known(c->user, s->cmd, s->opcode)))
        an3155_send_nack(s, out);
    else
        an3155_ack_and_expect(s, out, STATE_PARAM_LEN, 2);
}

static void
an3155_on_length(struct an3155_device *s, struct wr *out, enum state next,
                 size_t max)
{
    size_t len = an3155_read_u16be(s->frame);

    if (len > max)
        an3155_send_nack(s, out);
    else
        an3155_extend_packet(s, next, len + 1);
}

/* AN3155, 3.14 and 3.15: Special replies data and status, Extended Special only
 * status; both without a checksum. */
static void
an3155_run_special(struct an3155_device *s, struct wr *out, uint8_t *data,
                   size_t len)
{
    const struct an3155_device_config *c = &s->config;
    uint8_t reply[SFI_CMD_REPLY_MAX];
    size_t reply_len = sizeof(reply);
    uint8_t status =
        c->handlers->special(c->user, s->opcode, s->param, s->param_len, data,
                             len, reply, &reply_len);

    sfi__wr_u8(out, USART_ACK);
    if (s->cmd == USART_SPECIAL) {
        sfi__wr_u16be(out, (uint16_t)reply_len);
        sfi__wr_bytes(out, reply, reply_len);
    }
    sfi__wr_u16be(out, 1);
    sfi__wr_u8(out, status);
    an3155_finish_command(s, out, true);
}

static void
an3155_on_param(struct an3155_device *s, struct wr *out)
{
    if (an3155_frame_sum(s) != 0) {
        an3155_send_nack(s, out);
        return;
    }
    s->param_len = an3155_read_u16be(s->frame);
    memcpy(s->param, s->frame + 2, s->param_len);
    if (s->cmd == USART_SPECIAL)
        an3155_run_special(s, out, NULL, 0);
    else
        an3155_ack_and_expect(s, out, STATE_DATA_LEN, 2);
}

static void
an3155_on_data(struct an3155_device *s, struct wr *out)
{
    if (an3155_frame_sum(s) != 0)
        an3155_send_nack(s, out);
    else
        an3155_run_special(s, out, s->frame + 2, an3155_read_u16be(s->frame));
}

static void
an3155_on_packet(struct an3155_device *s, struct wr *out)
{
    switch ((enum state)s->state) {
    case STATE_SYNC:
        an3155_on_sync(s, out);
        break;
    case STATE_SOF:
        an3155_on_sof(s);
        break;
    case STATE_COMMAND:
        an3155_on_command(s, out);
        break;
    case STATE_COMPLEMENT:
        an3155_on_complement(s, out);
        break;
    case STATE_ADDRESS:
        an3155_on_address(s, out);
        break;
    case STATE_READ_COUNT:
        an3155_on_read_count(s, out);
        break;
    case STATE_WRITE_COUNT:
        an3155_extend_packet(s, STATE_WRITE_DATA, (size_t)s->frame[0] + 2);
        break;
    case STATE_WRITE_DATA:
        an3155_on_write_data(s, out);
        break;
    case STATE_ERASE_COUNT:
        an3155_on_erase_count(s, out);
        break;
    case STATE_ERASE_SPECIAL:
        an3155_on_erase_special(s, out);
        break;
    case STATE_ERASE_PAGES:
        an3155_on_erase_pages(s, out);
        break;
    case STATE_SECTOR_COUNT:
        an3155_on_sector_count(s, out);
        break;
    case STATE_SECTORS:
        an3155_on_sectors(s, out);
        break;
    case STATE_OPCODE:
        an3155_on_opcode(s, out);
        break;
    case STATE_PARAM_LEN:
        an3155_on_length(s, out, STATE_PARAM, SFI_CMD_PARAM_MAX);
        break;
    case STATE_PARAM:
        an3155_on_param(s, out);
        break;
    case STATE_DATA_LEN:
        an3155_on_length(s, out, STATE_DATA, SFI_CMD_DATA_MAX);
        break;
    case STATE_DATA:
        an3155_on_data(s, out);
        break;
    }
}

void
sfi__an3155_device_init(struct an3155_device *s,
                        const struct an3155_device_config *config)
{
    *s = (struct an3155_device){.config = *config};
    an3155_expect_packet(s, STATE_SYNC, 1);
}

void
sfi__an3155_device_byte(struct an3155_device *s, uint8_t byte, struct wr *out)
{
    s->frame[s->have++] = byte;
    if (s->have == s->want)
        an3155_on_packet(s, out);
}

bool
sfi__an3155_device_busy(const struct an3155_device *s)
{
    return s->state > STATE_COMMAND;
}

void
sfi__an3155_device_drop(struct an3155_device *s, struct wr *out)
{
    if (sfi__an3155_device_busy(s))
        an3155_send_nack(s, out);
}
