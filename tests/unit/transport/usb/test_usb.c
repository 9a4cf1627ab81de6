/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Names of USB devices, and the error of opening one that is not connected. */
#include <string.h>

#include <sfi/transport.h>

#include "transport/usb/usb.h"

#include "fixture.h"

#define NAMES                                                          \
    "not the name of a USB device, expected nothing, VENDOR:PRODUCT, " \
    "path=BUS-PORT.PORT, serial=TEXT or its number from 1 on"

static const struct {
    const char *text;
    struct usb_pick pick;
} good[] = {
    {"", {0x0483, 0xdf11, "", "", 0}},
    {"0483:df11", {0x0483, 0xdf11, "", "", 0}},
    {"1209:DB42", {0x1209, 0xdb42, "", "", 0}},
    {"path=1-4.2", {0x0483, 0xdf11, "1-4.2", "", 0}},
    {"path=12-1.2.3.4.5", {0x0483, 0xdf11, "12-1.2.3.4.5", "", 0}},
    {"serial=200364500000", {0x0483, 0xdf11, "", "200364500000", 0}},
    {"1", {0x0483, 0xdf11, "", "", 1}},
    {"127", {0x0483, 0xdf11, "", "", 127}},
};

START_TEST(test_good)
{
    struct usb_pick p;

    ck_assert_ok(sfi__usb_pick(ctx, USB_ROLE_DFU, good[_i].text, &p));
    ck_assert_uint_eq(p.vendor, good[_i].pick.vendor);
    ck_assert_uint_eq(p.product, good[_i].pick.product);
    ck_assert_str_eq(p.path, good[_i].pick.path);
    ck_assert_str_eq(p.serial, good[_i].pick.serial);
    ck_assert_uint_eq(p.nth, good[_i].pick.nth);
}
END_TEST

static const char *const bad[] = {
    "0",
    "128",
    "-1",
    "x",
    "0483",
    "0483:",
    "0483:df1",
    "0483:df111",
    "0483-df11",
    "048g:df11",
    "0483:dg11",
    "path=",
    "path=1",
    "path=1-",
    "path=-1",
    "path=1-2.",
    "path=1-.2",
    "path=1-2-",
    "path=1-2.a",
    "path=1-2 ",
    "serial=",
    "paths=1-2",
    "path=1234567890-1234567890.1234567890",
};

START_TEST(test_bad)
{
    struct usb_pick p;

    ck_assert_fails(sfi__usb_pick(ctx, USB_ROLE_DFU, bad[_i], &p),
                    SFI_ERR_ARGUMENT, "", NAMES);
}
END_TEST

START_TEST(test_serial_too_long)
{
    char text[200] = "serial=";
    struct usb_pick p;

    memset(text + 7, 'x', 150);
    ck_assert_int_eq(sfi__usb_pick(ctx, USB_ROLE_DFU, text, &p),
                     SFI_ERR_ARGUMENT);
}
END_TEST

/* Ids that no vendor uses; a build without USB says so. */
START_TEST(test_open)
{
    sfi_transport *tp = (sfi_transport *)&tp;
    sfi_status st = sfi_transport_open(ctx, "usb:ffff:fffe", &tp);

    ck_assert_ptr_null(tp);
    ck_assert_str_eq(sfi_error_where(sfi_ctx_error(ctx)), "usb:ffff:fffe");
    if (st == SFI_ERR_UNSUPPORTED)
        ck_assert_str_eq(sfi_error_message(sfi_ctx_error(ctx)),
                         "this libsfi was built without USB");
    else if (st != SFI_ERR_IO) /* libusb does not start in every container */
        ck_assert_fails(sfi_transport_open(ctx, "usb:ffff:fffe", &tp),
                        SFI_ERR_NO_DEVICE, "usb:ffff:fffe",
                        "there is no such USB device (ffff:fffe); is the chip "
                        "powered, and in its bootloader (BOOT0)");
}
END_TEST

START_TEST(test_open_malformed)
{
    sfi_transport *tp;

    if (sfi_transport_open(ctx, "usb:", &tp) == SFI_ERR_UNSUPPORTED)
        return;
    ck_assert_fails(sfi_transport_open(ctx, "usb:x", &tp), SFI_ERR_ARGUMENT,
                    "usb:x", NAMES);
    ck_assert_fails(sfi_transport_open(ctx, "usb:1?speed=1", &tp),
                    SFI_ERR_ARGUMENT, "usb:1", "unknown key \"speed\"");
    for (size_t n = 1; n < 4; n++) {
        memory.fail_at = n;
        ck_assert_int_ne(sfi_transport_open(ctx, "usb:ffff:fffe", &tp), SFI_OK);
        ck_assert_ptr_null(tp);
        memory.fail_at = 0;
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("usb");
    TCase *t = tcase_create("names");

    tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
    tcase_add_loop_test(t, test_good, 0, ROWS(good));
    tcase_add_loop_test(t, test_bad, 0, ROWS(bad));
    tcase_add_test(t, test_serial_too_long);
    tcase_add_test(t, test_open);
    tcase_add_test(t, test_open_malformed);
    suite_add_tcase(s, t);
    return run_suite(s);
}
