/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The channel to a card: one command out, one reply back.  There is one for
 * PC/SC readers, and one in the tests. */
#ifndef SFI_HSM_CARD_CHANNEL_H
#define SFI_HSM_CARD_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sfi/hsm.h>

/* Extended length: 4 + 3 + 65535 + 2; ours are far shorter. */
#define CHANNEL_APDU_MAX 1024u

struct channel_ops {
    /* Exchange one APDU.  `*out_len` is the room in `out`, then the length of
     * the reply, which has at least the two bytes of the status word.
     * SFI_ERR_NO_DEVICE: the card was removed; SFI_ERR_IO: the exchange failed,
     * and the card may have executed the command or not. */
    sfi_status (*transmit)(void *user, const uint8_t *in, size_t in_len,
                           uint8_t *out, size_t *out_len);
    /* No other program talks to the card until end.  `*was_reset`: the card has
     * forgotten its state (application selected, PIN verified). */
    sfi_status (*begin)(void *user, bool *was_reset);
    void (*end)(void *user);
    void (*close)(void *user);
};

struct channel {
    const struct channel_ops *ops;
    void *user;
};

/* card.c: an HSM behind a channel.  Takes the channel, also on failure.
 * `short_only`: use no extended length. */
sfi_status sfi__card_open(sfi_ctx *ctx, const struct channel *ch,
                          bool short_only, sfi_hsm_ops *ops, void **user);
/* pcsc.c, pcsc_none.c */
sfi_status sfi__pcsc_open(sfi_ctx *ctx, const char *reader,
                          struct channel *out);
sfi_status sfi__pcsc_list(sfi_ctx *ctx, sfi_hsm_slot_fn fn, void *user);

#endif
