/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The virtual debug probe: its exact answers, and the clocks of an access. */
#include <stdlib.h>
#include <string.h>

#include "util/text.h"
#include "sim/sim.h"
#include "transport/probe/probe.h"

#include <bench/board.h>

static sfi_transport *tp;

static void
setup(void)
{
    board_setup("stm32h753xi");
    tp = NULL;
}

static void
teardown(void)
{
    sfi_transport_free(tp);
    board_teardown();
}

static sfi_status
on_xfer(void *user, const uint8_t *out, size_t out_len, uint8_t *in, size_t cap,
        size_t *got, uint32_t timeout_ms)
{
    uint8_t answer[SFI_SIM_PROBE_PACKET];
    size_t len = sizeof(answer);

    (void)user;
    (void)timeout_ms;
    *got = 0;
    if (out_len == 0)
        return SFI_ERR_TIMEOUT;
    ck_assert_ok(sfi_sim_probe(board.sim, out, out_len, answer, &len));
    ck_assert_uint_le(len, cap);
    memcpy(in, answer, len);
    *got = len;
    return SFI_OK;
}

static const struct probe_io io = {.xfer = on_xfer};

static void
ask(const char *hex, const char *want)
{
    uint8_t out[64], in[SFI_SIM_PROBE_PACKET];
    char got[3 * SFI_SIM_PROBE_PACKET + 1] = "";
    size_t out_len = 0, in_len = sizeof(in);
    char *end;

    for (const char *p = hex; *p != '\0'; p = end) {
        out[out_len++] = (uint8_t)strtoul(p, &end, 16);
        while (*end == ' ')
            end++;
    }
    ck_assert_ok(sfi_sim_probe(board.sim, out, out_len, in, &in_len));
    for (size_t i = 0; i < in_len; i++)
        sfi__text_format(got + strlen(got), sizeof(got) - strlen(got), "%s%02x",
                         i > 0 ? " " : "", in[i]);
    ck_assert_msg(want == NULL || strcmp(got, want) == 0,
                  "[%s]: got [%s], expected [%s]", hex, got, want);
}

#define ONES "ff ff ff ff ff ff ff"

START_TEST(test_virtual)
{
    ask("", "");
    ask("07 00", ""); /* abort: not answered */
    ask("00 01", "00 07 6c 69 62 73 66 69 00");
    ask("00 03", "00 00");
    ask("00 f0", "00 01 03");
    ask("00 fe", "00 01 01");
    ask("00 ff", "00 02 00 02");
    ask("77", "ff");
    ask("02 03", "02 00"); /* no such port */
    ask("02 00", "02 01");
    ask("11 00 09 3d", "11 ff");
    ask("04 00 64 00 00 00", "04 00");
    ask("13 00", "13 00");
    ask("01 00 01", "01 00");
    ask("09 01 00", "09 00");
    ask("0a", "0a 00 00");
    /* no answer before the switch, the line reset and a read of DPIDR */
    ask("05 00 01 02", "05 00 07");
    ask("12 40 " ONES, "12 ff");
    ask("12 38 " ONES, "12 00");
    ask("05 00 01 02", "05 00 07");
    ask("12 10 9e e7", "12 00");
    ask("12 38 " ONES, "12 00");
    ask("05 00 01 06", "05 00 07");
    ask("05 00 01 02", "05 01 01 77 24 a0 6b");
    ask("12 10 3c e7", "12 00");
    ask("05 00 01 02", "05 00 07");
    ask("12 10 9e e7", "12 00");
    /* without power an AP faults, and all but DPIDR and CTRL/STAT after it */
    ask("05 00 02 02 0f", "05 01 04 77 24 a0 6b");
    ask("05 00 02 06 0e", "05 01 04 20 00 00 00");
    ask("05 00 01 04 20 00 00 00", "05 00 04");
    ask("08 00 1e 00 00 00", "08 00");
    ask("05 00 02 04 00 00 00 50 06", "05 02 01 00 00 00 f0");
    /* values that match, and do not */
    ask("05 00 01 16 00 00 00 f0", "05 01 01");
    ask("05 00 01 16 00 00 00 00", "05 00 11");
    ask("05 00 02 20 00 00 00 0f 16 00 00 00 00", "05 02 01");
    /* incomplete lists */
    ask("05 00 02 06", "05 01 07 00 00 00 f0");
    ask("06 00 02 00 05 00 00 00 00", "06 01 00 07");
    ask("06 00 00 00 05", "06 00 00 01");
    ask("05 00 00", "05 00 01");
    /* NRST */
    ask("10 00 80 00 00 00 00", "10 2f");
    ask("10 80 80 00 00 00 00", "10 af");
    ask("03", "03 00");
    ask("05 00 01 02", "05 00 07");
}
END_TEST

/* JTAG: 41 clocks for a scan of the DP, one for the other TAP's bypass in it.
 */
START_TEST(test_virtual_jtag)
{
    ask("14 01 01 ff", "14 ff"); /* not connected */
    ask("16 00", "16 ff");
    ask("02 02", "02 02");
    ask("05 00 01 06", "05 00 07"); /* no chain */
    ask("16 00", "16 ff");
    ask("15 09 04 05 04 05 04 05 04 05 04", "15 ff");
    ask("15 02 04", "15 ff");
    ask("15 02 04 05", "15 00");
    /* reset, and all IDCODEs: the core's is next to TDO */
    ask("14 07 46 ff 01 00 41 ff 02 00 80 ff ff ff ff ff ff ff ff 42 ff 01 00",
        "14 00 77 04 a0 6b 41 00 45 06");
    ask("16 00", "16 00 77 04 a0 6b");
    ask("16 02", "16 ff");
    ask("14 02 46 ff 01", "14 ff"); /* not all there */
    ask("12 08 ff", "12 00");       /* reset, by TMS alone */
    ask("12 01 00", "12 00");       /* and idle */
    /* posted reads of DP and AP, a write between them, values that match */
    ask("05 00 03 04 00 00 00 50 06 06", "05 03 01 00 00 00 f0 00 00 00 f0");
    ask("05 00 04 08 00 00 00 00 01 12 00 00 23 03 06",
        "05 04 01 52 00 00 23 00 00 00 f0");
    ask("05 00 01 16 00 00 00 f0", "05 01 01");
    ask("05 00 02 06 16 00 00 00 00", "05 01 11 00 00 00 f0");
    ask("05 02 01 06", "05 00 07"); /* no such TAP */
    ask("06 00 01 00 0d 11 22 33 44", "06 01 00 01");
    /* a fault is acknowledged, and stays until it is cleared */
    ask("05 00 03 05 00 00 00 60 0f 06", "05 03 01 00 00 00 00 20 00 00 f0");
    ask("05 00 02 04 20 00 00 50 06", "05 02 01 00 00 00 f0");
    ask("08 00 01 00 00 00", "08 00");
    /* the pins speak SWD: nothing drives TDO */
    ask("12 40 " ONES " ff", "12 00");
    ask("12 10 9e e7", "12 00");
    ask("05 00 01 06", "05 00 07");
    ask("12 10 3c e7", "12 00");
    ask("14 02 46 ff 01 00", "14 00");
    ask("05 00 01 06", "05 01 01 00 00 00 f0");
    ask("03", "03 00");
    ask("05 00 01 06", "05 00 07");
}
END_TEST

/* Clocks of one access after the other: IR, and DR scans of 41. */
START_TEST(test_clocks)
{
    static const struct {
        const char *packet;
        uint64_t jtag, swd;
    } rows[] = {
        {"05 00 01 05 00 00 01 24", 2 * 15 + 2 * 41, 2 * 46}, /* and RDBUFF */
        {"05 00 01 06", 15 + 2 * 41, 46},
        {"05 00 01 0f", 2 * 15 + 2 * 41, 2 * 46},
        {"05 00 03 0f 0f 0f", 2 * 15 + 4 * 41, 4 * 46},
        {"06 00 03 00 0f", 2 * 15 + 4 * 41, 4 * 46},
        {"05 00 02 0f 06", 2 * 15 + 4 * 41, 3 * 46},
        {"06 00 02 00 0d 00 00 00 00 00 00 00 00", 2 * 15 + 3 * 41, 3 * 46},
    };
    bool jtag = _i != 0;
    const struct probe_options options = {
        .wire = jtag ? PROBE_JTAG : PROBE_SWD,
        .speed = 1000000,
    };

    ck_assert_ok(sfi__probe_new(ctx, &io, NULL, "probe", &options, &tp));
    for (size_t i = 0; i < ROWS(rows); i++) {
        uint64_t probe = board.sim->probe.clocks;
        uint64_t tck = board.sim->chain.clocks;
        uint64_t want = jtag ? rows[i].jtag : rows[i].swd;

        ask(rows[i].packet, NULL);
        ck_assert_msg(board.sim->probe.clocks - probe == want,
                      "row %zu: %llu clocks, expected %llu", i,
                      (unsigned long long)(board.sim->probe.clocks - probe),
                      (unsigned long long)want);
        ck_assert_uint_eq(board.sim->chain.clocks - tck, jtag ? want : 0);
    }
}
END_TEST

START_TEST(test_virtual_full)
{
    uint8_t out[8] = {0x06, 0, 0xff, 0xff, 0x06};
    uint8_t in[SFI_SIM_PROBE_PACKET];
    size_t len = sizeof(in) - 1;

    ck_assert_int_eq(sfi_sim_probe(board.sim, out, 5, in, &len),
                     SFI_ERR_BUFFER);
    ck_assert_uint_eq(len, SFI_SIM_PROBE_PACKET);
    ck_assert_ok(sfi_sim_transport(board.sim, "swd", &tp));
    ck_assert_ok(sfi_sim_probe(board.sim, out, 5, in, &len));
    ck_assert_uint_le(len, SFI_SIM_PROBE_PACKET);
    ck_assert_int_eq(sfi_sim_probe(board.sim, NULL, 1, in, &len),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_sim_probe(board.sim, out, 5, in, NULL),
                     SFI_ERR_ARGUMENT);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim_probe");
    TCase *tc = tcase_create("packets");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_virtual);
    tcase_add_test(tc, test_virtual_jtag);
    tcase_add_loop_test(tc, test_clocks, 0, 2);
    tcase_add_test(tc, test_virtual_full);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
