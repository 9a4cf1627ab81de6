/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-info: what its files share. */
#ifndef SFI_INFO_H
#define SFI_INFO_H

#include "cli/cli.h"
#include "cli/finding.h"
#include "sfi_info_table.h"

#define INFO_EXIT_DIFFERENT 8 /* --compare: the files differ */

struct info {
    struct cli cli;
    sfi_ctx *ctx;
    struct json out; /* with --json */
    const char *path;
    const sfi_chip *chip; /* NULL: no check for a chip */
    sfi_key *key;         /* NULL: not given */
    uint8_t nonce_secret[SFI_NONCE_LEN];
    uint8_t audit_key_secret[SFI_AUDIT_KEY_LEN];
    sfi_personalization *perso;
    sfi_description *facts;
    struct cli_file file; /* an image that a chip is to install */
    struct cli_findings findings;
    sfi_layout *layout; /* of an image that was checked */
    sfi_status refused; /* of the check */
};

/* sfi_info.c: what is known beside the file, which is meant to be of this kind
 * (0: any). */
sfi_describe_options info_options(const struct info *in, uint32_t kind);
/* Read the content of the file, which is there afterwards.  0, or the exit
 * status after a message. */
int info_need_content(struct info *in);

/* sfi_info_extract.c: write the firmware of an image. */
void info_check_extract(const struct info *in); /* the options; may exit */
int info_extract(struct info *in);

/* sfi_info_compare.c: the other file that --compare names. */
int info_compare(struct info *in);

/* "": no such fact. */
const char *info_fact_text(const struct info *in, const char *group,
                           uint32_t item, const char *name);

/* sfi_info_check.c: what the rules of a part find in it. */
sfi_status info_check_chip(struct info *in);
int info_print_findings(const struct info *in); /* the exit status */
/* The maps that --svg and --map ask for; anything else than an image that was
 * checked has none. */
int info_show_maps(const struct info *in);

#endif
