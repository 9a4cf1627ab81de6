/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A smartcard HSM from the host's side: one handle, one transaction for each
 * operation. */
#ifndef SFI_HSM_CARD_CARD_H
#define SFI_HSM_CARD_CARD_H

#include "proto/apdu.h"
#include "wire/card_command.h"
#include "hsm/card/channel.h"

#define CARD_SERIAL_LEN 16u
#define CARD_PIN_MIN 4u
#define CARD_PIN_MAX 64u

/* What a card tells of itself. */
struct card_info {
    uint8_t state; /* SFI_HSM_* */
    uint8_t pin_tries;
    uint32_t flags;
    uint64_t remaining, maximum, low_water, records;
    uint8_t serial[CARD_SERIAL_LEN];
    char product_id[9];
    char firmware_id[64];
};

struct card {
    sfi_ctx *ctx;
    struct channel ch;
    bool extended; /* not refused so far */
    bool known;    /* `serial` is this card's */
    bool selected;
    bool verified; /* the card has seen the PIN since its last reset */
    bool lost;     /* the last exchange: nobody knows whether it was done */
    bool stale;    /* ...: the card has forgotten what we told it */
    bool once;     /* this transaction sent what is not sent a second time */
    bool locking;  /* LOCK went out: blank may have become provisioned */
    uint8_t serial[CARD_SERIAL_LEN];
    uint64_t remaining; /* as last heard */
    size_t pin_len;     /* 0: not logged in */
    char pin_secret[CARD_PIN_MAX];
};

/* ---- card_talk.c: exchanges and transactions ---- */

/* A command with its name, for messages; `exact`: the answer has all of
 * `apdu.answer` bytes. */
struct card_ask {
    const char *name;
    struct apdu apdu;
    bool exact;
};

/* Any status word is SFI_OK: `*sw`.  Answers of a wrong length are not. */
sfi_status sfi__card_exchange(struct card *c, const struct card_ask *ask,
                              uint8_t *out, uint16_t *sw);
/* The same; a status word other than 9000 is an error with a message of its
 * own. */
sfi_status sfi__card_command(struct card *c, const struct card_ask *ask,
                             uint8_t *out);
sfi_status sfi__card_refused(struct card *c, const char *name, uint16_t sw);
/* GET DATA INFO */
sfi_status sfi__card_ask_info(struct card *c, struct card_info *out);
/* Take the PIN back. */
void sfi__card_forget(struct card *c);
sfi_status sfi__card_verify(struct card *c, const char *pin_secret,
                            size_t pin_len);

typedef sfi_status (*card_work)(struct card *c, void *arg);
/* Do `work` while nobody else speaks with the card, which is selected, the
 * right one, and has the PIN.  When an answer was lost, all of it once more,
 * unless something was sent `once`. */
sfi_status sfi__card_transact(struct card *c, card_work work, void *arg);

/* ---- card_fill.c: the once in a card's life ---- */

/* Of sfi_hsm_ops. */
sfi_status sfi__card_provision(void *user, const uint8_t *key_secret,
                               size_t key_len, const uint8_t *nonce,
                               size_t nonce_len, const char *firmware_id,
                               uint64_t max_count, const uint8_t *perso,
                               size_t perso_len,
                               const sfi_provision_options *options);

/* ---- card_read.c: what a card says of itself ---- */

sfi_status sfi__card_read_info(sfi_ctx *ctx, const uint8_t raw[CARD_INFO_LEN],
                               struct card_info *out);
sfi_status sfi__card_read_audit(sfi_ctx *ctx, const uint8_t raw[CARD_AUDIT_LEN],
                                sfi_audit_head *out);
sfi_status sfi__card_read_record(sfi_ctx *ctx,
                                 const uint8_t raw[CARD_RECORD_LEN],
                                 uint64_t sequence, sfi_audit_record *out);

#endif
