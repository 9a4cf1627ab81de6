/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-create: build an .sfi image from firmware, option bytes and a key. */
#include <stdlib.h>
#include <string.h>

#include "cli/lenient.h"
#include "sfi_create.h"

static const struct cli_option options[OPT_COUNT] = {
    [OPT_SFI] = {.name = "sfi", .help = "make an .sfi image (the default)"},
    [OPT_FIRMWARE] = {.brief = "fir",
                      .name = "firmware",
                      .values = "FILE [ADDRESS]",
                      .min = 1,
                      .max = 3,
                      .repeats = true,
                      .help =
                          "firmware: ELF, Intel HEX, S-records or DfuSe,\n"
                          "or a plain binary at ADDRESS (ADDRESS raw: any);\n"
                          "repeat for more files"},
    [OPT_ONLY_FLASH] = {.name = "only-flash",
                        .help = "leave out what is not for the chip's flash,\n"
                                "such as RAM, and list it"},
    [OPT_ONLY] = {.name = "only",
                  .values = "FIRST-LAST",
                  .min = 1,
                  .max = 1,
                  .repeats = true,
                  .help = "only these addresses of the firmware"},
    [OPT_EXCLUDE] = {.name = "exclude",
                     .values = "FIRST-LAST",
                     .min = 1,
                     .max = 1,
                     .repeats = true,
                     .help = "not these addresses of the firmware"},
    [OPT_SKIP_SECTION] = {.name = "skip-section",
                          .values = "NAME",
                          .min = 1,
                          .max = 1,
                          .repeats = true,
                          .help = "not this section of ELF files"},
    [OPT_PAD] = {.name = "pad",
                 .values = "auto",
                 .min = 1,
                 .max = 1,
                 .help = "add fill bytes where the size of the firmware\n"
                         "breaks a rule of the chip (STM32L462)"},
    [OPT_FILL] = {.name = "fill",
                  .values = "BYTE",
                  .min = 1,
                  .max = 1,
                  .help = "the fill byte; 0xff without this option"},
    [OPT_MERGE_GAP] = {.name = "merge-gap",
                       .values = "BYTES",
                       .min = 1,
                       .max = 1,
                       .help = "fill gaps of at most so many bytes"},
    [OPT_KEY] = {.brief = "k",
                 .name = "key",
                 .values = "FILE",
                 .min = 1,
                 .max = 1,
                 .help = "AES-128 key, 16 bytes; -: from standard input"},
    [OPT_NONCE] = {.brief = "n",
                   .name = "nonce",
                   .values = "FILE",
                   .min = 1,
                   .max = 1,
                   .help = "nonce, 12 bytes, a new one for each image; -:\n"
                           "from standard input, behind the key if -k is\n"
                           "- too"},
    [OPT_OBFILE] = {.brief = "ob",
                    .name = "obfile",
                    .values = "FILE [NAME=VALUE...]",
                    .min = 1,
                    .max = CLI_VALUES_MAX,
                    .help =
                        "option bytes, CSV: name,value in the chip's order;\n"
                        "NAME=VALUE changes a field, as RDP=0xBB"},
    [OPT_VER] = {.brief = "v",
                 .name = "ver",
                 .values = "0..255",
                 .min = 1,
                 .max = 1,
                 .help = "version of the image, in any base"},
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
                     .help = "the image; on failure no file is written; -:\n"
                             "standard output, and messages on stderr"},
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
    [OPT_TEMPLATE] = {.name = "template-ob",
                      .values = "CHIP",
                      .min = 1,
                      .max = 1,
                      .help = "write option bytes as CSV with each field\n"
                              "explained, to stdout or to -o: those of a new\n"
                              "part, or of -ob"},
    [OPT_NEW_KEYS] = {.name = "new-keys",
                      .values = "PREFIX",
                      .min = 1,
                      .max = 1,
                      .help = "make PREFIX.key and PREFIX.nonce for this\n"
                              "image, in place of -k and -n"},
    [OPT_REGISTER] = {.name = "register",
                      .values = "FILE",
                      .min = 1,
                      .max = 1,
                      .help = "where used nonces are remembered; without it\n"
                              "KEY.used beside the key"},
    [OPT_NO_REGISTER] = {.name = "no-register",
                         .help = "nobody notices that a nonce is used twice"},
    [OPT_SAME_NONCE] = {.name = "same-nonce",
                        .help = "allow a second image under a key and nonce,\n"
                                "which reveals both to who gets the two"},
    [OPT_CHECK] = {.name = "check",
                   .help =
                       "make nothing: show what the chip would refuse, and\n"
                       "what is probably not meant"},
    [OPT_JSON] = {.name = "json", .help = "with --check: for machines"},
    [OPT_SVG] = {.name = "svg",
                 .values = "FILE",
                 .min = 1,
                 .max = 1,
                 .help = "draw a map of the flash with all findings: an SVG\n"
                         "picture"},
    [OPT_MAP] = {.name = "map", .help = "print such a map as text"},
    CLI_LENIENT_ROWS(OPT_LENIENT),
    [OPT_RAMSIZE] = {.brief = "rs",
                     .name = "ramsize",
                     .values = "BYTES",
                     .min = 1,
                     .max = 1,
                     .help = "of ST's tool: tells when an image is larger"},
    [OPT_TOKEN] = {.brief = "ct",
                   .name = "token",
                   .values = "ADDRESS",
                   .min = 1,
                   .max = 1,
                   .help = "of ST's tool: not needed, and must be in flash"},
    [OPT_HASH] = {.name = "hash",
                  .values = "0",
                  .min = 1,
                  .max = 1,
                  .help = "of ST's tool: these parts have no hash"},
};

static const struct cli_spec spec = {
    .program = "sfi-create",
    .purpose = "Builds an encrypted .sfi image that only a licensed chip "
               "installs.",
    .usage =
        "[-sfi] -fir FILE [ADDRESS] ...\n"
        "  (-k KEY -n NONCE | --new-keys PREFIX) -ob CSV [NAME=VALUE...]\n"
        "  -v 0..255 [-m FILE.smi] (-devid ID | --chip NAME) -o OUT.sfi\n"
        "  [--only-flash] [--only FIRST-LAST] [--exclude FIRST-LAST]\n"
        "  [--pad auto] [--fill BYTE] [--merge-gap BYTES]\n"
        "  [--register FILE | --no-register] [--same-nonce] [--force]\n"
        "  [--svg MAP.svg] [--map]\n"
        "--check [--json] -fir FILE [ADDRESS] ... -ob CSV [NAME=VALUE...]\n"
        "  [-m FILE.smi] (-devid ID | --chip NAME) [--svg MAP.svg] [--map]\n"
        "[--genkey KEY] [--gennonce NONCE]\n"
        "--template-ob CHIP [-ob CSV [NAME=VALUE...]] [-o OUT.csv]",
    .options = options,
    .option_count = OPT_COUNT,
    .foreign = create_foreign,
};

/* The library does not know the options that help. */
int
create_status(const struct job *j, sfi_status st)
{
    const sfi_error *err = sfi_ctx_error(j->ctx);
    int status;

    if (st == SFI_OK)
        return 0;
    status = cli_fail(&j->cli, j->ctx, st);
    if (j->reg == NULL || strcmp(sfi_error_where(err), j->reg) != 0)
        return status;
    if (st == SFI_ERR_RANGE)
        create_hint_new_keys();
    else
        (void)fputs("  hint: --register FILE names another place for it, "
                    "--no-register does without\n",
                    stderr);
    return status;
}

static const sfi_chip *
pick_image_chip(const struct cli *c)
{
    const char *name = cli_value(c, OPT_CHIP);
    const char *id = cli_value(c, OPT_DEVICEID);
    const sfi_chip *by_name = cli_chip(c, name);
    const sfi_chip *by_id = cli_chip(c, id);

    if (name == NULL && id == NULL)
        cli_usage(c, "the chip is missing: -devid ID or --chip NAME");
    if (by_name != NULL && by_id != NULL && by_name != by_id)
        cli_usage(c, "-devid %s is %s, but --chip says %s", id,
                  sfi_chip_name(by_id), name);
    return by_name != NULL ? by_name : by_id;
}

static int
create_image(struct job *j)
{
    int status = create_open_output(j);

    if (status == 0)
        status = create_add_inputs(j);
    if (status == 0)
        status = create_check_output(j);
    if (status == 0)
        status = create_check_rules(j);
    if (status == 0)
        status = create_new_keys(j);
    if (status == 0)
        status = create_show_image(j);
    if (status == 0)
        create_tell_words(j);
    if (status == 0)
        status = create_save_image(j);
    return create_close_output(j, status);
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
        status = create_keys(&j);
    } else if (cli_has(&j.cli, OPT_TEMPLATE)) {
        status = create_template(&j);
    } else {
        j.chip = pick_image_chip(&j.cli);
        if (cli_has(&j.cli, OPT_JSON) && !cli_has(&j.cli, OPT_CHECK))
            cli_usage(&j.cli, "--json needs --check");
        if (cli_has(&j.cli, OPT_JSON) && cli_has(&j.cli, OPT_MAP))
            cli_usage(&j.cli, "--map cannot be combined with --json");
        status = cli_has(&j.cli, OPT_CHECK) ? create_check_only(&j)
                                            : create_image(&j);
    }
    cli_findings_free(&j.findings);
    sfi_image_builder_free(j.builder);
    sfi_key_free(j.key);
    cli_wipe(j.nonce, sizeof(j.nonce));
    free(j.reg);
    sfi_ctx_free(j.ctx);
    status = cli_finish(&j.cli, status);
    cli_free(&j.cli);
    return status;
}
