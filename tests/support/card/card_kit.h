/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A card's host that knows nothing but bytes, which tests write by hand. */
#ifndef SFI_TESTS_CARD_KIT_H
#define SFI_TESTS_CARD_KIT_H

#include <sfi/card.h>

#include "license/personalization.h"

#include <bench/maker.h>

/* SELECT and its answer. */
#define CARD_SELECT_HEX "00a4040008f053464948534d0100"
#define CARD_SELECTED_HEX "6f0a8408f053464948534d019000"

/* The card answers this command (hexadecimal digits, blanks are skipped) with
 * exactly this answer and status word. */
#define ck_assert_card(card, command, answer) \
    card_assert(__FILE__, __LINE__, (card), (command), (answer))
void card_assert(const char *file, int line, sfi_card *card,
                 const char *command, const char *answer);

/* Send bytes; the status word.  `out`: SFI_CARD_APDU_MAX bytes for the data in
 * front of it; NULL: there is none. */
uint16_t card_send(sfi_card *card, const uint8_t *in, size_t len, uint8_t *out,
                   size_t *out_len);
/* The same with a header of four bytes, data, and Le 00 when there is `out`,
 * in the form that fits: short, or extended. */
uint16_t card_say(sfi_card *card, uint32_t header, const void *data, size_t len,
                  uint8_t *out, size_t *out_len);

/* An HSM that remembers what it was asked, and answers what it is told. */
extern struct own {
    sfi_status answer;
    const char *report;
    sfi_status info_answer;
    sfi_hsm_info info;
    sfi_audit_head head;
    sfi_audit_record record;
    uint8_t license[SFI_LICENSE_LEN];

    int calls; /* but those that only ask */
    char pin[80], new_pin[80];
    size_t pin_len, new_pin_len;
    uint8_t key[SFI_KEY_LEN], nonce[SFI_NONCE_LEN];
    uint8_t audit_key[SFI_AUDIT_KEY_LEN];
    bool has_audit_key;
    uint32_t flags;
    uint64_t low_water, max_count, sequence;
    char firmware_id[SFI_FIRMWARE_ID_MAX + 1];
    uint8_t perso[PERSO_LEN];
    uint8_t cert[SFI_CERTIFICATE_LEN];
    uint8_t header[SFI_IMAGE_HEADER_LEN];
    uint32_t session;
    int retired;
} own;

extern const sfi_hsm_ops own_ops;

/* A checked fixture: a chip maker, a chip, and `card` in front of that HSM. */
extern struct maker maker;
extern struct chip chip;
extern sfi_card *card;
void card_setup(void);
void card_teardown(void);
/* A card of another HSM, which only the card holds. */
sfi_card *card_of(const sfi_hsm_ops *ops);
void card_select(void);
/* ... and give it the PIN "4711". */
void card_login(void);

#endif
