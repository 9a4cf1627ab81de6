/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The whole install through a debug probe: the host's half of CMSIS-DAP, a
 * virtual probe, SWD or JTAG, and the mailbox. */
#include <string.h>

#include <sfi/device.h>
#include <sfi/target.h>

#include "sim/boot.h"
#include "sim/sim.h"
#include "transport/probe/probe.h"
#include "transport/base/transport.h"

#include <bench/station.h>

#define SIZE (256u << 10)

static sfi_status
on_xfer(void *user, const uint8_t *out, size_t out_len, uint8_t *in, size_t cap,
        size_t *got, uint32_t timeout_ms)
{
    uint8_t answer[SFI_SIM_PROBE_PACKET];
    size_t len = sizeof(answer);

    (void)user;
    *got = 0;
    sfi__sim_wait(board.sim, out_len == 0 ? timeout_ms : 1);
    if (out_len == 0)
        return SFI_ERR_TIMEOUT;
    ck_assert_ok(sfi_sim_probe(board.sim, out, out_len, answer, &len));
    ck_assert_uint_le(len, cap);
    memcpy(in, answer, len);
    *got = len;
    return SFI_OK;
}

/* Lead the station's link over the probe. */
static void
open_probe(int wire)
{
    static const struct probe_io io = {.xfer = on_xfer};
    static const struct probe_options jtag = {
        .wire = PROBE_JTAG,
        .speed = PROBE_SPEED_DEFAULT,
    };

    sfi_transport_free(station.tp);
    station.tp = NULL;
    if (wire == PROBE_JTAG)
        ck_assert_ok(
            sfi__probe_new(ctx, &io, NULL, "probe", &jtag, &station.tp));
    else
        ck_assert_ok(sfi_sim_transport(board.sim, "swd", &station.tp));
}

static void
setup(int wire)
{
    station_setup("stm32h753xi");
    open_probe(wire);
}

START_TEST(test_install)
{
    setup(_i);
    ck_assert_ok(station_install(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    ck_assert_int_eq(station_install(false), SFI_ERR_DEVICE);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     SFI_CAUSE_INSTALLED);
    ck_assert_ok(station_install(true));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

START_TEST(test_install_live)
{
    setup(_i);
    ck_assert_ok(station_install_live(false));
    install_assert_complete(&station.package);
    station_teardown();
}
END_TEST

/* Memory that a secure part hides is a fault, after which the link still works.
 */
START_TEST(test_secure)
{
    static const uint32_t hidden[] = {0x08000000, 0x24000000, 0x5c001000,
                                      0x52002000};
    uint32_t word;

    setup(_i);
    ck_assert_ok(station_install(false));
    for (size_t i = 0; i < ROWS(hidden); i++) {
        ck_assert_int_eq(sfi__transport_read32(station.tp, hidden[i], &word, 1),
                         SFI_ERR_NACK);
        ck_assert_ok(sfi__transport_read32(station.tp, 0x24030000, &word, 1));
        ck_assert_uint_eq(word, 0x4d494653);
    }
    station_teardown();
}
END_TEST

/* How much of the clocks carry content, for 256 KiB; all of the install but the
 * reset.  32 bits take 46 clocks of SWD, and 41 of JTAG with another TAP in
 * the chain. */
START_TEST(test_clocks)
{
    static const double least[] = {[PROBE_SWD] = 0.64, [PROBE_JTAG] = 0.70};
    uint64_t clocks;
    double used;

    station_setup_sized("stm32h753xi", SIZE);
    open_probe(_i);
    clocks = board.sim->probe.clocks;
    ck_assert_ok(station_install(false));
    install_assert_complete(&station.package);
    clocks = board.sim->probe.clocks - clocks;
    used = 8.0 * SIZE / (double)clocks;
    ck_assert_msg(used >= least[_i], "%.2f %% of %llu clocks", 100 * used,
                  (unsigned long long)clocks);
    station_teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("install_swd");
    TCase *tc = tcase_create("install");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_install, PROBE_SWD, PROBE_JTAG + 1);
    tcase_add_loop_test(tc, test_install_live, PROBE_SWD, PROBE_JTAG + 1);
    tcase_add_loop_test(tc, test_secure, PROBE_SWD, PROBE_JTAG + 1);
    tcase_add_loop_test(tc, test_clocks, PROBE_SWD, PROBE_JTAG + 1);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
