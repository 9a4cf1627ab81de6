/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A module's .smi container through the builder: refused when it is added, or
 * in the image unchanged. */
#include <string.h>

#include <sfi/image.h>

#include "util/buf.h"
#include "core/ctx.h"

#include "fuzz.h"

static const uint8_t key_bytes[SFI_KEY_LEN] = {1};
static const uint8_t nonce[SFI_NONCE_LEN] = {2};

static sfi_status
take(void *user, const uint8_t *data, size_t len)
{
    return sfi__buf_append(user, data, len) ? SFI_OK : SFI_ERR_NOMEM;
}

static void
found(void *user, const sfi_finding *finding)
{
    (void)user;
    FUZZ_HOLDS((finding->severity == SFI_FINDING_ERROR) ==
                   (finding->status < 0) &&
               finding->message[0] != '\0');
}

/* Its bytes are somewhere in the image. */
static void
check_image(const struct buf *image, const uint8_t *smi, size_t len)
{
    bool is_in = false;

    for (size_t i = 0; !is_in && i + len <= image->len; i++)
        is_in = memcmp(image->data + i, smi, len) == 0;
    FUZZ_HOLDS(is_in);
}

static void
build(sfi_ctx *ctx, sfi_image_builder *b, const uint8_t *smi, size_t len)
{
    sfi_status checked = sfi_image_builder_check(b, found, NULL);
    struct buf image;
    sfi_status st;

    fuzz_check(ctx, checked, checked == SFI_OK ? b : NULL);
    sfi__buf_init(&image, &ctx->alloc, false);
    st = sfi_image_builder_write(b, take, &image);
    fuzz_check(ctx, st, st == SFI_OK ? b : NULL);
    FUZZ_HOLDS((st == SFI_OK) == (checked == SFI_OK));
    if (st == SFI_OK)
        check_image(&image, smi, len);
    sfi__buf_free(&image);
}

/* The first byte: of which part. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    sfi_ctx *ctx = fuzz_ctx();
    const sfi_chip *chip = sfi_chip_at(len > 0 ? data[0] % 2 : 0);
    const uint8_t *smi = len > 0 ? data + 1 : (const uint8_t *)"";
    size_t smi_len = len > 0 ? len - 1 : 0;
    sfi_image_builder *b;
    sfi_status st;
    sfi_key *key;

    FUZZ_HOLDS(sfi_image_builder_new(ctx, chip, &b) == SFI_OK);
    FUZZ_HOLDS(sfi_key_new(ctx, key_bytes, sizeof(key_bytes), &key) == SFI_OK);
    FUZZ_HOLDS(sfi_image_builder_set_key(b, key) == SFI_OK);
    FUZZ_HOLDS(sfi_image_builder_set_nonce(b, nonce, sizeof(nonce)) == SFI_OK);
    sfi_key_free(key);
    st = sfi_image_builder_add_module(b, smi, smi_len);
    fuzz_check(ctx, st, st == SFI_OK ? b : NULL);
    if (st == SFI_OK)
        build(ctx, b, smi, smi_len);
    sfi_image_builder_free(b);
    fuzz_ctx_free(ctx);
    return 0;
}
