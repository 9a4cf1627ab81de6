/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Certificates of many devices, and the personalisation of their maker.
 *   bench_devices FOLDER COUNT
 * FOLDER/devices.bin has SFI_CERTIFICATE_LEN bytes for each device,
 * FOLDER/devices.perso is what an HSM for them is provisioned with. */
#include <stdio.h>
#include <stdlib.h>

#include <sfi/sfi.h>

#include "license/certificate.h"
#include "license/personalization.h"

#define PRODUCT "45002001"

static sfi_ctx *ctx;

static void
need(sfi_status st)
{
    if (st == SFI_OK)
        return;
    (void)fprintf(stderr, "bench_devices: %s\n",
                  sfi_error_message(sfi_ctx_error(ctx)));
    exit(EXIT_FAILURE);
}

static FILE *
create(const char *folder, const char *name)
{
    char path[1100];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "wb");
    if (f == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return f;
}

static void
put(FILE *f, const uint8_t *data, size_t len)
{
    if (fwrite(data, 1, len, f) != len)
        exit(EXIT_FAILURE);
}

int
main(int argc, char **argv)
{
    uint8_t ca_secret[SFI_ECC_SECRET_LEN], ca_public[SFI_ECC_PUBLIC_LEN];
    uint8_t secret[SFI_ECC_SECRET_LEN], public_key[SFI_ECC_PUBLIC_LEN];
    uint8_t data[SFI_CERTIFICATE_LEN], perso[PERSO_LEN];
    size_t count, len;
    FILE *f;

    if (argc != 3)
        return 64;
    count = strtoul(argv[2], NULL, 10);
    if (sfi_ctx_new(NULL, &ctx) != SFI_OK)
        return EXIT_FAILURE;
    need(sfi__ecc_generate(ctx, ca_secret, ca_public));
    need(sfi__perso_issue(ctx, ca_secret, PRODUCT, perso, sizeof(perso), &len));
    f = create(argv[1], "devices.perso");
    put(f, perso, len);
    if (fclose(f) != 0)
        return EXIT_FAILURE;
    f = create(argv[1], "devices.bin");
    for (size_t i = 0; i < count; i++) {
        need(sfi__ecc_generate(ctx, secret, public_key));
        need(sfi__cert_issue(ctx, ca_secret, PRODUCT, public_key, data));
        put(f, data, sizeof(data));
    }
    sfi_ctx_free(ctx);
    return fclose(f) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
