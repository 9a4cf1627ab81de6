/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi_transport_capture(): records each call of a link in a trace, by putting
 * its own functions in front of the link's. */
#include <errno.h>
#include <string.h>

#include "util/os_text.h"
#include "util/buf.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/hex.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/file_kind.h"
#include "transport/trace/trace.h"

struct capture {
    sfi_ctx *ctx; /* the transport's, which lives longer */
    struct file_out file;
    struct buf text; /* of this call */
    bool broken;     /* nothing more is written */
    uint64_t last_ms;
    /* the link's own */
    union transport_ops ops;
    void *user;
    sfi_status (*reset)(void *user, int into_boot);
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
capture_put_text(struct capture *c, const char *text)
{
    if (!sfi__buf_append(&c->text, text, strlen(text)))
        c->broken = true;
}

static void SFI_PRINTF(2, 3)
    capture_put_line(struct capture *c, const char *fmt, ...)
{
    char line[TRACE_LINE_MAX];
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(line, sizeof(line), fmt, args);
    va_end(args);
    capture_put_text(c, line);
    capture_put_text(c, "\n");
}

static void
capture_put_bytes(struct capture *c, char way, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char text[] = "> 00";

        text[0] = way;
        sfi__hex_encode(text + 2, data + i, 1);
        capture_put_text(c, i % TRACE_BYTES == 0 ? text : text + 1);
        if (i + 1 == len || (i + 1) % TRACE_BYTES == 0)
            capture_put_text(c, "\n");
    }
}

/* Most significant byte first, as a word is written. */
static void
capture_put_words(struct capture *c, char way, const uint32_t *words,
                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[16];

        sfi__text_format(text, sizeof(text), "%c %08x", way, words[i]);
        capture_put_text(c, i % 8 == 0 ? text : text + 1);
        if (i + 1 == count || (i + 1) % 8 == 0)
            capture_put_text(c, "\n");
    }
}

/* Begin a call's lines with the time that has passed. */
static void
capture_begin(struct capture *c)
{
    const struct clock *clock = c->ctx->clock;
    uint64_t now = clock->now_ms(clock->user);

    sfi__buf_clear(&c->text);
    if (now > c->last_ms)
        capture_put_line(c, "~ %llu", (unsigned long long)(now - c->last_ms));
    c->last_ms = now;
}

/* A trace that cannot be written does not fail the call. */
static sfi_status
capture_end(struct capture *c, sfi_status st)
{
    const char *why;
    int err = 0;

    if (st != SFI_OK)
        capture_put_line(c, "! %s", sfi_status_name(st));
    if (!c->broken)
        err = sfi__file_write(&c->file, c->text.data, c->text.len);
    else if (c->file.fd >= 0)
        err = ENOMEM;
    if (err != 0) {
        why = sfi__os_text(err);
        sfi__log(c->ctx, SFI_LOG_WARNING,
                 "%s: cannot write the trace, which ends here: %s",
                 c->file.path, why != NULL ? why : "an error");
        sfi__file_abort(&c->file);
        c->broken = true;
    }
    return st;
}

/* ---- stream ---- */

static sfi_status
capture_read(void *user, uint8_t *buf, size_t len, size_t *got,
             uint32_t timeout_ms)
{
    struct capture *c = user;
    sfi_status st = c->ops.stream.read(c->user, buf, len, got, timeout_ms);

    capture_begin(c);
    if (st != SFI_OK)
        capture_put_line(c, TRACE_READ);
    else if (*got <= len)
        capture_put_bytes(c, '<', buf, *got);
    return capture_end(c, st);
}

static sfi_status
capture_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    struct capture *c = user;

    capture_begin(c);
    capture_put_bytes(c, '>', buf, len);
    return capture_end(c, c->ops.stream.write(c->user, buf, len, timeout_ms));
}

static sfi_status
capture_flush(void *user)
{
    struct capture *c = user;

    return c->ops.stream.flush(c->user);
}

static sfi_status
capture_set_speed(void *user, uint32_t choice, uint32_t *baud, uint32_t *slower)
{
    struct capture *c = user;
    sfi_status st = c->ops.stream.set_speed(c->user, choice, baud, slower);

    capture_begin(c);
    capture_put_line(c, TRACE_SPEED, choice);
    if (st == SFI_OK)
        capture_put_line(c, "= %u %u", *baud, *slower);
    return capture_end(c, st);
}

/* ---- SPI ---- */

static sfi_status
capture_select(void *user, int asserted)
{
    struct capture *c = user;

    capture_begin(c);
    capture_put_line(c, TRACE_SELECT, asserted);
    return capture_end(c, c->ops.spi.select(c->user, asserted));
}

static sfi_status
capture_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    struct capture *c = user;
    sfi_status st;

    capture_begin(c);
    capture_put_line(c, TRACE_TRANSFER, len);
    capture_put_bytes(c, '>', tx, len);
    st = c->ops.spi.transfer(c->user, tx, rx, len);
    if (st == SFI_OK && rx != NULL)
        capture_put_bytes(c, '<', rx, len);
    return capture_end(c, st);
}

/* ---- USB ---- */

static sfi_status
capture_control(void *user, uint8_t request_type, uint8_t request,
                uint16_t value, uint16_t index, uint8_t *data, size_t len,
                size_t *got, uint32_t timeout_ms)
{
    struct capture *c = user;
    bool is_in = (request_type & 0x80) != 0;
    sfi_status st;

    capture_begin(c);
    capture_put_line(c, TRACE_CONTROL, request_type, request, value, index,
                     len);
    if (!is_in)
        capture_put_bytes(c, '>', data, len);
    st = c->ops.usb.control(c->user, request_type, request, value, index, data,
                            len, got, timeout_ms);
    if (st == SFI_OK && is_in && *got <= len)
        capture_put_bytes(c, '<', data, *got);
    else if (st == SFI_OK)
        capture_put_line(c, "= %zu", *got);
    return capture_end(c, st);
}

static sfi_status
capture_reopen(void *user, uint32_t timeout_ms)
{
    struct capture *c = user;

    capture_begin(c);
    capture_put_line(c, TRACE_REOPEN);
    return capture_end(c, c->ops.usb.reopen(c->user, timeout_ms));
}

/* ---- memory ---- */

static sfi_status
capture_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    struct capture *c = user;
    sfi_status st = c->ops.dap.read32(c->user, address, words, count);

    capture_begin(c);
    capture_put_line(c, TRACE_READ32, address, count);
    if (st == SFI_OK)
        capture_put_words(c, '<', words, count);
    return capture_end(c, st);
}

static sfi_status
capture_write32(void *user, uint32_t address, const uint32_t *words,
                size_t count)
{
    struct capture *c = user;

    capture_begin(c);
    capture_put_line(c, TRACE_WRITE32, address, count);
    capture_put_words(c, '>', words, count);
    return capture_end(c, c->ops.dap.write32(c->user, address, words, count));
}

/* ---- all ---- */

static sfi_status
capture_reset(void *user, int into_boot)
{
    struct capture *c = user;

    capture_begin(c);
    capture_put_line(c, TRACE_RESET, into_boot);
    return capture_end(c, c->reset(c->user, into_boot));
}

static void
capture_close(void *user)
{
    struct capture *c = user;

    if (c->close != NULL)
        c->close(c->user);
    if (!c->broken && sfi__file_commit(&c->file) != 0)
        sfi__log(c->ctx, SFI_LOG_WARNING,
                 "a trace is incomplete: cannot close its file");
    sfi__buf_free(&c->text);
    sfi__ctx_dealloc(c->ctx, c);
}

/* A function that the link lacks stays NULL. */
static void
capture_wrap_link(sfi_transport *tp, struct capture *c)
{
    union transport_ops *o = &tp->ops;
    struct transport_slots slots = sfi__transport_slots(o, tp->kind);

    c->ops = *o;
    c->user = tp->user;
    c->reset = *slots.reset;
    c->close = *slots.close;
    tp->user = c;
    *slots.reset = c->reset != NULL ? capture_reset : NULL;
    *slots.close = capture_close;
    switch (tp->kind) {
    case TRANSPORT_STREAM:
        o->stream.read = capture_read;
        o->stream.write = capture_write;
        o->stream.flush = o->stream.flush != NULL ? capture_flush : NULL;
        o->stream.set_speed =
            o->stream.set_speed != NULL ? capture_set_speed : NULL;
        break;
    case TRANSPORT_SPI:
        o->spi.select = capture_select;
        o->spi.transfer = capture_transfer;
        break;
    case TRANSPORT_USB:
        o->usb.control = capture_control;
        o->usb.reopen = o->usb.reopen != NULL ? capture_reopen : NULL;
        break;
    case TRANSPORT_DAP:
        o->dap.read32 = capture_read32;
        o->dap.write32 = capture_write32;
        break;
    case TRANSPORT_KINDS:
        break;
    }
}

static sfi_status
capture_start(sfi_transport *tp, const char *path)
{
    sfi_ctx *ctx = tp->obj.ctx;
    sfi_status st = sfi__file_kind_check(ctx, path, SFI_FILE_TRACE, true);
    struct capture *c;
    int err;

    if (st != SFI_OK)
        return st;
    c = sfi__ctx_alloc(ctx, sizeof(*c));
    if (c == NULL)
        return SFI_ERR_NOMEM;
    *c = (struct capture){.ctx = ctx};
    err = sfi__file_create(&c->file, &ctx->alloc, path, 0600);
    if (err != 0) {
        sfi__ctx_dealloc(ctx, c);
        (void)sfi__fail_os(ctx, sfi__os_status(err), err, "cannot write");
        return sfi__where(ctx, "%s", path);
    }
    sfi__buf_init(&c->text, &ctx->alloc, false);
    c->last_ms = ctx->clock->now_ms(ctx->clock->user);
    capture_put_line(c, "# %s", tp->name);
    capture_put_line(c, TRACE_KIND, sfi__trace_kind(tp->kind));
    if (sfi__transport_rtt_ms(tp) != 0)
        capture_put_line(c, TRACE_RTT, sfi__transport_rtt_ms(tp));
    if (tp->baud != 0)
        capture_put_line(c, "# %u baud", tp->baud);
    (void)capture_end(c, SFI_OK);
    capture_wrap_link(tp, c);
    return SFI_OK;
}

sfi_status
sfi_transport_capture(sfi_transport *tp, const char *path)
{
    SFI_ENTER(tp, TRANSPORT);
    SFI_ARG(tp, path != NULL);
    return capture_start(tp, path);
}
