/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a licence server answers, in JSON (doc/served.md, "The wire"): read, and
 * checked as bytes of a stranger. */
#ifndef SFI_HSM_SERVER_ANSWER_H
#define SFI_HSM_SERVER_ANSWER_H

#include <sfi/hsm.h>

#include "hsm/server/fence.h"

#define ANSWER_MAX (32u << 10)       /* bytes of an answer */
#define ANSWER_PAGE_MAX (256u << 10) /* ... with records */
#define ANSWER_RECORDS_MAX 64u

struct answer_license {
    uint8_t data[SFI_LICENSE_LEN];
    bool again;
    struct fence_seen seen;
};

struct answer_info {
    sfi_hsm_info info;
    sfi_audit_head head;
    struct fence_seen seen;
};

struct answer_page {
    sfi_audit_head head;
    struct fence_seen seen;
    size_t count;
    sfi_audit_record records[ANSWER_RECORDS_MAX];
};

sfi_status sfi__answer_license(sfi_ctx *ctx, const void *data, size_t len,
                               struct answer_license *out);
sfi_status sfi__answer_info(sfi_ctx *ctx, const void *data, size_t len,
                            struct answer_info *out);
/* Of which only the end matters: of a check. */
sfi_status sfi__answer_end(sfi_ctx *ctx, const void *data, size_t len,
                           struct fence_seen *out);
sfi_status sfi__answer_lease(sfi_ctx *ctx, const void *data, size_t len,
                             uint8_t *out, size_t out_len,
                             struct fence_seen *seen);
sfi_status sfi__answer_return(sfi_ctx *ctx, const void *data, size_t len,
                              uint64_t *returned, struct fence_seen *seen);
sfi_status sfi__answer_page(sfi_ctx *ctx, const void *data, size_t len,
                            struct answer_page *out);

/* A refusal: records its status and message in the context, and returns the
 * status.  `code` is HTTP's; `count` receives SFI_COUNT_*. */
sfi_status sfi__answer_refusal(sfi_ctx *ctx, unsigned code, const void *data,
                               size_t len, uint32_t *count);

#endif
