/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A card that is a text: each command that the host must send, and what comes
 * back.  The first byte that differs fails the test. */
#ifndef SFI_TESTS_CARD_PLAY_H
#define SFI_TESTS_CARD_PLAY_H

#include <stdbool.h>

#include "wire/card_command.h"
#include "hsm/card/channel.h"

/* The text: words between blanks.
 *   b B        a transaction begins; B: the card was reset before
 *   b!         it cannot begin: the card is gone
 *   e          it ends
 *   > WORDS    this command goes out
 *   < WORDS    that comes back
 *   !io !gone  or nothing does, and nobody knows whether the card did it
 * WORDS are bytes in hex, ^LEN (0, 1, 2, ... that many), or
 *   $sel       all of SELECT           $ask    all of GET DATA information
 *   $info $full what `play.info` and `play.full` hold
 *   $pin $new  the PINs
 *   $cert      a certificate           $lic    a licence
 *   $perso     a personalisation file  $audit    an audit head
 *   $rec       a record */
struct play {
    const char *text, *at;
    bool closed;
    uint8_t info[CARD_INFO_LEN];
    uint8_t full[CARD_INFO_LEN]; /* a provisioned one */
    uint8_t cert[136], lic[136], perso[160];
    uint8_t audit[CARD_AUDIT_LEN], rec[CARD_RECORD_LEN];
};

#define PLAY_PIN "1234-5678"
#define PLAY_NEW_PIN "87654321"

extern struct play play;
/* A provisioned card with 5 of 5 installations left. */
void play_init(void);
void play_channel(struct channel *out);
/* Play this text from now on; the one before must have been played to its
 * end. */
void play_text(const char *text);
void play_done(void);
/* Offsets in `play.info`; for numbers the offset of the last byte. */
#define PLAY_STATE 1u
#define PLAY_TRIES 2u
#define PLAY_FLAGS 7u
#define PLAY_REMAINING 15u
#define PLAY_MAXIMUM 23u
#define PLAY_LOW 31u
#define PLAY_RECORDS 39u
#define PLAY_SERIAL 40u
#define PLAY_PRODUCT 56u
#define PLAY_FIRMWARE 64u

/* ---- an open card ---- */

/* What the host sends to a card that it does not know yet, up to the PIN. */
#define PLAY_MEET "> $sel < 9000 > $ask < $info 9000"
#define PLAY_OPENING "B " PLAY_MEET " e"
#define PLAY_VERIFY "> 0020000109 $pin"

extern sfi_hsm_ops play_ops;
extern void *play_card;
sfi_status play_open(bool short_only);
sfi_status play_login(void);

/* Checked fixtures: nothing, an open card, a login, and one on a blank card. */
void play_setup(void);
void play_setup_open(void);
void play_setup_login(void);
void play_setup_blank(void);
/* The text was played to its end, and the card is closed. */
void play_teardown(void);

#endif
