/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Asks a question until two replies in a row agree, or one is expected. */
#include "core/agree.h"

#include <stdint.h>
#include <string.h>

#include "util/mem.h"
#include "core/err.h"

sfi_status
sfi__ask_until_agreed(sfi_ctx *ctx, const struct question *q, bool *agreed)
{
    uint8_t before[AGREE_LEN_MAX];

    *agreed = false;
    if (q->len > sizeof(before))
        return sfi__fail(ctx, SFI_ERR_INTERNAL,
                         "%zu bytes to compare, expected at most %u", q->len,
                         AGREE_LEN_MAX);
    for (unsigned i = 0; i < AGREE_TRIES; i++) {
        sfi_status st = q->ask(q->arg);

        if (st != SFI_OK)
            return st;
        *agreed = (q->is_expected != NULL && q->is_expected(q->arg)) ||
                  (i > 0 && sfi__equal(before, q->reply, q->len));
        if (*agreed)
            return SFI_OK;
        memcpy(before, q->reply, q->len);
    }
    return SFI_OK;
}
