/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The inputs of an image, from the command line to the builder. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/option_bytes.h"
#include "sfi_create.h"

static int
print_firmware_segments(const struct job *j, const char *path,
                        const sfi_firmware *fw)
{
    size_t count = sfi_firmware_segment_count(fw);
    uint64_t total = 0;

    if (cli_has(&j->cli, OPT_JSON))
        return 0;
    (void)printf("Firmware %s : %s, %zu segment%s\n", cli_visible(path),
                 sfi_firmware_format(fw), count, count == 1 ? "" : "s");
    for (size_t i = 0; i < count; i++) {
        const uint8_t *data;
        uint64_t address;
        size_t len;
        sfi_status st = sfi_firmware_segment(fw, i, &address, &data, &len);

        if (st != SFI_OK)
            return create_status(j, st);
        (void)printf("  segment %zu : 0x%08" PRIx64 " to 0x%08" PRIx64
                     ", %zu bytes\n",
                     i + 1, address, address + len - 1, len);
        total += len;
    }
    (void)printf("  total : %" PRIu64 " bytes\n", total);
    return 0;
}

#define SKIP_MAX 32u

static size_t
pick_skipped_sections(const struct cli *c, const char *out[SKIP_MAX])
{
    const struct cli_use *use = NULL;
    size_t count = 0;

    while ((use = cli_next(c, OPT_SKIP_SECTION, use)) != NULL) {
        if (count == SKIP_MAX)
            cli_usage(c, "--skip-section: more than %u sections", SKIP_MAX);
        out[count++] = use->value[0];
    }
    return count;
}

static int
builder_add_firmware(struct job *j, const struct cli_use *use)
{
    const char *sections[SKIP_MAX];
    sfi_firmware_options how = {
        .struct_size = sizeof(how),
        .flags = cli_lenient_flags(&j->cli, OPT_NO_END_RECORD),
        .skip_sections = sections,
        .skip_section_count = pick_skipped_sections(&j->cli, sections),
    };
    sfi_firmware *fw = NULL;
    sfi_status st = cli_firmware_load(&j->cli, j->ctx, use, &how, &fw);
    int status;

    if (st == SFI_OK)
        st = cli_select(&j->select, &fw);
    status = create_status(j, st);
    if (status == 0)
        status = print_firmware_segments(j, use->value[0], fw);
    if (status == 0)
        status =
            create_status(j, sfi_image_builder_add_firmware(j->builder, fw));
    sfi_firmware_free(fw);
    return status;
}

static int
builder_add_module(const struct job *j, const char *path)
{
    struct cli_file file;
    sfi_status st = cli_file_read(j->ctx, path, &file);
    int status = create_status(j, st);

    if (status != 0)
        return status;
    st = sfi_image_builder_add_module(j->builder, file.data, file.len);
    if (st != SFI_OK)
        status = cli_fail_at(&j->cli, j->ctx, st, path);
    else if (!cli_has(&j->cli, OPT_JSON))
        (void)printf("Module %s : %zu bytes\n", cli_visible(path), file.len);
    cli_file_free(&file);
    return status;
}

static void
print_changed_fields(const struct job *j, const sfi_option_bytes *ob)
{
    sfi_option_bytes *fresh;

    if (sfi_option_bytes_new(j->ctx, j->chip, &fresh) == SFI_OK)
        cli_fields_print(ob, fresh);
    sfi_option_bytes_free(fresh);
}

static int
builder_add_option_bytes(const struct job *j)
{
    const struct cli_use *use = cli_next(&j->cli, OPT_OBFILE, NULL);
    sfi_option_bytes *ob = NULL;
    sfi_status st = create_option_bytes(j, use, &ob);

    if (st == SFI_OK)
        st = sfi_image_builder_set_option_bytes(j->builder, ob);
    if (st == SFI_OK && !cli_has(&j->cli, OPT_JSON)) {
        (void)printf("Option bytes %s : %zu of %s\n",
                     cli_visible(use->value[0]), sfi_option_bytes_count(ob),
                     sfi_chip_name(j->chip));
        print_changed_fields(j, ob);
    }
    sfi_option_bytes_free(ob);
    return create_status(j, st);
}

/* Everything but firmware, modules and option bytes. */
static int
builder_start(struct job *j, uint32_t version, bool makes)
{
    /* What tells an image from another one, so that --check can look too. */
    bool whole = cli_has(&j->cli, OPT_KEY) && cli_has(&j->cli, OPT_NONCE) &&
                 cli_has(&j->cli, OPT_VER);
    sfi_status st = sfi_image_builder_new(j->ctx, j->chip, &j->builder);
    int status = create_status(j, st);

    if (status != 0 || (!makes && !whole))
        return status;
    status = create_load_keys(j);
    if (status != 0)
        return status;
    return create_status(j, sfi_image_builder_set_version(j->builder, version));
}

/* --pad, --fill and --merge-gap. */
static int
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
    return create_status(j, st);
}

/* The image must not overwrite one of its inputs. */
static void
refuse_input_as_output(const struct cli *c, const char *out)
{
    static const size_t inputs[] = {OPT_FIRMWARE, OPT_KEY, OPT_NONCE,
                                    OPT_OBFILE, OPT_MODULE};
    struct stat a, b;

    if (strcmp(out, "-") == 0 || stat(out, &a) != 0 || !S_ISREG(a.st_mode))
        return;
    for (size_t i = 0; i < sizeof(inputs) / sizeof(*inputs); i++) {
        const struct cli_use *use = NULL;

        while ((use = cli_next(c, inputs[i], use)) != NULL) {
            if (stat(use->value[0], &b) == 0 && a.st_dev == b.st_dev &&
                a.st_ino == b.st_ino)
                cli_usage(c, "-o %s is an input and would be overwritten", out);
        }
    }
}

static void
print_input_line(void *user, const char *line)
{
    const struct job *j = user;

    if (!cli_has(&j->cli, OPT_JSON))
        (void)printf("%s\n", cli_visible(line));
}

static void
pick_image_ranges(struct job *j)
{
    struct cli *c = &j->cli;

    j->select.cli = c;
    j->select.say = print_input_line;
    j->select.user = j;
    j->select.flash_of = cli_has(c, OPT_ONLY_FLASH) ? j->chip : NULL;
    cli_ranges_read(c, OPT_ONLY, &j->select.only);
    cli_ranges_read(c, OPT_EXCLUDE, &j->select.exclude);
}

int
create_add_inputs(struct job *j)
{
    const struct cli_use *use = NULL;
    bool makes = !cli_has(&j->cli, OPT_CHECK);
    uint32_t version =
        makes || cli_has(&j->cli, OPT_VER) ? create_version(&j->cli) : 0;
    int status;

    pick_image_ranges(j);
    (void)cli_need(&j->cli, OPT_FIRMWARE);
    (void)cli_need(&j->cli, OPT_OBFILE);
    create_check_ob_words(&j->cli);
    create_check_words(j);
    if (makes) {
        create_check_key_options(&j->cli);
        refuse_input_as_output(&j->cli, cli_need(&j->cli, OPT_OUTFILE));
    }
    status = builder_start(j, version, makes);
    if (status == 0)
        status = builder_set_shape(j);
    while (status == 0 && (use = cli_next(&j->cli, OPT_FIRMWARE, use)) != NULL)
        status = builder_add_firmware(j, use);
    if (status == 0)
        cli_select_warn(&j->select);
    use = NULL;
    while (status == 0 && (use = cli_next(&j->cli, OPT_MODULE, use)) != NULL)
        status = builder_add_module(j, use->value[0]);
    return status != 0 ? status : builder_add_option_bytes(j);
}
