/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-info: show what is in an .sfi image; with the key, verify every tag. */
#include "sfi_info.h"

static const struct cli_option options[OPT_COUNT] = {
    [OPT_KEY] = {.brief = "k",
                 .name = "key",
                 .values = "FILE",
                 .min = 1,
                 .max = 1,
                 .help = "AES-128 key: verify every tag"},
    [OPT_NONCE] = {.brief = "n",
                   .name = "nonce",
                   .values = "FILE",
                   .min = 1,
                   .max = 1,
                   .help = "nonce, needed with the key"},
    [OPT_CHIP] = {.name = "chip",
                  .values = "NAME",
                  .min = 1,
                  .max = 1,
                  .lists_chips = true,
                  .help = "check the image for this chip; with the key, show\n"
                          "the option bytes too.  The chips:"},
    [OPT_JSON] = {.name = "json", .help = "for machines"},
};

static const struct cli_spec spec = {
    .program = "sfi-info",
    .purpose = "Shows what an .sfi image holds, and verifies it.",
    .usage = "FILE.sfi [-k KEY -n NONCE] [--chip NAME] [--json]",
    .options = options,
    .option_count = OPT_COUNT,
    .operands_min = 1,
    .operands_max = 1,
};

static sfi_status
info_load_key(struct info *in, sfi_key **key, uint8_t *nonce)
{
    const char *path = cli_value(&in->cli, OPT_KEY);
    sfi_status st;

    *key = NULL;
    if (path == NULL && !cli_has(&in->cli, OPT_NONCE))
        return SFI_OK;
    (void)cli_need(&in->cli, OPT_KEY);
    (void)cli_need(&in->cli, OPT_NONCE);
    st = sfi_key_load(in->ctx, path, key);
    return st != SFI_OK
               ? st
               : sfi_nonce_load(in->ctx, cli_value(&in->cli, OPT_NONCE), nonce);
}

static int
info_load_and_show(struct info *in)
{
    uint8_t nonce[SFI_NONCE_LEN];
    sfi_key *key;
    sfi_status st = info_load_key(in, &key, nonce);
    int status;

    if (st != SFI_OK)
        status = cli_fail(&in->cli, in->ctx, st);
    else
        status = cli_file_read(&in->cli, in->ctx, in->path, &in->file);
    if (status == 0)
        status = info_show_image(in, key, key != NULL ? nonce : NULL);
    cli_wipe(nonce, sizeof(nonce));
    sfi_key_free(key);
    return status;
}

int
main(int argc, char **argv)
{
    struct info in = {.ctx = NULL};
    const char *chip;
    int status;

    cli_start();
    cli_hide_memory();
    cli_parse(&in.cli, &spec, argc, argv);
    in.path = in.cli.operands[0];
    chip = cli_value(&in.cli, OPT_CHIP);
    in.chip = sfi_chip_find(chip);
    if (chip != NULL && in.chip == NULL)
        cli_unknown_chip(&in.cli, chip);
    in.ctx = cli_context(&in.cli);
    status = info_load_and_show(&in);
    info_free_findings(&in);
    cli_file_free(&in.file);
    sfi_ctx_free(in.ctx);
    status = cli_finish(&in.cli, status);
    cli_free(&in.cli);
    return status;
}
