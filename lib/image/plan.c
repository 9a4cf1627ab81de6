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

/* An area grows by a piece that shares a flash word with it and does not
 * overlap; an overlap is left for the rules to report. */
static bool
area_shares_word(const struct sfi_chip *chip, const struct layout_area *a,
                 const struct piece *p)
{
    uint64_t last = a->address + a->size - 1;

    return a->size > 0 && p->address > last &&
           p->address / chip->program_unit == last / chip->program_unit;
}

static bool
plan_add_area(sfi_layout *l, uint8_t type, const struct piece *piece)
{
    struct layout_area area = {type, piece->address, piece->len, piece, 1};

    return sfi__layout_add(l, &area);
}

static bool
plan_firmware(const sfi_image_builder *b, sfi_layout *l)
{
    struct layout_area area = {.type = SFI_FORMAT_FIRMWARE};

    for (size_t i = 0; i < piece_count(&b->pieces); i++) {
        const struct piece *p = piece_at(&b->pieces, i);

        if (area.count > 0 && area_shares_word(b->chip, &area, p)) {
            area.count++;
        } else {
            if (area.count > 0 && !sfi__layout_add(l, &area))
                return false;
            area.address = p->address;
            area.first = p;
            area.count = 1;
        }
        area.size = p->address - area.address + p->len;
    }
    return area.count == 0 || sfi__layout_add(l, &area);
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

sfi_status
sfi__plan_make(sfi_image_builder *b, sfi_layout **out)
{
    sfi_layout *l;
    sfi_status st = sfi__layout_new(b->obj.ctx, b->chip, "segment", &l);

    if (st != SFI_OK)
        return st;
    if (!plan_firmware(b, l) || !plan_modules(b, l) ||
        !plan_option_bytes(b, l)) {
        sfi__obj_unref(l);
        return sfi__nomem(b->obj.ctx);
    }
    sfi__layout_end(l);
    l->owner = sfi__obj_ref(b); /* it has the bytes */
    *out = l;
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
