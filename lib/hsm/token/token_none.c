/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Stands in for tokens when libsfi is built without p11-kit. */
#include "hsm/token/token.h"

#include "core/err.h"

/* Opening always fails, so the other functions are never called. */

sfi_status
sfi__token_open(sfi_ctx *ctx, const char *uri, struct token **out)
{
    (void)uri;
    *out = NULL;
    return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                     "this libsfi was built without tokens: they need p11-kit");
}

void
sfi__token_close(struct token *t)
{
    (void)t;
}

sfi_status
sfi__token_pin_tries(struct token *t, uint32_t *tries)
{
    (void)t;
    (void)tries;
    return SFI_ERR_UNSUPPORTED;
}

sfi_status
sfi__token_login(struct token *t, const char *pin_secret, size_t pin_len)
{
    (void)t;
    (void)pin_secret;
    (void)pin_len;
    return SFI_ERR_UNSUPPORTED;
}

void
sfi__token_logout(struct token *t)
{
    (void)t;
}

bool
sfi__token_is_logged_in(const struct token *t)
{
    (void)t;
    return false;
}

sfi_status
sfi__token_change_pin(struct token *t, const char *pin_secret, size_t pin_len,
                      const char *new_pin_secret, size_t new_pin_len)
{
    (void)t;
    (void)pin_secret;
    (void)pin_len;
    (void)new_pin_secret;
    (void)new_pin_len;
    return SFI_ERR_UNSUPPORTED;
}

sfi_status
sfi__token_make_key(struct token *t, const uint8_t id[TOKEN_ID_LEN])
{
    (void)t;
    (void)id;
    return SFI_ERR_UNSUPPORTED;
}

void
sfi__token_forget(struct token *t, const uint8_t id[TOKEN_ID_LEN])
{
    (void)t;
    (void)id;
}

sfi_status
sfi__token_seal(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                const uint8_t *aad, size_t aad_len, const uint8_t *plain_secret,
                size_t len, uint8_t *out)
{
    (void)t;
    (void)id;
    (void)aad;
    (void)aad_len;
    (void)plain_secret;
    (void)len;
    (void)out;
    return SFI_ERR_UNSUPPORTED;
}

sfi_status
sfi__token_unseal(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                  const uint8_t *aad, size_t aad_len, const uint8_t *sealed,
                  size_t len, uint8_t *plain_secret)
{
    (void)t;
    (void)id;
    (void)aad;
    (void)aad_len;
    (void)sealed;
    (void)len;
    (void)plain_secret;
    return SFI_ERR_UNSUPPORTED;
}

sfi_status
sfi__token_anchor_get(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                      uint8_t *data, size_t cap, size_t *len)
{
    (void)t;
    (void)id;
    (void)data;
    (void)cap;
    *len = 0;
    return SFI_ERR_UNSUPPORTED;
}

sfi_status
sfi__token_anchor_set(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                      const uint8_t *data, size_t len)
{
    (void)t;
    (void)id;
    (void)data;
    (void)len;
    return SFI_ERR_UNSUPPORTED;
}
