/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Words of the chip's memory, through a MEM-AP. */
#include <string.h>

#include "core/err.h"
#include "transport/probe/session.h"

/* How often we ask a chip that says WAIT, after the probe has: an access to
 * flash that is being erased waits. */
#define TRIES 16u
#define TRY_MS 2u

/* How far a run has come. */
struct outcome {
    struct cmsis_result result;
    bool settled; /* it is known that all of it went well */
};

/* Words that are on their way. */
struct job {
    uint32_t address;
    size_t left;
    uint32_t *in;        /* a read */
    const uint32_t *out; /* a write */
};

static const struct adi_request stat_read = {false, true, ADI_DP_CTRL_STAT};
static const struct adi_request rdbuff_read = {false, true, ADI_DP_RDBUFF};
static const struct adi_request tar_write = {true, false, ADI_AP_TAR};
static const struct adi_request drw_read = {true, true, ADI_AP_DRW};
static const struct adi_request drw_write = {true, false, ADI_AP_DRW};

static void
advance(struct job *j, size_t words)
{
    j->address += (uint32_t)(4 * words);
    j->left -= words;
    if (j->in != NULL)
        j->in += words;
    else
        j->out += words;
}

/* What a write that went wrong has done stays done; a read is done again. */
static void
account(struct job *j, const struct cmsis_result *result, size_t before,
        size_t words)
{
    size_t done = result->done > before ? result->done - before : 0;

    if (result->ack == ADI_ACK_OK)
        done = words;
    else if (j->in != NULL)
        done = 0;
    advance(j, done < words ? done : words);
}

/* SWD acknowledges a read when it went well; JTAG tells no fault at all. */
static bool
must_settle(const struct probe *p, const struct job *j)
{
    return j->out != NULL || p->wire == PROBE_JTAG;
}

/* Whether all went well CTRL/STAT knows.  SWD reads it at any time, so RDBUFF
 * comes first, which waits until the last write is on the bus; over JTAG every
 * scan does.  false: there is no room. */
static bool
add_settling(const struct probe *p, struct cmsis_transfer *t)
{
    struct cmsis_transfer before = *t;
    uint8_t count = t->w.start[2];

    if ((p->wire == PROBE_JTAG ||
         sfi__cmsis_transfer_add(t, &rdbuff_read, 0)) &&
        sfi__cmsis_transfer_add(t, &stat_read, 0))
        return true;
    before.w.start[2] = count;
    *t = before;
    return false;
}

static void
judge_settling(struct cmsis_result *result, uint32_t stat)
{
    if (result->ack == ADI_ACK_OK &&
        (stat & (ADI_STAT_STICKY | ADI_STAT_WDATAERR)) != 0)
        result->ack = ADI_ACK_FAULT;
}

/* Move what fits, at most `run` words; before that, at the `first`, set the
 * address, and behind the last see whether all went well. */
static sfi_status
list(struct probe *p, struct job *j, size_t run, bool first, struct outcome *o)
{
    uint32_t words[CMSIS_PACKET_MAX / 4];
    struct cmsis_transfer t;
    size_t n = 0;
    sfi_status st;

    sfi__cmsis_transfer_begin(&t, p->out, p->packet, p->tap);
    if (first)
        (void)sfi__cmsis_transfer_add(&t, &tar_write, j->address);
    while (n < run &&
           sfi__cmsis_transfer_add(&t, j->in != NULL ? &drw_read : &drw_write,
                                   j->in != NULL ? 0 : j->out[n]))
        n++;
    o->settled = !must_settle(p, j) || (n == run && add_settling(p, &t));
    st = sfi__probe_transfer(p, &t, &o->result, words);
    if (st != SFI_OK)
        return st;
    account(j, &o->result, first ? 1 : 0, n);
    if (o->result.ack != ADI_ACK_OK)
        return SFI_OK;
    if (j->in != NULL)
        memcpy(j->in - n, words, 4 * n);
    if (o->settled && must_settle(p, j))
        judge_settling(&o->result, words[t.reads - 1]);
    return SFI_OK;
}

static sfi_status
block(struct probe *p, struct job *j, size_t run, struct cmsis_result *result)
{
    bool read = j->in != NULL;
    size_t room = sfi__cmsis_block_room(p->packet, read);
    size_t n = run < room ? run : room;
    struct wr w;
    struct rd r;
    sfi_status st;

    sfi__wr_init(&w, p->out, p->packet);
    sfi__cmsis_put_block(&w, p->tap, read ? &drw_read : &drw_write, n, j->out);
    st = sfi__probe_exchange(p, &w, &r);
    if (st != SFI_OK)
        return st;
    if (!sfi__cmsis_take_block(&r, read, n, result, j->in))
        return sfi__probe_no_answer(p);
    account(j, result, 0, n);
    return SFI_OK;
}

static sfi_status
settle(struct probe *p, struct outcome *o)
{
    struct cmsis_transfer t;
    uint32_t words[2] = {0};
    sfi_status st;

    sfi__cmsis_transfer_begin(&t, p->out, p->packet, p->tap);
    o->settled = add_settling(p, &t);
    st = sfi__probe_transfer(p, &t, &o->result, words);
    if (st == SFI_OK)
        judge_settling(&o->result, words[t.reads - 1]);
    return st;
}

/* A list takes more room for a word than a block, but ends with what settles
 * it. */
static sfi_status
go_on(struct probe *p, struct job *j, size_t run, struct outcome *o)
{
    if (run <= sfi__cmsis_list_room(p->packet, j->in != NULL))
        return list(p, j, run, false, o);
    return block(p, j, run, &o->result);
}

/* Up to where TAR must be written again, or to what went wrong. */
static sfi_status
one_run(struct probe *p, struct job *j, size_t end, struct outcome *o)
{
    sfi_status st = SFI_OK;

    if (j->left > end)
        st = list(p, j, j->left - end, true, o);
    while (st == SFI_OK && o->result.ack == ADI_ACK_OK && j->left > end)
        st = go_on(p, j, j->left - end, o);
    if (st == SFI_OK && o->result.ack == ADI_ACK_OK && !o->settled)
        st = settle(p, o);
    return st;
}

/* Why it was a fault; and no more of it. */
static sfi_status
clear_fault(struct probe *p, uint32_t *stat)
{
    struct cmsis_transfer t;
    struct cmsis_result result;
    sfi_status st;

    sfi__cmsis_transfer_begin(&t, p->out, p->packet, p->tap);
    (void)sfi__cmsis_transfer_add(&t, &stat_read, 0);
    sfi__probe_add_clear(p, &t);
    *stat = 0;
    st = sfi__probe_transfer(p, &t, &result, stat);
    if (st == SFI_OK && result.ack != ADI_ACK_OK)
        st = sfi__probe_dead_line(p, result.ack);
    return st;
}

static sfi_status
faulted(struct probe *p, const struct job *start)
{
    uint32_t stat;
    sfi_status st = clear_fault(p, &stat);

    if (st != SFI_OK || (stat & ADI_STAT_STICKYERR) == 0)
        return st; /* noise: a parity error of our data */
    return sfi__fail_peer(
        p->ctx, SFI_ERR_NACK, (int32_t)stat,
        "the chip refused %s memory from 0x%08x to 0x%08x",
        start->in != NULL ? "reading" : "writing", start->address,
        start->address +
            (uint32_t)(4 * sfi__adi_tar_run(start->address, start->left) - 1));
}

/* SFI_OK: try again. */
static sfi_status
recover(struct probe *p, const struct job *start, enum adi_ack ack)
{
    const struct clock *clock = p->ctx->clock;

    switch (ack) {
    case ADI_ACK_OK:
        return SFI_OK;
    case ADI_ACK_FAULT:
        return faulted(p, start);
    case ADI_ACK_WAIT:
        clock->sleep_ms(clock->user, TRY_MS);
        return SFI_OK;
    case ADI_ACK_NONE:
        break;
    }
    return sfi__probe_line_up(p);
}

/* The access that hangs is given up, or no other will ever be done. */
static sfi_status
give_up(struct probe *p, const struct job *j, enum adi_ack ack)
{
    struct wr w;
    sfi_status st;

    if (ack != ADI_ACK_WAIT)
        return sfi__fail(p->ctx, SFI_ERR_IO,
                         "%s is too noisy at 0x%08x: %u tries failed",
                         sfi__probe_wire_name(p->wire), j->address, TRIES);
    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_write_abort(&w, p->tap, ADI_ABORT_DAPABORT);
    st = sfi__probe_setting(p, &w);
    p->is_up = false;
    if (st != SFI_OK)
        return st;
    return sfi__fail(p->ctx, SFI_ERR_TIMEOUT,
                     "the chip's bus does not get done with 0x%08x",
                     j->address);
}

/* One run, however often it takes. */
static sfi_status
insist(struct probe *p, struct job *j)
{
    size_t end = j->left - sfi__adi_tar_run(j->address, j->left);
    const struct job start = *j;
    struct outcome o = {.result = {.ack = ADI_ACK_OK}};
    enum adi_ack last = ADI_ACK_NONE;

    for (unsigned i = 0; i < TRIES; i++) {
        sfi_status st = one_run(p, j, end, &o);

        if (st != SFI_OK || o.result.ack == ADI_ACK_OK)
            return st;
        if (o.result.ack != ADI_ACK_WAIT)
            *j = start; /* which one was lost is not known */
        st = recover(p, &start, o.result.ack);
        if (st != SFI_OK)
            return st;
        last = o.result.ack;
        o = (struct outcome){.result = {.ack = ADI_ACK_OK}};
    }
    return give_up(p, j, last);
}

static sfi_status
move(struct probe *p, struct job *j)
{
    sfi_status st = p->is_up ? SFI_OK : sfi__probe_line_up(p);

    if (st == SFI_OK && j->address % 4 != 0)
        st = sfi__fail(p->ctx, SFI_ERR_ARGUMENT,
                       "address is 0x%08x, expected a multiple of 4",
                       j->address);
    while (st == SFI_OK && j->left > 0)
        st = insist(p, j);
    return st;
}

sfi_status
sfi__probe_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    struct job j = {.address = address, .left = count, .in = words};

    return move(user, &j);
}

sfi_status
sfi__probe_write32(void *user, uint32_t address, const uint32_t *words,
                   size_t count)
{
    struct job j = {.address = address, .left = count, .out = words};

    return move(user, &j);
}
