/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A link that writes down what goes over it. */
#include <errno.h>
#include <string.h>

#include "util/buf.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/hex.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/file_guard.h"
#include "transport/trace/trace.h"

struct capture {
    sfi_ctx *ctx; /* the transport's, which lives longer */
    struct file_out file;
    struct buf text; /* of this call */
    bool broken;     /* what follows is not written */
    uint64_t last_ms;
    /* what was there before */
    union transport_ops ops;
    void *user;
    void (*close)(void *user);
};

const char *
sfi__trace_kind(enum transport_kind kind)
{
    static const char *const names[TRANSPORT_KINDS] = {
        [TRANSPORT_STREAM] = "stream",
        [TRANSPORT_SPI] = "spi",
        [TRANSPORT_USB] = "usb",
        [TRANSPORT_DAP] = "memory",
    };

    return names[kind];
}

/* ---- the text ---- */

static void
put(struct capture *c, const char *text)
{
    if (!sfi__buf_append(&c->text, text, strlen(text)))
        c->broken = true;
}

static void SFI_PRINTF(2, 3) put_line(struct capture *c, const char *fmt, ...)
{
    char line[TRACE_LINE_MAX];
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(line, sizeof(line), fmt, args);
    va_end(args);
    put(c, line);
    put(c, "\n");
}

static void
put_bytes(struct capture *c, char way, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char text[] = "> 00";

        text[0] = way;
        sfi__hex_encode(text + 2, data + i, 1);
        put(c, i % TRACE_BYTES == 0 ? text : text + 1);
        if (i + 1 == len || (i + 1) % TRACE_BYTES == 0)
            put(c, "\n");
    }
}

/* Most significant byte first, as people write a word. */
static void
put_words(struct capture *c, char way, const uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[16];

        sfi__text_format(text, sizeof(text), "%c %08x", way, words[i]);
        put(c, i % 8 == 0 ? text : text + 1);
        if (i + 1 == count || (i + 1) % 8 == 0)
            put(c, "\n");
    }
}

/* The time before this call. */
static void
begin(struct capture *c)
{
    const struct clock *clock = c->ctx->clock;
    uint64_t now = clock->now_ms(clock->user);

    sfi__buf_clear(&c->text);
    if (now > c->last_ms)
        put_line(c, "~ %llu", (unsigned long long)(now - c->last_ms));
    c->last_ms = now;
}

/* A trace that cannot be written ends no install. */
static sfi_status
end(struct capture *c, sfi_status st)
{
    int err = 0;

    if (st != SFI_OK)
        put_line(c, "! %s", sfi_status_name(st));
    if (!c->broken)
        err = sfi__file_write(&c->file, c->text.data, c->text.len);
    else if (c->file.fd >= 0)
        err = ENOMEM;
    if (err != 0) {
        sfi__log(c->ctx, SFI_LOG_WARNING, "%s: the trace ends here: %s",
                 c->file.path, strerror(err));
        sfi__file_abort(&c->file);
        c->broken = true;
    }
    return st;
}

/* ---- stream ---- */

static sfi_status
on_read(void *user, uint8_t *buf, size_t len, size_t *got, uint32_t timeout_ms)
{
    struct capture *c = user;
    sfi_status st = c->ops.stream.read(c->user, buf, len, got, timeout_ms);

    begin(c);
    if (st != SFI_OK)
        put_line(c, TRACE_READ);
    else if (*got <= len)
        put_bytes(c, '<', buf, *got);
    return end(c, st);
}

static sfi_status
on_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    struct capture *c = user;

    begin(c);
    put_bytes(c, '>', buf, len);
    return end(c, c->ops.stream.write(c->user, buf, len, timeout_ms));
}

static sfi_status
on_flush(void *user)
{
    struct capture *c = user;

    return c->ops.stream.flush(c->user);
}

static sfi_status
on_set_speed(void *user, uint32_t choice, uint32_t *baud, uint32_t *slower)
{
    struct capture *c = user;
    sfi_status st = c->ops.stream.set_speed(c->user, choice, baud, slower);

    begin(c);
    put_line(c, TRACE_SPEED, choice);
    if (st == SFI_OK)
        put_line(c, "= %u %u", *baud, *slower);
    return end(c, st);
}

/* ---- SPI ---- */

static sfi_status
on_select(void *user, int asserted)
{
    struct capture *c = user;

    begin(c);
    put_line(c, TRACE_SELECT, asserted);
    return end(c, c->ops.spi.select(c->user, asserted));
}

static sfi_status
on_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    struct capture *c = user;
    sfi_status st;

    begin(c);
    put_line(c, TRACE_TRANSFER, len);
    put_bytes(c, '>', tx, len);
    st = c->ops.spi.transfer(c->user, tx, rx, len);
    if (st == SFI_OK && rx != NULL)
        put_bytes(c, '<', rx, len);
    return end(c, st);
}

/* ---- USB ---- */

static sfi_status
on_control(void *user, uint8_t request_type, uint8_t request, uint16_t value,
           uint16_t index, uint8_t *data, size_t len, size_t *got,
           uint32_t timeout_ms)
{
    struct capture *c = user;
    bool is_in = (request_type & 0x80) != 0;
    sfi_status st;

    begin(c);
    put_line(c, TRACE_CONTROL, request_type, request, value, index, len);
    if (!is_in)
        put_bytes(c, '>', data, len);
    st = c->ops.usb.control(c->user, request_type, request, value, index, data,
                            len, got, timeout_ms);
    if (st == SFI_OK && is_in && *got <= len)
        put_bytes(c, '<', data, *got);
    else if (st == SFI_OK)
        put_line(c, "= %zu", *got);
    return end(c, st);
}

static sfi_status
on_reopen(void *user, uint32_t timeout_ms)
{
    struct capture *c = user;

    begin(c);
    put_line(c, TRACE_REOPEN);
    return end(c, c->ops.usb.reopen(c->user, timeout_ms));
}

/* ---- memory ---- */

static sfi_status
on_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    struct capture *c = user;
    sfi_status st = c->ops.dap.read32(c->user, address, words, count);

    begin(c);
    put_line(c, TRACE_READ32, address, count);
    if (st == SFI_OK)
        put_words(c, '<', words, count);
    return end(c, st);
}

static sfi_status
on_write32(void *user, uint32_t address, const uint32_t *words, size_t count)
{
    struct capture *c = user;

    begin(c);
    put_line(c, TRACE_WRITE32, address, count);
    put_words(c, '>', words, count);
    return end(c, c->ops.dap.write32(c->user, address, words, count));
}

/* ---- all ---- */

static sfi_status
write_reset(struct capture *c, int into_boot,
            sfi_status (*reset)(void *user, int into_boot))
{
    begin(c);
    put_line(c, TRACE_RESET, into_boot);
    return end(c, reset(c->user, into_boot));
}

static sfi_status
reset_stream(void *user, int into_boot)
{
    struct capture *c = user;

    return write_reset(c, into_boot, c->ops.stream.reset);
}

static sfi_status
reset_spi(void *user, int into_boot)
{
    struct capture *c = user;

    return write_reset(c, into_boot, c->ops.spi.reset);
}

static sfi_status
reset_usb(void *user, int into_boot)
{
    struct capture *c = user;

    return write_reset(c, into_boot, c->ops.usb.reset);
}

static sfi_status
reset_dap(void *user, int into_boot)
{
    struct capture *c = user;

    return write_reset(c, into_boot, c->ops.dap.reset);
}

static void
on_close(void *user)
{
    struct capture *c = user;

    if (c->close != NULL)
        c->close(c->user);
    if (!c->broken && sfi__file_commit(&c->file) != 0)
        sfi__log(c->ctx, SFI_LOG_WARNING, "a trace is not whole");
    sfi__buf_free(&c->text);
    sfi__ctx_dealloc(c->ctx, c);
}

/* The new functions; what the link cannot do, it cannot do now either. */
static void
put_between(sfi_transport *tp, struct capture *c)
{
    union transport_ops *o = &tp->ops;

    c->ops = *o;
    c->user = tp->user;
    tp->user = c;
    switch (tp->kind) {
    case TRANSPORT_STREAM:
        c->close = o->stream.close;
        o->stream.read = on_read;
        o->stream.write = on_write;
        o->stream.flush = o->stream.flush != NULL ? on_flush : NULL;
        o->stream.reset = o->stream.reset != NULL ? reset_stream : NULL;
        o->stream.set_speed = o->stream.set_speed != NULL ? on_set_speed : NULL;
        o->stream.close = on_close;
        break;
    case TRANSPORT_SPI:
        c->close = o->spi.close;
        o->spi.select = on_select;
        o->spi.transfer = on_transfer;
        o->spi.reset = o->spi.reset != NULL ? reset_spi : NULL;
        o->spi.close = on_close;
        break;
    case TRANSPORT_USB:
        c->close = o->usb.close;
        o->usb.control = on_control;
        o->usb.reopen = o->usb.reopen != NULL ? on_reopen : NULL;
        o->usb.reset = o->usb.reset != NULL ? reset_usb : NULL;
        o->usb.close = on_close;
        break;
    case TRANSPORT_DAP:
        c->close = o->dap.close;
        o->dap.read32 = on_read32;
        o->dap.write32 = on_write32;
        o->dap.reset = o->dap.reset != NULL ? reset_dap : NULL;
        o->dap.close = on_close;
        break;
    case TRANSPORT_KINDS:
        break;
    }
}

static sfi_status
capture(sfi_transport *tp, const char *path)
{
    sfi_ctx *ctx = tp->obj.ctx;
    sfi_status st = sfi__file_guard_check(ctx, path);
    struct capture *c;
    int err;

    if (st != SFI_OK)
        return st;
    c = sfi__ctx_alloc(ctx, sizeof(*c));
    if (c == NULL)
        return sfi__nomem(ctx);
    *c = (struct capture){.ctx = ctx};
    err = sfi__file_create(&c->file, path, 0600);
    if (err != 0) {
        sfi__ctx_dealloc(ctx, c);
        (void)sfi__fail_os(ctx, sfi__os_status(err), err, "cannot write");
        return sfi__where(ctx, "%s", path);
    }
    sfi__buf_init(&c->text, &ctx->alloc, false);
    c->last_ms = ctx->clock->now_ms(ctx->clock->user);
    put_line(c, "# %s", tp->name);
    put_line(c, TRACE_KIND, sfi__trace_kind(tp->kind));
    if (tp->baud != 0)
        put_line(c, "# %u baud", tp->baud);
    (void)end(c, SFI_OK);
    put_between(tp, c);
    return SFI_OK;
}

sfi_status
sfi_transport_capture(sfi_transport *tp, const char *path)
{
    SFI_ENTER(tp, TRANSPORT);
    SFI_ARG(tp, path != NULL);
    return capture(tp, path);
}
