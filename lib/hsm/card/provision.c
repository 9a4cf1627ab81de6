/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Provisioning a blank smartcard: PUT DATA for each object, then LOCK. */
#include "hsm/card/card.h"

#include <string.h>

#include "util/mem.h"
#include "util/wr.h"
#include "core/err.h"

#define KEY_RECORD_LEN 32u /* IV field (nonce, zeros), key */
#define NONCE_FIELD_LEN 16u

/* The data that a card is provisioned with. */
struct filling {
    uint8_t key_record_secret[KEY_RECORD_LEN];
    uint8_t firmware_id[SFI_FIRMWARE_ID_MAX];
    size_t firmware_id_len;
    uint8_t maximum[8], low_water[8], flags[4];
    const uint8_t *perso;
    size_t perso_len;
    const uint8_t *audit_key_secret; /* NULL: the card makes one */
    uint64_t max_count, low;
    uint32_t flag_bits;
};

static sfi_status
card_put_object(struct card *c, uint8_t object, const char *name,
                const uint8_t *data, size_t len)
{
    const struct card_ask ask = {
        .name = name,
        .apdu = {.cla = CARD_CLA_OURS,
                 .ins = CARD_PUT_DATA,
                 .p1 = 1,
                 .p2 = object,
                 .data = data,
                 .len = len},
    };

    return sfi__card_command(c, &ask, NULL);
}

static sfi_status
card_put_objects(struct card *c, const struct filling *f)
{
    const struct {
        enum card_object object;
        const char *name;
        const uint8_t *data;
        size_t len;
    } objects[] = {
        {CARD_DO_KEY, "PUT DATA key", f->key_record_secret, KEY_RECORD_LEN},
        {CARD_DO_FIRMWARE_ID, "PUT DATA firmware id", f->firmware_id,
         f->firmware_id_len},
        {CARD_DO_MAXIMUM, "PUT DATA maximum", f->maximum, sizeof(f->maximum)},
        {CARD_DO_LOW_WATER, "PUT DATA low water", f->low_water,
         sizeof(f->low_water)},
        {CARD_DO_FLAGS, "PUT DATA flags", f->flags, sizeof(f->flags)},
        {CARD_DO_PERSO, "PUT DATA personalisation", f->perso, f->perso_len},
        {CARD_DO_AUDIT_KEY, "PUT DATA audit key", f->audit_key_secret,
         SFI_AUDIT_KEY_LEN},
    };
    sfi_status st = SFI_OK;

    for (size_t i = 0; st == SFI_OK && i < sizeof(objects) / sizeof(*objects);
         i++) {
        /* not given: the card chooses */
        if (objects[i].data == NULL ||
            (objects[i].object == CARD_DO_LOW_WATER && f->low == 0))
            continue;
        st = card_put_object(c, (uint8_t)objects[i].object, objects[i].name,
                             objects[i].data, objects[i].len);
    }
    return st;
}

/* Whether the card contains this data and has issued no licence. */
static bool
card_holds_filling(const struct card_info *info, const struct filling *f)
{
    return info->state == SFI_HSM_OPERATIONAL && info->records == 0 &&
           info->remaining == f->max_count && info->maximum == f->max_count &&
           (f->low == 0 || info->low_water == f->low) &&
           info->flags == f->flag_bits &&
           strlen(info->firmware_id) == f->firmware_id_len &&
           sfi__equal(info->firmware_id, f->firmware_id, f->firmware_id_len);
}

static sfi_status
card_accept_locked(struct card *c, const struct filling *f,
                   const struct card_info *info)
{
    if (!card_holds_filling(info, f))
        return sfi__fail(
            c->ctx, SFI_ERR_HSM,
            "the card does not contain the data that it was given");
    memcpy(c->serial, info->serial, sizeof(c->serial));
    c->remaining = info->remaining;
    return SFI_OK;
}

/* The card is not blank: refuse it, unless only the reply to LOCK was lost. */
static sfi_status
card_check_not_blank(struct card *c, const struct filling *f,
                     const struct card_info *info)
{
    if (c->locking)
        return card_accept_locked(c, f, info);
    return sfi__fail(c->ctx, SFI_ERR_HSM_STATE,
                     "already provisioned, and locked for ever");
}

static sfi_status
card_lock_filling(struct card *c, const struct filling *f)
{
    static const struct card_ask lock = {
        .name = "LOCK",
        .apdu = {.cla = CARD_CLA_OURS, .ins = CARD_STATUS, .p2 = CARD_P2_LOCK},
    };
    struct card_info info;
    sfi_status st;

    c->locking = true;
    st = sfi__card_command(c, &lock, NULL);
    if (st != SFI_OK)
        return st;
    st = sfi__card_ask_info(c, &info);
    if (st != SFI_OK)
        return st;
    return card_accept_locked(c, f, &info);
}

static sfi_status
card_do_provision(struct card *c, void *arg)
{
    const struct filling *f = arg;
    struct card_info info;
    sfi_status st = sfi__card_ask_info(c, &info);

    if (st != SFI_OK)
        return st;
    if (info.state != SFI_HSM_BLANK)
        return card_check_not_blank(c, f, &info);
    if (c->pin_len == 0)
        return sfi__fail(c->ctx, SFI_ERR_HSM_PIN,
                         "no PIN set: log in with the PIN that will protect "
                         "the card");
    if (!c->verified) { /* chosen, but lost with the power */
        st = sfi__card_verify(c, c->pin_secret, c->pin_len);
        if (st != SFI_OK)
            return st;
    }
    c->once = false; /* a blank card has no PIN to guess */
    st = card_put_objects(c, f);
    if (st != SFI_OK)
        return st;
    return card_lock_filling(c, f);
}

static void
card_prepare_filling(struct filling *f, const uint8_t *key_secret,
                     const uint8_t *nonce, const char *firmware_id,
                     uint64_t max_count)
{
    struct wr w;

    sfi__wr_init(&w, f->key_record_secret, sizeof(f->key_record_secret));
    sfi__wr_bytes(&w, nonce, SFI_NONCE_LEN);
    sfi__wr_fill(&w, 0, NONCE_FIELD_LEN - SFI_NONCE_LEN);
    sfi__wr_bytes(&w, key_secret, SFI_KEY_LEN);
    f->firmware_id_len = strlen(firmware_id);
    sfi__wr_init(&w, f->firmware_id, sizeof(f->firmware_id));
    sfi__wr_bytes(&w, (const uint8_t *)firmware_id, f->firmware_id_len);
    f->max_count = max_count;
    sfi__wr_init(&w, f->maximum, sizeof(f->maximum));
    sfi__wr_u64be(&w, max_count);
    sfi__wr_init(&w, f->low_water, sizeof(f->low_water));
    sfi__wr_u64be(&w, f->low);
    sfi__wr_init(&w, f->flags, sizeof(f->flags));
    sfi__wr_u32be(&w, f->flag_bits);
}

sfi_status
sfi__card_provision(void *user, const uint8_t *key_secret, size_t key_len,
                    const uint8_t *nonce, size_t nonce_len,
                    const char *firmware_id, uint64_t max_count,
                    const uint8_t *perso, size_t perso_len,
                    const sfi_provision_options *options)
{
    struct filling f = {.perso = perso, .perso_len = perso_len};
    struct card *c = user;
    sfi_status st;

    if (key_len != SFI_KEY_LEN || nonce_len != SFI_NONCE_LEN ||
        strlen(firmware_id) > SFI_FIRMWARE_ID_MAX)
        return sfi__fail(c->ctx, SFI_ERR_INTERNAL,
                         "invalid length of key, nonce or firmware id");
    if (options != NULL) {
        f.flag_bits = options->flags;
        f.low = options->low_water;
        f.audit_key_secret = options->audit_key;
    }
    card_prepare_filling(&f, key_secret, nonce, firmware_id, max_count);
    st = sfi__card_transact(c, card_do_provision, &f);
    c->locking = false;
    sfi__wipe(&f, sizeof(f));
    return st;
}
