/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The way to a card: one command out, one answer back.  The PC/SC reader is
 * one, a test's is another. */
#ifndef SFI_HSM_CARD_CHANNEL_H
#define SFI_HSM_CARD_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sfi/hsm.h>

/* Extended length: 4 + 3 + 65535 + 2; ours are far shorter. */
#define CHANNEL_APDU_MAX 1024u

struct channel_ops {
    /* The only exchange with the card: `*out_len` room, then bytes got, at
     * least the two of the status word.  SFI_ERR_NO_DEVICE: the card is gone;
     * _IO: the exchange failed and the card may have done it or not. */
    sfi_status (*transmit)(void *user, const uint8_t *in, size_t in_len,
                           uint8_t *out, size_t *out_len);
    /* Nobody else speaks with the card until end.  `*was_reset`: what it knew
     * (application selected, PIN) is gone. */
    sfi_status (*begin)(void *user, bool *was_reset);
    void (*end)(void *user);
    void (*close)(void *user);
};

struct channel {
    const struct channel_ops *ops;
    void *user;
};

/* card.c: an HSM behind a channel, which it owns from here on, also after a
 * failure.  `short_only`: no extended length. */
sfi_status sfi__card_open(sfi_ctx *ctx, const struct channel *ch,
                          bool short_only, sfi_hsm_ops *ops, void **user);
/* pcsc.c, pcsc_none.c */
sfi_status sfi__pcsc_open(sfi_ctx *ctx, const char *reader,
                          struct channel *out);
sfi_status sfi__pcsc_list(sfi_ctx *ctx, sfi_hsm_slot_fn fn, void *user);

#endif
