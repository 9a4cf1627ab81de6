/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-info: tell what a file is, what it says, and whether it is sound. */
#include <string.h>

#include "cli/secrets.h"
#include "sfi_info.h"

/* ---- what the command line names ---- */

static int
info_load_keys(struct info *in)
{
    const char *audit_key = cli_value(&in->cli, OPT_AUDIT_KEY);
    const char *perso = cli_value(&in->cli, OPT_PERSO);
    sfi_status st = SFI_OK;

    if (cli_has(&in->cli, OPT_KEY) || cli_has(&in->cli, OPT_NONCE))
        st = cli_load_secrets(&in->cli, in->ctx, cli_need(&in->cli, OPT_KEY),
                              cli_need(&in->cli, OPT_NONCE), &in->key,
                              in->nonce_secret);
    if (st == SFI_OK && audit_key != NULL)
        st = sfi_audit_key_load(in->ctx, audit_key, in->audit_key_secret);
    if (st == SFI_OK && perso != NULL)
        st = sfi_personalization_load(in->ctx, perso, &in->perso);
    return st == SFI_OK ? 0 : cli_fail(&in->cli, in->ctx, st);
}

sfi_describe_options
info_options(const struct info *in, uint32_t kind)
{
    return (sfi_describe_options){
        .struct_size = sizeof(sfi_describe_options),
        .kind = kind,
        .key = in->key,
        .nonce = in->key != NULL ? in->nonce_secret : NULL,
        .chip = in->chip,
        .ca = in->perso,
        .audit_key =
            cli_has(&in->cli, OPT_AUDIT_KEY) ? in->audit_key_secret : NULL,
    };
}

/* ---- show it ---- */

const char *
info_fact_text(const struct info *in, const char *group, uint32_t item,
               const char *name)
{
    const sfi_fact *f = sfi_description_find(in->facts, group, item, name);

    return f != NULL ? f->text : "";
}

static bool
info_is(const struct info *in, const char *kind)
{
    return strcmp(info_fact_text(in, "", 0, "kind"), kind) == 0;
}

static void
info_print_facts(const struct info *in)
{
    if (!info_is(in, "image"))
        (void)printf("%s : %s\n\n", cli_visible(in->path),
                     info_fact_text(in, "", 0, "what"));
    if (sfi_description_text(in->facts, NULL, cli_write, stdout) != SFI_OK)
        cli_nomem("sfi-info");
}

static void
info_print_text(const struct info *in, bool checked)
{
    info_print_facts(in);
    if (checked && in->findings.errors == 0)
        (void)printf("\nChip check : %s can install it: %s\n",
                     sfi_chip_name(in->chip),
                     cli_findings_counts(&in->findings));
}

static void
info_print_json(struct info *in, bool checked)
{
    cli_json_begin(&in->out);
    json_text(&in->out, "file", in->path);
    if (sfi_description_json(in->facts, json_members, &in->out) != SFI_OK)
        cli_nomem("sfi-info");
    if (checked)
        cli_findings_json(&in->out, &in->findings);
}

/* A refused image is not shown: nothing of it can be trusted. */
static int
info_show_failure(struct info *in, sfi_status st)
{
    int status = cli_fail(&in->cli, in->ctx, st);

    if (cli_has(&in->cli, OPT_JSON))
        info_print_json(in, false);
    else if (sfi_description_at(in->facts, 0) != NULL && !info_is(in, "image"))
        info_print_facts(in);
    return status;
}

int
info_need_content(struct info *in)
{
    sfi_status st = SFI_OK;

    if (in->file.data == NULL)
        st = cli_file_read(in->ctx, in->path, &in->file);
    return st == SFI_OK ? 0 : cli_fail(&in->cli, in->ctx, st);
}

static int
info_check_image(struct info *in, bool *checked)
{
    sfi_status st;
    int status;

    *checked = in->chip != NULL && info_is(in, "image");
    if (!*checked)
        return 0;
    status = info_need_content(in);
    if (status != 0)
        return status;
    st = info_check_chip(in);
    return st != SFI_OK && in->findings.errors == 0
               ? cli_fail_at(&in->cli, in->ctx, st, in->path)
               : 0;
}

static int
info_show(struct info *in)
{
    bool compares = cli_has(&in->cli, OPT_COMPARE);
    /* Who gives a key means an image, whatever its first bytes are. */
    sfi_describe_options o =
        info_options(in, in->key != NULL && !compares ? SFI_FILE_IMAGE : 0);
    sfi_status st = sfi_description_new(in->ctx, &in->facts);
    bool checked;
    int status;

    if (st == SFI_OK)
        st = sfi_description_read(in->facts, in->path, &o);
    if (st != SFI_OK)
        return info_show_failure(in, st);
    if (compares)
        return info_compare(in);
    status = info_check_image(in, &checked);
    if (status == 0)
        status = info_show_maps(in);
    if (status != 0)
        return status;
    if (cli_has(&in->cli, OPT_JSON))
        info_print_json(in, checked);
    else if (!cli_has(&in->cli, OPT_MAP))
        info_print_text(in, checked);
    status = info_extract(in);
    return status != 0 ? status : info_print_findings(in);
}

/* ---- the program ---- */

static int
info_run(struct info *in)
{
    int status = info_load_keys(in);

    if (status == 0)
        status = info_show(in);
    cli_findings_free(&in->findings);
    sfi_description_free(in->facts);
    sfi_layout_free(in->layout);
    cli_file_free(&in->file);
    sfi_personalization_free(in->perso);
    sfi_key_free(in->key);
    cli_wipe(in->nonce_secret, sizeof(in->nonce_secret));
    cli_wipe(in->audit_key_secret, sizeof(in->audit_key_secret));
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
    cli_parse(&in.cli, &sfi_info_spec, argc, argv);
    in.path = in.cli.operands[0];
    chip = cli_value(&in.cli, OPT_CHIP);
    in.chip = cli_chip(&in.cli, chip);
    info_check_extract(&in);
    if (cli_has(&in.cli, OPT_COMPARE) &&
        cli_next(&in.cli, OPT_COMPARE, NULL)->count == 2)
        cli_usage(&in.cli, "--compare OTHER KEY needs NONCE too");
    if (cli_has(&in.cli, OPT_MAP) && cli_has(&in.cli, OPT_JSON))
        cli_usage(&in.cli, "--map cannot be combined with --json");
    in.ctx = cli_context(&in.cli);
    status = info_run(&in);
    sfi_ctx_free(in.ctx);
    status = cli_finish(&in.cli, status);
    cli_free(&in.cli);
    return status;
}
