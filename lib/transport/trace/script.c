/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* script:PATH: the other side as a trace has it, up to the first difference. */
#include <string.h>

#include "util/buf.h"
#include "util/file.h"
#include "util/hex.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/status_list.h"
#include "transport/trace/trace.h"

#define SCRIPT_MAX ((size_t)256 << 20)
/* Two digits and a blank a byte. */
#define LINE_MAX_TEXT (3u * TRACE_BYTES + TRACE_LINE_MAX)

struct script {
    sfi_ctx *ctx; /* the transport's, which lives longer */
    struct buf text;
    size_t at;     /* the next line */
    unsigned line; /* the number of this one */
    char sort;     /* '>', '<', '=', '!', 'c' for a call, or '\0': the end */
    char words[LINE_MAX_TEXT + 1];
    uint8_t data[LINE_MAX_TEXT / 2];
    size_t len, done; /* of data */
    /* what the link of the trace could do: it was done */
    bool resets, speeds, reopens;
    bool differs;
    unsigned differs_at;
    char message[256];
};

/* ---- lines ---- */

static sfi_status
malformed(struct script *s, const char *why)
{
    (void)sfi__fail(s->ctx, SFI_ERR_FORMAT, "%s", why);
    return sfi__where(s->ctx, "%u", s->line);
}

static bool
read_hex(struct script *s, const char *text)
{
    s->len = s->done = 0;
    while (*text != '\0') {
        if (*text == ' ') {
            text++;
            continue;
        }
        if (text[1] == '\0' || !sfi__hex_decode(s->data + s->len, 1, text))
            return false;
        s->len++;
        text += 2;
    }
    return s->len > 0;
}

/* Is there a line left?  It is in `words`, without its end. */
static sfi_status
take_line(struct script *s, bool *found)
{
    const char *begin = (const char *)s->text.data + s->at;
    size_t left = s->text.len - s->at;
    const char *end = left > 0 ? memchr(begin, '\n', left) : NULL;
    size_t len = end != NULL ? (size_t)(end - begin) : left;

    *found = left > 0;
    s->line += left > 0;
    s->at += end != NULL ? len + 1 : len;
    if (len > 0 && begin[len - 1] == '\r')
        len--;
    if (len > LINE_MAX_TEXT || (len > 0 && memchr(begin, '\0', len) != NULL))
        return malformed(s, "the line is too long, or no text");
    if (len > 0)
        memcpy(s->words, begin, len);
    s->words[len] = '\0';
    return SFI_OK;
}

/* To the next line that means something. */
static sfi_status
next(struct script *s)
{
    bool found;

    for (;;) {
        sfi_status st = take_line(s, &found);

        if (st != SFI_OK)
            return st;
        s->sort = found ? s->words[0] : '\0';
        if (!found)
            return SFI_OK;
        if (s->sort != '\0' && s->sort != '#' && s->sort != '~')
            break;
    }
    if ((s->sort == '>' || s->sort == '<') && !read_hex(s, s->words + 1))
        return malformed(s, "no bytes in hexadecimal are here");
    if (strchr("><=!", s->sort) == NULL)
        s->sort = 'c';
    return SFI_OK;
}

/* ---- differences ---- */

/* From the first one on it says the same: nothing after it means anything.  No
 * status that is worth another try. */
static sfi_status
stop(struct script *s)
{
    (void)sfi__fail(s->ctx, SFI_ERR_IO, "%s", s->message);
    return sfi__where(s->ctx, "%u", s->differs_at);
}

static sfi_status SFI_PRINTF(2, 3)
    differ(struct script *s, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(s->message, sizeof(s->message), fmt, args);
    va_end(args);
    s->differs = true;
    s->differs_at = s->line;
    return stop(s);
}

static sfi_status
differ_here(struct script *s, const char *host)
{
    if (s->sort == '\0')
        return differ(s,
                      "the host's next is \"%s\", and the trace is at its "
                      "end",
                      host);
    return differ(s, "the host's next is \"%s\", the trace has \"%.80s\"", host,
                  s->words);
}

static sfi_status SFI_PRINTF(2, 3) call(struct script *s, const char *fmt, ...)
{
    char text[TRACE_LINE_MAX];
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(text, sizeof(text), fmt, args);
    va_end(args);
    if (s->differs)
        return stop(s);
    if (s->sort != 'c' || strcmp(text, s->words) != 0)
        return differ_here(s, text);
    return next(s);
}

/* The host sends these bytes: so does the trace, however it cuts them. */
static sfi_status
sent(struct script *s, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sfi_status st = SFI_OK;
        char text[8];

        sfi__text_format(text, sizeof(text), "> %02x", data[i]);
        if (s->sort != '>')
            return differ_here(s, text);
        if (s->data[s->done] != data[i])
            return differ(s,
                          "byte %zu of %zu that the host sends is 0x%02x, the "
                          "trace has 0x%02x",
                          i + 1, len, data[i], s->data[s->done]);
        if (++s->done == s->len)
            st = next(s);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static sfi_status
received(struct script *s, uint8_t *out, size_t len, size_t *got)
{
    sfi_status st = SFI_OK;

    *got = 0;
    while (st == SFI_OK && *got < len && s->sort == '<') {
        out[(*got)++] = s->data[s->done++];
        if (s->done == s->len)
            st = next(s);
    }
    return st;
}

static sfi_status
failure(const char *name)
{
#define ROW(status, value, text) {#status, status},
    static const struct {
        const char *name;
        sfi_status st;
    } rows[] = {SFI_STATUS_LIST(ROW)};
#undef ROW

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].st;
    }
    return SFI_OK;
}

/* What the call came to. */
static sfi_status
result(struct script *s)
{
    sfi_status st, failed;

    if (s->sort != '!')
        return SFI_OK;
    failed = failure(s->words + (s->words[1] == ' ' ? 2 : 1));
    if (failed == SFI_OK)
        return malformed(s, "this is no status of a failure");
    st = next(s);
    if (st != SFI_OK)
        return st;
    return sfi__fail(s->ctx, failed, "the trace has a failure here");
}

/* ---- stream ---- */

/* A wait for bytes that did not come hangs on the time it took: the host may
 * wait once more, or not at all. */
static bool
at_silence(const struct script *s)
{
    return s->sort == 'c' && strcmp(s->words, TRACE_READ) == 0;
}

static sfi_status
skip_silence(struct script *s)
{
    sfi_status st = SFI_OK;

    while (st == SFI_OK && at_silence(s)) {
        st = next(s);
        if (st == SFI_OK && s->sort == '!')
            st = next(s);
    }
    return st;
}

static sfi_status
on_read(void *user, uint8_t *buf, size_t len, size_t *got, uint32_t timeout_ms)
{
    struct script *s = user;
    sfi_status st;

    (void)timeout_ms;
    *got = 0;
    if (s->differs)
        return stop(s);
    if (at_silence(s)) {
        st = next(s);
        return st == SFI_OK ? result(s) : st;
    }
    if (s->sort == '\0')
        return differ_here(s, TRACE_READ);
    st = received(s, buf, len, got);
    if (st != SFI_OK)
        *got = 0;
    if (st != SFI_OK || *got > 0)
        return st;
    return sfi__fail(s->ctx, SFI_ERR_TIMEOUT, "the trace waits for the host");
}

static sfi_status
on_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    struct script *s = user;
    sfi_status st = s->differs ? stop(s) : skip_silence(s);

    (void)timeout_ms;
    if (st == SFI_OK)
        st = sent(s, buf, len);
    return st == SFI_OK ? result(s) : st;
}

static sfi_status
numbers(struct script *s, uint64_t *one, uint64_t *two)
{
    char *blank = strrchr(s->words, ' ');

    if (s->sort != '=' || blank == NULL || blank < s->words + 2)
        return malformed(s, "expected \"= NUMBER NUMBER\"");
    *blank = '\0';
    if (!sfi__text_to_u64(s->words + 2, UINT32_MAX, one) ||
        !sfi__text_to_u64(blank + 1, UINT32_MAX, two))
        return malformed(s, "expected \"= NUMBER NUMBER\"");
    return next(s);
}

static sfi_status
on_set_speed(void *user, uint32_t choice, uint32_t *baud, uint32_t *slower)
{
    struct script *s = user;
    uint64_t b = 0, n = 0;
    sfi_status st = s->differs ? stop(s) : skip_silence(s);

    if (st == SFI_OK)
        st = call(s, TRACE_SPEED, choice);
    if (st == SFI_OK)
        st = result(s);
    if (st == SFI_OK)
        st = numbers(s, &b, &n);
    *baud = (uint32_t)b;
    *slower = (uint32_t)n;
    return st;
}

/* ---- SPI ---- */

static sfi_status
on_select(void *user, int asserted)
{
    struct script *s = user;
    sfi_status st = call(s, TRACE_SELECT, asserted);

    return st == SFI_OK ? result(s) : st;
}

static sfi_status
exactly(struct script *s, uint8_t *out, size_t len)
{
    size_t got;
    sfi_status st = received(s, out, len, &got);

    if (st == SFI_OK && got < len)
        return malformed(s, "bytes of the answer are missing here");
    return st;
}

static sfi_status
on_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    struct script *s = user;
    sfi_status st = call(s, TRACE_TRANSFER, len);

    if (st == SFI_OK)
        st = sent(s, tx, len);
    if (st == SFI_OK)
        st = result(s);
    if (st == SFI_OK && rx != NULL)
        st = exactly(s, rx, len);
    return st;
}

/* ---- USB ---- */

static sfi_status
on_control(void *user, uint8_t request_type, uint8_t request, uint16_t value,
           uint16_t index, uint8_t *data, size_t len, size_t *got,
           uint32_t timeout_ms)
{
    struct script *s = user;
    bool is_in = (request_type & 0x80) != 0;
    uint64_t moved = 0;
    sfi_status st =
        call(s, TRACE_CONTROL, request_type, request, value, index, len);

    (void)timeout_ms;
    *got = 0;
    if (st == SFI_OK && !is_in)
        st = sent(s, data, len);
    if (st == SFI_OK)
        st = result(s);
    if (st == SFI_OK && is_in)
        return received(s, data, len, got);
    if (st != SFI_OK)
        return st;
    if (s->sort != '=' || strlen(s->words) < 3 ||
        !sfi__text_to_u64(s->words + 2, len, &moved))
        return malformed(s, "expected \"= NUMBER\"");
    *got = (size_t)moved;
    return next(s);
}

static sfi_status
on_reopen(void *user, uint32_t timeout_ms)
{
    struct script *s = user;
    sfi_status st = call(s, TRACE_REOPEN);

    (void)timeout_ms;
    return st == SFI_OK ? result(s) : st;
}

/* ---- memory ---- */

static void
word_bytes(uint8_t raw[4], uint32_t word)
{
    for (unsigned i = 0; i < 4; i++)
        raw[i] = (uint8_t)(word >> (24 - 8 * i));
}

static sfi_status
on_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    struct script *s = user;
    sfi_status st = call(s, TRACE_READ32, address, count);

    if (st == SFI_OK)
        st = result(s);
    for (size_t i = 0; st == SFI_OK && i < count; i++) {
        uint8_t raw[4] = {0};

        st = exactly(s, raw, sizeof(raw));
        words[i] = (uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 |
                   (uint32_t)raw[2] << 8 | raw[3];
    }
    return st;
}

static sfi_status
on_write32(void *user, uint32_t address, const uint32_t *words, size_t count)
{
    struct script *s = user;
    sfi_status st = call(s, TRACE_WRITE32, address, count);

    for (size_t i = 0; st == SFI_OK && i < count; i++) {
        uint8_t raw[4];

        word_bytes(raw, words[i]);
        st = sent(s, raw, sizeof(raw));
    }
    return st == SFI_OK ? result(s) : st;
}

/* ---- all ---- */

static sfi_status
on_reset(void *user, int into_boot)
{
    struct script *s = user;
    sfi_status st = s->differs ? stop(s) : skip_silence(s);

    if (st == SFI_OK)
        st = call(s, TRACE_RESET, into_boot);
    return st == SFI_OK ? result(s) : st;
}

static void
on_close(void *user)
{
    struct script *s = user;

    sfi__buf_free(&s->text);
    sfi__ctx_dealloc(s->ctx, s);
}

static const union transport_ops ops[TRANSPORT_KINDS] = {
    [TRANSPORT_STREAM].stream = {.struct_size = sizeof(sfi_stream_ops),
                                 .read = on_read,
                                 .write = on_write,
                                 .reset = on_reset,
                                 .close = on_close,
                                 .set_speed = on_set_speed},
    [TRANSPORT_SPI].spi = {.struct_size = sizeof(sfi_spi_ops),
                           .select = on_select,
                           .transfer = on_transfer,
                           .reset = on_reset,
                           .close = on_close},
    [TRANSPORT_USB].usb = {.struct_size = sizeof(sfi_usb_ops),
                           .control = on_control,
                           .reopen = on_reopen,
                           .reset = on_reset,
                           .close = on_close},
    [TRANSPORT_DAP].dap = {.struct_size = sizeof(sfi_dap_ops),
                           .read32 = on_read32,
                           .write32 = on_write32,
                           .reset = on_reset,
                           .close = on_close},
};

/* A host does not ask for what a link cannot do. */
static void
take_ops(const struct script *s, enum transport_kind kind,
         union transport_ops *o)
{
    *o = ops[kind];
    switch (kind) {
    case TRANSPORT_STREAM:
        o->stream.reset = s->resets ? on_reset : NULL;
        o->stream.set_speed = s->speeds ? on_set_speed : NULL;
        break;
    case TRANSPORT_SPI:
        o->spi.reset = s->resets ? on_reset : NULL;
        break;
    case TRANSPORT_USB:
        o->usb.reset = s->resets ? on_reset : NULL;
        o->usb.reopen = s->reopens ? on_reopen : NULL;
        break;
    case TRANSPORT_DAP:
        o->dap.reset = s->resets ? on_reset : NULL;
        break;
    case TRANSPORT_KINDS:
        break;
    }
}

static bool
says(const struct script *s, const char *call)
{
    return s->sort == 'c' && strncmp(s->words, call, strlen(call)) == 0;
}

/* Every line is looked at before the first is played. */
static sfi_status
begin(struct script *s, enum transport_kind *kind)
{
    sfi_status st = next(s);

    *kind = 0;
    while (st == SFI_OK && *kind < TRANSPORT_KINDS &&
           (s->sort != 'c' || strncmp(s->words, "kind ", 5) != 0 ||
            strcmp(s->words + 5, sfi__trace_kind(*kind)) != 0))
        (*kind)++;
    if (st == SFI_OK && *kind == TRANSPORT_KINDS)
        return malformed(s, "a trace begins with \"kind stream\", \"kind "
                            "spi\", \"kind usb\" or \"kind memory\"");
    while (st == SFI_OK && s->sort != '\0') {
        s->resets = s->resets || says(s, "reset ");
        s->speeds = s->speeds || says(s, "speed ");
        s->reopens = s->reopens || says(s, TRACE_REOPEN);
        st = next(s);
    }
    s->at = 0;
    s->line = 0;
    if (st == SFI_OK)
        st = next(s);
    return st == SFI_OK ? next(s) : st;
}

static sfi_status
load(struct script *s, const char *path, enum transport_kind *kind)
{
    int err = sfi__file_read(path, SCRIPT_MAX, &s->text);

    if (err != 0)
        return sfi__fail_os(s->ctx, sfi__os_status(err), err, "cannot read");
    return begin(s, kind);
}

sfi_status
sfi__script_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    static const char *const keys[] = {NULL};
    enum transport_kind kind = TRANSPORT_KINDS;
    char name[TRANSPORT_NAME_MAX];
    union transport_ops o;
    struct script *s;
    sfi_status st = sfi__uri_allow(ctx, uri, keys);

    if (st != SFI_OK)
        return st;
    s = sfi__ctx_alloc(ctx, sizeof(*s));
    if (s == NULL)
        return sfi__nomem(ctx);
    *s = (struct script){.ctx = ctx};
    sfi__buf_init(&s->text, &ctx->alloc, false);
    sfi__text_format(name, sizeof(name), "script:%s", uri->path);
    st = load(s, uri->path, &kind);
    if (st == SFI_OK) {
        take_ops(s, kind, &o);
        st = sfi__transport_new(ctx, kind, &o, s, name, out);
    }
    if (st != SFI_OK)
        on_close(s);
    return st;
}
