/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-create: build an .sfi image from firmware, option bytes and a key. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/secrets.h"
#include "sfi_create.h"

/* ---- keys and nonces ---- */

/* Both or none. */
static sfi_status
make_key_files(struct job *j, const char *key, const char *nonce)
{
    sfi_status st = key != NULL ? sfi_key_create(j->ctx, key) : SFI_OK;

    if (st != SFI_OK)
        return st;
    if (nonce != NULL)
        st = sfi_nonce_create(j->ctx, nonce);
    if (st != SFI_OK && key != NULL)
        (void)unlink(key);
    if (st == SFI_OK && key != NULL) {
        cli_print("%s: new key, %u bytes\n", cli_visible(key), SFI_KEY_LEN);
        json_text(&j->json, "key", key);
    }
    if (st == SFI_OK && nonce != NULL) {
        cli_print("%s: new nonce, %u bytes\n", cli_visible(nonce),
                  SFI_NONCE_LEN);
        json_text(&j->json, "nonce", nonce);
    }
    return st;
}

/* Beside a key that is a file. */
static sfi_status
builder_set_register(struct job *j, const char *key)
{
    const struct cli *c = &j->cli;
    struct stat s;

    if (cli_has(c, OPT_NO_REGISTER))
        return SFI_OK;
    if (cli_has(c, OPT_REGISTER))
        j->reg = cli_text(c, "%s", cli_value(c, OPT_REGISTER));
    else if (strcmp(key, "-") != 0 && stat(key, &s) == 0 && S_ISREG(s.st_mode))
        j->reg = cli_text(c, "%s.used", key);
    else
        cli_warn(c->spec->program,
                 "warning: the key is not in a file, so nothing notices a "
                 "second image under its nonce: --register FILE does");
    return sfi_image_builder_set_register(
        j->builder, j->reg,
        cli_has(c, OPT_SAME_NONCE) ? SFI_REGISTER_SAME_NONCE : 0);
}

/* The file of -k or -n, or the one that --new-keys makes in its place. */
static char *
secret_path(const struct cli *c, size_t id, const char *suffix)
{
    const char *prefix = cli_value(c, OPT_NEW_KEYS);

    return prefix != NULL ? cli_text(c, "%s%s", prefix, suffix)
                          : cli_text(c, "%s", cli_value(c, id));
}

sfi_status
create_set_secrets(struct job *j)
{
    const struct cli *c = &j->cli;
    char *key = secret_path(c, OPT_KEY, ".key");
    char *nonce = secret_path(c, OPT_NONCE, ".nonce");
    sfi_status st = SFI_OK;

    if (cli_has(c, OPT_NEW_KEYS))
        st = make_key_files(j, key, nonce);
    if (st == SFI_OK)
        st = cli_load_secrets(c, j->ctx, key, nonce, &j->key, j->nonce);
    if (st == SFI_OK)
        st = sfi_image_builder_set_key(j->builder, j->key);
    if (st == SFI_OK)
        st =
            sfi_image_builder_set_nonce(j->builder, j->nonce, sizeof(j->nonce));
    if (st == SFI_OK)
        st = builder_set_register(j, key);
    free(key);
    free(nonce);
    return st;
}

/* ---- the image ---- */

/* ST's options that mean something else for the parts of libsfi: the bytes of
 * RAM for a piece of the image, and where the state between two pieces is. */
static void
check_words(const struct job *j)
{
    const struct cli *c = &j->cli;
    uint64_t ram = cli_value_number(c, OPT_RAMSIZE, UINT64_MAX);
    uint64_t base = sfi_chip_flash_base(j->chip);
    uint64_t last = base + sfi_chip_flash_size(j->chip) - 1;
    uint64_t token = cli_value_number(c, OPT_TOKEN, base);

    if (token < base || token > last)
        cli_usage(c,
                  "-ct 0x%08" PRIx64 " is not in the flash of %s, 0x%08" PRIx64
                  " to 0x%08" PRIx64,
                  token, sfi_chip_name(j->chip), base, last);
    if (j->size > ram)
        cli_warn(c->spec->program,
                 "the image has %" PRIu64 " bytes, more than -rs "
                 "%" PRIu64 ": it is not cut into pieces, since %s takes "
                 "it area by area",
                 j->size, ram, sfi_chip_name(j->chip));
    if (cli_has(c, OPT_TOKEN))
        cli_print("Continuation token %s : not needed, the image is one "
                  "piece\n",
                  cli_visible(cli_value(c, OPT_TOKEN)));
}

static sfi_status
create_image(struct job *j)
{
    const struct cli *c = &j->cli;
    bool makes = !cli_has(c, OPT_CHECK);
    sfi_status st = makes ? create_take_stdout(j) : SFI_OK;

    if (st == SFI_OK)
        st = create_add_inputs(j);
    if (st == SFI_OK && makes && j->image_out == NULL)
        st = cli_check_output(j->ctx, cli_value(c, OPT_OUTFILE), SFI_FILE_IMAGE,
                              cli_has(c, OPT_FORCE));
    if (st == SFI_OK)
        st = create_check_image(j);
    if (st != SFI_OK || !makes)
        return st;
    check_words(j);
    /* after all checks, so that a mistake leaves no files of keys */
    if (cli_has(c, OPT_NEW_KEYS))
        st = create_set_secrets(j);
    return st == SFI_OK ? create_save_image(j) : st;
}

static sfi_status
create_run(struct job *j)
{
    const struct cli *c = &j->cli;
    sfi_status st;

    if (cli_has_any(c, OPT_GENKEY, OPT_GENNONCE))
        return make_key_files(j, cli_value(c, OPT_GENKEY),
                              cli_value(c, OPT_GENNONCE));
    if (cli_has(c, OPT_TEMPLATE))
        return create_template(j);
    j->chip = cli_chip(c, cli_value(c, OPT_CHIP));
    json_text(&j->json, "chip", sfi_chip_name(j->chip));
    st = create_image(j);
    cli_findings_json(&j->json, &j->findings);
    return st;
}

/* The library does not know the options that help. */
static int
create_fail(const struct job *j, sfi_status st)
{
    bool at_register =
        j->reg != NULL && st != SFI_ERR_RANGE &&
        strcmp(sfi_error_where(sfi_ctx_error(j->ctx)), j->reg) == 0;
    int status = cli_fail_at(&j->cli, j->ctx, st, j->place);

    if (at_register)
        cli_hint("--register FILE names another place for it, --no-register "
                 "does without");
    if (j->hint != NULL)
        cli_hint("%s", j->hint);
    return status;
}

int
main(int argc, char **argv)
{
    struct job j = {.place = ""};
    sfi_status st;
    int status;

    cli_begin(&j.cli, &sfi_create_spec, argc, argv);
    j.ctx = cli_context(&j.cli);
    cli_json_begin(&j.json);
    st = create_run(&j);
    status = st == SFI_OK ? 0 : create_fail(&j, st);
    cli_findings_free(&j.findings);
    sfi_image_builder_free(j.builder);
    sfi_key_free(j.key);
    cli_wipe(j.nonce, sizeof(j.nonce));
    free(j.reg);
    return cli_finish(&j.cli, j.ctx, status);
}
