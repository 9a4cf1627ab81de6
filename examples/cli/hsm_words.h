/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* State and counters of an HSM, in the words of ST's tools. */
#ifndef CLI_HSM_WORDS_H
#define CLI_HSM_WORDS_H

#include <stdbool.h>
#include <stdio.h>

#include <sfi/sfi.h>

#include "cli/cli.h"

/* The name of an HSM for messages: without passwords. */
const char *cli_hsm_shown(const char *slot);
/* Open an HSM, and ask it what it is.  A vault that is not there is refused, as
 * its name may be misspelt, and a blank HSM for the reason `blank`, unless that
 * is NULL.  *out is NULL after a failure. */
sfi_status cli_hsm_open(sfi_ctx *ctx, const char *slot, const char *blank,
                        sfi_hsm **out, sfi_hsm_info *info);
/* A licence server has none: it knows a station by its certificate. */
bool cli_hsm_has_pin(const char *slot);
/* Log in with a PIN as cli_pin_read() gets it, if the HSM has one. */
sfi_status cli_hsm_login(const struct cli *c, sfi_ctx *ctx, const char *slot,
                         sfi_hsm *hsm, const char *file, bool twice);
/* "OPERATIONAL STATE" and the like. */
const char *hsm_state(const sfi_hsm_info *info);
/* A line for each value: state, firmware identifier, counter, product, serial
 * number, audit records, PIN tries. */
void hsm_print(FILE *out, const sfi_hsm_info *info);
/* The same as members of the open JSON object. */
void hsm_json(struct json *j, const sfi_hsm_info *info);
/* The low-water mark is reached: a warning is due. */
bool hsm_is_low(const sfi_hsm_info *info);
/* JSON: the installations left, and whether the low-water mark is reached. */
void hsm_left_json(struct json *j, const sfi_hsm_info *info);

#endif
