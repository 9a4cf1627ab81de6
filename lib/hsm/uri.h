/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The name of an HSM: "vault:PATH", "pcsc:READER?apdu=short", "1",
 * "server:https://...". */
#ifndef SFI_HSM_URI_H
#define SFI_HSM_URI_H

#include <stdbool.h>

#include <sfi/ctx.h>

#define HSM_READER_MAX 128u /* PC/SC's limit, with its NUL */

enum hsm_kind { HSM_VAULT, HSM_CARD, HSM_SERVER };

struct hsm_uri {
    enum hsm_kind kind;
    const char *path; /* of the vault, with ?token=URI if there is one, or what
                         is behind "server:"; in the text parsed */
    char reader[HSM_READER_MAX]; /* or a slot number, from 1 */
    bool short_only;             /* ?apdu=short */
};

/* Strict: the whole text must be understood. */
sfi_status sfi__hsm_uri_parse(sfi_ctx *ctx, const char *text,
                              struct hsm_uri *out);

#endif
