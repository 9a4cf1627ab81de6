/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Finds a bootloader on USART.  A part measures its baud rate on the first byte
 * that it hears (AN3155, 1), so it must be a 0x7f, and a whole one: nothing
 * else begins what is sent to a part that may be without power, and a pause
 * follows each byte. */
#include "core/ctx.h"
#include "core/err.h"
#include "boot/usart.h"

/* Two short waits, and one longer than a device waits in a half frame: short
 * ones alone would keep it waiting there. */
static const uint32_t sync_ms[] = {250, 250, 1250};
#define SYNC_ROUND (sizeof(sync_ms) / sizeof(*sync_ms))
/* At a speed that need not work: two tries, and one after a half frame was
 * ended. */
#define FAST_MS 250u
#define FAST_ROUND 2u
#define PROBE_MS 1250u
/* After a NACK the part waits for a command (AN3155, 3), whatever time a half
 * one has. */
#define PROBE_REFUSED_MS 100u
/* AN2606, V9.0: a second reset may be needed. */
#define RESETS_MAX 2u
/* Between the bytes that end a half frame: several times a byte, and more than
 * the milliseconds in which USB carries bytes together. */
#define FILL_GAP_MS 2u
/* Of a host before this one: the rest of a Write.  A part that gets its power
 * in the midst of a byte measures a wrong one, so that fewer are better. */
#define FILL_FOREIGN_MAX USART_WRITE_MAX
/* Of this host: the rest of any frame. */
#define FILL_OWN_MAX USART_PACKET_MAX
/* Tries whose round trips the caller's patience does not pay for: a round, and
 * one behind a half frame that was ended. */
#define FAR_TRIES (SYNC_ROUND + 1u)
/* Answers that are damaged, before a search gives up. */
#define DAMAGED_MAX 8u
/* How often an application talks; once may be a glitch of the power. */
#define TALKS_MIN 2u

struct search {
    struct boot *b;
    struct deadline dl;
    uint32_t ms;     /* what the caller gave */
    uint32_t speed;  /* which of the link's */
    bool garbage;    /* something else came in answer to 0x7f */
    unsigned talks;  /* how often bytes came that nothing had asked for */
    bool found;      /* 0x7f was answered */
    unsigned resets; /* by the link's reset line */
};

/* ---- one 0x7f ---- */

/* Bytes that came before the host sent anything. */
static sfi_status
search_listen(struct search *s)
{
    uint8_t scrap;
    size_t n = 0;
    sfi_status st = sfi__transport_read(s->b->link.tp, &scrap, 1, &n, 0);

    if (st == SFI_ERR_TIMEOUT)
        return SFI_OK;
    s->talks += st == SFI_OK;
    return st == SFI_OK ? sfi__link_drain(&s->b->link) : st;
}

/* An ACK or NACK is the whole answer; some parts give two NACKs. */
static sfi_status
search_take_answer(struct search *s, uint32_t ms)
{
    struct link *l = &s->b->link;
    uint8_t reply = 0;
    bool others = false;
    sfi_status st = sfi__link_recv(l, &reply, 1, NULL, ms);

    if (st == SFI_OK)
        st = sfi__link_drain_of(l, USART_NACK, &others);
    if (st != SFI_OK)
        return st;
    if ((reply == USART_ACK || reply == USART_NACK) && !others) {
        s->b->is_new = s->b->is_new || reply == USART_ACK;
        return SFI_OK;
    }
    s->garbage = true;
    return sfi__fail(l->ctx, SFI_ERR_NACK,
                     "the answer to 0x7f begins with 0x%02x, expected 0x79 or "
                     "0x1f alone",
                     reply);
}

/* A 0x7f into silence.  SFI_ERR_TIMEOUT: no answer.  A damaged one comes at
 * once, and is asked for again; an application that prints now and then must
 * not use up the time. */
static sfi_status
search_ask(struct search *s, uint32_t ms)
{
    const uint8_t sync = USART_SYNC;
    struct link *l = &s->b->link;
    struct deadline dl = sfi__deadline_in(sfi__transport_clock(l->tp),
                                          ms + sfi__transport_rtt_ms(l->tp));
    sfi_status st = SFI_ERR_NACK;

    for (unsigned i = 0; i < DAMAGED_MAX && st == SFI_ERR_NACK &&
                         (i == 0 || !sfi__deadline_passed(&dl));
         i++) {
        st = search_listen(s);
        if (st == SFI_OK)
            st = sfi__link_send(l, &sync, 1);
        if (st == SFI_OK)
            st = search_take_answer(s, ms);
        sfi__link_tell(l, st, "0x%02x", sync);
    }
    s->talks += st == SFI_ERR_PROTOCOL ? TALKS_MIN : 0; /* never silent */
    return st;
}

/* ---- half frames ---- */

/* A byte for what the chip may be in the middle of.  *answered: it said
 * something. */
static sfi_status
search_fill(struct boot *b, const uint8_t *bytes, size_t len, bool *answered)
{
    uint8_t scrap;
    size_t n = 0;
    sfi_status st = sfi__link_send(&b->link, bytes, len);

    if (st != SFI_OK)
        return st;
    st = sfi__transport_read(b->link.tp, &scrap, 1, &n,
                             FILL_GAP_MS + sfi__transport_ms(b->link.tp, len));
    *answered = st == SFI_OK;
    return st == SFI_ERR_TIMEOUT ? SFI_OK : st;
}

/* End any frame of at most `max` bytes that the device may be in the middle of,
 * by 0x7f, until it says that the frame is bad.  One byte must differ: a Write
 * of 128 times 0x7f would be a good one.  It follows a 0x7f without a pause, so
 * that no part hears it first; 0xff has no edge to be measured but its first.
 */
static sfi_status
search_end_frame(struct boot *b, size_t max, bool *answered)
{
    static const uint8_t bad[] = {USART_SYNC, USART_SPOILER};
    sfi_status st = search_fill(b, bad, sizeof(bad), answered);

    for (size_t i = sizeof(bad); st == SFI_OK && !*answered && i < max; i++)
        st = search_fill(b, bad, 1, answered);
    return st == SFI_OK ? sfi__link_drain(&b->link) : st;
}

/* Of an earlier host: once at each speed, and not after a reset. */
static sfi_status
search_end_foreign(struct search *s, bool *answered)
{
    uint32_t bit = 1u << s->speed;

    *answered = false;
    if (s->b->erases || (s->b->ended & bit) != 0)
        return SFI_OK;
    s->b->ended |= bit;
    return search_end_frame(s->b, FILL_FOREIGN_MAX, answered);
}

/* ---- the reset line ---- */

sfi_status
sfi__usart_reset_chip(struct boot *b, bool *done)
{
    struct sfi_error first;
    sfi_status st;

    *done = false;
    if (b->erases)
        return SFI_OK;
    sfi__error_keep(b->link.ctx, &first);
    st = sfi__transport_reset(b->link.tp, !b->boot0_low);
    *done = st == SFI_OK;
    if (st == SFI_ERR_UNSUPPORTED) {
        sfi__error_restore(b->link.ctx, &first);
        return SFI_OK;
    }
    if (st != SFI_OK)
        return st;
    b->ended = UINT32_MAX;
    sfi__log(b->link.ctx, SFI_LOG_INFO, "%s: no answer; the chip was reset %s",
             b->link.tp->name,
             b->boot0_low ? "with BOOT0 low" : "into its bootloader");
    return SFI_OK;
}

static sfi_status
search_reset(struct search *s, bool *done)
{
    sfi_status st;

    *done = false;
    if (s->resets == RESETS_MAX)
        return SFI_OK;
    st = sfi__usart_reset_chip(s->b, done);
    s->resets += *done;
    return st;
}

/* ---- the first time ---- */

/* At the current speed only, as slower ones are left to try.  A part that got
 * its power while a half frame was ended has answered, and knows this speed
 * now: a 0x7f is a command to it, and the next one the bad complement. */
static sfi_status
search_quickly(struct search *s)
{
    unsigned rounds = FAST_ROUND;
    sfi_status st = SFI_ERR_TIMEOUT;

    for (unsigned i = 0; st == SFI_ERR_TIMEOUT && i <= rounds; i++) {
        bool answered = false;

        st = i == FAST_ROUND ? search_end_foreign(s, &answered) : SFI_OK;
        rounds += answered ? FAST_ROUND : 0;
        if (st == SFI_OK)
            st = search_ask(s, FAST_MS);
    }
    return st;
}

/* What a round of tries without an answer ends with; or a line that is never
 * silent, or answers that are never good: a reset can help. */
static sfi_status
search_help(struct search *s, sfi_status st)
{
    bool done, answered;
    sfi_status reset = search_reset(s, &done);

    if (reset != SFI_OK || done || st != SFI_ERR_TIMEOUT)
        return reset;
    return search_end_foreign(s, &answered);
}

static sfi_status
search_patiently(struct search *s)
{
    sfi_status st = SFI_ERR_TIMEOUT;

    for (size_t i = 0; !sfi__deadline_passed(&s->dl); i++) {
        uint32_t left = sfi__deadline_left(&s->dl);
        uint32_t wait = sync_ms[i % SYNC_ROUND];
        sfi_status help = SFI_OK;

        st = search_ask(s, wait < left ? wait : left);
        if (!sfi__link_is_fault(st))
            return st;
        if (st != SFI_ERR_TIMEOUT || i % SYNC_ROUND == SYNC_ROUND - 1)
            help = search_help(s, st);
        if (help != SFI_OK)
            return help;
    }
    return st;
}

/* ---- what is there instead ---- */

/* An application prints more often. */
#define LISTEN_MS 1000u

static const char *
search_remedy(const struct search *s)
{
    return s->resets > 0 ? "its reset line was used in vain: does it drive "
                           "BOOT0 too"
                         : "set BOOT0 high and reset the chip, or name its "
                           "reset line";
}

/* After answers that were none: does it say more, without a question? */
static sfi_status
search_overhear(struct search *s)
{
    uint8_t scrap;
    sfi_status st = sfi__link_recv(&s->b->link, &scrap, 1, NULL, LISTEN_MS);

    s->talks += st == SFI_OK ? TALKS_MIN : 0;
    return st == SFI_ERR_TIMEOUT ? SFI_OK : st;
}

static sfi_status
search_not_found(struct search *s, sfi_status st)
{
    sfi_ctx *ctx = s->b->link.ctx;
    sfi_status heard = s->garbage ? search_overhear(s) : SFI_OK;

    if (heard != SFI_OK)
        return heard;
    if (s->talks >= TALKS_MIN)
        return sfi__fail_peer(ctx, SFI_ERR_PROTOCOL, SFI_PEER_APPLICATION,
                              "the chip sends what nobody asked for: its "
                              "firmware seems to run, not its bootloader; %s",
                              search_remedy(s));
    if (s->garbage)
        return sfi__fail(ctx, SFI_ERR_PROTOCOL,
                         "only garbage came in answer to 0x7f; is the speed "
                         "right, and is this a bootloader");
    if (st == SFI_ERR_TIMEOUT)
        return sfi__fail(ctx, st,
                         "no answer to 0x7f within %u ms; is the chip powered, "
                         "and in its bootloader (BOOT0; with PB15 low an H7 "
                         "answers on USB only)",
                         s->ms);
    return st;
}

/* 0x7f was answered, Get was not: an ACK is also the letter "y". */
static sfi_status
search_not_identified(const struct search *s, sfi_status st)
{
    const struct boot *b = s->b;
    struct sfi_error first;

    if (b->get.count > 0)
        return st;
    sfi__error_keep(b->link.ctx, &first);
    return sfi__fail_peer(b->link.ctx, st, SFI_PEER_APPLICATION,
                          "0x7f was answered as by a bootloader, Get was not "
                          "(%s): the firmware seems to run; %s",
                          first.message, search_remedy(s));
}

static sfi_status
search_once(struct search *s, bool quickly)
{
    struct boot *b = s->b;
    sfi_status st;

    b->link.doing = "0x7f";
    b->get = (struct an3155_get){.count = 0};
    st = quickly ? search_quickly(s) : search_patiently(s);
    if (sfi__link_is_fault(st))
        return search_not_found(s, st);
    if (st != SFI_OK)
        return st;
    s->found = true;
    st = sfi__frames_identify(b);
    return sfi__link_is_fault(st) ? search_not_identified(s, st) : st;
}

sfi_status
sfi__usart_find(struct boot *b, uint32_t ms, uint32_t speed, bool quickly)
{
    uint32_t far = (uint32_t)FAR_TRIES * sfi__transport_rtt_ms(b->link.tp);
    struct search s = {
        .b = b, .ms = ms < UINT32_MAX - far ? ms + far : ms, .speed = speed};
    bool again;
    sfi_status st;

    do {
        again = false;
        s.found = false;
        s.dl = sfi__deadline_in(sfi__transport_clock(b->link.tp), s.ms);
        st = search_once(&s, quickly);
        if (s.found && sfi__link_is_fault(st) && !quickly) {
            sfi_status reset = search_reset(&s, &again);

            st = reset != SFI_OK ? reset : st;
        }
    } while (again);
    return st;
}

/* ---- again ---- */

/* A 0x7f is a bad command where a command is due, and the last byte of a frame
 * that lost one.  Some bootloaders expect its complement too, hence two. */
sfi_status
sfi__usart_resync(struct boot *b)
{
    struct search s = {.b = b};
    bool refused = b->refused != BOOT_REFUSED_NOTHING;
    bool answered = false;
    sfi_status st = sfi__link_drain(&b->link);

    if (st == SFI_OK)
        st = search_ask(&s, refused ? PROBE_REFUSED_MS : PROBE_MS);
    if (st != SFI_ERR_TIMEOUT)
        return st;
    st = search_end_frame(b, FILL_OWN_MAX, &answered);
    for (unsigned i = 0; i < 2 && (st == SFI_OK || st == SFI_ERR_TIMEOUT);
         i++) {
        st = search_ask(&s, PROBE_MS);
        if (st == SFI_OK)
            return st;
    }
    if (st == SFI_ERR_TIMEOUT)
        return sfi__fail(b->link.ctx, st,
                         "the chip stopped answering during %s", b->link.doing);
    return st;
}
