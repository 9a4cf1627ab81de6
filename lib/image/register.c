/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The register of used nonces: for each IV of an image a record with keyed
 * digests of the IV and of the image.  Appended to under a lock, and never
 * rewritten; what a crash left of a record is overwritten by the next. */
#include "image/register.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/fd.h"
#include "util/hex.h"
#include "util/mem.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"
#include "crypto/hash.h"
#include "keys/key.h"

#define REGISTER_HEAD "SFI-USED 1\n"
#define REGISTER_HEAD_LEN (sizeof(REGISTER_HEAD) - 1)
#define IV_DIGEST_LEN 16u
/* Two digests in hexadecimal, a blank between them, and the end of the line. */
#define RECORD_LEN ((size_t)2 * IV_DIGEST_LEN + 1 + 2 * SFI_SHA256_LEN + 1)
#define RECORDS_AT_ONCE 64u
#define REGISTER_MODE 0600u

/* One IV of the image, and what the register knows about it. */
struct used_iv {
    uint8_t digest[IV_DIGEST_LEN];
    bool known; /* this image is entered */
    bool other; /* another one is */
};

struct reg {
    sfi_ctx *ctx;
    const char *path;
    int fd;
    uint8_t image[SFI_SHA256_LEN];
    struct buf ivs; /* of struct used_iv, ascending */
    uint64_t end;   /* of the last whole record; 0: a new file */
    uint64_t size;
};

static size_t
reg_iv_count(const struct reg *r)
{
    return r->ivs.len / sizeof(struct used_iv);
}

static struct used_iv *
reg_iv_at(const struct reg *r, size_t i)
{
    return (struct used_iv *)r->ivs.data + i;
}

/* ---- what identifies the image ---- */

static sfi_status
reg_digest(const sfi_image_builder *b, const char *label, const uint8_t *data,
           size_t len, uint8_t out[SFI_SHA256_LEN])
{
    uint8_t text[32 + SFI_SHA256_LEN];
    size_t n = strlen(label);

    memcpy(text, label, n);
    memcpy(text + n, data, len);
    return sfi__hmac_sha256(b->obj.ctx, b->key->key_secret, SFI_KEY_LEN, text,
                            n + len, out);
}

static int
used_ivs_by_digest(const void *a, const void *b)
{
    const uint8_t *x = ((const struct used_iv *)a)->digest;
    const uint8_t *y = ((const struct used_iv *)b)->digest;

    for (size_t i = 0; i < IV_DIGEST_LEN; i++) {
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    }
    return 0;
}

static sfi_status
reg_digest_ivs(struct reg *r, const sfi_image_builder *b, size_t areas)
{
    for (size_t i = 0; i <= areas; i++) {
        uint8_t iv[SFI_FORMAT_NONCE_LEN], digest[SFI_SHA256_LEN];
        struct used_iv used = {.known = false};
        sfi_status st;

        sfi__image_iv(iv, b->nonce, (uint16_t)i);
        st = reg_digest(b, "libsfi used iv", iv, sizeof(iv), digest);
        if (st != SFI_OK)
            return st;
        memcpy(used.digest, digest, sizeof(used.digest));
        if (!sfi__buf_append(&r->ivs, &used, sizeof(used)))
            return sfi__nomem(r->ctx);
    }
    qsort(r->ivs.data, reg_iv_count(r), sizeof(struct used_iv),
          used_ivs_by_digest);
    return SFI_OK;
}

static sfi_status
reg_digest_image(struct reg *r, sfi_image_builder *b, const struct layout *p)
{
    uint8_t sum[SFI_SHA256_LEN];
    sfi_status st = sfi__plan_digest(b, p, sum);

    if (st == SFI_OK)
        st = reg_digest(b, "libsfi used image", sum, sizeof(sum), r->image);
    return st == SFI_OK ? reg_digest_ivs(r, b, p->count) : st;
}

/* ---- the file ---- */

static sfi_status
reg_fail_os(const struct reg *r, int err, const char *what)
{
    (void)sfi__fail_os(r->ctx, sfi__os_status(err), err, "%s", what);
    return sfi__where(r->ctx, "%s", r->path);
}

static sfi_status
reg_check_regular(struct reg *r)
{
    struct sys_stat st;
    int err = sfi__sys_fstat(r->fd, &st);

    if (err != 0)
        return reg_fail_os(r, err, "cannot read the register of nonces");
    if (!st.is_file) {
        (void)sfi__fail(r->ctx, SFI_ERR_ACCESS,
                        "not a regular file, expected a register of nonces");
        return sfi__where(r->ctx, "%s", r->path);
    }
    r->size = st.size;
    return SFI_OK;
}

static void
reg_close(struct reg *r)
{
    if (r->fd >= 0)
        (void)sfi__fd_close(r->fd); /* this ends the lock too */
    r->fd = -1;
}

/* Open and lock; `flags` SYS_READ: SFI_OK without a descriptor when there is no
 * such file. */
static sfi_status
reg_open(struct reg *r, unsigned flags)
{
    bool reads = flags == SYS_READ;
    int err = sfi__fd_open(r->path, flags | SYS_NO_LINK | SYS_NO_WAIT,
                           REGISTER_MODE, &r->fd);
    sfi_status st;

    if (err == ENOENT && reads)
        return SFI_OK;
    if (err == ELOOP) {
        (void)sfi__fail(r->ctx, SFI_ERR_ACCESS,
                        "a symbolic link, expected a register of nonces: two "
                        "names would hide the use of one key");
        return sfi__where(r->ctx, "%s", r->path);
    }
    if (err != 0)
        return reg_fail_os(r, err,
                           reads ? "cannot read the register of nonces"
                                 : "cannot write the register of nonces");
    st = reg_check_regular(r);
    if (st == SFI_OK) {
        err = sfi__sys_lock(r->fd, reads ? SYS_LOCK_SHARED : SYS_LOCK_WAIT);
        if (err != 0)
            st = reg_fail_os(r, err, "cannot lock the register of nonces");
    }
    if (st == SFI_OK)
        st = reg_check_regular(r); /* the size, now that it is ours */
    if (st != SFI_OK)
        reg_close(r);
    return st;
}

static sfi_status
reg_refuse_content(const struct reg *r, uint64_t line)
{
    (void)sfi__fail(r->ctx, SFI_ERR_FORMAT,
                    "not a record of used nonces, expected two digests: take "
                    "the file from a backup");
    return sfi__where(r->ctx, "%s:%llu", r->path, (unsigned long long)line);
}

/* What one record says about the IVs of this image.  false: it is none. */
static bool
reg_take_record(struct reg *r, const char *record)
{
    struct used_iv key;
    uint8_t image[SFI_SHA256_LEN];
    struct used_iv *iv;
    char text[2 * SFI_SHA256_LEN + 1];

    if (record[2 * IV_DIGEST_LEN] != ' ' || record[RECORD_LEN - 1] != '\n')
        return false;
    memcpy(text, record, 2 * IV_DIGEST_LEN);
    text[2 * IV_DIGEST_LEN] = '\0';
    if (!sfi__hex_decode(key.digest, IV_DIGEST_LEN, text))
        return false;
    memcpy(text, record + 2 * IV_DIGEST_LEN + 1, 2 * SFI_SHA256_LEN);
    text[2 * SFI_SHA256_LEN] = '\0';
    if (!sfi__hex_decode(image, SFI_SHA256_LEN, text))
        return false;
    iv = bsearch(&key, r->ivs.data, reg_iv_count(r), sizeof(*iv),
                 used_ivs_by_digest);
    if (iv == NULL)
        return true;
    if (sfi__equal(image, r->image, sizeof(image)))
        iv->known = true;
    else
        iv->other = true;
    return true;
}

static sfi_status
reg_read_records(struct reg *r, struct file_in *f)
{
    char chunk[RECORDS_AT_ONCE * RECORD_LEN];
    uint64_t line = 1;
    size_t got;

    do {
        int err = sfi__file_fill(f, chunk, sizeof(chunk), &got);

        if (err != 0)
            return reg_fail_os(r, err, "cannot read the register of nonces");
        for (size_t at = 0; at + RECORD_LEN <= got; at += RECORD_LEN) {
            line++;
            if (!reg_take_record(r, chunk + at))
                return reg_refuse_content(r, line);
            r->end += RECORD_LEN;
        }
    } while (got == sizeof(chunk));
    return SFI_OK;
}

/* A head or a record that is cut short is what a crash left: no image followed
 * it. */
static sfi_status
reg_read(struct reg *r)
{
    struct file_in f = {.fd = r->fd, .size = r->size};
    char head[REGISTER_HEAD_LEN];
    size_t got;
    int err = sfi__file_fill(&f, head, sizeof(head), &got);

    r->end = 0;
    if (err != 0)
        return reg_fail_os(r, err, "cannot read the register of nonces");
    if (!sfi__equal(head, REGISTER_HEAD, got)) {
        (void)sfi__fail(r->ctx, SFI_ERR_FORMAT,
                        "not a register of nonces, expected \"SFI-USED 1\"");
        return sfi__where(r->ctx, "%s", r->path);
    }
    if (got < sizeof(head))
        return SFI_OK;
    r->end = REGISTER_HEAD_LEN;
    return reg_read_records(r, &f);
}

/* ---- entering an image ---- */

static bool
reg_print_records(const struct reg *r, struct buf *out)
{
    char line[RECORD_LEN + 1];

    if (r->end == 0 && !sfi__buf_append(out, REGISTER_HEAD, REGISTER_HEAD_LEN))
        return false;
    for (size_t i = 0; i < reg_iv_count(r); i++) {
        const struct used_iv *iv = reg_iv_at(r, i);

        if (iv->known)
            continue;
        sfi__hex_encode(line, iv->digest, IV_DIGEST_LEN);
        line[2 * IV_DIGEST_LEN] = ' ';
        sfi__hex_encode(line + 2 * IV_DIGEST_LEN + 1, r->image, SFI_SHA256_LEN);
        line[RECORD_LEN - 1] = '\n';
        if (!sfi__buf_append(out, line, RECORD_LEN))
            return false;
    }
    return true;
}

/* 0 or an errno. */
static int
reg_write_at(int fd, uint64_t at, const uint8_t *data, size_t len)
{
    int err = sfi__sys_cut(fd, at);

    if (err == 0)
        err = sfi__sys_write(fd, data, len);
    return err == 0 ? sfi__sys_sync(fd) : err;
}

static sfi_status
reg_append(struct reg *r)
{
    struct buf records;
    sfi_status st = SFI_OK;
    int err;

    sfi__buf_init(&records, &r->ctx->alloc, false);
    if (!reg_print_records(r, &records)) {
        st = sfi__nomem(r->ctx);
        goto out;
    }
    err = reg_write_at(r->fd, r->end, records.data, records.len);
    if (err == 0 && r->end == 0)
        err = sfi__file_sync_folder(r->path);
    if (err != 0)
        st = reg_fail_os(r, err, "cannot write the register of nonces");
out:
    sfi__buf_free(&records);
    return st;
}

static bool
reg_has_all(const struct reg *r)
{
    for (size_t i = 0; i < reg_iv_count(r); i++) {
        if (!reg_iv_at(r, i)->known)
            return false;
    }
    return true;
}

static bool
reg_has_another(const struct reg *r)
{
    for (size_t i = 0; i < reg_iv_count(r); i++) {
        if (reg_iv_at(r, i)->other && !reg_iv_at(r, i)->known)
            return true;
    }
    return false;
}

#define ANOTHER_IMAGE                                                       \
    "another image was made with this key and nonce, or with a nonce that " \
    "differs by less than its areas; expected a new nonce for each image"

static sfi_status
reg_judge(const struct reg *r, bool same_nonce)
{
    if (!reg_has_another(r))
        return SFI_OK;
    if (!same_nonce) {
        (void)sfi__fail(r->ctx, SFI_ERR_RANGE, "%s", ANOTHER_IMAGE);
        return sfi__where(r->ctx, "%s", r->path);
    }
    sfi__log(r->ctx, SFI_LOG_WARNING,
             "%s: another image has this key and nonce: who gets both images "
             "learns the XOR of their plaintexts, area by area, and the "
             "authentication key of AES-GCM, which forges images for every "
             "chip with this licence",
             r->path);
    return SFI_OK;
}

static void
reg_init(struct reg *r, const sfi_image_builder *b)
{
    *r = (struct reg){.ctx = b->obj.ctx, .path = b->reg, .fd = -1};
    sfi__buf_init(&r->ivs, &b->obj.ctx->alloc, false);
}

sfi_status
sfi__register_check(sfi_image_builder *b, const struct layout *p,
                    struct findings *f)
{
    struct reg r;
    sfi_status st;

    if (b->reg == NULL || (b->reg_flags & SFI_REGISTER_SAME_NONCE) != 0)
        return SFI_OK;
    reg_init(&r, b);
    st = reg_open(&r, SYS_READ);
    if (st != SFI_OK || r.fd < 0)
        return st;
    st = reg_digest_image(&r, b, p);
    if (st == SFI_OK)
        st = reg_read(&r);
    if (st == SFI_OK && reg_has_another(&r))
        sfi__finding(f, RULE_NONCE_REUSE, (struct place){.file = NULL},
                     "%s: %s", r.path, ANOTHER_IMAGE);
    reg_close(&r);
    sfi__buf_free(&r.ivs);
    return st;
}

sfi_status
sfi__register_enter(sfi_image_builder *b, const struct layout *p)
{
    struct reg r;
    sfi_status st;

    if (b->reg == NULL)
        return SFI_OK;
    reg_init(&r, b);
    st = reg_digest_image(&r, b, p);
    if (st == SFI_OK)
        st = reg_open(&r, SYS_READ_WRITE | SYS_CREATE);
    if (st == SFI_OK)
        st = reg_read(&r);
    if (st == SFI_OK)
        st = reg_judge(&r, (b->reg_flags & SFI_REGISTER_SAME_NONCE) != 0);
    if (st == SFI_OK && !reg_has_all(&r))
        st = reg_append(&r);
    reg_close(&r);
    sfi__buf_free(&r.ivs);
    return st;
}
