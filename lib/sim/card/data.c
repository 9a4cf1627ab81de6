/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* GET DATA and READ RECORD, which need no PIN. */
#include "sim/card/card.h"

#include <string.h>

#include "util/hex.h"
#include "util/rd.h"
#include "wire/certificate.h"

#define P1_DATA 0x01u
#define SERIAL_LEN 16u
#define FIRMWARE_ID_FIELD 64u

/* Text in a field of `len` bytes, padded with zeros. */
static void
applet_write_text(struct wr *w, const char *text, size_t len)
{
    size_t used = 0;

    while (used < len && text[used] != '\0')
        used++;
    sfi__wr_bytes(w, text, used);
    sfi__wr_fill(w, 0, len - used);
}

/* Zeros for an HSM without a serial. */
static void
applet_write_serial(struct wr *w, const sfi_hsm_info *info)
{
    uint8_t serial[SERIAL_LEN] = {0};

    if (strlen(info->serial) == 2 * SERIAL_LEN)
        (void)sfi__hex_decode(serial, sizeof(serial), info->serial);
    sfi__wr_bytes(w, serial, sizeof(serial));
}

static void
applet_write_info(struct wr *w, const sfi_hsm_info *info)
{
    sfi__wr_u8(w, CARD_VERSION);
    sfi__wr_u8(w, (uint8_t)info->state);
    sfi__wr_u8(w, (uint8_t)info->pin_tries_left);
    sfi__wr_u8(w, 0);
    sfi__wr_u32be(w, info->flags);
    sfi__wr_u64be(w, info->remaining);
    sfi__wr_u64be(w, info->maximum);
    sfi__wr_u64be(w, info->low_water);
    sfi__wr_u64be(w, info->records);
    applet_write_serial(w, info);
    applet_write_text(w, info->product_id, PRODUCT_ID_LEN);
    applet_write_text(w, info->firmware_id, FIRMWARE_ID_FIELD);
}

static void
applet_write_audit(struct wr *w, const sfi_audit_head *h)
{
    sfi__wr_u32be(w, h->flags);
    sfi__wr_u64be(w, h->maximum);
    sfi__wr_u64be(w, h->low_water);
    sfi__wr_u64be(w, h->remaining);
    sfi__wr_u64be(w, h->sequence);
    applet_write_text(w, h->firmware_id, FIRMWARE_ID_FIELD);
    applet_write_text(w, h->product_id, PRODUCT_ID_LEN);
    sfi__wr_bytes(w, h->serial, sizeof(h->serial));
    sfi__wr_bytes(w, h->ca_public, sizeof(h->ca_public));
    sfi__wr_bytes(w, h->genesis, sizeof(h->genesis));
    sfi__wr_bytes(w, h->audit_head, sizeof(h->audit_head));
    sfi__wr_bytes(w, h->mac, sizeof(h->mac));
}

static void
applet_write_record(struct wr *w, const sfi_audit_record *r)
{
    sfi__wr_u32be(w, r->kind);
    sfi__wr_u64be(w, r->sequence);
    sfi__wr_u64be(w, r->time);
    sfi__wr_u64be(w, r->remaining);
    sfi__wr_u32be(w, r->session);
    sfi__wr_bytes(w, r->device, sizeof(r->device));
    sfi__wr_bytes(w, r->license, sizeof(r->license));
    sfi__wr_bytes(w, r->previous, sizeof(r->previous));
    sfi__wr_bytes(w, r->hash, sizeof(r->hash));
    sfi__wr_bytes(w, r->mac, sizeof(r->mac));
}

/* The whole audit head, or only the hash of the last record. */
static uint16_t
applet_get_audit(struct sfi_card *card, bool all, struct wr *w)
{
    sfi_audit_head h = {.struct_size = sizeof(h)};
    uint16_t sw = sfi__applet_word(card, sfi_hsm_get_audit_head(card->hsm, &h));

    if (sw != CARD_SW_OK) /* no audit, or none yet */
        return sw == CARD_SW_MEMORY ? sw : CARD_SW_NO_OBJECT;
    if (all)
        applet_write_audit(w, &h);
    else
        sfi__wr_bytes(w, h.audit_head, sizeof(h.audit_head));
    return CARD_SW_OK;
}

/* Objects that a blank card has too; false: not such an object. */
static bool
applet_get_always(const sfi_hsm_info *info, uint8_t object, struct wr *w)
{
    switch (object) {
    case CARD_DO_VERSION:
        sfi__wr_u8(w, CARD_VERSION);
        return true;
    case CARD_DO_STATE:
        sfi__wr_u8(w, (uint8_t)info->state);
        return true;
    case CARD_DO_PIN_TRIES:
        sfi__wr_u8(w, (uint8_t)info->pin_tries_left);
        return true;
    case CARD_DO_INFO:
        applet_write_info(w, info);
        return true;
    default:
        return false;
    }
}

/* Objects that provisioning creates; false: not such an object. */
static bool
applet_get_made(const sfi_hsm_info *info, uint8_t object, struct wr *w)
{
    switch (object) {
    case CARD_DO_FIRMWARE_ID:
        applet_write_text(w, info->firmware_id, strlen(info->firmware_id));
        return true;
    case CARD_DO_REMAINING:
        sfi__wr_u64be(w, info->remaining);
        return true;
    case CARD_DO_MAXIMUM:
        sfi__wr_u64be(w, info->maximum);
        return true;
    case CARD_DO_PRODUCT_ID:
        applet_write_text(w, info->product_id, PRODUCT_ID_LEN);
        return true;
    case CARD_DO_SERIAL:
        applet_write_serial(w, info);
        return true;
    case CARD_DO_LOW_WATER:
        sfi__wr_u64be(w, info->low_water);
        return true;
    case CARD_DO_FLAGS:
        sfi__wr_u32be(w, info->flags);
        return true;
    case CARD_DO_RECORDS:
        sfi__wr_u64be(w, info->records);
        return true;
    default:
        return false;
    }
}

uint16_t
sfi__applet_get_data(struct sfi_card *card, const struct command *c,
                     struct wr *w)
{
    sfi_hsm_info info;
    uint16_t sw;

    if (c->p1 != P1_DATA)
        return CARD_SW_P1P2;
    if (c->len > 0)
        return CARD_SW_LENGTH;
    if (c->p2 == CARD_DO_AUDIT || c->p2 == CARD_DO_AUDIT_HEAD)
        return applet_get_audit(card, c->p2 == CARD_DO_AUDIT, w);
    sw = sfi__applet_info(card, &info);
    if (sw != CARD_SW_OK || applet_get_always(&info, c->p2, w))
        return sw;
    if (info.state != SFI_HSM_BLANK && applet_get_made(&info, c->p2, w))
        return CARD_SW_OK;
    return CARD_SW_NO_OBJECT;
}

uint16_t
sfi__applet_record(struct sfi_card *card, const struct command *c, struct wr *w)
{
    sfi_audit_record record = {.struct_size = sizeof(record)};
    struct rd r;
    sfi_status st;

    if (c->p1 != 0 || c->p2 != 0)
        return CARD_SW_P1P2;
    if (c->len != sizeof(uint64_t))
        return CARD_SW_LENGTH;
    sfi__rd_init(&r, c->data, c->len);
    st = sfi_hsm_get_audit_record(card->hsm, sfi__rd_u64be(&r), &record);
    if (st == SFI_OK)
        applet_write_record(w, &record);
    if (st == SFI_ERR_RANGE)
        return CARD_SW_NO_RECORD;
    return sfi__applet_word(card, st);
}
