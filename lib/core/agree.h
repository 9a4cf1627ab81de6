/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Replies that carry no checksum: a decision is based on one only when the
 * same question was answered the same twice in a row. */
#ifndef SFI_CORE_AGREE_H
#define SFI_CORE_AGREE_H

#include <stdbool.h>
#include <stddef.h>

#include <sfi/ctx.h>

/* How often a reply may change before the link is to blame. */
#define AGREE_TRIES 8u
/* Longer than any option byte window. */
#define AGREE_LEN_MAX 512u

/* One question, repeated: `ask` fills `reply` anew each time. */
struct question {
    sfi_status (*ask)(void *arg);
    void *arg;
    void *reply;
    size_t len; /* at most AGREE_LEN_MAX */
};

/* Ask until two replies in a row agree.  A failure to ask is returned at once;
 * SFI_OK with *agreed false: AGREE_TRIES replies, each unlike the one before,
 * and the caller says of what. */
sfi_status sfi__ask_until_agreed(sfi_ctx *ctx, const struct question *q,
                                 bool *agreed);

#endif
