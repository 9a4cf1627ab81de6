/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a check found: kept, printed, and written for machines. */
#ifndef CLI_FINDING_H
#define CLI_FINDING_H

#include "cli/cli.h"

struct cli_finding {
    sfi_finding finding; /* without its message and file */
    char *message, *file;
};

struct cli_findings {
    struct cli_finding *all;
    size_t count;
    size_t errors, warnings, notes; /* also of those that were too many */
};

/* The sfi_finding_fn; user: a struct cli_findings. */
void cli_findings_add(void *user, const sfi_finding *finding);
void cli_findings_free(struct cli_findings *f);

/* Print those that are at least so severe (SFI_FINDING_*) to stderr, each with
 * its remedy.  `path`: what was checked, or NULL. */
void cli_findings_print(const struct cli *c, const char *path,
                        const struct cli_findings *f, uint32_t least);
/* "1 error, 2 warnings, no notes", in a buffer of its own; valid until the next
 * call. */
const char *cli_findings_counts(const struct cli_findings *f);
/* The member "findings". */
void cli_findings_json(struct json *j, const struct cli_findings *f);

#endif
