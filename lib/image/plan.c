/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The plan of a new image: its layout, firmware in ascending order, then
 * modules, then option bytes. */
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "keys/key.h"
#include "image/builder.h"
#include "image/register.h"

/* What the plan is made of, and where it goes. */
struct planner {
    const sfi_image_builder *b;
    sfi_layout *l;
    struct merged in;
    size_t conflict;         /* the next of in.conflicts */
    struct layout_area area; /* that grows; count 0: none */
};

static bool
area_shares_word(const struct sfi_chip *chip, const struct layout_area *a,
                 const struct piece *p)
{
    uint64_t last = a->address + a->size - 1;

    return p->address / chip->program_unit == last / chip->program_unit;
}

/* Is the last word of a bank in [from, to), where it cannot be programmed? */
static bool
plan_has_barred_word(const struct sfi_chip *chip, uint64_t from, uint64_t to)
{
    uint64_t end = (uint64_t)chip->flash.base + chip->flash.size;

    for (uint64_t at = chip->flash.base + (uint64_t)chip->bank_size;
         chip->last_word_barred && at <= end; at += chip->bank_size) {
        if (from < at && to > at - chip->program_unit)
            return true;
    }
    return false;
}

static bool
plan_is_user_flash(const struct sfi_chip *chip, uint64_t from, uint64_t to)
{
    return from >= chip->user.base &&
           to <= (uint64_t)chip->user.base + chip->user.size;
}

/* A gap that the caller wants to be filled, and that may be. */
static bool
plan_closes_gap(const struct planner *p, uint64_t from, uint64_t to)
{
    return p->b->merge_gap > 0 && to - from <= p->b->merge_gap &&
           plan_is_user_flash(p->b->chip, from, to) &&
           !plan_has_barred_word(p->b->chip, from, to);
}

static bool
plan_add_area(sfi_layout *l, uint8_t type, const struct piece *piece)
{
    struct layout_area area = {type, piece->address, piece->len, piece, 1};

    return sfi__layout_add(l, &area);
}

/* Add the area that has grown, and what is in conflict below `end`. */
static bool
plan_end_area(struct planner *p, uint64_t end)
{
    if (p->area.count > 0 && !sfi__layout_add(p->l, &p->area))
        return false;
    p->area.count = 0;
    while (p->conflict < piece_count(&p->in.conflicts)) {
        const struct piece *c = piece_at(&p->in.conflicts, p->conflict);

        if (c->address >= end)
            break;
        if (!plan_add_area(p->l, SFI_FORMAT_FIRMWARE, c))
            return false;
        p->conflict++;
    }
    return true;
}

static bool
plan_add_piece(struct planner *p, const struct piece *piece)
{
    struct layout_area *a = &p->area;
    uint64_t end = a->address + a->size;
    struct layout_note gap = {LAYOUT_GAP, end, piece->address - end, {0}, {0}};

    if (a->count > 0 && !area_shares_word(p->b->chip, a, piece)) {
        if (!plan_closes_gap(p, end, piece->address)) {
            if (!plan_end_area(p, piece->address))
                return false;
        } else if (gap.size > 0 && !sfi__layout_add_note(p->l, &gap)) {
            return false;
        }
    }
    if (a->count++ == 0) {
        a->address = piece->address;
        a->first = piece;
    }
    a->size = piece->address - a->address + piece->len;
    return true;
}

static bool
plan_firmware(struct planner *p)
{
    p->area.type = SFI_FORMAT_FIRMWARE;
    if (!sfi__pieces_merge(&p->b->pieces, &p->in, p->l))
        return false;
    for (size_t i = 0; i < piece_count(&p->in.pieces); i++) {
        if (!plan_add_piece(p, piece_at(&p->in.pieces, i)))
            return false;
    }
    return plan_end_area(p, UINT64_MAX);
}

static bool
plan_modules(const sfi_image_builder *b, sfi_layout *l)
{
    for (size_t i = 0; i < piece_count(&b->modules); i++) {
        if (!plan_add_area(l, SFI_FORMAT_MODULE, piece_at(&b->modules, i)))
            return false;
    }
    return true;
}

static bool
plan_option_bytes(const sfi_image_builder *b, sfi_layout *l)
{
    struct piece ob = {.data = l->ob_bytes, .len = b->ob_len};

    if (b->ob_len == 0)
        return true;
    sfi__layout_set_ob(l, b->ob);
    return plan_add_area(l, SFI_FORMAT_CONFIGURATION, &ob);
}

/* ---- padding (AN4992, 7.2) ---- */

/* How many fill bytes make the total a good one. */
static uint64_t
plan_count_padding(const struct sfi_chip *chip, uint64_t total)
{
    uint64_t over = total % chip->total_multiple;
    uint64_t pad = over > 0 ? chip->total_multiple - over : 0;

    while (chip->total_limit != 0 && total + pad > chip->total_limit &&
           (total + pad) % chip->total_not_multiple == 0)
        pad += chip->total_multiple;
    return pad;
}

/* May `len` bytes be programmed at `from`, and in no other area's word? */
static bool
plan_has_room(const sfi_layout *l, uint64_t from, uint64_t len)
{
    const struct sfi_chip *chip = l->plain.chip;
    const struct layout_area *a = (const void *)l->areas.data;
    uint64_t end = from + len + (chip->program_unit - 1);

    end -= end % chip->program_unit;
    for (size_t i = 0; i < l->areas.len / sizeof(*a); i++) {
        if (a[i].address >= from && a[i].address < end)
            return false;
    }
    return plan_is_user_flash(chip, from, from + len) &&
           !plan_has_barred_word(chip, from, from + len);
}

/* The last area of firmware with room behind it grows; without one the rules
 * tell that the total is wrong. */
static bool
plan_add_padding(const struct planner *p)
{
    struct layout_area *a = (struct layout_area *)(void *)p->l->areas.data;
    size_t count = p->l->areas.len / sizeof(*a);
    uint64_t total = 0, pad;

    for (size_t i = 0; i < count; i++)
        total += a[i].type == SFI_FORMAT_FIRMWARE ? a[i].size : 0;
    pad = plan_count_padding(p->b->chip, total);
    if (pad == 0 || p->b->padding != SFI_PADDING_AUTO)
        return true;
    for (size_t i = count; i-- > 0;) {
        uint64_t end = a[i].address + a[i].size;
        struct layout_note n = {LAYOUT_PAD, end, pad, {0}, {0}};

        if (a[i].type != SFI_FORMAT_FIRMWARE || !plan_has_room(p->l, end, pad))
            continue;
        a[i].size += pad;
        return sfi__layout_add_note(p->l, &n);
    }
    return true;
}

/* ---- together ---- */

static bool
plan_all(struct planner *p)
{
    return plan_firmware(p) && plan_modules(p->b, p->l) &&
           plan_add_padding(p) && plan_option_bytes(p->b, p->l);
}

sfi_status
sfi__plan_make(sfi_image_builder *b, sfi_layout **out)
{
    struct planner p = {.b = b};
    sfi_status st = sfi__layout_new(b->obj.ctx, b->chip, "segment", &p.l);
    bool made;

    if (st != SFI_OK)
        return st;
    p.l->plain.fill = b->fill;
    sfi__buf_init(&p.in.pieces, &b->obj.ctx->alloc, false);
    sfi__buf_init(&p.in.conflicts, &b->obj.ctx->alloc, false);
    made = plan_all(&p);
    sfi__buf_free(&p.in.pieces);
    sfi__buf_free(&p.in.conflicts);
    if (!made) {
        sfi__obj_unref(p.l);
        return sfi__nomem(b->obj.ctx);
    }
    sfi__layout_end(p.l);
    p.l->owner = sfi__obj_ref(b); /* it has the bytes */
    *out = p.l;
    return SFI_OK;
}

/* A key or nonce that is set.  Zeros are what is left of a file or a memory
 * that was never filled. */
static void
plan_check_secrets(const sfi_image_builder *b, struct findings *f)
{
    static const uint8_t zeros[SFI_KEY_LEN];
    struct place whole = {.area = 0};

    if (b->key != NULL && sfi__ct_equal(b->key->key_secret, zeros, SFI_KEY_LEN))
        sfi__finding(f, RULE_ZERO_KEY, whole,
                     "the key is all zeros, expected %u random bytes",
                     SFI_KEY_LEN);
    if (b->has_nonce && sfi__ct_equal(b->nonce, zeros, SFI_FORMAT_NONCE_LEN))
        sfi__finding(f, RULE_ZERO_NONCE, whole,
                     "the nonce is all zeros, expected %u random bytes",
                     SFI_FORMAT_NONCE_LEN);
}

sfi_status
sfi__plan_check(sfi_image_builder *b, const sfi_layout *l,
                sfi_finding_fn report, void *user, bool look)
{
    struct findings f = {
        .ctx = b->obj.ctx,
        .report = report,
        .user = user,
        .caller = &b->obj,
    };
    sfi_status st;

    plan_check_secrets(b, &f);
    st = sfi__rules_check(&l->plain, &f);
    if (st != SFI_OK || !look || b->key == NULL || !b->has_nonce)
        return st;
    st = sfi__register_check(b, &l->plain, &f);
    return st == SFI_OK ? sfi__findings_end(&f) : st;
}
