/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Push bytes into an image reader and hand its events to a function. */
#ifndef CLI_IMAGE_FEED_H
#define CLI_IMAGE_FEED_H

#include <sfi/image.h>

/* Any status but SFI_OK stops the reading. */
typedef sfi_status (*image_event_fn)(void *user, const sfi_image_event *e);

/* Push all of `data`; call `on_event` for each event. */
sfi_status image_feed(sfi_image_reader *r, const uint8_t *data, size_t len,
                      image_event_fn on_event, void *user);

#endif
