/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The structure of an image: values that a header and a descriptor must have,
 * even with a valid tag. */
#ifndef SFI_IMAGE_STRUCTURE_H
#define SFI_IMAGE_STRUCTURE_H

#include <sfi/ctx.h>

#include "wire/image.h"

sfi_status sfi__header_check(sfi_ctx *ctx, const struct image_header *h);
/* Check the area after `before`, which is NULL for the first area. */
sfi_status sfi__area_check(sfi_ctx *ctx, const struct image_header *h,
                           const struct image_area *before,
                           const struct image_area *a);
/* Like sfi_image_check(), without the rules of a part. */
sfi_status sfi__image_structure(sfi_ctx *ctx, const uint8_t *image, size_t len);

#endif
