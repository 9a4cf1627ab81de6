/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip maker: a CA, in a folder or in memory, and the chips that it
 * certifies. */
#include "sim/storage/factory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/file.h"
#include "util/hex.h"
#include "util/mem.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/files.h"
#include "license/certificate.h"
#include "license/personalization.h"
#include "sim/storage/flash.h"
#include "sim/storage/store.h"

#define CA_KEY "ca.key.pem"
#define CA_PUBLIC "ca.pub.pem"

/* A P-256 key in PEM has about 240 characters; other tools add a preamble. */
#define PEM_MAX 4096u

#define SECRET_MODE 0600u
#define PUBLIC_MODE 0644u
#define FOLDER_MODE 0700u

struct ca {
    const char *dir;
    int lock_fd;
    uint8_t secret[SFI_ECC_SECRET_LEN];
    uint8_t public_key[SFI_ECC_PUBLIC_LEN];
};

static bool
factory_folder_is_empty(const char *path)
{
    struct sys_folder *folder;
    const char *name;

    if (sfi__sys_folder_open(path, &folder) != 0)
        return false;
    do
        name = sfi__sys_folder_next(folder);
    while (name != NULL && (strcmp(name, ".") == 0 || strcmp(name, "..") == 0));
    sfi__sys_folder_close(folder);
    return name == NULL;
}

/* Without it, two processes that make the same CA at the same time would each
 * certify with their own key. */
static sfi_status
factory_lock_ca(sfi_ctx *ctx, struct ca *ca)
{
    int err = sfi__sys_make_folder(ca->dir, FOLDER_MODE);

    if (err == 0 || err == EEXIST)
        err = sfi__sys_lock_folder(ca->dir, SYS_LOCK_WAIT, &ca->lock_fd);
    if (err == 0)
        return SFI_OK;
    (void)sfi__fail_os(ctx, sfi__os_status(err), err,
                       "cannot make or open the CA's folder");
    return sfi__where(ctx, "%s", ca->dir);
}

static sfi_status
factory_parse_ca_key(sfi_ctx *ctx, struct ca *ca, const struct buf *pem)
{
    sfi_status st = sfi__ecc_secret_from_pem(ctx, (const char *)pem->data,
                                             pem->len, ca->secret);

    if (st != SFI_OK)
        return st;
    return sfi__ecc_public(ctx, ca->secret, ca->public_key);
}

static sfi_status
factory_load_ca_key(sfi_ctx *ctx, struct ca *ca, const char *path)
{
    struct buf b;
    sfi_status st = sfi__load(ctx, path, PEM_MAX, true, &b);

    if (st == SFI_OK && factory_parse_ca_key(ctx, ca, &b) != SFI_OK)
        st = sfi__where(ctx, "%s", path);
    sfi__buf_free(&b);
    return st;
}

static sfi_status
factory_make_ca_key(sfi_ctx *ctx, struct ca *ca, const char *path)
{
    char pem_secret[PEM_MAX];
    size_t len = 0;
    sfi_status st = sfi__ecc_generate(ctx, ca->secret, ca->public_key);

    if (st != SFI_OK)
        return st;
    st = sfi__ecc_secret_to_pem(ctx, ca->secret, pem_secret, sizeof(pem_secret),
                                &len);
    if (st == SFI_OK)
        st = sfi__save(ctx, path, SECRET_MODE, pem_secret, len);
    sfi__wipe(pem_secret, sizeof(pem_secret));
    return st;
}

/* HSMs trust the public key: never replace it, and make no new private key
 * while its own may be elsewhere. */
static sfi_status
factory_get_ca_key(sfi_ctx *ctx, struct ca *ca)
{
    char key[STORE_PATH_MAX], pub[STORE_PATH_MAX];
    sfi_status st = sfi__store_path(ctx, key, ca->dir, CA_KEY);

    if (st != SFI_OK)
        return st;
    st = sfi__store_path(ctx, pub, ca->dir, CA_PUBLIC);
    if (st != SFI_OK)
        return st;
    if (sfi__file_is_there(key))
        return factory_load_ca_key(ctx, ca, key);
    if (!sfi__file_is_there(pub))
        return factory_make_ca_key(ctx, ca, key);
    (void)sfi__fail(ctx, SFI_ERR_ACCESS,
                    "exists without %s, expected both or neither", CA_KEY);
    return sfi__where(ctx, "%s", pub);
}

static sfi_status
factory_keep_ca_public(sfi_ctx *ctx, const struct ca *ca)
{
    char path[STORE_PATH_MAX], pem[PEM_MAX];
    struct buf b;
    size_t len = 0;
    sfi_status st = sfi__store_path(ctx, path, ca->dir, CA_PUBLIC);

    if (st != SFI_OK)
        return st;
    st = sfi__ecc_public_to_pem(ctx, ca->public_key, pem, sizeof(pem), &len);
    if (st != SFI_OK)
        return st;
    if (!sfi__file_is_there(path))
        return sfi__save(ctx, path, PUBLIC_MODE, pem, len);
    st = sfi__load(ctx, path, PEM_MAX, false, &b);
    if (st == SFI_OK && (b.len != len || !sfi__equal(b.data, pem, len))) {
        (void)sfi__fail(ctx, SFI_ERR_FORMAT, "is not the public key of %s",
                        CA_KEY);
        st = sfi__where(ctx, "%s", path);
    }
    sfi__buf_free(&b);
    return st;
}

static sfi_status
factory_keep_perso(sfi_ctx *ctx, const struct ca *ca,
                   const struct sfi_chip *chip)
{
    char path[STORE_PATH_MAX], name[PERSO_NAME_LEN];
    uint8_t perso[PERSO_LEN];
    size_t len = 0;
    sfi_status st;

    sfi__perso_name(chip->product_id, name);
    st = sfi__store_path(ctx, path, ca->dir, name);
    if (st != SFI_OK || sfi__file_is_there(path))
        return st;
    st = sfi__perso_issue(ctx, ca->secret, chip->product_id, perso,
                          sizeof(perso), &len);
    if (st != SFI_OK)
        return st;
    return sfi__save(ctx, path, PUBLIC_MODE, perso, len);
}

/* The private key comes first: everything else follows from it, so an
 * incomplete CA is completed the next time. */
static sfi_status
factory_open_ca(sfi_ctx *ctx, const char *dir, struct ca *ca)
{
    const struct sfi_chip *chip;
    sfi_status st;

    *ca = (struct ca){.dir = dir, .lock_fd = -1};
    st = factory_lock_ca(ctx, ca);
    if (st != SFI_OK)
        return st;
    st = factory_get_ca_key(ctx, ca);
    if (st != SFI_OK)
        return st;
    st = factory_keep_ca_public(ctx, ca);
    if (st != SFI_OK)
        return st;
    for (uint32_t i = 0; (chip = sfi__chip_at(i)) != NULL; i++) {
        st = factory_keep_perso(ctx, ca, chip);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static void
factory_close_ca(struct ca *ca)
{
    sfi__wipe(ca->secret, sizeof(ca->secret));
    if (ca->lock_fd >= 0)
        (void)sfi__sys_close(ca->lock_fd);
}

/* What a chip is when it is new, but for its flash. */
static sfi_status
factory_fill_store(sfi_ctx *ctx, const struct sfi_chip *chip,
                   const char *loader, const struct ca *ca, struct store *s)
{
    uint8_t public_key[SFI_ECC_PUBLIC_LEN];
    sfi_status st = sfi__ecc_generate(ctx, s->device_secret, public_key);

    if (st != SFI_OK)
        return st;
    s->chip = chip;
    (void)sfi__text_copy(s->loader, sizeof(s->loader),
                         loader != NULL ? loader : "");
    for (uint32_t i = 0; i < chip->ob_count; i++)
        s->options[i] = chip->ob[i].shipped;
    return sfi__cert_issue(ctx, ca->secret, chip->product_id, public_key,
                           s->certificate);
}

static sfi_status
factory_write_flash(sfi_ctx *ctx, const char *dir, const struct sfi_chip *chip)
{
    struct buf b;
    sfi_status st;

    sfi__buf_init(&b, &ctx->alloc, false);
    if (!sfi__buf_fill(&b, FLASH_ERASED, chip->flash.size))
        return sfi__nomem(ctx);
    sfi__flash_ship(chip, b.data);
    st = sfi__store_write(ctx, dir, STORE_FLASH, b.data, b.len, PUBLIC_MODE);
    sfi__buf_free(&b);
    return st;
}

static sfi_status
factory_write_line(sfi_ctx *ctx, const char *dir, const char *name,
                   const char *text)
{
    char line[64];

    sfi__text_format(line, sizeof(line), "%s\n", text);
    return sfi__store_write(ctx, dir, name, (const uint8_t *)line, strlen(line),
                            PUBLIC_MODE);
}

static sfi_status
factory_write_words(sfi_ctx *ctx, const char *dir, const struct store *s)
{
    uint8_t raw[CHIP_OB_ROWS_MAX * 4];

    sfi__store_pack(s->chip, s->options, raw);
    return sfi__store_write(ctx, dir, STORE_OPTIONS, raw,
                            (size_t)s->chip->ob_count * 4, PUBLIC_MODE);
}

static sfi_status
factory_write_chip(sfi_ctx *ctx, const char *dir, const struct store *s)
{
    sfi_status st =
        sfi__store_write(ctx, dir, STORE_DEVICE_KEY, s->device_secret,
                         sizeof(s->device_secret), SECRET_MODE);
    if (st != SFI_OK)
        return st;
    st = sfi__store_write(ctx, dir, STORE_CERTIFICATE, s->certificate,
                          sizeof(s->certificate), PUBLIC_MODE);
    if (st != SFI_OK)
        return st;
    st = sfi__store_write(ctx, dir, STORE_RECORD, s->record, sizeof(s->record),
                          PUBLIC_MODE);
    if (st != SFI_OK)
        return st;
    st = factory_write_words(ctx, dir, s);
    if (st != SFI_OK)
        return st;
    if (s->loader[0] != '\0')
        st = factory_write_line(ctx, dir, STORE_LOADER, s->loader);
    if (st != SFI_OK)
        return st;
    st = factory_write_flash(ctx, dir, s->chip);
    if (st != SFI_OK)
        return st;
    return factory_write_line(ctx, dir, STORE_CHIP, s->chip->name);
}

/* Remove a folder of ours that did not become a chip. */
static void
factory_discard_chip(const char *dir)
{
    static const char *const files[] = {
        STORE_CHIP,        STORE_FLASH,      STORE_OPTIONS, STORE_RECORD,
        STORE_CERTIFICATE, STORE_DEVICE_KEY, STORE_LOADER,
    };
    char path[STORE_PATH_MAX];

    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        sfi__text_format(path, sizeof(path), "%s/%s", dir, files[i]);
        (void)sfi__sys_remove(path);
    }
    (void)sfi__sys_remove_folder(dir);
}

static sfi_status
factory_no_folder(sfi_ctx *ctx, const char *dir, int err)
{
    (void)sfi__fail_os(ctx, sfi__os_status(err), err,
                       "cannot make the chip's folder");
    return sfi__where(ctx, "%s", dir);
}

static sfi_status
factory_folder_taken(sfi_ctx *ctx, const char *dir)
{
    char path[STORE_PATH_MAX];

    sfi__text_format(path, sizeof(path), "%s/%s", dir, STORE_CHIP);
    (void)sfi__fail(ctx, SFI_ERR_ACCESS,
                    sfi__file_is_there(path)
                        ? "already holds a chip, expected a new folder"
                        : "exists already, expected a new or empty folder");
    return sfi__where(ctx, "%s", dir);
}

/* A rename replaces an empty folder and no other, or, on Windows, none. */
static sfi_status
factory_publish_chip(sfi_ctx *ctx, const char *temp, const char *dir)
{
    int err;

    (void)sfi__sys_remove_folder(dir);
    err = sfi__sys_rename(temp, dir);
    if (err == 0)
        return SFI_OK;
    if (err == ENOTEMPTY || err == EEXIST || err == ENOTDIR)
        return factory_folder_taken(ctx, dir);
    return factory_no_folder(ctx, dir, err);
}

/* Where the chip will be. */
static sfi_status
factory_plan_folder(sfi_ctx *ctx, const char *state_dir,
                    char dir[STORE_PATH_MAX])
{
    static const char longest[] = ".XXXXXX/" STORE_CERTIFICATE ".XXXXXX";
    size_t len = strlen(state_dir);

    while (len > 1 && state_dir[len - 1] == '/')
        len--;
    if (len > STORE_PATH_MAX - sizeof(longest))
        return sfi__fail(ctx, SFI_ERR_LIMIT,
                         "path of %zu characters, expected at most %zu", len,
                         STORE_PATH_MAX - sizeof(longest));
    memcpy(dir, state_dir, len);
    dir[len] = '\0';
    if (sfi__file_is_there(dir) && !factory_folder_is_empty(dir))
        return factory_folder_taken(ctx, dir);
    return SFI_OK;
}

/* A new folder beside the chip's. */
static int
factory_make_temp(const char *dir, char temp[STORE_PATH_MAX])
{
    uint8_t raw[3];
    char hex[2 * sizeof(raw) + 1];
    int err;

    do {
        err = sfi__sys_random(raw, sizeof(raw));
        if (err != 0)
            return err;
        sfi__hex_encode(hex, raw, sizeof(raw));
        sfi__text_format(temp, STORE_PATH_MAX, "%s.%s", dir, hex);
        err = sfi__sys_make_folder(temp, FOLDER_MODE);
    } while (err == EEXIST);
    return err;
}

/* It is made elsewhere, so that a rename publishes it. */
static sfi_status
factory_save_chip(sfi_ctx *ctx, const struct store *s, const char *dir)
{
    char temp[STORE_PATH_MAX];
    int err = factory_make_temp(dir, temp);
    sfi_status st;

    if (err != 0)
        return factory_no_folder(ctx, dir, err);
    st = factory_write_chip(ctx, temp, s);
    if (st == SFI_OK)
        st = factory_publish_chip(ctx, temp, dir);
    if (st != SFI_OK)
        factory_discard_chip(temp);
    return st;
}

sfi_status
sfi__factory_make(sfi_ctx *ctx, const sfi_sim_make_options *o)
{
    char dir[STORE_PATH_MAX];
    struct store s = {.ctx = ctx};
    struct ca ca;
    sfi_status st = factory_plan_folder(ctx, o->state_dir, dir);

    if (st != SFI_OK)
        return st;
    st = factory_open_ca(ctx, o->ca_dir, &ca);
    if (st == SFI_OK)
        st = factory_fill_store(ctx, o->chip, o->bootloader, &ca, &s);
    if (st == SFI_OK)
        st = factory_save_chip(ctx, &s, dir);
    sfi__store_wipe(&s);
    factory_close_ca(&ca);
    return st;
}

/* ---- in memory ---- */

/* That of a folder, that of another chip, or a new one. */
static sfi_status
factory_choose_ca(sfi_ctx *ctx, const char *dir, const struct store *maker,
                  struct ca *ca)
{
    *ca = (struct ca){.lock_fd = -1};
    if (dir != NULL)
        return factory_open_ca(ctx, dir, ca);
    if (maker == NULL)
        return sfi__ecc_generate(ctx, ca->secret, ca->public_key);
    memcpy(ca->secret, maker->ca_secret, sizeof(ca->secret));
    return SFI_OK;
}

sfi_status
sfi__factory_make_in_memory(sfi_ctx *ctx, const sfi_sim_make_options *o,
                            const struct store *maker, struct store *s)
{
    struct ca ca;
    size_t len = 0;
    sfi_status st = factory_choose_ca(ctx, o->ca_dir, maker, &ca);

    if (st == SFI_OK)
        st = factory_fill_store(ctx, o->chip, o->bootloader, &ca, s);
    if (st == SFI_OK)
        st = sfi__perso_issue(ctx, ca.secret, o->chip->product_id,
                              s->personalization, sizeof(s->personalization),
                              &len);
    if (st == SFI_OK)
        memcpy(s->ca_secret, ca.secret, sizeof(s->ca_secret));
    factory_close_ca(&ca);
    return st;
}
