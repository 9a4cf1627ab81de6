/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The CMSIS-DAP host with a virtual probe: transfers, the number of packets,
 * and errors of chip and probe. */
#include <string.h>

#include "core/ctx.h"
#include "core/err.h"
#include "sim/boot.h"
#include "sim/dap_probe.h"
#include "sim/sim.h"
#include "transport/probe/probe.h"
#include "transport/base/transport.h"

#include <bench/board.h>
#include <link/script.h>

#define RAM 0x24010000u
#define NOWHERE 0x60000000u
#define IDCODE 0x5c001000u
#define WORDS 16384u

enum blow {
    BLOW_NONE,
    BLOW_WAIT,    /* the chip is busy from access number `part` on */
    BLOW_NO_ACK,  /* noise on the wire at access `part` */
    BLOW_PARITY,  /* noise after access `part`, which is done */
    BLOW_BYTE,    /* byte `part` of the reply is changed */
    BLOW_SHORT,   /* the reply is cut to `part` bytes */
    BLOW_SILENCE, /* the reply comes too late */
    BLOW_GONE,
    BLOW_RESET, /* the chip loses its power for a moment */
    BLOWS
};

/* Errors to inject, and into which packets. */
static struct {
    enum blow blow;
    size_t from, to; /* which packets */
    size_t part;
    uint8_t byte;
    uint16_t
        packet;   /* the packet size that the probe reports; 0: the true one */
    size_t count; /* packets so far */
    size_t bytes;
    uint8_t stale[DAP_PROBE_PACKET];
    size_t stale_len;
    uint8_t setting; /* a command that is refused */
    bool is_closed;
    enum probe_wire wire;
    enum probe_start start;
    size_t asked_held; /* lists while the chip was held in reset */
} usb;

static sfi_transport *tp;
static uint32_t data[WORDS], back[WORDS];

static bool
is_list(const uint8_t *out)
{
    return out[0] == CMSIS_TRANSFER || out[0] == CMSIS_TRANSFER_BLOCK;
}

/* Only the first accesses of a list are done; then `response`. */
static size_t
cut_list(uint8_t *out, size_t len, uint8_t *in, uint8_t response)
{
    size_t at = out[0] == CMSIS_TRANSFER ? 2 : 1;
    size_t count = out[2];

    if (out[0] == CMSIS_TRANSFER_BLOCK)
        count = out[2] | (size_t)out[3] << 8;
    count = usb.part < count ? usb.part : count;
    out[2] = (uint8_t)count;
    if (out[0] == CMSIS_TRANSFER_BLOCK)
        out[3] = (uint8_t)(count >> 8);
    (void)sfi__dap_probe_packet(board.sim, out, len, in);
    in[at] = at == 2 ? response : in[at];
    in[out[0] == CMSIS_TRANSFER ? 2 : 3] = response;
    return out[0] == CMSIS_TRANSFER ? 3 : 4;
}

static sfi_status
failed(sfi_status st)
{
    return sfi__fail(ctx, st, "struck");
}

static sfi_status
strike(uint8_t *out, size_t len, uint8_t *in, size_t *got)
{
    switch (usb.blow) {
    case BLOW_WAIT:
        if (is_list(out))
            *got = cut_list(out, len, in, ADI_ACK_WAIT);
        return SFI_OK;
    case BLOW_NO_ACK:
        if (is_list(out))
            *got = cut_list(out, len, in, ADI_ACK_NONE);
        return SFI_OK;
    case BLOW_PARITY:
        if (is_list(out))
            in[out[0] == CMSIS_TRANSFER ? 2 : 3] |= CMSIS_RESPONSE_ERROR;
        return SFI_OK;
    case BLOW_BYTE:
        if (usb.part < *got)
            in[usb.part] = usb.byte;
        return SFI_OK;
    case BLOW_SHORT:
        *got = usb.part < *got ? usb.part : *got;
        return SFI_OK;
    case BLOW_SILENCE:
        memcpy(usb.stale, in, *got);
        usb.stale_len = *got;
        return failed(SFI_ERR_TIMEOUT);
    case BLOW_GONE:
        return failed(SFI_ERR_NO_DEVICE);
    case BLOW_RESET:
    case BLOW_NONE:
    case BLOWS:
        break;
    }
    return SFI_OK;
}

static sfi_status
answer_stale(uint8_t *in, size_t *got)
{
    if (usb.stale_len == 0)
        return failed(SFI_ERR_TIMEOUT);
    memcpy(in, usb.stale, usb.stale_len);
    *got = usb.stale_len;
    usb.stale_len = 0;
    return SFI_OK;
}

static sfi_status
on_xfer(void *user, const uint8_t *out, size_t out_len, uint8_t *in, size_t cap,
        size_t *got, uint32_t timeout_ms)
{
    uint8_t packet[CMSIS_PACKET_MAX], answer[DAP_PROBE_PACKET] = {0};
    bool struck;
    sfi_status st = SFI_OK;

    ck_assert_ptr_eq(user, &usb);
    ck_assert(timeout_ms > 0 && cap >= CMSIS_PACKET_MIN);
    if (out_len == 0)
        return answer_stale(in, got);
    ck_assert_uint_eq(usb.stale_len,
                      0); /* it would be taken for the reply to this command */
    ck_assert_uint_le(out_len, usb.packet > 0 ? usb.packet : DAP_PROBE_PACKET);
    struck = usb.count >= usb.from && usb.count < usb.to;
    usb.count++;
    usb.asked_held += is_list(out) && board.sim->held;
    usb.bytes += out_len;
    memcpy(packet, out, out_len);
    if (struck && usb.blow == BLOW_RESET)
        ck_assert_ok(sfi_sim_power_on(board.sim));
    if (struck && is_list(out) &&
        (usb.blow == BLOW_WAIT || usb.blow == BLOW_NO_ACK)) {
        st = strike(packet, out_len, answer, got);
    } else {
        *got = sfi__dap_probe_packet(board.sim, packet, out_len, answer);
        if (struck)
            st = strike(packet, out_len, answer, got);
    }
    if (out[0] == CMSIS_INFO && out[1] == CMSIS_INFO_PACKET_SIZE &&
        usb.packet > 0) {
        answer[2] = (uint8_t)usb.packet;
        answer[3] = (uint8_t)(usb.packet >> 8);
    }
    if (usb.setting != 0 && out[0] == usb.setting)
        answer[1] = CMSIS_STATUS_ERROR;
    if (st != SFI_OK)
        *got = 0;
    memcpy(in, answer, *got < cap ? *got : cap);
    return st;
}

static void
on_close(void *user)
{
    ck_assert_ptr_eq(user, &usb);
    usb.is_closed = true;
}

static const struct probe_io io = {.xfer = on_xfer, .close = on_close};

static sfi_status
open_probe(void)
{
    const struct probe_options options = {
        .wire = usb.wire,
        .start = usb.start,
        .speed = 1000000,
    };

    return sfi__probe_new(ctx, &io, &usb, "probe", &options, &tp);
}

static void
setup_bare(void)
{
    board_setup("stm32h753xi");
    memset(&usb, 0, sizeof(usb));
    ctx->clock = &script_clock;
    script_now = 0;
    tp = NULL;
    for (uint32_t i = 0; i < WORDS; i++)
        data[i] = i * 2654435761u;
    memset(back, 0, sizeof(back));
}

static void
setup(void)
{
    setup_bare();
    ck_assert_ok(open_probe());
    usb.count = 0;
    usb.bytes = 0;
}

static void
setup_jtag(void)
{
    setup_bare();
    usb.wire = PROBE_JTAG;
    ck_assert_ok(open_probe());
    usb.count = 0;
    usb.bytes = 0;
}

static void
teardown(void)
{
    sfi_transport_free(tp);
    board_teardown();
}

static void
hit(enum blow blow, size_t from, size_t count, size_t part)
{
    usb.blow = blow;
    usb.from = usb.count + from;
    usb.to = usb.from + count;
    usb.part = part;
}

static sfi_status
write_all(size_t words)
{
    return sfi__transport_write32(tp, RAM, data, words);
}

static sfi_status
read_all(size_t words)
{
    return sfi__transport_read32(tp, RAM, back, words);
}

/* All functions of a probe, without a chip. */
static void
assert_there(size_t words)
{
    usb.blow = BLOW_NONE;
    ck_assert_ok(read_all(words));
    ck_assert_mem_eq(back, data, 4 * words);
}

/* ---- what goes well ---- */

START_TEST(test_word)
{
    uint32_t word = 0;

    ck_assert_ok(sfi__transport_read32(tp, IDCODE, &word, 1));
    ck_assert_uint_eq(word, 0x20036450);
    ck_assert_uint_eq(usb.count, 1);
    word = 0x12345678;
    ck_assert_ok(sfi__transport_write32(tp, RAM + 4, &word, 1));
    ck_assert_uint_eq(usb.count, 2);
    ck_assert_ok(read_all(3));
    ck_assert_uint_eq(back[0], 0);
    ck_assert_uint_eq(back[1], 0x12345678);
    ck_assert_uint_eq(back[2], 0);
    ck_assert_ok(read_all(0));
    ck_assert_uint_eq(usb.count, 3);
}
END_TEST

/* Every length and address around the wrap of TAR, with every packet size. */
START_TEST(test_places)
{
    static const uint16_t packets[] = {64, 65, 68, 511, 512, 1024};

    sfi_transport_free(tp);
    tp = NULL;
    usb.packet = packets[_i];
    if (usb.packet ==
        1024) /* more than the virtual probe supports: in halves */
        usb.packet = 508;
    ck_assert_ok(open_probe());
    for (size_t words = 1; words < 600; words += test_step(73)) {
        uint32_t at = RAM + 0x400 - 4 * (uint32_t)(words % 300);

        memset(back, 0x55, sizeof(back));
        ck_assert_ok(sfi__transport_write32(tp, at, data + words, words));
        ck_assert_ok(sfi__transport_read32(tp, at - 4, back, words + 2));
        ck_assert_mem_eq(back + 1, data + words, 4 * words);
        ck_assert_uint_eq(back[words + 2], 0x55555555);
    }
}
END_TEST

/* Three packets for each KiB. */
START_TEST(test_packets)
{
    ck_assert_ok(write_all(WORDS));
    ck_assert_uint_le(usb.count, 3 * WORDS / 256);
    ck_assert_uint_le(usb.bytes, WORDS * 14 / 3);
    usb.count = 0;
    ck_assert_ok(read_all(WORDS));
    ck_assert_uint_le(usb.count, 3 * WORDS / 256);
    ck_assert_mem_eq(back, data, sizeof(data));
}
END_TEST

START_TEST(test_reset)
{
    uint64_t resets = sfi_sim_resets(board.sim);

    ck_assert_ok(sfi__transport_reset(tp, false));
    ck_assert_uint_gt(sfi_sim_resets(board.sim), resets);
    ck_assert(!board.sim->held);
    ck_assert_uint_ge(script_now, 80);
    ck_assert_ok(write_all(10));
    assert_there(10);
}
END_TEST

/* Twice for each wire. */
START_TEST(test_start)
{
    uint64_t resets = sfi_sim_resets(board.sim);

    usb.wire = _i % 2 == 0 ? PROBE_SWD : PROBE_JTAG;
    usb.start = (enum probe_start)(_i / 2);
    ck_assert_ok(open_probe());
    ck_assert_int_eq(sfi_sim_resets(board.sim) > resets,
                     usb.start != PROBE_AS_IT_IS);
    ck_assert_int_eq(usb.asked_held > 0, usb.start == PROBE_UNDER_RESET);
    ck_assert_int_eq(script_now >= 80, usb.start != PROBE_AS_IT_IS);
    ck_assert(!board.sim->held);
    ck_assert_ok(write_all(10));
    assert_there(10);
}
END_TEST

/* Whichever step fails, the chip is released from reset; a failure while it is
 * held is ignored. */
START_TEST(test_start_fails)
{
    usb.start = PROBE_UNDER_RESET;
    for (size_t at = 0; at < 16; at++) {
        usb.count = 0;
        usb.stale_len = 0;
        hit(BLOW_BYTE, at, 1, 2);
        usb.byte = 0x7f;
        if (open_probe() == SFI_OK)
            sfi_transport_free(tp);
        tp = NULL;
        ck_assert(!board.sim->held);
    }
    usb.blow = BLOW_NONE;
    ck_assert_ok(open_probe());
}
END_TEST

START_TEST(test_close)
{
    sfi_transport_free(tp);
    tp = NULL;
    ck_assert(usb.is_closed);
    ck_assert(!board.sim->probe.is_connected);
}
END_TEST

START_TEST(test_alignment)
{
    ck_assert_fails(sfi__transport_read32(tp, RAM + 2, back, 1),
                    SFI_ERR_ARGUMENT, "",
                    "address is 0x24010002, expected a multiple of 4");
}
END_TEST

/* ---- the chip ---- */

/* A fault is reported with its address, and the next call works. */
START_TEST(test_fault)
{
    ck_assert_ok(write_all(500));
    ck_assert_fails(sfi__transport_read32(tp, NOWHERE, back, 4), SFI_ERR_NACK,
                    "",
                    "the chip refused reading memory from 0x60000000 to "
                    "0x6000000f");
    assert_there(500);
    for (size_t words = 1; words < 400; words += 131) {
        ck_assert_int_eq(sfi__transport_write32(tp, NOWHERE, data, words),
                         SFI_ERR_NACK);
        ck_assert_uint_eq(board.sim->chain.dap.ctrl & ADI_STAT_STICKY, 0);
        assert_there(500);
    }
}
END_TEST

START_TEST(test_fault_message)
{
    ck_assert_fails(sfi__transport_write32(tp, NOWHERE + 0x3fc, data, 2),
                    SFI_ERR_NACK, "",
                    "the chip refused writing memory from 0x600003fc to "
                    "0x600003ff");
}
END_TEST

/* An error flag of an earlier session is cleared, not reported. */
START_TEST(test_old_fault)
{
    board.sim->chain.dap.ctrl |= ADI_STAT_STICKYERR;
    ck_assert_ok(open_probe());
    ck_assert_ok(write_all(4));
    board.sim->chain.dap.ctrl |= ADI_STAT_WDATAERR | ADI_STAT_STICKYORUN;
    ck_assert_ok(write_all(300));
    assert_there(300);
}
END_TEST

START_TEST(test_power)
{
    ck_assert_ok(
        sfi_sim_power_on(board.sim)); /* the debug port loses its state */
    ck_assert_ok(write_all(300));
    assert_there(300);
    board.sim->power.off = true;
    ck_assert_int_eq(read_all(1), SFI_ERR_TIMEOUT);
    board.sim->power.off = false;
    assert_there(300);
}
END_TEST

START_TEST(test_no_power)
{
    board.sim->power.off = true;
    ck_assert_fails(open_probe(), SFI_ERR_TIMEOUT, "",
                    "no debug port answers over SWD (acknowledge 7, expected "
                    "1); is the chip powered, and are SWDIO and SWCLK "
                    "connected");
    ck_assert_ptr_null(tp);
    ck_assert(!usb.is_closed);
    board.sim->power.off = false;
}
END_TEST

/* ---- what is struck ---- */

static const struct {
    enum blow blow;
    size_t part;
} blows[] = {
    {BLOW_WAIT, 0},   {BLOW_WAIT, 1},    {BLOW_WAIT, 20},     {BLOW_NO_ACK, 0},
    {BLOW_NO_ACK, 1}, {BLOW_NO_ACK, 20}, {BLOW_NO_ACK, 1000}, {BLOW_PARITY, 0},
    {BLOW_RESET, 0},  {BLOW_WAIT, 1000},
};

/* An error at each packet of a write and a read: all data arrives, and no
 * failure is reported. */
START_TEST(test_blow)
{
    size_t packets;

    ck_assert_ok(write_all(700));
    ck_assert_ok(read_all(700));
    packets = usb.count;
    for (size_t at = 0; at < packets; at += test_step(4)) {
        memset(board.sim->ram, 0, 4);
        hit(blows[_i].blow, at, 1, blows[_i].part);
        if (blows[_i].blow == BLOW_RESET) { /* this clears the memory */
            (void)write_all(700);
            usb.blow = BLOW_NONE;
            ck_assert_ok(write_all(700));
        } else {
            ck_assert_ok(write_all(700));
        }
        ck_assert_ok(read_all(700));
        ck_assert_mem_eq(back, data, 2800);
    }
}
END_TEST

/* A permanent error: each call ends within seconds, and the next one works. */
START_TEST(test_blow_for_ever)
{
    uint64_t now = script_now;
    size_t count = usb.count;
    sfi_status st;

    hit(blows[_i].blow, 0, SIZE_MAX - 1000, blows[_i].part);
    usb.to = SIZE_MAX;
    st = write_all(700);
    if (blows[_i].blow != BLOW_RESET && blows[_i].part < 1000) {
        ck_assert_int_ne(st, SFI_OK);
        ck_assert(st == SFI_ERR_IO || st == SFI_ERR_TIMEOUT ||
                  st == SFI_ERR_PROTOCOL);
    }
    ck_assert_uint_lt(script_now - now, 5000);
    ck_assert_uint_lt(usb.count - count, 4000);
    usb.blow = BLOW_NONE;
    ck_assert_ok(write_all(700));
    assert_there(700);
}
END_TEST

/* An access that hangs is aborted. */
START_TEST(test_hang)
{
    ck_assert_ok(write_all(1));
    hit(BLOW_WAIT, 0, 16, 0);
    ck_assert_fails(
        read_all(1), SFI_ERR_TIMEOUT, "",
        "the chip's bus does not complete the access at 0x24010000");
    assert_there(1);
}
END_TEST

/* A late reply is not taken for that of the next command. */
START_TEST(test_late)
{
    ck_assert_ok(write_all(400));
    hit(BLOW_SILENCE, 1, 1, 0);
    ck_assert_fails(read_all(400), SFI_ERR_TIMEOUT, "", "struck");
    ck_assert_uint_gt(usb.stale_len, 0);
    assert_there(400);
}
END_TEST

START_TEST(test_gone)
{
    hit(BLOW_GONE, 0, 1000, 0);
    ck_assert_fails(read_all(400), SFI_ERR_NO_DEVICE, "", "struck");
    ck_assert_fails(sfi__transport_reset(tp, false), SFI_ERR_NO_DEVICE, "",
                    "struck");
}
END_TEST

/* ---- the probe ---- */

START_TEST(test_probe_lies)
{
    static const struct {
        size_t packet, at;
        uint8_t byte;
        sfi_status st;
        const char *message;
    } rows[] = {
        {0, 0, 0xff, SFI_ERR_PROTOCOL,
         "the probe's reply to command 0x00 is not valid CMSIS-DAP"},
        {0, 1, 0x00, SFI_ERR_PROTOCOL,
         "the probe's reply to command 0x00 is not valid CMSIS-DAP"},
        {0, 1, 0xff, SFI_ERR_PROTOCOL,
         "the probe's reply to command 0x00 is not valid CMSIS-DAP"},
        {0, 3, 0x00, SFI_ERR_PROTOCOL,
         "the probe's packets have 0 bytes, expected at least 64"},
        {1, 2, 0x02, SFI_ERR_UNSUPPORTED, "the probe does not support SWD"},
        {2, 1, 0x00, SFI_ERR_IO,
         "the probe does not connect: port is 0, expected 1 (SWD)"},
        {3, 1, 0xff, SFI_ERR_IO,
         "the probe refused command 0x11 with 0xff, expected 0x00"},
        {7, 1, 0x02, SFI_ERR_PROTOCOL,
         "the probe's reply to command 0x05 is not valid CMSIS-DAP"},
        {8, 6, 0x00, SFI_ERR_TIMEOUT, NULL},
        {9, 5, 0x76, SFI_ERR_PROTOCOL,
         "access port 0 is not a memory access port: IDR is 0x84760001, "
         "expected a MEM-AP, such as 0x84770001"},
        {10, 3, 0x00, SFI_ERR_PROTOCOL,
         "access port 0 is not a memory access port: CSW is 0x2b000000, "
         "expected 0x2b000012"},
    };

    hit(BLOW_BYTE, rows[_i].packet, rows[_i].packet == 8 ? 1000 : 1,
        rows[_i].at);
    usb.byte = rows[_i].byte;
    if (rows[_i].message != NULL)
        ck_assert_fails(open_probe(), rows[_i].st, "", rows[_i].message);
    else
        ck_assert_int_eq(open_probe(), rows[_i].st);
    ck_assert_ptr_null(tp);
    ck_assert_uint_lt(usb.count, 300);
    usb.blow = BLOW_NONE;
    ck_assert_ok(open_probe());
}
END_TEST

START_TEST(test_no_jtag)
{
    usb.wire = PROBE_JTAG;
    hit(BLOW_BYTE, 1, 1, 2);
    usb.byte = CMSIS_CAPABILITY_SWD;
    ck_assert_fails(open_probe(), SFI_ERR_UNSUPPORTED, "",
                    "the probe does not support JTAG");
    hit(BLOW_BYTE, 2, 1, 1);
    usb.byte = CMSIS_PORT_NONE;
    ck_assert_fails(open_probe(), SFI_ERR_IO, "",
                    "the probe does not connect: port is 0, expected 2 (JTAG)");
    board.sim->power.off = true;
    usb.blow = BLOW_NONE;
    ck_assert_fails_about(open_probe(), SFI_ERR_TIMEOUT, "", "TDO stays high");
    board.sim->power.off = false;
    ck_assert_ok(open_probe());
}
END_TEST

/* Each reply while opening, reading and writing, cut at each length. */
START_TEST(test_short)
{
    for (size_t at = 0; at < 10; at++) {
        for (size_t len = 0; len < 2; len++) {
            hit(BLOW_SHORT, at, 1, len);
            ck_assert_int_eq(open_probe(), SFI_ERR_PROTOCOL);
            ck_assert_ptr_null(tp);
        }
    }
    usb.blow = BLOW_NONE;
    ck_assert_ok(open_probe());
    for (size_t len = 0; len < 20; len++) {
        hit(BLOW_SHORT, 0, 1, len);
        ck_assert_int_eq(read_all(5), len < 23 ? SFI_ERR_PROTOCOL : SFI_OK);
        usb.blow = BLOW_NONE;
        ck_assert_ok(read_all(1));
        hit(BLOW_SHORT, 0, 1, len);
        ck_assert_int_eq(write_all(5), len < 11 ? SFI_ERR_PROTOCOL : SFI_OK);
        usb.blow = BLOW_NONE;
        ck_assert_ok(read_all(1));
    }
}
END_TEST

/* If a probe loses a reply during reset, the chip is released afterwards. */
START_TEST(test_reset_cut_short)
{
    static const enum blow lost[] = {BLOW_SHORT, BLOW_SILENCE};

    ck_assert_ok(open_probe());
    for (size_t i = 0; i < 2 * ROWS(lost); i++) {
        hit(lost[i / 2], i % 2, 1, 0);
        ck_assert_int_ne(sfi__transport_reset(tp, true), SFI_OK);
        usb.blow = BLOW_NONE;
        ck_assert_ok(read_all(5));
        ck_assert(!board.sim->held);
    }
}
END_TEST

START_TEST(test_no_memory)
{
    memory.fail_at = 1;
    ck_assert_int_eq(open_probe(), SFI_ERR_NOMEM);
    ck_assert(!usb.is_closed);
    memory.fail_at = 2;
    ck_assert_int_eq(open_probe(), SFI_ERR_NOMEM);
    ck_assert(!usb.is_closed);
}
END_TEST

START_TEST(test_in_process)
{
    uint32_t id = 0;

    ck_assert_ok(sfi_sim_transport(board.sim, "swd", &tp));
    ck_assert_ok(sfi__transport_read32(tp, IDCODE, &id, 1));
    ck_assert_uint_eq(id, 0x20036450);
    ck_assert_ok(write_all(WORDS));
    assert_there(WORDS);
}
END_TEST

/* The cases for both wires. */
static void
add_host(TCase *tc, SFun set_up)
{
    tcase_add_checked_fixture(tc, set_up, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_word);
    tcase_add_loop_test(tc, test_places, 0, 6);
    tcase_add_test(tc, test_packets);
    tcase_add_test(tc, test_reset);
    tcase_add_test(tc, test_close);
    tcase_add_test(tc, test_alignment);
    tcase_add_test(tc, test_fault);
    tcase_add_test(tc, test_fault_message);
    tcase_add_test(tc, test_power);
    tcase_add_loop_test(tc, test_blow, 0, (int)ROWS(blows));
    tcase_add_loop_test(tc, test_blow_for_ever, 0, (int)ROWS(blows));
    tcase_add_test(tc, test_hang);
    tcase_add_test(tc, test_late);
    tcase_add_test(tc, test_gone);
}

int
main(void)
{
    Suite *s = suite_create("probe");
    TCase *tc = tcase_create("SWD");

    add_host(tc, setup);
    suite_add_tcase(s, tc);
    tc = tcase_create("JTAG");
    add_host(tc, setup_jtag);
    suite_add_tcase(s, tc);
    tc = tcase_create("opening");
    tcase_add_checked_fixture(tc, setup_bare, teardown);
    tcase_add_loop_test(tc, test_start, 0, 6);
    tcase_add_test(tc, test_start_fails);
    tcase_add_test(tc, test_old_fault);
    tcase_add_test(tc, test_no_power);
    tcase_add_loop_test(tc, test_probe_lies, 0, 11);
    tcase_add_test(tc, test_no_jtag);
    tcase_add_test(tc, test_short);
    tcase_add_test(tc, test_reset_cut_short);
    tcase_add_test(tc, test_no_memory);
    tcase_add_test(tc, test_in_process);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
