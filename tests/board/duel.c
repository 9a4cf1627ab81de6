/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Run a stream on both ends and compare. */
#include "duel.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <fixture.h>

#include "util/text.h"
#include "crypto/ecc.h"
#include "license/license.h"
#include "proto/an3155_device.h"
#include "proto/an4286.h"
#include "device/device.h"

/* Polls of a part that is idle. */
#define DUEL_POLLS_MAX 16u

/* Option bytes of the image: level 1, as tests/data has them. */
static const uint32_t image_options[] = {0xfbeff8bb, 0xffffffff, 0x00000000,
                                         0xff00ffff, 0xff00ffff};

static bool duel_differs(struct duel *d, const char *words, ...)
    SFI_PRINTF(2, 3);

static bool
duel_differs(struct duel *d, const char *words, ...)
{
    va_list args;

    va_start(args, words);
    (void)vsnprintf(d->words, sizeof(d->words), words, args);
    va_end(args);
    return false;
}

/* ---- the image ---- */

/* A vector table, and code that sleeps for ever. */
static void
duel_make_code(uint8_t *code, uint32_t base)
{
    const uint32_t words[] = {0x20018000, base + 9, 0xe7fdbf30};

    for (size_t i = 0; i < sizeof(words); i++)
        code[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
}

void
duel_make_image(struct duel *d, const uint8_t public_key[64])
{
    static uint8_t area[2][512], options[sizeof(image_options)];
    uint32_t base = d->twin->chip.user.base;

    test_plain(area[0], sizeof(area[0]), 1);
    test_plain(area[1], sizeof(area[1]), 2);
    duel_make_code(area[0], base);
    for (size_t i = 0; i < sizeof(options); i++)
        options[i] = (uint8_t)(image_options[i / 4] >> 8 * (i % 4));
    memcpy(d->public_key, public_key, sizeof(d->public_key));
    image_add(&d->image, 'F', base, area[0], 300);
    image_add(&d->image, 'F', base + 2053, area[1], 417);
    image_add(&d->image, 'C', 0, options, sizeof(options));
    image_seal(&d->image);
    ck_assert_ok(sfi__license_make(ctx, public_key, LICENSE_STATIC, 0, test_key,
                                   test_nonce, d->image.license));
}

void
duel_free(struct duel *d)
{
    image_free(&d->image);
}

/* ---- one packet ---- */

static void
duel_hex(char *out, size_t cap, const uint8_t *bytes, size_t len)
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < len && at + 4 < cap; i++)
        at += (size_t)snprintf(out + at, cap - at, "%02x ", bytes[i]);
}

static bool
duel_same(struct duel *d, const char *what, const uint8_t *a, size_t a_len,
          const uint8_t *b, size_t b_len)
{
    char text[2][150];

    if (a_len == b_len && memcmp(a, b, a_len) == 0)
        return true;
    duel_hex(text[0], sizeof(text[0]), a, a_len);
    duel_hex(text[1], sizeof(text[1]), b, b_len);
    return duel_differs(d, "%s: %s says %zu bytes: %s; %s says %zu: %s", what,
                        d->other.ops->name, a_len, text[0], d->host.ops->name,
                        b_len, text[1]);
}

/* A receipt in its reply of two bytes of length, as the other end signed it:
 * the signature must be of its key, and the host takes it, as its random number
 * is nobody else's. */
static void
duel_take_receipt(struct duel *d, const uint8_t *reply)
{
    const uint8_t *raw = reply + 2;

    HOLDS(sfi__ecc_verify(ctx, d->public_key, raw, RECEIPT_STATEMENT_LEN,
                          raw + RECEIPT_STATEMENT_LEN) == SFI_OK);
    memcpy(d->twin->signature, raw + RECEIPT_STATEMENT_LEN,
           RECEIPT_SIGNATURE_LEN);
    d->twin->has_signature = true;
}

/* ACK, 4 bytes, the number, one byte of status, ACK: a reply to SESSION. */
static void
duel_take_session(struct duel *d, const uint8_t *said, size_t len)
{
    if (d->last.opcode == SFI_CMD_RECEIPT && len == 7 + RECEIPT_LEN)
        duel_take_receipt(d, said + 1);
    if (d->last.opcode != SFI_CMD_SESSION || len != 11 || said[2] != 4)
        return;
    d->session = (uint32_t)said[3] | (uint32_t)said[4] << 8 |
                 (uint32_t)said[5] << 16 | (uint32_t)said[6] << 24;
    d->host.ops->draw(d->host.self, d->session);
}

/* A reply ends with 00 01, the cause, and an ACK. */
static void
duel_count_cause(struct duel *d, const uint8_t *said, size_t len)
{
    if (len >= 5 && said[0] == USART_ACK && said[len - 4] == 0x00 &&
        said[len - 3] == 0x01 && said[len - 1] == USART_ACK)
        d->causes[said[len - 2]]++;
}

/* ---- over SPI ---- */

/* A session's number or a signature comes out when both have made it: the host
 * takes the other's.  Dummy, length, number, and the status behind it. */
static void
duel_take_drawn(struct duel *d, const uint8_t *said, uint8_t *out, size_t len)
{
    if (d->last.opcode == SFI_CMD_RECEIPT && len == 6 + RECEIPT_LEN) {
        duel_take_receipt(d, said + 1);
        d->twin->has_signature = false;
        memcpy(d->twin->dev->receipt.raw + RECEIPT_STATEMENT_LEN,
               d->twin->signature, RECEIPT_SIGNATURE_LEN);
        memcpy(out + 3 + RECEIPT_STATEMENT_LEN, d->twin->signature,
               RECEIPT_SIGNATURE_LEN);
    }
    if (d->last.opcode != SFI_CMD_SESSION || len != 10 || said[2] != 4 ||
        out[2] != 4)
        return;
    d->session = (uint32_t)said[3] | (uint32_t)said[4] << 8 |
                 (uint32_t)said[5] << 16 | (uint32_t)said[6] << 24;
    d->twin->dev->live.id = d->session;
    memcpy(out + 3, said + 3, 4);
}

/* The other end polls as a host does, since it may need more polls than the
 * twin: until something else than 0xa5 comes. */
static bool
duel_poll(struct duel *d, uint8_t *first)
{
    const uint8_t poll = SPI_DUMMY;

    for (uint32_t i = 0; i < DUEL_POLLS_MAX; i++) {
        d->other.ops->spi(d->other.self, &poll, 1, first);
        if (*first != SPI_BUSY)
            return true;
    }
    return duel_differs(d, "SPI: %s has an answer, %s has none",
                        d->host.ops->name, d->other.ops->name);
}

static bool
duel_take_verdict(struct duel *d, uint8_t *verdict)
{
    static const uint8_t polls[2] = {SPI_DUMMY, SPI_DUMMY}, taken = USART_ACK;
    uint8_t out[2], other;

    d->host.ops->spi(d->host.self, polls, sizeof(polls), out);
    *verdict = out[1];
    if (!duel_poll(d, &other))
        return false;
    d->other.ops->spi(d->other.self, &taken, 1, out);
    d->host.ops->spi(d->host.self, &taken, 1, out);
    return duel_same(d, "verdict", &other, 1, verdict, 1);
}

/* A dummy, then all data that the host's end has: it leads. */
static bool
duel_take_data(struct duel *d)
{
    static const uint8_t zeros[END_ANSWER_MAX] = {0};
    const struct an4286_device *s = &d->twin->dev->spi;
    uint8_t out[END_ANSWER_MAX], said[END_ANSWER_MAX];
    size_t len = s->len - s->at;

    said[0] = USART_ACK;
    if (!duel_poll(d, said + 1))
        return false;
    if (len > 1)
        d->other.ops->spi(d->other.self, zeros, len - 1, said + 2);
    d->host.ops->spi(d->host.self, zeros, 1 + len, out);
    out[0] = USART_ACK; /* as over USART */
    duel_take_drawn(d, said, out, 1 + len);
    out[1 + len] = USART_ACK;
    duel_count_cause(d, out, len + 2);
    return duel_same(d, "SPI", said, 1 + len, out, 1 + len);
}

static bool
duel_send_spi(struct duel *d, const struct packet *p, bool *goes_on)
{
    static uint8_t out[sizeof(p->bytes)];
    uint8_t verdict = 0;
    bool has_data = false, is_same = true;

    d->packets++;
    d->other.ops->spi(d->other.self, p->bytes, p->len, out);
    d->host.ops->spi(d->host.self, p->bytes, p->len, out);
    while (is_same && d->twin->dev != NULL && !d->twin->has_left) {
        if (d->twin->dev->spi.phase == SPI_DUMMY_A) {
            is_same = duel_take_verdict(d, &verdict);
        } else if (d->twin->dev->spi.phase == SPI_DUMMY_D) {
            has_data = true;
            is_same = duel_take_data(d);
        } else {
            break;
        }
    }
    *goes_on = verdict == USART_ACK && !has_data;
    return is_same;
}

/* ---- over USART ---- */

/* The other end first: the host draws the same numbers. */
static bool
duel_send(struct duel *d, const struct packet *p, bool *goes_on)
{
    uint8_t said[2][END_ANSWER_MAX];
    size_t len[2];

    if (d->over_spi)
        return duel_send_spi(d, p, goes_on);
    d->packets++;
    len[0] = d->other.ops->usart(d->other.self, p->bytes, p->len, said[0]);
    duel_take_session(d, said[0], len[0]);
    len[1] = d->host.ops->usart(d->host.self, p->bytes, p->len, said[1]);
    *goes_on = len[1] == 1 && said[1][0] == USART_ACK;
    duel_count_cause(d, said[1], len[1]);
    return duel_same(d, "packet", said[0], len[0], said[1], len[1]);
}

static bool
duel_wait(struct duel *d, uint32_t ms)
{
    uint8_t said[2][END_ANSWER_MAX];
    size_t len[2];

    if (ms == 0)
        return true;
    len[0] = d->other.ops->wait(d->other.self, ms, said[0]);
    len[1] = d->host.ops->wait(d->host.self, ms, said[1]);
    return duel_same(d, "silence", said[0], len[0], said[1], len[1]);
}

static bool
duel_sync(struct duel *d)
{
    const struct packet sync = {{d->over_spi ? SPI_SOF : USART_SYNC}, 1};
    bool goes_on;

    return duel_send(d, &sync, &goes_on);
}

static bool
duel_reset(struct duel *d)
{
    d->other.ops->reset(d->other.self);
    d->host.ops->reset(d->host.self);
    return duel_sync(d);
}

/* ---- one stream ---- */

static bool
duel_holds_same(struct duel *d)
{
    struct holding a, b;
    uint32_t size = d->twin->chip.user.size;

    d->other.ops->holds(d->other.self, &a);
    d->host.ops->holds(d->host.self, &b);
    if (a.has_left != b.has_left)
        return duel_differs(d, "%s %s left, %s %s", d->other.ops->name,
                            a.has_left ? "has" : "has not", d->host.ops->name,
                            b.has_left ? "has" : "has not");
    for (uint32_t i = 0; i < size; i++) {
        if (a.user[i] != b.user[i])
            return duel_differs(d, "flash at 0x%08x: %s has 0x%02x, %s 0x%02x",
                                (unsigned)(d->twin->chip.user.base + i),
                                d->other.ops->name, a.user[i],
                                d->host.ops->name, b.user[i]);
    }
    for (uint32_t i = 0; i < d->twin->chip.ob_count; i++) {
        if (a.options[i] != b.options[i])
            return duel_differs(d, "%s: %s has 0x%08x, %s 0x%08x",
                                d->twin->chip.ob[i].name, d->other.ops->name,
                                (unsigned)a.options[i], d->host.ops->name,
                                (unsigned)b.options[i]);
    }
    /* nobody asks a part that has left for its record */
    return a.has_left || duel_same(d, "record", a.record, sizeof(a.record),
                                   b.record, sizeof(b.record));
}

static void
duel_look(struct duel *d, struct progress *p, bool opens)
{
    uint8_t out[SFI_DEVICE_REPLY_MAX];
    size_t len = sizeof(out);

    memset(p, 0, sizeof(*p));
    p->image = &d->image;
    p->session = d->session;
    p->opens = opens;
    if (d->twin->dev == NULL || d->twin->has_left)
        return;
    HOLDS(sfi_device_handle(d->twin->dev, SFI_CMD_INFO, NULL, 0, NULL, 0, out,
                            &len) == SFI_OK);
    sfi__security_read_info(&p->info, out + 1);
    p->done = d->twin->dev->install.done;
}

static bool
duel_run_script(struct duel *d, const struct script *s)
{
    bool goes_on = true;

    if (s->resets)
        return duel_reset(d);
    for (size_t i = 0; i < s->count && (goes_on || s->all); i++) {
        if (!duel_send(d, &s->packet[i], &goes_on))
            return false;
    }
    return duel_wait(d, s->wait_ms);
}

static bool
duel_run_step(struct duel *d, const struct step *step, bool opens)
{
    static struct script script;
    struct progress p;

    duel_look(d, &p, opens);
    script.spi = d->over_spi;
    message_step(step, &p, &d->last, &script);
    return duel_run_script(d, &script);
}

bool
duel_run(struct duel *d, const struct stream *s)
{
    d->host.ops->restore(d->host.self, s->start);
    d->other.ops->restore(d->other.self, s->start);
    memset(&d->last, 0, sizeof(d->last));
    d->session = 0;
    d->words[0] = '\0';
    for (uint32_t i = 0; i < s->count; i++) {
        if (!duel_run_step(d, &s->step[i], s->opens))
            return false;
    }
    return duel_holds_same(d);
}

/* ---- the starts ---- */

static bool
duel_request(struct duel *d, uint16_t opcode, const uint8_t *param,
             size_t param_len, const uint8_t *data, size_t data_len)
{
    static struct script script;
    struct message *m = &d->last;

    memset(m, 0, sizeof(*m));
    m->opcode = opcode;
    m->carrier =
        sfi__security_is_extended(opcode) ? USART_EXT_SPECIAL : USART_SPECIAL;
    memcpy(m->param, param, param_len);
    m->param_len = param_len;
    memcpy(m->data, data, data_len);
    m->data_len = data_len;
    memset(&script, 0, sizeof(script));
    script.spi = d->over_spi;
    message_frame(m, &script);
    return duel_run_script(d, &script);
}

/* An area, or its first bytes: all but `left`. */
static bool
duel_send_area(struct duel *d, uint32_t index, uint32_t left)
{
    const struct test_area *a = &d->image.area[index];

    return duel_request(d, SFI_CMD_AREA, a->raw, SFI_FORMAT_AREA_LEN,
                        (const uint8_t *)"", 0) &&
           duel_request(d, SFI_CMD_DATA, (const uint8_t *)"\0\0\0\0", 4,
                        a->cipher, a->d.size - left);
}

static bool
duel_end_area(struct duel *d, uint32_t index, uint32_t left)
{
    const struct test_area *a = &d->image.area[index];
    uint32_t off = a->d.size - left;
    const uint8_t le[4] = {(uint8_t)off, (uint8_t)(off >> 8)};

    return duel_request(d, SFI_CMD_DATA, le, 4, a->cipher + off, left);
}

/* From the start before to this one. */
bool
duel_go_to(struct duel *d, enum stream_start start)
{
    static const uint8_t none[1] = {0};

    switch (start) {
    case START_EMPTY:
        return duel_sync(d);
    case START_READY:
        return duel_request(d, SFI_CMD_SECURE, none, 1, none, 0);
    case START_LICENSED:
        return duel_request(d, SFI_CMD_LICENSE, none, 0, d->image.license,
                            LICENSE_LEN);
    case START_RECEIVING:
        return duel_request(d, SFI_CMD_HEADER, d->image.header,
                            SFI_FORMAT_HEADER_LEN, none, 0);
    case START_AREA:
        return duel_send_area(d, 0, 100);
    case START_SECOND:
        return duel_end_area(d, 0, 100);
    case START_OPTIONS:
        return duel_send_area(d, 1, 0) && duel_send_area(d, 2, 8);
    case START_COMPLETE:
        return duel_end_area(d, 2, 8);
    case START_INSTALLED:
        return duel_request(d, SFI_CMD_FINISH, none, 0, none, 0);
    case STARTS:
        break;
    }
    return false;
}

bool
duel_prepare(struct duel *d)
{
    static const uint8_t states[STARTS] = {
        SFI_DEVICE_EMPTY,     SFI_DEVICE_READY,     SFI_DEVICE_LICENSED,
        SFI_DEVICE_RECEIVING, SFI_DEVICE_RECEIVING, SFI_DEVICE_RECEIVING,
        SFI_DEVICE_RECEIVING, SFI_DEVICE_COMPLETE,  SFI_DEVICE_INSTALLED,
    };

    for (uint32_t i = 0; i < STARTS; i++) {
        if (!duel_go_to(d, (enum stream_start)i) || !duel_holds_same(d))
            return false;
        if (sfi_device_state(d->twin->dev) != states[i])
            return duel_differs(
                d, "start %u: the host is in state %u, not %u", (unsigned)i,
                (unsigned)sfi_device_state(d->twin->dev), states[i]);
        d->host.ops->save(d->host.self, i);
        d->other.ops->save(d->other.self, i);
    }
    return true;
}

/* ---- many ---- */

static bool
duel_fails(void *user, const struct stream *s)
{
    return !duel_run(user, s);
}

static void
duel_report(struct duel *d, struct stream *s)
{
    uint32_t before = s->count;
    uint32_t tries = stream_shrink(s, duel_fails, d);

    (void)duel_run(d, s);
    fprintf(stderr, "%s\nof %u steps %u stay after %u tries:\n", d->words,
            (unsigned)before, (unsigned)s->count, (unsigned)tries);
    stream_print(stderr, s);
}

uint64_t
duel_run_many(struct duel *d, uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct stream s;

        stream_make(&s, first + i);
        if (!duel_run(d, &s)) {
            duel_report(d, &s);
            return i;
        }
    }
    return count;
}
