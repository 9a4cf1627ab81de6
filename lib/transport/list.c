#include "transport/list.h"

#include <sfi/version.h>

#include "core/err.h"
#include "core/obj.h"

sfi_status
sfi__list(const struct listing *l)
{
    static const struct {
        const char *feature;
        sfi_status (*list)(const struct listing *l);
    } kinds[] = {
        {"serial", sfi__list_serial},
        {"spi", sfi__list_spi},
        {"usb", sfi__list_usb},
        {"usb", sfi__list_probe},
    };
    sfi_status first = SFI_OK;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        sfi_status st =
            sfi_has_feature(kinds[i].feature) != 0 ? kinds[i].list(l) : SFI_OK;

        if (first == SFI_OK)
            first = st;
    }
    return first;
}

sfi_status
sfi_transport_list(sfi_ctx *ctx, sfi_transport_found_fn fn, void *user)
{
    const struct listing l = {.ctx = ctx, .root = "", .fn = fn, .user = user};

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, fn != NULL);
    return sfi__list(&l);
}
