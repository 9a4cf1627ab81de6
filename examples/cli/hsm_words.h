/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* State and counters of an HSM, in the words of ST's tools. */
#ifndef CLI_HSM_WORDS_H
#define CLI_HSM_WORDS_H

#include <stdbool.h>
#include <stdio.h>

#include <sfi/sfi.h>

#include "cli/cli.h"

/* A vault without a file is blank, and its name may be misspelt: an error
 * (SFI_ERR_OS), except for provisioning, which creates it. */
bool hsm_is_missing(const char *slot, const sfi_hsm_info *info);
#define HSM_MISSING \
    "there is no such vault: correct its name, or provision it first"
/* "OPERATIONAL STATE" and the like. */
const char *hsm_state(const sfi_hsm_info *info);
/* A line for each value: state, firmware identifier, counter, product, serial
 * number, audit records, PIN tries. */
void hsm_print(FILE *out, const sfi_hsm_info *info);
/* The same as members of the open JSON object. */
void hsm_json(struct json *j, const sfi_hsm_info *info);
/* JSON: the installations left, and whether the low-water mark is reached. */
void hsm_left_json(struct json *j, const sfi_hsm_info *info);

#endif
