/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Files of audit keys: created and loaded. */
#include <sfi/audit.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "crypto/rand.h"
#include "keys/key.h"

_Static_assert(SFI_AUDIT_KEY_LEN <= KEY_FILE_LEN_MAX,
               "an audit key is a key file");

sfi_status
sfi_audit_key_create(sfi_ctx *ctx, const char *path)
{
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, path != NULL);
    return sfi__key_file_create(ctx, path, SFI_AUDIT_KEY_LEN);
}

sfi_status
sfi_audit_key_load(sfi_ctx *ctx, const char *path,
                   uint8_t key[SFI_AUDIT_KEY_LEN])
{
    if (key != NULL)
        sfi__wipe(key, SFI_AUDIT_KEY_LEN);
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, key != NULL);
    SFI_ARG(ctx, path != NULL);
    return sfi__key_file_load(ctx, path, "an audit key", key,
                              SFI_AUDIT_KEY_LEN);
}

sfi_status
sfi_audit_key_generate(sfi_ctx *ctx, uint8_t key[SFI_AUDIT_KEY_LEN])
{
    if (key != NULL)
        sfi__wipe(key, SFI_AUDIT_KEY_LEN);
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, key != NULL);
    return sfi__random(ctx, key, SFI_AUDIT_KEY_LEN);
}
