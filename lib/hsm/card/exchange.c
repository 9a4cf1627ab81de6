/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Exchanges with a smartcard: one command with its reply, what a status word
 * means, and transactions that survive a reset or a lost reply. */
#include "hsm/card/card.h"

#include <string.h>

#include "util/mem.h"
#include "core/err.h"

/* ---- one command ---- */

/* The card's state is unknown: SELECT and VERIFY again. */
static void
card_mark_lost(struct card *c)
{
    c->lost = true;
    c->selected = false;
    c->verified = false;
}

static sfi_status
card_carry_apdu(struct card *c, const struct card_ask *ask,
                struct apdu_talk *talk, enum apdu_turn *turn)
{
    uint8_t in_secret[CHANNEL_APDU_MAX], raw[CHANNEL_APDU_MAX];
    size_t raw_len = sizeof(raw);
    size_t len = sfi__apdu_next(talk, in_secret, sizeof(in_secret));
    sfi_status st;

    if (len == 0)
        return sfi__fail(c->ctx, SFI_ERR_INTERNAL, "%s does not fit",
                         ask->name);
    st = c->ch.ops->transmit(c->ch.user, in_secret, len, raw, &raw_len);
    if (st == SFI_OK)
        *turn = sfi__apdu_take(talk, raw, raw_len);
    else
        card_mark_lost(c);
    sfi__wipe(in_secret, sizeof(in_secret));
    return st;
}

static sfi_status
card_check_turn(struct card *c, const struct card_ask *ask,
                const struct apdu_talk *talk, enum apdu_turn turn)
{
    switch (turn) {
    case APDU_GO_ON:
    case APDU_DONE:
        break;
    case APDU_NO_STATUS: /* also happens when the card is removed */
        card_mark_lost(c);
        return sfi__fail(c->ctx, SFI_ERR_IO,
                         "a reply of %zu bytes to %s, expected at least 2",
                         talk->found, ask->name);
    case APDU_TOO_LONG:
        return sfi__fail_peer(c->ctx, SFI_ERR_HSM, talk->sw,
                              "the card's reply to %s has %zu bytes or more, "
                              "expected at most %zu",
                              ask->name, talk->found, ask->apdu.answer);
    case APDU_STALLED:
        return sfi__fail_peer(c->ctx, SFI_ERR_HSM, talk->sw,
                              "the card announces more of its reply to %s, but "
                              "does not deliver it",
                              ask->name);
    }
    return SFI_OK;
}

sfi_status
sfi__card_exchange(struct card *c, const struct card_ask *ask, uint8_t *out,
                   uint16_t *sw)
{
    enum apdu_turn turn = APDU_GO_ON;
    struct apdu_talk talk;
    sfi_status st = SFI_OK;

    c->lost = false;
    c->stale = false;
    sfi__apdu_begin(&talk, &ask->apdu, c->extended, out);
    while (st == SFI_OK && turn == APDU_GO_ON)
        st = card_carry_apdu(c, ask, &talk, &turn);
    c->extended = talk.extended;
    if (st == SFI_OK)
        st = card_check_turn(c, ask, &talk, turn);
    if (st != SFI_OK)
        return st;
    if (talk.sw == CARD_SW_OK && ask->exact && talk.got != ask->apdu.answer)
        return sfi__fail_peer(
            c->ctx, SFI_ERR_HSM, talk.sw,
            "the card's reply to %s has %zu bytes, expected %zu", ask->name,
            talk.got, ask->apdu.answer);
    *sw = talk.sw;
    return SFI_OK;
}

/* ---- what a status word means ---- */

static const struct {
    uint16_t sw;
    sfi_status st;
    const char *what;
} refusals[] = {
    {CARD_SW_MEMORY, SFI_ERR_HSM, "the card could not store its state"},
    {CARD_SW_LENGTH, SFI_ERR_HSM, "the card expects a different length"},
    {CARD_SW_CHAIN, SFI_ERR_HSM,
     "the card does not support chaining of this command"},
    {CARD_SW_SECURITY, SFI_ERR_HSM_PIN, "the card requires the PIN first"},
    {CARD_SW_BLOCKED, SFI_ERR_HSM_STATE,
     "the card is blocked: no PIN tries are left"},
    {CARD_SW_CONDITIONS, SFI_ERR_HSM_STATE,
     "not allowed in the card's present state"},
    {CARD_SW_DATA, SFI_ERR_HSM, "the card rejects the data"},
    {CARD_SW_NOT_FOUND, SFI_ERR_HSM,
     "the application is missing from the card"},
    {CARD_SW_NO_RECORD, SFI_ERR_RANGE, "the card has no such record"},
    {CARD_SW_P1P2, SFI_ERR_HSM, "the card does not support these parameters"},
    {CARD_SW_NO_OBJECT, SFI_ERR_HSM_STATE, "the card has no such object"},
    {CARD_SW_INS, SFI_ERR_HSM, "the card does not support this command"},
    {CARD_SW_CLA, SFI_ERR_HSM, "the card does not support this class"},
    {CARD_SW_INTERNAL, SFI_ERR_HSM, "the card reports an internal error"},
};

static sfi_status
card_fail_wrong_pin(struct card *c, uint16_t sw)
{
    uint32_t left = sw & 0x0fu;

    return sfi__fail_peer(c->ctx, SFI_ERR_HSM_PIN, sw,
                          left > 0 ? "wrong PIN, %u tries left"
                                   : "wrong PIN, %u tries left: the card is "
                                     "blocked for ever",
                          left);
}

/* Another program selected another application, or the PIN is no longer
 * verified. Which of the two is unknown, so SELECT before the PIN is sent
 * again. */
static void
card_notice_stale(struct card *c, uint16_t sw)
{
    if (sw == CARD_SW_INS || sw == CARD_SW_CLA ||
        (sw == CARD_SW_SECURITY && c->verified)) {
        c->selected = false;
        c->verified = false;
        c->stale = true;
    }
}

sfi_status
sfi__card_refused(struct card *c, const char *name, uint16_t sw)
{
    card_notice_stale(c, sw);
    if ((sw & 0xfff0u) == CARD_SW_PIN)
        return card_fail_wrong_pin(c, sw);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
        if (refusals[i].sw == sw)
            return sfi__fail_peer(c->ctx, refusals[i].st, sw,
                                  "%s (0x%04x to %s)", refusals[i].what, sw,
                                  name);
    }
    return sfi__fail_peer(c->ctx, SFI_ERR_HSM, sw,
                          "unknown status word (0x%04x to %s)", sw, name);
}

sfi_status
sfi__card_command(struct card *c, const struct card_ask *ask, uint8_t *out)
{
    uint16_t sw = 0;
    sfi_status st = sfi__card_exchange(c, ask, out, &sw);

    if (st != SFI_OK || sw == CARD_SW_OK)
        return st;
    return sfi__card_refused(c, ask->name, sw);
}

/* ---- common commands ---- */

sfi_status
sfi__card_ask_info(struct card *c, struct card_info *out)
{
    static const struct card_ask ask = {
        .name = "GET DATA information",
        .apdu = {.cla = CARD_CLA_OURS,
                 .ins = CARD_GET_DATA,
                 .p1 = 1,
                 .p2 = CARD_DO_INFO,
                 .answer = CARD_INFO_LEN},
        .exact = true,
    };
    uint8_t raw[CARD_INFO_LEN];
    sfi_status st = sfi__card_command(c, &ask, raw);

    if (st == SFI_OK)
        st = sfi__card_read_info(c->ctx, raw, out);
    return st;
}

void
sfi__card_forget(struct card *c)
{
    sfi__wipe(c->pin_secret, sizeof(c->pin_secret));
    c->pin_len = 0;
    c->verified = false;
}

sfi_status
sfi__card_verify(struct card *c, const char *pin_secret, size_t pin_len)
{
    const struct card_ask ask = {
        .name = "VERIFY",
        .apdu = {.cla = CARD_CLA_ISO,
                 .ins = CARD_VERIFY,
                 .p2 = CARD_P2_PIN,
                 .data = (const uint8_t *)pin_secret,
                 .len = pin_len},
    };
    sfi_status st;

    c->verified = false;
    c->once = true; /* each may use up a try */
    st = sfi__card_command(c, &ask, NULL);
    c->verified = st == SFI_OK;
    return st;
}

/* ---- transactions ---- */

static sfi_status
card_select_ours(struct card *c)
{
    static const struct card_ask ask = {
        .name = "SELECT",
        .apdu = {.cla = CARD_CLA_ISO,
                 .ins = CARD_SELECT,
                 .p1 = 4, /* by name */
                 .data = (const uint8_t *)CARD_AID,
                 .len = CARD_AID_LEN,
                 .answer = APDU_SHORT_ANSWER},
    };
    uint8_t raw[APDU_SHORT_ANSWER];
    uint16_t sw = 0;
    sfi_status st = sfi__card_exchange(c, &ask, raw, &sw);

    if (st != SFI_OK)
        return st;
    if (sw != CARD_SW_OK)
        return sfi__fail_peer(c->ctx, SFI_ERR_UNSUPPORTED, sw,
                              "the card does not contain the libsfi HSM "
                              "application (0x%04x to SELECT)",
                              sw);
    c->selected = true;
    c->verified = false; /* SELECT ends a login */
    return SFI_OK;
}

/* If a different card is in the reader, libsfi sends it nothing else, not even
 * the PIN. */
static sfi_status
card_check_serial(struct card *c)
{
    struct card_info info;
    sfi_status st = sfi__card_ask_info(c, &info);

    if (st != SFI_OK)
        return st;
    if (!c->known) {
        memcpy(c->serial, info.serial, sizeof(c->serial));
        c->remaining = info.remaining;
        c->known = true;
    } else if (!sfi__equal(c->serial, info.serial, sizeof(c->serial)) &&
               !c->locking) {
        return sfi__fail(c->ctx, SFI_ERR_HSM,
                         "the reader contains a different card than the one "
                         "that was opened");
    }
    return SFI_OK;
}

/* SELECT and VERIFY again if the card has forgotten them. */
static sfi_status
card_restore_login(struct card *c)
{
    sfi_status st = SFI_OK;

    if (!c->selected) {
        st = card_select_ours(c);
        if (st == SFI_OK)
            st = card_check_serial(c);
        if (st != SFI_OK)
            c->selected = false; /* recognise the next card again */
    }
    if (st != SFI_OK || c->verified || c->pin_len == 0 || c->locking)
        return st;
    st = sfi__card_verify(c, c->pin_secret, c->pin_len);
    if (st == SFI_OK)
        c->once = false;
    else if (st == SFI_ERR_HSM_PIN || st == SFI_ERR_HSM_STATE)
        sfi__card_forget(c);
    return st;
}

static sfi_status
card_attempt_work(struct card *c, card_work work, void *arg)
{
    bool was_reset = false;
    sfi_status st;

    c->lost = false;
    c->stale = false;
    c->once = false;
    st = c->ch.ops->begin(c->ch.user, &was_reset);
    if (st != SFI_OK)
        return st;
    if (was_reset) {
        c->selected = false;
        c->verified = false;
    }
    st = card_restore_login(c);
    if (st == SFI_OK)
        st = work(c, arg);
    c->ch.ops->end(c->ch.user);
    return st;
}

sfi_status
sfi__card_transact(struct card *c, card_work work, void *arg)
{
    sfi_status st = card_attempt_work(c, work, arg);

    if (st == SFI_OK || !(c->lost || c->stale) || c->once)
        return st;
    sfi__log(c->ctx, SFI_LOG_INFO, "card: %s; trying again",
             sfi_error_message(sfi_ctx_error(c->ctx)));
    sfi__clear_error(c->ctx);
    return card_attempt_work(c, work, arg);
}
