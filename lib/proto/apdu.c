/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Sends a card command by ISO 7816-4: length, chaining, reply. */
#include "proto/apdu.h"

#include <string.h>

#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"
#include "wire/card_command.h"

/* ISO 7816-4, 5.6: 6Cxx is "wrong Le, xx is right". */
#define SW_WRONG_LE 0x6c00u
#define SW1 0xff00u
#define SW2 0x00ffu

void
sfi__apdu_begin(struct apdu_talk *t, const struct apdu *command, bool extended,
                uint8_t *out)
{
    sfi__zero(t, sizeof(*t));
    t->command = command;
    t->out = out;
    t->extended = extended;
    t->le = APDU_SHORT_ANSWER;
}

/* Short length where it is enough: every card supports it. */
static bool
apdu_is_extended(const struct apdu_talk *t)
{
    return t->extended && (t->command->len > APDU_PIECE_MAX ||
                           t->command->answer > APDU_SHORT_ANSWER);
}

/* Length of the data in the next short command. */
static size_t
apdu_piece_len(const struct apdu_talk *t)
{
    size_t left = t->command->len - t->sent;

    return left > APDU_PIECE_MAX ? APDU_PIECE_MAX : left;
}

static bool
apdu_is_last_piece(const struct apdu_talk *t)
{
    return apdu_is_extended(t) || t->command->len - t->sent <= APDU_PIECE_MAX;
}

static void
apdu_put_header(struct wr *w, const struct apdu *c, uint8_t cla)
{
    sfi__wr_u8(w, cla);
    sfi__wr_u8(w, c->ins);
    sfi__wr_u8(w, c->p1);
    sfi__wr_u8(w, c->p2);
}

/* Table 5: the first length field has three bytes, a second has two. */
static void
apdu_put_extended(struct wr *w, const struct apdu *c)
{
    apdu_put_header(w, c, c->cla);
    sfi__wr_u8(w, 0);
    if (c->len > 0) {
        sfi__wr_u16be(w, (uint16_t)c->len);
        sfi__wr_bytes(w, c->data, c->len);
    }
    if (c->answer > 0)
        sfi__wr_u16be(w, 0);
}

static void
apdu_put_short(struct wr *w, const struct apdu_talk *t)
{
    const struct apdu *c = t->command;
    size_t len = apdu_piece_len(t);

    apdu_put_header(w, c,
                    apdu_is_last_piece(t) ? c->cla : c->cla | CARD_CLA_CHAIN);
    if (len > 0) {
        sfi__wr_u8(w, (uint8_t)len);
        sfi__wr_bytes(w, c->data + t->sent, len);
    }
    if (apdu_is_last_piece(t) && c->answer > 0)
        sfi__wr_u8(w, (uint8_t)t->le); /* 256 is 00 */
}

size_t
sfi__apdu_next(const struct apdu_talk *t, uint8_t *buf, size_t cap)
{
    static const struct apdu get_response = {
        .cla = CARD_CLA_ISO,
        .ins = CARD_GET_RESPONSE,
    };
    struct wr w;

    if (t->command->len > UINT16_MAX)
        return 0;
    sfi__wr_init(&w, buf, cap);
    if (t->fetching) {
        apdu_put_header(&w, &get_response, get_response.cla);
        sfi__wr_u8(&w, (uint8_t)t->le);
    } else if (apdu_is_extended(t)) {
        apdu_put_extended(&w, t->command);
    } else {
        apdu_put_short(&w, t);
    }
    return sfi__wr_ok(&w) ? sfi__wr_len(&w) : 0;
}

/* 61xx: xx more bytes are available. */
static enum apdu_turn
apdu_fetch_more(struct apdu_talk *t, size_t len)
{
    size_t waits = t->sw & SW2;

    if (len == 0 && t->fetching)
        return APDU_STALLED;
    if (t->got == t->command->answer) {
        t->found = t->got + 1;
        return APDU_TOO_LONG;
    }
    t->fetching = true;
    t->le = waits == 0 ? APDU_SHORT_ANSWER : waits;
    return APDU_GO_ON;
}

/* Send the command again if the card does not support extended length, or wants
 * another Le. */
static bool
apdu_must_repeat(struct apdu_talk *t)
{
    if (t->fetching || t->got > 0)
        return false;
    if (t->sw == CARD_SW_LENGTH && apdu_is_extended(t)) {
        t->extended = false;
        return true;
    }
    if ((t->sw & SW1) != SW_WRONG_LE || t->corrected || apdu_is_extended(t) ||
        t->command->answer == 0)
        return false;
    t->corrected = true;
    t->le = (t->sw & SW2) == 0 ? APDU_SHORT_ANSWER : t->sw & SW2;
    return true;
}

enum apdu_turn
sfi__apdu_take(struct apdu_talk *t, const uint8_t *raw, size_t len)
{
    bool last = t->fetching || apdu_is_last_piece(t);
    struct rd r;

    t->found = len;
    if (len < sizeof(t->sw))
        return APDU_NO_STATUS;
    len -= sizeof(t->sw);
    sfi__rd_init(&r, raw + len, sizeof(t->sw));
    t->sw = sfi__rd_u16be(&r);
    t->found = t->got + len;
    if (len > (last ? t->command->answer - t->got : 0))
        return APDU_TOO_LONG;
    if (len > 0)
        memcpy(t->out + t->got, raw, len);
    t->got += len;
    if (!last && t->sw == CARD_SW_OK) {
        t->sent += apdu_piece_len(t);
        return APDU_GO_ON;
    }
    if (last && (t->sw & SW1) == CARD_SW_MORE)
        return apdu_fetch_more(t, len);
    return apdu_must_repeat(t) ? APDU_GO_ON : APDU_DONE;
}
