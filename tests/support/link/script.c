/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A serial link that plays a script, and fails the test at the first byte that
 * differs. */
#include <link/script.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"

#include "fixture.h"

uint64_t script_now;

static uint64_t
clock_now(void *user)
{
    (void)user;
    return script_now;
}

static void
clock_sleep(void *user, uint32_t ms)
{
    (void)user;
    script_now += ms;
}

const struct clock script_clock = {
    .now_ms = clock_now,
    .sleep_ms = clock_sleep,
};

static unsigned
line(const struct script *s)
{
    unsigned n = 1;

    for (const char *c = s->text; c < s->at; c++)
        n += *c == '\n';
    return n;
}

/* Is there a next byte, and which way does it go?  0: the end. */
static char
peek(struct script *s)
{
    char *end;

    while (s->repeat == 0) {
        while (isspace((unsigned char)*s->at))
            s->at++;
        if (*s->at == '#')
            s->at += strcspn(s->at, "\n");
        else if (*s->at == '>' || *s->at == '<')
            s->direction = *s->at++;
        else if (*s->at == '\0')
            return '\0';
        else
            break;
    }
    if (s->repeat > 0)
        return s->direction;
    s->byte = (uint8_t)strtoul(s->at, &end, 16);
    ck_assert_msg(end == s->at + 2, "script line %u: not a byte: %.10s",
                  line(s), s->at);
    s->at = end;
    s->repeat = 1;
    if (*s->at == '*')
        s->repeat = (unsigned)strtoul(s->at + 1, (char **)&s->at, 10);
    return s->direction;
}

static sfi_status
script_read(void *user, uint8_t *buf, size_t len, size_t *got,
            uint32_t timeout_ms)
{
    struct script *s = user;

    *got = 0;
    while (*got < len && peek(s) == '<') {
        buf[(*got)++] = s->byte;
        s->repeat--;
    }
    if (*got > 0)
        return SFI_OK;
    if (peek(s) == '\0' && s->broken_st != SFI_OK)
        return s->broken_st;
    script_now += timeout_ms;
    return SFI_ERR_TIMEOUT;
}

static sfi_status
script_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    struct script *s = user;

    (void)timeout_ms;
    for (size_t i = 0; i < len; i++) {
        char next = peek(s);

        if (next == '\0' && s->broken_st != SFI_OK)
            return s->broken_st;
        ck_assert_msg(next == '>',
                      "script line %u: byte %zu of %zu sent is 0x%02x, "
                      "expected %s",
                      line(s), i, len, buf[i],
                      next == '<' ? "to wait for an answer" : "the end");
        ck_assert_msg(s->byte == buf[i],
                      "script line %u: byte %zu of %zu sent is 0x%02x, "
                      "expected 0x%02x",
                      line(s), i, len, buf[i], s->byte);
        s->repeat--;
    }
    return SFI_OK;
}

static sfi_status
script_reset(void *user, int into_boot)
{
    struct script *s = user;

    s->into_boot = into_boot;
    s->resets++;
    return s->reset_st;
}

void
script_open(struct script *s, const char *text, sfi_transport **out)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = script_read,
        .write = script_write,
        .reset = script_reset,
    };

    *s = (struct script){.at = text, .text = text};
    script_now = 0;
    ctx->clock = &script_clock;
    ck_assert_ok(sfi_transport_open_stream(ctx, &ops, s, out));
}

void
script_then(struct script *s, const char *text)
{
    script_done(s);
    s->text = s->at = text;
}

void
script_done(struct script *s)
{
    char next = peek(s);

    ck_assert_msg(next == '\0', "script line %u: 0x%02x was not %s", line(s),
                  s->byte, next == '>' ? "sent" : "read");
}
