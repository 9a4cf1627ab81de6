/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the benchmarks of installs share: images, chips and counted links. */
#define _XOPEN_SOURCE 700
#include "bench_kit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chip/chip.h"
#include "license/license.h"

sfi_ctx *ctx;
struct bench_image image;

static char folder[BENCH_PATH];

void
need(sfi_status st)
{
    if (st == SFI_OK)
        return;
    (void)fprintf(stderr, "%s: %s\n", sfi_error_where(sfi_ctx_error(ctx)),
                  sfi_error_message(sfi_ctx_error(ctx)));
    exit(EXIT_FAILURE);
}

/* ---- the OEM and the HSM ---- */

static const uint8_t key[SFI_KEY_LEN] = {1, 2, 3, 4};
static const uint8_t nonce[SFI_NONCE_LEN] = {5, 6, 7, 8};

static sfi_status
keep(void *user, const uint8_t *data, size_t len)
{
    (void)user;
    image.data = realloc(image.data, image.len + len);
    if (image.data == NULL)
        return SFI_ERR_NOMEM;
    memcpy(image.data + image.len, data, len);
    image.len += len;
    return SFI_OK;
}

void
bench_build(const sfi_chip *chip, size_t size)
{
    uint8_t *data = malloc(size);
    const char *source = getenv("SFI_TEST_SOURCE");
    uint64_t base = chip->user.base;
    sfi_image_builder *b;
    sfi_option_bytes *ob;
    sfi_firmware *fw;
    char path[BENCH_PATH];
    sfi_key *k;

    for (size_t i = 0; data != NULL && i < size; i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    (void)snprintf(path, sizeof(path), "%s/tests/data/ob-%s.csv",
                   source != NULL ? source : ".", sfi_chip_name(chip));
    need(sfi_key_new(ctx, key, sizeof(key), &k));
    need(sfi_option_bytes_load(ctx, chip, path, &ob));
    need(sfi_firmware_parse(ctx, "bin", base, data, size, &fw));
    need(sfi_image_builder_new(ctx, chip, &b));
    need(sfi_image_builder_set_key(b, k));
    need(sfi_image_builder_set_nonce(b, nonce, sizeof(nonce)));
    need(sfi_image_builder_set_version(b, 1));
    need(sfi_image_builder_set_option_bytes(b, ob));
    need(sfi_image_builder_add_firmware(b, fw));
    image.len = 0;
    need(sfi_image_builder_write(b, keep, NULL));
    sfi_image_builder_free(b);
    sfi_firmware_free(fw);
    sfi_option_bytes_free(ob);
    sfi_key_free(k);
    free(data);
}

static sfi_license *
license_for(sfi_sim *sim)
{
    uint8_t cert[SFI_CERTIFICATE_LEN], raw[SFI_LICENSE_LEN];
    size_t len = sizeof(cert);
    sfi_license *lic;

    need(sfi_sim_dump(sim, SFI_SIM_CERTIFICATE, cert, &len));
    need(sfi__license_make(ctx, cert + 8, LICENSE_STATIC, 0, key, nonce, raw));
    need(sfi_license_parse(ctx, raw, sizeof(raw), &lic));
    return lic;
}

/* ---- the bench ---- */

sfi_sim *
bench_chip(const char *name)
{
    static unsigned chips;
    char ca[BENCH_PATH + 16], state[BENCH_PATH + 16];
    sfi_sim *sim;

    (void)snprintf(ca, sizeof(ca), "%s/ca", folder);
    (void)snprintf(state, sizeof(state), "%s/chip-%u", folder, chips++);
    need(sfi_sim_manufacture(ctx, sfi_chip_find(name), ca, state));
    need(sfi_sim_open(ctx, state, &sim));
    return sim;
}

void
bench_install(sfi_sim *sim, sfi_transport *tp)
{
    sfi_license *lic = license_for(sim);
    sfi_installer *in;

    need(sfi_installer_new(ctx, sfi_sim_chip(sim), &in));
    need(sfi_installer_set_image(in, image.data, image.len));
    need(sfi_installer_set_transport(in, tp));
    need(sfi_installer_set_license(in, lic));
    need(sfi_installer_run(in));
    sfi_installer_free(in);
    sfi_license_free(lic);
}

bool
bench_begin(const char *where)
{
    (void)snprintf(folder, sizeof(folder), "%s/sfi-bench-XXXXXX", where);
    return mkdtemp(folder) != NULL && sfi_ctx_new(NULL, &ctx) == SFI_OK;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

bool
bench_end(void)
{
    free(image.data);
    sfi_ctx_free(ctx);
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0;
}
