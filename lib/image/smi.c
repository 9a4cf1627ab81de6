/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The check of a module's .smi container. */
#include "image/smi.h"

#include <inttypes.h>

#include "util/mem.h"
#include "util/rd.h"
#include "core/err.h"
#include "wire/smi.h"

sfi_status
sfi__smi_check(sfi_ctx *ctx, const uint8_t *smi, size_t len, uint32_t *address)
{
    uint8_t magic[SMI_MAGIC_LEN];
    uint32_t size;
    struct rd r;

    sfi__rd_init(&r, smi, len);
    sfi__rd_bytes(&r, magic, sizeof(magic));
    *address = sfi__rd_u32le(&r);
    size = sfi__rd_u32le(&r);
    sfi__rd_skip(&r, SMI_TAG_LEN + SMI_SECURITY_VERSION_LEN);
    if (!sfi__rd_ok(&r))
        return sfi__fail(
            ctx, SFI_ERR_TRUNCATED,
            "module of %zu bytes, expected at least its header of %u", len,
            SMI_HEADER_LEN);
    if (!sfi__equal(magic, SMI_MAGIC, SMI_MAGIC_LEN))
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "not a module: its first bytes are not " SMI_MAGIC);
    if (sfi__rd_left(&r) < size)
        return sfi__fail(ctx, SFI_ERR_TRUNCATED,
                         "the module has %zu bytes of code, its header says "
                         "%" PRIu32,
                         sfi__rd_left(&r), size);
    if (sfi__rd_left(&r) > size)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "%zu bytes follow the module's %" PRIu32
                         " bytes of code",
                         sfi__rd_left(&r) - size, size);
    if (size == 0)
        return sfi__fail(ctx, SFI_ERR_FORMAT, "the module is empty");
    return SFI_OK;
}
