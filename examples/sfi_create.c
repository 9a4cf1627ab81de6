/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-create: build an .sfi image from firmware, option bytes and a key. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/image_feed.h"

enum {
    OPT_SFI,
    OPT_FIRMWARE,
    OPT_KEY,
    OPT_NONCE,
    OPT_OBFILE,
    OPT_VER,
    OPT_MODULE,
    OPT_DEVICEID,
    OPT_CHIP,
    OPT_OUTFILE,
    OPT_GENKEY,
    OPT_GENNONCE,
    OPT_FORCE,
    OPT_COUNT
};

static const struct cli_option options[OPT_COUNT] = {
    [OPT_SFI] = {.name = "sfi", .help = "make an .sfi image (the default)"},
    [OPT_FIRMWARE] = {.brief = "fir",
                      .name = "firmware",
                      .values = "FILE [ADDRESS]",
                      .min = 1,
                      .max = 2,
                      .repeats = true,
                      .help = "firmware: ELF, Intel HEX or S-records, or a\n"
                              "plain binary at ADDRESS; repeat for more files"},
    [OPT_KEY] = {.brief = "k",
                 .name = "key",
                 .values = "FILE",
                 .min = 1,
                 .max = 1,
                 .help = "AES-128 key, 16 bytes"},
    [OPT_NONCE] = {.brief = "n",
                   .name = "nonce",
                   .values = "FILE",
                   .min = 1,
                   .max = 1,
                   .help = "nonce, 12 bytes; a new one for each image"},
    [OPT_OBFILE] = {.brief = "ob",
                    .name = "obfile",
                    .values = "FILE",
                    .min = 1,
                    .max = 1,
                    .help =
                        "option bytes, CSV: name,value in the chip's order"},
    [OPT_VER] = {.brief = "v",
                 .name = "ver",
                 .values = "0..255",
                 .min = 1,
                 .max = 1,
                 .help = "version of the image, decimal or 0x"},
    [OPT_MODULE] = {.brief = "m",
                    .name = "module",
                    .values = "FILE",
                    .min = 1,
                    .max = 1,
                    .repeats = true,
                    .help = "module (.smi), added unchanged"},
    [OPT_DEVICEID] = {.brief = "devid",
                      .name = "deviceid",
                      .values = "ID",
                      .min = 1,
                      .max = 1,
                      .help = "the chip by its device id, as listed below"},
    [OPT_CHIP] = {.name = "chip",
                  .values = "NAME",
                  .min = 1,
                  .max = 1,
                  .lists_chips = true,
                  .help = "... or by its name:"},
    [OPT_OUTFILE] = {.brief = "o",
                     .name = "outfile",
                     .values = "FILE",
                     .min = 1,
                     .max = 1,
                     .help = "the image; on failure no file is written"},
    [OPT_GENKEY] = {.name = "genkey",
                    .values = "FILE",
                    .min = 1,
                    .max = 1,
                    .help = "make a random key (new file, mode 0600)"},
    [OPT_GENNONCE] = {.name = "gennonce",
                      .values = "FILE",
                      .min = 1,
                      .max = 1,
                      .help = "make a random nonce (new file, mode 0600)"},
    [OPT_FORCE] = {.name = "force",
                   .help = "replace a file of another kind; never a key, a\n"
                           "licence, a certificate, an audit log, a vault or\n"
                           "a personalisation file"},
};

static const struct cli_spec spec = {
    .program = "sfi-create",
    .purpose = "Builds an encrypted .sfi image that only a licensed chip "
               "installs.",
    .usage = "[-sfi] -fir FILE [ADDRESS] ... -k KEY -n NONCE -ob CSV\n"
             "  -v 0..255 [-m FILE.smi] (-devid ID | --chip NAME) -o OUT.sfi\n"
             "  [--force]\n"
             "[--genkey KEY] [--gennonce NONCE]",
    .options = options,
    .option_count = OPT_COUNT,
};

struct job {
    struct cli cli;
    sfi_ctx *ctx;
    const sfi_chip *chip;
    sfi_image_builder *builder;
    sfi_key *key;
    uint8_t nonce[SFI_NONCE_LEN];
    uint64_t size; /* of the image */
    size_t findings;
};

static int
exit_status_of(const struct job *j, sfi_status st)
{
    return st == SFI_OK ? 0 : cli_fail(&j->cli, j->ctx, st);
}

/* ---- key material ---- */

static int
create_key_material(const struct job *j)
{
    const char *key = cli_value(&j->cli, OPT_GENKEY);
    const char *nonce = cli_value(&j->cli, OPT_GENNONCE);
    int status = 0;

    for (size_t id = 0; id < OPT_GENKEY; id++) {
        if (cli_has(&j->cli, id))
            cli_usage(&j->cli,
                      "--genkey and --gennonce cannot be combined with -%s",
                      options[id].brief != NULL ? options[id].brief
                                                : options[id].name);
    }
    if (key != NULL) {
        status = exit_status_of(j, sfi_key_create(j->ctx, key));
        if (status == 0)
            (void)printf("%s: new key, %u bytes\n", cli_visible(key),
                         SFI_KEY_LEN);
    }
    if (nonce != NULL && status == 0) {
        status = exit_status_of(j, sfi_nonce_create(j->ctx, nonce));
        if (status == 0)
            (void)printf("%s: new nonce, %u bytes\n", cli_visible(nonce),
                         SFI_NONCE_LEN);
    }
    return status;
}

/* ---- chip and version of the image ---- */

static const sfi_chip *
pick_image_chip(const struct cli *c)
{
    const char *name = cli_value(c, OPT_CHIP);
    const char *text = cli_value(c, OPT_DEVICEID);
    const sfi_chip *by_name = sfi_chip_find(name);
    const sfi_chip *by_id = NULL;
    uint64_t id;

    if (name == NULL && text == NULL)
        cli_usage(c, "the chip is missing: -devid ID or --chip NAME");
    if (name != NULL && by_name == NULL)
        cli_unknown_chip(c, name);
    if (text != NULL && cli_number(text, UINT32_MAX, &id))
        by_id = sfi_chip_find_id((uint32_t)id);
    if (text != NULL && by_id == NULL)
        cli_unknown_chip(c, text);
    if (by_name != NULL && by_id != NULL && by_name != by_id)
        cli_usage(c, "-devid %s is %s, but --chip says %s", text,
                  sfi_chip_name(by_id), name);
    return by_name != NULL ? by_name : by_id;
}

static uint32_t
pick_image_version(const struct cli *c)
{
    uint64_t version;

    if (!cli_number(cli_need(c, OPT_VER), UINT32_MAX, &version))
        cli_usage(c, "-v %s is not a number, expected 0 to 255",
                  cli_value(c, OPT_VER));
    return (uint32_t)version;
}

/* ---- inputs ---- */

static int
print_firmware_segments(const struct job *j, const char *path,
                        const sfi_firmware *fw)
{
    size_t count = sfi_firmware_segment_count(fw);
    uint64_t total = 0;

    (void)printf("Firmware %s : %s, %zu segment%s\n", cli_visible(path),
                 sfi_firmware_format(fw), count, count == 1 ? "" : "s");
    for (size_t i = 0; i < count; i++) {
        const uint8_t *data;
        uint64_t address;
        size_t len;
        sfi_status st = sfi_firmware_segment(fw, i, &address, &data, &len);

        if (st != SFI_OK)
            return exit_status_of(j, st);
        (void)printf("  segment %zu : 0x%08" PRIx64 " to 0x%08" PRIx64
                     ", %zu bytes\n",
                     i + 1, address, address + len - 1, len);
        total += len;
    }
    (void)printf("  total : %" PRIu64 " bytes\n", total);
    return 0;
}

static int
builder_add_firmware(const struct job *j, const struct cli_use *use)
{
    sfi_firmware *fw = NULL;
    sfi_status st = cli_firmware_load(&j->cli, j->ctx, use, &fw);
    int status = exit_status_of(j, st);

    if (status == 0)
        status = print_firmware_segments(j, use->value[0], fw);
    if (status == 0)
        status =
            exit_status_of(j, sfi_image_builder_add_firmware(j->builder, fw));
    sfi_firmware_free(fw);
    return status;
}

static int
builder_add_module(const struct job *j, const char *path)
{
    struct cli_file file;
    int status = cli_file_read(&j->cli, j->ctx, path, &file);
    sfi_status st;

    if (status != 0)
        return status;
    st = sfi_image_builder_add_module(j->builder, file.data, file.len);
    if (st != SFI_OK)
        status = cli_fail_at(&j->cli, j->ctx, st, path);
    else
        (void)printf("Module %s : %zu bytes\n", cli_visible(path), file.len);
    cli_file_free(&file);
    return status;
}

static int
builder_add_option_bytes(const struct job *j)
{
    const char *path = cli_need(&j->cli, OPT_OBFILE);
    sfi_option_bytes *ob = NULL;
    sfi_status st = sfi_option_bytes_load(j->ctx, j->chip, path, &ob);

    if (st == SFI_OK)
        st = sfi_image_builder_set_option_bytes(j->builder, ob);
    if (st == SFI_OK)
        (void)printf("Option bytes %s : %zu of %s\n", cli_visible(path),
                     sfi_option_bytes_count(ob), sfi_chip_name(j->chip));
    sfi_option_bytes_free(ob);
    return exit_status_of(j, st);
}

static sfi_status
builder_add_key(struct job *j)
{
    const char *key = cli_need(&j->cli, OPT_KEY);
    const char *nonce = cli_need(&j->cli, OPT_NONCE);
    sfi_status st = sfi_key_load(j->ctx, key, &j->key);

    if (st != SFI_OK)
        return st;
    st = sfi_image_builder_set_key(j->builder, j->key);
    if (st != SFI_OK)
        return st;
    st = sfi_nonce_load(j->ctx, nonce, j->nonce);
    if (st != SFI_OK)
        return st;
    return sfi_image_builder_set_nonce(j->builder, j->nonce, sizeof(j->nonce));
}

/* Everything but firmware, modules and option bytes. */
static sfi_status
builder_start(struct job *j, uint32_t version)
{
    sfi_status st = sfi_image_builder_new(j->ctx, j->chip, &j->builder);

    if (st != SFI_OK)
        return st;
    st = builder_add_key(j);
    if (st != SFI_OK)
        return st;
    return sfi_image_builder_set_version(j->builder, version);
}

/* The image must not overwrite one of its inputs. */
static void
refuse_input_as_output(const struct cli *c, const char *out)
{
    static const size_t inputs[] = {OPT_FIRMWARE, OPT_KEY, OPT_NONCE,
                                    OPT_OBFILE, OPT_MODULE};
    struct stat a, b;

    if (stat(out, &a) != 0 || !S_ISREG(a.st_mode))
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

static int
builder_add_inputs(struct job *j)
{
    const struct cli_use *use = NULL;
    uint32_t version = pick_image_version(&j->cli);
    int status;

    (void)cli_need(&j->cli, OPT_FIRMWARE);
    (void)cli_need(&j->cli, OPT_OBFILE);
    (void)cli_need(&j->cli, OPT_NONCE);
    refuse_input_as_output(&j->cli, cli_need(&j->cli, OPT_OUTFILE));
    status = exit_status_of(j, builder_start(j, version));
    while (status == 0 && (use = cli_next(&j->cli, OPT_FIRMWARE, use)) != NULL)
        status = builder_add_firmware(j, use);
    use = NULL;
    while (status == 0 && (use = cli_next(&j->cli, OPT_MODULE, use)) != NULL)
        status = builder_add_module(j, use->value[0]);
    return status != 0 ? status : builder_add_option_bytes(j);
}

/* ---- check, show, save ---- */

static void
print_check_finding(void *user, const sfi_finding *finding)
{
    struct job *j = user;

    (void)fflush(stdout);
    (void)fprintf(stderr, "%s: %s\n", spec.program,
                  cli_visible(finding->message));
    j->findings++;
}

static int
check_image_rules(struct job *j)
{
    sfi_status st = sfi_image_builder_check(j->builder, print_check_finding, j);

    if (st == SFI_OK || j->findings == 0)
        return exit_status_of(j, st);
    return cli_fail_text(&j->cli, st,
                         "%s cannot install this image, nothing was written",
                         sfi_chip_name(j->chip));
}

static sfi_status
print_reader_event(void *user, const sfi_image_event *e)
{
    (void)user;
    if (e->kind == SFI_EVENT_HEADER)
        (void)printf("Image : protocol version %" PRIu32 ", %" PRIu32
                     " areas\n",
                     e->version, e->area_count);
    if (e->kind == SFI_EVENT_AREA_BEGIN)
        (void)printf(
            "  area %" PRIu32 " : %c, 0x%08" PRIx64 ", %" PRIu32 " bytes\n",
            e->area_index, (char)e->area_kind, e->address, e->area_size);
    return SFI_OK;
}

struct shower {
    struct job *job;
    sfi_image_reader *reader;
};

static sfi_status
show_written_bytes(void *user, const uint8_t *data, size_t len)
{
    struct shower *s = user;

    s->job->size += len;
    return image_feed(s->reader, data, len, print_reader_event, s->job);
}

/* Read back what will be written, and verify every tag. */
static int
show_and_verify_image(struct job *j)
{
    struct shower s = {j, NULL};
    sfi_status st = sfi_image_reader_new(j->ctx, j->key, j->nonce, &s.reader);

    if (st != SFI_OK)
        goto out;
    st = sfi_image_builder_write(j->builder, show_written_bytes, &s);
    if (st != SFI_OK)
        goto out;
    st = sfi_image_reader_finish(s.reader);
out:
    sfi_image_reader_free(s.reader);
    return exit_status_of(j, st);
}

static int
create_image(struct job *j)
{
    const char *out = cli_value(&j->cli, OPT_OUTFILE);
    int status = builder_add_inputs(j);

    if (status == 0)
        status =
            exit_status_of(j, cli_check_output(j->ctx, out, SFI_FILE_IMAGE,
                                               cli_has(&j->cli, OPT_FORCE)));
    if (status != 0)
        return status;
    status = check_image_rules(j);
    if (status != 0)
        return status;
    status = show_and_verify_image(j);
    if (status != 0)
        return status;
    status = exit_status_of(j, sfi_image_builder_save(j->builder, out));
    if (status == 0)
        (void)printf("%s : %" PRIu64 " bytes\nSFI generation SUCCESS\n",
                     cli_visible(out), j->size);
    return status;
}

int
main(int argc, char **argv)
{
    struct job j = {.ctx = NULL};
    int status;

    cli_start();
    cli_hide_memory();
    cli_parse(&j.cli, &spec, argc, argv);
    j.ctx = cli_context(&j.cli);
    if (cli_has(&j.cli, OPT_GENKEY) || cli_has(&j.cli, OPT_GENNONCE)) {
        status = create_key_material(&j);
    } else {
        j.chip = pick_image_chip(&j.cli);
        status = create_image(&j);
    }
    sfi_image_builder_free(j.builder);
    sfi_key_free(j.key);
    cli_wipe(j.nonce, sizeof(j.nonce));
    sfi_ctx_free(j.ctx);
    status = cli_finish(&j.cli, status);
    cli_free(&j.cli);
    return status;
}
