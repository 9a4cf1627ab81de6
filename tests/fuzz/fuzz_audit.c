/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Exported audits.  Those of the corpus verify with the key below. */
#define _XOPEN_SOURCE 700
#include <string.h>
#include <unistd.h>

#include <sfi/audit.h>

#include "fuzz.h"

static void
verify(const char *path)
{
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};
    uint8_t key[SFI_AUDIT_KEY_LEN];
    sfi_ctx *ctx = fuzz_ctx();
    sfi_status st;

    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)(0x40 + i);
    st = sfi_audit_verify(ctx, path, key, sizeof(key), NULL, &sum);
    fuzz_check(ctx, st, st == SFI_OK ? &sum : NULL);
    if (st == SFI_OK) {
        FUZZ_HOLDS(sum.licensed + sum.remaining + sum.leased - sum.returned +
                       sum.given_up ==
                   sum.maximum);
        FUZZ_HOLDS(sum.records >= sum.licensed + sum.retired);
        FUZZ_HOLDS(strlen(sum.serial) == 32);
        /* it continues itself */
        st = sfi_audit_verify(ctx, path, key, sizeof(key), path, &sum);
        FUZZ_HOLDS(st == SFI_OK);
    }
    fuzz_ctx_free(ctx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char path[] = "/tmp/sfi-fuzz-XXXXXX";
    int fd = mkstemp(path);

    FUZZ_HOLDS(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    FUZZ_HOLDS(close(fd) == 0);
    verify(path);
    (void)unlink(path);
    return 0;
}
