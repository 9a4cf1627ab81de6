/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file card.h
 * The card's side of a smartcard HSM: a command in, a reply out (doc/card.md).
 *
 * Part of libsfi-sim.  It serves any HSM that libsfi can open through the
 * commands of doc/card.md.  The card stores nothing itself: with a vault behind
 * it, its state is as durable as the vault.
 *
 * The caller transports the commands; `sfi-card` puts a card into a virtual
 * reader.
 */
#ifndef SFI_CARD_H
#define SFI_CARD_H

#include <sfi/ctx.h>
#include <sfi/hsm.h>

SFI_BEGIN_DECLS

/** A card. */
typedef struct sfi_card sfi_card;

/** Maximum length of a command and of a reply. */
#define SFI_CARD_APDU_MAX 1024u

/**
 * Make a card of an HSM.
 *
 * The card starts in its reset state.  If host and card are in one process,
 * give the HSM its own context: otherwise errors of the card overwrite those of
 * the host.
 *
 * @param ctx  the context
 * @param hsm  the HSM in the card; kept alive
 * @param out  receives the card, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL or not such a handle
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's, and so the HSM's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_card_new(sfi_ctx *ctx, sfi_hsm *hsm,
                                              sfi_card **out);

/**
 * The card's answer to reset, for T=1.
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
 * Reset the card, as power off, power on and a reset do.
 *
 * Afterwards no application is selected and no PIN verified; staged data of PUT
 * DATA and unfinished commands and replies are wiped.
 *
 * @param card  a card, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_card_reset(sfi_card *card);

/**
 * Execute a command.
 *
 * Every command has a reply, which ends with the two bytes of the status word;
 * sfi_card_reason() says why it is not 9000.  Everything that the reply reports
 * is done and stored.
 *
 * @param card     a card
 * @param in       the command; any bytes; may hold secrets, not kept longer
 *                 than needed
 * @param in_len   its length, any
 * @param out      receives the reply
 * @param out_len  room in out, at least SFI_CARD_APDU_MAX; receives the length
 *                 of the reply, 2 or more; with SFI_ERR_BUFFER the room needed,
 *                 and 0 on any other failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_BUFFER    out is too small
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

/** What happens to a card that is served. */
enum sfi_card_event_kind {
    SFI_CARD_WAITING = 1, /**< there is no reader: tried again until it comes */
    SFI_CARD_INSERTED = 2, /**< the card is in the reader */
    SFI_CARD_COMMAND = 3   /**< a command was executed; sfi_card_reason() */
};

/** An event of sfi_card_serve(). */
typedef struct sfi_card_event {
    uint32_t struct_size; /**< sizeof(sfi_card_event) of the library */
    uint32_t kind;        /**< SFI_CARD_* */
    uint32_t length;      /**< bytes of the command */
    uint32_t status_word; /**< of its reply, such as 0x9000 */
    uint8_t header[4];    /**< CLA INS P1 P2 of the command, zeros where it is
                             shorter */
} sfi_card_event;

/**
 * Receives what happens to a card that is served.
 *
 * @param user   as given with the function
 * @param event  valid during the call
 */
typedef void (*sfi_card_event_fn)(void *user, const sfi_card_event *event);

/**
 * Put a card into a virtual reader, vsmartcard-vpcd behind pcscd.
 *
 * The card waits for the reader, and connects again after it was restarted.
 *
 * @param card    a card
 * @param reader  "HOST:PORT", where vpcd's first slot has port 35963, and an
 *                IPv6 address stands in brackets; NULL: 127.0.0.1:35963
 * @param stop    called several times a second; non-zero takes the card out
 * @param event   receives what happens; NULL: not wanted
 * @param user    handed to stop and event
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     card or stop is NULL, or reader is malformed
 *   SFI_ERR_NO_DEVICE    the reader's name is not known
 *   SFI_ERR_NOMEM        no memory
 *   SFI_ERR_UNSUPPORTED  this system has no pcscd
 *
 * Blocks: until stop ends it.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_card_serve(sfi_card *card,
                                                const char *reader,
                                                int (*stop)(void *user),
                                                sfi_card_event_fn event,
                                                void *user);

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
