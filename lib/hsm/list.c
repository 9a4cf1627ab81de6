#include <sfi/hsm.h>

#include "core/obj.h"
#include "hsm/channel.h"

sfi_status
sfi_hsm_list(sfi_ctx *ctx, sfi_hsm_slot_fn fn, void *user)
{
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, fn != NULL);
    return sfi__pcsc_list(ctx, fn, user);
}
