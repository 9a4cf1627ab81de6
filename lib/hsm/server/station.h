/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A station of a licence server: what its requests have in common. */
#ifndef SFI_HSM_SERVER_STATION_H
#define SFI_HSM_SERVER_STATION_H

#include <sfi/hsm.h>

#include "util/json.h"
#include "hsm/server/answer.h"
#include "hsm/server/ask.h"
#include "hsm/server/name.h"

struct station {
    sfi_ctx *ctx;
    struct server_name name;
    struct asker asker;
    long pid;                          /* of the process that opened it */
    char serial[FENCE_SERIAL_LEN + 1]; /* of the HSM; "": not known yet */
    bool has_header;                   /* of an image that was checked */
    uint8_t header[SFI_IMAGE_HEADER_LEN];
    struct fence fence;       /* what was known before the last request */
    struct answer_page *page; /* the last one, or NULL */
};

/* Over a table of requests of the caller's. */
sfi_status sfi__station_open(sfi_ctx *ctx, struct server_name *name,
                             const struct http *http, struct station **out);
void sfi__station_close(struct station *s);

/* Before a request: the process, and what the station has seen. */
sfi_status sfi__station_begin(struct station *s);
/* What is known of the HSM at the server; NULL: nothing. */
const struct fence_entry *sfi__station_known(const struct station *s);
/* Check an answer against what was known before, and keep what it tells. */
sfi_status sfi__station_take_end(struct station *s,
                                 const struct fence_seen *seen);

/* A body begins: {"firmware": ... */
void sfi__station_body(struct station *s, struct ask *a, struct json_writer *j);
/* "...", "known": {...}} */
sfi_status sfi__station_end_body(struct station *s, struct json_writer *j,
                                 bool known);
#define STATION_BYTES_MAX 256u /* the longest is an end certificate */
void sfi__station_bytes(struct json_writer *j, const char *name,
                        const uint8_t *data, size_t len);

/* A path with the firmware as its query. */
void sfi__station_path(struct station *s, struct ask *a, const char *path);

/* Ask one; the answer is in `a`, or its failure is recorded. */
sfi_status sfi__station_ask(struct station *s, struct ask *a);
/* Record why a request failed; `count` receives SFI_COUNT_*. */
sfi_status sfi__station_fail(struct station *s, const struct ask *a,
                             uint32_t *count);
bool sfi__station_answered(const struct ask *a);

/* The HSM's serial number, which is asked for once. */
sfi_status sfi__station_learn(struct station *s);
sfi_status sfi__station_info(struct station *s, struct answer_info *out);

/* sfi_hsm_ops. */
sfi_status sfi__station_lease(void *user, const uint8_t *request,
                              size_t request_len, uint64_t count,
                              uint64_t seconds, uint8_t *out, size_t *out_len);
sfi_status sfi__station_return_lease(void *user, const uint8_t *end,
                                     size_t end_len, uint64_t *returned);
sfi_status sfi__station_license(void *user, const uint8_t *cert,
                                size_t cert_len, uint32_t session, uint8_t *out,
                                size_t *out_len);
sfi_status sfi__station_licenses(void *user, const uint8_t *const *certs,
                                 size_t cert_len, const uint32_t *sessions,
                                 size_t count, sfi_hsm_answer_fn answer,
                                 void *to);

#endif
