/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Names of links, opened.  Every path begins in a folder that does not exist,
 * so that no port of this machine is touched; what a name may say after its
 * path is read before that. */
#include <stdio.h>
#include <string.h>

#include <sfi/transport.h>

#include "fuzz.h"

#define TEXT_MAX 600u

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const kinds[] = {"serial", "spi", "script"};
    sfi_ctx *ctx = fuzz_ctx();
    char text[TEXT_MAX + 64];
    sfi_transport *tp;
    sfi_status st;
    int lead;

    if (len > TEXT_MAX)
        len = TEXT_MAX;
    lead = snprintf(text, sizeof(text), "%s:/sfi-no-such-folder/",
                    len > 0 ? kinds[data[0] % 3] : kinds[0]);
    if (len > 1)
        memcpy(text + lead, data + 1, len - 1);
    text[(size_t)lead + (len > 1 ? len - 1 : 0)] = '\0';
    st = sfi_transport_open(ctx, text, &tp);
    FUZZ_HOLDS(st != SFI_OK && tp == NULL);
    FUZZ_HOLDS(sfi_error_status(sfi_ctx_error(ctx)) == st);
    FUZZ_HOLDS(st == SFI_ERR_ARGUMENT || st == SFI_ERR_UNSUPPORTED ||
               (st <= -200 && st != SFI_ERR_INTERNAL));
    FUZZ_HOLDS(sfi_error_message(sfi_ctx_error(ctx))[0] != '\0');
    fuzz_ctx_free(ctx);
    return 0;
}
