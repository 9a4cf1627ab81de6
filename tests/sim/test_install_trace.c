/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A whole install, captured and replayed without the chip. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"

#include <bench/station.h>

static char path[1200], uri[1300];

static const struct {
    const char *chip, *interface_name;
} links[] = {
    {"stm32h753xi", "usart"}, {"stm32l462ce", "usart"}, {"stm32h753xi", "jtag"},
    {"stm32h753xi", "spi"},   {"stm32l462ce", "spi"},
};

/* Install on the chip by this link, and keep the trace. */
static void
record(int i)
{
    station_setup(links[i].chip);
    (void)snprintf(path, sizeof(path), "%s/trace", board.base);
    (void)snprintf(uri, sizeof(uri), "script:%s", path);
    sfi_transport_free(station.tp);
    ck_assert_ok(
        sfi_sim_transport(board.sim, links[i].interface_name, &station.tp));
    ck_assert_ok(sfi_transport_capture(station.tp, path));
    ck_assert_ok(sfi_installer_run(station_prepare_licensed()));
    install_assert_complete(&station.package);
    sfi_installer_free(station.installer);
    station.installer = NULL;
    sfi_transport_free(station.tp);
    ck_assert_ok(sfi_transport_open(ctx, uri, &station.tp));
}

START_TEST(test_replay)
{
    record(_i);
    ck_assert_ok(sfi_installer_run(station_prepare_licensed()));
    station_teardown();
}
END_TEST

/* Another image than the captured one gets no reply. */
START_TEST(test_replay_of_another_image)
{
    const sfi_error *err;

    record(_i);
    station.package.image.data[station.package.image.len - 1] ^= 1;
    ck_assert_int_eq(sfi_installer_run(station_prepare_licensed()), SFI_ERR_IO);
    err = sfi_ctx_error(ctx);
    ck_assert_msg(strstr(sfi_error_message(err), "that the host sends") != NULL,
                  "%s", sfi_error_message(err));
    ck_assert_msg(strncmp(sfi_error_where(err), uri, strlen(uri)) == 0, "%s",
                  sfi_error_where(err));
    station_teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("install_trace");
    TCase *tc = tcase_create("install_trace");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_replay, 0, (int)ROWS(links));
    tcase_add_loop_test(tc, test_replay_of_another_image, 0, (int)ROWS(links));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
