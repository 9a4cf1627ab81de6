/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A hostile card: any answers, to a host that makes all its requests.  Input: 0
 * or 1, a provisioned card or a blank one.  Then for each transaction a byte
 * (1: the card was reset, 3: it is gone), and for each exchange the answer's
 * length in two bytes (big-endian; from 0x8000 on the exchange fails) and the
 * answer. */
#include <string.h>

#include <sfi/hsm.h>

#include "util/rd.h"
#include "core/err.h"
#include "wire/card_command.h"
#include "hsm/card/channel.h"
#include "license/personalization.h"

#include "fuzz.h"

/* One operation: twice a command for each object, each in some pieces. */
#define EXCHANGES_MAX 600u
#define FAILS 0x8000u
#define PIN "1234-5678"

struct hostile {
    sfi_ctx *ctx;
    struct rd r;
    unsigned exchanges; /* in this operation */
    unsigned pins;      /* sent */
    bool in_transaction;
    int closed;
};

static sfi_status
on_transmit(void *user, const uint8_t *in, size_t in_len, uint8_t *out,
            size_t *out_len)
{
    struct hostile *h = user;
    size_t room = *out_len;
    uint16_t len = sfi__rd_u16be(&h->r);

    FUZZ_HOLDS(h->in_transaction);
    FUZZ_HOLDS(in_len >= 4 && in_len <= CHANNEL_APDU_MAX);
    FUZZ_HOLDS(h->exchanges++ < EXCHANGES_MAX);
    if (in[1] == CARD_VERIFY)
        h->pins++;
    *out_len = 0;
    if (len >= FAILS || !sfi__rd_ok(&h->r)) {
        sfi_ctx_report(h->ctx, SFI_ERR_IO, 0, "the reader failed");
        return SFI_ERR_IO;
    }
    if (len > room)
        len = (uint16_t)room;
    if (len > sfi__rd_left(&h->r))
        len = (uint16_t)sfi__rd_left(&h->r);
    sfi__rd_bytes(&h->r, out, len);
    *out_len = len;
    return SFI_OK;
}

static sfi_status
on_begin(void *user, bool *was_reset)
{
    struct hostile *h = user;
    uint8_t how = sfi__rd_u8(&h->r);

    FUZZ_HOLDS(!h->in_transaction);
    *was_reset = how == 1;
    if (how == 3 || !sfi__rd_ok(&h->r)) {
        sfi_ctx_report(h->ctx, SFI_ERR_NO_DEVICE, 0, "the card was removed");
        return SFI_ERR_NO_DEVICE;
    }
    h->in_transaction = true;
    return SFI_OK;
}

static void
on_end(void *user)
{
    struct hostile *h = user;

    FUZZ_HOLDS(h->in_transaction);
    h->in_transaction = false;
}

static void
on_close(void *user)
{
    struct hostile *h = user;

    FUZZ_HOLDS(!h->in_transaction);
    h->closed++;
}

static const struct channel_ops hostile_ops = {
    .transmit = on_transmit,
    .begin = on_begin,
    .end = on_end,
    .close = on_close,
};

/* Assert how an operation may end: UNSUPPORTED for a card without the HSM
 * application; the PIN is sent at most so often. */
static void
ended(struct hostile *h, sfi_status st, unsigned pins)
{
    if (st == SFI_OK || st == SFI_ERR_UNSUPPORTED)
        sfi__clear_error(h->ctx);
    fuzz_check(h->ctx, st == SFI_ERR_UNSUPPORTED ? SFI_OK : st,
               st == SFI_OK || st == SFI_ERR_UNSUPPORTED ? h : NULL);
    FUZZ_HOLDS(!h->in_transaction);
    FUZZ_HOLDS(h->pins <= pins);
    h->exchanges = 0;
    h->pins = 0;
}

static void
read_it(struct hostile *h, sfi_hsm *hsm)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_audit_record record = {.struct_size = sizeof(record)};
    sfi_status st = sfi_hsm_get_info(hsm, &info);

    ended(h, st, 1);
    if (st == SFI_OK) {
        FUZZ_HOLDS(info.remaining <= info.maximum);
        FUZZ_HOLDS(strlen(info.firmware_id) <= SFI_FIRMWARE_ID_MAX);
        FUZZ_HOLDS(strlen(info.product_id) <= 8);
    }
    ended(h, sfi_hsm_get_audit_head(hsm, &head), 1);
    st = sfi_hsm_get_audit_record(hsm, 1, &record);
    ended(h, st, 1);
    FUZZ_HOLDS(st != SFI_OK || record.sequence == 1);
}

static void
license(struct hostile *h, sfi_hsm *hsm, const sfi_certificate *cert)
{
    sfi_license *lic;
    sfi_status st = sfi_hsm_generate_license(hsm, cert, &lic);

    FUZZ_HOLDS((st == SFI_OK) == (lic != NULL));
    sfi_license_free(lic);
    /* after a reset, and again when the card reports that it has no PIN */
    ended(h, st, 2);
    st = sfi_hsm_generate_live_license(hsm, cert, 0x01020304, &lic);
    FUZZ_HOLDS((st == SFI_OK) == (lic != NULL));
    sfi_license_free(lic);
    ended(h, st, 2);
}

static void
use(struct hostile *h, sfi_hsm *hsm)
{
    static const uint8_t point[] = {
        /* the base point of P-256: any will do */
        0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6,
        0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
        0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f,
        0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a,
        0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e,
        0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};
    uint8_t data[SFI_CERTIFICATE_LEN] = "45002001";
    sfi_certificate *cert;

    memcpy(data + 8, point, sizeof(point));
    FUZZ_HOLDS(sfi_certificate_parse(h->ctx, data, sizeof(data), &cert) ==
               SFI_OK);
    ended(h, sfi_hsm_login(hsm, PIN, strlen(PIN)), 1);
    license(h, hsm, cert);
    read_it(h, hsm);
    ended(h, sfi_hsm_change_pin(hsm, PIN, strlen(PIN), "87654321", 8), 0);
    ended(h, sfi_hsm_retire(hsm), 2);
    sfi_certificate_free(cert);
}

static void
fill(struct hostile *h, const sfi_hsm_ops *ops, void *user)
{
    static const uint8_t key[SFI_KEY_LEN], nonce[SFI_NONCE_LEN];
    static const uint8_t perso[PERSO_LEN];

    ended(h, ops->login(user, PIN, strlen(PIN)), 1);
    ended(h,
          ops->provision(user, key, sizeof(key), nonce, sizeof(nonce),
                         "blink 1.0", 5, perso, sizeof(perso), NULL),
          2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct hostile h = {.ctx = fuzz_ctx()};
    const struct channel ch = {.ops = &hostile_ops, .user = &h};
    sfi_hsm_ops ops;
    sfi_hsm *hsm;
    bool blank;
    void *user;
    sfi_status st;

    sfi__rd_init(&h.r, data, len);
    blank = sfi__rd_u8(&h.r) == 1;
    st = sfi__card_open(h.ctx, &ch, blank, &ops, &user);
    FUZZ_HOLDS((st == SFI_OK) == (user != NULL));
    ended(&h, st, 0);
    if (st == SFI_OK && blank) {
        fill(&h, &ops, user);
        ops.close(user);
    } else if (st == SFI_OK) {
        FUZZ_HOLDS(sfi_hsm_open_custom(h.ctx, &ops, user, &hsm) == SFI_OK);
        use(&h, hsm);
        sfi_hsm_free(hsm);
    }
    FUZZ_HOLDS(h.closed == 1);
    fuzz_ctx_free(h.ctx);
    return 0;
}
