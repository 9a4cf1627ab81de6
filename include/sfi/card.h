/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file card.h
 * The card's side of a smartcard HSM: a command in, an answer out
 * (doc/card.md).
 *
 * Part of libsfi-sim.  It puts any HSM that libsfi can open behind the commands
 * of doc/card.md.  It keeps nothing of its own: with a vault behind it, what
 * the card knows is as durable as the vault.
 *
 * How commands reach it is the caller's business; `sfi-card` plugs one into a
 * virtual reader.
 */
#ifndef SFI_CARD_H
#define SFI_CARD_H

#include <sfi/ctx.h>
#include <sfi/hsm.h>

SFI_BEGIN_DECLS

/** A card. */
typedef struct sfi_card sfi_card;

/** Longest command that is not refused for its length, and longest answer. */
#define SFI_CARD_APDU_MAX 1024u

/**
 * Make a card of an HSM.
 *
 * It begins as after a reset.  Where a host and its card are in one process,
 * the HSM shall have a context of its own: what a card refuses would overwrite
 * what its host says.
 *
 * @param ctx  the context
 * @param hsm  what is in the card; kept alive
 * @param out  receives the card, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL or no such handle
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's, and so the HSM's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_card_new(sfi_ctx *ctx, sfi_hsm *hsm,
                                              sfi_card **out);

/**
 * What the card says when it is powered: it speaks T=1.
 *
 * @param card  a card, or NULL
 * @param len   receives the length, at most 33; 0 for NULL
 *
 * @return the answer to reset, borrowed for ever; NULL for NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const uint8_t *sfi_card_atr(const sfi_card *card, size_t *len);

/**
 * Power off, power on, or reset: they are one to it.
 *
 * Nothing is selected then, no PIN was given, what was put for a
 * personalisation is wiped, and half a command or answer is gone.
 *
 * @param card  a card, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_card_reset(sfi_card *card);

/**
 * Answer a command.
 *
 * Every command has an answer, which ends with the two bytes of the status
 * word; why it is not 9000 is told by sfi_card_reason().  What the answer tells
 * of is done and stored.
 *
 * @param card     a card
 * @param in       the command; any bytes; may hold secrets, not kept longer
 *                 than needed
 * @param in_len   its length, any
 * @param out      receives the answer
 * @param out_len  room in out, at least SFI_CARD_APDU_MAX; receives the
 * answer's length, 2 or more; what it should be
 *                 when that is too little, 0 on any other failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_BUFFER    out has less room
 *
 * Blocks: as the HSM does.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_card_apdu(sfi_card *card,
                                               const uint8_t *in, size_t in_len,
                                               uint8_t *out, size_t *out_len);

/**
 * Why the HSM refused the last command, for the card's log.
 *
 * @param card  a card, or NULL
 *
 * @return "where: message", borrowed until the next command; "" when the HSM
 *         refused nothing, and for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const char *sfi_card_reason(const sfi_card *card);

/**
 * Release a card.
 *
 * @param card  a card, or NULL
 *
 * Blocks: as sfi_hsm_free(), if the HSM was freed before.  Thread: the
 * context's.
 * @since 1.0
 */
SFI_API void sfi_card_free(sfi_card *card);

SFI_END_DECLS

#endif
