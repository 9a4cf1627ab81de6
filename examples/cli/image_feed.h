/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Bytes into an image reader, events out of it to a function. */
#ifndef CLI_IMAGE_FEED_H
#define CLI_IMAGE_FEED_H

#include <sfi/image.h>

/* Not SFI_OK ends the feeding. */
typedef sfi_status (*image_event_fn)(void *user, const sfi_image_event *e);

/* Push all of `data` and hand over each event. */
sfi_status image_feed(sfi_image_reader *r, const uint8_t *data, size_t len,
                      image_event_fn on_event, void *user);

#endif
