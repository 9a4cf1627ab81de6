/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The HSM functions of a smartcard: information, audit, PIN, licences,
 * retiring. */
#include "hsm/card/card.h"

#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "util/wr.h"
#include "core/ctx.h"
#include "core/err.h"
#include "hsm/base/image_header.h"
#include "hsm/base/low_water.h"

/* ---- what needs no PIN ---- */

static sfi_status
card_do_info(struct card *c, void *arg)
{
    struct card_info *info = arg;

    return sfi__card_ask_info(c, info);
}

static sfi_status
card_get_info(void *user, sfi_hsm_info *out)
{
    struct card *c = user;
    struct card_info info;
    sfi_status st = sfi__card_transact(c, card_do_info, &info);

    if (st != SFI_OK)
        return st;
    c->remaining = info.remaining;
    out->state = info.state;
    out->pin_tries_left = info.pin_tries;
    if (info.state == SFI_HSM_BLANK)
        return SFI_OK;
    out->remaining = info.remaining;
    out->maximum = info.maximum;
    out->flags = info.flags;
    out->low_water = info.low_water;
    out->records = info.records;
    (void)sfi__text_copy(out->firmware_id, sizeof(out->firmware_id),
                         info.firmware_id);
    (void)sfi__text_copy(out->product_id, sizeof(out->product_id),
                         info.product_id);
    sfi__hex_encode(out->serial, info.serial, sizeof(info.serial));
    return SFI_OK;
}

static sfi_status
card_do_audit_head(struct card *c, void *arg)
{
    static const struct card_ask ask = {
        .name = "GET DATA audit",
        .apdu = {.cla = CARD_CLA_OURS,
                 .ins = CARD_GET_DATA,
                 .p1 = 1,
                 .p2 = CARD_DO_AUDIT,
                 .answer = CARD_AUDIT_LEN},
        .exact = true,
    };
    uint8_t raw[CARD_AUDIT_LEN];
    uint16_t sw = 0;
    sfi_status st = sfi__card_exchange(c, &ask, raw, &sw);

    if (st != SFI_OK)
        return st;
    if (sw == CARD_SW_NO_OBJECT)
        return sfi__fail_peer(c->ctx, SFI_ERR_HSM_STATE, sw,
                              "the card is blank: it has no audit");
    if (sw != CARD_SW_OK)
        return sfi__card_refused(c, ask.name, sw);
    return sfi__card_read_audit(c->ctx, raw, arg);
}

static sfi_status
card_get_audit_head(void *user, sfi_audit_head *out)
{
    return sfi__card_transact(user, card_do_audit_head, out);
}

static sfi_status
card_do_audit_record(struct card *c, void *arg)
{
    sfi_audit_record *out = arg;
    uint8_t sequence[8], raw[CARD_RECORD_LEN];
    const struct card_ask ask = {
        .name = "GET RECORD",
        .apdu = {.cla = CARD_CLA_OURS,
                 .ins = CARD_RECORD,
                 .data = sequence,
                 .len = sizeof(sequence),
                 .answer = sizeof(raw)},
        .exact = true,
    };
    struct wr w;
    sfi_status st;

    sfi__wr_init(&w, sequence, sizeof(sequence));
    sfi__wr_u64be(&w, out->sequence);
    st = sfi__card_command(c, &ask, raw);
    if (st != SFI_OK)
        return st;
    return sfi__card_read_record(c->ctx, raw, out->sequence, out);
}

static sfi_status
card_get_audit_record(void *user, uint64_t sequence, sfi_audit_record *out)
{
    out->sequence = sequence;
    return sfi__card_transact(user, card_do_audit_record, out);
}

/* ---- the PIN ---- */

struct pins {
    const char *pin_secret, *new_pin_secret;
    size_t pin_len, new_pin_len;
};

static sfi_status
card_check_pin_length(struct card *c, size_t len)
{
    if (len >= CARD_PIN_MIN && len <= CARD_PIN_MAX)
        return SFI_OK;
    return sfi__fail(c->ctx, SFI_ERR_HSM_PIN,
                     "a PIN of %zu bytes, expected %u to %u", len, CARD_PIN_MIN,
                     CARD_PIN_MAX);
}

static void
card_keep_pin(struct card *c, const char *pin_secret, size_t len)
{
    memcpy(c->pin_secret, pin_secret, len);
    c->pin_len = len;
}

static sfi_status
card_do_login(struct card *c, void *arg)
{
    const struct pins *pins = arg;
    sfi_status st = sfi__card_verify(c, pins->pin_secret, pins->pin_len);

    if (st == SFI_OK)
        card_keep_pin(c, pins->pin_secret, pins->pin_len);
    return st;
}

static sfi_status
card_login(void *user, const char *pin, size_t pin_len)
{
    const struct pins pins = {.pin_secret = pin, .pin_len = pin_len};
    struct card *c = user;
    sfi_status st = card_check_pin_length(c, pin_len);

    if (st != SFI_OK)
        return st;
    sfi__card_forget(c);
    c->selected = false; /* recognise the card before it gets the PIN */
    return sfi__card_transact(c, card_do_login, (void *)&pins);
}

static sfi_status
card_do_change_pin(struct card *c, void *arg)
{
    const struct pins *pins = arg;
    uint8_t both_secret[1 + 2 * CARD_PIN_MAX];
    struct card_ask ask = {
        .name = "CHANGE PIN",
        .apdu = {.cla = CARD_CLA_ISO,
                 .ins = CARD_CHANGE_PIN,
                 .p2 = CARD_P2_PIN,
                 .data = both_secret},
    };
    struct wr w;
    sfi_status st;

    sfi__wr_init(&w, both_secret, sizeof(both_secret));
    sfi__wr_u8(&w, (uint8_t)pins->pin_len);
    sfi__wr_bytes(&w, pins->pin_secret, pins->pin_len);
    sfi__wr_bytes(&w, pins->new_pin_secret, pins->new_pin_len);
    ask.apdu.len = sfi__wr_len(&w);
    c->once = true;
    st = sfi__card_command(c, &ask, NULL);
    sfi__wipe(both_secret, sizeof(both_secret));
    if (st == SFI_OK) {
        card_keep_pin(c, pins->new_pin_secret, pins->new_pin_len);
        c->verified = true;
    } else if (c->lost) {
        (void)sfi__fail(c->ctx, st,
                        "the card was lost during the change of its PIN: the "
                        "old or the new PIN is valid");
    }
    return st;
}

static sfi_status
card_change_pin(void *user, const char *pin, size_t pin_len,
                const char *new_pin, size_t new_pin_len)
{
    const struct pins pins = {.pin_secret = pin,
                              .pin_len = pin_len,
                              .new_pin_secret = new_pin,
                              .new_pin_len = new_pin_len};
    struct card *c = user;
    sfi_status st = card_check_pin_length(c, pin_len);

    if (st != SFI_OK)
        return st;
    st = card_check_pin_length(c, new_pin_len);
    if (st != SFI_OK)
        return st;
    sfi__card_forget(c);
    c->selected = false;
    return sfi__card_transact(c, card_do_change_pin, (void *)&pins);
}

/* ---- licences ---- */

struct request {
    const uint8_t *data;
    size_t len;
    bool live;
    bool counts; /* tell whether the device was counted */
    bool tried;  /* once in this transaction, which is now repeated */
    bool noted;  /* the counter before it is known */
    uint32_t count;
    uint8_t *out;
};

/* 6985 has several causes: ask for the card's state to find which. */
static sfi_status
card_explain_conditions(struct card *c, const struct request *rq, uint16_t sw)
{
    struct card_info info;
    sfi_status st = sfi__card_ask_info(c, &info);

    if (st != SFI_OK)
        return st;
    switch (info.state) {
    case SFI_HSM_BLANK:
        return sfi__fail_peer(c->ctx, SFI_ERR_HSM_STATE, sw,
                              "the card is blank: provision it first");
    case SFI_HSM_EXHAUSTED:
        return sfi__fail_peer(c->ctx, SFI_ERR_HSM_COUNTER, sw,
                              "no installations left: all %llu were used",
                              (unsigned long long)info.maximum);
    case SFI_HSM_BLOCKED:
        return sfi__card_refused(c, "GET LICENCE", CARD_SW_BLOCKED);
    case SFI_HSM_RETIRED:
        return sfi__fail_peer(c->ctx, SFI_ERR_HSM_STATE, sw,
                              "the card is retired and issues no licences");
    default:
        break;
    }
    if (!rq->live && (info.flags & SFI_HSM_LIVE_ONLY) != 0)
        return sfi__fail_peer(c->ctx, SFI_ERR_HSM_STATE, sw,
                              "the card issues live licences only");
    return sfi__card_refused(c, "GET LICENCE", sw);
}

/* Warn if a device was counted and few installations are left.  The licence was
 * received already, so a failure here is ignored. */
static void
card_warn_when_low(struct card *c, struct request *rq)
{
    uint64_t before = c->remaining;
    struct card_info info;

    if (sfi__card_ask_info(c, &info) != SFI_OK) {
        sfi__clear_error(c->ctx);
        return;
    }
    c->remaining = info.remaining;
    if (rq->noted)
        rq->count = info.remaining < before ? SFI_COUNT_NEW : SFI_COUNT_AGAIN;
    if (info.remaining < before)
        sfi__hsm_warn_low(c->ctx, info.remaining, info.maximum, info.low_water);
}

/* Another program may have used the card before this transaction.  When it is
 * repeated, after a lost reply, nobody can tell any more. */
static sfi_status
card_note_remaining(struct card *c, struct request *rq)
{
    struct card_info info;
    sfi_status st = sfi__card_ask_info(c, &info);

    rq->noted = st == SFI_OK && !rq->tried;
    rq->tried = true;
    if (st == SFI_OK)
        c->remaining = info.remaining;
    return st;
}

static sfi_status
card_do_license(struct card *c, void *arg)
{
    struct request *rq = arg;
    const struct card_ask ask = {
        .name = "GET LICENCE",
        .apdu = {.cla = CARD_CLA_OURS,
                 .ins = CARD_LICENSE,
                 .data = rq->data,
                 .len = rq->len,
                 .answer = SFI_LICENSE_LEN},
        .exact = true,
    };
    uint16_t sw = 0;
    sfi_status st = SFI_OK;

    if (!c->verified)
        return sfi__fail(c->ctx, SFI_ERR_HSM_PIN,
                         "the card issues licences only after a login");
    if (rq->counts)
        st = card_note_remaining(c, rq);
    if (st == SFI_OK)
        st = sfi__card_exchange(c, &ask, rq->out, &sw);
    if (st != SFI_OK)
        return st;
    if (sw == CARD_SW_OK) {
        card_warn_when_low(c, rq);
        return SFI_OK;
    }
    if (sw == CARD_SW_DATA)
        return sfi__fail_peer(
            c->ctx, SFI_ERR_CERTIFICATE, sw,
            "the card refuses the certificate: it is for a different product, "
            "or not signed by the card's CA");
    return sw == CARD_SW_CONDITIONS ? card_explain_conditions(c, rq, sw)
                                    : sfi__card_refused(c, ask.name, sw);
}

/* The certificate is followed by the session of a live licence. */
static sfi_status
card_ask_license(struct card *c, const uint8_t *cert, size_t cert_len,
                 uint32_t session, struct request *rq)
{
    uint8_t data[SFI_CERTIFICATE_LEN + sizeof(session)];
    struct wr w;

    sfi__wr_init(&w, data, sizeof(data));
    sfi__wr_bytes(&w, cert, cert_len);
    if (session != 0)
        sfi__wr_u32be(&w, session);
    if (!sfi__wr_ok(&w))
        return sfi__fail(c->ctx, SFI_ERR_INTERNAL,
                         "invalid length of a "
                         "certificate");
    rq->data = data;
    rq->len = sfi__wr_len(&w);
    rq->live = session != 0;
    return sfi__card_transact(c, card_do_license, rq);
}

static sfi_status
card_license(void *user, const uint8_t *cert, size_t cert_len, uint32_t session,
             uint8_t *out, size_t *out_len)
{
    struct request rq = {.out = out};
    struct card *c = user;
    sfi_status st;

    if (*out_len < SFI_LICENSE_LEN)
        return sfi__fail(c->ctx, SFI_ERR_INTERNAL, "licence buffer too small");
    st = card_ask_license(c, cert, cert_len, session, &rq);
    if (st == SFI_OK)
        *out_len = SFI_LICENSE_LEN;
    return st;
}

/* One after the other, and whether the counter went down with each. */
static sfi_status
card_licenses(void *user, const uint8_t *const *certs, size_t cert_len,
              const uint32_t *sessions, size_t count, sfi_hsm_answer_fn answer,
              void *to)
{
    struct card *c = user;

    for (size_t i = 0; i < count; i++) {
        uint8_t out[SFI_LICENSE_LEN];
        struct request rq = {
            .counts = true, .count = SFI_COUNT_UNKNOWN, .out = out};
        sfi_status st =
            card_ask_license(c, certs[i], cert_len, sessions[i], &rq);

        if (st == SFI_ERR_CERTIFICATE || st == SFI_ERR_HSM_COUNTER)
            answer(to, i, st, SFI_COUNT_NONE, NULL, 0);
        else
            answer(to, i, st, rq.count, st == SFI_OK ? out : NULL,
                   st == SFI_OK ? sizeof(out) : 0);
        if (st != SFI_OK && st != SFI_ERR_CERTIFICATE &&
            st != SFI_ERR_HSM_COUNTER)
            return st;
    }
    return SFI_OK;
}

/* ---- images ---- */

/* A card of before this command rejects its parameters. */
static sfi_status
card_do_check_image(struct card *c, void *arg)
{
    const struct card_ask ask = {
        .name = "CHECK IMAGE",
        .apdu = {.cla = CARD_CLA_OURS,
                 .ins = CARD_LICENSE,
                 .p2 = CARD_P2_IMAGE,
                 .data = arg,
                 .len = SFI_IMAGE_HEADER_LEN},
    };
    uint16_t sw = 0;
    sfi_status st;

    if (!c->verified)
        return sfi__fail(c->ctx, SFI_ERR_HSM_PIN,
                         "the card checks images only after a login");
    st = sfi__card_exchange(c, &ask, NULL, &sw);
    if (st != SFI_OK || sw == CARD_SW_OK)
        return st;
    if (sw == CARD_SW_DATA)
        return sfi__hsm_refuse_image(c->ctx, sw);
    st = sfi__card_refused(c, ask.name, sw);
    if (sw == CARD_SW_P1P2 || sw == CARD_SW_INS)
        st = sfi__fail_peer(c->ctx, SFI_ERR_UNSUPPORTED, sw,
                            "the card does not support a check of images");
    return st;
}

static sfi_status
card_check_image(void *user, const uint8_t *header, size_t header_len)
{
    uint8_t data[SFI_IMAGE_HEADER_LEN];

    (void)header_len; /* checked by the handle */
    memcpy(data, header, sizeof(data));
    return sfi__card_transact(user, card_do_check_image, data);
}

/* ---- the end ---- */

static sfi_status
card_do_retire(struct card *c, void *arg)
{
    static const struct card_ask ask = {
        .name = "RETIRE",
        .apdu = {.cla = CARD_CLA_OURS,
                 .ins = CARD_STATUS,
                 .p2 = CARD_P2_RETIRE},
    };
    bool *again = arg;
    struct card_info info;
    sfi_status st;

    if (!c->verified)
        return sfi__fail(c->ctx, SFI_ERR_HSM_PIN,
                         "the card can be retired only after a login");
    st = sfi__card_ask_info(c, &info);
    if (st != SFI_OK)
        return st;
    if (info.state == SFI_HSM_RETIRED)
        return *again ? SFI_OK
                      : sfi__fail(c->ctx, SFI_ERR_HSM_STATE,
                                  "the card is already retired");
    if (info.state == SFI_HSM_BLANK)
        return sfi__fail(c->ctx, SFI_ERR_HSM_STATE,
                         "the card is blank: there is nothing to retire");
    *again = true;
    return sfi__card_command(c, &ask, NULL);
}

static sfi_status
card_retire(void *user)
{
    bool again = false;

    return sfi__card_transact(user, card_do_retire, &again);
}

static void
card_close(void *user)
{
    struct card *c = user;
    sfi_ctx *ctx = c->ctx;

    c->ch.ops->close(c->ch.user);
    sfi__wipe(c, sizeof(*c));
    sfi__ctx_dealloc(ctx, c);
}

static sfi_status
card_do_nothing(struct card *c, void *arg)
{
    (void)c; /* sfi__card_transact() has selected and recognised the card */
    (void)arg;
    return SFI_OK;
}

static const sfi_hsm_ops card_ops = {
    .struct_size = sizeof(card_ops),
    .info = card_get_info,
    .login = card_login,
    .provision = sfi__card_provision,
    .license = card_license,
    .close = card_close,
    .change_pin = card_change_pin,
    .retire = card_retire,
    .audit_head = card_get_audit_head,
    .audit_record = card_get_audit_record,
    .check_image = card_check_image,
    .licenses = card_licenses,
};

sfi_status
sfi__card_open(sfi_ctx *ctx, const struct channel *ch, bool short_only,
               sfi_hsm_ops *ops, void **user)
{
    struct card *c = sfi__ctx_alloc(ctx, sizeof(*c));
    sfi_status st;

    *user = NULL;
    if (c == NULL) {
        ch->ops->close(ch->user);
        return SFI_ERR_NOMEM;
    }
    c->ctx = ctx;
    c->ch = *ch;
    c->extended = !short_only;
    st = sfi__card_transact(c, card_do_nothing, NULL);
    if (st != SFI_OK) {
        card_close(c);
        return st;
    }
    *ops = card_ops;
    *user = c;
    return SFI_OK;
}
