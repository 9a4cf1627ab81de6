/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A PKCS#11 token that contains the key that seals a vault, and an anchor that
 * names the vault's last record.
 *
 * A login counts for the whole process: when a second handle at the same token
 * logs in, both are logged in, or neither if its PIN is wrong.  A handle does
 * not survive fork(): the child opens its own. */
#ifndef SFI_HSM_TOKEN_TOKEN_H
#define SFI_HSM_TOKEN_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sfi/ctx.h>

#define TOKEN_IV_LEN 12u
#define TOKEN_TAG_LEN 16u
#define TOKEN_ID_LEN 16u /* the vault's serial, which names key and anchor */
#define TOKEN_ANCHOR_MAX 128u

struct token;

/* `uri`: RFC 7512, with module-path.  Loads the module and finds the one token
 * that matches; does not log in. */
sfi_status sfi__token_open(sfi_ctx *ctx, const char *uri, struct token **out);
void sfi__token_close(struct token *t);

/* Tokens report no number: 0 when locked, 1 for the last try, otherwise
 * TOKEN_TRIES.  The token must be present. */
#define TOKEN_TRIES 10u
sfi_status sfi__token_pin_tries(struct token *t, uint32_t *tries);

/* SFI_ERR_HSM_PIN: wrong; SFI_ERR_HSM_STATE: locked.  Finds the token again if
 * it was removed and put back. */
sfi_status sfi__token_login(struct token *t, const char *pin_secret,
                            size_t pin_len);
void sfi__token_logout(struct token *t);
bool sfi__token_is_logged_in(const struct token *t);
/* Afterwards the handle is logged in with the new PIN. */
sfi_status sfi__token_change_pin(struct token *t, const char *pin_secret,
                                 size_t pin_len, const char *new_pin_secret,
                                 size_t new_pin_len);

/* ---- after a login ---- */

/* A new AES-256 key that never leaves the token. */
sfi_status sfi__token_make_key(struct token *t, const uint8_t id[TOKEN_ID_LEN]);
/* Remove the key and the anchor of a vault whose creation failed; keeps the
 * error. */
void sfi__token_forget(struct token *t, const uint8_t id[TOKEN_ID_LEN]);

/* AES-256-GCM; `out` is iv, ciphertext, tag. */
sfi_status sfi__token_seal(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                           const uint8_t *aad, size_t aad_len,
                           const uint8_t *plain_secret, size_t len,
                           uint8_t *out);
/* `len` is that of the plaintext.  SFI_ERR_AUTH: altered. */
sfi_status sfi__token_unseal(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                             const uint8_t *aad, size_t aad_len,
                             const uint8_t *sealed, size_t len,
                             uint8_t *plain_secret);

/* The anchor of a vault; `*len` is 0 when there is none. */
sfi_status sfi__token_anchor_get(struct token *t,
                                 const uint8_t id[TOKEN_ID_LEN], uint8_t *data,
                                 size_t cap, size_t *len);
/* Replace the anchor: the new object is created before the old one is removed.
 * After a crash in between the greater value counts, compared byte by byte, so
 * the data must begin with a growing big-endian number. */
sfi_status sfi__token_anchor_set(struct token *t,
                                 const uint8_t id[TOKEN_ID_LEN],
                                 const uint8_t *data, size_t len);

#endif
