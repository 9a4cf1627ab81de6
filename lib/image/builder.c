/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The image builder's public functions: collect the inputs, check them, write
 * the image. */
#include <inttypes.h>
#include <string.h>

#include "util/mem.h"
#include "util/wr.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/files.h"
#include "chip/define/define.h"
#include "firmware/firmware.h"
#include "option_bytes/option_bytes.h"
#include "image/builder.h"
#include "image/register.h"
#include "image/smi.h"

#define MODULE_FILE_MAX ((size_t)16 << 20)
#define IMAGE_VERSION_MAX 255u
#define IMAGE_MODE 0644u /* readable by all: the image is encrypted */

static void
builder_destroy(void *self)
{
    sfi_image_builder *b = self;

    for (size_t i = 0; i < b->owners.len / sizeof(void *); i++)
        sfi__obj_unref(((void **)b->owners.data)[i]);
    for (size_t i = 0; i < piece_count(&b->modules); i++)
        sfi__ctx_dealloc(b->obj.ctx, (void *)piece_at(&b->modules, i)->data);
    sfi__buf_free(&b->owners);
    sfi__buf_free(&b->modules);
    sfi__buf_free(&b->pieces);
    sfi__buf_free(&b->sealed);
    sfi__obj_unref(b->key);
    sfi__ctx_dealloc(b->obj.ctx, b->reg);
    sfi__wipe(b->nonce, sizeof(b->nonce));
}

sfi_status
sfi_image_builder_new(sfi_ctx *ctx, const sfi_chip *chip,
                      sfi_image_builder **out)
{
    sfi_image_builder *b;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, chip != NULL);
    st = sfi__chip_check_ctx(ctx, chip);
    if (st != SFI_OK)
        return st;
    b = sfi__obj_new(ctx, OBJ_IMAGE_BUILDER, sizeof(*b), builder_destroy);
    if (b == NULL)
        return SFI_ERR_NOMEM;
    b->chip = chip;
    b->fill = LAYOUT_FILL;
    sfi__buf_init(&b->owners, &ctx->alloc, false);
    sfi__buf_init(&b->modules, &ctx->alloc, false);
    sfi__buf_init(&b->pieces, &ctx->alloc, false);
    sfi__buf_init(&b->sealed, &ctx->alloc, false);
    *out = b;
    return SFI_OK;
}

void
sfi_image_builder_free(sfi_image_builder *b)
{
    sfi__obj_free(b, OBJ_IMAGE_BUILDER);
}

sfi_status
sfi_image_builder_set_key(sfi_image_builder *b, const sfi_key *key)
{
    SFI_ENTER(b, IMAGE_BUILDER);
    sfi__buf_clear(&b->sealed);
    SFI_HANDLE(b, key, KEY);
    (void)sfi__obj_ref((void *)key);
    sfi__obj_unref(b->key);
    b->key = (sfi_key *)key;
    return SFI_OK;
}

sfi_status
sfi_image_builder_set_nonce(sfi_image_builder *b, const uint8_t *nonce,
                            size_t len)
{
    SFI_ENTER(b, IMAGE_BUILDER);
    sfi__buf_clear(&b->sealed);
    SFI_ARG(b, nonce != NULL);
    if (len != SFI_FORMAT_NONCE_LEN)
        return sfi__fail(b->obj.ctx, SFI_ERR_RANGE,
                         "a nonce of %zu bytes, expected %u", len,
                         SFI_FORMAT_NONCE_LEN);
    memcpy(b->nonce, nonce, len);
    b->has_nonce = true;
    return SFI_OK;
}

sfi_status
sfi_image_builder_set_register(sfi_image_builder *b, const char *path,
                               uint32_t flags)
{
    char *copy = NULL;

    SFI_ENTER(b, IMAGE_BUILDER);
    SFI_ARG(b, (flags & ~(uint32_t)SFI_REGISTER_SAME_NONCE) == 0);
    if (path != NULL) {
        copy = sfi__ctx_alloc(b->obj.ctx, strlen(path) + 1);
        if (copy == NULL)
            return SFI_ERR_NOMEM;
        memcpy(copy, path, strlen(path) + 1);
    }
    sfi__ctx_dealloc(b->obj.ctx, b->reg);
    b->reg = copy;
    b->reg_flags = flags;
    return SFI_OK;
}

sfi_status
sfi_image_builder_set_version(sfi_image_builder *b, uint32_t version)
{
    SFI_ENTER(b, IMAGE_BUILDER);
    sfi__buf_clear(&b->sealed);
    if (version > IMAGE_VERSION_MAX)
        return sfi__fail(b->obj.ctx, SFI_ERR_RANGE,
                         "image version %lu, expected 0 to %u",
                         (unsigned long)version, IMAGE_VERSION_MAX);
    b->version = (uint8_t)version;
    return SFI_OK;
}

sfi_status
sfi_image_builder_set_fill(sfi_image_builder *b, uint32_t fill)
{
    SFI_ENTER(b, IMAGE_BUILDER);
    sfi__buf_clear(&b->sealed);
    if (fill > UINT8_MAX)
        return sfi__fail(b->obj.ctx, SFI_ERR_RANGE,
                         "fill byte 0x%lx, expected 0 to 0xff",
                         (unsigned long)fill);
    b->fill = (uint8_t)fill;
    return SFI_OK;
}

sfi_status
sfi_image_builder_set_merge_gap(sfi_image_builder *b, uint64_t bytes)
{
    SFI_ENTER(b, IMAGE_BUILDER);
    sfi__buf_clear(&b->sealed);
    b->merge_gap = bytes;
    return SFI_OK;
}

sfi_status
sfi_image_builder_set_padding(sfi_image_builder *b, uint32_t padding)
{
    SFI_ENTER(b, IMAGE_BUILDER);
    sfi__buf_clear(&b->sealed);
    SFI_ARG(b, padding == SFI_PADDING_NONE || padding == SFI_PADDING_AUTO);
    b->padding = padding;
    return SFI_OK;
}

/* Merge two ascending lists into `out`. */
static bool
pieces_merge(struct buf *out, const struct buf *a, const struct buf *b)
{
    size_t i = 0, j = 0;

    while (i < piece_count(a) || j < piece_count(b)) {
        bool from_a = j == piece_count(b) ||
                      (i < piece_count(a) &&
                       piece_at(a, i)->address <= piece_at(b, j)->address);
        const struct piece *p = from_a ? piece_at(a, i++) : piece_at(b, j++);

        if (!sfi__buf_append(out, p, sizeof(*p)))
            return false;
    }
    return true;
}

static sfi_status
pieces_collect(sfi_image_builder *b, const sfi_firmware *fw, struct buf *list)
{
    for (size_t i = 0; i < fw->count; i++) {
        const struct piece p = {
            .address = fw->segments[i].address,
            .data = fw->segments[i].data,
            .len = fw->segments[i].len,
            .file = sfi_firmware_name(fw),
            .segment = (uint32_t)(i + 1),
            .machine = fw->machine,
        };

        if (!sfi__buf_append(list, &p, sizeof(p)))
            return sfi__nomem(b->obj.ctx);
    }
    return SFI_OK;
}

static sfi_status
builder_add_firmware(sfi_image_builder *b, const sfi_firmware *fw)
{
    const struct alloc *alloc = &b->obj.ctx->alloc;
    struct buf list, merged;
    sfi_status st;

    sfi__buf_init(&list, alloc, false);
    sfi__buf_init(&merged, alloc, false);
    st = pieces_collect(b, fw, &list);
    if (st == SFI_OK && (!pieces_merge(&merged, &b->pieces, &list) ||
                         !sfi__buf_append(&b->owners, &fw, sizeof(fw))))
        st = sfi__nomem(b->obj.ctx);
    sfi__buf_free(&list);
    if (st != SFI_OK) {
        sfi__buf_free(&merged);
        return st;
    }
    (void)sfi__obj_ref((void *)fw);
    sfi__buf_free(&b->pieces);
    b->pieces = merged;
    return SFI_OK;
}

sfi_status
sfi_image_builder_add_firmware(sfi_image_builder *b, const sfi_firmware *fw)
{
    SFI_ENTER(b, IMAGE_BUILDER);
    sfi__buf_clear(&b->sealed);
    SFI_HANDLE(b, fw, FIRMWARE);
    return builder_add_firmware(b, fw);
}

static sfi_status
builder_add_module(sfi_image_builder *b, const uint8_t *smi, size_t len)
{
    struct sfi_ctx *ctx = b->obj.ctx;
    struct piece p = {.len = len};
    uint32_t address;
    uint8_t *copy;
    sfi_status st = sfi__smi_check(ctx, smi, len, &address);

    if (st != SFI_OK)
        return st;
    copy = sfi__ctx_alloc(ctx, len);
    if (copy == NULL)
        return SFI_ERR_NOMEM;
    memcpy(copy, smi, len);
    p.address = address;
    p.data = copy;
    if (!sfi__buf_append(&b->modules, &p, sizeof(p))) {
        sfi__ctx_dealloc(ctx, copy);
        return sfi__nomem(ctx);
    }
    return SFI_OK;
}

sfi_status
sfi_image_builder_add_module(sfi_image_builder *b, const uint8_t *smi,
                             size_t len)
{
    SFI_ENTER(b, IMAGE_BUILDER);
    sfi__buf_clear(&b->sealed);
    SFI_ARG(b, smi != NULL);
    return builder_add_module(b, smi, len);
}

sfi_status
sfi_image_builder_add_module_file(sfi_image_builder *b, const char *path)
{
    struct buf smi;
    sfi_status st;

    SFI_ENTER(b, IMAGE_BUILDER);
    sfi__buf_clear(&b->sealed);
    SFI_ARG(b, path != NULL);
    st = sfi__load(b->obj.ctx, path, MODULE_FILE_MAX, false, &smi);
    if (st == SFI_OK) {
        st = builder_add_module(b, smi.data, smi.len);
        if (st != SFI_OK)
            (void)sfi__where(b->obj.ctx, "%s", path);
    }
    sfi__buf_free(&smi);
    return st;
}

static sfi_status
builder_set_option_bytes(sfi_image_builder *b, const sfi_option_bytes *ob)
{
    uint32_t count = ob->chip->ob_count;
    struct wr w;

    if (count != b->chip->ob_count)
        return sfi__fail(b->obj.ctx, SFI_ERR_CHIP_RULE,
                         "%" PRIu32 " option bytes, %s has %" PRIu32, count,
                         b->chip->name, b->chip->ob_count);
    sfi__wr_init(&w, b->ob, sizeof(b->ob));
    for (uint32_t i = 0; i < count; i++)
        sfi__wr_u32le(&w, ob->values[i]);
    b->ob_len = sfi__wr_len(&w);
    return SFI_OK;
}

sfi_status
sfi_image_builder_set_option_bytes(sfi_image_builder *b,
                                   const sfi_option_bytes *ob)
{
    SFI_ENTER(b, IMAGE_BUILDER);
    sfi__buf_clear(&b->sealed);
    SFI_HANDLE(b, ob, OPTION_BYTES);
    b->ob_len = 0;
    return builder_set_option_bytes(b, ob);
}

sfi_status
sfi_image_builder_layout(sfi_image_builder *b, sfi_layout **out)
{
    SFI_ENTER_NEW(b, IMAGE_BUILDER, out);
    return sfi__plan_make(b, out);
}

sfi_status
sfi_image_builder_check(sfi_image_builder *b, sfi_finding_fn report, void *user)
{
    sfi_layout *plan = NULL;
    sfi_status st;

    SFI_ENTER(b, IMAGE_BUILDER);
    st = sfi__plan_make(b, &plan);
    if (st == SFI_OK)
        st = sfi__plan_check(b, plan, report, user, true);
    sfi__obj_unref(plan);
    return st;
}

/* Check everything that must hold before the first byte is written. */
static sfi_status
builder_make_plan(sfi_image_builder *b, sfi_layout **plan)
{
    sfi_status st = sfi__chip_need_security(b->obj.ctx, b->chip);

    if (st == SFI_OK)
        st = sfi__plan_make(b, plan);
    if (st != SFI_OK)
        return st;
    if (b->key == NULL)
        return sfi__fail(b->obj.ctx, SFI_ERR_STATE, "no key was set");
    if (!b->has_nonce)
        return sfi__fail(b->obj.ctx, SFI_ERR_STATE, "no nonce was set");
    return sfi__plan_check(b, *plan, NULL, NULL, false);
}

sfi_status
sfi_image_builder_write(sfi_image_builder *b, sfi_write_fn write, void *user)
{
    struct sink s = {.builder = b, .write = write, .user = user};
    sfi_layout *plan = NULL;
    sfi_status st;

    SFI_ENTER(b, IMAGE_BUILDER);
    SFI_ARG(b, write != NULL);
    st = builder_make_plan(b, &plan);
    if (st == SFI_OK)
        st = sfi__register_enter(b, &plan->plain);
    if (st == SFI_OK)
        st = sfi__plan_write(b, &plan->plain, &s);
    sfi__obj_unref(plan);
    return st;
}

/* The file gets its name only when it is complete. */
static sfi_status
builder_save_plan(sfi_image_builder *b, const sfi_layout *plan,
                  const char *path)
{
    struct sink s = {.builder = b};
    sfi_status st = sfi__output_begin(b->obj.ctx, &s.file, path, SFI_FILE_IMAGE,
                                      IMAGE_MODE);

    if (st != SFI_OK)
        return st;
    st = sfi__plan_write(b, &plan->plain, &s);
    if (st == SFI_OK)
        return sfi__output_end(&s.file);
    sfi__output_abort(&s.file);
    return st;
}

sfi_status
sfi_image_builder_save(sfi_image_builder *b, const char *path)
{
    sfi_layout *plan = NULL;
    sfi_status st;

    SFI_ENTER(b, IMAGE_BUILDER);
    SFI_ARG(b, path != NULL);
    st = builder_make_plan(b, &plan);
    if (st == SFI_OK)
        st = sfi__register_enter(b, &plan->plain);
    if (st == SFI_OK)
        st = builder_save_plan(b, plan, path);
    sfi__obj_unref(plan);
    return st;
}
