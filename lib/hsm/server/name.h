/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The name of a licence server: what stands behind "server:". */
#ifndef SFI_HSM_SERVER_NAME_H
#define SFI_HSM_SERVER_NAME_H

#include <sfi/ctx.h>

#define SERVER_URLS_MAX 8u
#define SERVER_TIMEOUT_S 30u
#define SERVER_TIMEOUT_MAX_S 3600u

struct server_name {
    const char *urls[SERVER_URLS_MAX]; /* "https://HOST:PORT" */
    size_t url_count;
    const char *firmware;
    const char *cert, *key, *ca, *fence; /* files */
    uint32_t timeout_s;
    char *memory; /* of all these texts */
};

/* https://HOST:PORT/FIRMWARE?cert=..&key=..&ca=..[&fence=..][&timeout=..]
 * [&also=https://HOST:PORT]...: strictly.  Values are percent-encoded. */
sfi_status sfi__server_name_parse(sfi_ctx *ctx, const char *text,
                                  struct server_name *out);
void sfi__server_name_free(sfi_ctx *ctx, struct server_name *name);
/* Up to its parameters: the place of errors. */
size_t sfi__server_name_len(const char *text);

#endif
