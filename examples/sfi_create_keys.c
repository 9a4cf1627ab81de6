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

/* ---- new files ---- */

static int
make_key_file(const struct job *j, const char *path)
{
    int status = create_status(j, sfi_key_create(j->ctx, path));

    if (status == 0)
        (void)printf("%s: new key, %u bytes\n", cli_visible(path), SFI_KEY_LEN);
    return status;
}

static int
make_nonce_file(const struct job *j, const char *path)
{
    int status = create_status(j, sfi_nonce_create(j->ctx, path));

    if (status == 0)
        (void)printf("%s: new nonce, %u bytes\n", cli_visible(path),
                     SFI_NONCE_LEN);
    return status;
}

int
create_keys(struct job *j)
{
    const char *key = cli_value(&j->cli, OPT_GENKEY);
    const char *nonce = cli_value(&j->cli, OPT_GENNONCE);
    int status = 0;

    if (key != NULL)
        status = make_key_file(j, key);
    if (nonce != NULL && status == 0)
        status = make_nonce_file(j, nonce);
    if (status != 0 || !cli_has(&j->cli, OPT_JSON))
        return status;
    cli_json_begin(&j->out);
    if (key != NULL)
        json_text(&j->out, "key", key);
    if (nonce != NULL)
        json_text(&j->out, "nonce", nonce);
    return status;
}

/* ---- the register ---- */

/* PATH with SUFFIX behind it; freed at the end of the program. */
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
    struct stat st;

    if (cli_has(&j->cli, OPT_NO_REGISTER))
        return;
    if (named != NULL) {
        j->reg = path_with_suffix(j, named, "");
        return;
    }
    if (strcmp(key, "-") != 0 && stat(key, &st) == 0 && S_ISREG(st.st_mode)) {
        j->reg = path_with_suffix(j, key, ".used");
        return;
    }
    cli_warn(j->cli.spec->program,
             "warning: the key is not in a file, so nothing notices a second "
             "image under its nonce: --register FILE does");
}

static sfi_status
builder_set_secrets(struct job *j)
{
    uint32_t flags =
        cli_has(&j->cli, OPT_SAME_NONCE) ? SFI_REGISTER_SAME_NONCE : 0;
    sfi_status st = sfi_image_builder_set_key(j->builder, j->key);

    if (st == SFI_OK)
        st =
            sfi_image_builder_set_nonce(j->builder, j->nonce, sizeof(j->nonce));
    if (st == SFI_OK)
        st = sfi_image_builder_set_register(j->builder, j->reg, flags);
    return st;
}

/* ---- of the image ---- */

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

int
create_load_keys(struct job *j)
{
    const char *key = cli_value(&j->cli, OPT_KEY);
    int status;

    if (cli_has(&j->cli, OPT_NEW_KEYS))
        return 0;
    status = create_status(j, cli_load_secrets(&j->cli, j->ctx, key,
                                               cli_value(&j->cli, OPT_NONCE),
                                               &j->key, j->nonce));
    if (status != 0)
        return status;
    pick_register(j, key);
    return create_status(j, builder_set_secrets(j));
}

/* After all other checks, so that a mistake leaves no files of keys. */
int
create_new_keys(struct job *j)
{
    const char *prefix = cli_value(&j->cli, OPT_NEW_KEYS);
    char *key, *nonce;
    int status;

    if (prefix == NULL)
        return 0;
    key = path_with_suffix(j, prefix, ".key");
    nonce = path_with_suffix(j, prefix, ".nonce");
    status = make_key_file(j, key);
    if (status == 0)
        status = make_nonce_file(j, nonce);
    if (status == 0)
        status = create_status(j, cli_load_secrets(&j->cli, j->ctx, key, nonce,
                                                   &j->key, j->nonce));
    if (status == 0) {
        pick_register(j, key);
        status = create_status(j, builder_set_secrets(j));
    }
    free(key);
    free(nonce);
    return status;
}
