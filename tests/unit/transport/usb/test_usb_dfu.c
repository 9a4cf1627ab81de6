/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* usb: with a device in DFU mode behind libusb: what libusb reports when it
 * leaves or answers nothing, and how long libusb is told to wait. */
#include <string.h>

#include <libusb.h>

#include <sfi/target.h>

#include "core/ctx.h"

#include "fixture.h"
#include <link/dfu_peer.h>
#include <link/fake_usb.h>

static sfi_transport *tp;
static sfi_target *t;
static unsigned longest; /* time-out of a transfer */
static uint8_t data[0x8000];

static int
control(uint8_t type, uint8_t request, uint16_t value, uint16_t index,
        uint8_t *bytes, uint16_t len, unsigned timeout)
{
    size_t got = 0;

    longest = timeout > longest ? timeout : longest;
    switch (dfu_peer_control(type, request, value, index, bytes, len, &got,
                             timeout)) {
    case SFI_OK:
        return (int)got;
    case SFI_ERR_NACK:
        return LIBUSB_ERROR_PIPE;
    case SFI_ERR_TIMEOUT:
        return LIBUSB_ERROR_TIMEOUT;
    case SFI_ERR_NO_DEVICE:
        fake_usb.count = 0;
        return LIBUSB_ERROR_NO_DEVICE;
    default:
        return LIBUSB_ERROR_IO;
    }
}

static void
setup(void)
{
    fixture_setup();
    fake_usb_reset();
    (void)fake_usb_plug(FAKE_DFU, 3);
    fake_usb.control = control;
    dfu_peer_reset();
    longest = 0;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 5 ^ i >> 7);
    ck_assert_ok(sfi_transport_open(ctx, "usb:", &tp));
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));
}

static void
teardown(void)
{
    sfi_target_free(t);
    sfi_transport_free(tp);
    fake_usb_assert_closed();
    fixture_teardown();
}

START_TEST(test_write)
{
    static uint8_t back[sizeof(data)];

    ck_assert_ok(sfi_target_write(t, PEER_FLASH, data, sizeof(data)));
    ck_assert_mem_eq(peer.flash, data, sizeof(data));
    ck_assert_ok(sfi_target_read(t, PEER_FLASH, back, sizeof(back)));
    ck_assert_mem_eq(back, data, sizeof(data));
    ck_assert_uint_le(longest, 3000);
}
END_TEST

/* One transfer waits as long as the erase may take: one that is given up would
 * leave the device with an answer that nobody fetches. */
START_TEST(test_naks)
{
    peer.naks = true;
    peer.mass_ms = 35200;
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_uint_eq(peer.mass_erases, 1);
    ck_assert_uint_ge(longest, 34200);
}
END_TEST

START_TEST(test_leave)
{
    peer.leave = (enum peer_leave)_i;
    ck_assert_ok(sfi_target_go(t, PEER_FLASH));
    ck_assert(peer.left);
    ck_assert_uint_eq(peer.started_at, PEER_FLASH);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("usb_dfu");
    TCase *tc = tcase_create("libusb");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_write);
    tcase_add_test(tc, test_naks);
    tcase_add_loop_test(tc, test_leave, 0, PEER_STAYS);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
