/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* script:PATH: plays the chip's side of a trace, and fails at the first
 * difference between the host and the trace. */
#include <string.h>

#include "util/buf.h"
#include "util/file.h"
#include "util/hex.h"
#include "util/mem.h"
#include "util/text.h"
#include "core/ctx.h"
#include "core/err.h"
#include "transport/trace/trace.h"

#define SCRIPT_MAX ((size_t)256 << 20)
/* Two digits and a blank for each byte. */
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
    /* calls that the trace contains */
    bool resets, speeds, reopens;
    uint32_t rtt_ms;
    uint64_t passed_ms; /* by the lines so far */
    bool differs;
    unsigned differs_at;
    char message[256];
};

/* ---- lines ---- */

static sfi_status
script_refuse_line(struct script *s, const char *why)
{
    (void)sfi__fail(s->ctx, SFI_ERR_FORMAT, "%s", why);
    return sfi__where(s->ctx, "%u", s->line);
}

static bool
script_read_hex(struct script *s, const char *text)
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

/* The next line, without its end, into `words`; *found is false at the end of
 * the trace. */
static sfi_status
script_read_line(struct script *s, bool *found)
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
        return script_refuse_line(s, "the line is too long, or not text");
    if (len > 0)
        memcpy(s->words, begin, len);
    s->words[len] = '\0';
    return SFI_OK;
}

static void
script_pass_time(struct script *s)
{
    uint64_t ms;

    if (s->words[1] == ' ' && sfi__text_to_u64(s->words + 2, UINT32_MAX, &ms))
        s->passed_ms += ms;
}

/* The next line that is not empty, a comment or a time. */
static sfi_status
script_next_step(struct script *s)
{
    bool found;

    for (;;) {
        sfi_status st = script_read_line(s, &found);

        if (st != SFI_OK)
            return st;
        s->sort = found ? s->words[0] : '\0';
        if (!found)
            return SFI_OK;
        if (s->sort == '~')
            script_pass_time(s);
        else if (s->sort != '\0' && s->sort != '#')
            break;
    }
    if ((s->sort == '>' || s->sort == '<') && !script_read_hex(s, s->words + 1))
        return script_refuse_line(s, "expected bytes in hexadecimal");
    if (strchr("><=!", s->sort) == NULL)
        s->sort = 'c';
    return SFI_OK;
}

/* ---- differences ---- */

/* After the first difference every call fails with its message, since the rest
 * of the trace no longer applies.  SFI_ERR_IO, so that the caller does not
 * retry. */
static sfi_status
script_fail_again(struct script *s)
{
    (void)sfi__fail(s->ctx, SFI_ERR_IO, "%s", s->message);
    return sfi__where(s->ctx, "%u", s->differs_at);
}

static sfi_status SFI_PRINTF(2, 3)
    script_fail_difference(struct script *s, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(s->message, sizeof(s->message), fmt, args);
    va_end(args);
    s->differs = true;
    s->differs_at = s->line;
    return script_fail_again(s);
}

static sfi_status
script_fail_step(struct script *s, const char *host)
{
    if (s->sort == '\0')
        return script_fail_difference(
            s, "the host's next step is \"%s\", the trace has ended", host);
    return script_fail_difference(
        s, "the host's next step is \"%s\", the trace has \"%.80s\"", host,
        s->words);
}

static sfi_status SFI_PRINTF(2, 3)
    script_expect_call(struct script *s, const char *fmt, ...)
{
    char text[TRACE_LINE_MAX];
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(text, sizeof(text), fmt, args);
    va_end(args);
    if (s->differs)
        return script_fail_again(s);
    if (s->sort != 'c' || strcmp(text, s->words) != 0)
        return script_fail_step(s, text);
    return script_next_step(s);
}

/* The host sends these bytes; the trace must have the same, in lines of any
 * length. */
static sfi_status
script_expect_bytes(struct script *s, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sfi_status st = SFI_OK;
        char text[8];

        sfi__text_format(text, sizeof(text), "> %02x", data[i]);
        if (s->sort != '>')
            return script_fail_step(s, text);
        if (s->data[s->done] != data[i])
            return script_fail_difference(
                s,
                "byte %zu of %zu that the host sends is 0x%02x, the "
                "trace has 0x%02x",
                i + 1, len, data[i], s->data[s->done]);
        if (++s->done == s->len)
            st = script_next_step(s);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static sfi_status
script_play_bytes(struct script *s, uint8_t *out, size_t len, size_t *got)
{
    sfi_status st = SFI_OK;

    *got = 0;
    while (st == SFI_OK && *got < len && s->sort == '<') {
        out[(*got)++] = s->data[s->done++];
        if (s->done == s->len)
            st = script_next_step(s);
    }
    return st;
}

static sfi_status
script_status_by_name(const char *name)
{
    sfi_status st;

    for (size_t i = 0; (st = sfi_status_at(i)) != SFI_OK; i++) {
        if (strcmp(sfi_status_name(st), name) == 0)
            break;
    }
    return st;
}

/* SFI_OK, or the failure that the trace has for this call. */
static sfi_status
script_play_status(struct script *s)
{
    sfi_status st, failed;

    if (s->sort != '!')
        return SFI_OK;
    failed = script_status_by_name(s->words + (s->words[1] == ' ' ? 2 : 1));
    if (failed == SFI_OK)
        return script_refuse_line(
            s, "unknown status, expected one such as \"! SFI_ERR_TIMEOUT\"");
    st = script_next_step(s);
    if (st != SFI_OK)
        return st;
    return sfi__fail(s->ctx, failed, "this failure is recorded in the trace");
}

/* ---- stream ---- */

/* A read without data depends on timing: the host may read more or less often
 * than the trace has it. */
static bool
script_is_at_silence(const struct script *s)
{
    return s->sort == 'c' && strcmp(s->words, TRACE_READ) == 0;
}

static sfi_status
script_skip_silence(struct script *s)
{
    sfi_status st = SFI_OK;

    while (st == SFI_OK && script_is_at_silence(s)) {
        st = script_next_step(s);
        if (st == SFI_OK && s->sort == '!')
            st = script_next_step(s);
    }
    return st;
}

static sfi_status
script_read(void *user, uint8_t *buf, size_t len, size_t *got,
            uint32_t timeout_ms)
{
    struct script *s = user;
    sfi_status st;

    (void)timeout_ms;
    *got = 0;
    if (s->differs)
        return script_fail_again(s);
    if (script_is_at_silence(s)) {
        st = script_next_step(s);
        return st == SFI_OK ? script_play_status(s) : st;
    }
    if (s->sort == '\0')
        return script_fail_step(s, TRACE_READ);
    st = script_play_bytes(s, buf, len, got);
    if (st != SFI_OK)
        *got = 0;
    if (st != SFI_OK || *got > 0)
        return st;
    return sfi__fail(s->ctx, SFI_ERR_TIMEOUT,
                     "no data: the trace expects the host's next step");
}

static sfi_status
script_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    struct script *s = user;
    sfi_status st = s->differs ? script_fail_again(s) : script_skip_silence(s);

    (void)timeout_ms;
    if (st != SFI_OK)
        return st;
    st = script_expect_bytes(s, buf, len);
    return st == SFI_OK ? script_play_status(s) : st;
}

static sfi_status
script_play_numbers(struct script *s, uint64_t *one, uint64_t *two)
{
    char *blank = strrchr(s->words, ' ');

    if (s->sort != '=' || blank == NULL || blank < s->words + 2)
        return script_refuse_line(s, "expected \"= NUMBER NUMBER\"");
    *blank = '\0';
    if (!sfi__text_to_u64(s->words + 2, UINT32_MAX, one) ||
        !sfi__text_to_u64(blank + 1, UINT32_MAX, two))
        return script_refuse_line(s, "expected \"= NUMBER NUMBER\"");
    return script_next_step(s);
}

static sfi_status
script_set_speed(void *user, uint32_t choice, uint32_t *baud, uint32_t *slower)
{
    struct script *s = user;
    uint64_t b, n;
    sfi_status st;

    *baud = 0;
    *slower = 0;
    st = s->differs ? script_fail_again(s) : script_skip_silence(s);
    if (st != SFI_OK)
        return st;
    st = script_expect_call(s, TRACE_SPEED, choice);
    if (st != SFI_OK)
        return st;
    st = script_play_status(s);
    if (st != SFI_OK)
        return st;
    st = script_play_numbers(s, &b, &n);
    if (st != SFI_OK)
        return st;
    *baud = (uint32_t)b;
    *slower = (uint32_t)n;
    return SFI_OK;
}

/* ---- SPI ---- */

static sfi_status
script_select(void *user, int asserted)
{
    struct script *s = user;
    sfi_status st = script_expect_call(s, TRACE_SELECT, asserted);

    return st == SFI_OK ? script_play_status(s) : st;
}

static sfi_status
script_play_exactly(struct script *s, uint8_t *out, size_t len)
{
    size_t got;
    sfi_status st = script_play_bytes(s, out, len, &got);

    if (st == SFI_OK && got < len)
        return script_refuse_line(s, "bytes of the reply are missing");
    return st;
}

static sfi_status
script_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    struct script *s = user;
    sfi_status st = script_expect_call(s, TRACE_TRANSFER, len);

    if (st != SFI_OK)
        return st;
    st = script_expect_bytes(s, tx, len);
    if (st != SFI_OK)
        return st;
    st = script_play_status(s);
    if (st != SFI_OK || rx == NULL)
        return st;
    return script_play_exactly(s, rx, len);
}

/* ---- USB ---- */

static sfi_status
script_control(void *user, uint8_t request_type, uint8_t request,
               uint16_t value, uint16_t index, uint8_t *data, size_t len,
               size_t *got, uint32_t timeout_ms)
{
    struct script *s = user;
    bool is_in = (request_type & 0x80) != 0;
    uint64_t moved = 0;
    sfi_status st = script_expect_call(s, TRACE_CONTROL, request_type, request,
                                       value, index, len);

    (void)timeout_ms;
    *got = 0;
    if (st == SFI_OK && !is_in)
        st = script_expect_bytes(s, data, len);
    if (st != SFI_OK)
        return st;
    st = script_play_status(s);
    if (st != SFI_OK)
        return st;
    if (is_in)
        return script_play_bytes(s, data, len, got);
    if (s->sort != '=' || strlen(s->words) < 3 ||
        !sfi__text_to_u64(s->words + 2, len, &moved))
        return script_refuse_line(s, "expected \"= NUMBER\"");
    *got = (size_t)moved;
    return script_next_step(s);
}

static sfi_status
script_reopen(void *user, uint32_t timeout_ms)
{
    struct script *s = user;
    sfi_status st = script_expect_call(s, TRACE_REOPEN);

    (void)timeout_ms;
    return st == SFI_OK ? script_play_status(s) : st;
}

/* ---- memory ---- */

static void
script_encode_word(uint8_t raw[4], uint32_t word)
{
    for (unsigned i = 0; i < 4; i++)
        raw[i] = (uint8_t)(word >> (24 - 8 * i));
}

static sfi_status
script_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    struct script *s = user;
    sfi_status st = script_expect_call(s, TRACE_READ32, address, count);

    if (st == SFI_OK)
        st = script_play_status(s);
    for (size_t i = 0; st == SFI_OK && i < count; i++) {
        uint8_t raw[4] = {0};

        st = script_play_exactly(s, raw, sizeof(raw));
        words[i] = (uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 |
                   (uint32_t)raw[2] << 8 | raw[3];
    }
    return st;
}

static sfi_status
script_write32(void *user, uint32_t address, const uint32_t *words,
               size_t count)
{
    struct script *s = user;
    sfi_status st = script_expect_call(s, TRACE_WRITE32, address, count);

    for (size_t i = 0; st == SFI_OK && i < count; i++) {
        uint8_t raw[4];

        script_encode_word(raw, words[i]);
        st = script_expect_bytes(s, raw, sizeof(raw));
    }
    return st == SFI_OK ? script_play_status(s) : st;
}

/* ---- all ---- */

static sfi_status
script_reset(void *user, int into_boot)
{
    struct script *s = user;
    sfi_status st = s->differs ? script_fail_again(s) : script_skip_silence(s);

    if (st == SFI_OK)
        st = script_expect_call(s, TRACE_RESET, into_boot);
    return st == SFI_OK ? script_play_status(s) : st;
}

static void
script_close(void *user)
{
    struct script *s = user;

    sfi__buf_free(&s->text);
    sfi__ctx_dealloc(s->ctx, s);
}

static const union transport_ops ops[TRANSPORT_KINDS] = {
    [TRANSPORT_STREAM].stream = {.struct_size = sizeof(sfi_stream_ops),
                                 .read = script_read,
                                 .write = script_write,
                                 .reset = script_reset,
                                 .close = script_close,
                                 .set_speed = script_set_speed},
    [TRANSPORT_SPI].spi = {.struct_size = sizeof(sfi_spi_ops),
                           .select = script_select,
                           .transfer = script_transfer,
                           .reset = script_reset,
                           .close = script_close},
    [TRANSPORT_USB].usb = {.struct_size = sizeof(sfi_usb_ops),
                           .control = script_control,
                           .reopen = script_reopen,
                           .reset = script_reset,
                           .close = script_close},
    [TRANSPORT_DAP].dap = {.struct_size = sizeof(sfi_dap_ops),
                           .read32 = script_read32,
                           .write32 = script_write32,
                           .reset = script_reset,
                           .close = script_close},
};

/* A function is there only when the trace has a call of it. */
static void
script_choose_ops(const struct script *s, enum transport_kind kind,
                  union transport_ops *o)
{
    *o = ops[kind];
    if (!s->resets)
        *sfi__transport_slots(o, kind).reset = NULL;
    if (kind == TRANSPORT_STREAM && !s->speeds)
        o->stream.set_speed = NULL;
    if (kind == TRANSPORT_STREAM)
        o->stream.rtt_ms = s->rtt_ms;
    if (kind == TRANSPORT_USB && !s->reopens)
        o->usb.reopen = NULL;
}

static bool
script_is_at_call(const struct script *s, const char *call)
{
    return s->sort == 'c' && sfi__text_after(s->words, call) != NULL;
}

/* Is this step the kind of a link, and which? */
static bool
script_is_kind(const struct script *s, enum transport_kind *kind)
{
    if (!script_is_at_call(s, "kind "))
        return false;
    for (*kind = 0; *kind < TRANSPORT_KINDS; (*kind)++) {
        if (strcmp(s->words + strlen("kind "), sfi__trace_kind(*kind)) == 0)
            return true;
    }
    return false;
}

/* A stream's round trip, where the trace has it behind the kind. */
static sfi_status
script_take_rtt(struct script *s, enum transport_kind kind)
{
    const char *number;
    uint64_t ms;

    if (kind != TRANSPORT_STREAM || s->sort != 'c')
        return SFI_OK;
    number = sfi__text_after(s->words, "rtt ");
    if (number == NULL)
        return SFI_OK;
    if (!sfi__text_to_u64(number, SFI_STREAM_RTT_MAX, &ms))
        return script_refuse_line(s, "expected \"rtt MILLISECONDS\"");
    s->rtt_ms = (uint32_t)ms;
    return script_next_step(s);
}

/* The first lines, which are no steps of the host's. */
static sfi_status
script_take_head(struct script *s, enum transport_kind *kind)
{
    sfi_status st;

    s->at = 0;
    s->line = 0;
    st = script_next_step(s);
    if (st != SFI_OK)
        return st;
    if (!script_is_kind(s, kind))
        return script_refuse_line(s, "a trace must begin with \"kind stream\", "
                                     "\"kind spi\", \"kind usb\" or \"kind "
                                     "memory\"");
    st = script_next_step(s);
    return st == SFI_OK ? script_take_rtt(s, *kind) : st;
}

/* Read the whole trace once, for its kind and its calls, before it is played.
 */
static sfi_status
script_scan_trace(struct script *s, enum transport_kind *kind)
{
    sfi_status st = script_take_head(s, kind);

    if (st != SFI_OK)
        return st;
    while (s->sort != '\0') {
        s->resets = s->resets || script_is_at_call(s, "reset ");
        s->speeds = s->speeds || script_is_at_call(s, "speed ");
        s->reopens = s->reopens || script_is_at_call(s, TRACE_REOPEN);
        st = script_next_step(s);
        if (st != SFI_OK)
            return st;
    }
    return script_take_head(s, kind);
}

static sfi_status
script_load_trace(struct script *s, const char *path, enum transport_kind *kind)
{
    int err = sfi__file_read(path, SCRIPT_MAX, &s->text);

    if (err != 0)
        return sfi__fail_os(s->ctx, sfi__os_status(err), err, "cannot read");
    return script_scan_trace(s, kind);
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
        return SFI_ERR_NOMEM;
    *s = (struct script){.ctx = ctx};
    sfi__buf_init(&s->text, &ctx->alloc, false);
    sfi__text_format(name, sizeof(name), "script:%s", uri->path);
    st = script_load_trace(s, uri->path, &kind);
    if (st == SFI_OK) {
        script_choose_ops(s, kind, &o);
        st = sfi__transport_new(ctx, kind, &o, s, name, out);
    }
    if (st != SFI_OK)
        script_close(s);
    return st;
}

/* ---- a summary ---- */

static void
script_count(const struct script *s, struct trace_summary *out)
{
    switch (s->sort) {
    case '>':
        out->bytes_out += s->len;
        break;
    case '<':
        out->bytes_in += s->len;
        break;
    case '!':
        out->failures++;
        break;
    case 'c':
        out->calls++;
        break;
    default:
        break;
    }
}

static sfi_status
script_summarize(struct script *s, struct trace_summary *out)
{
    enum transport_kind kind = TRANSPORT_KINDS;
    sfi_status st = script_take_head(s, &kind);

    if (st != SFI_OK)
        return st;
    out->kind = sfi__trace_kind(kind);
    while (st == SFI_OK && s->sort != '\0') {
        script_count(s, out);
        st = script_next_step(s);
    }
    out->ms = s->passed_ms;
    return st;
}

sfi_status
sfi__trace_summarize(sfi_ctx *ctx, const uint8_t *text, size_t len,
                     struct trace_summary *out)
{
    struct script *s = sfi__ctx_alloc(ctx, sizeof(*s));
    sfi_status st;

    *out = (struct trace_summary){.kind = NULL};
    if (s == NULL)
        return SFI_ERR_NOMEM;
    *s = (struct script){.ctx = ctx};
    sfi__buf_init(&s->text, &ctx->alloc, false);
    st = sfi__buf_append(&s->text, text, len) ? script_summarize(s, out)
                                              : sfi__nomem(ctx);
    script_close(s);
    return st;
}
