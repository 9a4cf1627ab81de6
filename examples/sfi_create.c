/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-create: build an .sfi image from firmware, option bytes and a key. */
#include <stdlib.h>
#include <string.h>

#include "cli/lenient.h"
#include "sfi_create.h"

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
        cli_hint("--register FILE names another place for it, --no-register "
                 "does without");
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
        status = create_make_image(j);
    if (status == 0)
        create_tell_words(j);
    if (status == 0)
        status = create_save_image(j);
    return status;
}

int
main(int argc, char **argv)
{
    struct job j = {.ctx = NULL};
    int status;

    cli_start();
    cli_hide_memory();
    cli_parse(&j.cli, &sfi_create_spec, argc, argv);
    j.ctx = cli_context(&j.cli);
    if (cli_has(&j.cli, OPT_GENKEY) || cli_has(&j.cli, OPT_GENNONCE)) {
        status = create_keys(&j);
    } else if (cli_has(&j.cli, OPT_TEMPLATE)) {
        status = create_template(&j);
    } else {
        j.chip = pick_image_chip(&j.cli);
        j.json = cli_has(&j.cli, OPT_JSON);
        if (j.json) {
            cli_json_begin(&j.out);
            json_text(&j.out, "chip", sfi_chip_name(j.chip));
        }
        if (j.json && cli_has(&j.cli, OPT_MAP))
            cli_usage(&j.cli, "--map cannot be combined with --json");
        status = cli_has(&j.cli, OPT_CHECK) ? create_check_only(&j)
                                            : create_image(&j);
    }
    if (j.json)
        cli_findings_json(&j.out, &j.findings);
    cli_findings_free(&j.findings);
    sfi_image_builder_free(j.builder);
    sfi_key_free(j.key);
    cli_wipe(j.nonce, sizeof(j.nonce));
    free(j.image);
    free(j.reg);
    sfi_ctx_free(j.ctx);
    status = cli_finish(&j.cli, status);
    cli_free(&j.cli);
    return status;
}
