/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The key and the nonce that a command line names. */
#define _POSIX_C_SOURCE 200809L
#include "cli/secrets.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "cli/system.h"

/* Up to one byte more than is expected, so that more is noticed. */
static sfi_status
read_stdin_secret(const struct cli *c, sfi_ctx *ctx, uint8_t *out_secret,
                  size_t cap, size_t *len)
{
    *len = 0;
    if (system_is_terminal(stdin))
        cli_usage(c, "-: a key or nonce is binary: redirect a file or "
                     "a pipe to standard input");
    while (*len < cap) {
        ssize_t got =
            read(STDIN_FILENO, out_secret + *len, (unsigned)(cap - *len));

        if (got == 0)
            break;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cli_report_os(ctx, errno, "standard input: cannot read");
        *len += (size_t)got;
    }
    return SFI_OK;
}

/* What is read from standard input: the key, the nonce, or both, and then the
 * key comes first. */
static sfi_status
take_stdin_secrets(const struct cli *c, sfi_ctx *ctx, sfi_key **key,
                   uint8_t *nonce_secret)
{
    uint8_t in_secret[SFI_KEY_LEN + SFI_NONCE_LEN + 1];
    size_t key_len = key != NULL ? SFI_KEY_LEN : 0;
    size_t want = key_len + (nonce_secret != NULL ? SFI_NONCE_LEN : 0);
    size_t len;
    sfi_status st = read_stdin_secret(c, ctx, in_secret, want + 1, &len);

    if (st == SFI_OK && len != want)
        st = cli_report(
            ctx, SFI_ERR_RANGE, "standard input: %s%zu bytes, expected %zu: %s",
            len > want ? "more than " : "", len > want ? want : len, want,
            nonce_secret == NULL ? "a key"
            : key != NULL        ? "a key of 16, then a nonce of 12"
                                 : "a nonce");
    if (st == SFI_OK && key != NULL)
        st = sfi_key_new(ctx, in_secret, SFI_KEY_LEN, key);
    if (st == SFI_OK && nonce_secret != NULL)
        memcpy(nonce_secret, in_secret + key_len, SFI_NONCE_LEN);
    cli_wipe(in_secret, sizeof(in_secret));
    return st;
}

static bool
name_is_stdin(const char *name)
{
    return name != NULL && strcmp(name, "-") == 0;
}

sfi_status
cli_load_secrets(const struct cli *c, sfi_ctx *ctx, const char *key,
                 const char *nonce, sfi_key **key_out, uint8_t *nonce_secret)
{
    bool key_in = name_is_stdin(key), nonce_in = name_is_stdin(nonce);
    sfi_status st = SFI_OK;

    if (key_in || nonce_in)
        st = take_stdin_secrets(c, ctx, key_in ? key_out : NULL,
                                nonce_in ? nonce_secret : NULL);
    if (st == SFI_OK && key != NULL && !key_in)
        st = sfi_key_load(ctx, key, key_out);
    if (st == SFI_OK && nonce != NULL && !nonce_in)
        st = sfi_nonce_load(ctx, nonce, nonce_secret);
    return st;
}

sfi_status
cli_make_secrets(sfi_ctx *ctx, const char *key, const char *nonce)
{
    sfi_status st = key != NULL ? sfi_key_create(ctx, key) : SFI_OK;

    if (st != SFI_OK || nonce == NULL)
        return st;
    st = sfi_nonce_create(ctx, nonce);
    if (st != SFI_OK && key != NULL)
        (void)unlink(key);
    return st;
}
