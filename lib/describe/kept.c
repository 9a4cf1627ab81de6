/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Facts that stay: for a window that shows them, and to compare two files. */
#include "describe/kept.h"

#include <string.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "keys/key.h"
#include "target/target.h"
#include "describe/description.h"

static sfi_fact *
kept_at(const sfi_description *d, size_t index)
{
    return (sfi_fact *)(void *)d->facts.data + index;
}

static size_t
kept_count(const sfi_description *d)
{
    return d->facts.len / sizeof(sfi_fact);
}

static void
kept_clear(sfi_description *d)
{
    for (size_t i = 0; i < kept_count(d); i++)
        sfi__ctx_dealloc(d->obj.ctx, (void *)(uintptr_t)kept_at(d, i)->text);
    sfi__buf_clear(&d->facts);
    sfi__ctx_dealloc(d->obj.ctx, d->path);
    d->path = NULL;
    sfi__obj_unref(d->key);
    d->key = NULL;
    sfi__wipe(d->nonce_secret, sizeof(d->nonce_secret));
    d->failed = false;
    d->found = 0;
}

static void
kept_destroy(void *self)
{
    sfi_description *d = self;

    kept_clear(d);
    sfi__buf_free(&d->facts);
}

/* Text and data in one block. */
static void
kept_take(void *user, const sfi_fact *fact)
{
    sfi_description *d = user;
    size_t len = strlen(fact->text) + 1;
    sfi_fact f = *fact;
    char *copy = sfi__ctx_alloc(d->obj.ctx, len + fact->len);

    if (copy == NULL || !sfi__buf_append(&d->facts, &f, sizeof(f))) {
        sfi__ctx_dealloc(d->obj.ctx, copy);
        d->failed = true;
        return;
    }
    memcpy(copy, fact->text, len);
    f.text = copy;
    if (fact->data != NULL) {
        memcpy(copy + len, fact->data, fact->len);
        f.data = (const uint8_t *)copy + len;
    }
    *kept_at(d, kept_count(d) - 1) = f;
}

sfi_status
sfi_description_new(sfi_ctx *ctx, sfi_description **out)
{
    sfi_description *d;

    SFI_ENTER_NEW(ctx, CTX, out);
    d = sfi__obj_new(ctx, OBJ_DESCRIPTION, sizeof(*d), kept_destroy);
    if (d == NULL)
        return SFI_ERR_NOMEM;
    sfi__buf_init(&d->facts, &ctx->alloc, false);
    *out = d;
    return SFI_OK;
}

/* What a comparison needs, to read the content. */
static sfi_status
kept_begin(sfi_description *d, const char *path,
           const sfi_describe_options *opts)
{
    size_t len = strlen(path) + 1;

    kept_clear(d);
    d->path = sfi__ctx_alloc(d->obj.ctx, len);
    if (d->path == NULL)
        return SFI_ERR_NOMEM;
    memcpy(d->path, path, len);
    if (opts == NULL || !sfi__is(opts->key, OBJ_KEY) || opts->nonce == NULL)
        return SFI_OK;
    d->key = sfi__obj_ref((void *)(uintptr_t)opts->key);
    memcpy(d->nonce_secret, opts->nonce, sizeof(d->nonce_secret));
    return SFI_OK;
}

sfi_status
sfi_description_read(sfi_description *d, const char *path,
                     const sfi_describe_options *opts)
{
    sfi_status st;

    SFI_ENTER(d, DESCRIPTION);
    SFI_ARG(d, path != NULL);
    st = kept_begin(d, path, opts);
    if (st == SFI_OK)
        st = sfi_describe_file(d->obj.ctx, d->path, opts, kept_take, d);
    if (!d->failed)
        return st;
    kept_clear(d);
    return sfi__nomem(d->obj.ctx);
}

sfi_status
sfi_target_describe(sfi_target *t, sfi_description **out)
{
    sfi_description *made;
    struct description d;
    sfi_status st;

    SFI_ENTER_NEW(t, TARGET, out);
    st = sfi_description_new(t->obj.ctx, &made);
    if (st != SFI_OK)
        return st;
    d = (struct description){
        .ctx = t->obj.ctx, .report = kept_take, .user = made};
    st = sfi__describe_chip(&d, t);
    if (st == SFI_OK && made->failed)
        st = sfi__nomem(d.ctx);
    if (st == SFI_OK)
        *out = made;
    else
        sfi_description_free(made);
    return st;
}

const sfi_fact *
sfi_description_at(const sfi_description *d, size_t index)
{
    return sfi__is(d, OBJ_DESCRIPTION) && index < kept_count(d)
               ? kept_at(d, index)
               : NULL;
}

/* An image has many areas, and who shows them asks for each. */
const sfi_fact *
sfi_description_find(const sfi_description *d, const char *group, uint32_t item,
                     const char *name)
{
    size_t count = sfi__is(d, OBJ_DESCRIPTION) ? kept_count(d) : 0;
    size_t first = item != 0 && count > 0 ? d->found : 0;

    if (group == NULL || name == NULL)
        return NULL;
    for (size_t n = 0; n < count; n++) {
        size_t i = (first + n) % count;
        const sfi_fact *f = kept_at(d, i);

        if (f->item != item || strcmp(f->name, name) != 0 ||
            strcmp(f->group, group) != 0)
            continue;
        if (item != 0)
            ((sfi_description *)(uintptr_t)d)->found = i;
        return f;
    }
    return NULL;
}

bool
sfi__description_is(const sfi_description *d, const char *kind)
{
    const sfi_fact *f = sfi_description_find(d, "", 0, "kind");

    return f != NULL && strcmp(f->text, kind) == 0;
}

void
sfi_description_free(sfi_description *d)
{
    sfi__obj_free(d, OBJ_DESCRIPTION);
}
