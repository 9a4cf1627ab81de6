/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Requests over HTTPS, several at once.  Tests have a table of their own. */
#ifndef SFI_HSM_SERVER_HTTP_H
#define SFI_HSM_SERVER_HTTP_H

#include <stdbool.h>

#include <sfi/ctx.h>

#include "util/buf.h"

struct server_name;

#define HTTP_AT_ONCE 32u

/* What came of a request. */
struct http_end {
    sfi_status st;          /* SFI_OK: there is an answer */
    unsigned code;          /* its HTTP status */
    uint32_t retry_after_s; /* 0: it asks for no wait */
    bool sent;              /* it may have reached the server */
    bool repeat;            /* the same request may succeed later, or at
                               another server */
    char message[256];      /* unless SFI_OK */
};

struct http_request {
    const char *url;        /* "https://HOST:PORT" */
    const char *path;       /* "/v1/..." */
    const struct buf *body; /* NULL: GET */
    size_t limit;           /* of the answer */
    uint32_t timeout_ms;
    bool done;
    struct http_end end;
    struct buf answer;
};

struct http_ops {
    /* At most HTTP_AT_ONCE are under way; the request stays where it is. */
    sfi_status (*start)(void *user, struct http_request *r);
    /* Go on with all of them: until one is done, or for so long. */
    sfi_status (*go_on)(void *user, uint32_t wait_ms);
    /* Forget one that is not done. */
    void (*stop)(void *user, struct http_request *r);
    void (*close)(void *user, bool forked);
};

struct http {
    const struct http_ops *ops;
    void *user;
};

/* By libcurl.  Reads the files of the name. */
sfi_status sfi__http_open(sfi_ctx *ctx, const struct server_name *name,
                          struct http *out);

#endif
