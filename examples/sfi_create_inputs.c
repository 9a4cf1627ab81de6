/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The inputs of an image, from the command line to the builder. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/lenient.h"
#include "cli/option_bytes.h"
#include "cli/secrets.h"
#include "cli/select.h"
#include "sfi_create.h"

/* ---- firmware and modules ---- */

static void
print_firmware(const char *path, const sfi_firmware *fw)
{
    size_t count = sfi_firmware_segment_count(fw);
    uint64_t address, total = 0;
    const uint8_t *data;
    size_t len;

    cli_print("Firmware %s : %s, %zu segment%s\n", cli_visible(path),
              sfi_firmware_format(fw), count, count == 1 ? "" : "s");
    for (size_t i = 0;
         sfi_firmware_segment(fw, i, &address, &data, &len) == SFI_OK; i++) {
        cli_print("  segment %zu : 0x%08" PRIx64 " to 0x%08" PRIx64
                  ", %zu bytes\n",
                  i + 1, address, address + len - 1, len);
        total += len;
    }
    cli_print("  total : %" PRIu64 " bytes\n", total);
}

static sfi_status
add_firmware(struct job *j, const struct cli_use *use,
             const sfi_firmware_options *how, struct cli_select *select)
{
    sfi_firmware *fw = NULL;
    sfi_status st = cli_firmware_load(&j->cli, j->ctx, use, how, &fw);

    if (st == SFI_OK)
        st = cli_select(select, &fw);
    if (st == SFI_OK) {
        print_firmware(use->value[0], fw);
        st = sfi_image_builder_add_firmware(j->builder, fw);
    }
    sfi_firmware_free(fw);
    return st;
}

static sfi_status
add_firmwares(struct job *j)
{
    const struct cli *c = &j->cli;
    const char *sections[32]; /* as often as it repeats */
    sfi_firmware_options how = {
        .struct_size = sizeof(how),
        .flags = cli_lenient_flags(c, OPT_NO_END_RECORD),
        .skip_sections = sections,
    };
    struct cli_select select = {
        .cli = c,
        .flash_of = cli_has(c, OPT_ONLY_FLASH) ? j->chip : NULL,
    };
    const struct cli_use *use = NULL;
    sfi_status st = SFI_OK;

    cli_ranges_read(c, OPT_ONLY, &select.only);
    cli_ranges_read(c, OPT_EXCLUDE, &select.exclude);
    while ((use = cli_next(c, OPT_SKIP_SECTION, use)) != NULL)
        sections[how.skip_section_count++] = use->value[0];
    while (st == SFI_OK && (use = cli_next(c, OPT_FIRMWARE, use)) != NULL)
        st = add_firmware(j, use, &how, &select);
    if (st == SFI_OK)
        cli_select_warn(&select);
    return st;
}

static sfi_status
add_module(const struct job *j, const char *path)
{
    sfi_status st = sfi_image_builder_add_module_file(j->builder, path);
    struct stat s;

    if (st == SFI_OK && stat(path, &s) == 0)
        cli_print("Module %s : %lld bytes\n", cli_visible(path),
                  (long long)s.st_size);
    return st;
}

/* ---- option bytes ---- */

/* Those of -ob FILE NAME=VALUE...; without it those of a new part. */
static sfi_status
load_option_bytes(const struct job *j, sfi_option_bytes **out)
{
    const struct cli_use *use = cli_next(&j->cli, OPT_OBFILE, NULL);
    sfi_status st;

    if (use == NULL)
        return sfi_option_bytes_new(j->ctx, j->chip, out);
    if (strchr(use->value[0], '=') != NULL && access(use->value[0], F_OK) != 0)
        cli_usage(&j->cli,
                  "%s %s: a CSV file comes first; sfi-create --template-ob "
                  "makes one",
                  use->spelling, use->value[0]);
    st = sfi_option_bytes_load(j->ctx, j->chip, use->value[0], out);
    return st == SFI_OK ? cli_fields_set(use, 1, *out) : st;
}

static sfi_status
add_option_bytes(const struct job *j)
{
    sfi_option_bytes *ob = NULL;
    sfi_status st = load_option_bytes(j, &ob);

    if (st == SFI_OK)
        st = sfi_image_builder_set_option_bytes(j->builder, ob);
    if (st == SFI_OK) {
        cli_print("Option bytes %s : %zu of %s\n",
                  cli_visible(cli_value(&j->cli, OPT_OBFILE)),
                  sfi_option_bytes_count(ob), sfi_chip_name(j->chip));
        cli_fields_print(j->ctx, ob);
    }
    sfi_option_bytes_free(ob);
    return st;
}

sfi_status
create_template(struct job *j)
{
    const char *out = cli_value(&j->cli, OPT_OUTFILE);
    bool is_file = out != NULL && strcmp(out, "-") != 0;
    const char *csv = "";
    sfi_option_bytes *ob = NULL;
    sfi_status st;

    j->chip = cli_chip(&j->cli, cli_value(&j->cli, OPT_TEMPLATE));
    st = load_option_bytes(j, &ob);
    if (st == SFI_OK)
        st = sfi_option_bytes_csv(ob, SFI_OPTION_EXPLAIN, &csv);
    if (st == SFI_OK && is_file)
        st = sfi_ctx_save_output(j->ctx, out, SFI_FILE_OTHER,
                                 cli_has(&j->cli, OPT_FORCE) ? SFI_REPLACE : 0,
                                 csv, strlen(csv));
    else if (st == SFI_OK)
        (void)fputs(csv, stdout);
    sfi_option_bytes_free(ob);
    return st;
}

/* ---- keys and nonces ---- */

sfi_status
create_key_files(struct job *j, const char *key, const char *nonce)
{
    sfi_status st = cli_make_secrets(j->ctx, key, nonce);

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
    char *key_path = secret_path(c, OPT_KEY, ".key");
    char *nonce_path = secret_path(c, OPT_NONCE, ".nonce");
    uint8_t nonce_secret[SFI_NONCE_LEN];
    sfi_key *key = NULL;
    sfi_status st = SFI_OK;

    if (cli_has(c, OPT_NEW_KEYS))
        st = create_key_files(j, key_path, nonce_path);
    if (st == SFI_OK)
        st = cli_load_secrets(c, j->ctx, key_path, nonce_path, &key,
                              nonce_secret);
    if (st == SFI_OK)
        st = sfi_image_builder_set_key(j->builder, key);
    if (st == SFI_OK)
        st = sfi_image_builder_set_nonce(j->builder, nonce_secret,
                                         sizeof(nonce_secret));
    if (st == SFI_OK)
        st = builder_set_register(j, key_path);
    sfi_key_free(key);
    cli_wipe(nonce_secret, sizeof(nonce_secret));
    free(key_path);
    free(nonce_path);
    return st;
}

/* ---- all ---- */

sfi_status
create_add_inputs(struct job *j)
{
    const struct cli *c = &j->cli;
    const struct cli_use *use = NULL;
    sfi_status st = sfi_image_builder_new(j->ctx, j->chip, &j->builder);

    if (st == SFI_OK && cli_has(c, OPT_VER))
        st = sfi_image_builder_set_version(
            j->builder, (uint32_t)cli_value_number(c, OPT_VER, 0));
    /* --check, too, looks for another image when it is told all three. */
    if (st == SFI_OK && cli_has(c, OPT_KEY) && cli_has(c, OPT_NONCE) &&
        cli_has(c, OPT_VER))
        st = create_set_secrets(j);
    if (st == SFI_OK)
        st = sfi_image_builder_set_fill(
            j->builder, (uint32_t)cli_value_number(c, OPT_FILL, 0xff));
    if (st == SFI_OK)
        st = sfi_image_builder_set_merge_gap(
            j->builder, cli_value_number(c, OPT_MERGE_GAP, 0));
    if (st == SFI_OK && cli_has(c, OPT_PAD))
        st = sfi_image_builder_set_padding(j->builder, SFI_PADDING_AUTO);
    if (st == SFI_OK)
        st = add_firmwares(j);
    while (st == SFI_OK && (use = cli_next(c, OPT_MODULE, use)) != NULL)
        st = add_module(j, use->value[0]);
    return st == SFI_OK ? add_option_bytes(j) : st;
}
