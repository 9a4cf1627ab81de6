/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The struct behind a key handle; files of keys and nonces. */
#ifndef SFI_KEYS_KEY_H
#define SFI_KEYS_KEY_H

#include <sfi/key.h>

#include "core/obj.h"

struct sfi_key {
    struct obj obj;
    uint8_t key_secret[SFI_KEY_LEN];
};

#define KEY_FILE_LEN_MAX 32u

/* Create a file of random bytes, synced to disk.  It never overwrites a file,
 * which may be the only copy of a key in use. */
sfi_status sfi__key_file_create(sfi_ctx *ctx, const char *path, size_t len);
/* The same with these bytes. */
sfi_status sfi__key_file_write(sfi_ctx *ctx, const char *path,
                               const uint8_t *data_secret, size_t len);
/* Load a file of exactly `len` bytes.  `what` names it in the message: "a
 * nonce". */
sfi_status sfi__key_file_load(sfi_ctx *ctx, const char *path, const char *what,
                              uint8_t *out_secret, size_t len);

#endif
