/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the rules find. */
#include <string.h>

#include "cli/map.h"
#include "sfi_create.h"

void
create_hint_new_keys(void)
{
    cli_hint("--new-keys PREFIX makes a key and a nonce for this image; "
             "--same-nonce\n        accepts what the second image reveals");
}

/* Is the first error about the key and the nonce? */
static bool
check_is_about_keys(const struct cli_findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->all[i].finding.severity == SFI_FINDING_ERROR)
            return strcmp(f->all[i].finding.rule, "nonce-reuse") == 0;
    }
    return false;
}

/* What the image has that no file has is told without --check too. */
static void
print_fill(const struct cli_findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        const sfi_finding *o = &f->all[i].finding;

        if (strcmp(o->rule, "padded") == 0 ||
            strcmp(o->rule, "gaps-filled") == 0)
            (void)printf("Fill : %s\n", cli_visible(o->message));
    }
}

/* Also of an image that a chip refuses. */
static sfi_status
create_maps(const struct job *j)
{
    sfi_layout *l = NULL;
    sfi_status st;

    if (!cli_has(&j->cli, OPT_SVG) && !cli_has(&j->cli, OPT_MAP))
        return SFI_OK;
    st = sfi_image_builder_layout(j->builder, &l);
    if (st == SFI_OK)
        st = cli_maps(&j->cli, j->ctx, l, cli_value(&j->cli, OPT_OUTFILE),
                      OPT_SVG, OPT_MAP);
    sfi_layout_free(l);
    return st;
}

int
create_check_rules(struct job *j)
{
    uint32_t least =
        cli_has(&j->cli, OPT_CHECK) ? SFI_FINDING_NOTE : SFI_FINDING_WARNING;
    int status = create_status(j, create_maps(j));
    sfi_status st;

    if (status != 0)
        return status;
    st = sfi_image_builder_check(j->builder, cli_findings_add, &j->findings);
    if (least > SFI_FINDING_NOTE)
        print_fill(&j->findings);
    cli_findings_print(&j->cli, NULL, &j->findings, least);
    if (st == SFI_OK || j->findings.errors == 0)
        return create_status(j, st);
    if (check_is_about_keys(&j->findings)) {
        status = cli_fail_text(&j->cli, st, "nothing was written");

        create_hint_new_keys();
        return status;
    }
    return cli_fail_text(&j->cli, st,
                         "%s cannot install this image, nothing was written",
                         sfi_chip_name(j->chip));
}

int
create_check_only(struct job *j)
{
    int status = create_add_inputs(j);

    if (status == 0)
        status = create_check_rules(j);
    if (status == 0)
        (void)printf("Check : %s can install it: %s\n", sfi_chip_name(j->chip),
                     cli_findings_counts(&j->findings));
    return status;
}
