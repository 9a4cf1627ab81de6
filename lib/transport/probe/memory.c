/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reads and writes words of the chip's memory through a memory access port
 * (MEM-AP): runs of words in lists and blocks, with retries. */
#include <string.h>

#include "core/err.h"
#include "transport/probe/session.h"

/* How often an access is tried again after the probe's own retries: one to
 * flash that is being erased gets WAIT. */
#define TRIES 16u
#define TRY_MS 2u
/* After so many that failed by noise the clock is lowered. */
#define TRIES_AT_SPEED 4u

/* The result of a packet. */
struct outcome {
    struct cmsis_result result;
    bool checked; /* CTRL/STAT was read, so errors are known */
};

/* Words that are still to be read or written. */
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
memory_advance(struct job *j, size_t words)
{
    j->address += (uint32_t)(4 * words);
    j->left -= words;
    if (j->in != NULL)
        j->in += words;
    else
        j->out += words;
}

/* After a failure the words that were written count as done; a read starts
 * again, as its words were not stored. */
static void
memory_count_done(struct job *j, const struct cmsis_result *result,
                  size_t before, size_t words)
{
    size_t done = result->done > before ? result->done - before : 0;

    if (result->ack == ADI_ACK_OK)
        done = words;
    else if (j->in != NULL)
        done = 0;
    memory_advance(j, done < words ? done : words);
}

/* SWD acknowledges each read; after a write, and over JTAG, only CTRL/STAT
 * tells about errors. */
static bool
memory_needs_check(const struct probe *p, const struct job *j)
{
    return j->out != NULL || p->wire == PROBE_JTAG;
}

/* Add a read of CTRL/STAT, which has the error flags.  Over SWD a read of
 * RDBUFF must come first, which waits until the last write has completed; over
 * JTAG every scan does.  False: there is no room. */
static bool
memory_add_check(const struct probe *p, struct cmsis_transfer *t)
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
memory_apply_check(struct cmsis_result *result, uint32_t stat)
{
    if (result->ack == ADI_ACK_OK &&
        (stat & (ADI_STAT_STICKY | ADI_STAT_WDATAERR)) != 0)
        result->ack = ADI_ACK_FAULT;
}

/* Send a list: the address if this is the `first` packet, as many words of
 * `run` as fit, and after the last word the check for errors. */
static sfi_status
memory_send_list(struct probe *p, struct job *j, size_t run, bool first,
                 struct outcome *o)
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
    o->checked =
        !memory_needs_check(p, j) || (n == run && memory_add_check(p, &t));
    st = sfi__probe_transfer(p, &t, &o->result, words);
    if (st != SFI_OK)
        return st;
    memory_count_done(j, &o->result, first ? 1 : 0, n);
    if (o->result.ack != ADI_ACK_OK)
        return SFI_OK;
    if (j->in != NULL)
        memcpy(j->in - n, words, 4 * n);
    if (o->checked && memory_needs_check(p, j))
        memory_apply_check(&o->result, words[t.reads - 1]);
    return SFI_OK;
}

static sfi_status
memory_send_block(struct probe *p, struct job *j, size_t run,
                  struct cmsis_result *result)
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
        return sfi__probe_fail_reply(p);
    memory_count_done(j, result, 0, n);
    return SFI_OK;
}

static sfi_status
memory_send_check(struct probe *p, struct outcome *o)
{
    struct cmsis_transfer t;
    uint32_t words[2] = {0};
    sfi_status st;

    sfi__cmsis_transfer_begin(&t, p->out, p->packet, p->tap);
    o->checked = memory_add_check(p, &t);
    st = sfi__probe_transfer(p, &t, &o->result, words);
    if (st == SFI_OK)
        memory_apply_check(&o->result, words[t.reads - 1]);
    return st;
}

/* A list has room for fewer words than a block, but can include the check for
 * errors. */
static sfi_status
memory_send_next(struct probe *p, struct job *j, size_t run, struct outcome *o)
{
    if (run <= sfi__cmsis_list_room(p->packet, j->in != NULL))
        return memory_send_list(p, j, run, false, o);
    return memory_send_block(p, j, run, &o->result);
}

/* Move words until `end` are left, where TAR must be written again, or until an
 * error. */
static sfi_status
memory_move_run_once(struct probe *p, struct job *j, size_t end,
                     struct outcome *o)
{
    sfi_status st = SFI_OK;

    if (j->left > end)
        st = memory_send_list(p, j, j->left - end, true, o);
    while (st == SFI_OK && o->result.ack == ADI_ACK_OK && j->left > end)
        st = memory_send_next(p, j, j->left - end, o);
    if (st != SFI_OK || o->result.ack != ADI_ACK_OK || o->checked)
        return st;
    return memory_send_check(p, o);
}

/* Read the error flags, and clear them. */
static sfi_status
memory_clear_errors(struct probe *p, uint32_t *stat)
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
        st = sfi__probe_fail_no_port(p, result.ack);
    return st;
}

static sfi_status
memory_report_fault(struct probe *p, const struct job *start)
{
    uint32_t stat;
    sfi_status st = memory_clear_errors(p, &stat);

    if (st != SFI_OK || (stat & ADI_STAT_STICKYERR) == 0)
        return st; /* noise: a parity error in data of the host */
    return sfi__fail_peer(
        p->ctx, SFI_ERR_NACK, (int32_t)stat,
        "the chip refused %s memory from 0x%08x to 0x%08x",
        start->in != NULL ? "reading" : "writing", start->address,
        start->address +
            (uint32_t)(4 * sfi__adi_tar_run(start->address, start->left) - 1));
}

/* From the beginning; on a bad line, slower. */
static sfi_status
memory_reconnect(struct probe *p)
{
    sfi_status st = sfi__probe_connect_port(p);

    while (st != SFI_OK && p->line_is_bad && sfi__probe_slow_down(p))
        st = sfi__probe_connect_port(p);
    return st;
}

/* Prepare another attempt; a failure is final. */
static sfi_status
memory_prepare_retry(struct probe *p, const struct job *start, enum adi_ack ack)
{
    const struct clock *clock = p->ctx->clock;

    switch (ack) {
    case ADI_ACK_OK:
        return SFI_OK;
    case ADI_ACK_FAULT:
        return memory_report_fault(p, start);
    case ADI_ACK_WAIT:
        clock->sleep_ms(clock->user, TRY_MS);
        return SFI_OK;
    case ADI_ACK_NONE:
        break;
    }
    return memory_reconnect(p);
}

/* An access that hangs must be aborted, or every later one would hang too. */
static sfi_status
memory_give_up_access(struct probe *p, const struct job *j, enum adi_ack ack)
{
    struct wr w;
    sfi_status st;

    if (ack != ADI_ACK_WAIT)
        return sfi__fail(p->ctx, SFI_ERR_IO,
                         "%s is too noisy at 0x%08x: %u tries failed",
                         sfi__probe_wire_name(p->wire), j->address, TRIES);
    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_write_abort(&w, p->tap, ADI_ABORT_DAPABORT);
    st = sfi__probe_configure(p, &w);
    p->is_connected = false;
    if (st != SFI_OK)
        return st;
    return sfi__fail(p->ctx, SFI_ERR_TIMEOUT,
                     "the chip's bus does not complete the access at 0x%08x",
                     j->address);
}

/* One run, with retries. */
static sfi_status
memory_move_run(struct probe *p, struct job *j)
{
    size_t end = j->left - sfi__adi_tar_run(j->address, j->left);
    const struct job start = *j;
    struct outcome o = {.result = {.ack = ADI_ACK_OK}};
    enum adi_ack last = ADI_ACK_NONE;
    unsigned noisy = 0;

    for (unsigned i = 0; i < TRIES; i++) {
        sfi_status st = memory_move_run_once(p, j, end, &o);

        if (st != SFI_OK || o.result.ack == ADI_ACK_OK)
            return st;
        if (o.result.ack != ADI_ACK_WAIT)
            *j = start; /* unknown which word was lost */
        st = memory_prepare_retry(p, &start, o.result.ack);
        if (st != SFI_OK)
            return st;
        last = o.result.ack;
        if (last != ADI_ACK_WAIT && ++noisy % TRIES_AT_SPEED == 0)
            (void)sfi__probe_slow_down(p);
        o = (struct outcome){.result = {.ack = ADI_ACK_OK}};
    }
    return memory_give_up_access(p, j, last);
}

static sfi_status
memory_move_words(struct probe *p, struct job *j)
{
    sfi_status st = p->is_connected ? SFI_OK : memory_reconnect(p);

    if (st != SFI_OK)
        return st;
    if (j->address % 4 != 0)
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT,
                         "address is 0x%08x, expected a multiple of 4",
                         j->address);
    while (st == SFI_OK && j->left > 0)
        st = memory_move_run(p, j);
    return st;
}

sfi_status
sfi__probe_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    struct job j = {.address = address, .left = count, .in = words};

    return memory_move_words(user, &j);
}

sfi_status
sfi__probe_write32(void *user, uint32_t address, const uint32_t *words,
                   size_t count)
{
    struct job j = {.address = address, .left = count, .out = words};

    return memory_move_words(user, &j);
}
