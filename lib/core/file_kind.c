/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Recognises files by their content, and decides what an output may replace.
 * The formats belong to layers above; tests/unit/core/test_file_kind.c compares
 * the numbers here with files of theirs. */
#include "core/file_kind.h"

#include <errno.h>
#include <string.h>

#include "util/file.h"
#include "util/hex.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/file_guard.h"

#define NONCE_FILE_LEN 12u
#define KEY_FILE_LEN 16u
#define LONG_KEY_FILE_LEN 32u /* of an audit log, and of a device */
#define RECORD_FILE_LEN 136u  /* a licence, and a certificate */
#define RECEIPT_FILE_LEN 332u /* with its certificate */

struct head {
    const uint8_t *data;
    size_t len;
    uint64_t size; /* of the file */
};

/* ---- content ---- */

static bool
kind_begins_with(const struct head *h, const void *bytes, size_t len)
{
    return h->len >= len && sfi__equal(h->data, bytes, len);
}

static bool
kind_begins_with_text(const struct head *h, const char *text)
{
    return kind_begins_with(h, text, strlen(text));
}

/* sqlite.org/fileformat.html 1.3, 3, 4.1, and walformat.html 2: a database, its
 * rollback journal, its write-ahead log, and the index of that. */
static bool
kind_is_database(const struct head *h)
{
    return kind_begins_with(h, "SQLite format 3", 16) ||
           kind_begins_with(h, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8) ||
           kind_begins_with(h, "\x37\x7f\x06\x82", 4) ||
           kind_begins_with(h, "\x37\x7f\x06\x83", 4) ||
           kind_begins_with(h, "\x18\xe2\x2d\x00\x00\x00\x00\x00", 8);
}

/* DER: one SEQUENCE that ends with the file. */
static bool
kind_is_der(const struct head *h)
{
    const uint8_t *p = h->data;
    uint64_t len = 0;
    size_t octets;

    if (h->len < 4 || p[0] != 0x30 || p[1] < 0x81 || p[1] > 0x83)
        return false;
    octets = p[1] & 0x7fu;
    if (h->len < 2 + octets)
        return false;
    for (size_t i = 0; i < octets; i++)
        len = len << 8 | p[2 + i];
    return h->size >= 2 + octets && h->size - 2 - octets == len;
}

static bool
kind_is_credential(const struct head *h)
{
    return kind_begins_with_text(h, "-----BEGIN ") || kind_is_der(h);
}

static bool
kind_is_personalization(const struct head *h)
{
    return kind_begins_with_text(h, "SFIPERSO");
}

static bool
kind_is_audit(const struct head *h)
{
    return kind_begins_with_text(h, "SFI-LOG ");
}

static bool
kind_is_nonces(const struct head *h)
{
    return kind_begins_with_text(h, "SFI-USED ");
}

static bool
kind_is_map(const struct head *h)
{
    return kind_begins_with_text(h, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                                    "id=\"libsfi-map\"");
}

static bool
kind_is_image(const struct head *h)
{
    return kind_begins_with_text(h, "SFIMAGIC");
}

static bool
kind_is_module(const struct head *h)
{
    return kind_begins_with_text(h, "SMIMAGIC");
}

static bool
kind_is_license(const struct head *h)
{
    return h->size == RECORD_FILE_LEN && (kind_begins_with_text(h, "SFI.") ||
                                          kind_begins_with_text(h, "SFIL"));
}

/* A certificate begins with a product id: 8 of 0-9 A-F. */
static bool
kind_is_certificate(const struct head *h)
{
    if (h->size != RECORD_FILE_LEN || h->len < 8)
        return false;
    for (size_t i = 0; i < 8; i++) {
        if (memchr("0123456789ABCDEF", h->data[i], 16) == NULL)
            return false;
    }
    return true;
}

static bool
kind_is_receipt(const struct head *h)
{
    return h->size == RECEIPT_FILE_LEN && kind_begins_with_text(h, "SFRC");
}

static bool
kind_is_elf(const struct head *h)
{
    return kind_begins_with(h,
                            "\x7f"
                            "ELF",
                            4);
}

/* The bytes of a line of hexadecimal digits that begins at `at`; a line end or
 * the file's end must follow.  0: it is something else. */
static size_t
kind_decode_line(const struct head *h, size_t at, uint8_t out[256])
{
    size_t n = 0;

    while (n < 256 && at + 1 < h->len) {
        int high = sfi__hex_digit(h->data[at]);
        int low = sfi__hex_digit(h->data[at + 1]);

        if (high < 0 || low < 0)
            break;
        out[n++] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    if (at < h->len && memchr("\r\n \t", h->data[at], 4) == NULL)
        return 0;
    return n;
}

static uint8_t
kind_sum_bytes(const uint8_t *data, size_t len)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + data[i]);
    return sum;
}

/* A whole first record of Intel HEX, or of S-records, with its checksum. */
static bool
kind_is_hex_text(const struct head *h)
{
    uint8_t line[256];
    size_t n;

    if (kind_begins_with_text(h, ":")) {
        n = kind_decode_line(h, 1, line);
        return n >= 5 && n == (size_t)line[0] + 5 &&
               kind_sum_bytes(line, n) == 0;
    }
    if (h->len < 2 || h->data[0] != 'S' || h->data[1] < '0' || h->data[1] > '9')
        return false;
    n = kind_decode_line(h, 2, line);
    return n >= 4 && n == (size_t)line[0] + 1 &&
           kind_sum_bytes(line, n) == 0xff;
}

/* ST's UM0391. */
static bool
kind_is_dfuse(const struct head *h)
{
    return kind_begins_with_text(h, "DfuSe");
}

static bool
kind_is_firmware(const struct head *h)
{
    return kind_is_elf(h) || kind_is_dfuse(h) || kind_is_hex_text(h);
}

/* Comments, then the kind of the link. */
static bool
kind_is_trace(const struct head *h)
{
    struct head rest = *h;

    while (rest.len > 0 && rest.data[0] == '#') {
        const uint8_t *end = memchr(rest.data, '\n', rest.len);

        if (end == NULL)
            return false;
        rest.len -= (size_t)(end + 1 - rest.data);
        rest.data = end + 1;
    }
    return kind_begins_with_text(&rest, "kind ");
}

static bool
kind_is_json(const struct head *h)
{
    return kind_begins_with_text(h, "{\"") || kind_begins_with_text(h, "{\n");
}

/* Random bytes show only their number.  Last, because the others look closer.
 */
static bool
kind_is_key(const struct head *h)
{
    return h->size == NONCE_FILE_LEN || h->size == KEY_FILE_LEN ||
           h->size == LONG_KEY_FILE_LEN;
}

/* In this order; `is` NULL: not told by content. */
static const struct {
    uint32_t kind;
    bool kept;
    const char *name;
    bool (*is)(const struct head *h);
} kinds[] = {
    {SFI_FILE_ABSENT, false, "nothing", NULL},
    {SFI_FILE_SPECIAL, false, "not a regular file", NULL},
    {SFI_FILE_EMPTY, false, "an empty file", NULL},
    {SFI_FILE_DATABASE, true, "a vault or other SQLite database",
     kind_is_database},
    {SFI_FILE_CREDENTIAL, true, "a key or certificate in PEM or DER",
     kind_is_credential},
    {SFI_FILE_PERSONALIZATION, true, "a personalisation file",
     kind_is_personalization},
    {SFI_FILE_AUDIT, true, "an audit log", kind_is_audit},
    {SFI_FILE_NONCES, true, "a register of used nonces", kind_is_nonces},
    {SFI_FILE_LICENSE, true, "a licence", kind_is_license},
    {SFI_FILE_CERTIFICATE, true, "a chip's certificate", kind_is_certificate},
    {SFI_FILE_RECEIPT, true, "a chip's receipt", kind_is_receipt},
    {SFI_FILE_IMAGE, false, "an .sfi image", kind_is_image},
    {SFI_FILE_MODULE, false, "an .smi module", kind_is_module},
    {SFI_FILE_FIRMWARE, false, "an ELF, Intel HEX, S-record or DfuSe file",
     kind_is_firmware},
    {SFI_FILE_TRACE, false, "a trace", kind_is_trace},
    {SFI_FILE_MAP, false, "a map of an image", kind_is_map},
    {SFI_FILE_JSON, false, "a JSON file", kind_is_json},
    {SFI_FILE_KEY, true, "a key or a nonce, or a file of that length",
     kind_is_key},
    {SFI_FILE_OTHER, false, "a file of another kind", NULL},
};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

uint32_t
sfi__file_kind_of(const uint8_t *head, size_t len, uint64_t size)
{
    struct head h = {head, len, size};

    if (size == 0)
        return SFI_FILE_EMPTY;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kinds[i].is != NULL && kinds[i].is(&h))
            return kinds[i].kind;
    }
    return SFI_FILE_OTHER;
}

static size_t
kind_find_row(uint32_t kind)
{
    size_t i = 0;

    while (i < KIND_COUNT - 1 && kinds[i].kind != kind)
        i++;
    return i;
}

const char *
sfi_file_kind_name(uint32_t kind)
{
    return kinds[kind_find_row(kind)].name;
}

bool
sfi__file_kind_is_kept(uint32_t kind)
{
    return kinds[kind_find_row(kind)].kept;
}

/* ---- files ---- */

/* 0 or an errno. */
static int
kind_read_head(const char *path, uint32_t *kind)
{
    uint8_t data[FILE_KIND_HEAD];
    struct file_in f;
    size_t len = 0;
    int err = sfi__file_open(&f, path);

    if (err != 0)
        return err;
    err = sfi__file_fill(&f, data, sizeof(data), &len);
    if (err == 0)
        *kind = sfi__file_kind_of(data, len, len > f.size ? len : f.size);
    sfi__wipe(data, sizeof(data));
    sfi__file_close(&f);
    return err;
}

/* Is it a vault?  One that is in use is not opened: file_guard.h. */
static sfi_status
kind_ask_guard(sfi_ctx *ctx, const char *path, bool *is)
{
    struct sfi_error before;
    sfi_status st;

    sfi__error_keep(ctx, &before);
    st = sfi__file_guard_check(ctx, path);
    *is = st == SFI_ERR_ACCESS;
    if (!*is)
        return st;
    sfi__error_restore(ctx, &before);
    return SFI_OK;
}

sfi_status
sfi__file_kind(sfi_ctx *ctx, const char *path, uint32_t *kind)
{
    bool vault;
    sfi_status st = kind_ask_guard(ctx, path, &vault);
    int err;

    *kind = SFI_FILE_DATABASE;
    if (st != SFI_OK || vault)
        return st;
    *kind = SFI_FILE_SPECIAL;
    if (sfi__file_is_special(path))
        return SFI_OK;
    *kind = SFI_FILE_ABSENT;
    err = kind_read_head(path, kind);
    if (err == 0 || err == ENOENT || err == ENOTDIR)
        return SFI_OK;
    (void)sfi__fail_os(ctx, sfi__os_status(err), err,
                       "cannot read the file, to see what it is");
    return sfi__where(ctx, "%s", path);
}

sfi_status
sfi_ctx_file_kind(sfi_ctx *ctx, const char *path, uint32_t *kind)
{
    if (kind != NULL)
        *kind = SFI_FILE_ABSENT;
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, path != NULL);
    SFI_ARG(ctx, kind != NULL);
    return sfi__file_kind(ctx, path, kind);
}

/* ---- the rule for outputs ---- */

sfi_status
sfi__file_kind_refuse(sfi_ctx *ctx, const char *path, uint32_t kind)
{
    const char *name = sfi_file_kind_name(kind);

    if (kind == SFI_FILE_DATABASE)
        (void)sfi__fail(ctx, SFI_ERR_ACCESS, "refusing to overwrite %s", name);
    else
        (void)sfi__fail(ctx, SFI_ERR_ACCESS,
                        "refusing to replace %s: remove it yourself, or choose "
                        "another name",
                        name);
    return sfi__where(ctx, "%s", path);
}

/* May an output of kind `own` take the place of a file of kind `there`?  Two
 * files of the same kind may be equal; sfi__output_end() compares them. */
static sfi_status
kind_check_replace(sfi_ctx *ctx, const char *path, uint32_t there, uint32_t own,
                   bool replace)
{
    if (there == SFI_FILE_ABSENT || there == SFI_FILE_SPECIAL ||
        there == SFI_FILE_EMPTY)
        return SFI_OK;
    if (there == own && own != SFI_FILE_DATABASE && own != SFI_FILE_OTHER)
        return SFI_OK;
    if (sfi__file_kind_is_kept(there))
        return sfi__file_kind_refuse(ctx, path, there);
    if (replace)
        return SFI_OK;
    (void)sfi__fail(ctx, SFI_ERR_ACCESS,
                    "%s has this name, and is replaced only when that is asked "
                    "for",
                    sfi_file_kind_name(there));
    return sfi__where(ctx, "%s", path);
}

sfi_status
sfi__file_kind_check(sfi_ctx *ctx, const char *path, uint32_t own, bool replace)
{
    uint32_t there;
    sfi_status st = sfi__file_kind(ctx, path, &there);

    return st == SFI_OK ? kind_check_replace(ctx, path, there, own, replace)
                        : st;
}

sfi_status
sfi_ctx_check_output(sfi_ctx *ctx, const char *path, uint32_t kind,
                     uint32_t flags)
{
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, path != NULL);
    SFI_ARG(ctx, (flags & ~(uint32_t)SFI_REPLACE) == 0);
    return sfi__file_kind_check(ctx, path, kind, (flags & SFI_REPLACE) != 0);
}
