/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The key and the nonce that a command line names. */
#ifndef CLI_SECRETS_H
#define CLI_SECRETS_H

#include "cli/cli.h"

/* Load key and nonce, each from its file, or from standard input if its name is
 * "-": if both are, the key comes first.  A name that is NULL is left out.  The
 * caller frees the key and wipes the nonce, also after a failure. */
sfi_status cli_load_secrets(const struct cli *c, sfi_ctx *ctx, const char *key,
                            const char *nonce, sfi_key **key_out,
                            uint8_t *nonce_secret);
/* Make files of a new key and a new nonce, both or none; NULL: not that one. */
sfi_status cli_make_secrets(sfi_ctx *ctx, const char *key, const char *nonce);

#endif
