/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Names of HSMs. */
#include <string.h>

#include "hsm/uri.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    sfi_ctx *ctx = fuzz_ctx();
    char *text = malloc(len + 1);
    struct hsm_uri u;
    sfi_status st;

    FUZZ_HOLDS(text != NULL);
    if (len > 0)
        memcpy(text, data, len);
    text[len] = '\0';
    st = sfi__hsm_uri_parse(ctx, text, &u);
    fuzz_check(ctx, st, st == SFI_OK ? &u : NULL);
    FUZZ_HOLDS(st == SFI_OK || st == SFI_ERR_FORMAT);
    if (st == SFI_OK && u.kind == HSM_VAULT)
        FUZZ_HOLDS(u.path > text && u.path < text + strlen(text));
    if (st == SFI_OK && u.kind == HSM_CARD) {
        FUZZ_HOLDS(u.reader[0] != '\0' && strcmp(u.reader, "0") != 0);
        FUZZ_HOLDS(memchr(u.reader, '\0', sizeof(u.reader)) != NULL);
        FUZZ_HOLDS(strstr(text, u.reader) != NULL);
    }
    free(text);
    fuzz_ctx_free(ctx);
    return 0;
}
