/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Writes a firmware as Intel HEX, as S-records or as a plain binary. */
#include <string.h>

#include "util/mem.h"
#include "util/text.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/file_kind.h"
#include "core/files.h"
#include "firmware/load.h"

SFI_ABI_PIN(sfi_firmware_save_options, reserved);

#define SAVE_FLAGS (SFI_REPLACE | SFI_FIRMWARE_PRIVATE)
/* Bytes of a record: lines of both formats stay below 80 characters. */
#define RECORD_DATA 16u
#define RECORD_TEXT (2 * (RECORD_DATA + 8) + 4)
/* Intel HEX: an extended linear address is the upper half of an address. */
#define IHEX_DATA 0u
#define IHEX_END 1u
#define IHEX_UPPER 4u
#define NO_UPPER 0x10000u
/* A header without a name. */
#define SREC_HEAD "S0030000FC\n"
#define SREC_HEAD_LEN (sizeof(SREC_HEAD) - 1)

enum save_format { SAVE_BIN, SAVE_IHEX, SAVE_SREC };

static const char *const save_names[] = {"bin", "ihex", "srec"};

struct saver {
    struct output file;
    sfi_status failed; /* the first failure; sticky */
    size_t len;        /* in `text` */
    uint8_t text[16384];
};

const char *
sfi_firmware_format_by_name(const char *path)
{
    static const struct {
        const char *end;
        enum save_format format;
    } ends[] = {{".hex", SAVE_IHEX}, {".ihex", SAVE_IHEX}, {".srec", SAVE_SREC},
                {".s19", SAVE_SREC}, {".s28", SAVE_SREC},  {".s37", SAVE_SREC},
                {".mot", SAVE_SREC}};
    size_t len = path != NULL ? strlen(path) : 0;

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t n = strlen(ends[i].end);

        if (len >= n && sfi__text_same(path + len - n, ends[i].end))
            return save_names[ends[i].format];
    }
    return save_names[SAVE_BIN];
}

/* ---- the file ---- */

static void
saver_flush(struct saver *s)
{
    if (s->failed == SFI_OK && s->len > 0)
        s->failed = sfi__output_write(&s->file, s->text, s->len);
    s->len = 0;
}

/* Room for `len` bytes, which are at most a record's text. */
static uint8_t *
saver_room(struct saver *s, size_t len)
{
    uint8_t *at;

    if (sizeof(s->text) - s->len < len)
        saver_flush(s);
    at = s->text + s->len;
    s->len += len;
    return at;
}

static void
saver_put_hex(struct saver *s, const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t *at = saver_room(s, 2 * len);

    for (size_t i = 0; i < len; i++) {
        *at++ = (uint8_t)digits[data[i] >> 4];
        *at++ = (uint8_t)digits[data[i] & 15];
    }
}

static uint8_t
save_sum(const uint8_t *data, size_t len)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + data[i]);
    return sum;
}

/* A record is these bytes, its check and the end of the line. */
static void
saver_put_record(struct saver *s, const char *begin, const uint8_t *record,
                 size_t len, uint8_t check)
{
    size_t n = strlen(begin);

    memcpy(saver_room(s, n), begin, n);
    saver_put_hex(s, record, len);
    saver_put_hex(s, &check, 1);
    *saver_room(s, 1) = '\n';
}

/* Length, address, type, data, and the two's complement of their sum. */
static void
saver_put_ihex(struct saver *s, unsigned type, uint32_t address,
               const uint8_t *data, size_t len)
{
    uint8_t r[4 + RECORD_DATA] = {(uint8_t)len, (uint8_t)(address >> 8),
                                  (uint8_t)address, (uint8_t)type};

    if (len > 0)
        memcpy(r + 4, data, len);
    saver_put_record(s, ":", r, 4 + len, (uint8_t)-save_sum(r, 4 + len));
}

/* Length, a 32-bit address, data, and the one's complement of their sum. */
static void
saver_put_srec(struct saver *s, const char *type, uint32_t address,
               const uint8_t *data, size_t len)
{
    uint8_t r[5 + RECORD_DATA] = {(uint8_t)(len + 5), (uint8_t)(address >> 24),
                                  (uint8_t)(address >> 16),
                                  (uint8_t)(address >> 8), (uint8_t)address};

    if (len > 0)
        memcpy(r + 5, data, len);
    saver_put_record(s, type, r, 5 + len, (uint8_t)~save_sum(r, 5 + len));
}

/* ---- formats ---- */

static void
save_ihex(struct saver *s, const sfi_firmware *fw)
{
    uint32_t upper = NO_UPPER;

    for (size_t i = 0; i < fw->count; i++) {
        const struct segment *g = &fw->segments[i];

        for (size_t at = 0; at < g->len;) {
            uint32_t here = g->address + (uint32_t)at;
            size_t n = RECORD_DATA - here % RECORD_DATA;

            n = n < g->len - at ? n : g->len - at;
            if (here >> 16 != upper) {
                uint8_t high[2] = {(uint8_t)(here >> 24),
                                   (uint8_t)(here >> 16)};

                upper = here >> 16;
                saver_put_ihex(s, IHEX_UPPER, 0, high, sizeof(high));
            }
            saver_put_ihex(s, IHEX_DATA, here, g->data + at, n);
            at += n;
        }
    }
    saver_put_ihex(s, IHEX_END, 0, NULL, 0);
}

static void
save_srec(struct saver *s, const sfi_firmware *fw)
{
    memcpy(saver_room(s, SREC_HEAD_LEN), SREC_HEAD, SREC_HEAD_LEN);
    for (size_t i = 0; i < fw->count; i++) {
        const struct segment *g = &fw->segments[i];

        for (size_t at = 0; at < g->len; at += RECORD_DATA) {
            size_t n = g->len - at < RECORD_DATA ? g->len - at : RECORD_DATA;

            saver_put_srec(s, "S3", g->address + (uint32_t)at, g->data + at, n);
        }
    }
    saver_put_srec(s, "S7", fw->segments[0].address, NULL, 0);
}

static void
saver_fill_gap(struct saver *s, uint8_t fill, size_t len)
{
    while (len > 0) {
        size_t n = len < RECORD_TEXT ? len : RECORD_TEXT;

        sfi__fill(saver_room(s, n), fill, n);
        len -= n;
    }
}

static void
save_bin(struct saver *s, const sfi_firmware *fw, uint8_t fill)
{
    uint64_t next = fw->segments[0].address;

    for (size_t i = 0; i < fw->count; i++) {
        const struct segment *g = &fw->segments[i];

        saver_fill_gap(s, fill, (size_t)(g->address - next));
        saver_flush(s);
        if (s->failed == SFI_OK)
            s->failed = sfi__output_write(&s->file, g->data, g->len);
        next = (uint64_t)g->address + g->len;
    }
}

/* ---- all ---- */

static uint64_t
save_span(const sfi_firmware *fw)
{
    const struct segment *last = &fw->segments[fw->count - 1];

    return (uint64_t)last->address + last->len - fw->segments[0].address;
}

/* Islands stay islands, unless the caller says what is between them. */
static sfi_status
save_check_gaps(const sfi_firmware *fw, const sfi_firmware_save_options *o)
{
    const struct segment *g = fw->segments;

    if (fw->count > 1 && o->fill == 0)
        return sfi__fail(
            fw->obj.ctx, SFI_ERR_FORMAT,
            "%zu segments, the first gap is from 0x%08llx to 0x%08x: a plain "
            "binary needs one segment, or a byte to fill gaps; Intel HEX or "
            "S-records need neither",
            fw->count, (unsigned long long)g[0].address + g[0].len,
            g[1].address - 1);
    if (save_span(fw) > FIRMWARE_BYTES_MAX)
        return sfi__fail(fw->obj.ctx, SFI_ERR_LIMIT,
                         "0x%llx bytes with its gaps, the limit is 0x%zx",
                         (unsigned long long)save_span(fw), FIRMWARE_BYTES_MAX);
    return SFI_OK;
}

/* Bytes as many as a key has count as one, which only the same ones replace. */
static uint32_t
save_file_kind(const sfi_firmware *fw, enum save_format format)
{
    static const uint8_t none[1];
    uint32_t kind;

    if (format != SAVE_BIN)
        return SFI_FILE_FIRMWARE;
    kind = sfi__file_kind_of(none, sizeof(none), save_span(fw));
    return kind == SFI_FILE_KEY ? kind : SFI_FILE_OTHER;
}

static sfi_status
save_write(struct saver *s, const sfi_firmware *fw, const char *path,
           enum save_format format, const sfi_firmware_save_options *o)
{
    sfi_status st = sfi__output_begin(
        fw->obj.ctx, &s->file, path, save_file_kind(fw, format),
        (o->flags & SFI_FIRMWARE_PRIVATE) != 0 ? 0600 : 0644);

    if (st != SFI_OK)
        return st;
    if (format == SAVE_IHEX)
        save_ihex(s, fw);
    else if (format == SAVE_SREC)
        save_srec(s, fw);
    else
        save_bin(s, fw, (uint8_t)o->fill);
    saver_flush(s);
    if (s->failed == SFI_OK)
        return sfi__output_end(&s->file);
    sfi__output_abort(&s->file);
    return s->failed;
}

static sfi_status
save_to_path(const sfi_firmware *fw, const char *path, enum save_format format,
             const sfi_firmware_save_options *o)
{
    sfi_ctx *ctx = fw->obj.ctx;
    struct saver *s;
    sfi_status st = sfi__file_kind_check(ctx, path, save_file_kind(fw, format),
                                         (o->flags & SFI_REPLACE) != 0);

    if (st == SFI_OK && format == SAVE_BIN) {
        st = save_check_gaps(fw, o);
        if (st != SFI_OK)
            (void)sfi__where(ctx, "%s", path);
    }
    if (st != SFI_OK)
        return st;
    s = sfi__ctx_alloc(ctx, sizeof(*s));
    if (s == NULL)
        return SFI_ERR_NOMEM;
    st = save_write(s, fw, path, format, o);
    sfi__wipe(s, sizeof(*s));
    sfi__ctx_dealloc(ctx, s);
    return st;
}

static sfi_status
save_find_format(const sfi_firmware *fw, const char *name,
                 enum save_format *out)
{
    for (*out = SAVE_BIN; *out <= SAVE_SREC; (*out)++) {
        if (strcmp(save_names[*out], name) == 0)
            return SFI_OK;
    }
    return sfi__fail(fw->obj.ctx, SFI_ERR_ARGUMENT,
                     "unknown format \"%s\", expected ihex, srec or bin", name);
}

sfi_status
sfi_firmware_save(const sfi_firmware *fw, const char *path,
                  const sfi_firmware_save_options *opts)
{
    sfi_firmware_save_options o = {.struct_size = sizeof(o)};
    enum save_format format;
    sfi_status st = SFI_OK;

    SFI_ENTER(fw, FIRMWARE);
    SFI_ARG(fw, path != NULL);
    if (opts != NULL)
        st = SFI_ABI_IN(fw, sfi_firmware_save_options, &o, opts);
    if (st != SFI_OK)
        return st;
    SFI_ARG(fw, (o.flags & ~SAVE_FLAGS) == 0 && o.reserved == 0);
    SFI_ARG(fw, o.fill == 0 || (o.fill & ~0xffu) == SFI_FIRMWARE_FILL(0));
    st = save_find_format(
        fw, o.format != NULL ? o.format : sfi_firmware_format_by_name(path),
        &format);
    return st == SFI_OK ? save_to_path(fw, path, format, &o) : st;
}
