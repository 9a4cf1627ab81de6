/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Lists USB devices: libusb is replaced by fake_usb, and a folder stands in for
 * /sys, for devices that cannot be opened. */
#include <string.h>

#include <libusb.h>

#include "transport/base/list.h"

#include <link/fake_usb.h>
#include "fixture.h"
#include <disk/tree.h>

#define DEVICES "sys/bus/usb/devices/"
#define FOUND_MAX 8

static struct heard {
    size_t count;
    sfi_transport_found found[FOUND_MAX];
} heard;

static void
setup(void)
{
    fixture_setup();
    tree_setup();
    fake_usb_reset();
}

static void
teardown(void)
{
    fake_usb_assert_closed();
    tree_teardown();
    fixture_teardown();
}

/* No folder stands in for the serial ports of Windows: they are not counted. */
static void
on_found(void *user, const sfi_transport_found *found)
{
    struct heard *h = user;

    if (strcmp(found->kind, "serial") == 0)
        return;
    ck_assert_uint_lt(h->count, FOUND_MAX);
    ck_assert_uint_eq(found->struct_size, sizeof(*found));
    h->found[h->count++] = *found;
}

static const struct listing *
listing(void)
{
    static struct listing l;

    l = (struct listing){ctx, tree_root, on_found, &heard};
    heard.count = 0;
    return &l;
}

#define ck_assert_found(i, want_kind, want_uri, want_flags)              \
    do {                                                                 \
        ck_assert_uint_lt((size_t)(i), heard.count);                     \
        ck_assert_str_eq(heard.found[i].kind, (want_kind));              \
        ck_assert_str_eq(heard.found[i].uri, (want_uri));                \
        ck_assert_uint_eq(heard.found[i].flags, (uint32_t)(want_flags)); \
    } while (0)

#define ck_assert_texts(i, want_product, want_maker, want_serial)    \
    do {                                                             \
        ck_assert_str_eq(heard.found[i].product, (want_product));    \
        ck_assert_str_eq(heard.found[i].manufacturer, (want_maker)); \
        ck_assert_str_eq(heard.found[i].serial, (want_serial));      \
        ck_assert_str_eq(heard.found[i].lasting_uri, "");            \
    } while (0)

START_TEST(test_nothing)
{
    ck_assert_ok(sfi__list_usb(listing()));
    ck_assert_uint_eq(heard.count, 0);
    ck_assert_ok(sfi__list_probe(listing()));
    ck_assert_uint_eq(heard.count, 0);
}
END_TEST

START_TEST(test_each_kind)
{
    struct fake_device *d;

    d = fake_usb_plug(FAKE_DFU, 4);
    d->bus = 3;
    d->ports[1] = 2;
    d->text[2] = "DFU in FS Mode";
    (void)fake_usb_plug(FAKE_BULK, 1);
    (void)fake_usb_plug(FAKE_DFU, 2);
    (void)fake_usb_plug(FAKE_HID, 5);
    ck_assert_ok(sfi__list_usb(listing()));
    ck_assert_uint_eq(heard.count, 2);
    ck_assert_found(0, "usb", "usb:path=1-2", 0);
    ck_assert_found(1, "usb", "usb:path=3-4.2", 0);
    ck_assert_texts(1, "DFU in FS Mode", "Maker", "0001");
    ck_assert_ok(sfi__list_probe(listing()));
    ck_assert_uint_eq(heard.count, 2);
    ck_assert_found(0, "cmsis-dap", "cmsis-dap:path=1-1", 0);
    ck_assert_texts(0, "Thing", "Maker", "0001");
    ck_assert_found(1, "cmsis-dap", "cmsis-dap:path=1-5", 0);
}
END_TEST

/* All USB devices, after the ports. */
START_TEST(test_with_ports)
{
    (void)fake_usb_plug(FAKE_BULK, 1);
    (void)fake_usb_plug(FAKE_DFU, 2);
    ck_assert_ok(sfi__list_links(listing()));
    ck_assert_uint_eq(heard.count, 2);
    ck_assert_found(0, "usb", "usb:path=1-2", 0);
    ck_assert_found(1, "cmsis-dap", "cmsis-dap:path=1-1", 0);
}
END_TEST

/* Without /sys. */
START_TEST(test_busy)
{
    fake_usb_plug(FAKE_DFU, 1)->busy = true;
    fake_usb_plug(FAKE_BULK, 2)->busy = true;
    ck_assert_ok(sfi__list_links(listing()));
    ck_assert_uint_eq(heard.count, 2);
    ck_assert_found(0, "usb", "usb:path=1-1", SFI_FOUND_BUSY);
    ck_assert_found(1, "cmsis-dap", "cmsis-dap:path=1-2", SFI_FOUND_BUSY);
}
END_TEST

/* A device in use by another program is not opened or claimed, and its texts
 * come from /sys: here they differ, and opening it would fail. */
START_TEST(test_left_alone)
{
    static const char usbfs[] = "../../../../../../bus/usb/drivers/usbfs";

    for (uint8_t port = 1; port <= 3; port++)
        fake_usb_plug(port == 1 ? FAKE_DFU : FAKE_BULK, port)->denied = true;
    tree_file(DEVICES "1-1/product", "DFU in FS Mode\n");
    tree_file(DEVICES "1-1:1.0/bInterfaceClass", "fe\n");
    tree_link(DEVICES "1-1:1.0/driver", usbfs);
    tree_file(DEVICES "1-2/1-2:1.0/interface", "CMSIS-DAP\n");
    tree_file(DEVICES "1-2:1.0/bInterfaceClass", "ff\n");
    tree_link(DEVICES "1-2:1.0/driver", usbfs);
    tree_file(DEVICES "1-3/product", "STLINK-V3\n");
    tree_file(DEVICES "1-3:1.0/bInterfaceClass", "ff\n");
    tree_link(DEVICES "1-3:1.0/driver", usbfs);
    ck_assert_ok(sfi__list_links(listing()));
    ck_assert_uint_eq(heard.count, 2);
    ck_assert_found(0, "usb", "usb:path=1-1", SFI_FOUND_BUSY);
    ck_assert_texts(0, "DFU in FS Mode", "", "");
    ck_assert_found(1, "cmsis-dap", "cmsis-dap:path=1-2", SFI_FOUND_BUSY);
    ck_assert_texts(1, "", "", "");
}
END_TEST

/* A device that is free by /sys is opened, but its interface is not claimed:
 * that would fail here. */
START_TEST(test_free)
{
    fake_usb_plug(FAKE_DFU, 1)->busy = true;
    fake_usb_plug(FAKE_BULK, 2)->busy = true;
    tree_file(DEVICES "1-1:1.0/bInterfaceClass", "fe\n");
    tree_file(DEVICES "1-2:1.0/bInterfaceClass", "ff\n");
    tree_link(DEVICES "1-2:1.0/driver", "../../../bus/usb/drivers/usbhid");
    ck_assert_ok(sfi__list_links(listing()));
    ck_assert_uint_eq(heard.count, 2);
    ck_assert_found(0, "usb", "usb:path=1-1", 0);
    ck_assert_texts(0, "Thing", "Maker", "0001");
    ck_assert_found(1, "cmsis-dap", "cmsis-dap:path=1-2", 0);
}
END_TEST

/* The texts in /sys, where Linux has read them; or not. */
START_TEST(test_denied)
{
    fake_usb_plug(FAKE_DFU, 1)->denied = true;
    fake_usb_plug(FAKE_DFU, 2)->denied = true;
    tree_file(DEVICES "1-1/product", "STM32  BOOTLOADER\n");
    tree_file(DEVICES "1-1/manufacturer", "\x1b[31mred\n");
    tree_file(DEVICES "1-1/serial", "200364500000\n");
    ck_assert_ok(sfi__list_usb(listing()));
    ck_assert_uint_eq(heard.count, 2);
    ck_assert_found(0, "usb", "usb:path=1-1", SFI_FOUND_DENIED);
    ck_assert_texts(0, "STM32  BOOTLOADER", "\\x1b[31mred", "200364500000");
    ck_assert_found(1, "usb", "usb:path=1-2", SFI_FOUND_DENIED);
    ck_assert_texts(1, "", "", "");
}
END_TEST

/* A vendor specific interface with two endpoints is a probe only when its text,
 * or that of the product, says so; without permission to open it the text comes
 * from /sys. */
START_TEST(test_denied_probe)
{
    for (uint8_t port = 1; port <= 5; port++)
        fake_usb_plug(FAKE_BULK, port)->denied = true;
    tree_file(DEVICES "1-1/product", "DAPLink CMSIS-DAP\n");
    tree_file(DEVICES "1-2/product", "Fingerprint Reader\n");
    tree_file(DEVICES "1-2/1-2:1.0/interface", "Reader\n");
    tree_file(DEVICES "1-3/product", "Picoprobe\n");
    tree_file(DEVICES "1-3/1-3:1.0/bInterfaceNumber", "00\n");
    tree_file(DEVICES "1-3/1-3:1.1/interface", "CMSIS-DAP v2 Interface\n");
    /* the folder of a hub contains those of the devices behind it */
    tree_file(DEVICES "1-4/1-4.1/interface", "CMSIS-DAP\n");
    tree_file(DEVICES "1-4/1-40:1.0/interface", "CMSIS-DAP\n");
    ck_assert_ok(sfi__list_probe(listing()));
    ck_assert_uint_eq(heard.count, 2);
    ck_assert_found(0, "cmsis-dap", "cmsis-dap:path=1-1", SFI_FOUND_DENIED);
    ck_assert_texts(0, "DAPLink CMSIS-DAP", "", "");
    ck_assert_found(1, "cmsis-dap", "cmsis-dap:path=1-3", SFI_FOUND_DENIED);
    ck_assert_texts(1, "Picoprobe", "", "");
}
END_TEST

/* Unplugged during the listing, or without a node in /dev. */
START_TEST(test_gone)
{
    (void)fake_usb_plug(FAKE_DFU, 1);
    ck_assert_ok(sfi__list_usb(listing()));
    ck_assert_uint_eq(heard.count, 1);
    fake_usb.error = LIBUSB_ERROR_NO_DEVICE;
    for (size_t n = 3; n <= 5; n++) { /* after the list: up to open */
        fake_usb.calls = 0;
        fake_usb.fail_at = n;
        ck_assert_ok(sfi__list_usb(listing()));
        ck_assert_uint_eq(heard.count, 0);
    }
}
END_TEST

/* A device without texts is listed too. */
START_TEST(test_silent)
{
    (void)fake_usb_plug(FAKE_DFU, 1);
    fake_usb.error = LIBUSB_ERROR_TIMEOUT;
    for (size_t n = 6; n <= 8; n++) {
        fake_usb.calls = 0;
        fake_usb.fail_at = n;
        ck_assert_ok(sfi__list_usb(listing()));
        ck_assert_found(0, "usb", "usb:path=1-1", 0);
        ck_assert_texts(0, n == 7 ? "" : "Thing", n == 6 ? "" : "Maker",
                        n == 8 ? "" : "0001");
    }
}
END_TEST

/* USB devices cannot be listed: the first failure is returned, and the other
 * kind is tried. */
START_TEST(test_no_usb)
{
    (void)fake_usb_plug(FAKE_DFU, 1);
    (void)fake_usb_plug(FAKE_BULK, 2);
    fake_usb.error = LIBUSB_ERROR_IO;
    fake_usb.fail_at = 1;
    ck_assert_int_eq(sfi__list_links(listing()), SFI_ERR_IO);
    ck_assert_uint_eq(heard.count, 1);
    ck_assert_found(0, "cmsis-dap", "cmsis-dap:path=1-2", 0);
    fake_usb_reset();
    fake_usb.error = LIBUSB_ERROR_NO_MEM;
    fake_usb.fail_at = 1;
    ck_assert_fails(sfi__list_usb(listing()), SFI_ERR_NOMEM, "",
                    "libusb is out of memory");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("list_usb");
    TCase *t = tcase_create("usb");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_nothing);
    tcase_add_test(t, test_each_kind);
    tcase_add_test(t, test_with_ports);
    tcase_add_test(t, test_busy);
    tcase_add_test(t, test_left_alone);
    tcase_add_test(t, test_free);
    tcase_add_test(t, test_denied);
    tcase_add_test(t, test_denied_probe);
    tcase_add_test(t, test_gone);
    tcase_add_test(t, test_silent);
    tcase_add_test(t, test_no_usb);
    suite_add_tcase(s, t);
    return run_suite(s);
}
