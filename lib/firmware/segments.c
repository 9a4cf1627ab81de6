/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The loader's work: turn runs in the order of the file into segments in the
 * order of addresses. */
#include "firmware/load.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"

#define ADDRESS_END ((uint64_t)UINT32_MAX + 1)
#define PLACE_TEXT_MAX 32u

void
sfi__loader_init(struct load *l, sfi_ctx *ctx, const char *name,
                 const struct format *format)
{
    sfi__zero(l, sizeof(*l));
    l->ctx = ctx;
    l->name = name;
    l->format = format;
    sfi__buf_init(&l->runs, &ctx->alloc, false);
    sfi__buf_init(&l->data, &ctx->alloc, false);
}

void
sfi__loader_free(struct load *l)
{
    sfi__buf_free(&l->runs);
    sfi__buf_free(&l->data);
}

/* The current place, as in an error's `where`: "12", "segment 2". */
static void
loader_format_place(const struct load *l, char *out, size_t cap)
{
    if (l->place == FIRMWARE_PLACE_NONE || l->format->place == NULL)
        out[0] = '\0';
    else if (l->format->line != NULL)
        sfi__text_format(out, cap, "%u", l->place);
    else
        sfi__text_format(out, cap, "%s %u", l->format->place, l->place);
}

static sfi_status
loader_fail_va(struct load *l, size_t column, sfi_status st, const char *fmt,
               va_list args)
{
    char message[SFI_ERROR_MESSAGE_MAX];
    char where[32];

    sfi__text_vformat(message, sizeof(message), fmt, args);
    (void)sfi__fail(l->ctx, st, "%s", message);
    if (column > 0)
        (void)sfi__where(l->ctx, "%zu", l->padding + column);
    loader_format_place(l, where, sizeof(where));
    if (where[0] == '\0')
        return st;
    return sfi__where(l->ctx, "%s", where);
}

sfi_status
sfi__loader_fail(struct load *l, sfi_status st, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    st = loader_fail_va(l, 0, st, fmt, args);
    va_end(args);
    return st;
}

sfi_status
sfi__loader_fail_at(struct load *l, size_t column, sfi_status st,
                    const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    st = loader_fail_va(l, column, st, fmt, args);
    va_end(args);
    return st;
}

void
sfi__loader_warn(struct load *l, const char *fmt, ...)
{
    char message[SFI_ERROR_MESSAGE_MAX];
    char where[32];
    va_list args;

    if (l->warnings++ >= FIRMWARE_WARNINGS_MAX)
        return;
    va_start(args, fmt);
    sfi__text_vformat(message, sizeof(message), fmt, args);
    va_end(args);
    loader_format_place(l, where, sizeof(where));
    sfi__log(l->ctx, SFI_LOG_WARNING, "%s%s%s%s%s%s",
             l->name != NULL ? l->name : "",
             l->name != NULL && where[0] != '\0' ? ":" : "", where,
             l->name != NULL || where[0] != '\0' ? ": " : "", message,
             l->warnings == FIRMWARE_WARNINGS_MAX
                 ? " (further warnings are not shown)"
                 : "");
}

static sfi_status
loader_check_range(struct load *l, uint64_t address, uint64_t len)
{
    if (address < ADDRESS_END && len <= ADDRESS_END - address)
        return SFI_OK;
    return sfi__loader_fail(
        l, SFI_ERR_RANGE,
        "0x%llx bytes at 0x%08llx, expected an end of at most "
        "0xffffffff",
        (unsigned long long)len, (unsigned long long)address);
}

/* Count repeated data too: it has to be compared. */
static sfi_status
loader_count_bytes(struct load *l, uint64_t len)
{
    if (len > FIRMWARE_BYTES_MAX - l->bytes)
        return sfi__loader_fail(l, SFI_ERR_LIMIT,
                                "more than 0x%zx bytes of firmware, the limit",
                                FIRMWARE_BYTES_MAX);
    l->bytes += (size_t)len;
    return SFI_OK;
}

static struct run *
loader_runs(const struct load *l)
{
    return (struct run *)(void *)l->runs.data;
}

static size_t
loader_run_count(const struct load *l)
{
    return l->runs.len / sizeof(struct run);
}

static struct run *
loader_last_run(const struct load *l)
{
    return &loader_runs(l)[loader_run_count(l) - 1];
}

static sfi_status
loader_append_run(struct load *l, uint64_t address, size_t offset, size_t len)
{
    struct run r = {
        .address = (uint32_t)address,
        .len = (uint32_t)len,
        .place = l->place,
        .record = (uint32_t)len,
        .offset = offset,
    };

    if (!sfi__buf_append(&l->runs, &r, sizeof(r)))
        return sfi__nomem(l->ctx);
    return SFI_OK;
}

sfi_status
sfi__loader_run(struct load *l, uint64_t address, size_t offset, uint64_t len)
{
    sfi_status st = loader_check_range(l, address, len);

    if (st != SFI_OK)
        return st;
    st = loader_count_bytes(l, len);
    return st == SFI_OK ? loader_append_run(l, address, offset, (size_t)len)
                        : st;
}

/* Each byte has two characters of the text: with so much room the data never
 * moves.  The system gives memory only to what is used of it. */
static bool
loader_reserve_data(struct load *l, size_t len)
{
    uint64_t total = l->text_size / 2;

    if (total > FIRMWARE_BYTES_MAX)
        total = FIRMWARE_BYTES_MAX;
    return sfi__buf_reserve(&l->data, total < len ? len : (size_t)total);
}

sfi_status
sfi__loader_data(struct load *l, uint64_t address, const uint8_t *data,
                 size_t len)
{
    sfi_status st = loader_check_range(l, address, len);
    struct run *last = NULL;

    if (st != SFI_OK)
        return st;
    st = loader_count_bytes(l, len);
    if (st != SFI_OK)
        return st;
    if (l->data.cap == 0 && !loader_reserve_data(l, len))
        return sfi__nomem(l->ctx);
    if (address == l->next_address && l->place == l->next_place)
        last = loader_last_run(l);
    if (last != NULL && len <= last->record) {
        last->len += (uint32_t)len;
    } else {
        st = loader_append_run(l, address, l->data.len, len);
        if (st != SFI_OK)
            return st;
        last = loader_last_run(l);
    }
    /* A shorter record ends the run. */
    l->next_place = len == last->record ? (uint64_t)l->place + 1 : 0;
    l->next_address = address + len;
    return sfi__buf_append(&l->data, data, len) ? SFI_OK : sfi__nomem(l->ctx);
}

size_t
sfi__loader_room(const struct load *l, uint8_t **out, size_t *len)
{
    size_t room = l->data.cap - l->data.len;

    if (l->next_place != (uint64_t)l->place + 1)
        return 0;
    if (room > FIRMWARE_BYTES_MAX - l->bytes)
        room = FIRMWARE_BYTES_MAX - l->bytes;
    *out = l->data.data + l->data.len;
    *len = loader_last_run(l)->record;
    return room / *len;
}

void
sfi__loader_grow(struct load *l, size_t records)
{
    struct run *last = loader_last_run(l);
    size_t len = records * last->record;

    last->len += (uint32_t)len;
    l->bytes += len;
    l->data.len += len;
    l->place += (uint32_t)records;
    l->next_place += records;
    l->next_address += len;
}

static int
runs_by_address(const void *a, const void *b)
{
    const struct run *x = a;
    const struct run *y = b;

    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return 0;
}

static void
loader_sort_runs(struct load *l)
{
    struct run *runs = loader_runs(l);
    size_t n = loader_run_count(l);

    for (size_t i = 1; i < n; i++) {
        if (runs_by_address(&runs[i - 1], &runs[i]) > 0) {
            qsort(runs, n, sizeof(*runs), runs_by_address);
            return;
        }
    }
}

/* What the sorted runs add up to. */
struct plan {
    size_t segments;
    uint64_t total;
    bool in_place; /* each segment is contiguous in the loader's data */
};

static struct plan
loader_plan_segments(const struct load *l)
{
    const struct run *r = loader_runs(l);
    struct plan p = {.in_place = l->base == l->data.data};
    uint64_t end = 0;

    for (size_t i = 0; i < loader_run_count(l); i++, r++) {
        uint64_t stop = (uint64_t)r->address + r->len;
        bool fresh = i == 0 || r->address > end;

        if (fresh)
            p.segments++;
        else if (r->address < end || r[-1].offset + r[-1].len != r->offset)
            p.in_place = false;
        if (fresh || r->address == end)
            p.total += r->len;
        else if (stop > end)
            p.total += stop - end;
        if (fresh || stop > end)
            end = stop;
    }
    /* Do not keep a large file for a small firmware in it. */
    if (l->data.len / 2 > p.total)
        p.in_place = false;
    return p;
}

/* The first of the sorted runs that contains this address. */
static const struct run *
loader_find_run(const struct load *l, uint32_t address)
{
    const struct run *r = loader_runs(l);

    while (address < r->address || address - r->address >= r->len)
        r++;
    return r;
}

static uint32_t
run_place_at(const struct run *r, uint32_t address)
{
    return r->place + (address - r->address) / r->record;
}

/* Make the later of two places the current one and return the earlier. */
static uint32_t
loader_later_place(struct load *l, const struct run *r, uint32_t address)
{
    uint32_t a = run_place_at(loader_find_run(l, address), address);
    uint32_t b = run_place_at(r, address);

    l->place = a > b ? a : b;
    return a > b ? b : a;
}

/* "line 12", or what has no number. */
static const char *
place_format(const struct load *l, uint32_t place, char out[PLACE_TEXT_MAX])
{
    if (place == FIRMWARE_PLACE_NONE)
        (void)sfi__text_copy(out, PLACE_TEXT_MAX, "a section in no segment");
    else
        sfi__text_format(out, PLACE_TEXT_MAX, "%s %u", l->format->place, place);
    return out;
}

/* The first `len` bytes of a run are already in a segment: they must be equal.
 */
static sfi_status
loader_check_overlap(struct load *l, const struct run *r, const uint8_t *old,
                     size_t len)
{
    const uint8_t *new = l->base + r->offset;
    uint32_t address = r->address;
    char text[PLACE_TEXT_MAX];
    uint32_t first;

    if (sfi__equal(old, new, len)) {
        if (l->warnings >= FIRMWARE_WARNINGS_MAX)
            return SFI_OK;
        first = loader_later_place(l, r, address);
        sfi__loader_warn(l, "%zu bytes at 0x%08x repeat those of %s", len,
                         address, place_format(l, first, text));
        return SFI_OK;
    }
    while (*old == *new) {
        old++;
        new ++;
        address++;
    }
    first = loader_later_place(l, r, address);
    return sfi__loader_fail(
        l, SFI_ERR_OVERLAP,
        "data at 0x%08x differs from %s, which has the same address", address,
        place_format(l, first, text));
}

/* How many bytes of a run the segment before it already has. */
static size_t
run_overlap_length(const struct segment *s, const struct run *r)
{
    uint64_t end = (uint64_t)s->address + s->len;

    if (end <= r->address)
        return 0;
    return end - r->address < r->len ? (size_t)(end - r->address) : r->len;
}

static bool
segment_touches_run(const struct segment *s, const struct run *r)
{
    return (uint64_t)s->address + s->len >= r->address;
}

/* Fill in the segments; `out` receives the bytes, NULL if they stay in place.
 */
static sfi_status
loader_fill_segments(struct load *l, struct sfi_firmware *fw, uint8_t *out)
{
    const struct run *r = loader_runs(l);
    struct segment *s = NULL;

    for (size_t i = 0; i < loader_run_count(l); i++, r++) {
        size_t skip;

        if (s == NULL || !segment_touches_run(s, r)) {
            s = &fw->segments[fw->count++];
            s->address = r->address;
            s->data = out != NULL ? out : l->base + r->offset;
        }
        skip = run_overlap_length(s, r);
        if (skip > 0) {
            sfi_status st = loader_check_overlap(
                l, r, s->data + (r->address - s->address), skip);

            if (st != SFI_OK)
                return st;
        }
        if (out != NULL) {
            memcpy(out, l->base + r->offset + skip, r->len - skip);
            out += r->len - skip;
        }
        s->len += r->len - skip;
    }
    return SFI_OK;
}

sfi_status
sfi__loader_finish(struct load *l, struct sfi_firmware *fw)
{
    struct plan p;
    sfi_status st;

    if (loader_run_count(l) == 0)
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         "no data, expected at least one byte of firmware");
    if (l->base == NULL)
        l->base = l->data.data;
    fw->machine = l->machine;
    loader_sort_runs(l);
    p = loader_plan_segments(l);
    if (p.segments > FIRMWARE_SEGMENTS_MAX)
        return sfi__fail(l->ctx, SFI_ERR_LIMIT,
                         "%zu separate segments, the limit is %u", p.segments,
                         FIRMWARE_SEGMENTS_MAX);
    fw->segments = sfi__ctx_alloc(l->ctx, p.segments * sizeof(fw->segments[0]));
    if (fw->segments == NULL)
        return SFI_ERR_NOMEM;
    if (!p.in_place) {
        if (!sfi__buf_reserve(&fw->bytes, (size_t)p.total))
            return sfi__nomem(l->ctx);
        fw->bytes.len = (size_t)p.total;
        return loader_fill_segments(l, fw, fw->bytes.data);
    }
    st = loader_fill_segments(l, fw, NULL);
    fw->bytes = l->data;
    sfi__buf_init(&l->data, &l->ctx->alloc, false);
    return st;
}
