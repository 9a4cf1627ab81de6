/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-create: build an .sfi image from firmware, option bytes and a key. */
#include <stdlib.h>
#include <string.h>

#include "sfi_create.h"

static const sfi_chip *
pick_image_chip(const struct cli *c)
{
    const char *name = cli_value(c, OPT_CHIP);
    const char *id = cli_value(c, OPT_DEVICEID);
    const sfi_chip *chip = cli_chip(c, id != NULL ? id : name);

    if (chip == NULL)
        cli_usage(c, "the chip is missing: -devid ID or --chip NAME");
    if (name != NULL && cli_chip(c, name) != chip)
        cli_usage(c, "-devid %s is %s, but --chip says %s", id,
                  sfi_chip_name(chip), name);
    return chip;
}

static sfi_status
create_image(struct job *j)
{
    const struct cli *c = &j->cli;
    bool makes = !cli_has(c, OPT_CHECK);
    sfi_status st = makes ? create_take_stdout(j) : SFI_OK;

    if (st == SFI_OK)
        st = create_add_inputs(j);
    if (st == SFI_OK && makes)
        st = create_check_output(j, SFI_FILE_IMAGE);
    if (st == SFI_OK)
        st = create_check_image(j);
    if (st != SFI_OK || !makes)
        return st;
    create_tell_words(j);
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

    if (cli_has(c, OPT_GENKEY) || cli_has(c, OPT_GENNONCE))
        return create_key_files(j, cli_value(c, OPT_GENKEY),
                                cli_value(c, OPT_GENNONCE));
    if (cli_has(c, OPT_TEMPLATE))
        return create_template(j);
    j->chip = pick_image_chip(c);
    if (cli_wants_json() && cli_has(c, OPT_MAP))
        cli_usage(c, "--map cannot be combined with --json");
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

    cli_start();
    cli_hide_memory();
    cli_parse(&j.cli, &sfi_create_spec, argc, argv);
    j.ctx = cli_context(&j.cli);
    cli_json_begin(&j.json);
    st = create_run(&j);
    status = st == SFI_OK ? 0 : create_fail(&j, st);
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
