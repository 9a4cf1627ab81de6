#include "transport/transport.h"

#include "util/clock.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "transport/serial.h"
#include "transport/uri.h"

/* AN3155, 2: 8E1 is a start bit, 8 data bits, parity and a stop bit. */
#define BITS_PER_BYTE 11u

static void
transport_destroy(void *self)
{
    sfi_transport *tp = self;

    if (tp->ops.close != NULL)
        tp->ops.close(tp->user);
}

sfi_status
sfi__transport_new(sfi_ctx *ctx, const sfi_stream_ops *ops, void *user,
                   const char *name, sfi_transport **out)
{
    sfi_transport *tp =
        sfi__obj_new(ctx, OBJ_TRANSPORT, sizeof(*tp), transport_destroy);

    if (tp == NULL)
        return SFI_ERR_NOMEM;
    tp->ops = *ops;
    tp->user = user;
    (void)text_copy(tp->name, sizeof(tp->name), name);
    *out = tp;
    return SFI_OK;
}

/* A caller's op gets a clean slate: what it reports is this call's. */
static void
begin(sfi_transport *tp)
{
    sfi__clear_error(tp->obj.ctx);
    tp->obj.busy = true;
}

static sfi_status
end(sfi_transport *tp, sfi_status st, const char *what)
{
    tp->obj.busy = false;
    return sfi__from_callback(tp->obj.ctx, st, what);
}

sfi_status
sfi__transport_read(sfi_transport *tp, uint8_t *buf, size_t len, size_t *got,
                    uint32_t timeout_ms)
{
    sfi_ctx *ctx = tp->obj.ctx;
    struct deadline dl = deadline_in(ctx->clock, timeout_ms);
    uint32_t left;
    sfi_status st;

    *got = 0;
    begin(tp);
    st = end(tp, tp->ops.read(tp->user, buf, len, got, timeout_ms),
             "read of the link");
    if (*got > len || (st == SFI_OK) != (*got > 0)) {
        size_t n = *got;

        *got = 0;
        return sfi__fail(ctx, SFI_ERR_CALLBACK,
                         "read of the link returned %d and %zu bytes, expected "
                         "1 to %zu, or an error and none",
                         st, n, len);
    }
    /* A link without time of its own gives up at once: wait for it, or the
     * callers' deadlines would be busy loops. */
    left = deadline_left(&dl);
    if (st == SFI_ERR_TIMEOUT && left > 0)
        ctx->clock->sleep_ms(ctx->clock->user, left);
    return st;
}

sfi_status
sfi__transport_write(sfi_transport *tp, const uint8_t *buf, size_t len,
                     uint32_t timeout_ms)
{
    begin(tp);
    return end(tp, tp->ops.write(tp->user, buf, len, timeout_ms),
               "write to the link");
}

sfi_status
sfi__transport_flush(sfi_transport *tp)
{
    if (tp->ops.flush == NULL)
        return SFI_OK;
    begin(tp);
    return end(tp, tp->ops.flush(tp->user), "flush of the link");
}

sfi_status
sfi__transport_reset(sfi_transport *tp, bool into_boot)
{
    if (tp->ops.reset == NULL)
        return sfi__fail(tp->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "this link has no line to the chip's reset");
    begin(tp);
    return end(tp, tp->ops.reset(tp->user, into_boot),
               "reset through the link");
}

uint32_t
sfi__transport_ms(const sfi_transport *tp, size_t len)
{
    if (tp->baud == 0)
        return 0;
    return (uint32_t)((uint64_t)len * BITS_PER_BYTE * 1000u / tp->baud + 1u);
}

static sfi_status
open_uri(sfi_ctx *ctx, const char *text, sfi_transport **out)
{
    static const struct {
        const char *scheme;
        sfi_status (*open)(sfi_ctx *ctx, const struct uri *uri,
                           sfi_transport **out);
    } schemes[] = {
        {"serial", sfi__serial_open},
    };
    struct uri uri;
    sfi_status st = uri_parse(ctx, text, &uri);

    if (st != SFI_OK)
        return st;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
        if (text_same(schemes[i].scheme, uri.scheme))
            return schemes[i].open(ctx, &uri, out);
    }
    (void)sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                    "unknown kind of link \"%s\", expected \"serial\"",
                    uri.scheme);
    return sfi__where(ctx, "%s", text);
}

sfi_status
sfi_transport_open(sfi_ctx *ctx, const char *uri, sfi_transport **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, uri != NULL);
    return open_uri(ctx, uri, out);
}

sfi_status
sfi_transport_open_stream(sfi_ctx *ctx, const sfi_stream_ops *ops, void *user,
                          sfi_transport **out)
{
    sfi_stream_ops o;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, ops != NULL);
    st = sfi__abi_in(ctx, &o, sizeof(o), sizeof(o), ops);
    if (st != SFI_OK)
        return st;
    SFI_ARG(ctx, ops->flags == 0);
    SFI_ARG(ctx, ops->read != NULL);
    SFI_ARG(ctx, ops->write != NULL);
    return sfi__transport_new(ctx, &o, user, "stream", out);
}

void
sfi_transport_free(sfi_transport *tp)
{
    sfi__obj_free(tp, OBJ_TRANSPORT);
}
