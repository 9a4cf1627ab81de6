#include "transport/probe.h"

#include <string.h>

#include "core/ctx.h"
#include "core/err.h"
#include "proto/cmsis_dap.h"
#include "transport/transport.h"

/* A probe answers when its list is done: 255 accesses that each wait a hundred
 * times, at 100 kHz. */
#define ANSWER_MS 15000u
/* What a former program did not fetch is there at once. */
#define STALE_MS 10u
#define STALE_MAX 16u
/* How often the probe itself asks a chip that says WAIT, and how often we do:
 * an access to flash that is being erased waits. */
#define WAIT_RETRIES 100u
#define TRIES 16u
#define TRY_MS 2u
/* Clocks with the line low after each access, so that it is carried out. */
#define IDLE_CLOCKS 2u
/* IHI 0031, B2.2.2: until the acknowledges of power-up. */
#define POWER_TRIES 100u
#define POWER_MS 1u
/* As long as the serial port's reset. */
#define RESET_PULSE_MS 20u
#define BOOT_MS 60u

#define ABORT_CLEAR                                                   \
    (ADI_ABORT_STKCMPCLR | ADI_ABORT_STKERRCLR | ADI_ABORT_WDERRCLR | \
     ADI_ABORT_ORUNERRCLR)
#define CSW (ADI_CSW_PROT | ADI_CSW_INC_SINGLE | ADI_CSW_SIZE_32)
#define AP_MEMORY 0u /* the AXI-AP of an STM32H7 */

struct probe {
    sfi_ctx *ctx; /* borrowed: the transport holds it */
    struct probe_io io;
    void *user;
    bool is_up; /* the debug port is as line_up() leaves it */
    size_t packet;
    uint8_t out[CMSIS_PACKET_MAX];
    uint8_t in[CMSIS_PACKET_MAX];
};

/* How far a run has come. */
struct outcome {
    struct cmsis_result result;
    bool settled; /* what was written is known to have arrived */
};

/* Words that are on their way. */
struct job {
    uint32_t address;
    size_t left;
    uint32_t *in;        /* a read */
    const uint32_t *out; /* a write */
};

static const struct adi_request dpidr_read = {false, true, ADI_DP_DPIDR};
static const struct adi_request abort_write = {false, false, ADI_DP_ABORT};
static const struct adi_request stat_read = {false, true, ADI_DP_CTRL_STAT};
static const struct adi_request ctrl_write = {false, false, ADI_DP_CTRL_STAT};
static const struct adi_request select_write = {false, false, ADI_DP_SELECT};
static const struct adi_request rdbuff_read = {false, true, ADI_DP_RDBUFF};
static const struct adi_request csw_write = {true, false, ADI_AP_CSW};
static const struct adi_request csw_read = {true, true, ADI_AP_CSW};
static const struct adi_request tar_write = {true, false, ADI_AP_TAR};
static const struct adi_request drw_read = {true, true, ADI_AP_DRW};
static const struct adi_request drw_write = {true, false, ADI_AP_DRW};

/* ---- packets ---- */

static sfi_status
no_answer(struct probe *p)
{
    return sfi__fail(p->ctx, SFI_ERR_PROTOCOL,
                     "the probe's answer to command 0x%02x is none of "
                     "CMSIS-DAP",
                     p->out[0]);
}

/* `w` is over p->out. */
static sfi_status
exchange(struct probe *p, const struct wr *w, struct rd *answer)
{
    size_t got = 0;
    sfi_status st;

    if (!wr_ok(w))
        return sfi__fail(p->ctx, SFI_ERR_INTERNAL,
                         "a packet for the probe is too long");
    st = p->io.xfer(p->user, p->out, wr_len(w), p->in, sizeof(p->in), &got,
                    ANSWER_MS);
    if (st == SFI_OK && got > sizeof(p->in))
        st = no_answer(p);
    if (st != SFI_OK)
        p->is_up = false; /* an answer may still be on its way */
    rd_init(answer, p->in, st == SFI_OK ? got : 0);
    return st;
}

static sfi_status
info(struct probe *p, enum cmsis_info id, uint32_t *value)
{
    const uint8_t *data;
    struct wr w;
    struct rd r;
    size_t len;
    sfi_status st;

    wr_init(&w, p->out, sizeof(p->out));
    cmsis_put_info(&w, id);
    st = exchange(p, &w, &r);
    if (st != SFI_OK)
        return st;
    if (!cmsis_take_info(&r, &data, &len) || len < 1)
        return no_answer(p);
    *value = data[0];
    if (len > 1)
        *value |= (uint32_t)data[1] << 8;
    return SFI_OK;
}

/* A command whose answer is one byte. */
static sfi_status
order(struct probe *p, const struct wr *w, uint8_t *value)
{
    struct rd r;
    sfi_status st = exchange(p, w, &r);

    if (st == SFI_OK &&
        !cmsis_take_byte(&r, (enum cmsis_command)p->out[0], value))
        st = no_answer(p);
    return st;
}

/* That byte is a status. */
static sfi_status
setting(struct probe *p, const struct wr *w)
{
    uint8_t status;
    sfi_status st = order(p, w, &status);

    if (st == SFI_OK && status != CMSIS_STATUS_OK)
        st = sfi__fail(p->ctx, SFI_ERR_IO,
                       "the probe refused command 0x%02x with 0x%02x, expected "
                       "0x00",
                       p->out[0], status);
    return st;
}

static sfi_status
transfer(struct probe *p, const struct cmsis_transfer *t,
         struct cmsis_result *result, uint32_t *words)
{
    struct rd r;
    sfi_status st = exchange(p, &t->w, &r);

    if (st == SFI_OK && !cmsis_take_transfer(&r, t, result, words))
        st = no_answer(p);
    return st;
}

/* ---- the debug port ---- */

/* Answers to what nobody waits for any more. */
static void
drop_stale(struct probe *p)
{
    for (unsigned i = 0; i < STALE_MAX; i++) {
        size_t got = 0;

        if (p->io.xfer(p->user, NULL, 0, p->in, sizeof(p->in), &got,
                       STALE_MS) != SFI_OK)
            break;
    }
    sfi__clear_error(p->ctx);
}

/* IHI 0031, B5.2.1: JTAG to SWD, between line resets; then a few zeros. */
static sfi_status
select_swd(struct probe *p)
{
    static const uint8_t bits[] = {
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        ADI_SELECT_SWD & 0xff,
        ADI_SELECT_SWD >> 8,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0x00,
    };
    struct wr w;

    wr_init(&w, p->out, sizeof(p->out));
    cmsis_put_sequence(&w, 8 * sizeof(bits), bits);
    return setting(p, &w);
}

static sfi_status
dead_line(struct probe *p, enum adi_ack ack)
{
    return sfi__fail_peer(p->ctx, SFI_ERR_TIMEOUT, (int32_t)ack,
                          "no debug port answers over SWD (acknowledge %d, "
                          "expected 1); is the chip powered, and are SWDIO and "
                          "SWCLK connected",
                          (int)ack);
}

/* After a line reset a DP answers nothing but a read of its id. */
static sfi_status
read_id(struct probe *p)
{
    struct cmsis_transfer t;
    struct cmsis_result result;
    uint32_t id;
    sfi_status st;

    cmsis_transfer_begin(&t, p->out, p->packet);
    (void)cmsis_transfer_add(&t, &dpidr_read, 0);
    st = transfer(p, &t, &result, &id);
    if (st == SFI_OK && result.ack != ADI_ACK_OK)
        st = dead_line(p, result.ack);
    return st;
}

static sfi_status
power_up(struct probe *p)
{
    const struct clock *clock = p->ctx->clock;

    for (unsigned i = 0; i < POWER_TRIES; i++) {
        struct cmsis_transfer t;
        struct cmsis_result result;
        uint32_t stat;
        sfi_status st;

        cmsis_transfer_begin(&t, p->out, p->packet);
        (void)cmsis_transfer_add(&t, &abort_write, ABORT_CLEAR);
        (void)cmsis_transfer_add(&t, &select_write,
                                 adi_select(AP_MEMORY, ADI_AP_CSW));
        (void)cmsis_transfer_add(&t, &ctrl_write, ADI_CTRL_PWRUP);
        (void)cmsis_transfer_add(&t, &stat_read, 0);
        st = transfer(p, &t, &result, &stat);
        if (st != SFI_OK)
            return st;
        if (result.ack == ADI_ACK_NONE)
            return dead_line(p, result.ack);
        if (result.ack == ADI_ACK_OK &&
            (stat & ADI_STAT_PWRUP) == ADI_STAT_PWRUP)
            return SFI_OK;
        clock->sleep_ms(clock->user, POWER_MS);
    }
    return sfi__fail(p->ctx, SFI_ERR_TIMEOUT,
                     "the chip's debug port does not power up");
}

/* Words, and the address counts; an AP that cannot is no memory's. */
static sfi_status
set_up_ap(struct probe *p)
{
    struct cmsis_transfer t;
    struct cmsis_result result;
    uint32_t csw = 0;
    sfi_status st;

    cmsis_transfer_begin(&t, p->out, p->packet);
    (void)cmsis_transfer_add(&t, &csw_write, CSW);
    (void)cmsis_transfer_add(&t, &csw_read, 0);
    st = transfer(p, &t, &result, &csw);
    if (st != SFI_OK)
        return st;
    if (result.ack == ADI_ACK_OK && (csw & (ADI_CSW_INC | ADI_CSW_SIZE)) ==
                                        (ADI_CSW_INC_SINGLE | ADI_CSW_SIZE_32))
        return SFI_OK;
    return sfi__fail(p->ctx, SFI_ERR_PROTOCOL,
                     "access port 0 is none of a memory: CSW is 0x%08x, "
                     "expected 0x%08x",
                     csw, CSW);
}

static sfi_status
line_up(struct probe *p)
{
    sfi_status st;

    drop_stale(p);
    st = select_swd(p);
    if (st == SFI_OK)
        st = read_id(p);
    if (st == SFI_OK)
        st = power_up(p);
    if (st == SFI_OK)
        st = set_up_ap(p);
    p->is_up = st == SFI_OK;
    return st;
}

/* ---- memory ---- */

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

/* The last writes are on the bus when RDBUFF can be read; whether they went
 * well CTRL/STAT knows.  false: there is no room for the two. */
static bool
add_settling(struct cmsis_transfer *t)
{
    struct cmsis_transfer before = *t;
    uint8_t count = t->w.start[2];

    if (cmsis_transfer_add(t, &rdbuff_read, 0) &&
        cmsis_transfer_add(t, &stat_read, 0))
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

/* Set the address, and move what fits beside it, at most `run` words. */
static sfi_status
begin_run(struct probe *p, struct job *j, size_t run, struct outcome *o)
{
    uint32_t words[CMSIS_PACKET_MAX / 4];
    struct cmsis_transfer t;
    size_t n = 0;
    sfi_status st;

    cmsis_transfer_begin(&t, p->out, p->packet);
    (void)cmsis_transfer_add(&t, &tar_write, j->address);
    while (n < run &&
           cmsis_transfer_add(&t, j->in != NULL ? &drw_read : &drw_write,
                              j->in != NULL ? 0 : j->out[n]))
        n++;
    o->settled = j->in != NULL || (n == run && add_settling(&t));
    st = transfer(p, &t, &o->result, words);
    if (st != SFI_OK)
        return st;
    account(j, &o->result, 1, n);
    if (o->result.ack != ADI_ACK_OK)
        return SFI_OK;
    if (j->in != NULL)
        memcpy(j->in - n, words, 4 * n);
    else if (o->settled)
        judge_settling(&o->result, words[1]);
    return SFI_OK;
}

static sfi_status
block(struct probe *p, struct job *j, size_t run, struct cmsis_result *result)
{
    bool read = j->in != NULL;
    size_t room = cmsis_block_room(p->packet, read);
    size_t n = run < room ? run : room;
    struct wr w;
    struct rd r;
    sfi_status st;

    wr_init(&w, p->out, p->packet);
    cmsis_put_block(&w, read ? &drw_read : &drw_write, n, j->out);
    st = exchange(p, &w, &r);
    if (st != SFI_OK)
        return st;
    if (!cmsis_take_block(&r, read, n, result, j->in))
        return no_answer(p);
    account(j, result, 0, n);
    return SFI_OK;
}

static sfi_status
settle(struct probe *p, struct outcome *o)
{
    struct cmsis_transfer t;
    uint32_t words[2] = {0};
    sfi_status st;

    cmsis_transfer_begin(&t, p->out, p->packet);
    o->settled = add_settling(&t);
    st = transfer(p, &t, &o->result, words);
    if (st == SFI_OK)
        judge_settling(&o->result, words[1]);
    return st;
}

/* Up to where TAR must be written again, or to what went wrong. */
static sfi_status
one_run(struct probe *p, struct job *j, size_t end, struct outcome *o)
{
    sfi_status st = SFI_OK;

    if (j->left > end)
        st = begin_run(p, j, j->left - end, o);
    while (st == SFI_OK && o->result.ack == ADI_ACK_OK && j->left > end)
        st = block(p, j, j->left - end, &o->result);
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

    cmsis_transfer_begin(&t, p->out, p->packet);
    (void)cmsis_transfer_add(&t, &stat_read, 0);
    (void)cmsis_transfer_add(&t, &abort_write, ABORT_CLEAR);
    *stat = 0;
    st = transfer(p, &t, &result, stat);
    if (st == SFI_OK && result.ack != ADI_ACK_OK)
        st = dead_line(p, result.ack);
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
            (uint32_t)(4 * adi_tar_run(start->address, start->left) - 1));
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
    return line_up(p);
}

/* The access that hangs is given up, or no other will ever be done. */
static sfi_status
give_up(struct probe *p, const struct job *j, enum adi_ack ack)
{
    struct wr w;
    sfi_status st;

    if (ack != ADI_ACK_WAIT)
        return sfi__fail(p->ctx, SFI_ERR_IO,
                         "SWD is too noisy at 0x%08x: %u tries failed",
                         j->address, TRIES);
    wr_init(&w, p->out, sizeof(p->out));
    cmsis_put_write_abort(&w, ADI_ABORT_DAPABORT);
    st = setting(p, &w);
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
    size_t end = j->left - adi_tar_run(j->address, j->left);
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
    sfi_status st = p->is_up ? SFI_OK : line_up(p);

    if (st == SFI_OK && j->address % 4 != 0)
        st = sfi__fail(p->ctx, SFI_ERR_ARGUMENT,
                       "address is 0x%08x, expected a multiple of 4",
                       j->address);
    while (st == SFI_OK && j->left > 0)
        st = insist(p, j);
    return st;
}

static sfi_status
on_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    struct job j = {.address = address, .left = count, .in = words};

    return move(user, &j);
}

static sfi_status
on_write32(void *user, uint32_t address, const uint32_t *words, size_t count)
{
    struct job j = {.address = address, .left = count, .out = words};

    return move(user, &j);
}

/* ---- the probe ---- */

static sfi_status
drive_reset(struct probe *p, bool low)
{
    struct wr w;
    uint8_t pins;

    wr_init(&w, p->out, sizeof(p->out));
    cmsis_put_pins(&w, low ? 0 : CMSIS_PIN_NRESET, CMSIS_PIN_NRESET, 0);
    return order(p, &w, &pins);
}

/* A probe has no line to BOOT0: it stays as the board has it. */
static sfi_status
on_reset(void *user, int into_boot)
{
    struct probe *p = user;
    const struct clock *clock = p->ctx->clock;
    sfi_status st = drive_reset(p, true);

    (void)into_boot;
    if (st != SFI_OK)
        return st;
    clock->sleep_ms(clock->user, RESET_PULSE_MS);
    st = drive_reset(p, false);
    clock->sleep_ms(clock->user, BOOT_MS);
    p->is_up = false;
    return st;
}

/* The probe lets go of the pins. */
static void
on_close(void *user)
{
    struct probe *p = user;
    sfi_ctx *ctx = p->ctx;
    struct wr w;
    uint8_t status;

    wr_init(&w, p->out, sizeof(p->out));
    cmsis_put_disconnect(&w);
    (void)order(p, &w, &status);
    if (p->io.close != NULL)
        p->io.close(p->user);
    sfi__ctx_dealloc(ctx, p);
}

static sfi_status
sizes(struct probe *p)
{
    uint32_t packet = 0, capabilities = 0;
    sfi_status st = info(p, CMSIS_INFO_PACKET_SIZE, &packet);

    if (st == SFI_OK)
        st = info(p, CMSIS_INFO_CAPABILITIES, &capabilities);
    if (st != SFI_OK)
        return st;
    if (packet < CMSIS_PACKET_MIN)
        return sfi__fail(p->ctx, SFI_ERR_PROTOCOL,
                         "the probe's packets have %u bytes, expected at least "
                         "%u",
                         packet, CMSIS_PACKET_MIN);
    if ((capabilities & CMSIS_CAPABILITY_SWD) == 0)
        return sfi__fail(p->ctx, SFI_ERR_UNSUPPORTED, "the probe has no SWD");
    p->packet = packet < CMSIS_PACKET_MAX ? packet : CMSIS_PACKET_MAX;
    return SFI_OK;
}

static sfi_status
take_pins(struct probe *p)
{
    struct wr w;
    uint8_t port;
    sfi_status st;

    wr_init(&w, p->out, sizeof(p->out));
    cmsis_put_connect(&w, CMSIS_PORT_SWD);
    st = order(p, &w, &port);
    if (st == SFI_OK && port != CMSIS_PORT_SWD)
        st = sfi__fail(p->ctx, SFI_ERR_IO,
                       "the probe does not connect: port is %u, expected %u "
                       "(SWD)",
                       port, (unsigned)CMSIS_PORT_SWD);
    return st;
}

static sfi_status
set_up(struct probe *p, uint32_t speed)
{
    struct wr w;
    sfi_status st;

    drop_stale(p);
    st = sizes(p);
    if (st == SFI_OK)
        st = take_pins(p);
    if (st != SFI_OK)
        return st;
    wr_init(&w, p->out, sizeof(p->out));
    cmsis_put_clock(&w, speed);
    st = setting(p, &w);
    if (st != SFI_OK)
        return st;
    wr_init(&w, p->out, sizeof(p->out));
    cmsis_put_configure(&w, IDLE_CLOCKS, WAIT_RETRIES);
    st = setting(p, &w);
    if (st != SFI_OK)
        return st;
    wr_init(&w, p->out, sizeof(p->out));
    cmsis_put_swd_configure(&w);
    st = setting(p, &w);
    return st == SFI_OK ? line_up(p) : st;
}

sfi_status
sfi__probe_new(sfi_ctx *ctx, const struct probe_io *io, void *user,
               const char *name, uint32_t speed, sfi_transport **out)
{
    static const sfi_dap_ops ops = {
        .struct_size = sizeof(ops),
        .read32 = on_read32,
        .write32 = on_write32,
        .reset = on_reset,
        .close = on_close,
    };
    struct probe *p = sfi__ctx_alloc(ctx, sizeof(*p));
    sfi_status st;

    if (p == NULL)
        return SFI_ERR_NOMEM;
    p->ctx = ctx;
    p->io = *io;
    p->user = user;
    p->packet = CMSIS_PACKET_MIN;
    st = set_up(p, speed);
    if (st == SFI_OK)
        st = sfi__transport_new(ctx, TRANSPORT_DAP, &ops, p, name, out);
    if (st != SFI_OK)
        sfi__ctx_dealloc(ctx, p);
    return st;
}
