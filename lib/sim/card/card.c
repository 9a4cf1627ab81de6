/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The card's side of the smartcard HSM: handle, dispatch, command chaining, GET
 * RESPONSE. */
#include "sim/card/card.h"

#include <string.h>

#include "util/mem.h"
#include "core/err.h"

/* ISO 7816-3: direct convention, TD1 80 and TD2 01 (T=1), no historical bytes,
 * the check byte that T=1 needs. */
static const uint8_t atr[] = {0x3b, 0x80, 0x80, 0x01, 0x01};

/* ---- the handle ---- */

static void
applet_drop_chain(struct sfi_card *card)
{
    sfi__wipe(&card->chain, sizeof(card->chain));
}

static void
applet_drop_answer(struct sfi_card *card)
{
    sfi__wipe(&card->answer, sizeof(card->answer));
}

static void
applet_reset(struct sfi_card *card)
{
    card->selected = false;
    card->verified = false;
    applet_drop_chain(card);
    applet_drop_answer(card);
    sfi__applet_wipe_staged(card);
}

static void
applet_destroy(void *self)
{
    struct sfi_card *card = self;

    applet_reset(card);
    sfi__obj_unref(card->hsm);
}

sfi_status
sfi_card_new(sfi_ctx *ctx, sfi_hsm *hsm, sfi_card **out)
{
    struct sfi_card *card;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_HANDLE(ctx, hsm, HSM);
    card = sfi__obj_new(ctx, OBJ_CARD, sizeof(*card), applet_destroy);
    if (card == NULL)
        return SFI_ERR_NOMEM;
    card->hsm = sfi__obj_ref(hsm);
    card->hsm_ctx = ((struct obj *)hsm)->ctx;
    *out = card;
    return SFI_OK;
}

void
sfi_card_free(sfi_card *card)
{
    sfi__obj_free(card, OBJ_CARD);
}

const uint8_t *
sfi_card_atr(const sfi_card *card, size_t *len)
{
    bool is = sfi__is(card, OBJ_CARD);

    if (len != NULL)
        *len = is ? sizeof(atr) : 0;
    return is ? atr : NULL;
}

void
sfi_card_reset(sfi_card *card)
{
    if (!sfi__is(card, OBJ_CARD))
        return;
    card->reason[0] = '\0';
    applet_reset(card);
}

const char *
sfi_card_reason(const sfi_card *card)
{
    return sfi__is(card, OBJ_CARD) ? card->reason : "";
}

/* ---- status words ---- */

static void
applet_keep_reason(struct sfi_card *card)
{
    const sfi_error *err = sfi_ctx_error(card->hsm_ctx);
    const char *where = sfi_error_where(err);

    sfi__text_format(card->reason, sizeof(card->reason), "%s%s%s", where,
                     where[0] != '\0' ? ": " : "", sfi_error_message(err));
}

uint16_t
sfi__applet_info(struct sfi_card *card, sfi_hsm_info *info)
{
    sfi__zero(info, sizeof(*info));
    info->struct_size = sizeof(*info);
    if (sfi_hsm_get_info(card->hsm, info) == SFI_OK)
        return CARD_SW_OK;
    applet_keep_reason(card);
    return CARD_SW_MEMORY;
}

/* A blocked card has its own status word. */
static uint16_t
applet_state_word(struct sfi_card *card)
{
    sfi_hsm_info info;
    uint16_t sw = sfi__applet_info(card, &info);

    if (sw != CARD_SW_OK)
        return sw;
    return info.state == SFI_HSM_BLOCKED ? CARD_SW_BLOCKED : CARD_SW_CONDITIONS;
}

uint16_t
sfi__applet_word(struct sfi_card *card, sfi_status st)
{
    if (st == SFI_OK)
        return CARD_SW_OK;
    applet_keep_reason(card);
    switch (st) {
    case SFI_ERR_HSM_PIN: /* another program changed the PIN */
        card->verified = false;
        return CARD_SW_SECURITY;
    case SFI_ERR_HSM_STATE:
        return applet_state_word(card);
    case SFI_ERR_HSM_COUNTER:
        return CARD_SW_CONDITIONS;
    case SFI_ERR_ARGUMENT:
    case SFI_ERR_FORMAT:
    case SFI_ERR_TRUNCATED:
    case SFI_ERR_RANGE:
    case SFI_ERR_AUTH:
    case SFI_ERR_CERTIFICATE:
        return CARD_SW_DATA;
    case SFI_ERR_UNSUPPORTED:
        return CARD_SW_INS;
    case SFI_ERR_HSM:
    case SFI_ERR_ACCESS:
    case SFI_ERR_OS:
    case SFI_ERR_TIMEOUT:
    case SFI_ERR_NO_DEVICE:
    case SFI_ERR_IO:
        return CARD_SW_MEMORY;
    default:
        return CARD_SW_INTERNAL;
    }
}

uint16_t
sfi__applet_need_pin(struct sfi_card *card, bool blank)
{
    sfi_hsm_info info;
    uint16_t sw;

    if (card->verified)
        return CARD_SW_OK; /* the HSM itself checks its state */
    sw = sfi__applet_info(card, &info);
    if (sw != CARD_SW_OK)
        return sw;
    if (info.state == SFI_HSM_BLOCKED)
        return CARD_SW_BLOCKED;
    if ((info.state == SFI_HSM_BLANK) != blank || info.state == SFI_HSM_RETIRED)
        return CARD_SW_CONDITIONS;
    return CARD_SW_SECURITY;
}

/* ---- commands ---- */

/* Ends the login, so that a host that shares the reader does not inherit the
 * PIN of another one. */
static uint16_t
applet_select(struct sfi_card *card, const struct command *c, struct wr *w)
{
    if (c->p1 != 0x04 || (c->p2 != 0x00 && c->p2 != 0x0c))
        return CARD_SW_P1P2;
    if (c->len != CARD_AID_LEN || !sfi__equal(c->data, CARD_AID, CARD_AID_LEN))
        return CARD_SW_NOT_FOUND;
    applet_reset(card);
    card->selected = true;
    if (c->p2 == 0x0c) /* no FCI wanted */
        return CARD_SW_OK;
    sfi__wr_u8(w, 0x6f); /* FCI template, and in it 84: DF name */
    sfi__wr_u8(w, CARD_AID_LEN + 2);
    sfi__wr_u8(w, 0x84);
    sfi__wr_u8(w, CARD_AID_LEN);
    sfi__wr_bytes(w, CARD_AID, CARD_AID_LEN);
    return CARD_SW_OK;
}

static const struct row {
    uint8_t cla, ins;
    bool chains; /* has data, which may come in parts */
    applet_run *run;
} rows[] = {
    {CARD_CLA_ISO, CARD_SELECT, false, applet_select},
    {CARD_CLA_ISO, CARD_VERIFY, true, sfi__applet_verify},
    {CARD_CLA_ISO, CARD_CHANGE_PIN, true, sfi__applet_change_pin},
    {CARD_CLA_OURS, CARD_GET_DATA, false, sfi__applet_get_data},
    {CARD_CLA_OURS, CARD_PUT_DATA, true, sfi__applet_put_data},
    {CARD_CLA_OURS, CARD_STATUS, false, sfi__applet_set_status},
    {CARD_CLA_OURS, CARD_LICENSE, true, sfi__applet_license},
    {CARD_CLA_OURS, CARD_RECORD, true, sfi__applet_record},
};

static const struct row *
applet_find_command(uint8_t cla, uint8_t ins)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (rows[i].cla == cla && rows[i].ins == ins)
            return &rows[i];
    }
    return NULL;
}

static bool
applet_chain_continues(const struct chain *chain, const struct command *c)
{
    return chain->begun && chain->cla == (c->cla & ~CARD_CLA_CHAIN) &&
           chain->ins == c->ins && chain->p1 == c->p1 && chain->p2 == c->p2;
}

/* A different command replaces an unfinished one, whose host may have died. */
static bool
applet_add_part(struct sfi_card *card, const struct command *c)
{
    struct chain *chain = &card->chain;

    if (!applet_chain_continues(chain, c)) {
        applet_drop_chain(card);
        chain->begun = true;
        chain->cla = (uint8_t)(c->cla & ~CARD_CLA_CHAIN);
        chain->ins = c->ins;
        chain->p1 = c->p1;
        chain->p2 = c->p2;
    }
    if (c->len > sizeof(chain->data_secret) - chain->len)
        return false;
    if (c->len > 0)
        memcpy(chain->data_secret + chain->len, c->data, c->len);
    chain->len += c->len;
    return true;
}

static uint16_t
applet_run_command(struct sfi_card *card, const struct row *row,
                   const struct command *c)
{
    struct wr w;
    uint16_t sw;

    if (!card->selected && row->ins != CARD_SELECT)
        return CARD_SW_INS; /* no application is selected */
    sfi__wr_init(&w, card->answer.data, sizeof(card->answer.data));
    sw = row->run(card, c, &w);
    if (sw == CARD_SW_OK && !sfi__wr_ok(&w))
        sw = CARD_SW_INTERNAL;
    if (sw == CARD_SW_OK)
        card->answer.len = sfi__wr_len(&w);
    else
        applet_drop_answer(card);
    return sw;
}

/* The last part, or the whole command. */
static uint16_t
applet_run_last_part(struct sfi_card *card, const struct row *row,
                     const struct command *c)
{
    struct command whole = *c;
    uint16_t sw;

    if (!applet_chain_continues(&card->chain, c)) {
        applet_drop_chain(card);
        return applet_run_command(card, row, c);
    }
    if (!applet_add_part(card, c)) {
        applet_drop_chain(card);
        return CARD_SW_LENGTH;
    }
    whole.len = card->chain.len;
    whole.data = whole.len > 0 ? card->chain.data_secret : NULL;
    sw = applet_run_command(card, row, &whole);
    applet_drop_chain(card);
    return sw;
}

static uint16_t
applet_run_part(struct sfi_card *card, const struct row *row,
                const struct command *c)
{
    uint16_t sw = CARD_SW_OK;

    if (!row->chains)
        sw = CARD_SW_CHAIN;
    else if (!card->selected)
        sw = CARD_SW_INS;
    else if (!applet_add_part(card, c))
        sw = CARD_SW_LENGTH;
    if (sw != CARD_SW_OK)
        applet_drop_chain(card);
    return sw;
}

static uint16_t
applet_dispatch(struct sfi_card *card, const struct command *c)
{
    uint8_t cla = (uint8_t)(c->cla & ~CARD_CLA_CHAIN);
    const struct row *row = applet_find_command(cla, c->ins);

    applet_drop_answer(card);
    if (row == NULL) {
        applet_drop_chain(card);
        return cla == CARD_CLA_ISO || cla == CARD_CLA_OURS ? CARD_SW_INS
                                                           : CARD_SW_CLA;
    }
    return (c->cla & CARD_CLA_CHAIN) != 0 ? applet_run_part(card, row, c)
                                          : applet_run_last_part(card, row, c);
}

/* ---- replies ---- */

static uint16_t
applet_get_response(struct sfi_card *card, const struct command *c)
{
    applet_drop_chain(card);
    if (c->p1 != 0 || c->p2 != 0)
        return CARD_SW_P1P2;
    if (c->len > 0)
        return CARD_SW_LENGTH;
    return card->answer.at < card->answer.len ? CARD_SW_OK : CARD_SW_CONDITIONS;
}

/* At most `want` bytes; 61xx when more remain. */
static uint16_t
applet_deliver(struct sfi_card *card, size_t want, struct wr *out)
{
    struct answer *a = &card->answer;
    size_t left = a->len - a->at;
    size_t now = left < want ? left : want;

    sfi__wr_bytes(out, a->data + a->at, now);
    a->at += now;
    left -= now;
    if (left > 0)
        return (uint16_t)(CARD_SW_MORE | (left < 256 ? left : 0));
    applet_drop_answer(card);
    return CARD_SW_OK;
}

static uint16_t
applet_exchange(struct sfi_card *card, const uint8_t *in, size_t len,
                struct wr *out)
{
    struct command c;
    uint16_t sw;

    if (len > SFI_CARD_APDU_MAX || !sfi__applet_parse_command(&c, in, len)) {
        applet_drop_chain(card);
        applet_drop_answer(card);
        return CARD_SW_LENGTH;
    }
    if (c.cla == CARD_CLA_ISO && c.ins == CARD_GET_RESPONSE)
        sw = applet_get_response(card, &c);
    else
        sw = applet_dispatch(card, &c);
    return sw == CARD_SW_OK ? applet_deliver(card, c.want, out) : sw;
}

sfi_status
sfi_card_apdu(sfi_card *card, const uint8_t *in, size_t in_len, uint8_t *out,
              size_t *out_len)
{
    struct wr w;
    size_t room;
    uint16_t sw;

    SFI_ENTER(card, CARD);
    SFI_ARG(card, out_len != NULL);
    room = *out_len;
    *out_len = 0;
    SFI_ARG(card, in != NULL);
    SFI_ARG(card, out != NULL);
    if (room < SFI_CARD_APDU_MAX) {
        *out_len = SFI_CARD_APDU_MAX;
        return sfi__fail(card->obj.ctx, SFI_ERR_BUFFER,
                         "room for an answer of %zu bytes, expected %u", room,
                         SFI_CARD_APDU_MAX);
    }
    card->reason[0] = '\0';
    sfi__wr_init(&w, out, room);
    sw = applet_exchange(card, in, in_len, &w);
    sfi__wr_u16be(&w, sw);
    *out_len = sfi__wr_len(&w);
    sfi__clear_error(card->obj.ctx);
    return SFI_OK;
}
