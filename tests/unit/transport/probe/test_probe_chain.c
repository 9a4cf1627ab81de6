/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* JTAG chains with several TAPs: the position of the debug port, and the errors
 * when it cannot be found. */
#include <string.h>

#include "proto/cmsis_dap.h"
#include "transport/probe/probe.h"

#include "fixture.h"

#define DP 0x6ba00477u
#define ST 0x06450041u
#define OTHER 0x12345679u
#define TAPS 10u
#define SHIFT_DR 4
#define SHIFT_IR 11

/* From TDO to TDI. */
struct row {
    const char *name;
    uint32_t idcode[TAPS];
    uint8_t ir_len[TAPS + 1];     /* ends with 0 */
    uint8_t want[CMSIS_TAPS_MAX]; /* IR lengths that the probe receives */
    uint8_t tap;
    sfi_status st;
    const char *message;
};

static const struct row rows[] = {
    {"alone", {DP}, {4}, {4}, 0, SFI_OK, NULL},
    {"an STM32", {DP, ST}, {4, 5}, {4, 5}, 0, SFI_OK, NULL},
    {"the other way round", {ST, DP}, {5, 4}, {5, 4}, 1, SFI_OK, NULL},
    {"another version", {0x4ba00477, ST}, {4, 5}, {4, 5}, 0, SFI_OK, NULL},
    {"no IDCODE", {DP, 0, ST}, {4, 7, 5}, {4, 2, 10}, 0, SFI_OK, NULL},
    {"two unknown ones",
     {OTHER, 0, DP},
     {8, 6, 4},
     {2, 12, 4},
     2,
     SFI_OK,
     NULL},
    {"one on either side",
     {OTHER, DP, ST},
     {8, 4, 5},
     {8, 4, 5},
     1,
     SFI_OK,
     NULL},
    {"as many as there may be",
     {0, 0, 0, 0, 0, 0, 0, DP},
     {2, 2, 2, 2, 2, 2, 2, 4},
     {2, 2, 2, 2, 2, 2, 2, 4},
     7,
     SFI_OK,
     NULL},
    {"strangers on both sides",
     {OTHER, DP, 0},
     {8, 4, 6},
     {0},
     0,
     SFI_ERR_UNSUPPORTED,
     "the JTAG chain's 3 TAPs have 18 bits of IR; cannot tell which of "
     "them belong to the debug port"},
    {"too long",
     {DP, OTHER, OTHER},
     {4, 32, 32},
     {0},
     0,
     SFI_ERR_UNSUPPORTED,
     "the JTAG chain's 3 TAPs have 64 bits of IR; cannot tell which of "
     "them belong to the debug port"},
    {"less than all have",
     {DP, 0, 0},
     {4, 2, 1},
     {0},
     0,
     SFI_ERR_UNSUPPORTED,
     "the JTAG chain's 3 TAPs have 7 bits of IR; cannot tell which of "
     "them belong to the debug port"},
    {"two of them",
     {DP, ST, DP},
     {4, 5, 4},
     {0},
     0,
     SFI_ERR_UNSUPPORTED,
     "TAPs 0 and 2 of the JTAG chain are debug ports, expected one"},
    {"none",
     {OTHER, ST},
     {4, 5},
     {0},
     0,
     SFI_ERR_NO_DEVICE,
     "no debug port among the JTAG chain's 2 TAPs: the first IDCODE is "
     "0x12345679, expected 0x6ba00477"},
    {"too many",
     {DP, 0, 0, 0, 0, 0, 0, 0, 0},
     {4, 2, 2, 2, 2, 2, 2, 2, 2},
     {0},
     0,
     SFI_ERR_UNSUPPORTED,
     "the JTAG chain has more than 8 TAPs"},
    {"nobody",
     {0},
     {0},
     {0},
     0,
     SFI_ERR_TIMEOUT,
     "no debug port answers over JTAG: TDO stays high; is the chip powered, "
     "and are TCK, TMS, TDI and TDO connected"},
    {"TDO to ground",
     {0},
     {2, 2, 2, 2, 2, 2, 2, 2, 2, 2},
     {0},
     0,
     SFI_ERR_TIMEOUT,
     "no debug port answers over JTAG: TDO stays low; is the chip powered, and "
     "are TCK, TMS, TDI and TDO connected"},
};

/* The state of a simulated chain: its state machine, and the bits between TDI
 * and TDO. */
static struct {
    const struct row *row;
    int state;
    uint8_t bits[400];
    size_t len;
    uint8_t told[CMSIS_TAPS_MAX]; /* by the host */
    size_t told_len;
    uint8_t tap; /* of the first list */
    size_t lists;
    size_t scans;
    size_t noisy; /* number of first scans that are disturbed */
} chain;

/* IEEE 1149.1, figure 6-1; Select-DR is 2, Select-IR 9. */
static const int next[][2] = {
    {1, 0}, {1, 2},  {3, 9},   {4, 5},   {4, 5},   {6, 8},   {6, 7},   {4, 8},
    {1, 2}, {10, 0}, {11, 12}, {11, 12}, {13, 15}, {13, 14}, {11, 15}, {1, 2},
};

static void
put(uint32_t value, size_t bits)
{
    for (size_t i = 0; i < bits; i++)
        chain.bits[chain.len++] = value >> i & 1;
}

static void
capture(bool ir)
{
    chain.len = 0;
    for (size_t i = 0; chain.row->ir_len[i] != 0; i++) {
        if (ir)
            put(1, chain.row->ir_len[i]);
        else
            put(chain.row->idcode[i], chain.row->idcode[i] != 0 ? 32 : 1);
    }
}

static uint8_t
clock_once(bool tms, bool tdi)
{
    uint8_t tdo = 1;

    if (chain.state == SHIFT_DR || chain.state == SHIFT_IR) {
        put(tdi, 1);
        tdo = chain.bits[0];
        memmove(chain.bits, chain.bits + 1, --chain.len);
    }
    chain.state = next[chain.state][tms];
    if (chain.state == 3 || chain.state == 10)
        capture(chain.state == 10);
    return tdo;
}

/* Clock one sequence; returns its length in the packet. */
static size_t
sequence(const uint8_t *out, uint8_t *in, size_t *got)
{
    size_t clocks = (out[0] & 0x3f) != 0 ? out[0] & 0x3f : 64;

    for (size_t i = 0; i < clocks; i++) {
        uint8_t tdo = clock_once((out[0] & 0x40) != 0,
                                 (out[1 + i / 8] >> i % 8 & 1) != 0);

        if ((out[0] & 0x80) == 0)
            continue;
        if (i % 8 == 0)
            in[(*got)++] = 0;
        in[*got - 1] |= (uint8_t)(tdo << i % 8);
    }
    return 1 + (clocks + 7) / 8;
}

/* The chip disappears before the first list. */
static sfi_status
on_xfer(void *user, const uint8_t *out, size_t out_len, uint8_t *in, size_t cap,
        size_t *got, uint32_t timeout_ms)
{
    size_t at = 2;

    (void)user;
    (void)timeout_ms;
    ck_assert_uint_ge(cap, CMSIS_PACKET_MIN);
    ck_assert_uint_le(out_len, CMSIS_PACKET_MIN);
    *got = 2;
    if (out_len == 0)
        return SFI_ERR_TIMEOUT;
    in[0] = out[0];
    in[1] = out[0] == CMSIS_CONNECT ? CMSIS_PORT_JTAG : CMSIS_STATUS_OK;
    if (out[0] == CMSIS_INFO) {
        memcpy(in, out[1] == 0xf0 ? "\0\1\2" : "\0\2\x40", 4);
        *got = 4;
    } else if (out[0] == CMSIS_JTAG_SEQUENCE) {
        for (size_t i = 0; i < out[1]; i++)
            at += sequence(out + at, in, got);
        ck_assert_uint_eq(at, out_len);
        if (chain.scans++ < chain.noisy)
            in[2 + chain.scans / 2 % (*got - 2)] ^= 0x10;
    } else if (out[0] == CMSIS_JTAG_CONFIGURE) {
        chain.told_len = out[1];
        ck_assert_uint_eq(out_len, 2u + out[1]);
        memcpy(chain.told, out + 2, out[1]);
    } else if (out[0] == CMSIS_TRANSFER) {
        chain.tap = out[1];
        chain.lists++;
        memcpy(in, "\5\0\7", 3);
        *got = 3;
    }
    return SFI_OK;
}

START_TEST(test_chain)
{
    static const struct probe_io io = {.xfer = on_xfer};
    const struct row *row = &rows[_i];
    static const struct probe_options options = {
        .wire = PROBE_JTAG,
        .speed = 1000000,
    };
    sfi_transport *tp = NULL;
    sfi_status st;
    size_t taps = 0;

    memset(&chain, 0, sizeof(chain));
    chain.row = row;
    chain.state = SHIFT_IR; /* from any state */
    st = sfi__probe_new(ctx, &io, NULL, "probe", &options, &tp);
    ck_assert_ptr_null(tp);
    while (row->want[taps] != 0 && ++taps < CMSIS_TAPS_MAX)
        continue;
    ck_assert_msg(chain.told_len == taps &&
                      memcmp(chain.told, row->want, taps) == 0,
                  "%s: the probe was told of %zu TAPs: %u %u %u", row->name,
                  chain.told_len, chain.told[0], chain.told[1], chain.told[2]);
    if (row->st != SFI_OK) {
        ck_assert_fails(st, row->st, "", row->message);
        ck_assert_uint_eq(chain.lists, 0);
        return;
    }
    ck_assert_uint_eq(chain.tap, row->tap);
    ck_assert_fails_about(st, SFI_ERR_TIMEOUT, "", "JTAG", "acknowledge 7",
                          "expected 1", "TCK, TMS, TDI and TDO");
}
END_TEST

/* The chain is scanned again until two scans agree. */
START_TEST(test_noise)
{
    static const struct probe_io io = {.xfer = on_xfer};
    static const struct probe_options options = {
        .wire = PROBE_JTAG,
        .speed = 1000000,
    };
    sfi_transport *tp = NULL;
    sfi_status st;

    memset(&chain, 0, sizeof(chain));
    chain.row = &rows[1];
    chain.noisy = (size_t)_i;
    st = sfi__probe_new(ctx, &io, NULL, "probe", &options, &tp);
    ck_assert_ptr_null(tp);
    if (_i <= 12) {
        ck_assert_int_eq(st, SFI_ERR_TIMEOUT); /* the chip has disappeared */
        ck_assert_uint_eq(chain.told_len, 2);
        ck_assert_mem_eq(chain.told, rows[1].want, 2);
        return;
    }
    ck_assert_fails(st, SFI_ERR_IO, "",
                    "JTAG is too noisy: 8 scans of the chain differ each time");
    ck_assert_uint_eq(chain.scans, 16);
    ck_assert_uint_eq(chain.told_len, 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("probe_chain");
    TCase *tc = tcase_create("chain");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_chain, 0, (int)ROWS(rows));
    tcase_add_loop_test(tc, test_noise, 0, 17);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
