/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Makes a virtual card over a vault and talks APDUs to it. */
#include <card/card_kit.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "util/wr.h"
#include "license/license.h"

#include "fixture.h"

/* Digits to bytes, in memory of that length: a sanitiser sees one too far. */
static uint8_t *
from_hex(const char *text, size_t *len)
{
    uint8_t *out;

    *len = 0;
    for (const char *p = text; *p != '\0'; p++)
        *len += *p != ' ';
    *len /= 2;
    out = malloc(*len > 0 ? *len : 1);
    ck_assert_ptr_nonnull(out);
    for (size_t i = 0; i < *len; text++) {
        if (*text == ' ')
            continue;
        ck_assert(sfi__hex_decode(out + i++, 1, text));
        text++;
    }
    return out;
}

void
card_assert(const char *file, int line, sfi_card *to, const char *command,
            const char *answer)
{
    uint8_t out[SFI_CARD_APDU_MAX];
    char got[2 * sizeof(out) + 1];
    size_t len, want_len, out_len = sizeof(out);
    uint8_t *in = from_hex(command, &len);
    uint8_t *want = from_hex(answer, &want_len);
    sfi_status st = sfi_card_apdu(to, in, len, out, &out_len);

    sfi__hex_encode(got, out, out_len);
    if (st != SFI_OK || out_len != want_len || memcmp(out, want, want_len) != 0)
        ck_abort_msg("%s:%d: %s: status %d, answer %s (%s), expected %s", file,
                     line, command, st, got, sfi_card_reason(to), answer);
    free(in);
    free(want);
}

uint16_t
card_send(sfi_card *to, const uint8_t *in, size_t len, uint8_t *out,
          size_t *out_len)
{
    uint8_t all[SFI_CARD_APDU_MAX];
    size_t all_len = sizeof(all);

    ck_assert_ok(sfi_card_apdu(to, in, len, all, &all_len));
    ck_assert_uint_ge(all_len, 2);
    ck_assert_uint_le(all_len, sizeof(all));
    all_len -= 2;
    if (out != NULL) {
        memcpy(out, all, all_len);
        *out_len = all_len;
    } else {
        ck_assert_uint_eq(all_len, 0);
    }
    return (uint16_t)(all[all_len] << 8 | all[all_len + 1]);
}

uint16_t
card_say(sfi_card *to, uint32_t header, const void *data, size_t len,
         uint8_t *out, size_t *out_len)
{
    uint8_t in[SFI_CARD_APDU_MAX];
    struct wr w;

    sfi__wr_init(&w, in, sizeof(in));
    sfi__wr_u32be(&w, header);
    if (len > 255) {
        sfi__wr_u8(&w, 0);
        sfi__wr_u16be(&w, (uint16_t)len);
    } else if (len > 0) {
        sfi__wr_u8(&w, (uint8_t)len);
    }
    sfi__wr_bytes(&w, data, len);
    if (out != NULL)
        sfi__wr_fill(&w, 0, len > 255 ? 2 : 1);
    ck_assert(sfi__wr_ok(&w));
    return card_send(to, in, sfi__wr_len(&w), out, out_len);
}

/* ---- an HSM that remembers ---- */

struct own own;

static sfi_status
answer(void)
{
    if (own.report != NULL)
        sfi_ctx_report(ctx, own.answer, 0, own.report);
    return own.answer;
}

static sfi_status
own_info(void *user, sfi_hsm_info *out)
{
    (void)user;
    *out = own.info;
    out->struct_size = sizeof(*out);
    return own.info_answer;
}

static sfi_status
own_login(void *user, const char *pin, size_t pin_len)
{
    (void)user;
    own.calls++;
    ck_assert_uint_le(pin_len, sizeof(own.pin));
    memcpy(own.pin, pin, pin_len);
    own.pin_len = pin_len;
    return answer();
}

static sfi_status
own_change_pin(void *user, const char *pin, size_t pin_len, const char *new_pin,
               size_t new_pin_len)
{
    ck_assert_uint_le(new_pin_len, sizeof(own.new_pin));
    memcpy(own.new_pin, new_pin, new_pin_len);
    own.new_pin_len = new_pin_len;
    return own_login(user, pin, pin_len);
}

static sfi_status
own_provision(void *user, const uint8_t *key, size_t key_len,
              const uint8_t *nonce, size_t nonce_len, const char *firmware_id,
              uint64_t max_count, const uint8_t *perso, size_t perso_len,
              const sfi_provision_options *options)
{
    (void)user;
    own.calls++;
    ck_assert_uint_eq(key_len, sizeof(own.key));
    ck_assert_uint_eq(nonce_len, sizeof(own.nonce));
    ck_assert_uint_eq(perso_len, sizeof(own.perso));
    memcpy(own.key, key, key_len);
    memcpy(own.nonce, nonce, nonce_len);
    memcpy(own.perso, perso, perso_len);
    (void)snprintf(own.firmware_id, sizeof(own.firmware_id), "%s", firmware_id);
    own.max_count = max_count;
    own.flags = options->flags;
    own.low_water = options->low_water;
    own.has_audit_key = options->audit_key != NULL;
    if (own.has_audit_key)
        memcpy(own.audit_key, options->audit_key, sizeof(own.audit_key));
    return answer();
}

static sfi_status
own_license(void *user, const uint8_t *cert, size_t cert_len, uint32_t session,
            uint8_t *out, size_t *out_len)
{
    (void)user;
    own.calls++;
    memcpy(own.cert, cert, cert_len);
    own.session = session;
    memcpy(out, own.license, sizeof(own.license));
    *out_len = sizeof(own.license);
    return answer();
}

static sfi_status
own_retire(void *user)
{
    (void)user;
    own.calls++;
    own.retired++;
    return answer();
}

static sfi_status
own_log_head(void *user, sfi_audit_head *out)
{
    (void)user;
    *out = own.head;
    out->struct_size = sizeof(*out);
    return answer();
}

static sfi_status
own_log_record(void *user, uint64_t sequence, sfi_audit_record *out)
{
    (void)user;
    own.sequence = sequence;
    *out = own.record;
    out->struct_size = sizeof(*out);
    return answer();
}

static sfi_status
own_check_image(void *user, const uint8_t *header, size_t header_len)
{
    (void)user;
    own.calls++;
    ck_assert_uint_eq(header_len, sizeof(own.header));
    memcpy(own.header, header, header_len);
    return answer();
}

const sfi_hsm_ops own_ops = {
    .struct_size = sizeof(own_ops),
    .info = own_info,
    .login = own_login,
    .provision = own_provision,
    .license = own_license,
    .change_pin = own_change_pin,
    .retire = own_retire,
    .audit_head = own_log_head,
    .audit_record = own_log_record,
    .check_image = own_check_image,
};

/* ---- the fixture ---- */

struct maker maker;
struct chip chip;
sfi_card *card;

sfi_card *
card_of(const sfi_hsm_ops *ops)
{
    sfi_hsm *hsm;
    sfi_card *made;

    ck_assert_ok(sfi_hsm_open_custom(ctx, ops, NULL, &hsm));
    ck_assert_ok(sfi_card_new(ctx, hsm, &made));
    sfi_hsm_free(hsm);
    return made;
}

static void
fill_own(void)
{
    sfi__zero(&own, sizeof(own));
    own.info.state = SFI_HSM_OPERATIONAL;
    own.info.pin_tries_left = 10;
    own.info.remaining = 0x1122;
    own.info.maximum = 0x33445566;
    own.info.low_water = 7;
    own.info.records = 0x99;
    own.info.flags = SFI_HSM_LIVE_ONLY;
    (void)strcpy(own.info.firmware_id, "blink 1.0");
    (void)strcpy(own.info.product_id, MAKER_PRODUCT);
    (void)strcpy(own.info.serial, "000102030405060708090a0b0c0d0e0f");
    ck_assert_ok(sfi__license_make(ctx, chip.public_key, LICENSE_STATIC, 0,
                                   maker.key_secret, maker.nonce, own.license));
}

void
card_setup(void)
{
    fixture_setup();
    maker_init(&maker);
    chip_make(&maker, MAKER_PRODUCT, &chip);
    fill_own();
    card = card_of(&own_ops);
}

void
card_teardown(void)
{
    sfi_card_free(card);
    chip_free(&chip);
    maker_free(&maker);
    fixture_teardown();
}

void
card_select(void)
{
    ck_assert_card(card, CARD_SELECT_HEX, CARD_SELECTED_HEX);
}

void
card_login(void)
{
    card_select();
    ck_assert_card(card, "00200001 04 34373131", "9000");
}
