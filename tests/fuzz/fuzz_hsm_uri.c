/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Names of HSMs. */
#include <string.h>

#include "hsm/server/name.h"
#include "hsm/uri.h"

#include "fuzz.h"

/* Every text of it is inside the name, decoded, and whole. */
static void
check_server(sfi_ctx *ctx, const char *text)
{
    struct server_name n;
    sfi_status st = sfi__server_name_parse(ctx, text, &n);

    fuzz_check(ctx, st, st == SFI_OK ? &n : NULL);
    FUZZ_HOLDS(st == SFI_OK || st == SFI_ERR_FORMAT || st == SFI_ERR_NOMEM);
    FUZZ_HOLDS((st == SFI_OK) == (n.memory != NULL));
    if (st != SFI_OK)
        return;
    FUZZ_HOLDS(n.url_count >= 1 && n.url_count <= SERVER_URLS_MAX);
    for (size_t i = 0; i < n.url_count; i++)
        FUZZ_HOLDS(strncmp(n.urls[i], "https://", 8) == 0);
    FUZZ_HOLDS(n.firmware[0] != '\0' && strlen(n.firmware) <= 63);
    FUZZ_HOLDS(strlen(n.cert) > 0 && strlen(n.key) > 0 && strlen(n.ca) > 0);
    FUZZ_HOLDS(strlen(n.fence) > 0 && n.timeout_s >= 1 && n.timeout_s <= 3600);
    sfi__server_name_free(ctx, &n);
}

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
    if (st == SFI_OK && u.kind == HSM_SERVER)
        check_server(ctx, u.path);
    free(text);
    fuzz_ctx_free(ctx);
    return 0;
}
