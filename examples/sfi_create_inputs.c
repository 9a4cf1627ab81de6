/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The inputs of an image, from the command line to the builder. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/option_bytes.h"
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
    for (size_t i = 0; i < count; i++) {
        if (sfi_firmware_segment(fw, i, &address, &data, &len) != SFI_OK)
            break;
        cli_print("  segment %zu : 0x%08" PRIx64 " to 0x%08" PRIx64
                  ", %zu bytes\n",
                  i + 1, address, address + len - 1, len);
        total += len;
    }
    cli_print("  total : %" PRIu64 " bytes\n", total);
}

static sfi_status
add_firmware(struct job *j, const struct cli_use *use,
             const sfi_firmware_options *how)
{
    sfi_firmware *fw = NULL;
    sfi_status st = cli_firmware_load(&j->cli, j->ctx, use, how, &fw);

    if (st == SFI_OK)
        st = cli_select(&j->select, &fw);
    if (st == SFI_OK) {
        print_firmware(use->value[0], fw);
        st = sfi_image_builder_add_firmware(j->builder, fw);
    }
    sfi_firmware_free(fw);
    return st;
}

static void
print_left_out(void *user, const char *line)
{
    (void)user;
    cli_print("%s\n", cli_visible(line));
}

#define SKIP_MAX 32u

static sfi_status
add_firmwares(struct job *j)
{
    const struct cli *c = &j->cli;
    const char *sections[SKIP_MAX];
    sfi_firmware_options how = {
        .struct_size = sizeof(how),
        .flags = cli_lenient_flags(c, OPT_NO_END_RECORD),
        .skip_sections = sections,
    };
    const struct cli_use *use = NULL;
    sfi_status st = SFI_OK;

    while ((use = cli_next(c, OPT_SKIP_SECTION, use)) != NULL) {
        if (how.skip_section_count == SKIP_MAX)
            cli_usage(c, "--skip-section: more than %u sections", SKIP_MAX);
        sections[how.skip_section_count++] = use->value[0];
    }
    while (st == SFI_OK && (use = cli_next(c, OPT_FIRMWARE, use)) != NULL)
        st = add_firmware(j, use, &how);
    if (st == SFI_OK)
        cli_select_warn(&j->select);
    return st;
}

static sfi_status
add_module(struct job *j, const char *path)
{
    struct cli_file file;
    sfi_status st = cli_file_read(j->ctx, path, &file);

    if (st != SFI_OK)
        return st;
    st = sfi_image_builder_add_module(j->builder, file.data, file.len);
    if (st == SFI_OK)
        cli_print("Module %s : %zu bytes\n", cli_visible(path), file.len);
    else
        j->place = path;
    cli_file_free(&file);
    return st;
}

/* ---- option bytes ---- */

static void
check_ob_words(const struct cli *c)
{
    const struct cli_use *use = cli_next(c, OPT_OBFILE, NULL);
    struct stat s;

    if (strchr(use->value[0], '=') != NULL && stat(use->value[0], &s) != 0)
        cli_usage(c,
                  "%s %s: a CSV file comes first; sfi-create --template-ob "
                  "makes one",
                  use->spelling, use->value[0]);
    cli_fields_check(c, use, 1);
}

/* Those of -ob FILE NAME=VALUE...; without it those of a new part. */
static sfi_status
load_option_bytes(const struct job *j, sfi_option_bytes **out)
{
    const struct cli_use *use = cli_next(&j->cli, OPT_OBFILE, NULL);
    sfi_status st;

    if (use == NULL)
        return sfi_option_bytes_new(j->ctx, j->chip, out);
    st = sfi_option_bytes_load(j->ctx, j->chip, use->value[0], out);
    return st == SFI_OK ? cli_fields_set(&j->cli, use, 1, *out) : st;
}

static sfi_status
add_option_bytes(const struct job *j)
{
    sfi_option_bytes *ob = NULL, *fresh = NULL;
    sfi_status st = load_option_bytes(j, &ob);

    if (st == SFI_OK)
        st = sfi_image_builder_set_option_bytes(j->builder, ob);
    if (st == SFI_OK)
        st = sfi_option_bytes_new(j->ctx, j->chip, &fresh);
    if (st == SFI_OK) {
        cli_print("Option bytes %s : %zu of %s\n",
                  cli_visible(cli_value(&j->cli, OPT_OBFILE)),
                  sfi_option_bytes_count(ob), sfi_chip_name(j->chip));
        cli_fields_print(ob, fresh);
    }
    sfi_option_bytes_free(fresh);
    sfi_option_bytes_free(ob);
    return st;
}

sfi_status
create_template(struct job *j)
{
    const char *csv = "";
    sfi_option_bytes *ob = NULL;
    sfi_status st = create_check_output(j, SFI_FILE_OTHER);

    if (cli_has(&j->cli, OPT_OBFILE))
        check_ob_words(&j->cli);
    j->chip = cli_chip(&j->cli, cli_need(&j->cli, OPT_TEMPLATE));
    if (st == SFI_OK)
        st = load_option_bytes(j, &ob);
    if (st == SFI_OK)
        st = sfi_option_bytes_csv(ob, SFI_OPTION_EXPLAIN, &csv);
    if (st == SFI_OK && create_output_is_stdout(&j->cli))
        (void)fputs(csv, stdout);
    else if (st == SFI_OK)
        st = sfi_ctx_save_output(
            j->ctx, cli_value(&j->cli, OPT_OUTFILE), SFI_FILE_OTHER,
            cli_has(&j->cli, OPT_FORCE) ? SFI_REPLACE : 0, csv, strlen(csv));
    sfi_option_bytes_free(ob);
    return st;
}

/* ---- all ---- */

/* --pad, --fill and --merge-gap. */
static sfi_status
builder_set_shape(const struct job *j)
{
    const struct cli *c = &j->cli;
    const char *pad = cli_value(c, OPT_PAD);
    const char *fill = cli_value(c, OPT_FILL);
    const char *gap = cli_value(c, OPT_MERGE_GAP);
    uint64_t byte = 0xff, bytes = 0;
    sfi_status st;

    if (pad != NULL && strcmp(pad, "auto") != 0)
        cli_usage(c, "--pad %s, expected auto", pad);
    if (fill != NULL && !cli_number(fill, 0xff, &byte))
        cli_usage(c, "--fill %s is not a byte, expected 0 to 0xff", fill);
    if (gap != NULL && !cli_number(gap, UINT32_MAX, &bytes))
        cli_usage(c, "--merge-gap %s is not a number of bytes", gap);
    st = sfi_image_builder_set_fill(j->builder, (uint32_t)byte);
    if (st == SFI_OK)
        st = sfi_image_builder_set_merge_gap(j->builder, bytes);
    if (st == SFI_OK && pad != NULL)
        st = sfi_image_builder_set_padding(j->builder, SFI_PADDING_AUTO);
    return st;
}

/* The image must not overwrite what it is made of. */
static void
refuse_input_as_output(const struct cli *c, const char *out)
{
    const struct cli_use *use = NULL;
    struct stat a, b;

    if (strcmp(out, "-") == 0 || stat(out, &a) != 0 || !S_ISREG(a.st_mode))
        return;
    while ((use = cli_next_use(c, use)) != NULL) {
        if (use->id != OPT_OUTFILE && use->count > 0 &&
            stat(use->value[0], &b) == 0 && a.st_dev == b.st_dev &&
            a.st_ino == b.st_ino)
            cli_usage(c, "-o %s is an input and would be overwritten", out);
    }
}

/* Exits when the words are wrong; returns the number of -v. */
static uint32_t
check_inputs(struct job *j)
{
    const struct cli *c = &j->cli;
    bool makes = !cli_has(c, OPT_CHECK);
    uint32_t version = makes || cli_has(c, OPT_VER) ? create_version(c) : 0;

    j->select.cli = c;
    j->select.say = print_left_out;
    j->select.flash_of = cli_has(c, OPT_ONLY_FLASH) ? j->chip : NULL;
    cli_ranges_read(c, OPT_ONLY, &j->select.only);
    cli_ranges_read(c, OPT_EXCLUDE, &j->select.exclude);
    (void)cli_need(c, OPT_FIRMWARE);
    (void)cli_need(c, OPT_OBFILE);
    check_ob_words(c);
    create_check_words(j);
    if (makes) {
        create_check_key_options(c);
        refuse_input_as_output(c, cli_need(c, OPT_OUTFILE));
    }
    return version;
}

sfi_status
create_add_inputs(struct job *j)
{
    const struct cli *c = &j->cli;
    uint32_t version = check_inputs(j);
    const struct cli_use *use = NULL;
    sfi_status st = sfi_image_builder_new(j->ctx, j->chip, &j->builder);

    /* --check, too, looks for another image when it is told key and nonce. */
    if (st == SFI_OK && cli_has(c, OPT_KEY) && cli_has(c, OPT_NONCE) &&
        cli_has(c, OPT_VER))
        st = create_set_secrets(j);
    if (st == SFI_OK)
        st = sfi_image_builder_set_version(j->builder, version);
    if (st == SFI_OK)
        st = builder_set_shape(j);
    if (st == SFI_OK)
        st = add_firmwares(j);
    while (st == SFI_OK && (use = cli_next(c, OPT_MODULE, use)) != NULL)
        st = add_module(j, use->value[0]);
    return st == SFI_OK ? add_option_bytes(j) : st;
}
