/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The handle of a link: made from a table of functions, released with its
 * `close`. */
#include "transport/base/transport.h"

#include <stddef.h>
#include <string.h>

#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"

SFI_ABI_PIN(sfi_stream_ops, reserved);
SFI_ABI_PIN(sfi_spi_ops, close);
SFI_ABI_PIN(sfi_usb_ops, close);
SFI_ABI_PIN(sfi_dap_ops, close);

#define OPS(type) sizeof(type), type##_pinned
#define REQUIRED_MAX 2
#define REQUIRED(type, op)                         \
    {                                              \
        offsetof(type, op), "ops->" #op " != NULL" \
    }

/* The functions that a table must have, by the offset of their pointers. */
static const struct kind {
    size_t ops_size;
    size_t ops_pinned;
    uint32_t link;    /* SFI_LINK_* */
    const char *name; /* of a link over the caller's functions */
    struct {
        size_t offset;
        const char *condition; /* NULL: an unused row */
    } required[REQUIRED_MAX];
} kinds[TRANSPORT_KINDS] = {
    [TRANSPORT_STREAM] = {OPS(sfi_stream_ops),
                          SFI_LINK_USART,
                          "stream",
                          {REQUIRED(sfi_stream_ops, read),
                           REQUIRED(sfi_stream_ops, write)}},
    [TRANSPORT_SPI] = {OPS(sfi_spi_ops),
                       SFI_LINK_SPI,
                       "SPI",
                       {REQUIRED(sfi_spi_ops, select),
                        REQUIRED(sfi_spi_ops, transfer)}},
    [TRANSPORT_USB] = {OPS(sfi_usb_ops),
                       SFI_LINK_USB,
                       "USB",
                       {REQUIRED(sfi_usb_ops, control)}},
    [TRANSPORT_DAP] = {OPS(sfi_dap_ops),
                       SFI_LINK_MEMORY,
                       "debug port",
                       {REQUIRED(sfi_dap_ops, read32),
                        REQUIRED(sfi_dap_ops, write32)}},
};

struct transport_slots
sfi__transport_slots(union transport_ops *ops, enum transport_kind kind)
{
    switch (kind) {
    case TRANSPORT_STREAM:
        return (struct transport_slots){&ops->stream.reset, &ops->stream.close};
    case TRANSPORT_SPI:
        return (struct transport_slots){&ops->spi.reset, &ops->spi.close};
    case TRANSPORT_USB:
        return (struct transport_slots){&ops->usb.reset, &ops->usb.close};
    case TRANSPORT_DAP:
    case TRANSPORT_KINDS:
        break;
    }
    return (struct transport_slots){&ops->dap.reset, &ops->dap.close};
}

static void
transport_destroy(void *self)
{
    sfi_transport *tp = self;
    void (*close)(void *user) = *sfi__transport_slots(&tp->ops, tp->kind).close;

    if (close != NULL)
        close(tp->user);
}

sfi_status
sfi__transport_new(sfi_ctx *ctx, enum transport_kind kind, const void *ops,
                   void *user, const char *name, sfi_transport **out)
{
    sfi_transport *tp =
        sfi__obj_new(ctx, OBJ_TRANSPORT, sizeof(*tp), transport_destroy);

    if (tp == NULL)
        return SFI_ERR_NOMEM;
    tp->kind = kind;
    memcpy(&tp->ops, ops, kinds[kind].ops_size);
    tp->user = user;
    (void)sfi__text_copy(tp->name, sizeof(tp->name), name);
    *out = tp;
    return SFI_OK;
}

static bool
transport_has_op(const union transport_ops *ops, size_t offset)
{
    void (*op)(void) = NULL;

    memcpy(&op, (const uint8_t *)ops + offset, sizeof(op));
    return op != NULL;
}

/* A link over the caller's functions. */
static sfi_status
transport_open_custom(sfi_ctx *ctx, enum transport_kind kind, const void *ops,
                      void *user, sfi_transport **out)
{
    const struct kind *k = &kinds[kind];
    union transport_ops own;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, ops != NULL);
    st = sfi__abi_in(ctx, &own, k->ops_size, k->ops_pinned, ops);
    if (st != SFI_OK)
        return st;
    /* each table begins with struct_size and flags */
    if (own.stream.flags != 0)
        return sfi__bad_arg(ctx, "ops->flags == 0");
    for (size_t i = 0; i < REQUIRED_MAX; i++) {
        if (k->required[i].condition != NULL &&
            !transport_has_op(&own, k->required[i].offset))
            return sfi__bad_arg(ctx, k->required[i].condition);
    }
    if (kind == TRANSPORT_STREAM && own.stream.rtt_ms > SFI_STREAM_RTT_MAX)
        return sfi__bad_arg(ctx, "ops->rtt_ms <= SFI_STREAM_RTT_MAX");
    if (kind == TRANSPORT_STREAM && own.stream.reserved != 0)
        return sfi__bad_arg(ctx, "ops->reserved == 0");
    return sfi__transport_new(ctx, kind, &own, user, k->name, out);
}

sfi_status
sfi_transport_open_stream(sfi_ctx *ctx, const sfi_stream_ops *ops, void *user,
                          sfi_transport **out)
{
    return transport_open_custom(ctx, TRANSPORT_STREAM, ops, user, out);
}

sfi_status
sfi_transport_open_spi(sfi_ctx *ctx, const sfi_spi_ops *ops, void *user,
                       sfi_transport **out)
{
    return transport_open_custom(ctx, TRANSPORT_SPI, ops, user, out);
}

sfi_status
sfi_transport_open_usb(sfi_ctx *ctx, const sfi_usb_ops *ops, void *user,
                       sfi_transport **out)
{
    return transport_open_custom(ctx, TRANSPORT_USB, ops, user, out);
}

sfi_status
sfi_transport_open_dap(sfi_ctx *ctx, const sfi_dap_ops *ops, void *user,
                       sfi_transport **out)
{
    return transport_open_custom(ctx, TRANSPORT_DAP, ops, user, out);
}

const char *
sfi_transport_name(const sfi_transport *tp)
{
    return sfi__is(tp, OBJ_TRANSPORT) ? tp->name : "";
}

uint32_t
sfi_transport_kind(const sfi_transport *tp)
{
    return sfi__is(tp, OBJ_TRANSPORT) ? kinds[tp->kind].link : 0;
}

void
sfi_transport_free(sfi_transport *tp)
{
    sfi__obj_free(tp, OBJ_TRANSPORT);
}

/* A test's own clock goes before that of a link. */
const struct clock *
sfi__transport_clock(const sfi_transport *tp)
{
    const struct clock *clock = tp->obj.ctx->clock;

    return tp->clock != NULL && clock == &sfi__clock_system ? tp->clock : clock;
}
