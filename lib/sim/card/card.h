/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The inside of a card; doc/card.md. */
#ifndef SFI_SIM_CARD_CARD_H
#define SFI_SIM_CARD_CARD_H

#include <sfi/card.h>

#include "util/wr.h"
#include "core/ctx.h"
#include "core/obj.h"
#include "sim/card/command.h"
#include "wire/card_command.h"

/* The longest reply is the audit head. */
#define CARD_ANSWER_MAX CARD_AUDIT_LEN

/* sfi/hsm.h: the PIN of a vault and a card */
#define CARD_PIN_MIN 4u
#define CARD_PIN_MAX 64u

/* The data of PUT DATA, until LOCK stores it or a reset wipes it. */
struct staged {
    sfi_personalization *perso;
    bool has_key, has_audit_key;
    uint8_t key_secret[SFI_KEY_LEN];
    uint8_t nonce[SFI_NONCE_LEN];
    uint8_t audit_key_secret[SFI_AUDIT_KEY_LEN];
    char firmware_id[SFI_FIRMWARE_ID_MAX + 1]; /* "": not yet */
    uint64_t maximum;                          /* 0: not yet */
    uint64_t low_water;
    uint32_t flags;
};

/* The parts of a chained command so far. */
struct chain {
    bool begun;
    uint8_t cla, ins, p1, p2;
    size_t len;
    uint8_t data_secret[SFI_CARD_APDU_MAX];
};

/* The part of the last reply that was not fetched yet. */
struct answer {
    size_t at, len;
    uint8_t data[CARD_ANSWER_MAX];
};

struct sfi_card {
    struct obj obj;
    sfi_hsm *hsm;
    sfi_ctx *hsm_ctx; /* has the errors of `hsm` */
    bool selected;
    bool verified; /* the PIN was right since the last SELECT */
    struct chain chain;
    struct answer answer;
    struct staged staged;
    char reason[SFI_ERROR_WHERE_MAX + SFI_ERROR_MESSAGE_MAX + 2];
};

/* A command to a selected card, with all of its parts.  Returns a status word;
 * the reply in `w` counts with 9000 only. */
typedef uint16_t applet_run(struct sfi_card *card, const struct command *c,
                            struct wr *w);

applet_run sfi__applet_verify, sfi__applet_change_pin; /* pin.c */
applet_run sfi__applet_get_data, sfi__applet_record;   /* data.c */
applet_run sfi__applet_put_data, sfi__applet_set_status,
    sfi__applet_license; /* issue.c */

void sfi__applet_wipe_staged(struct sfi_card *card);

/* The status word for a status of the HSM; keeps the reason. */
uint16_t sfi__applet_word(struct sfi_card *card, sfi_status st);
/* Read the HSM's information; CARD_SW_OK or a status word. */
uint16_t sfi__applet_info(struct sfi_card *card, sfi_hsm_info *info);
/* The status word for a wrong PIN, with the tries left. */
uint16_t sfi__applet_wrong_pin(struct sfi_card *card);
/* CARD_SW_OK when a command that needs the PIN may begin.  A wrong state is
 * reported before a missing PIN, since the PIN would not help. */
uint16_t sfi__applet_need_pin(struct sfi_card *card, bool blank);

#endif
