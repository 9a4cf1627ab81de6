/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The key handle from the inside, and files of random bytes. */
#ifndef SFI_KEYS_KEY_H
#define SFI_KEYS_KEY_H

#include <sfi/key.h>

#include "core/obj.h"

struct sfi_key {
    struct obj obj;
    uint8_t key_secret[SFI_KEY_LEN];
};

#define KEY_FILE_LEN_MAX 32u

/* A new file with random bytes, on the disk when this returns; it never
 * replaces one that is there, since that may be the only copy of a key in use.
 */
sfi_status sfi__key_file_create(sfi_ctx *ctx, const char *path, size_t len);
/* Exactly `len` bytes.  `what`, for the message: "a nonce". */
sfi_status sfi__key_file_load(sfi_ctx *ctx, const char *path, const char *what,
                              uint8_t *out_secret, size_t len);

#endif
