/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Requests for a stream, their changes, and their frames. */
#include "message.h"

#include <string.h>

#include <fixture.h>

#include "proto/an3155_device.h"

static const uint16_t opcodes[] = {
    SFI_CMD_INFO,   SFI_CMD_CERTIFICATE, SFI_CMD_SECURE,  SFI_CMD_LICENSE,
    SFI_CMD_HEADER, SFI_CMD_AREA,        SFI_CMD_DATA,    SFI_CMD_FINISH,
    SFI_CMD_ABORT,  SFI_CMD_SESSION,     SFI_CMD_RECEIPT,
};
#define OPCODES (sizeof(opcodes) / sizeof(*opcodes))

static void
message_u32le(uint8_t *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> 8 * i);
}

/* ---- requests ---- */

/* The next bytes of the open area, in pieces of any length. */
static void
message_data(struct message *m, const struct progress *p, struct chance *c)
{
    uint32_t area = p->info.area > 0 ? p->info.area - 1u : 0;
    const struct test_area *a = &p->image->area[area % p->image->areas];
    uint32_t left = 0, n;

    if (p->info.offset < a->d.size)
        left = a->d.size - p->info.offset;
    n = chance_below(c, 2) == 0 ? left : 1 + chance_below(c, left + 1);
    if (n > left)
        n = left;
    message_u32le(m->param, p->info.offset);
    m->param_len = 4;
    memcpy(m->data, a->cipher + p->info.offset % (a->d.size + 1), n);
    m->data_len = n;
}

static void
message_area(struct message *m, const struct progress *p, struct chance *c)
{
    uint32_t next = p->done;

    if (chance_below(c, 8) == 0)
        next = chance_below(c, p->image->areas);
    memcpy(m->param, p->image->area[next % p->image->areas].raw,
           SFI_FORMAT_AREA_LEN);
    m->param_len = SFI_FORMAT_AREA_LEN;
}

/* A static licence, or a live one whose content is another session's. */
static void
message_license(struct message *m, const struct progress *p, struct chance *c)
{
    memcpy(m->data, p->image->license, LICENSE_LEN);
    m->data_len = LICENSE_LEN;
    switch (chance_below(c, 8)) {
    case 0:
        memcpy(m->data, "SFIL", 4);
        message_u32le(m->data + 4, p->session ^ 1u);
        break;
    case 1:
        message_u32le(m->data + 4, 1 + chance_below(c, 3));
        break;
    default:
        break;
    }
}

void
message_request(struct message *m, uint16_t opcode, const struct progress *p,
                struct chance *c)
{
    memset(m, 0, sizeof(*m));
    m->opcode = opcode;
    m->carrier =
        sfi__security_is_extended(opcode) ? USART_EXT_SPECIAL : USART_SPECIAL;
    switch ((enum sfi_cmd)opcode) {
    case SFI_CMD_SECURE:
        m->param[0] = (uint8_t)chance_below(c, 2);
        m->param_len = 1;
        break;
    case SFI_CMD_LICENSE:
        message_license(m, p, c);
        break;
    case SFI_CMD_HEADER:
        memcpy(m->param, p->image->header, SFI_FORMAT_HEADER_LEN);
        m->param_len = SFI_FORMAT_HEADER_LEN;
        break;
    case SFI_CMD_AREA:
        message_area(m, p, c);
        break;
    case SFI_CMD_DATA:
        message_data(m, p, c);
        break;
    default:
        break;
    }
}

void
message_next(struct message *m, const struct progress *p, struct chance *c)
{
    static const uint16_t next[] = {
        [SFI_DEVICE_EMPTY] = SFI_CMD_SECURE,
        [SFI_DEVICE_READY] = SFI_CMD_LICENSE,
        [SFI_DEVICE_LICENSED] = SFI_CMD_HEADER,
        [SFI_DEVICE_RECEIVING] = SFI_CMD_DATA,
        [SFI_DEVICE_COMPLETE] = SFI_CMD_FINISH,
        [SFI_DEVICE_INSTALLED] = SFI_CMD_INFO,
    };
    uint16_t opcode = next[p->info.state % OPCODES];

    if (opcode == SFI_CMD_DATA && p->info.area == 0)
        opcode = SFI_CMD_AREA;
    message_request(m, opcode, p, c);
}

/* ---- changes ---- */

static void
message_change_area(struct message *m, struct chance *c)
{
    static const uint32_t words[] = {
        0,          1,          7,          8,          2047,
        2048,       0x08000000, 0x08000ff8, 0x08001000, 0x08001001,
        0x08001200, 0x080757f8, 0x08075800, 0x0807f000, 0x0807f800,
        0x07ffffff, 0x20000000, 0x1fff7800, 0xfffffff8, 0xffffffff,
    };
    static const uint8_t at[] = {4, 8}; /* size, address */

    if (chance_below(c, 4) == 0)
        m->param[chance_below(c, 4)] = (uint8_t)chance_word(c);
    else if (chance_below(c, 4) == 0)
        m->param[0] = (uint8_t) "FCM"[chance_below(c, 3)];
    else
        message_u32le(m->param + at[chance_below(c, 2)],
                      words[chance_below(c, ROWS(words))]);
}

/* No areas, or another version. */
static void
message_change_header(struct message *m, struct chance *c)
{
    uint32_t at = 8 + 2 * chance_below(c, 2);

    m->param[at] = (uint8_t)(chance_below(c, 2) * 2);
}

static void
message_flip(uint8_t *bytes, size_t len, struct chance *c)
{
    if (len > 0)
        bytes[chance_below(c, (uint32_t)len)] ^=
            (uint8_t)(1u << chance_below(c, 8));
}

static void
message_change(struct message *m, struct chance *c)
{
    static const uint32_t far[] = {0x7fffffff, 0x80000000, 0xfffffffc,
                                   0xffffffff};

    switch (chance_below(c, 8)) {
    case 0:
        message_flip(m->param, m->param_len, c);
        break;
    case 1:
        message_flip(m->data, m->data_len, c);
        break;
    case 2:
        m->param_len = chance_below(c, MESSAGE_PARAM_MAX - 30);
        break;
    case 3:
        m->data_len = chance_below(c, SFI_CMD_DATA_MAX + 1);
        break;
    case 4:
        m->param_len += m->param_len < SFI_CMD_PARAM_MAX ? 1 : 0;
        break;
    case 5:
        m->data_len -= m->data_len > 0 ? 1 : 0;
        break;
    case 6:
        if (m->opcode == SFI_CMD_DATA)
            message_u32le(m->param, chance_below(c, 2) == 0
                                        ? far[chance_below(c, ROWS(far))]
                                        : chance_below(c, 1200));
        else
            message_flip(m->param, m->param_len, c);
        break;
    default:
        if (m->opcode == SFI_CMD_AREA)
            message_change_area(m, c);
        else if (m->opcode == SFI_CMD_HEADER)
            message_change_header(m, c);
        else
            message_flip(m->data, m->data_len, c);
        break;
    }
}

static void
message_wild(struct message *m, struct chance *c)
{
    memset(m, 0, sizeof(*m));
    m->opcode =
        (uint16_t)(chance_below(c, 4) == 0 ? chance_word(c)
                                           : 0x5300 + chance_below(c, 16));
    m->carrier = sfi__security_is_extended(m->opcode) ? USART_EXT_SPECIAL
                                                      : USART_SPECIAL;
    if (chance_below(c, 8) == 0)
        m->carrier ^= USART_SPECIAL ^ USART_EXT_SPECIAL;
    m->param_len =
        chance_below(c, 3) == 0 ? chance_below(c, 130) : chance_below(c, 32);
    m->data_len = chance_below(c, 4) == 0
                      ? chance_below(c, SFI_CMD_DATA_MAX + 2)
                      : chance_below(c, 150);
    chance_bytes(c, m->param, m->param_len);
    chance_bytes(c, m->data, m->data_len);
}

/* Opening a licence and signing a receipt cost the binary a scalar
 * multiplication: where the stream may not, the licence has another version,
 * and the receipt is none. */
static void
message_bar(struct message *m, const struct progress *p)
{
    if (p->opens)
        return;
    if (m->opcode == SFI_CMD_LICENSE && m->data_len == LICENSE_LEN &&
        memcmp(m->data + 8, "\1\0\0\0", 4) == 0)
        m->data[8] = 2;
    if (m->opcode == SFI_CMD_RECEIPT && m->param_len == 0 &&
        p->info.state == SFI_DEVICE_INSTALLED)
        m->opcode = SFI_CMD_INFO;
}

/* ---- frames ---- */

static void
message_add(struct script *s, const uint8_t *bytes, size_t len)
{
    struct packet *p = &s->packet[s->count++];

    HOLDS(s->count <= MESSAGE_PACKETS_MAX && len <= sizeof(p->bytes));
    memcpy(p->bytes, bytes, len);
    p->len = len;
}

static void
message_add_sum(struct script *s)
{
    struct packet *p = &s->packet[s->count - 1];
    uint8_t sum = 0;

    for (size_t i = 0; i < p->len; i++)
        sum ^= p->bytes[i];
    p->bytes[p->len++] = sum;
}

static void
message_add_block(struct script *s, const uint8_t *bytes, size_t len)
{
    uint8_t raw[2 + MESSAGE_DATA_MAX];

    raw[0] = (uint8_t)(len >> 8);
    raw[1] = (uint8_t)len;
    memcpy(raw + 2, bytes, len);
    message_add(s, raw, 2 + len);
    message_add_sum(s);
}

void
message_frame(const struct message *m, struct script *s)
{
    const uint8_t head[] = {SPI_SOF, m->carrier, (uint8_t)~m->carrier};
    size_t skipped = s->spi ? 0 : 1;
    const uint8_t opcode[] = {(uint8_t)(m->opcode >> 8), (uint8_t)m->opcode};

    message_add(s, head + skipped, sizeof(head) - skipped);
    message_add(s, opcode, sizeof(opcode));
    message_add_sum(s);
    message_add_block(s, m->param, m->param_len);
    if (m->carrier == USART_EXT_SPECIAL)
        message_add_block(s, m->data, m->data_len);
}

/* A flipped bit, a byte lost or doubled, or another length, in one packet. */
static void
message_damage(struct script *s, struct chance *c)
{
    struct packet *p = &s->packet[chance_below(c, (uint32_t)s->count)];
    uint32_t at = chance_below(c, (uint32_t)p->len);

    switch (chance_below(c, 4)) {
    case 0:
        message_flip(p->bytes, p->len, c);
        break;
    case 1:
        memmove(p->bytes + at, p->bytes + at + 1, p->len - at - 1);
        p->len--;
        break;
    case 2:
        p->bytes[p->len - 1] ^= 0x55;
        break;
    default:
        p->bytes[0] = (uint8_t)chance_word(c);
        break;
    }
}

/* Bytes that mean something to a bootloader, and others. */
static void
message_raw(struct script *s, struct chance *c)
{
    static const uint8_t known[] = {0x7f, 0x7f, 0x00, 0xff, 0x01, 0xfe, 0x02,
                                    0xfd, 0x11, 0xee, 0x31, 0xce, 0x50, 0xaf,
                                    0x51, 0xae, 0x53, 0x5a, 0x79, 0x1f};
    uint32_t count = 1 + chance_below(c, MESSAGE_PACKETS_MAX - 2);

    s->all = true;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t byte = (uint8_t)chance_word(c);

        if (chance_below(c, 3) > 0)
            byte = known[chance_below(c, ROWS(known))];
        message_add(s, &byte, 1);
        if (chance_below(c, 2) == 0 && s->count < MESSAGE_PACKETS_MAX) {
            byte = (uint8_t)~byte;
            message_add(s, &byte, 1);
        }
        if (s->count >= MESSAGE_PACKETS_MAX)
            break;
    }
}

static void
message_half(struct script *s, struct chance *c)
{
    struct packet *last;

    s->count = 1 + chance_below(c, (uint32_t)s->count);
    last = &s->packet[s->count - 1];
    last->len = 1 + chance_below(c, (uint32_t)last->len);
    s->wait_ms = 1500;
}

void
message_step(const struct step *step, const struct progress *p,
             struct message *last, struct script *s)
{
    /* clear of the limits: 1 s for a packet, 120 s to leave */
    static const uint32_t waits[] = {1, 20, 300, 1500, 1500, 5000, 130000};
    struct chance c = {step->seed};

    s->count = 0;
    s->all = s->resets = false;
    s->wait_ms = 0;
    if (step->op == STEP_OTHER)
        message_request(last, opcodes[chance_below(&c, OPCODES)], p, &c);
    else if (step->op == STEP_WILD)
        message_wild(last, &c);
    else if (step->op == STEP_RAW)
        message_raw(s, &c);
    else if (step->op == STEP_WAIT)
        s->wait_ms = waits[chance_below(&c, ROWS(waits))];
    else if (step->op == STEP_RESET)
        s->resets = true;
    else if (step->op != STEP_REPEAT)
        message_next(last, p, &c);
    if (step->op == STEP_CHANGED)
        message_change(last, &c);
    message_bar(last, p);
    if (step->op < STEP_RAW || step->op == STEP_HALF)
        message_frame(last, s);
    if (step->op == STEP_FRAME)
        message_damage(s, &c);
    else if (step->op == STEP_HALF)
        message_half(s, &c);
}
