/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A PKCS#11 token that holds the key that seals a vault, and remembers how far
 * the vault had come.
 *
 * A login counts for a whole process: a second handle at the same token that
 * logs in renews it for both, or ends it for both when its PIN is wrong.  A
 * token does not go through fork(): the child opens its own. */
#ifndef SFI_HSM_TOKEN_TOKEN_H
#define SFI_HSM_TOKEN_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sfi/ctx.h>

#define TOKEN_IV_LEN 12u
#define TOKEN_TAG_LEN 16u
#define TOKEN_ID_LEN 16u /* a vault's serial: names its key and its anchor */
#define TOKEN_ANCHOR_MAX 128u

struct token;

/* `uri`: RFC 7512, with module-path; loads the module, finds the one token that
 * matches.  No login yet. */
sfi_status sfi__token_open(sfi_ctx *ctx, const char *uri, struct token **out);
void sfi__token_close(struct token *t);

/* Tokens tell no number: 0 is locked, 1 is the last try, and TOKEN_TRIES stands
 * for all else.  The token must be there. */
#define TOKEN_TRIES 10u
sfi_status sfi__token_pin_tries(struct token *t, uint32_t *tries);

/* SFI_ERR_HSM_PIN: wrong; SFI_ERR_HSM_STATE: locked.  Also after the token was
 * away for a while. */
sfi_status sfi__token_login(struct token *t, const char *pin_secret,
                            size_t pin_len);
void sfi__token_logout(struct token *t);
bool sfi__token_is_logged_in(const struct token *t);
/* Logged in with the new one afterwards. */
sfi_status sfi__token_change_pin(struct token *t, const char *pin_secret,
                                 size_t pin_len, const char *new_pin_secret,
                                 size_t new_pin_len);

/* ---- after a login ---- */

/* A new AES-256 key that never leaves the token. */
sfi_status sfi__token_make_key(struct token *t, const uint8_t id[TOKEN_ID_LEN]);
/* The key and the anchor of a vault that did not come to be; keeps the error
 * that led to it. */
void sfi__token_forget(struct token *t, const uint8_t id[TOKEN_ID_LEN]);

/* AES-256-GCM; `out` is iv, ciphertext, tag. */
sfi_status sfi__token_seal(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                           const uint8_t *aad, size_t aad_len,
                           const uint8_t *plain_secret, size_t len,
                           uint8_t *out);
/* `len` of the plaintext.  SFI_ERR_AUTH: altered. */
sfi_status sfi__token_unseal(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                             const uint8_t *aad, size_t aad_len,
                             const uint8_t *sealed, size_t len,
                             uint8_t *plain_secret);

/* What the token remembers of a vault, so that an old copy is found.  `*len` is
 * 0 when there is none. */
sfi_status sfi__token_anchor_get(struct token *t,
                                 const uint8_t id[TOKEN_ID_LEN], uint8_t *data,
                                 size_t cap, size_t *len);
/* Whole or not at all: the new one is there before the old one goes.  After a
 * crash between the two the greater one counts, compared byte by byte: let the
 * data begin with a number that grows, big-endian. */
sfi_status sfi__token_anchor_set(struct token *t,
                                 const uint8_t id[TOKEN_ID_LEN],
                                 const uint8_t *data, size_t len);

#endif
