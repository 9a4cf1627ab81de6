/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Requests for leases: made, and kept in a file. */
#include "hsm/base/lease.h"

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/files.h"
#include "keys/key.h"

#define REQUEST_FILE_MAX ((size_t)1 << 20)
#define REQUEST_PEM_MAX 512u

static void
request_wipe(void *self)
{
    sfi_lease_request *req = self;

    sfi__wipe(req->key_secret, sizeof(req->key_secret));
}

static sfi_lease_request *
request_new(sfi_ctx *ctx)
{
    return sfi__obj_new(ctx, OBJ_LEASE_REQUEST, sizeof(sfi_lease_request),
                        request_wipe);
}

sfi_status
sfi_lease_request_create(sfi_ctx *ctx, const char *path,
                         sfi_lease_request **out)
{
    char pem_secret[REQUEST_PEM_MAX];
    size_t len = 0;
    sfi_lease_request *req;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, path != NULL);
    req = request_new(ctx);
    if (req == NULL)
        return SFI_ERR_NOMEM;
    st = sfi__ecc_generate(ctx, req->key_secret, req->public_key);
    if (st == SFI_OK)
        st = sfi__ecc_secret_to_pem(ctx, req->key_secret, pem_secret,
                                    sizeof(pem_secret), &len);
    if (st == SFI_OK)
        st = sfi__key_file_write(ctx, path, (const uint8_t *)pem_secret, len);
    sfi__wipe(pem_secret, sizeof(pem_secret));
    if (st == SFI_OK)
        *out = req;
    else
        sfi__obj_unref(req);
    return st;
}

static sfi_status
request_read(sfi_ctx *ctx, const char *path, sfi_lease_request *req)
{
    struct buf pem_secret;
    sfi_status st = sfi__load(ctx, path, REQUEST_FILE_MAX, true, &pem_secret);

    if (st == SFI_OK) {
        st = sfi__ecc_secret_from_pem(ctx, (const char *)pem_secret.data,
                                      pem_secret.len, req->key_secret);
        if (st == SFI_OK)
            st = sfi__ecc_public(ctx, req->key_secret, req->public_key);
        if (st != SFI_OK)
            (void)sfi__where(ctx, "%s", path);
    }
    sfi__buf_free(&pem_secret);
    return st;
}

sfi_status
sfi_lease_request_load(sfi_ctx *ctx, const char *path, sfi_lease_request **out)
{
    sfi_lease_request *req;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, path != NULL);
    req = request_new(ctx);
    if (req == NULL)
        return SFI_ERR_NOMEM;
    st = request_read(ctx, path, req);
    if (st == SFI_OK)
        *out = req;
    else
        sfi__obj_unref(req);
    return st;
}

const uint8_t *
sfi_lease_request_data(const sfi_lease_request *req, size_t *len)
{
    if (len != NULL)
        *len = req != NULL ? sizeof(req->public_key) : 0;
    return req != NULL ? req->public_key : NULL;
}

void
sfi_lease_request_free(sfi_lease_request *req)
{
    sfi__obj_free(req, OBJ_LEASE_REQUEST);
}
