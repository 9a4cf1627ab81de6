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
    const char *slot;
    bool json;
    struct json out; /* with --json */
    sfi_hsm *hsm;
    sfi_hsm_info info;
};

/* Open the HSM and read its state and counters into p->info; a vault must
 * exist. */
sfi_status hsm_open_and_query(struct program *p);
/* The same for provisioning: it need not. */
sfi_status hsm_open_perhaps_blank(struct program *p);
/* Read them again. */
sfi_status hsm_query_info(struct program *p);
/* Print the result as text or JSON; returns the exit status. */
int hsm_report(struct program *p, sfi_status st);
/* The same with one more member in the JSON. */
int hsm_report_with(struct program *p, sfi_status st, const char *name,
                    const char *value);
/* The same of an error that the program found. */
int hsm_refuse(struct program *p, sfi_status st, const char *why);
/* Read the PIN and log in.  The exit status after a message, else 0 and the
 * library's status in *st. */
int hsm_log_in(struct program *p, bool new_pin, sfi_status *st);

/* The modes of the program; each returns the exit status. */
int hsm_provision_once(struct program *p);
int hsm_export_audit(struct program *p);
int hsm_verify_audit(struct program *p);
int hsm_verify_inside(struct program *p);
int hsm_change_pin(struct program *p);
int hsm_retire(struct program *p);
int hsm_match_image(struct program *p);

#endif
