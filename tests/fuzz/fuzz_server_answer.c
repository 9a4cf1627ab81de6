/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Answers of a licence server: the first byte chooses the question. */
#include <string.h>

#include "hsm/server/answer.h"

#include "fuzz.h"

static void
check_seen(const struct fence_seen *seen)
{
    FUZZ_HOLDS(sfi__fence_is_serial(seen->end.serial));
    FUZZ_HOLDS(seen->end.remaining <= SFI_HSM_COUNT_MAX);
}

static void
check_page(sfi_ctx *ctx, const uint8_t *data, size_t len)
{
    static struct answer_page page;
    sfi_status st = sfi__answer_page(ctx, data, len, &page);

    fuzz_check(ctx, st, st == SFI_OK ? &page : NULL);
    FUZZ_HOLDS(page.count <= ANSWER_RECORDS_MAX);
    if (st == SFI_OK)
        check_seen(&page.seen);
}

static void
check_info(sfi_ctx *ctx, const uint8_t *data, size_t len)
{
    struct answer_info info;
    sfi_status st = sfi__answer_info(ctx, data, len, &info);

    fuzz_check(ctx, st, st == SFI_OK ? &info : NULL);
    if (st != SFI_OK)
        return;
    check_seen(&info.seen);
    FUZZ_HOLDS(info.info.state <= SFI_HSM_RETIRED);
    FUZZ_HOLDS(memchr(info.info.firmware_id, 0, sizeof(info.info.firmware_id)));
    FUZZ_HOLDS(memchr(info.head.product_id, 0, sizeof(info.head.product_id)));
}

static void
check_others(sfi_ctx *ctx, uint8_t which, const uint8_t *data, size_t len)
{
    struct answer_license license;
    struct fence_seen seen;
    uint64_t returned;
    uint8_t lease[436];
    sfi_status st;

    if (which == 0)
        st = sfi__answer_license(ctx, data, len, &license);
    else if (which == 1)
        st = sfi__answer_end(ctx, data, len, &seen);
    else if (which == 2)
        st = sfi__answer_lease(ctx, data, len, lease, sizeof(lease), &seen);
    else
        st = sfi__answer_return(ctx, data, len, &returned, &seen);
    fuzz_check(ctx, st, st == SFI_OK ? &seen : NULL);
    if (st == SFI_OK)
        check_seen(which == 0 ? &license.seen : &seen);
}

static void
check_refusal(sfi_ctx *ctx, const uint8_t *data, size_t len)
{
    uint32_t count;
    sfi_status st = sfi__answer_refusal(ctx, 409, data, len, &count);

    fuzz_check(ctx, st, NULL);
    FUZZ_HOLDS(count <= SFI_COUNT_UNKNOWN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    sfi_ctx *ctx;
    uint8_t which;

    if (len == 0)
        return 0;
    ctx = fuzz_ctx();
    which = (uint8_t)(data[0] - '0');
    if (which < 4)
        check_others(ctx, which, data + 1, len - 1);
    else if (which == 4)
        check_info(ctx, data + 1, len - 1);
    else if (which == 5)
        check_page(ctx, data + 1, len - 1);
    else
        check_refusal(ctx, data + 1, len - 1);
    fuzz_ctx_free(ctx);
    return 0;
}
