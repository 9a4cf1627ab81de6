/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Names of links, USB devices and probes, parsed without opening them. */
#include <string.h>

#include "transport/usb/usb.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const keys[] = {"baud", "reset", "boot0", NULL};
    sfi_ctx *ctx = fuzz_ctx();
    char *text = malloc(len + 1);
    struct usb_pick pick;
    struct uri u;
    sfi_status st;

    FUZZ_HOLDS(text != NULL);
    if (len > 0)
        memcpy(text, data, len);
    text[len] = '\0';
    st = sfi__uri_parse(ctx, text, &u);
    FUZZ_HOLDS((st == SFI_OK) == (sfi_ctx_error(ctx) == NULL));
    if (st == SFI_OK) {
        FUZZ_HOLDS(u.scheme[0] != '\0'); /* a path may be empty: "usb:" */
        for (size_t i = 0; i < u.param_count; i++)
            FUZZ_HOLDS(sfi__uri_get(&u, u.param[i].key) == u.param[i].value);
        (void)sfi__uri_allow(ctx, &u, keys);
    }
    if (sfi__usb_pick(ctx, (enum usb_role)(len % 2),
                      st == SFI_OK ? u.path : text, &pick) == SFI_OK)
        FUZZ_HOLDS(memchr(pick.path, '\0', sizeof(pick.path)) != NULL &&
                   memchr(pick.serial, '\0', sizeof(pick.serial)) != NULL &&
                   pick.nth <= 127);
    free(text);
    fuzz_ctx_free(ctx);
    return 0;
}
