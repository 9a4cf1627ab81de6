/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The CMSIS-DAP host with a virtual probe: how it connects: reset and halt,
 * clock, access port. */
#include <string.h>

#include "core/ctx.h"
#include "wire/mailbox.h"
#include "wire/v7m_debug.h"
#include "sim/boot.h"
#include "sim/dap_probe.h"
#include "sim/sim.h"
#include "transport/probe/probe.h"
#include "transport/base/transport.h"

#include <bench/board.h>
#include <bench/install.h>
#include <link/script.h>

#define RAM 0x24010000u
#define IDCODE 0x5c001000u
#define WORDS 700u

static struct {
    enum probe_wire wire;
    enum probe_start start;
    uint8_t ap;
    uint32_t speed;       /* that the host has set */
    uint32_t speed_max;   /* above it the line is noise; 0: none is */
    bool firmware_closes; /* a program that runs switches SWD and JTAG off */
} usb;

static sfi_transport *tp;
static uint32_t data[WORDS], back[WORDS];

/* Does the chip hear nothing? */
static bool
is_deaf(void)
{
    const struct sfi_sim *sim = board.sim;

    return (usb.speed_max > 0 && usb.speed > usb.speed_max) ||
           (usb.firmware_closes && !sim->held && !sim->core.halted &&
            (sim->core.demcr & V7M_DEMCR_VC_CORERESET) == 0);
}

static size_t
answer_nothing(const uint8_t *out, uint8_t *in)
{
    size_t len = out[0] == CMSIS_TRANSFER ? 3 : 4;

    memset(in, 0, len);
    in[0] = out[0];
    in[len - 1] = ADI_ACK_NONE;
    return len;
}

static sfi_status
on_xfer(void *user, const uint8_t *out, size_t out_len, uint8_t *in, size_t cap,
        size_t *got, uint32_t timeout_ms)
{
    uint8_t answer[DAP_PROBE_PACKET] = {0};

    (void)user;
    (void)timeout_ms;
    *got = 0;
    if (out_len == 0)
        return SFI_ERR_TIMEOUT;
    if (out[0] == CMSIS_SWJ_CLOCK)
        usb.speed = out[1] | (uint32_t)out[2] << 8 | (uint32_t)out[3] << 16;
    if (is_deaf() &&
        (out[0] == CMSIS_TRANSFER || out[0] == CMSIS_TRANSFER_BLOCK))
        *got = answer_nothing(out, answer);
    else
        *got = sfi__dap_probe_packet(board.sim, out, out_len, answer);
    memcpy(in, answer, *got < cap ? *got : cap);
    return SFI_OK;
}

static sfi_status
open_probe(void)
{
    static const struct probe_io io = {.xfer = on_xfer};
    const struct probe_options options = {
        .wire = usb.wire,
        .start = usb.start,
        .speed = 1000000,
        .ap = usb.ap,
    };

    return sfi__probe_new(ctx, &io, &usb, "probe", &options, &tp);
}

static void
setup(void)
{
    board_setup("stm32h753xi");
    memset(&usb, 0, sizeof(usb));
    ctx->clock = &script_clock;
    script_now = 0;
    tp = NULL;
    for (uint32_t i = 0; i < WORDS; i++)
        data[i] = i * 2654435761u;
}

static void
teardown(void)
{
    sfi_transport_free(tp);
    board_teardown();
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

static void
assert_there(size_t words)
{
    memset(back, 0, sizeof(back));
    ck_assert_ok(read_all(words));
    ck_assert_mem_eq(back, data, 4 * words);
}

/* ST's modes (UM2237), for each wire: HOTPLUG leaves the core alone, NORMAL
 * halts it after a reset, UR at its reset vector. */
START_TEST(test_modes)
{
    const struct core_debug *c = &board.sim->core;
    uint64_t resets;

    usb.wire = _i % 2 == 0 ? PROBE_SWD : PROBE_JTAG;
    usb.start = (enum probe_start)(_i / 2);
    ck_assert_ok(open_probe());
    ck_assert_int_eq(c->halted, usb.start != PROBE_AS_IT_IS);
    ck_assert_uint_eq(c->demcr, 0);
    if (usb.start == PROBE_AS_IT_IS) {
        ck_assert_uint_eq(c->control, 0);
        ck_assert_int_eq(board.sim->mode, SIM_STANDARD);
    } else {
        ck_assert_uint_eq(c->dfsr, usb.start == PROBE_UNDER_RESET
                                       ? V7M_DFSR_VCATCH
                                       : V7M_DFSR_HALTED);
        board_talk("> 7f <");
    }
    ck_assert_ok(write_all(10));
    /* in the end it runs, from its reset vector and without a debugger */
    resets = sfi_sim_resets(board.sim);
    sfi_transport_free(tp);
    tp = NULL;
    ck_assert_int_eq(sfi_sim_resets(board.sim) > resets,
                     usb.start != PROBE_AS_IT_IS);
    ck_assert(!c->halted && c->control == 0 && c->demcr == 0);
    board_talk("> 7f < 79");
}
END_TEST

/* A core that runs already, such as after a start, is not reset in the end. */
START_TEST(test_runs_already)
{
    const uint32_t run = V7M_DHCSR_KEY | V7M_DHCSR_C_DEBUGEN;
    uint64_t resets;

    usb.start = PROBE_UNDER_RESET;
    ck_assert_ok(open_probe());
    ck_assert_ok(sfi__transport_write32(tp, V7M_DHCSR, &run, 1));
    resets = sfi_sim_resets(board.sim);
    sfi_transport_free(tp);
    tp = NULL;
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets);
    ck_assert_uint_eq(board.sim->core.control, 0);
}
END_TEST

/* A halt that the link's owner asks for stays, whatever the mode. */
START_TEST(test_halt_stays)
{
    const uint32_t halt =
        V7M_DHCSR_KEY | V7M_DHCSR_C_DEBUGEN | V7M_DHCSR_C_HALT;

    usb.start = (enum probe_start)_i;
    ck_assert_ok(open_probe());
    ck_assert_ok(sfi__transport_write32(tp, V7M_DHCSR, &halt, 1));
    sfi_transport_free(tp);
    tp = NULL;
    ck_assert(board.sim->core.halted);
    board_talk("> 7f <");
}
END_TEST

/* Firmware that switches the debug port off, or sleeps: only UR reaches it, as
 * no instruction of it runs. */
START_TEST(test_firmware_closes)
{
    usb.firmware_closes = true;
    usb.start = (enum probe_start)_i;
    if (usb.start != PROBE_UNDER_RESET) {
        ck_assert_fails_about(open_probe(), SFI_ERR_TIMEOUT, "",
                              "no debug port answers over SWD");
        return;
    }
    ck_assert_ok(open_probe());
    ck_assert_ok(write_all(10));
    ck_assert_ok(read_all(10));
    ck_assert_mem_eq(back, data, 40);
}
END_TEST

/* A secure part has no core to halt: its mailbox can be read in every mode. */
START_TEST(test_secure)
{
    uint32_t magic = 0;

    install_activate();
    usb.start = (enum probe_start)_i;
    ck_assert_ok(open_probe());
    ck_assert_ok(sfi__transport_read32(tp, 0x24030000, &magic, 1));
    ck_assert_uint_eq(magic, SFI_MAILBOX_MAGIC);
    sfi_transport_free(tp);
    tp = NULL;
    ck_assert_int_eq(board.sim->mode, SIM_SECURE);
}
END_TEST

/* A line that is too fast is tried slower: while connecting, and later. */
START_TEST(test_slower)
{
    usb.wire = _i == 0 ? PROBE_SWD : PROBE_JTAG;
    usb.speed_max = 300000;
    ck_assert_ok(open_probe());
    ck_assert_uint_eq(usb.speed, 250000);
    ck_assert_ok(write_all(700));
    usb.speed_max = 200000;
    assert_there(700);
    ck_assert_uint_eq(usb.speed, 100000);
    /* there is an end */
    usb.speed_max = 99999;
    ck_assert_int_eq(read_all(700), SFI_ERR_TIMEOUT);
    ck_assert_uint_eq(usb.speed, 100000);
    sfi_transport_free(tp);
    tp = NULL;
    ck_assert_fails_about(open_probe(), SFI_ERR_TIMEOUT, "",
                          "no debug port answers");
    ck_assert_uint_eq(usb.speed, 100000);
}
END_TEST

/* The cacheable bit belongs to an AHB-AP: AP 0 and 1, not to the APB-AP. */
START_TEST(test_access_ports)
{
    static const struct {
        uint32_t csw, address, word;
        bool core;
    } rows[] = {
        {0x2b000012, IDCODE, 0x20036450, true},
        {0x2b000012, IDCODE, 0x20036450, false},
        {0x00000012, 0xe00e1000, 0x20036450, false},
    };
    uint32_t word = 0;

    usb.ap = (uint8_t)_i;
    ck_assert_ok(open_probe());
    ck_assert_uint_eq(board.sim->chain.dap.ap[_i].csw, rows[_i].csw);
    ck_assert_ok(sfi__transport_read32(tp, rows[_i].address, &word, 1));
    ck_assert_uint_eq(word, rows[_i].word);
    ck_assert_int_eq(sfi__transport_read32(tp, V7M_DHCSR, &word, 1),
                     rows[_i].core ? SFI_OK : SFI_ERR_NACK);
}
END_TEST

START_TEST(test_no_access_port)
{
    usb.ap = 3;
    ck_assert_fails(open_probe(), SFI_ERR_PROTOCOL, "",
                    "access port 3 is not a memory access port: IDR is "
                    "0x00000000, expected a MEM-AP, such as 0x84770001");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("probe_modes");
    TCase *tc = tcase_create("connecting");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_modes, 0, 6);
    tcase_add_test(tc, test_runs_already);
    tcase_add_loop_test(tc, test_halt_stays, 0, 3);
    tcase_add_loop_test(tc, test_firmware_closes, 0, 3);
    tcase_add_loop_test(tc, test_secure, 0, 3);
    tcase_add_loop_test(tc, test_slower, 0, 2);
    tcase_add_loop_test(tc, test_access_ports, 0, 3);
    tcase_add_test(tc, test_no_access_port);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
