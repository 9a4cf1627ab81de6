#include "transport/usb.h"

#include "core/err.h"

sfi_status
sfi__usb_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    (void)out;
    (void)sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                    "this libsfi was built without USB");
    return sfi__where(ctx, "usb:%s", uri->path);
}
