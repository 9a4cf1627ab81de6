/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Keys and nonces: made, given to the builder, and the register beside the key.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/secrets.h"
#include "sfi_create.h"

sfi_status
create_key_files(struct job *j, const char *key, const char *nonce)
{
    sfi_status st = SFI_OK;

    if (key != NULL) {
        st = sfi_key_create(j->ctx, key);
        if (st != SFI_OK)
            return st;
        cli_print("%s: new key, %u bytes\n", cli_visible(key), SFI_KEY_LEN);
        json_text(&j->json, "key", key);
    }
    if (nonce != NULL) {
        st = sfi_nonce_create(j->ctx, nonce);
        if (st != SFI_OK)
            return st;
        cli_print("%s: new nonce, %u bytes\n", cli_visible(nonce),
                  SFI_NONCE_LEN);
        json_text(&j->json, "nonce", nonce);
    }
    return st;
}

void
create_check_key_options(const struct cli *c)
{
    bool makes = cli_has(c, OPT_NEW_KEYS);

    if (makes && (cli_has(c, OPT_KEY) || cli_has(c, OPT_NONCE)))
        cli_usage(c, "--new-keys makes key and nonce: leave out -k and -n");
    if (!makes) {
        (void)cli_need(c, OPT_KEY);
        (void)cli_need(c, OPT_NONCE);
    }
    if (cli_has(c, OPT_REGISTER) && cli_has(c, OPT_NO_REGISTER))
        cli_usage(c, "--register and --no-register contradict each other");
    if (cli_has(c, OPT_SAME_NONCE) && (makes || cli_has(c, OPT_NO_REGISTER)))
        cli_usage(c, "--same-nonce has no effect with %s: leave it out",
                  makes ? "--new-keys" : "--no-register");
}

/* PATH with SUFFIX behind it; the caller frees it. */
static char *
path_with_suffix(const struct job *j, const char *path, const char *suffix)
{
    size_t size = strlen(path) + strlen(suffix) + 1;
    char *name = malloc(size);

    if (name == NULL)
        cli_nomem(j->cli.spec->program);
    (void)snprintf(name, size, "%s%s", path, suffix);
    return name;
}

/* Beside a key that is a file. */
static void
pick_register(struct job *j, const char *key)
{
    const char *named = cli_value(&j->cli, OPT_REGISTER);
    struct stat s;

    if (cli_has(&j->cli, OPT_NO_REGISTER))
        return;
    if (named != NULL)
        j->reg = path_with_suffix(j, named, "");
    else if (strcmp(key, "-") != 0 && stat(key, &s) == 0 && S_ISREG(s.st_mode))
        j->reg = path_with_suffix(j, key, ".used");
    else
        cli_warn(j->cli.spec->program,
                 "warning: the key is not in a file, so nothing notices a "
                 "second image under its nonce: --register FILE does");
}

static sfi_status
builder_set_secrets(struct job *j, const char *key, const char *nonce)
{
    uint32_t flags =
        cli_has(&j->cli, OPT_SAME_NONCE) ? SFI_REGISTER_SAME_NONCE : 0;
    sfi_status st =
        cli_load_secrets(&j->cli, j->ctx, key, nonce, &j->key, j->nonce);

    if (st != SFI_OK)
        return st;
    pick_register(j, key);
    st = sfi_image_builder_set_key(j->builder, j->key);
    if (st == SFI_OK)
        st =
            sfi_image_builder_set_nonce(j->builder, j->nonce, sizeof(j->nonce));
    if (st == SFI_OK)
        st = sfi_image_builder_set_register(j->builder, j->reg, flags);
    return st;
}

sfi_status
create_set_secrets(struct job *j)
{
    const char *prefix = cli_value(&j->cli, OPT_NEW_KEYS);
    char *key, *nonce;
    sfi_status st;

    if (prefix == NULL)
        return builder_set_secrets(j, cli_value(&j->cli, OPT_KEY),
                                   cli_value(&j->cli, OPT_NONCE));
    key = path_with_suffix(j, prefix, ".key");
    nonce = path_with_suffix(j, prefix, ".nonce");
    st = create_key_files(j, key, nonce);
    if (st == SFI_OK)
        st = builder_set_secrets(j, key, nonce);
    free(key);
    free(nonce);
    return st;
}
