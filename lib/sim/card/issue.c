/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* PUT DATA, LOCK, RETIRE, GET LICENCE and CHECK IMAGE. */
#include "sim/card/card.h"

#include <string.h>

#include "util/mem.h"
#include "util/rd.h"

#define P1_DATA 0x01u
/* wire/card_command.h: an IV field (nonce and zeros), and the key */
#define IV_LEN 16u
#define IV_ZEROS (IV_LEN - SFI_NONCE_LEN)
#define SESSION_LEN 4u

void
sfi__applet_wipe_staged(struct sfi_card *card)
{
    sfi_personalization_free(card->staged.perso);
    sfi__wipe(&card->staged, sizeof(card->staged));
}

/* ---- PUT DATA ---- */

static uint16_t
applet_put_key(struct staged *s, const struct command *c)
{
    static const uint8_t zeros[IV_ZEROS];
    struct rd r;

    if (c->len != IV_LEN + SFI_KEY_LEN)
        return CARD_SW_LENGTH;
    if (!sfi__equal(c->data + SFI_NONCE_LEN, zeros, sizeof(zeros)))
        return CARD_SW_DATA;
    sfi__rd_init(&r, c->data, c->len);
    sfi__rd_bytes(&r, s->nonce, sizeof(s->nonce));
    sfi__rd_skip(&r, IV_ZEROS);
    sfi__rd_bytes(&r, s->key_secret, sizeof(s->key_secret));
    s->has_key = true;
    return CARD_SW_OK;
}

static uint16_t
applet_put_audit_key(struct staged *s, const struct command *c)
{
    if (c->len != sizeof(s->audit_key_secret))
        return CARD_SW_LENGTH;
    memcpy(s->audit_key_secret, c->data, c->len);
    s->has_audit_key = true;
    return CARD_SW_OK;
}

static uint16_t
applet_put_firmware_id(struct staged *s, const struct command *c)
{
    if (c->len < 1 || c->len > SFI_FIRMWARE_ID_MAX)
        return CARD_SW_LENGTH;
    for (size_t i = 0; i < c->len; i++) {
        if (c->data[i] < ' ' || c->data[i] > '~')
            return CARD_SW_DATA;
    }
    memcpy(s->firmware_id, c->data, c->len);
    s->firmware_id[c->len] = '\0';
    return CARD_SW_OK;
}

/* A count: `min` to SFI_HSM_COUNT_MAX. */
static uint16_t
applet_put_count(uint64_t *count, uint64_t min, const struct command *c)
{
    struct rd r;
    uint64_t value;

    if (c->len != sizeof(value))
        return CARD_SW_LENGTH;
    sfi__rd_init(&r, c->data, c->len);
    value = sfi__rd_u64be(&r);
    if (value < min || value > SFI_HSM_COUNT_MAX)
        return CARD_SW_DATA;
    *count = value;
    return CARD_SW_OK;
}

static uint16_t
applet_put_flags(struct staged *s, const struct command *c)
{
    struct rd r;

    if (c->len != sizeof(s->flags))
        return CARD_SW_LENGTH;
    sfi__rd_init(&r, c->data, c->len);
    s->flags = sfi__rd_u32be(&r);
    return CARD_SW_OK;
}

static uint16_t
applet_put_perso(struct sfi_card *card, const struct command *c)
{
    sfi_personalization *perso;
    sfi_status st;

    if (c->len == 0)
        return CARD_SW_LENGTH;
    st = sfi_personalization_parse(card->hsm_ctx, c->data, c->len, &perso);
    if (st != SFI_OK)
        return sfi__applet_word(card, st);
    sfi_personalization_free(card->staged.perso);
    card->staged.perso = perso;
    return CARD_SW_OK;
}

static uint16_t
applet_put_object(struct sfi_card *card, const struct command *c)
{
    struct staged *s = &card->staged;

    switch (c->p2) {
    case CARD_DO_KEY:
        return applet_put_key(s, c);
    case CARD_DO_AUDIT_KEY:
        return applet_put_audit_key(s, c);
    case CARD_DO_FIRMWARE_ID:
        return applet_put_firmware_id(s, c);
    case CARD_DO_MAXIMUM:
        return applet_put_count(&s->maximum, 1, c);
    case CARD_DO_LOW_WATER:
        return applet_put_count(&s->low_water, 0, c);
    case CARD_DO_FLAGS:
        return applet_put_flags(s, c);
    case CARD_DO_PERSO:
        return applet_put_perso(card, c);
    default:
        return CARD_SW_NO_OBJECT;
    }
}

uint16_t
sfi__applet_put_data(struct sfi_card *card, const struct command *c,
                     struct wr *w)
{
    sfi_hsm_info info;
    uint16_t sw;

    (void)w;
    if (c->p1 != P1_DATA)
        return CARD_SW_P1P2;
    sw = sfi__applet_info(card, &info);
    if (sw == CARD_SW_OK && info.state != SFI_HSM_BLANK)
        sw = CARD_SW_CONDITIONS;
    return sw == CARD_SW_OK ? applet_put_object(card, c) : sw;
}

/* ---- LOCK, RETIRE ---- */

static sfi_status
applet_provision(struct sfi_card *card)
{
    const struct staged *s = &card->staged;
    const sfi_provision_options options = {
        .struct_size = sizeof(options),
        .flags = s->flags,
        .low_water = s->low_water,
        .audit_key = s->has_audit_key ? s->audit_key_secret : NULL,
    };
    sfi_key *key;
    sfi_status st =
        sfi_key_new(card->hsm_ctx, s->key_secret, sizeof(s->key_secret), &key);

    if (st == SFI_OK)
        st = sfi_hsm_provision(card->hsm, key, s->nonce, sizeof(s->nonce),
                               s->firmware_id, s->maximum, s->perso, &options);
    sfi_key_free(key);
    return st;
}

/* Store the staged data; after a failure they must be put again. */
static uint16_t
applet_lock(struct sfi_card *card)
{
    const struct staged *s = &card->staged;
    uint16_t sw = sfi__applet_need_pin(card, true);

    if (sw != CARD_SW_OK)
        return sw;
    if (!s->has_key || s->firmware_id[0] == '\0' || s->maximum == 0 ||
        s->perso == NULL)
        return CARD_SW_CONDITIONS;
    sw = sfi__applet_word(card, applet_provision(card));
    sfi__applet_wipe_staged(card);
    return sw;
}

static uint16_t
applet_retire(struct sfi_card *card)
{
    uint16_t sw = sfi__applet_need_pin(card, false);

    return sw == CARD_SW_OK ? sfi__applet_word(card, sfi_hsm_retire(card->hsm))
                            : sw;
}

uint16_t
sfi__applet_set_status(struct sfi_card *card, const struct command *c,
                       struct wr *w)
{
    (void)w;
    if (c->p1 != 0 || (c->p2 != CARD_P2_LOCK && c->p2 != CARD_P2_RETIRE))
        return CARD_SW_P1P2;
    if (c->len > 0)
        return CARD_SW_LENGTH;
    return c->p2 == CARD_P2_LOCK ? applet_lock(card) : applet_retire(card);
}

/* ---- licences ---- */

static sfi_status
applet_make_license(struct sfi_card *card, const struct command *c,
                    struct wr *w)
{
    sfi_certificate *cert;
    sfi_license *lic = NULL;
    struct rd r;
    sfi_status st;

    sfi__rd_init(&r, c->data, c->len);
    st = sfi_certificate_parse(card->hsm_ctx,
                               sfi__rd_view(&r, SFI_CERTIFICATE_LEN),
                               SFI_CERTIFICATE_LEN, &cert);
    if (st == SFI_OK)
        st = sfi__rd_left(&r) == 0
                 ? sfi_hsm_generate_license(card->hsm, cert, &lic)
                 : sfi_hsm_generate_live_license(card->hsm, cert,
                                                 sfi__rd_u32be(&r), &lic);
    sfi_certificate_free(cert);
    if (st == SFI_OK) {
        size_t len;
        const uint8_t *data = sfi_license_data(lic, &len);

        sfi__wr_bytes(w, data, len);
    }
    sfi_license_free(lic);
    return st;
}

static uint16_t
applet_license(struct sfi_card *card, const struct command *c, struct wr *w)
{
    uint16_t sw;

    if (c->len != SFI_CERTIFICATE_LEN &&
        c->len != SFI_CERTIFICATE_LEN + SESSION_LEN)
        return CARD_SW_LENGTH;
    sw = sfi__applet_need_pin(card, false);
    return sw == CARD_SW_OK
               ? sfi__applet_word(card, applet_make_license(card, c, w))
               : sw;
}

static uint16_t
applet_check_image(struct sfi_card *card, const struct command *c)
{
    uint16_t sw;

    if (c->len != SFI_IMAGE_HEADER_LEN)
        return CARD_SW_LENGTH;
    sw = sfi__applet_need_pin(card, false);
    return sw == CARD_SW_OK
               ? sfi__applet_word(
                     card, sfi_hsm_check_image(card->hsm, c->data, c->len))
               : sw;
}

uint16_t
sfi__applet_license(struct sfi_card *card, const struct command *c,
                    struct wr *w)
{
    if (c->p1 != 0 || (c->p2 != CARD_P2_LICENSE && c->p2 != CARD_P2_IMAGE))
        return CARD_SW_P1P2;
    return c->p2 == CARD_P2_LICENSE ? applet_license(card, c, w)
                                    : applet_check_image(card, c);
}
