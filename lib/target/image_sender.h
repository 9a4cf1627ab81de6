/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Sends an image to the chip, one piece at each step. */
#ifndef SFI_TARGET_IMAGE_SENDER_H
#define SFI_TARGET_IMAGE_SENDER_H

#include "target/target.h"

struct image_sender {
    const uint8_t *image; /* borrowed */
    size_t len;
    size_t at; /* sent so far */
    size_t data_max;
    struct image_header header;
    struct image_area area; /* the current one; index 0: none yet */
    uint32_t offset;        /* bytes of its content sent so far */
    size_t areas_sent;      /* complete ones */
};

/* Read the header, send nothing.  `data_max`: bytes per DATA. */
sfi_status sfi__image_sender_init(struct image_sender *s, sfi_ctx *ctx,
                                  const uint8_t *image, size_t len,
                                  size_t data_max);
bool sfi__image_sender_done(const struct image_sender *s);
/* Send the header, a descriptor, or one DATA. */
sfi_status sfi__image_sender_step(struct image_sender *s, sfi_target *t);

#endif
