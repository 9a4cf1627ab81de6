#include "image/smi.h"

#include <inttypes.h>

#include "util/mem.h"
#include "util/rd.h"
#include "core/err.h"

sfi_status
sfi__smi_check(sfi_ctx *ctx, const uint8_t *smi, size_t len, uint32_t *address)
{
    uint8_t magic[SMI_MAGIC_LEN];
    uint32_t size;
    struct rd r;

    rd_init(&r, smi, len);
    rd_bytes(&r, magic, sizeof(magic));
    *address = rd_u32le(&r);
    size = rd_u32le(&r);
    rd_skip(&r, SMI_TAG_LEN + SMI_SECURITY_VERSION_LEN);
    if (!rd_ok(&r))
        return sfi__fail(ctx, SFI_ERR_TRUNCATED,
                         "a module of %zu bytes, its header alone has %u", len,
                         SMI_HEADER_LEN);
    if (!sfi__equal(magic, SMI_MAGIC, SMI_MAGIC_LEN))
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "no module: it does not begin with " SMI_MAGIC);
    if (rd_left(&r) < size)
        return sfi__fail(ctx, SFI_ERR_TRUNCATED,
                         "the module has %zu bytes of code, its header says "
                         "%" PRIu32,
                         rd_left(&r), size);
    if (rd_left(&r) > size)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "%zu bytes follow the module's %" PRIu32
                         " bytes of code",
                         rd_left(&r) - size, size);
    if (size == 0)
        return sfi__fail(ctx, SFI_ERR_FORMAT, "the module is empty");
    return SFI_OK;
}
