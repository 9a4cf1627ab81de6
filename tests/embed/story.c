/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An image build and two licences, with all of libsfi's cryptography: keys in
 * PEM, key pairs, signatures, AES-GCM, key derivation, scrypt, HMAC. */
#define _XOPEN_SOURCE 700
#include "story.h"

#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sfi/sfi.h>
#include <sfi/sim.h>

static const char pin[] = "a PIN that is in no dictionary";

struct story {
    sfi_ctx *ctx;
    const sfi_chip *chip;
    sfi_key *key;
    uint8_t nonce[SFI_NONCE_LEN];
    sfi_firmware *fw;
    sfi_option_bytes *ob;
    sfi_image_builder *b;
    sfi_personalization *perso;
    sfi_hsm *hsm;
};

static sfi_status
story_make_chips(struct story *s)
{
    sfi_status st = sfi_sim_manufacture(s->ctx, s->chip, "ca", "chip-1");

    /* the second one reads the CA's key, which the first one wrote */
    return st == SFI_OK ? sfi_sim_manufacture(s->ctx, s->chip, "ca", "chip-2")
                        : st;
}

static sfi_status
story_build_image(struct story *s)
{
    const char *data = getenv("SFI_TEST_SOURCE");
    char elf[512], csv[512];
    sfi_status st;

    (void)snprintf(elf, sizeof(elf), "%s/tests/data/blink-stm32h753xi.elf",
                   data != NULL ? data : ".");
    (void)snprintf(csv, sizeof(csv), "%s/tests/data/ob-stm32h753xi.csv",
                   data != NULL ? data : ".");
    if ((st = sfi_key_create(s->ctx, "key.bin")) == SFI_OK &&
        (st = sfi_key_load(s->ctx, "key.bin", &s->key)) == SFI_OK &&
        (st = sfi_nonce_create(s->ctx, "nonce.bin")) == SFI_OK &&
        (st = sfi_nonce_load(s->ctx, "nonce.bin", s->nonce)) == SFI_OK &&
        (st = sfi_firmware_load(s->ctx, elf, &s->fw)) == SFI_OK &&
        (st = sfi_option_bytes_load(s->ctx, s->chip, csv, &s->ob)) == SFI_OK &&
        (st = sfi_image_builder_new(s->ctx, s->chip, &s->b)) == SFI_OK &&
        (st = sfi_image_builder_set_key(s->b, s->key)) == SFI_OK &&
        (st = sfi_image_builder_set_nonce(s->b, s->nonce, sizeof(s->nonce))) ==
            SFI_OK &&
        (st = sfi_image_builder_add_firmware(s->b, s->fw)) == SFI_OK &&
        (st = sfi_image_builder_set_option_bytes(s->b, s->ob)) == SFI_OK)
        st = sfi_image_builder_save(s->b, "blink.sfi");
    return st;
}

/* The personalisation file that sfi_sim_manufacture() left with the CA. */
static sfi_status
story_load_personalization(struct story *s)
{
    glob_t found = {0};
    sfi_status st = SFI_ERR_OS;

    if (glob("ca/45002001_SFI_*.pd", 0, NULL, &found) == 0 &&
        found.gl_pathc == 1)
        st = sfi_personalization_load(s->ctx, found.gl_pathv[0], &s->perso);
    globfree(&found);
    return st;
}

static sfi_status
story_provision(struct story *s)
{
    sfi_status st;

    if ((st = story_load_personalization(s)) == SFI_OK &&
        (st = sfi_hsm_open(s->ctx, "vault:line.vault", &s->hsm)) == SFI_OK &&
        (st = sfi_hsm_login(s->hsm, pin, strlen(pin))) == SFI_OK)
        st = sfi_hsm_provision(s->hsm, s->key, s->nonce, sizeof(s->nonce),
                               "embed", 2, s->perso, NULL);
    return st;
}

static sfi_status
story_license(struct story *s, const char *state_dir)
{
    uint8_t data[SFI_CERTIFICATE_LEN];
    size_t len = sizeof(data);
    sfi_certificate *cert = NULL;
    sfi_license *lic = NULL;
    sfi_status st;

    if ((st = sfi_sim_peek(s->ctx, state_dir, SFI_SIM_CERTIFICATE, data,
                           &len)) == SFI_OK &&
        (st = sfi_certificate_parse(s->ctx, data, len, &cert)) == SFI_OK)
        st = sfi_hsm_generate_license(s->hsm, cert, &lic);
    sfi_license_free(lic);
    sfi_certificate_free(cert);
    return st;
}

static sfi_status
story_count(struct story *s)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_status st;

    if ((st = story_license(s, "chip-1")) != SFI_OK ||
        (st = story_license(s, "chip-2")) != SFI_OK ||
        (st = story_license(s, "chip-1")) != SFI_OK ||
        (st = sfi_hsm_get_info(s->hsm, &info)) != SFI_OK)
        return st;
    if (info.remaining != 0)
        return SFI_ERR_STATE;
    return sfi_hsm_verify_audit(s->hsm);
}

static void
story_end(struct story *s)
{
    sfi_hsm_free(s->hsm);
    sfi_personalization_free(s->perso);
    sfi_image_builder_free(s->b);
    sfi_option_bytes_free(s->ob);
    sfi_firmware_free(s->fw);
    sfi_key_free(s->key);
    sfi_ctx_free(s->ctx);
}

static int
story_remove(const char *path, const struct stat *st, int kind,
             struct FTW *place)
{
    (void)st;
    (void)kind;
    (void)place;
    return remove(path);
}

int
embed_story(void)
{
    char folder[] = "sfi-embed-XXXXXX";
    const char *tmp = getenv("TMPDIR");
    struct story s = {.chip = sfi_chip_find("stm32h753xi")};
    sfi_status st;

    if (chdir(tmp != NULL ? tmp : "/tmp") != 0 || mkdtemp(folder) == NULL ||
        chdir(folder) != 0 || sfi_ctx_new(NULL, &s.ctx) != SFI_OK) {
        perror("no folder or context");
        return 1;
    }
    if ((st = story_make_chips(&s)) == SFI_OK &&
        (st = story_build_image(&s)) == SFI_OK &&
        (st = story_provision(&s)) == SFI_OK)
        st = story_count(&s);
    if (st != SFI_OK)
        (void)fprintf(
            stderr, "%s: %s (%s)\n", sfi_error_where(sfi_ctx_error(s.ctx)),
            sfi_error_message(sfi_ctx_error(s.ctx)), sfi_status_name(st));
    story_end(&s);
    if (chdir("..") != 0 ||
        nftw(folder, story_remove, 8, FTW_DEPTH | FTW_PHYS) != 0)
        perror(folder);
    return st != SFI_OK;
}
