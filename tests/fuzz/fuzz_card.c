/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A card's commands: messages of a kind (0: reset, else a command), two bytes
 * of length, and so many bytes.  The HSM behind the card, in memory, checks
 * that the card reveals only public data unless the right PIN came since the
 * last reset and SELECT. */
#include <string.h>

#include <sfi/card.h>

#include "util/rd.h"
#include "core/err.h"
#include "wire/card_command.h"

#include "fuzz.h"

#define PIN "1234"
#define TRIES 3u

/* "SFI.", version 1, and then zeros: the front asks for no more. */
static struct model {
    sfi_ctx *ctx;
    uint32_t state, tries;
    uint64_t remaining, maximum;
    bool open;    /* the last PIN was right */
    bool allowed; /* ... and no SELECT and no reset came since */
} model;

static sfi_status
refuse(sfi_status st)
{
    sfi_ctx_report(model.ctx, st, 0, "no");
    return st;
}

static sfi_status
on_info(void *user, sfi_hsm_info *out)
{
    (void)user;
    out->state = model.state;
    out->pin_tries_left = model.tries;
    out->remaining = model.remaining;
    out->maximum = model.maximum;
    return SFI_OK;
}

static sfi_status
on_login(void *user, const char *pin, size_t len)
{
    (void)user;
    FUZZ_HOLDS(len >= 4 && len <= 64);
    model.open = model.allowed = false;
    if (model.state == SFI_HSM_BLOCKED)
        return refuse(SFI_ERR_HSM_STATE);
    if (len != strlen(PIN) || memcmp(pin, PIN, len) != 0) {
        if (model.state != SFI_HSM_BLANK && --model.tries == 0)
            model.state = SFI_HSM_BLOCKED;
        return refuse(SFI_ERR_HSM_PIN);
    }
    model.tries = TRIES;
    model.open = model.allowed = true;
    return SFI_OK;
}

static sfi_status
on_change_pin(void *user, const char *pin, size_t len, const char *new_pin,
              size_t new_len)
{
    FUZZ_HOLDS(new_len >= 4 && new_len <= 64 && new_pin != NULL);
    return on_login(user, pin, len);
}

static sfi_status
on_provision(void *user, const uint8_t *key, size_t key_len,
             const uint8_t *nonce, size_t nonce_len, const char *firmware_id,
             uint64_t max_count, const uint8_t *perso, size_t perso_len,
             const sfi_provision_options *options)
{
    (void)user;
    (void)key;
    (void)nonce;
    (void)perso;
    FUZZ_HOLDS(model.allowed);
    FUZZ_HOLDS(key_len == SFI_KEY_LEN && nonce_len == SFI_NONCE_LEN);
    FUZZ_HOLDS(perso_len > 0 && options != NULL);
    FUZZ_HOLDS(strlen(firmware_id) >= 1 &&
               strlen(firmware_id) <= SFI_FIRMWARE_ID_MAX);
    FUZZ_HOLDS(max_count >= 1 && max_count <= SFI_HSM_COUNT_MAX);
    if (model.state != SFI_HSM_BLANK)
        return refuse(SFI_ERR_HSM_STATE);
    model.state = SFI_HSM_OPERATIONAL;
    model.remaining = model.maximum = max_count;
    return SFI_OK;
}

static sfi_status
on_license(void *user, const uint8_t *cert, size_t cert_len, uint32_t session,
           uint8_t *out, size_t *out_len)
{
    (void)user;
    (void)cert;
    FUZZ_HOLDS(model.allowed);
    FUZZ_HOLDS(cert_len == SFI_CERTIFICATE_LEN && *out_len == SFI_LICENSE_LEN);
    if (model.state != SFI_HSM_OPERATIONAL)
        return refuse(SFI_ERR_HSM_STATE);
    if (model.remaining == 0)
        return refuse(SFI_ERR_HSM_COUNTER);
    model.remaining--;
    memset(out, 0, SFI_LICENSE_LEN);
    memcpy(out, session != 0 ? "SFIL" : "SFI.", 4);
    out[8] = 1;
    memcpy(out + 12, &session, sizeof(session));
    return SFI_OK;
}

static sfi_status
on_retire(void *user)
{
    (void)user;
    FUZZ_HOLDS(model.allowed);
    if (model.state == SFI_HSM_BLANK || model.state == SFI_HSM_RETIRED)
        return refuse(SFI_ERR_HSM_STATE);
    model.state = SFI_HSM_RETIRED;
    return SFI_OK;
}

static sfi_status
on_log_head(void *user, sfi_audit_head *out)
{
    (void)user;
    (void)out;
    return model.state == SFI_HSM_BLANK ? refuse(SFI_ERR_HSM_STATE) : SFI_OK;
}

static sfi_status
on_log_record(void *user, uint64_t sequence, sfi_audit_record *out)
{
    (void)user;
    out->kind = SFI_AUDIT_COUNTED;
    out->sequence = sequence;
    return sequence == 1 ? SFI_OK : refuse(SFI_ERR_RANGE);
}

static const sfi_hsm_ops ops = {
    .struct_size = sizeof(ops),
    .info = on_info,
    .login = on_login,
    .provision = on_provision,
    .license = on_license,
    .change_pin = on_change_pin,
    .retire = on_retire,
    .audit_head = on_log_head,
    .audit_record = on_log_record,
};

static bool
is_known(uint16_t sw)
{
    static const uint16_t words[] = {
        CARD_SW_OK,         CARD_SW_MEMORY,   CARD_SW_LENGTH,
        CARD_SW_CHAIN,      CARD_SW_SECURITY, CARD_SW_BLOCKED,
        CARD_SW_CONDITIONS, CARD_SW_DATA,     CARD_SW_NOT_FOUND,
        CARD_SW_NO_RECORD,  CARD_SW_P1P2,     CARD_SW_NO_OBJECT,
        CARD_SW_INS,        CARD_SW_CLA,      CARD_SW_INTERNAL,
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (words[i] == sw)
            return true;
    }
    return (sw & 0xff00) == CARD_SW_MORE || (sw & 0xfff0) == CARD_SW_PIN;
}

static void
command(sfi_card *card, const uint8_t *in, size_t len)
{
    /* each in memory of its exact length, so that a sanitiser finds a read past
     * the end */
    uint8_t *exact = malloc(len > 0 ? len : 1);
    uint8_t *out = malloc(SFI_CARD_APDU_MAX);
    size_t out_len = SFI_CARD_APDU_MAX;
    uint16_t sw;

    FUZZ_HOLDS(exact != NULL && out != NULL);
    if (len > 0)
        memcpy(exact, in, len);
    FUZZ_HOLDS(sfi_card_apdu(card, exact, len, out, &out_len) == SFI_OK);
    FUZZ_HOLDS(out_len >= 2 && out_len <= 2 + CARD_AUDIT_LEN);
    sw = (uint16_t)(out[out_len - 2] << 8 | out[out_len - 1]);
    FUZZ_HOLDS(is_known(sw));
    FUZZ_HOLDS(out_len == 2 || sw == CARD_SW_OK ||
               (sw & 0xff00) == CARD_SW_MORE);
    if (len > 4 && in[0] == 0 && in[1] == CARD_SELECT && sw != CARD_SW_LENGTH &&
        sw != CARD_SW_NOT_FOUND && sw != CARD_SW_P1P2)
        model.allowed = false;
    free(exact);
    free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    sfi_ctx *ctx = fuzz_ctx();
    sfi_card *card;
    sfi_hsm *hsm;
    struct rd r;

    model = (struct model){.ctx = ctx, .tries = TRIES};
    FUZZ_HOLDS(sfi_hsm_open_custom(ctx, &ops, NULL, &hsm) == SFI_OK);
    FUZZ_HOLDS(sfi_card_new(ctx, hsm, &card) == SFI_OK);
    sfi_hsm_free(hsm);
    sfi__rd_init(&r, data, len);
    while (sfi__rd_left(&r) > 0) {
        bool reset = sfi__rd_u8(&r) == 0;
        size_t size = sfi__rd_u16be(&r);

        size = size < sfi__rd_left(&r) ? size : sfi__rd_left(&r);
        if (reset) {
            sfi_card_reset(card);
            model.allowed = false;
        } else {
            const uint8_t *view = sfi__rd_view(&r, size);

            command(card, view, view != NULL ? size : 0);
        }
        if (!sfi__rd_ok(&r))
            break;
    }
    sfi_card_free(card);
    fuzz_ctx_free(ctx);
    return 0;
}
