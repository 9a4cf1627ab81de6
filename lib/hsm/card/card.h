/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The host's side of a smartcard HSM: one transaction for each operation. */
#ifndef SFI_HSM_CARD_CARD_H
#define SFI_HSM_CARD_CARD_H

#include "proto/apdu.h"
#include "wire/card_command.h"
#include "hsm/card/channel.h"

#define CARD_SERIAL_LEN 16u
#define CARD_PIN_MIN 4u
#define CARD_PIN_MAX 64u

/* The reply to GET DATA INFO. */
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
    bool extended; /* extended length was not refused so far */
    bool known;    /* `serial` is set */
    bool selected;
    bool verified; /* the PIN was verified since the last reset */
    bool lost; /* the last exchange failed: the card may have executed it or not
                */
    bool stale; /* the last exchange: the card has forgotten SELECT or VERIFY */
    bool once;  /* this transaction sent a command that must not be repeated */
    bool locking; /* LOCK was sent: the card may be provisioned now */
    uint8_t serial[CARD_SERIAL_LEN];
    uint64_t remaining; /* as last reported */
    size_t pin_len;     /* 0: not logged in */
    char pin_secret[CARD_PIN_MAX];
};

/* ---- exchange.c: exchanges and transactions ---- */

/* A command, and its name for messages; `exact`: the reply must have all
 * `apdu.answer` bytes. */
struct card_ask {
    const char *name;
    struct apdu apdu;
    bool exact;
};

/* SFI_OK with any status word in `*sw`.  A reply of a wrong length fails. */
sfi_status sfi__card_exchange(struct card *c, const struct card_ask *ask,
                              uint8_t *out, uint16_t *sw);
/* The same, but a status word other than 9000 is an error. */
sfi_status sfi__card_command(struct card *c, const struct card_ask *ask,
                             uint8_t *out);
sfi_status sfi__card_refused(struct card *c, const char *name, uint16_t sw);
/* GET DATA INFO */
sfi_status sfi__card_ask_info(struct card *c, struct card_info *out);
/* Wipe the PIN that the handle keeps. */
void sfi__card_forget(struct card *c);
sfi_status sfi__card_verify(struct card *c, const char *pin_secret,
                            size_t pin_len);

typedef sfi_status (*card_work)(struct card *c, void *arg);
/* Do `work` while no other program talks to the card, after the application was
 * selected, the card recognised and the PIN verified.  If a reply was lost, do
 * it a second time, unless `once` is set. */
sfi_status sfi__card_transact(struct card *c, card_work work, void *arg);

/* ---- provision.c ---- */

/* Of sfi_hsm_ops. */
sfi_status sfi__card_provision(void *user, const uint8_t *key_secret,
                               size_t key_len, const uint8_t *nonce,
                               size_t nonce_len, const char *firmware_id,
                               uint64_t max_count, const uint8_t *perso,
                               size_t perso_len,
                               const sfi_provision_options *options);

/* ---- read.c: decode replies ---- */

sfi_status sfi__card_read_info(sfi_ctx *ctx, const uint8_t raw[CARD_INFO_LEN],
                               struct card_info *out);
sfi_status sfi__card_read_audit(sfi_ctx *ctx, const uint8_t raw[CARD_AUDIT_LEN],
                                sfi_audit_head *out);
sfi_status sfi__card_read_record(sfi_ctx *ctx,
                                 const uint8_t raw[CARD_RECORD_LEN],
                                 uint64_t sequence, sfi_audit_record *out);

#endif
