/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A chip maker and an OEM in memory, and their vaults. */
#include <bench/maker.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "core/err.h"
#include "crypto/gcm.h"
#include "crypto/rand.h"
#include "hsm/open.h"
#include "license/certificate.h"
#include "license/license.h"
#include "wire/image.h"

#include <disk/ledger_memory.h>
#include "fixture.h"

void
maker_header(const struct maker *m, uint8_t raw[SFI_IMAGE_HEADER_LEN])
{
    struct image_header h = {.version = SFI_FORMAT_VERSION, .areas = 2};
    uint8_t iv[SFI_FORMAT_NONCE_LEN];

    memcpy(h.magic, SFI_FORMAT_MAGIC, sizeof(h.magic));
    sfi__image_write_header(raw, &h);
    sfi__image_iv(iv, m->nonce, 0);
    ck_assert_int_eq(sfi__gcm_seal(ctx, m->key_secret, iv, raw,
                                   SFI_FORMAT_HEADER_AAD_LEN, NULL, 0, NULL,
                                   h.tag),
                     SFI_OK);
    sfi__image_write_header(raw, &h);
}

const struct ledger_place *vault_place;
static const char *vault_database; /* NULL: none */

bool
vault_choose(int argc, char **argv)
{
    const char *where = argc > 1 ? argv[1] : "files";

    if (strcmp(where, "memory") == 0)
        vault_place = &ledger_memory;
    if (strcmp(where, "postgres") == 0) {
        vault_database = getenv("SFI_TEST_POSTGRES");
        if (vault_database == NULL) {
            (void)fprintf(stderr, "SFI_TEST_POSTGRES is not set\n");
            exit(EXIT_FAILURE);
        }
    }
    return vault_place == NULL && vault_database == NULL;
}

/* A folder's name is unique. */
void
vault_path(char *out, size_t cap, const char *dir, const char *name)
{
    const char *last = strrchr(dir, '/');

    if (vault_database == NULL)
        (void)snprintf(out, cap, "%s/%s.vault", dir, name);
    else
        (void)snprintf(out, cap, "%s&vault=%s.%s", vault_database,
                       last != NULL ? last + 1 : dir, name);
}

static void
maker_open(struct maker *m)
{
    ck_assert_ok(sfi_personalization_parse(ctx, m->perso_data,
                                           sizeof(m->perso_data), &m->perso));
    ck_assert_ok(
        sfi_key_new(ctx, m->key_secret, sizeof(m->key_secret), &m->key));
}

void
maker_init(struct maker *m)
{
    size_t len;

    sfi__zero(m, sizeof(*m));
    ck_assert_ok(sfi__ecc_generate(ctx, m->ca_secret, m->ca_public));
    ck_assert_ok(sfi__perso_issue(ctx, m->ca_secret, MAKER_PRODUCT,
                                  m->perso_data, sizeof(m->perso_data), &len));
    ck_assert_ok(sfi__random(ctx, m->key_secret, sizeof(m->key_secret)));
    ck_assert_ok(sfi__random(ctx, m->nonce, sizeof(m->nonce)));
    maker_open(m);
}

static bool
is_made(const uint8_t secret[SFI_ECC_SECRET_LEN])
{
    static const uint8_t none[SFI_ECC_SECRET_LEN];

    return !sfi__equal(secret, none, sizeof(none));
}

bool
maker_share(struct maker *m)
{
    bool made = test_in_one_process() && is_made(m->ca_secret);

    if (made)
        maker_open(m);
    else
        maker_init(m);
    return made;
}

void
maker_free(struct maker *m)
{
    sfi_key_free(m->key);
    sfi_personalization_free(m->perso);
}

void
chip_make(const struct maker *m, const char *product, struct chip *c)
{
    ck_assert_ok(sfi__ecc_generate(ctx, c->secret, c->public_key));
    ck_assert_ok(
        sfi__cert_issue(ctx, m->ca_secret, product, c->public_key, c->data));
    ck_assert_ok(
        sfi_certificate_parse(ctx, c->data, sizeof(c->data), &c->cert));
}

void
chip_share(const struct maker *m, struct chip *c)
{
    if (test_in_one_process() && is_made(c->secret))
        ck_assert_ok(
            sfi_certificate_parse(ctx, c->data, sizeof(c->data), &c->cert));
    else
        chip_make(m, MAKER_PRODUCT, c);
}

void
chip_free(struct chip *c)
{
    sfi_certificate_free(c->cert);
}

void
chip_opens(const struct chip *c, const struct maker *m, const sfi_license *lic)
{
    uint8_t key[SFI_KEY_LEN];
    uint8_t nonce[SFI_NONCE_LEN];

    ck_assert_ok(sfi__license_open(ctx, c->secret, sfi_license_data(lic, NULL),
                                   key, nonce));
    ck_assert_mem_eq(key, m->key_secret, sizeof(key));
    ck_assert_mem_eq(nonce, m->nonce, sizeof(nonce));
}

sfi_status
vault_open(const char *path, sfi_hsm **out)
{
    static const struct kdf_cost cheap = {.log2_n = 1, .r = 8, .p = 1};

    sfi__clear_error(ctx);
    return sfi__hsm_open_vault(ctx, path, &cheap, vault_place, out);
}

sfi_hsm *
vault_login(const char *path)
{
    sfi_hsm *hsm;

    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_ok(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)));
    return hsm;
}

sfi_hsm *
vault_new(const struct maker *m, const char *path, uint64_t count)
{
    sfi_hsm *hsm = vault_login(path);

    ck_assert_ok(sfi_hsm_provision(hsm, m->key, m->nonce, SFI_NONCE_LEN,
                                   MAKER_FIRMWARE_ID, count, m->perso, NULL));
    return hsm;
}

uint64_t
vault_remaining(sfi_hsm *hsm)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    return info.remaining;
}
