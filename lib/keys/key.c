/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The key handle; files of keys and nonces, created and loaded. */
#include "keys/key.h"

#include <errno.h>
#include <string.h>

#include "util/fd.h"
#include "util/file.h"
#include "util/mem.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/files.h"
#include "crypto/rand.h"

static void
key_wipe_secret(void *self)
{
    sfi_key *key = self;

    sfi__wipe(key->key_secret, sizeof(key->key_secret));
}

static sfi_status
key_new_unguarded(sfi_ctx *ctx, const uint8_t *data, size_t len, sfi_key **out)
{
    sfi_key *key;

    if (len != SFI_KEY_LEN)
        return sfi__fail(ctx, SFI_ERR_RANGE, "a key of %zu bytes, expected %u",
                         len, SFI_KEY_LEN);
    key = sfi__obj_new(ctx, OBJ_KEY, sizeof(*key), key_wipe_secret);
    if (key == NULL)
        return SFI_ERR_NOMEM;
    memcpy(key->key_secret, data, len);
    *out = key;
    return SFI_OK;
}

sfi_status
sfi_key_new(sfi_ctx *ctx, const uint8_t *data, size_t len, sfi_key **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, data != NULL);
    return key_new_unguarded(ctx, data, len, out);
}

static void
key_warn_of_mode(sfi_ctx *ctx, const char *path)
{
    char cure[SYS_CURE_MAX];

    if (sfi__sys_others_read(path, cure))
        sfi__log(ctx, SFI_LOG_WARNING, "%s: every user can read this key %s",
                 path, cure);
}

/* Longer than any key, so that the message can name a wrong file's length. */
#define KEY_FILE_MAX ((size_t)1 << 20)

sfi_status
sfi_key_load(sfi_ctx *ctx, const char *path, sfi_key **out)
{
    struct buf file_secret;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, path != NULL);
    st = sfi__load(ctx, path, KEY_FILE_MAX, true, &file_secret);
    if (st == SFI_OK) {
        st = key_new_unguarded(ctx, file_secret.data, file_secret.len, out);
        if (st != SFI_OK)
            (void)sfi__where(ctx, "%s", path);
        else
            key_warn_of_mode(ctx, path);
    }
    sfi__buf_free(&file_secret);
    return st;
}

sfi_status
sfi_key_generate(sfi_ctx *ctx, sfi_key **out)
{
    uint8_t random_secret[SFI_KEY_LEN];
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    st = sfi__random(ctx, random_secret, sizeof(random_secret));
    if (st == SFI_OK)
        st = key_new_unguarded(ctx, random_secret, sizeof(random_secret), out);
    sfi__wipe(random_secret, sizeof(random_secret));
    return st;
}

void
sfi_key_free(sfi_key *key)
{
    sfi__obj_free(key, OBJ_KEY);
}

sfi_status
sfi__key_file_load(sfi_ctx *ctx, const char *path, const char *what,
                   uint8_t *out_secret, size_t len)
{
    struct buf file_secret;
    sfi_status st = sfi__load(ctx, path, KEY_FILE_MAX, true, &file_secret);

    if (st == SFI_OK && file_secret.len != len) {
        st = sfi__fail(ctx, SFI_ERR_RANGE, "%s of %zu bytes, expected %zu",
                       what, file_secret.len, len);
        (void)sfi__where(ctx, "%s", path);
    }
    if (st == SFI_OK)
        memcpy(out_secret, file_secret.data, len);
    sfi__buf_free(&file_secret);
    return st;
}

sfi_status
sfi_nonce_load(sfi_ctx *ctx, const char *path, uint8_t nonce[SFI_NONCE_LEN])
{
    if (nonce != NULL)
        sfi__zero(nonce, SFI_NONCE_LEN);
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, nonce != NULL);
    SFI_ARG(ctx, path != NULL);
    return sfi__key_file_load(ctx, path, "a nonce", nonce, SFI_NONCE_LEN);
}

/* 0, or an errno */
static int
key_write_new_file(const char *path, const uint8_t *data, size_t len)
{
    int fd;
    int err = sfi__fd_open(path, SYS_WRITE | SYS_NEW, 0600, &fd);

    if (err != 0)
        return err;
    err = sfi__sys_write(fd, data, len);
    if (err == 0)
        err = sfi__sys_sync(fd);
    (void)sfi__fd_close(fd);
    if (err == 0)
        err = sfi__file_sync_folder(path);
    if (err != 0)
        (void)sfi__sys_remove(path);
    return err;
}

sfi_status
sfi__key_file_write(sfi_ctx *ctx, const char *path, const uint8_t *data_secret,
                    size_t len)
{
    int err = key_write_new_file(path, data_secret, len);

    if (err == 0)
        return SFI_OK;
    (void)sfi__fail_os(ctx,
                       err == EEXIST ? SFI_ERR_ACCESS : sfi__os_status(err),
                       err, "cannot create");
    return sfi__where(ctx, "%s", path);
}

sfi_status
sfi__key_file_create(sfi_ctx *ctx, const char *path, size_t len)
{
    uint8_t random_secret[KEY_FILE_LEN_MAX];
    sfi_status st;

    if (len > sizeof(random_secret))
        return sfi__fail(ctx, SFI_ERR_INTERNAL, "key file of %zu bytes", len);
    st = sfi__random(ctx, random_secret, len);
    if (st == SFI_OK)
        st = sfi__key_file_write(ctx, path, random_secret, len);
    sfi__wipe(random_secret, sizeof(random_secret));
    return st;
}

sfi_status
sfi_key_create(sfi_ctx *ctx, const char *path)
{
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, path != NULL);
    return sfi__key_file_create(ctx, path, SFI_KEY_LEN);
}

sfi_status
sfi_nonce_create(sfi_ctx *ctx, const char *path)
{
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, path != NULL);
    return sfi__key_file_create(ctx, path, SFI_NONCE_LEN);
}

sfi_status
sfi_nonce_generate(sfi_ctx *ctx, uint8_t nonce[SFI_NONCE_LEN])
{
    if (nonce != NULL)
        sfi__zero(nonce, SFI_NONCE_LEN);
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, nonce != NULL);
    return sfi__random(ctx, nonce, SFI_NONCE_LEN);
}
