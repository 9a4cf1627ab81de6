/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Calls the functions of a dialect's table, and checks what they return. */
#include "target/dialect.h"

#include <sfi/device.h>

#include "core/abi.h"
#include "core/err.h"
#include "target/target.h"

SFI_ABI_PIN(sfi_dialect_ops, receipt);

sfi_status
sfi__dialect_init(struct dialect *d, sfi_ctx *ctx, const sfi_dialect_ops *ops,
                  void *user)
{
    sfi_dialect_ops *o = &d->ops;
    sfi_status st = SFI_OK;

    if (ops == NULL)
        ops = &sfi__dialect_ours;
    st = SFI_ABI_IN(ctx, sfi_dialect_ops, o, ops);
    if (st != SFI_OK)
        return st;
    if (o->flags != 0)
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "the dialect has flags 0x%x, expected none", o->flags);
    if (o->speaks == NULL || o->info == NULL || o->certificate == NULL ||
        o->secure == NULL || o->license == NULL || o->header == NULL ||
        o->area == NULL || o->data == NULL || o->finish == NULL ||
        o->abort == NULL)
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "the dialect lacks a function, expected all but "
                         "session and receipt");
    d->user = user;
    return SFI_OK;
}

sfi_status
sfi_dialect_get_own(sfi_dialect_ops *out)
{
    if (out == NULL)
        return SFI_ERR_ARGUMENT;
    return SFI_ABI_OUT(NULL, sfi_dialect_ops, out, &sfi__dialect_ours);
}

/* Clear the error, so that what is reported is this call's, as for a link's
 * functions.  The target is busy for all but the functions of sfi/dialect.h. */
static sfi_status
dialect_begin_call(sfi_target *t)
{
    if (t->in_dialect)
        return sfi__fail(t->obj.ctx, SFI_ERR_STATE,
                         "a function of the dialect is running");
    sfi__clear_error(t->obj.ctx);
    t->in_dialect = true;
    t->obj.busy = true;
    return SFI_OK;
}

static sfi_status
dialect_end_call(sfi_target *t, sfi_status st, const char *what)
{
    t->in_dialect = false;
    t->obj.busy = false;
    return sfi__from_callback(t->obj.ctx, st, what);
}

sfi_status
sfi__dialect_speaks(sfi_target *t, bool *yes)
{
    uint32_t answer = 0;
    sfi_status st = dialect_begin_call(t);

    if (st == SFI_OK)
        st = dialect_end_call(
            t, t->dialect.ops.speaks(t->dialect.user, t, &answer),
            "the dialect's speaks");
    if (st == SFI_OK && answer > 1)
        return sfi__fail(t->obj.ctx, SFI_ERR_CALLBACK,
                         "the dialect's speaks returned %u, expected 0 or 1",
                         answer);
    *yes = answer == 1;
    return st;
}

sfi_status
sfi__dialect_info(sfi_target *t, sfi_dialect_info *out)
{
    sfi_dialect_info i = {.struct_size = sizeof(i)};
    sfi_status st = dialect_begin_call(t);

    if (st == SFI_OK)
        st = dialect_end_call(t, t->dialect.ops.info(t->dialect.user, t, &i),
                              "the dialect's info");
    if (st != SFI_OK)
        return st;
    if (i.state > SFI_DEVICE_INSTALLED)
        return sfi__fail(t->obj.ctx, SFI_ERR_PROTOCOL,
                         "INFO reports state %u, expected at most %d", i.state,
                         SFI_DEVICE_INSTALLED);
    if (i.device_id != t->boot.device_id || i.data_max == 0)
        return sfi__fail(t->obj.ctx, SFI_ERR_PROTOCOL,
                         "INFO names chip 0x%03x and %u bytes per DATA, "
                         "expected chip 0x%03x and at least 1",
                         i.device_id, i.data_max, t->boot.device_id);
    *out = i;
    return SFI_OK;
}

sfi_status
sfi__dialect_certificate(sfi_target *t, uint8_t out[SFI_CERTIFICATE_LEN])
{
    size_t len = SFI_CERTIFICATE_LEN;
    sfi_status st = dialect_begin_call(t);

    if (st == SFI_OK)
        st = dialect_end_call(
            t, t->dialect.ops.certificate(t->dialect.user, t, out, &len),
            "the dialect's certificate");
    if (st == SFI_OK && len != SFI_CERTIFICATE_LEN)
        return sfi__fail(t->obj.ctx, SFI_ERR_CALLBACK,
                         "the dialect's certificate has %zu bytes, expected "
                         "%u",
                         len, SFI_CERTIFICATE_LEN);
    return st;
}

bool
sfi__dialect_has_receipts(const sfi_target *t, const sfi_dialect_info *i)
{
    return t->dialect.ops.receipt != NULL &&
           (i->flags & SFI_DIALECT_RECEIPTS) != 0;
}

sfi_status
sfi__dialect_receipt(sfi_target *t, uint8_t out[SFI_DIALECT_RECEIPT_LEN])
{
    size_t len = SFI_DIALECT_RECEIPT_LEN;
    sfi_status st = dialect_begin_call(t);

    if (st == SFI_OK)
        st = dialect_end_call(
            t, t->dialect.ops.receipt(t->dialect.user, t, out, &len),
            "the dialect's receipt");
    if (st == SFI_OK && len != SFI_DIALECT_RECEIPT_LEN)
        return sfi__fail(t->obj.ctx, SFI_ERR_CALLBACK,
                         "the dialect's receipt has %zu bytes, expected %u",
                         len, SFI_DIALECT_RECEIPT_LEN);
    return st;
}

sfi_status
sfi__dialect_fail_no_session(sfi_ctx *ctx)
{
    return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                     "the dialect does not support live licences");
}

sfi_status
sfi__dialect_session(sfi_target *t, uint32_t *out)
{
    uint32_t id = 0;
    sfi_status st = SFI_OK;

    if (t->dialect.ops.session == NULL)
        return sfi__dialect_fail_no_session(t->obj.ctx);
    st = dialect_begin_call(t);
    if (st == SFI_OK)
        st =
            dialect_end_call(t, t->dialect.ops.session(t->dialect.user, t, &id),
                             "the dialect's session");
    if (st != SFI_OK)
        return st;
    if (id == 0)
        return sfi__fail(t->obj.ctx, SFI_ERR_PROTOCOL,
                         "the chip's session id is 0, expected a random one");
    *out = id;
    return SFI_OK;
}

sfi_status
sfi__dialect_secure(sfi_target *t, bool erase)
{
    sfi_status st = dialect_begin_call(t);

    if (st != SFI_OK)
        return st;
    return dialect_end_call(t, t->dialect.ops.secure(t->dialect.user, t, erase),
                            "the dialect's secure");
}

/* Call a function that takes bytes. */
static sfi_status
dialect_send_bytes(sfi_target *t,
                   sfi_status (*op)(void *user, sfi_target *t,
                                    const uint8_t *data, size_t len),
                   const char *what, const uint8_t *data, size_t len)
{
    sfi_status st = dialect_begin_call(t);

    if (st != SFI_OK)
        return st;
    return dialect_end_call(t, op(t->dialect.user, t, data, len), what);
}

sfi_status
sfi__dialect_license(sfi_target *t, const uint8_t raw[SFI_LICENSE_LEN])
{
    return dialect_send_bytes(t, t->dialect.ops.license,
                              "the dialect's license", raw, SFI_LICENSE_LEN);
}

sfi_status
sfi__dialect_header(sfi_target *t, const uint8_t raw[SFI_FORMAT_HEADER_LEN])
{
    return dialect_send_bytes(t, t->dialect.ops.header, "the dialect's header",
                              raw, SFI_FORMAT_HEADER_LEN);
}

sfi_status
sfi__dialect_area(sfi_target *t, const uint8_t raw[SFI_FORMAT_AREA_LEN])
{
    return dialect_send_bytes(t, t->dialect.ops.area, "the dialect's area", raw,
                              SFI_FORMAT_AREA_LEN);
}

sfi_status
sfi__dialect_data(sfi_target *t, uint32_t offset, const uint8_t *data,
                  size_t len)
{
    sfi_status st = dialect_begin_call(t);

    if (st != SFI_OK)
        return st;
    return dialect_end_call(
        t, t->dialect.ops.data(t->dialect.user, t, offset, data, len),
        "the dialect's data");
}

sfi_status
sfi__dialect_finish(sfi_target *t)
{
    sfi_status st = dialect_begin_call(t);

    if (st != SFI_OK)
        return st;
    return dialect_end_call(t, t->dialect.ops.finish(t->dialect.user, t),
                            "the dialect's finish");
}

sfi_status
sfi__dialect_abort(sfi_target *t)
{
    sfi_status st = dialect_begin_call(t);

    if (st != SFI_OK)
        return st;
    return dialect_end_call(t, t->dialect.ops.abort(t->dialect.user, t),
                            "the dialect's abort");
}
