/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a header or descriptor must say, whoever made its tag. */
#ifndef SFI_IMAGE_STRUCTURE_H
#define SFI_IMAGE_STRUCTURE_H

#include <sfi/ctx.h>

#include "wire/image.h"

sfi_status sfi__header_check(sfi_ctx *ctx, const struct image_header *h);
/* The area that comes after `before`, NULL when it is the first. */
sfi_status sfi__area_check(sfi_ctx *ctx, const struct image_header *h,
                           const struct image_area *before,
                           const struct image_area *a);
/* sfi_image_check() for no part in particular. */
sfi_status sfi__image_structure(sfi_ctx *ctx, const uint8_t *image, size_t len);

#endif
