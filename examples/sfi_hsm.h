/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the files of sfi-hsm share. */
#ifndef EXAMPLES_SFI_HSM_H
#define EXAMPLES_SFI_HSM_H

#include "cli/cli.h"
#include "sfi_hsm_table.h"

struct program {
    struct cli cli;
    sfi_ctx *ctx;
    const char *slot; /* NULL: the mode needs no HSM */
    struct json out;  /* with --json */
    struct cli_progress progress;
    sfi_hsm *hsm;
    sfi_hsm_info info;
    size_t readers; /* that were listed */
};

/* Read state and counters into p->info. */
sfi_status hsm_query_info(struct program *p);
/* Read the PIN and log in. */
sfi_status hsm_log_in(struct program *p, bool new_pin);
/* An error that the program finds; returns `st`. */
sfi_status hsm_refuse(struct program *p, sfi_status st, const char *why);
/* After what was shown, ask for what cannot be taken back. */
sfi_status hsm_confirm(struct program *p, const char *question);

/* Modes of the program. */
sfi_status hsm_provision_once(struct program *p);
sfi_status hsm_export_audit(struct program *p);
sfi_status hsm_verify_audit(struct program *p);
sfi_status hsm_verify_inside(struct program *p);
sfi_status hsm_change_pin(struct program *p);
sfi_status hsm_retire(struct program *p);
sfi_status hsm_match_image(struct program *p);

#endif
