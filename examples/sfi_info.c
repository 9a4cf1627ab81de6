/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-info: tell what a file is, what it says, and whether it is sound. */
#include <string.h>

#include "cli/finding.h"
#include "cli/map.h"
#include "cli/secrets.h"
#include "receipts/receipts.h"
#include "sfi_info_table.h"

#define EXIT_DIFFERENT 8 /* --compare: the files differ */

struct info {
    struct cli cli;
    sfi_ctx *ctx;
    struct json out;
    const char *path;
    sfi_describe_options with; /* what is known beside the file */
    uint8_t nonce_secret[SFI_NONCE_LEN];
    uint8_t audit_key_secret[SFI_AUDIT_KEY_LEN];
    sfi_key *key;
    sfi_personalization *perso;
    sfi_description *facts, *other; /* of the file that --compare names */
    bool is_sound;
    sfi_layout *layout; /* of an image that was checked for a chip */
    struct cli_findings findings;
    sfi_status refused; /* of the check */
    bool differs;
    struct cli_progress progress;
};

/* ---- what the command line names ---- */

static void
info_check_options(const struct info *in)
{
    const char *out = cli_value(&in->cli, OPT_EXTRACT);

    if (cli_has(&in->cli, OPT_FILL) &&
        strcmp(sfi_firmware_format_by_name(out), "bin") != 0)
        cli_usage(&in->cli, "--fill is for a plain binary: the other formats "
                            "keep their gaps");
}

static sfi_status
info_load_keys(struct info *in)
{
    const char *audit_key = cli_value(&in->cli, OPT_AUDIT_KEY);
    const char *perso = cli_value(&in->cli, OPT_PERSO);
    sfi_status st = SFI_OK;

    in->with.struct_size = sizeof(in->with);
    if (cli_has(&in->cli, OPT_KEY) || cli_has(&in->cli, OPT_NONCE)) {
        st = cli_load_secrets(&in->cli, in->ctx, cli_need(&in->cli, OPT_KEY),
                              cli_need(&in->cli, OPT_NONCE), &in->key,
                              in->nonce_secret);
        in->with.key = in->key;
        in->with.nonce = in->nonce_secret;
    }
    if (st == SFI_OK && audit_key != NULL) {
        st = sfi_audit_key_load(in->ctx, audit_key, in->audit_key_secret);
        in->with.audit_key = in->audit_key_secret;
    }
    if (st == SFI_OK && perso != NULL)
        st = sfi_personalization_load(in->ctx, perso, &in->perso);
    in->with.ca = in->perso;
    return st;
}

/* ---- what it is ---- */

static bool
info_is(const sfi_description *d, const char *kind)
{
    const sfi_fact *f = sfi_description_find(d, "", 0, "kind");

    return f != NULL && strcmp(f->text, kind) == 0;
}

/* What is known is shown after a failed check too; but of an image that is
 * refused nothing can be trusted. */
static sfi_status
info_show(struct info *in)
{
    const sfi_fact *what = sfi_description_find(in->facts, "", 0, "what");
    bool is_image = info_is(in->facts, "image");

    if (what == NULL)
        return SFI_OK;
    if (cli_wants_json())
        return sfi_description_json(in->facts, json_members, &in->out);
    if (in->is_sound ? cli_has(&in->cli, OPT_MAP) : is_image)
        return SFI_OK;
    if (!is_image)
        cli_print("%s : %s\n\n", cli_visible(in->path), what->text);
    return sfi_description_text(in->facts, NULL, cli_write, stdout);
}

/* ---- whether a chip would install it ---- */

/* With the key, the option bytes and the content are looked at too. */
static sfi_status
info_check_chip(struct info *in)
{
    const sfi_chip *chip = in->with.chip;
    sfi_status st;

    if (chip == NULL || !info_is(in->facts, "image"))
        return SFI_OK;
    st = sfi_description_layout(in->facts, chip, &in->layout);
    if (st != SFI_OK)
        return st;
    st = sfi_layout_check(in->layout, cli_findings_add, &in->findings);
    if (st != SFI_OK && in->findings.errors == 0)
        return st;
    in->refused = st;
    cli_findings_json(&in->out, &in->findings);
    if (st == SFI_OK && !cli_has(&in->cli, OPT_MAP))
        cli_print("\nChip check : %s can install it: %s\n", sfi_chip_name(chip),
                  cli_findings_counts(&in->findings));
    return SFI_OK;
}

static sfi_status
info_show_maps(struct info *in)
{
    if (!cli_has(&in->cli, OPT_SVG) && !cli_has(&in->cli, OPT_MAP))
        return SFI_OK;
    if (in->layout == NULL)
        return cli_report(in->ctx, SFI_ERR_FORMAT,
                          "%s: only an image has a map", in->path);
    return cli_maps(&in->cli, in->ctx, in->layout, in->path, OPT_SVG, OPT_MAP);
}

static sfi_status
info_print_findings(const struct info *in)
{
    cli_findings_print(&in->cli, in->path, &in->findings, SFI_FINDING_NOTE);
    if (in->refused == SFI_OK)
        return SFI_OK;
    return cli_report(in->ctx, in->refused, "%s: %s cannot install it",
                      in->path, sfi_chip_name(in->with.chip));
}

/* ---- the firmware in an image, into a file of its owner ---- */

/* The library has verified every tag before a byte is written. */
static sfi_status
info_extract(struct info *in)
{
    const char *out = cli_value(&in->cli, OPT_EXTRACT);
    sfi_firmware_save_options o = {
        .struct_size = sizeof(o),
        .flags = SFI_FIRMWARE_PRIVATE |
                 (cli_has(&in->cli, OPT_FORCE) ? SFI_REPLACE : 0),
    };
    sfi_firmware *fw = NULL;
    sfi_status st;

    if (out == NULL)
        return SFI_OK;
    if (cli_has(&in->cli, OPT_FILL))
        o.fill = SFI_FIRMWARE_FILL(
            (uint32_t)cli_value_number(&in->cli, OPT_FILL, 0));
    st = sfi_description_firmware(
        in->facts, (uint32_t)cli_value_number(&in->cli, OPT_AREA, 0), &fw);
    if (st == SFI_OK)
        st = sfi_firmware_save(fw, out, &o);
    if (st == SFI_OK)
        cli_print("\nExtracted : %zu segments to %s\n",
                  sfi_firmware_segment_count(fw), cli_visible(out));
    sfi_firmware_free(fw);
    return st;
}

/* ---- what differs in another image or firmware ---- */

/* Is it an image?  What is neither an image nor firmware is a usage error. */
static bool
compare_is_image(const struct info *in, const sfi_description *d,
                 const char *path)
{
    if (!info_is(d, "image") && !info_is(d, "firmware"))
        cli_usage(&in->cli,
                  "%s is %s; only images and firmware can be compared", path,
                  sfi_description_find(d, "", 0, "what")->text);
    return info_is(d, "image");
}

/* The other file, with a key and nonce of its own if they are given. */
static sfi_status
compare_read_other(struct info *in, const struct cli_use *use)
{
    sfi_describe_options o = in->with;
    uint8_t nonce_secret[SFI_NONCE_LEN];
    sfi_key *key = NULL;
    sfi_status st = sfi_description_new(in->ctx, &in->other);

    if (st == SFI_OK && use->count == 3) {
        st = cli_load_secrets(&in->cli, in->ctx, use->value[1], use->value[2],
                              &key, nonce_secret);
        o.key = key;
        o.nonce = nonce_secret;
    }
    if (st == SFI_OK)
        st = sfi_description_read(in->other, use->value[0], &o);
    sfi_key_free(key);
    cli_wipe(nonce_secret, sizeof(nonce_secret));
    return st;
}

static sfi_status
info_compare(struct info *in)
{
    const struct cli_use *use = cli_next(&in->cli, OPT_COMPARE, NULL);
    sfi_comparison found = {.struct_size = sizeof(found)};
    sfi_status st = compare_read_other(in, use);

    if (st != SFI_OK)
        return st;
    if (compare_is_image(in, in->facts, in->path) !=
        compare_is_image(in, in->other, use->value[0]))
        (void)cli_need(&in->cli, OPT_KEY);
    json_text(&in->out, "other", use->value[0]);
    if (cli_wants_json())
        st = sfi_description_compare_json(in->facts, in->other, json_members,
                                          &in->out, &found);
    else
        st = sfi_description_compare_text(in->facts, in->other, cli_write,
                                          stdout, &found);
    in->differs = st == SFI_OK && (found.facts != 0 || found.bytes != 0);
    return st;
}

/* ---- the program ---- */

static sfi_status
info_run(struct info *in)
{
    bool compares = cli_has(&in->cli, OPT_COMPARE);
    sfi_status st = cli_check_outputs(&in->cli, in->ctx);

    if (st == SFI_OK)
        st = info_load_keys(in);
    if (in->key != NULL && !compares) /* it is meant to be an image */
        in->with.kind = SFI_FILE_IMAGE;
    if (st == SFI_OK)
        st = sfi_description_new(in->ctx, &in->facts);
    if (st == SFI_OK)
        st = sfi_description_read(in->facts, in->path, &in->with);
    cli_progress_end(&in->progress);
    in->is_sound = st == SFI_OK;
    if (st == SFI_OK && compares)
        return info_compare(in);
    if (st == SFI_OK)
        st = info_show(in);
    if (st == SFI_OK)
        st = info_check_chip(in);
    if (st == SFI_OK)
        st = info_show_maps(in);
    if (st == SFI_OK)
        st = info_extract(in);
    if (st == SFI_OK)
        st = info_check_receipt(in->ctx, in->path,
                                cli_value(&in->cli, OPT_IMAGE), &in->out);
    return st == SFI_OK ? info_print_findings(in) : st;
}

static void
info_free(struct info *in)
{
    cli_findings_free(&in->findings);
    sfi_description_free(in->facts);
    sfi_description_free(in->other);
    sfi_layout_free(in->layout);
    sfi_personalization_free(in->perso);
    sfi_key_free(in->key);
    cli_wipe(in->nonce_secret, sizeof(in->nonce_secret));
    cli_wipe(in->audit_key_secret, sizeof(in->audit_key_secret));
}

int
main(int argc, char **argv)
{
    struct info in = {.ctx = NULL};
    sfi_status st;
    int status;

    cli_begin(&in.cli, &sfi_info_spec, argc, argv);
    in.path = in.cli.operands[0];
    in.with.chip = cli_chip(&in.cli, cli_value(&in.cli, OPT_CHIP));
    info_check_options(&in);
    in.ctx = cli_context(&in.cli);
    cli_progress_watch(&in.progress, in.ctx);
    cli_json_begin(&in.out);
    json_text(&in.out, "file", in.path);
    st = info_run(&in);
    status = in.differs ? EXIT_DIFFERENT : 0;
    if (st != SFI_OK)
        status = cli_fail(&in.cli, in.ctx, st);
    if (!in.is_sound)
        (void)info_show(&in);
    info_free(&in);
    return cli_finish(&in.cli, in.ctx, status);
}
