/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The public functions of firmware: choose the format, read the file in pieces,
 * and make the set of segments. */
#include "firmware/firmware.h"

#include <string.h>

#include "util/file.h"
#include "util/text.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "firmware/lines.h"
#include "firmware/load.h"

SFI_ABI_PIN(sfi_firmware_options, skip_section_count);

/* A file is read in pieces of this size: longer than any line, so that each
 * piece holds at least one. */
#define PIECE_LEN ((size_t)256 * 1024)

static const struct format *const formats[] = {
    &sfi__format_elf,  &sfi__format_dfuse, &sfi__format_ihex,
    &sfi__format_srec, &sfi__format_bin,   &sfi__format_raw,
};
#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

#define SEGMENT_FLAGS \
    (SFI_FIRMWARE_SEGMENT_WRAPS | SFI_FIRMWARE_SEGMENT_RUNS_ON)
#define ALL_FLAGS                                 \
    (SFI_FIRMWARE_NO_END_RECORD | SEGMENT_FLAGS | \
     SFI_FIRMWARE_VIRTUAL_ADDRESS | SFI_FIRMWARE_PAST_END)

/* How to read a file. */
struct load_options {
    const struct format *format; /* NULL: the content decides */
    uint64_t address;            /* of a plain binary */
    uint32_t flags;
    const char *const *skip; /* sections */
    size_t skip_count;
};

static void
firmware_destroy(void *self)
{
    sfi_firmware *fw = self;

    sfi__ctx_dealloc(fw->obj.ctx, fw->segments);
    sfi__ctx_dealloc(fw->obj.ctx, fw->name);
    sfi__buf_free(&fw->bytes);
    sfi__obj_unref(fw->source);
}

static const struct format *
format_find_by_name(const char *name)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    }
    return NULL;
}

static const struct format *
format_find_by_extension(const char *path)
{
    const char *dot = path != NULL ? strrchr(path, '.') : NULL;

    for (size_t i = 0; dot != NULL && i < FORMAT_COUNT; i++) {
        for (const char *const *e = formats[i]->extensions; *e != NULL; e++) {
            if (sfi__text_same(*e, dot + 1))
                return formats[i];
        }
    }
    return NULL;
}

bool
sfi__firmware_matches(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (formats[i]->matches(data, len))
            return true;
    }
    return false;
}

/* The content decides.  When no format matches, the extension may choose one,
 * so that the error says what is wrong with a file of that format. */
static sfi_status
firmware_detect_format(sfi_ctx *ctx, const char *path, const uint8_t *data,
                       size_t len, const struct format **out)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (formats[i]->matches(data, len)) {
            *out = formats[i];
            return SFI_OK;
        }
    }
    *out = format_find_by_extension(path);
    if (*out != NULL)
        return SFI_OK;
    if (len == 0)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "empty, expected ELF, Intel HEX, S-records or DfuSe");
    return sfi__fail(ctx, SFI_ERR_FORMAT,
                     "neither ELF nor Intel HEX, S-records or DfuSe; a plain "
                     "binary needs an address");
}

static void
firmware_init_loader(struct load *l, sfi_ctx *ctx, const char *name,
                     const struct load_options *how)
{
    sfi__loader_init(l, ctx, name, how->format);
    l->address = how->address;
    l->flags = how->flags;
    l->skip = how->skip;
    l->skip_count = how->skip_count;
}

/* A name that is not there is probably mistyped. */
static void
firmware_warn_of_skips(struct load *l)
{
    l->place = FIRMWARE_PLACE_NONE;
    for (size_t i = 0; i < l->skip_count; i++) {
        if ((l->skipped >> i & 1) == 0)
            sfi__loader_warn(l, "no section %.64s, which was to be left out",
                             l->skip[i]);
    }
}

static sfi_status
firmware_parse_text(struct load *l, const uint8_t *data, size_t len)
{
    size_t used;
    sfi_status st = sfi__lines_feed(l, data, len, true, &used);

    return st == SFI_OK ? l->format->end(l) : st;
}

/* Parse data in memory; the segments get copies. */
static sfi_status
firmware_parse_memory(struct load *l, const uint8_t *data, size_t len,
                      sfi_firmware *fw)
{
    sfi_status st;

    if (l->format->line != NULL) {
        l->text_size = len;
        st = firmware_parse_text(l, data, len);
    } else {
        l->base = data;
        st = l->format->whole(l, data, len);
    }
    return st == SFI_OK ? sfi__loader_finish(l, fw) : st;
}

/* A file being read, and its current piece. */
struct source {
    struct file_in file;
    struct buf piece;
    bool last;
};

static sfi_status
firmware_read_failed(sfi_ctx *ctx, int err)
{
    return sfi__fail_os(ctx, sfi__os_status(err), err, "cannot read");
}

/* Read until the piece has `len` bytes, or the file ends. */
static sfi_status
source_fill(sfi_ctx *ctx, struct source *s, size_t len)
{
    size_t want = len - s->piece.len;
    size_t got;
    int err;

    if (!sfi__buf_reserve(&s->piece, want))
        return sfi__nomem(ctx);
    err = sfi__file_fill(&s->file, s->piece.data + s->piece.len, want, &got);
    if (err != 0)
        return firmware_read_failed(ctx, err);
    s->piece.len += got;
    s->last = got < want;
    return SFI_OK;
}

/* Read a text format piece by piece: only its data is kept. */
static sfi_status
source_read_text(struct load *l, struct source *s)
{
    uint64_t total = s->piece.len;
    size_t used, left;
    sfi_status st;

    l->text_size = s->file.size;
    for (;;) {
        st = sfi__lines_feed(l, s->piece.data, s->piece.len, s->last, &used);
        if (st != SFI_OK)
            return st;
        if (s->last)
            return l->format->end(l);
        left = s->piece.len - used;
        memmove(s->piece.data, s->piece.data + used, left);
        s->piece.len = left;
        st = source_fill(l->ctx, s, PIECE_LEN);
        if (st != SFI_OK)
            return st;
        total += s->piece.len - left;
        if (total > FIRMWARE_TEXT_MAX)
            return sfi__loader_fail(l, SFI_ERR_LIMIT,
                                    "more than %llu characters, the limit",
                                    (unsigned long long)FIRMWARE_TEXT_MAX);
    }
}

/* Read a binary format whole; its segments may point into the file's bytes. */
static sfi_status
source_read_whole(struct load *l, struct source *s)
{
    size_t want = PIECE_LEN;

    if (s->file.size >= want && s->file.size <= FIRMWARE_FILE_MAX)
        want = (size_t)s->file.size + 1; /* one more, to see the end */
    while (!s->last) {
        sfi_status st;

        if (s->piece.len > FIRMWARE_FILE_MAX ||
            s->file.size > FIRMWARE_FILE_MAX)
            return sfi__fail(l->ctx, SFI_ERR_LIMIT,
                             "longer than 0x%zx bytes, the limit",
                             FIRMWARE_FILE_MAX);
        st = source_fill(l->ctx, s, want);
        if (st != SFI_OK)
            return st;
        want = s->piece.len + s->piece.len / 2 + PIECE_LEN;
    }
    l->data = s->piece;
    sfi__buf_init(&s->piece, &l->ctx->alloc, false);
    l->base = l->data.data;
    return l->format->whole(l, l->data.data, l->data.len);
}

static sfi_status
source_read_firmware(sfi_ctx *ctx, const char *path, struct load_options how,
                     struct source *s, sfi_firmware *fw)
{
    struct load l;
    sfi_status st = source_fill(ctx, s, PIECE_LEN);

    if (st == SFI_OK && how.format == NULL)
        st = firmware_detect_format(ctx, path, s->piece.data, s->piece.len,
                                    &how.format);
    if (st != SFI_OK)
        return st;
    firmware_init_loader(&l, ctx, path, &how);
    st = how.format->line != NULL ? source_read_text(&l, s)
                                  : source_read_whole(&l, s);
    if (st == SFI_OK)
        firmware_warn_of_skips(&l);
    if (st == SFI_OK)
        st = sfi__loader_finish(&l, fw);
    fw->format = how.format->name;
    sfi__loader_free(&l);
    return st;
}

static sfi_status
firmware_load_path(sfi_ctx *ctx, const char *path, struct load_options how,
                   sfi_firmware *fw)
{
    struct source s = {0};
    sfi_status st;
    int err = sfi__file_open(&s.file, path);

    if (err != 0) {
        st = firmware_read_failed(ctx, err);
    } else {
        sfi__buf_init(&s.piece, &ctx->alloc, false);
        st = source_read_firmware(ctx, path, how, &s, fw);
        sfi__buf_free(&s.piece);
        sfi__file_close(&s.file);
    }
    return st == SFI_OK ? SFI_OK : sfi__where(ctx, "%s", path);
}

sfi_firmware *
sfi__firmware_new(sfi_ctx *ctx, const char *name)
{
    sfi_firmware *fw =
        sfi__obj_new(ctx, OBJ_FIRMWARE, sizeof(*fw), firmware_destroy);

    if (fw == NULL)
        return NULL;
    sfi__buf_init(&fw->bytes, &ctx->alloc, false);
    if (name == NULL)
        return fw;
    fw->name = sfi__ctx_alloc(ctx, strlen(name) + 1);
    if (fw->name == NULL) {
        sfi__obj_unref(fw);
        return NULL;
    }
    memcpy(fw->name, name, strlen(name) + 1);
    return fw;
}

/* Give the firmware to the caller on success, otherwise release it. */
static sfi_status
firmware_hand_out(sfi_firmware *fw, sfi_status st, sfi_firmware **out)
{
    if (st == SFI_OK)
        *out = fw;
    else
        sfi__obj_unref(fw);
    return st;
}

static sfi_status
firmware_new_from_path(sfi_ctx *ctx, const char *path, struct load_options how,
                       sfi_firmware **out)
{
    sfi_firmware *fw = sfi__firmware_new(ctx, path);

    if (fw == NULL)
        return SFI_ERR_NOMEM;
    return firmware_hand_out(fw, firmware_load_path(ctx, path, how, fw), out);
}

sfi_status
sfi_firmware_load(sfi_ctx *ctx, const char *path, sfi_firmware **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, path != NULL);
    return firmware_new_from_path(ctx, path, (struct load_options){0}, out);
}

sfi_status
sfi_firmware_load_binary(sfi_ctx *ctx, const char *path, uint64_t address,
                         sfi_firmware **out)
{
    struct load_options how = {.format = &sfi__format_bin, .address = address};

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, path != NULL);
    return firmware_new_from_path(ctx, path, how, out);
}

static sfi_status
firmware_pick_format(sfi_ctx *ctx, const char *name, struct load_options *how)
{
    if (name == NULL && how->address != 0)
        return sfi__fail(
            ctx, SFI_ERR_ARGUMENT,
            "base address given without a format, expected format bin or raw");
    if (name == NULL)
        return SFI_OK;
    how->format = format_find_by_name(name);
    if (how->format == NULL)
        return sfi__fail(
            ctx, SFI_ERR_ARGUMENT,
            "unknown format \"%s\", expected elf, ihex, srec, dfuse, "
            "bin or raw",
            name);
    if (how->address != 0 && !how->format->has_address)
        return sfi__fail(
            ctx, SFI_ERR_ARGUMENT,
            "base address given for %s, which contains its addresses", name);
    return SFI_OK;
}

static sfi_status
firmware_check_flags(sfi_ctx *ctx, uint32_t flags)
{
    if ((flags & ~ALL_FLAGS) != 0)
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "unknown flags 0x%x, expected some of 0x%x",
                         flags & ~ALL_FLAGS, ALL_FLAGS);
    if ((flags & SEGMENT_FLAGS) == SEGMENT_FLAGS)
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "both flags for segments that wrap and that run on "
                         "are set, expected one");
    return SFI_OK;
}

static sfi_status
firmware_check_skips(sfi_ctx *ctx, const sfi_firmware_options *o)
{
    SFI_ARG(ctx, o->skip_sections != NULL || o->skip_section_count == 0);
    if (o->skip_section_count > FIRMWARE_SKIP_MAX)
        return sfi__fail(ctx, SFI_ERR_LIMIT,
                         "%zu sections to leave out, the limit is %u",
                         o->skip_section_count, FIRMWARE_SKIP_MAX);
    for (size_t i = 0; i < o->skip_section_count; i++)
        SFI_ARG(ctx, o->skip_sections[i] != NULL);
    return SFI_OK;
}

static sfi_status
firmware_read_options(sfi_ctx *ctx, const sfi_firmware_options *theirs,
                      struct load_options *how)
{
    sfi_firmware_options o;
    sfi_status st = SFI_ABI_IN(ctx, sfi_firmware_options, &o, theirs);

    if (st == SFI_OK)
        st = firmware_check_flags(ctx, o.flags);
    if (st == SFI_OK)
        st = firmware_check_skips(ctx, &o);
    if (st != SFI_OK)
        return st;
    how->skip = o.skip_sections;
    how->skip_count = o.skip_section_count;
    how->address = o.base_address;
    how->flags = o.flags;
    return firmware_pick_format(ctx, o.format, how);
}

sfi_status
sfi_firmware_load_with(sfi_ctx *ctx, const char *path,
                       const sfi_firmware_options *opts, sfi_firmware **out)
{
    struct load_options how = {0};
    sfi_status st = SFI_OK;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, path != NULL);
    if (opts != NULL)
        st = firmware_read_options(ctx, opts, &how);
    return st == SFI_OK ? firmware_new_from_path(ctx, path, how, out) : st;
}

static sfi_status
firmware_new_from_memory(sfi_ctx *ctx, struct load_options how,
                         const uint8_t *data, size_t len, sfi_firmware **out)
{
    sfi_firmware *fw = sfi__firmware_new(ctx, NULL);
    struct load l;
    sfi_status st;

    if (fw == NULL)
        return SFI_ERR_NOMEM;
    firmware_init_loader(&l, ctx, NULL, &how);
    st = firmware_parse_memory(&l, data, len, fw);
    fw->format = how.format->name;
    sfi__loader_free(&l);
    return firmware_hand_out(fw, st, out);
}

sfi_status
sfi_firmware_parse(sfi_ctx *ctx, const char *format, uint64_t base_address,
                   const uint8_t *data, size_t len, sfi_firmware **out)
{
    struct load_options how = {.address = base_address};
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, data != NULL || len == 0);
    st = firmware_pick_format(ctx, format, &how);
    if (st == SFI_OK && how.format == NULL)
        st = firmware_detect_format(ctx, NULL, data, len, &how.format);
    if (st != SFI_OK)
        return st;
    return firmware_new_from_memory(ctx, how, data, len, out);
}

const char *
sfi_firmware_format(const sfi_firmware *fw)
{
    return sfi__is(fw, OBJ_FIRMWARE) ? fw->format : "";
}

const char *
sfi_firmware_name(const sfi_firmware *fw)
{
    return sfi__is(fw, OBJ_FIRMWARE) && fw->name != NULL ? fw->name : "";
}

uint32_t
sfi_firmware_machine(const sfi_firmware *fw)
{
    return sfi__is(fw, OBJ_FIRMWARE) ? fw->machine : 0;
}

size_t
sfi_firmware_segment_count(const sfi_firmware *fw)
{
    return sfi__is(fw, OBJ_FIRMWARE) ? fw->count : 0;
}

sfi_status
sfi_firmware_segment(const sfi_firmware *fw, size_t index, uint64_t *address,
                     const uint8_t **data, size_t *len)
{
    SFI_ENTER(fw, FIRMWARE);
    SFI_ARG(fw, address != NULL);
    SFI_ARG(fw, data != NULL);
    SFI_ARG(fw, len != NULL);
    *address = 0;
    *data = NULL;
    *len = 0;
    SFI_ARG(fw, index < fw->count);
    *address = fw->segments[index].address;
    *data = fw->segments[index].data;
    *len = fw->segments[index].len;
    return SFI_OK;
}

void
sfi_firmware_free(sfi_firmware *fw)
{
    sfi__obj_free(fw, OBJ_FIRMWARE);
}
