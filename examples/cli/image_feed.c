/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Push bytes into an image reader and hand its events to a function. */
#include "cli/image_feed.h"

static sfi_status
reader_hand_over_events(sfi_image_reader *r, image_event_fn on_event,
                        void *user)
{
    sfi_image_event e = {.struct_size = sizeof(e)};
    sfi_status st;

    while ((st = sfi_image_reader_next(r, &e)) == SFI_OK &&
           e.kind != SFI_EVENT_NEED_INPUT) {
        st = on_event(user, &e);
        if (st != SFI_OK)
            break;
    }
    return st;
}

sfi_status
image_feed(sfi_image_reader *r, const uint8_t *data, size_t len,
           image_event_fn on_event, void *user)
{
    sfi_status st = SFI_OK;

    while (st == SFI_OK && len > 0) {
        size_t used;

        st = sfi_image_reader_push(r, data, len, &used);
        data += used;
        len -= used;
        if (st == SFI_OK)
            st = reader_hand_over_events(r, on_event, user);
    }
    return st;
}
