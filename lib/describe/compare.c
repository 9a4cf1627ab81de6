/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Two images, or an image and a firmware: what differs, and where. */
#include <string.h>

#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "describe/kept.h"

SFI_ABI_PIN(sfi_comparison, bytes);

struct comparing {
    const sfi_description *a, *b;
    sfi_fact_difference_fn on_fact;
    sfi_firmware_difference_fn on_bytes;
    void *user;
    bool with_content; /* tags differ with the nonce, and say nothing more */
    sfi_comparison found;
};

/* ---- facts of two images ---- */

static void
compare_report(struct comparing *c, const sfi_fact *a, const sfi_fact *b)
{
    c->found.facts++;
    if (c->on_fact == NULL)
        return;
    c->a->obj.ctx->obj.busy = true;
    c->on_fact(c->user, a, b);
    c->a->obj.ctx->obj.busy = false;
}

static bool
compare_leaves_out(const struct comparing *c, const sfi_fact *f)
{
    static const char *const names[] = {"kind", "what", "size", "verified"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(f->name, names[i]) == 0)
            return true;
    }
    return c->with_content &&
           (strcmp(f->name, "tag") == 0 || strcmp(f->name, "header_tag") == 0);
}

static size_t
compare_find_group(const sfi_description *d, const char *group)
{
    const sfi_fact *f;
    size_t i = 0;

    while ((f = sfi_description_at(d, i)) != NULL &&
           strcmp(f->group, group) != 0)
        i++;
    return i;
}

/* Entries of a list stand at the same places in both. */
static void
compare_lists(struct comparing *c, const char *group)
{
    size_t i = compare_find_group(c->a, group);
    size_t k = compare_find_group(c->b, group);
    const sfi_fact *f, *g;

    for (; (f = sfi_description_at(c->a, i)) != NULL &&
           strcmp(f->group, group) == 0;
         i++) {
        g = sfi_description_at(c->b, k);
        if (g != NULL && strcmp(g->group, group) != 0)
            g = NULL;
        if (!compare_leaves_out(c, f) &&
            (g == NULL || strcmp(f->text, g->text) != 0))
            compare_report(c, f, g);
        k += g != NULL;
    }
}

/* A module is encrypted with a key of its own. */
static bool
compare_has_module(const sfi_description *d)
{
    const sfi_fact *f;

    for (size_t i = 0; (f = sfi_description_at(d, i)) != NULL; i++) {
        if (strcmp(f->group, "areas") == 0 && strcmp(f->name, "type") == 0 &&
            strcmp(f->text, "M") == 0)
            return true;
    }
    return false;
}

static void
compare_facts(struct comparing *c, bool has_modules)
{
    const sfi_fact *f, *g;

    for (size_t i = 0; (f = sfi_description_at(c->a, i)) != NULL; i++) {
        if (f->group[0] != '\0' || compare_leaves_out(c, f))
            continue;
        g = sfi_description_find(c->b, "", 0, f->name);
        if (g == NULL || strcmp(f->text, g->text) != 0)
            compare_report(c, f, g);
    }
    /* with the key areas say nothing that the content does not */
    if (!c->with_content || has_modules)
        compare_lists(c, "areas");
    if (c->with_content)
        compare_lists(c, "option_bytes");
}

/* ---- content ---- */

static void
compare_on_bytes(void *user, const sfi_firmware_difference *d)
{
    struct comparing *c = user;

    c->found.places++;
    if (c->on_bytes != NULL)
        c->on_bytes(c->user, d);
}

static sfi_status
compare_content(struct comparing *c)
{
    sfi_firmware *a = NULL, *b = NULL;
    sfi_status st = sfi_description_firmware(c->a, 0, &a);

    if (st == SFI_OK)
        st = sfi_description_firmware(c->b, 0, &b);
    if (st == SFI_OK)
        st = sfi_firmware_compare(a, b, compare_on_bytes, c, &c->found.bytes);
    sfi_firmware_free(a);
    sfi_firmware_free(b);
    return st;
}

static sfi_status
compare_check(const sfi_description *d, bool is_image)
{
    const sfi_fact *what = sfi_description_find(d, "", 0, "what");
    sfi_ctx *ctx = d->obj.ctx;

    if (is_image || sfi__description_is(d, "firmware"))
        return SFI_OK;
    if (what == NULL)
        return sfi__fail(ctx, SFI_ERR_STATE, "no file was read");
    (void)sfi__fail(ctx, SFI_ERR_FORMAT,
                    "it is %s; only images and firmware can be compared",
                    what->text);
    return d->path != NULL ? sfi__where(ctx, "%s", d->path) : SFI_ERR_FORMAT;
}

static sfi_status
compare_all(struct comparing *c)
{
    bool first = sfi__description_is(c->a, "image");
    bool second = sfi__description_is(c->b, "image");
    bool has_modules = compare_has_module(c->a) || compare_has_module(c->b);
    bool opens = (!first || c->a->key != NULL) && (!second || c->b->key);
    sfi_status st = compare_check(c->a, first);

    if (st == SFI_OK)
        st = compare_check(c->b, second);
    if (st != SFI_OK)
        return st;
    if (!opens && !(first && second))
        return sfi__fail(c->a->obj.ctx, SFI_ERR_ARGUMENT,
                         "the image was described without its key, which a "
                         "comparison with firmware needs");
    c->with_content = opens;
    if (first && second)
        compare_facts(c, has_modules);
    if (opens)
        c->found.flags |= SFI_COMPARED_CONTENT;
    if (has_modules)
        c->found.flags |= SFI_COMPARED_NO_MODULES;
    return opens ? compare_content(c) : SFI_OK;
}

sfi_status
sfi_description_compare(const sfi_description *a, const sfi_description *b,
                        sfi_fact_difference_fn on_fact,
                        sfi_firmware_difference_fn on_bytes, void *user,
                        sfi_comparison *out)
{
    struct comparing c = {
        .a = a,
        .b = b,
        .on_fact = on_fact,
        .on_bytes = on_bytes,
        .user = user,
        .found = {.struct_size = sizeof(c.found)},
    };
    sfi_status st;

    SFI_ENTER(a, DESCRIPTION);
    SFI_ARG(a, sfi__is(b, OBJ_DESCRIPTION) && b->obj.ctx == a->obj.ctx);
    SFI_ARG(a, out != NULL);
    st = SFI_ABI_OUT(a, sfi_comparison, out, &c.found);
    if (st == SFI_OK)
        st = compare_all(&c);
    return st == SFI_OK ? SFI_ABI_OUT(a, sfi_comparison, out, &c.found) : st;
}
