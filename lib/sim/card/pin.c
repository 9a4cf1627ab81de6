/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* VERIFY and CHANGE REFERENCE DATA. */
#include "sim/card/card.h"

#include "util/rd.h"

uint16_t
sfi__applet_wrong_pin(struct sfi_card *card)
{
    sfi_hsm_info info;
    uint16_t sw = sfi__applet_info(card, &info);
    uint32_t tries = info.pin_tries_left < 15 ? info.pin_tries_left : 15;

    return sw == CARD_SW_OK ? (uint16_t)(CARD_SW_PIN | tries) : sw;
}

/* After VERIFY or CHANGE: set the login, return the status word. */
static uint16_t
applet_pin_word(struct sfi_card *card, sfi_status st)
{
    uint16_t sw = sfi__applet_word(card, st);

    card->verified = st == SFI_OK;
    return st == SFI_ERR_HSM_PIN ? sfi__applet_wrong_pin(card) : sw;
}

static bool
applet_is_pin_length(size_t len)
{
    return len >= CARD_PIN_MIN && len <= CARD_PIN_MAX;
}

/* VERIFY without data asks whether the PIN is needed and how many tries are
 * left: ISO 7816-4. */
static uint16_t
applet_ask_pin(struct sfi_card *card)
{
    sfi_hsm_info info;
    uint16_t sw = sfi__applet_info(card, &info);

    if (sw != CARD_SW_OK || card->verified)
        return sw;
    return info.state == SFI_HSM_BLOCKED ? CARD_SW_BLOCKED
                                         : sfi__applet_wrong_pin(card);
}

uint16_t
sfi__applet_verify(struct sfi_card *card, const struct command *c, struct wr *w)
{
    (void)w;
    if (c->p1 != 0 || c->p2 != CARD_P2_PIN)
        return CARD_SW_P1P2;
    if (c->len == 0)
        return applet_ask_pin(card);
    if (!applet_is_pin_length(c->len))
        return CARD_SW_LENGTH;
    return applet_pin_word(
        card, sfi_hsm_login(card->hsm, (const char *)c->data, c->len));
}

uint16_t
sfi__applet_change_pin(struct sfi_card *card, const struct command *c,
                       struct wr *w)
{
    const uint8_t *old_pin, *new_pin;
    struct rd r;
    size_t old_len, new_len;

    (void)w;
    if (c->p1 != 0 || c->p2 != CARD_P2_PIN)
        return CARD_SW_P1P2;
    sfi__rd_init(&r, c->data, c->len);
    old_len = sfi__rd_u8(&r);
    old_pin = sfi__rd_view(&r, old_len);
    new_len = sfi__rd_left(&r);
    new_pin = sfi__rd_view(&r, new_len);
    if (!sfi__rd_ok(&r) || !applet_is_pin_length(old_len) ||
        !applet_is_pin_length(new_len))
        return CARD_SW_LENGTH;
    return applet_pin_word(
        card, sfi_hsm_change_pin(card->hsm, (const char *)old_pin, old_len,
                                 (const char *)new_pin, new_len));
}
