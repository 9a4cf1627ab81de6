/* The whole install over SWD: through the host's half of CMSIS-DAP, a virtual
 * probe, the SW-DP and the mailbox. */
#include <sfi/device.h>
#include <sfi/target.h>

#include "sim/sim.h"
#include "transport/transport.h"

#include "station.h"

/* The station's link becomes the probe. */
static void
setup(void)
{
    station_setup("stm32h753xi");
    sfi_transport_free(station.tp);
    station.tp = NULL;
    ck_assert_ok(sfi_sim_transport(board.sim, "swd", &station.tp));
}

START_TEST(test_install)
{
    setup();
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
    setup();
    ck_assert_ok(station_install_live(false));
    install_assert_complete(&station.package);
    station_teardown();
}
END_TEST

/* What a secure part hides is a fault that leaves the link as it was. */
START_TEST(test_secure)
{
    static const uint32_t hidden[] = {0x08000000, 0x24000000, 0x5c001000,
                                      0x52002000};
    uint32_t word;

    setup();
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

int
main(void)
{
    Suite *s = suite_create("install_swd");
    TCase *tc = tcase_create("install");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, test_install);
    tcase_add_test(tc, test_install_live);
    tcase_add_test(tc, test_secure);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
