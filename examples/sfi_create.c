/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-create: build an .sfi image from firmware, option bytes and a key. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/map.h"
#include "cli/system.h"
#include "sfi_create.h"

/* ---- the output ---- */

/* From here on, what is printed goes to standard error. */
static sfi_status
take_stdout(struct job *j)
{
    int fd;

    if (strcmp(cli_value(&j->cli, OPT_OUTFILE), "-") != 0)
        return SFI_OK;
    if (cli_wants_json())
        cli_usage(&j->cli, "-o -: --json has standard output: name a file");
    if (system_is_terminal(stdout))
        cli_usage(&j->cli,
                  "-o -: the image is binary: redirect standard output");
    fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    j->image_out = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (j->image_out == NULL || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return cli_report_os(j->ctx, errno, "standard output");
    return SFI_OK;
}

static sfi_status
save_image(struct job *j)
{
    const char *out = cli_value(&j->cli, OPT_OUTFILE);
    sfi_status st;

    if (j->image_out == NULL)
        st = sfi_image_builder_save(j->builder, out);
    else
        st = sfi_image_builder_write(j->builder, cli_write, j->image_out);
    if (st == SFI_OK && j->image_out != NULL &&
        (fflush(j->image_out) != 0 || ferror(j->image_out) ||
         fclose(j->image_out) != 0))
        st = cli_report_os(j->ctx, errno, "standard output: cannot write");
    if (st != SFI_OK)
        return st;
    cli_print("%s : %" PRIu64 " bytes\nSFI generation SUCCESS\n",
              j->image_out != NULL ? "standard output" : cli_visible(out),
              j->size);
    json_text(&j->json, "image", out);
    json_number(&j->json, "size", j->size);
    return SFI_OK;
}

/* ---- what a chip says to it ---- */

static void
print_areas(const sfi_layout *l)
{
    sfi_layout_area a = {.struct_size = sizeof(a)};

    cli_print("Image : protocol version 1, %zu areas\n",
              sfi_layout_area_count(l));
    for (size_t i = 0; sfi_layout_get_area(l, i, &a) == SFI_OK; i++)
        cli_print("  area %zu : %c, 0x%08" PRIx64 ", %" PRIu64 " bytes\n",
                  i + 1, (char)a.kind, a.address, a.size);
}

/* What the image has that no file has is told without --check too. */
static void
print_fill(const struct cli_findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        const sfi_finding *o = &f->all[i].finding;

        if (strcmp(o->rule, "padded") == 0 ||
            strcmp(o->rule, "gaps-filled") == 0)
            cli_print("Fill : %s\n", cli_visible(o->message));
    }
}

static sfi_status
check_rules(struct job *j)
{
    bool only_checks = cli_has(&j->cli, OPT_CHECK);
    const struct cli_findings *f = &j->findings;
    sfi_status st =
        sfi_image_builder_check(j->builder, cli_findings_add, &j->findings);

    if (!only_checks)
        print_fill(f);
    cli_findings_print(&j->cli, NULL, f,
                       only_checks ? SFI_FINDING_NOTE : SFI_FINDING_WARNING);
    if (st == SFI_OK || f->errors == 0)
        return st;
    /* looked at when nothing else is wrong */
    if (f->count == 0 ||
        strcmp(f->all[f->count - 1].finding.rule, "nonce-reuse") != 0)
        return cli_report(j->ctx, st,
                          "%s cannot install this image, nothing was written",
                          sfi_chip_name(j->chip));
    j->hint = "--new-keys PREFIX makes a key and a nonce for this image; "
              "--same-nonce\n        accepts what the second image reveals";
    return cli_report(j->ctx, st, "nothing was written");
}

/* The maps are also of an image that a chip refuses. */
static sfi_status
check_image(struct job *j)
{
    const struct cli *c = &j->cli;
    sfi_layout *l = NULL;
    sfi_status st = sfi_image_builder_layout(j->builder, &l);

    if (st == SFI_OK)
        st =
            cli_maps(c, j->ctx, l, cli_value(c, OPT_OUTFILE), OPT_SVG, OPT_MAP);
    if (st == SFI_OK)
        st = check_rules(j);
    if (st == SFI_OK && cli_has(c, OPT_CHECK))
        cli_print("Check : %s can install it: %s\n", sfi_chip_name(j->chip),
                  cli_findings_counts(&j->findings));
    else if (st == SFI_OK)
        print_areas(l);
    j->size = sfi_layout_image_size(l);
    sfi_layout_free(l);
    return st;
}

/* ---- the program ---- */

/* ST's options that mean something else for the parts of libsfi: the bytes of
 * RAM for a piece of the image, and where the state between two pieces is. */
static void
check_words(const struct job *j)
{
    const struct cli *c = &j->cli;
    uint64_t ram = cli_value_number(c, OPT_RAMSIZE, UINT64_MAX);
    uint64_t base = sfi_chip_flash_base(j->chip);
    uint64_t last = base + sfi_chip_flash_size(j->chip) - 1;
    uint64_t token = cli_value_number(c, OPT_TOKEN, base);

    if (token < base || token > last)
        cli_usage(c,
                  "-ct 0x%08" PRIx64 " is not in the flash of %s, 0x%08" PRIx64
                  " to 0x%08" PRIx64,
                  token, sfi_chip_name(j->chip), base, last);
    if (j->size > ram)
        cli_warn(c->spec->program,
                 "the image has %" PRIu64 " bytes, more than -rs "
                 "%" PRIu64 ": it is not cut into pieces, since %s takes "
                 "it area by area",
                 j->size, ram, sfi_chip_name(j->chip));
    if (cli_has(c, OPT_TOKEN))
        cli_print("Continuation token %s : not needed, the image is one "
                  "piece\n",
                  cli_visible(cli_value(c, OPT_TOKEN)));
}

static sfi_status
create_image(struct job *j)
{
    const struct cli *c = &j->cli;
    bool makes = !cli_has(c, OPT_CHECK);
    sfi_status st = makes ? take_stdout(j) : SFI_OK;

    if (st == SFI_OK)
        st = create_add_inputs(j);
    if (st == SFI_OK)
        st = check_image(j);
    if (st != SFI_OK || !makes)
        return st;
    check_words(j);
    /* after all checks, so that a mistake leaves no files of keys */
    if (cli_has(c, OPT_NEW_KEYS))
        st = create_set_secrets(j);
    return st == SFI_OK ? save_image(j) : st;
}

static sfi_status
create_run(struct job *j)
{
    const struct cli *c = &j->cli;
    sfi_status st = cli_check_outputs(c, j->ctx);

    if (st != SFI_OK)
        return st;
    if (cli_has_any(c, OPT_GENKEY, OPT_GENNONCE))
        return create_key_files(j, cli_value(c, OPT_GENKEY),
                                cli_value(c, OPT_GENNONCE));
    if (cli_has(c, OPT_TEMPLATE))
        return create_template(j);
    j->chip = cli_chip(c, cli_value(c, OPT_CHIP));
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
    int status = cli_fail(&j->cli, j->ctx, st);

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
    struct job j = {.ctx = NULL};
    sfi_status st;
    int status;

    cli_begin(&j.cli, &sfi_create_spec, argc, argv);
    j.ctx = cli_context(&j.cli);
    cli_json_begin(&j.json);
    st = create_run(&j);
    status = st == SFI_OK ? 0 : create_fail(&j, st);
    cli_findings_free(&j.findings);
    sfi_image_builder_free(j.builder);
    free(j.reg);
    return cli_finish(&j.cli, j.ctx, status);
}
