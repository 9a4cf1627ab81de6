/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Sends, receives, drains and sleeps; the only sleep of the bootloader
 * sessions. */
#include "boot/link.h"

#include "core/ctx.h"
#include "core/err.h"

/* The words of a line of the log. */
#define TELL_MAX 80u
/* A frame must be on its way by then: the port's own buffers take it. */
#define SEND_MS 2000u
/* An FTDI adapter holds bytes back for up to 16 ms. */
#define QUIET_MS 50u
/* A network delivers a reply in pieces, this part of its round trip apart. */
#define JITTER 8u
/* Longer than any reply: a line that is never silent is not a bootloader's. */
#define DRAIN_MAX 4096u
/* ... and longer than a bootloader pauses, besides the time on the line. */
#define DRAIN_MS 1000u

bool
sfi__link_is_fault(sfi_status st)
{
    return st == SFI_ERR_TIMEOUT || st == SFI_ERR_PROTOCOL ||
           st == SFI_ERR_NACK;
}

static const char *
link_answer(sfi_status st)
{
    switch (st) {
    case SFI_OK:
        return "ok";
    case SFI_ERR_NACK:
        return "refused";
    case SFI_ERR_TIMEOUT:
        return "no answer";
    default:
        return sfi_status_str(st);
    }
}

void
sfi__link_tell(const struct link *l, sfi_status st, const char *fmt, ...)
{
    char sent[TELL_MAX];
    va_list args;

    if (l->ctx->log_level < SFI_LOG_DEBUG)
        return;
    va_start(args, fmt);
    sfi__text_vformat(sent, sizeof(sent), fmt, args);
    va_end(args);
    sfi__log(l->ctx, SFI_LOG_DEBUG, "%s: %s: %s",
             l->doing != NULL ? l->doing : "connecting", sent, link_answer(st));
}

sfi_status
sfi__link_cancelled(const struct link *l)
{
    if (l->tick != NULL)
        l->tick(l->tick_user);
    if (l->cancel != NULL && atomic_load(l->cancel))
        return sfi__fail(l->ctx, SFI_ERR_CANCELLED, "cancelled");
    return sfi__ctx_cancelled(l->ctx);
}

sfi_status
sfi__link_sleep(struct link *l, uint32_t ms)
{
    const struct clock *clock = sfi__transport_clock(l->tp);

    while (ms > 0) {
        uint32_t slice = ms < CTX_SLICE_MS ? ms : CTX_SLICE_MS;
        sfi_status st = sfi__link_cancelled(l);

        if (st != SFI_OK)
            return st;
        clock->sleep_ms(clock->user, slice);
        ms -= slice;
    }
    return sfi__link_cancelled(l);
}

bool
sfi__link_try_again(struct link *l, const struct deadline *dl,
                    uint32_t pause_ms)
{
    if (sfi__deadline_passed(dl))
        return false;
    (void)sfi__link_sleep(l, pause_ms);
    return true;
}

sfi_status
sfi__link_send(struct link *l, const uint8_t *data, size_t len)
{
    sfi_status st = sfi__link_cancelled(l);

    if (st != SFI_OK)
        return st;
    return sfi__transport_write(l->tp, data, len,
                                SEND_MS + sfi__transport_ms(l->tp, len));
}

static sfi_status
link_receive_within(struct link *l, uint8_t *buf, size_t len, size_t *got,
                    uint32_t ms)
{
    struct deadline dl = sfi__deadline_in(sfi__transport_clock(l->tp), ms);
    size_t have = 0;
    sfi_status st = SFI_OK;

    while (st == SFI_OK && have < len) {
        uint32_t left = sfi__deadline_left(&dl);
        size_t n = 0;

        st = sfi__link_cancelled(l);
        if (st != SFI_OK)
            break;
        if (left == 0) {
            st = sfi__fail(l->ctx, SFI_ERR_TIMEOUT,
                           "no answer to %s within %u ms", l->doing, ms);
            break;
        }
        st = sfi__transport_read(l->tp, buf + have, len - have, &n,
                                 left < CTX_SLICE_MS ? left : CTX_SLICE_MS);
        have += n;
        if (st == SFI_ERR_TIMEOUT)
            st = SFI_OK;
    }
    if (got != NULL)
        *got = have;
    return st;
}

sfi_status
sfi__link_recv(struct link *l, uint8_t *buf, size_t len, size_t *got,
               uint32_t ms)
{
    return link_receive_within(l, buf, len, got,
                               ms > 0 ? ms + sfi__transport_rtt_ms(l->tp) : 0);
}

static bool
link_has_others(const uint8_t *bytes, size_t len, uint8_t expected)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != expected)
            return true;
    }
    return false;
}

sfi_status
sfi__link_drain(struct link *l)
{
    bool others;

    return sfi__link_drain_of(l, 0, &others);
}

sfi_status
sfi__link_drain_of(struct link *l, uint8_t expected, bool *others)
{
    uint32_t rtt = sfi__transport_rtt_ms(l->tp);
    uint32_t ms = DRAIN_MS + sfi__transport_ms(l->tp, DRAIN_MAX) + rtt;
    struct deadline dl = sfi__deadline_in(sfi__transport_clock(l->tp), ms);
    uint8_t scrap[64];
    size_t total = 0;
    sfi_status st;

    *others = false;
    if (l->tp->kind != TRANSPORT_STREAM)
        return SFI_OK;
    do {
        size_t n = 0;

        st = link_receive_within(l, scrap, sizeof(scrap), &n,
                                 QUIET_MS + rtt / JITTER);
        total += n;
        *others = *others || link_has_others(scrap, n, expected);
        if (st != SFI_OK && st != SFI_ERR_TIMEOUT)
            return st;
        if (n == 0)
            return SFI_OK;
    } while (total <= DRAIN_MAX && !sfi__deadline_passed(&dl));
    if (total <= DRAIN_MAX)
        return sfi__fail(l->ctx, SFI_ERR_PROTOCOL,
                         "unsolicited data still arriving after %u ms", ms);
    return sfi__fail(l->ctx, SFI_ERR_PROTOCOL,
                     "unsolicited data still arriving after %u bytes",
                     DRAIN_MAX);
}
