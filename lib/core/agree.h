/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Replies without a checksum: libsfi trusts such a reply only after the same
 * question got the same reply twice in a row, or when it is the very reply that
 * had to be expected. */
#ifndef SFI_CORE_AGREE_H
#define SFI_CORE_AGREE_H

#include <stdbool.h>
#include <stddef.h>

#include <sfi/ctx.h>

/* After so many replies that differ, the link is unreliable. */
#define AGREE_TRIES 8u
/* Longer than any option byte window. */
#define AGREE_LEN_MAX 512u

/* A question that can be repeated: each `ask` fills `reply` anew. */
struct question {
    sfi_status (*ask)(void *arg);
    void *arg;
    void *reply;
    size_t len; /* at most AGREE_LEN_MAX */
    /* Is the reply the expected one, so that no second is needed?  NULL: none
     * is expected. */
    bool (*is_expected)(const void *arg);
};

/* Ask until two replies in a row agree, or one is expected.  A failure of `ask`
 * is returned at once.  SFI_OK with *agreed false: each of AGREE_TRIES replies
 * differed from the one before; the caller writes the message. */
sfi_status sfi__ask_until_agreed(sfi_ctx *ctx, const struct question *q,
                                 bool *agreed);

#endif
