/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A chip's folder: read and check its files, and replace the small ones. */
#include "sim/storage/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/file.h"
#include "util/mem.h"
#include "util/rd.h"
#include "util/sys.h"
#include "util/wr.h"
#include "core/err.h"
#include "core/files.h"
#include "wire/certificate.h"

/* "stm32h753xi" and a line end, with room for a wrong name. */
#define CHIP_FILE_MAX 64u
/* A SHA-256 and a line end, likewise. */
#define LINE_FILE_MAX 80u
/* All names of parts in a message. */
#define PARTS_TEXT_MAX 256u

sfi_status
sfi__store_path(sfi_ctx *ctx, char out[STORE_PATH_MAX], const char *dir,
                const char *name)
{
    size_t need = strlen(dir) + 1 + strlen(name) + 1;

    if (need > STORE_PATH_MAX)
        return sfi__fail(ctx, SFI_ERR_LIMIT,
                         "path of %zu characters, expected at most %u",
                         need - 1, STORE_PATH_MAX - 1);
    sfi__text_format(out, STORE_PATH_MAX, "%s/%s", dir, name);
    return SFI_OK;
}

sfi_status
sfi__store_lock(sfi_ctx *ctx, const char *dir, int *fd)
{
    int err = sfi__sys_lock_folder(dir, SYS_LOCK, fd);

    if (err == 0)
        return SFI_OK;
    if (err == EAGAIN)
        (void)sfi__fail(ctx, SFI_ERR_ACCESS,
                        "another simulator runs this chip");
    else
        (void)sfi__fail_os(ctx, sfi__os_status(err), err, "cannot open");
    return sfi__where(ctx, "%s", dir);
}

static sfi_status
store_wrong_length(sfi_ctx *ctx, const char *path, size_t got, size_t want)
{
    (void)sfi__fail(ctx, SFI_ERR_FORMAT, "is %zu bytes, expected %zu", got,
                    want);
    return sfi__where(ctx, "%s", path);
}

sfi_status
sfi__store_read(sfi_ctx *ctx, const char *dir, const char *name, uint8_t *out,
                size_t len)
{
    char path[STORE_PATH_MAX];
    sfi_status st = sfi__store_path(ctx, path, dir, name);
    struct buf b;

    if (st != SFI_OK)
        return st;
    st = sfi__load(ctx, path, len, true, &b);
    if (st == SFI_OK && b.len != len)
        st = store_wrong_length(ctx, path, b.len, len);
    if (st == SFI_OK)
        memcpy(out, b.data, len);
    sfi__buf_free(&b);
    return st;
}

sfi_status
sfi__store_write(sfi_ctx *ctx, const char *dir, const char *name,
                 const uint8_t *data, size_t len, unsigned mode)
{
    char path[STORE_PATH_MAX];
    sfi_status st = sfi__store_path(ctx, path, dir, name);

    return st == SFI_OK ? sfi__save(ctx, path, mode, data, len) : st;
}

/* The file's one line, without its end; `out` has room for all of it. */
static void
store_first_line(const struct buf *b, char *out)
{
    size_t len = 0;

    while (len < b->len && b->data[len] >= ' ' && b->data[len] < 0x7f) {
        out[len] = (char)b->data[len];
        len++;
    }
    out[len] = '\0';
}

/* "stm32h753xi, stm32l462ce"; what does not fit is left out. */
static void
store_list_parts(char *out, size_t cap)
{
    const sfi_chip *chip;
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; (chip = sfi_chip_at(i)) != NULL; i++) {
        sfi__text_format(out + len, cap - len, "%s%s", i > 0 ? ", " : "",
                         sfi_chip_name(chip));
        len += strlen(out + len);
    }
}

sfi_status
sfi__store_chip(sfi_ctx *ctx, const char *dir, const struct sfi_chip **chip)
{
    char path[STORE_PATH_MAX];
    char name[CHIP_FILE_MAX + 1], parts[PARTS_TEXT_MAX];
    sfi_status st = sfi__store_path(ctx, path, dir, STORE_CHIP);
    struct buf b;

    if (st != SFI_OK)
        return st;
    st = sfi__load(ctx, path, CHIP_FILE_MAX, false, &b);
    if (st != SFI_OK)
        goto out;
    store_first_line(&b, name);
    *chip = sfi_chip_find(name);
    if (*chip == NULL) {
        store_list_parts(parts, sizeof(parts));
        (void)sfi__fail(ctx, SFI_ERR_FORMAT,
                        "unknown chip \"%s\", expected one of: %s", name,
                        parts);
        st = sfi__where(ctx, "%s", path);
    }

out:
    sfi__buf_free(&b);
    return st;
}

void
sfi__store_pack(const struct sfi_chip *chip, const uint32_t *words,
                uint8_t *out)
{
    struct wr w;

    sfi__wr_init(&w, out, (size_t)chip->ob_count * 4);
    for (uint32_t i = 0; i < chip->ob_count; i++)
        sfi__wr_u32le(&w, words[i]);
}

void
sfi__store_unpack(const struct sfi_chip *chip, const uint8_t *raw,
                  uint32_t *words)
{
    struct rd r;

    sfi__rd_init(&r, raw, (size_t)chip->ob_count * 4);
    for (uint32_t i = 0; i < chip->ob_count; i++)
        words[i] = sfi__rd_u32le(&r);
}

static sfi_status
store_read_options(sfi_ctx *ctx, struct store *s)
{
    uint8_t raw[CHIP_OB_ROWS_MAX * 4];
    struct buf memory;
    sfi_status st;

    if (s->is_board) {
        st = sfi__store_board_load(ctx, s->dir, s->chip, &memory);
        if (st == SFI_OK)
            sfi__store_board_unpack(s->chip, memory.data, s->options);
        sfi__buf_free(&memory);
        return st;
    }
    st = sfi__store_read(ctx, s->dir, STORE_OPTIONS, raw,
                         (size_t)s->chip->ob_count * 4);
    if (st == SFI_OK)
        sfi__store_unpack(s->chip, raw, s->options);
    return st;
}

/* A file that may be absent: its one line, cut to the room. */
static sfi_status
store_read_line(sfi_ctx *ctx, const char *dir, const char *name, char *out,
                size_t cap)
{
    char path[STORE_PATH_MAX], line[LINE_FILE_MAX + 1];
    sfi_status st = sfi__store_path(ctx, path, dir, name);
    struct buf b;

    if (st != SFI_OK || !sfi__file_is_there(path))
        return st;
    st = sfi__load(ctx, path, LINE_FILE_MAX, false, &b);
    if (st == SFI_OK) {
        store_first_line(&b, line);
        if (strlen(line) >= cap)
            line[cap - 1] = '\0';
        (void)sfi__text_copy(out, cap, line);
    }
    sfi__buf_free(&b);
    return st;
}

/* With another chip's certificate an HSM would encrypt for the wrong key. */
static sfi_status
store_check_identity(sfi_ctx *ctx, const struct store *s)
{
    const uint8_t *certified = s->certificate + CERTIFICATE_PUBLIC_AT;
    uint8_t public_key[SFI_ECC_PUBLIC_LEN];
    sfi_status st = sfi__ecc_public(ctx, s->device_secret, public_key);

    if (st != SFI_OK)
        return sfi__where(ctx, "%s/%s", s->dir, STORE_DEVICE_KEY);
    if (!sfi__equal(s->certificate, s->chip->product_id, PRODUCT_ID_LEN))
        (void)sfi__fail(
            ctx, SFI_ERR_FORMAT, "product id \"%.8s\", expected %s of %s",
            (const char *)s->certificate, s->chip->product_id, s->chip->name);
    else if (!sfi__equal(certified, public_key, sizeof(public_key)))
        (void)sfi__fail(ctx, SFI_ERR_FORMAT,
                        "certifies a different key than the one in %s",
                        STORE_DEVICE_KEY);
    else
        return SFI_OK;
    return sfi__where(ctx, "%s/%s", s->dir, STORE_CERTIFICATE);
}

sfi_status
sfi__store_open(sfi_ctx *ctx, const char *dir, struct store *s)
{
    sfi_status st;

    if (!sfi__text_copy(s->dir, sizeof(s->dir), dir))
        return sfi__fail(ctx, SFI_ERR_LIMIT,
                         "path of %zu characters, expected at most %u",
                         strlen(dir), STORE_PATH_MAX - 1);
    st = sfi__store_chip(ctx, dir, &s->chip);
    if (st != SFI_OK)
        return st;
    /* neither was known to older versions */
    st = store_read_line(ctx, dir, STORE_LOADER, s->loader, sizeof(s->loader));
    if (st != SFI_OK)
        return st;
    s->is_board = sfi__store_is_board(dir);
    st = store_read_line(ctx, dir, STORE_PROGRAMS, s->programs,
                         sizeof(s->programs));
    if (st != SFI_OK)
        return st;
    st = store_read_options(ctx, s);
    if (st != SFI_OK)
        return st;
    if (!s->is_board) /* whose record is in its flash */
        st = sfi__store_read(ctx, dir, STORE_RECORD, s->record,
                             sizeof(s->record));
    if (st != SFI_OK)
        return st;
    st = sfi__store_read(ctx, dir, STORE_CERTIFICATE, s->certificate,
                         sizeof(s->certificate));
    if (st != SFI_OK)
        return st;
    st = sfi__store_read(ctx, dir, STORE_DEVICE_KEY, s->device_secret,
                         sizeof(s->device_secret));
    if (st != SFI_OK)
        return st;
    return store_check_identity(ctx, s);
}

void
sfi__store_wipe(struct store *s)
{
    sfi__wipe(s->device_secret, sizeof(s->device_secret));
    sfi__wipe(s->ca_secret, sizeof(s->ca_secret));
}

bool
sfi__store_is_memory(const struct store *s)
{
    return s->dir[0] == '\0';
}

/* Replace a small file as a whole, or not at all. */
static bool
store_replace_file(struct store *s, const char *name, const uint8_t *data,
                   size_t len)
{
    return sfi__store_is_memory(s) ||
           sfi__store_write(s->ctx, s->dir, name, data, len, 0644) == SFI_OK;
}

static bool
store_keep_options(struct store *s, const uint32_t *words)
{
    uint8_t raw[CHIP_OB_ROWS_MAX * 4];
    size_t len = (size_t)s->chip->ob_count * 4;

    sfi__store_pack(s->chip, words, raw);
    if (!store_replace_file(s, STORE_OPTIONS, raw, len))
        return false;
    memcpy(s->options, words, len);
    return true;
}

bool
sfi__store_options(struct store *s, const uint32_t *words, const uint32_t *torn)
{
    switch (sfi__power_spend(s->power)) {
    case POWER_FULL:
        return store_keep_options(s, words);
    case POWER_FAILS:
        if (torn != NULL)
            (void)store_keep_options(s, torn);
        break;
    case POWER_NONE:
        break;
    }
    return false;
}

bool
sfi__store_record(struct store *s, const uint8_t *record)
{
    if (sfi__power_spend(s->power) != POWER_FULL ||
        !store_replace_file(s, STORE_RECORD, record, sizeof(s->record)))
        return false;
    memcpy(s->record, record, sizeof(s->record));
    return true;
}
