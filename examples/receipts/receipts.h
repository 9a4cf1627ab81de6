/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the programs do with receipts: keep, show, compare, reconcile. */
#ifndef RECEIPTS_RECEIPTS_H
#define RECEIPTS_RECEIPTS_H

#include <sfi/sfi.h>

#include "cli/cli.h"

struct station;

/* sfi-program: the receipt of an install that has ended goes into the folder of
 * --receipts, and into the result. */
void station_keep_receipt(struct station *s);
void station_write_receipt(const struct station *s, struct json *j);
/* The chip is installed, and its receipt could not be written. */
void station_fail_receipt(const struct station *s);

/* sfi-info: is the receipt in this file of the image that `image` names?  NULL:
 * not asked. */
sfi_status info_check_receipt(sfi_ctx *ctx, const char *path, const char *image,
                              struct json *out);

/* sfi-hsm reconcile; *status is the program's when it succeeds. */
sfi_status hsm_reconcile(const struct cli *c, sfi_ctx *ctx, struct json *out,
                         int *status);

#endif
