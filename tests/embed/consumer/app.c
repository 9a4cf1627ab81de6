/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The smallest consumer that uses libcrypto through libsfi. */
#include <stdio.h>

#include <sfi/sfi.h>

int
main(int argc, char **argv)
{
    sfi_ctx *ctx;

    if (argc != 2 || sfi_ctx_new(NULL, &ctx) != SFI_OK)
        return 64;
    if (sfi_key_create(ctx, argv[1]) != SFI_OK) {
        (void)fprintf(stderr, "%s\n", sfi_error_message(sfi_ctx_error(ctx)));
        return 1;
    }
    sfi_ctx_free(ctx);
    printf("libsfi %s\n", sfi_version_str());
    return 0;
}
