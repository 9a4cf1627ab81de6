/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Length, file and product id of records; see record.h. */
#include "license/record.h"

#include <string.h>

#include "core/err.h"
#include "core/files.h"

/* Longer than any record, so that the error can tell the length of a wrong
 * file. */
#define RECORD_FILE_MAX ((size_t)1 << 20)

sfi_status
sfi__record_check_length(sfi_ctx *ctx, const char *what, size_t got,
                         size_t want)
{
    if (got == want)
        return SFI_OK;
    return sfi__fail(ctx, got < want ? SFI_ERR_TRUNCATED : SFI_ERR_FORMAT,
                     "a %s of %zu bytes, expected %zu", what, got, want);
}

sfi_status
sfi__record_load(sfi_ctx *ctx, const char *what, const char *path,
                 uint8_t *data, size_t len)
{
    struct buf file;
    sfi_status st = sfi__load(ctx, path, RECORD_FILE_MAX, false, &file);

    if (st == SFI_OK) {
        st = sfi__record_check_length(ctx, what, file.len, len);
        if (st == SFI_OK)
            memcpy(data, file.data, len);
        else
            (void)sfi__where(ctx, "%s", path);
    }
    sfi__buf_free(&file);
    return st;
}

sfi_status
sfi__record_check_product_id(sfi_ctx *ctx, const char *what,
                             const uint8_t id[PRODUCT_ID_LEN])
{
    for (size_t i = 0; i < PRODUCT_ID_LEN; i++) {
        if ((id[i] < '0' || id[i] > '9') && (id[i] < 'A' || id[i] > 'F'))
            return sfi__fail(ctx, SFI_ERR_FORMAT,
                             "character %zu of the %s's product id is 0x%02x, "
                             "expected 0-9 or A-F",
                             i + 1, what, id[i]);
    }
    return SFI_OK;
}
