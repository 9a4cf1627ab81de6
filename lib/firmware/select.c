/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A firmware made from the bytes of another that are at certain addresses. */
#include <string.h>

#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "chip/memory.h"
#include "firmware/load.h"

SFI_ABI_PIN(sfi_firmware_selection, flash_of);

#define KEPT 0u /* in the place of an SFI_LEFT_OUT_* */

struct selector {
    const sfi_firmware *from;
    sfi_firmware_selection how;
    sfi_firmware_left_out_fn report;
    void *user;
    sfi_firmware *out; /* NULL: only count */
    size_t count;      /* segments kept so far */
};

/* Consecutive bytes of a segment with one fate. */
struct stretch {
    size_t index; /* of the segment */
    uint64_t begin;
    uint64_t end;
    uint32_t fate; /* KEPT or SFI_LEFT_OUT_* */
};

/* Is `at` in one of the ranges?  `stop` moves down to the next address where
 * the answer may change. */
static bool
ranges_have(const sfi_firmware_range *r, size_t count, uint64_t at,
            uint64_t *stop)
{
    bool found = false;

    for (size_t i = 0; i < count; i++) {
        if (at >= r[i].first && at <= r[i].last) {
            found = true;
            if (r[i].last < *stop - 1)
                *stop = r[i].last + 1;
        } else if (at < r[i].first && r[i].first < *stop) {
            *stop = r[i].first;
        }
    }
    return found;
}

/* What becomes of the byte at `at`, and of those up to `stop`. */
static uint32_t
selector_find_fate(const struct selector *s, uint64_t at, uint64_t *stop)
{
    const sfi_firmware_selection *how = &s->how;

    if (ranges_have(how->exclude, how->exclude_count, at, stop))
        return SFI_LEFT_OUT_EXCLUDED;
    if (how->only_count > 0 &&
        !ranges_have(how->only, how->only_count, at, stop))
        return SFI_LEFT_OUT_NOT_ONLY;
    return KEPT;
}

static struct stretch
selector_next_stretch(const struct selector *s, size_t index, uint64_t begin)
{
    const struct segment *seg = &s->from->segments[index];
    uint64_t end = (uint64_t)seg->address + seg->len;
    struct stretch t = {.index = index, .begin = begin, .end = end};

    t.fate = selector_find_fate(s, begin, &t.end);
    while (t.end < end) {
        uint64_t stop = end;

        if (selector_find_fate(s, t.end, &stop) != t.fate)
            break;
        t.end = stop;
    }
    return t;
}

/* Code that runs on past the end of the flash is not cut without a word. */
static sfi_status
selector_check_flash(const struct selector *s, struct stretch *t)
{
    const struct sfi_chip *chip = s->how.flash_of;
    uint64_t base, end;

    if (chip == NULL || t->fate != KEPT)
        return SFI_OK;
    base = chip->flash.base;
    end = base + chip->flash.size;
    if (t->begin >= base && t->end <= end)
        return SFI_OK;
    if (t->end > base && t->begin < end) {
        (void)sfi__fail(s->from->obj.ctx, SFI_ERR_RANGE,
                        "0x%08llx to 0x%08llx is only partly in the flash of "
                        "%s, 0x%08llx to 0x%08llx: exclude the rest by its "
                        "addresses",
                        (unsigned long long)t->begin,
                        (unsigned long long)t->end - 1, chip->name,
                        (unsigned long long)base, (unsigned long long)end - 1);
        return sfi__where(s->from->obj.ctx, "segment %zu", t->index + 1);
    }
    t->fate = SFI_LEFT_OUT_NOT_FLASH;
    return SFI_OK;
}

static void
selector_report(const struct selector *s, const struct stretch *t)
{
    const struct chip_memory *m =
        s->how.flash_of == NULL
            ? NULL
            : sfi__chip_memory_at(s->how.flash_of, t->begin);
    sfi_firmware_left_out piece = {
        .struct_size = sizeof(piece),
        .reason = t->fate,
        .address = t->begin,
        .size = t->end - t->begin,
        .memory = m != NULL ? m->name : NULL,
        .segment = (uint32_t)(t->index + 1),
    };

    if (s->report != NULL)
        s->report(s->user, &piece);
}

static void
selector_take(struct selector *s, const struct stretch *t)
{
    const struct segment *from = &s->from->segments[t->index];
    struct segment *to = &s->out->segments[s->out->count++];

    to->address = (uint32_t)t->begin;
    to->len = (size_t)(t->end - t->begin);
    to->data = from->data + (t->begin - from->address);
}

static sfi_status
selector_walk_segment(struct selector *s, size_t index)
{
    const struct segment *seg = &s->from->segments[index];
    uint64_t end = (uint64_t)seg->address + seg->len;

    for (uint64_t at = seg->address; at < end;) {
        struct stretch t = selector_next_stretch(s, index, at);
        sfi_status st = selector_check_flash(s, &t);

        if (st != SFI_OK)
            return st;
        s->count += t.fate == KEPT;
        if (s->out != NULL && t.fate == KEPT)
            selector_take(s, &t);
        else if (s->out != NULL)
            selector_report(s, &t);
        at = t.end;
    }
    return SFI_OK;
}

static sfi_status
selector_walk(struct selector *s)
{
    s->count = 0;
    for (size_t i = 0; i < s->from->count; i++) {
        sfi_status st = selector_walk_segment(s, i);

        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

/* Before anything is made: what is left, and may it be? */
static sfi_status
selector_count(struct selector *s)
{
    sfi_ctx *ctx = s->from->obj.ctx;
    sfi_status st = selector_walk(s);

    if (st != SFI_OK)
        return st;
    if (s->count == 0)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "no byte is left: leave the file out");
    if (s->count > FIRMWARE_SEGMENTS_MAX)
        return sfi__fail(ctx, SFI_ERR_LIMIT,
                         "%zu separate segments are left, the limit is %u",
                         s->count, FIRMWARE_SEGMENTS_MAX);
    return SFI_OK;
}

static sfi_status
firmware_make_selected(struct selector *s, sfi_firmware **out)
{
    sfi_ctx *ctx = s->from->obj.ctx;
    sfi_firmware *fw = sfi__firmware_new(ctx, s->from->name);
    sfi_status st;

    if (fw == NULL)
        return SFI_ERR_NOMEM;
    fw->segments = sfi__ctx_alloc(ctx, s->count * sizeof(fw->segments[0]));
    if (fw->segments == NULL) {
        sfi__obj_unref(fw);
        return SFI_ERR_NOMEM;
    }
    fw->format = s->from->format;
    fw->machine = s->from->machine;
    fw->source = sfi__obj_ref((void *)s->from);
    s->out = fw;
    st = selector_walk(s);
    if (st == SFI_OK)
        *out = fw;
    else
        sfi__obj_unref(fw);
    return st;
}

static sfi_status
selection_check_ranges(sfi_ctx *ctx, const char *what,
                       const sfi_firmware_range *r, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (r[i].first > r[i].last || r[i].last > UINT32_MAX)
            return sfi__fail(ctx, SFI_ERR_RANGE,
                             "%s: 0x%08llx to 0x%08llx, expected ascending "
                             "addresses of at most 0xffffffff",
                             what, (unsigned long long)r[i].first,
                             (unsigned long long)r[i].last);
    }
    return SFI_OK;
}

static sfi_status
selection_check(const sfi_firmware *fw, const sfi_firmware_selection *how)
{
    sfi_ctx *ctx = fw->obj.ctx;
    sfi_status st;

    SFI_ARG(fw, how->only != NULL || how->only_count == 0);
    SFI_ARG(fw, how->exclude != NULL || how->exclude_count == 0);
    SFI_ARG(fw, how->reserved == 0);
    st = selection_check_ranges(ctx, "only", how->only, how->only_count);
    if (st != SFI_OK)
        return st;
    return selection_check_ranges(ctx, "exclude", how->exclude,
                                  how->exclude_count);
}

sfi_status
sfi_firmware_select(const sfi_firmware *fw,
                    const sfi_firmware_selection *selection,
                    sfi_firmware_left_out_fn report, void *user,
                    sfi_firmware **out)
{
    struct selector s = {.from = fw, .report = report, .user = user};
    sfi_status st;

    SFI_ENTER_NEW(fw, FIRMWARE, out);
    SFI_ARG(fw, selection != NULL);
    st = SFI_ABI_IN(fw, sfi_firmware_selection, &s.how, selection);
    if (st == SFI_OK)
        st = selection_check(fw, &s.how);
    if (st != SFI_OK)
        return st;
    st = selector_count(&s);
    if (st == SFI_OK)
        st = firmware_make_selected(&s, out);
    if (st == SFI_OK || fw->name == NULL)
        return st;
    return sfi__where(fw->obj.ctx, "%s", fw->name);
}
