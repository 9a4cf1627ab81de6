/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A chip maker and an OEM in memory: a CA, chips with certificates, a
 * personalisation file, a firmware key; and vaults that open quickly. */
#ifndef SFI_TESTS_MAKER_H
#define SFI_TESTS_MAKER_H

#include <sfi/hsm.h>

#include "crypto/ecc.h"
#include "hsm/vault/ledger.h"
#include "license/personalization.h"

#define MAKER_PRODUCT "45002001"
#define MAKER_PIN "1234-5678"
#define MAKER_FIRMWARE_ID "blink 1.0"

struct maker {
    uint8_t ca_secret[SFI_ECC_SECRET_LEN];
    uint8_t ca_public[SFI_ECC_PUBLIC_LEN];
    uint8_t perso_data[PERSO_LEN];
    sfi_personalization *perso;
    uint8_t key_secret[SFI_KEY_LEN];
    uint8_t nonce[SFI_NONCE_LEN];
    sfi_key *key;
};

struct chip {
    uint8_t secret[SFI_ECC_SECRET_LEN];
    uint8_t public_key[SFI_ECC_PUBLIC_LEN];
    uint8_t data[SFI_CERTIFICATE_LEN];
    sfi_certificate *cert;
};

void maker_init(struct maker *m);
void maker_free(struct maker *m);
/* For a static `m`: tests in one process share the maker; true: it is the one
 * that an earlier test made. */
bool maker_share(struct maker *m);

/* A chip of this product, certified by this maker. */
void chip_make(const struct maker *m, const char *product, struct chip *c);
void chip_free(struct chip *c);
/* The same for a static `c` of MAKER_PRODUCT: see maker_share(). */
void chip_share(const struct maker *m, struct chip *c);
/* The licence opens on this chip, and gives this maker's key and nonce. */
void chip_opens(const struct chip *c, const struct maker *m,
                const sfi_license *lic);

/* The header of an image with this maker's key and nonce. */
void maker_header(const struct maker *m, uint8_t raw[SFI_IMAGE_HEADER_LEN]);

/* Where vaults are kept from now on; NULL, the default: where their names say.
 */
extern const struct ledger_place *vault_place;
/* The program's argument: "memory", "postgres" (the database at
 * SFI_TEST_POSTGRES: tests/support/postgres.py), or none: files.  True: files.
 */
bool vault_choose(int argc, char **argv);
/* The path of vault `name` for a test with this folder. */
void vault_path(char *out, size_t cap, const char *dir, const char *name);
/* sfi_hsm_open("vault:" path) with a cheap key derivation for the PIN. */
sfi_status vault_open(const char *path, sfi_hsm **out);
/* ... and logged in with MAKER_PIN. */
sfi_hsm *vault_login(const char *path);
/* A new vault for `count` chips, logged in. */
sfi_hsm *vault_new(const struct maker *m, const char *path, uint64_t count);
uint64_t vault_remaining(sfi_hsm *hsm);

#endif
