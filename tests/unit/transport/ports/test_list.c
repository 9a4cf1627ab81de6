/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Lists serial ports and spidevs of a folder that stands in for /sys, /dev and
 * /proc. */
#define _GNU_SOURCE /* memfd_create() */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <sfi/version.h>

#include "util/text.h"
#include "transport/base/list.h"
#include "transport/base/sysfs.h"

#include "fixture.h"
#include <disk/tree.h>

#define FOUND_MAX 16
#define PATH_SIZE 1024

static const char *denied; /* the last part of the name of a node; NULL: none */

/* Root may open every device. */
int
access(const char *path, int mode)
{
    size_t len = strlen(path);
    size_t end = denied != NULL ? strlen(denied) : 0;

    if (denied != NULL && mode != F_OK && len > end &&
        strcmp(path + len - end, denied) == 0)
        return -1;
    return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

static void
setup(void)
{
    fixture_setup();
    tree_setup();
    denied = NULL;
}

static void
teardown(void)
{
    tree_teardown();
    fixture_teardown();
}

/* ---- the tree ---- */

/* A tty with a device and a node. */
static void
make_tty(const char *name, const char *device)
{
    char text[PATH_SIZE];

    sfi__text_format(text, sizeof(text), "sys/class/tty/%s/device", name);
    tree_link(text, device);
    sfi__text_format(text, sizeof(text), "dev/%s", name);
    tree_file(text, "");
}

#define USB "sys/devices/pci0000:00/usb1/1-4/"

/* An FTDI adapter at a USB port. */
static void
make_adapter(const char *name)
{
    char text[PATH_SIZE];

    tree_file(USB "idVendor", "0403\n");
    tree_file(USB "product", "FT232R USB UART\n");
    tree_file(USB "manufacturer", "FTDI\n");
    tree_file(USB "serial", "A50285BI\n");
    sfi__text_format(text, sizeof(text), USB "1-4:1.0/%s/port_number", name);
    tree_file(text, "0\n");
    sfi__text_format(text, sizeof(text),
                     "../../../devices/pci0000:00/usb1/1-4/1-4:1.0/%s", name);
    make_tty(name, text);
}

/* ---- what is found ---- */

static struct heard {
    size_t count;
    sfi_transport_found found[FOUND_MAX];
} heard;

static void
on_found(void *user, const sfi_transport_found *found)
{
    struct heard *h = user;

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

START_TEST(test_nothing)
{
    ck_assert_ok(sfi__list_serial(listing()));
    ck_assert_uint_eq(heard.count, 0);
    ck_assert_ok(sfi__list_spi(listing()));
    ck_assert_uint_eq(heard.count, 0);
}
END_TEST

START_TEST(test_adapter)
{
    make_adapter("ttyUSB0");
    tree_link("dev/serial/by-id/usb-FTDI_A50285BI-if00", "../../ttyUSB0");
    ck_assert_ok(sfi__list_serial(listing()));
    ck_assert_uint_eq(heard.count, 1);
    ck_assert_found(0, "serial", "serial:/dev/ttyUSB0", 0);
    ck_assert_str_eq(heard.found[0].lasting_uri,
                     "serial:/dev/serial/by-id/usb-FTDI_A50285BI-if00");
    ck_assert_str_eq(heard.found[0].product, "FT232R USB UART");
    ck_assert_str_eq(heard.found[0].manufacturer, "FTDI");
    ck_assert_str_eq(heard.found[0].serial, "A50285BI");
}
END_TEST

/* The tty of a CDC ACM device belongs to its interface, one level higher; this
 * device has no texts. */
START_TEST(test_acm)
{
    tree_file(USB "idVendor", "0483\n");
    tree_file(USB "1-4:1.2/bInterfaceNumber", "02\n");
    tree_link(USB "1-4:1.2/driver", "../../../../../bus/usb/drivers/cdc_acm");
    make_tty("ttyACM0", "../../../devices/pci0000:00/usb1/1-4/1-4:1.2");
    ck_assert_ok(sfi__list_serial(listing()));
    ck_assert_uint_eq(heard.count, 1);
    ck_assert_found(0, "serial", "serial:/dev/ttyACM0", 0);
    ck_assert_str_eq(heard.found[0].lasting_uri, "");
    ck_assert_str_eq(heard.found[0].product, "");
    ck_assert_str_eq(heard.found[0].manufacturer, "");
    ck_assert_str_eq(heard.found[0].serial, "");
}
END_TEST

/* A port of the board has no USB device: the name of its driver is shown. */
START_TEST(test_board)
{
    tree_file("sys/devices/pnp0/00:01/00:01:0/00:01:0.0/uevent", "");
    tree_link("sys/devices/pnp0/00:01/00:01:0/00:01:0.0/driver",
              "../../../../../bus/serial-base/drivers/port");
    tree_link("sys/devices/pnp0/00:01/00:01:0/driver",
              "../../../../bus/serial-base/drivers/ctrl");
    tree_link("sys/devices/pnp0/00:01/driver",
              "../../../bus/pnp/drivers/serial");
    make_tty("ttyS0", "../../../devices/pnp0/00:01/00:01:0/00:01:0.0");
    tree_file("sys/class/tty/ttyS0/type", "4\n");
    tree_file("sys/devices/platform/uart1/uevent", "");
    tree_link("sys/devices/platform/uart1/driver",
              "../../../bus/platform/drivers/uart-pl011");
    make_tty("ttyAMA0", "../../../devices/platform/uart1");
    ck_assert_ok(sfi__list_serial(listing()));
    ck_assert_uint_eq(heard.count, 2);
    ck_assert_found(0, "serial", "serial:/dev/ttyAMA0", 0);
    ck_assert_str_eq(heard.found[0].product, "uart-pl011");
    ck_assert_found(1, "serial", "serial:/dev/ttyS0", 0);
    ck_assert_str_eq(heard.found[1].product, "serial");
    ck_assert_str_eq(heard.found[1].manufacturer, "");
}
END_TEST

/* Consoles, pseudo-terminals, an 8250 that was not found, a port without a node
 * in /dev, and a port that was unplugged meanwhile. */
START_TEST(test_none_of_ours)
{
    tree_file("sys/class/tty/tty1/dev", "4:1\n");
    tree_file("dev/tty1", "");
    tree_file("sys/class/tty/ptmx/dev", "5:2\n");
    tree_file("dev/ptmx", "");
    tree_file("sys/devices/platform/serial8250/uevent", "");
    make_tty("ttyS1", "../../../devices/platform/serial8250");
    tree_file("sys/class/tty/ttyS1/type", "0\n");
    tree_link("sys/class/tty/ttyS2/device",
              "../../../devices/platform/serial8250");
    make_tty("ttyUSB3", "../../../devices/pci0000:00/usb1/1-9");
    ck_assert_ok(sfi__list_serial(listing()));
    ck_assert_uint_eq(heard.count, 0);
}
END_TEST

START_TEST(test_order)
{
    static const char *const names[] = {"ttyUSB10", "ttyUSB2", "ttyACM1",
                                        "ttyUSB02", "ttyUSB",  "ttyUSB0"};
    static const char *const sorted[] = {"ttyACM1",  "ttyUSB",  "ttyUSB0",
                                         "ttyUSB02", "ttyUSB2", "ttyUSB10"};
    char uri[64];

    for (size_t i = 0; i < ROWS(names); i++)
        make_adapter(names[i]);
    ck_assert_ok(sfi__list_serial(listing()));
    ck_assert_uint_eq(heard.count, ROWS(sorted));
    for (size_t i = 0; i < ROWS(sorted); i++) {
        sfi__text_format(uri, sizeof(uri), "serial:/dev/%s", sorted[i]);
        ck_assert_found(i, "serial", uri, 0);
    }
}
END_TEST

START_TEST(test_denied)
{
    make_adapter("ttyUSB0");
    make_adapter("ttyUSB1");
    denied = "/dev/ttyUSB1";
    ck_assert_ok(sfi__list_serial(listing()));
    ck_assert_found(0, "serial", "serial:/dev/ttyUSB0", 0);
    ck_assert_found(1, "serial", "serial:/dev/ttyUSB1", SFI_FOUND_DENIED);
    ck_assert_str_eq(heard.found[1].product, "FT232R USB UART");
}
END_TEST

/* ---- who has it ---- */

/* A line of /proc/locks; `more` follows the inode number. */
static void
make_locks(const char *name, const char *format, unsigned long long more)
{
    char path[PATH_SIZE];
    char text[PATH_SIZE];
    struct stat st;

    sfi__text_format(path, sizeof(path), "%s/%s", tree_root, name);
    ck_assert_int_eq(stat(path, &st), 0);
    sfi__text_format(text, sizeof(text),
                     "1: POSIX  ADVISORY  WRITE 1 00:00:1 0 EOF\n2: %s 3641 "
                     "%02x:%02x:%llu 0 EOF\n",
                     format, major(st.st_dev), minor(st.st_dev),
                     (unsigned long long)st.st_ino + more);
    tree_file("proc/locks", text);
}

static const struct {
    const char *line;
    unsigned long long more;
    bool busy;
} locks[] = {
    {"FLOCK  ADVISORY  WRITE", 0, true},
    {"FLOCK  ADVISORY  READ ", 0, true},
    {"FLOCK  ADVISORY  WRITE", 1, false},
    {"POSIX  ADVISORY  WRITE", 0, false},    /* of another kind */
    {"-> FLOCK  ADVISORY  WRITE", 0, false}, /* a process that waits */
};

START_TEST(test_busy)
{
    uint32_t flags = locks[_i].busy ? SFI_FOUND_BUSY : 0;

    make_adapter("ttyUSB0");
    make_locks("dev/ttyUSB0", locks[_i].line, locks[_i].more);
    ck_assert_ok(sfi__list_serial(listing()));
    ck_assert_found(0, "serial", "serial:/dev/ttyUSB0", flags);
}
END_TEST

/* The whole inode number counts: 12 is not 123. */
START_TEST(test_other_inode)
{
    char path[PATH_SIZE];
    char text[PATH_SIZE];
    struct stat st;

    make_adapter("ttyUSB0");
    sfi__text_format(path, sizeof(path), "%s/dev/ttyUSB0", tree_root);
    ck_assert_int_eq(stat(path, &st), 0);
    sfi__text_format(text, sizeof(text),
                     "1: FLOCK  ADVISORY  WRITE 1 %02x:%02x:%llu0 0 EOF\n"
                     "2: FLOCK  ADVISORY  WRITE 1 1%02x:%02x:%llu 0 EOF\n",
                     major(st.st_dev), minor(st.st_dev),
                     (unsigned long long)st.st_ino, major(st.st_dev),
                     minor(st.st_dev), (unsigned long long)st.st_ino);
    tree_file("proc/locks", text);
    ck_assert_ok(sfi__list_serial(listing()));
    ck_assert_found(0, "serial", "serial:/dev/ttyUSB0", 0);
}
END_TEST

/* The real /proc/locks says the same. */
START_TEST(test_true_lock)
{
    char path[64];
    int fd = memfd_create("port", MFD_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    sfi__text_format(path, sizeof(path), "/proc/self/fd/%d", fd);
    ck_assert(!sfi__sysfs_is_locked("/proc/locks", path));
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    ck_assert(sfi__sysfs_is_locked("/proc/locks", path));
    ck_assert(!sfi__sysfs_is_locked("/nonexistent/locks", path));
    ck_assert_int_eq(flock(fd, LOCK_UN), 0);
    ck_assert(!sfi__sysfs_is_locked("/proc/locks", path));
    ck_assert(!sfi__sysfs_is_locked("/proc/locks", "/nonexistent/port"));
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

/* ---- hostile names ---- */

/* The texts of a device may be hostile: they contain no terminal controls or
 * newlines in the listing, and are cut to the room there is. */
START_TEST(test_hostile_texts)
{
    char longer[5000];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    make_adapter("ttyUSB0");
    tree_file(USB "product", "a\x1b[2J\rb\xe2\x80\xae\x7f\nport=/dev/sda\n");
    tree_file(USB "manufacturer", longer);
    tree_file(USB "serial", "\n\n");
    ck_assert_ok(sfi__list_serial(listing()));
    ck_assert_uint_eq(heard.count, 1);
    ck_assert_str_eq(heard.found[0].product,
                     "a\\x1b[2J\\x0db\\xe2\\x80\\xae\\x7f");
    ck_assert_uint_eq(strlen(heard.found[0].manufacturer),
                      sizeof(heard.found[0].manufacturer) - 1);
    ck_assert_str_eq(heard.found[0].serial, "");
}
END_TEST

/* A port whose name cannot be part of a uri is not listed, not even in part. */
START_TEST(test_hostile_names)
{
    static const char *const names[] = {"tty?baud=9600", "tty 1", "tty\x1b[2J",
                                        "tty\n1", "tty\xc3\xa4"};
    char longer[252];

    for (size_t i = 0; i < ROWS(names); i++)
        make_adapter(names[i]);
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    make_adapter(longer); /* one character too long with "/dev/" */
    ck_assert_ok(sfi__list_serial(listing()));
    ck_assert_uint_eq(heard.count, 0);
    longer[250] = '\0';
    make_adapter(longer);
    ck_assert_ok(sfi__list_serial(listing()));
    ck_assert_uint_eq(heard.count, 1);
    ck_assert_uint_eq(strlen(heard.found[0].uri), strlen("serial:") + 255);
}
END_TEST

START_TEST(test_hostile_ids)
{
    char longer[260] = "dev/serial/by-id/";

    memset(longer + strlen(longer), 'x', 240);
    make_adapter("ttyUSB0");
    tree_link("dev/serial/by-id/a b", "../../ttyUSB0");
    tree_link("dev/serial/by-id/a?baud=9600", "../../ttyUSB0");
    tree_link("dev/serial/by-id/b", "../../ttyUSB1");
    tree_link("dev/serial/by-id/c", "../../ttyUSB");
    tree_file("dev/serial/by-id/ttyUSB0", "");
    tree_link(longer, "../../ttyUSB0");
    ck_assert_ok(sfi__list_serial(listing()));
    ck_assert_found(0, "serial", "serial:/dev/ttyUSB0", 0);
    ck_assert_str_eq(heard.found[0].lasting_uri, "");
    tree_link("dev/serial/by-id/z", "../../ttyUSB0");
    tree_link("dev/serial/by-id/y", "ttyUSB0");
    ck_assert_ok(sfi__list_serial(listing()));
    ck_assert_str_eq(heard.found[0].lasting_uri, "serial:/dev/serial/by-id/y");
}
END_TEST

/* ---- SPI ---- */

static void
make_spidev(const char *name)
{
    char text[PATH_SIZE];

    sfi__text_format(text, sizeof(text), "sys/class/spidev/%s/dev", name);
    tree_file(text, "153:0\n");
    sfi__text_format(text, sizeof(text), "dev/%s", name);
    tree_file(text, "");
}

START_TEST(test_spi)
{
    make_spidev("spidev10.0");
    make_spidev("spidev0.1");
    make_spidev("spidev0.0");
    make_spidev("spidev");
    make_spidev("spidev?speed=1");
    tree_file("sys/class/spidev/spidev9.0/dev", "153:9\n"); /* no node */
    denied = "/dev/spidev0.1";
    make_locks("dev/spidev10.0", "FLOCK  ADVISORY  WRITE", 0);
    ck_assert_ok(sfi__list_spi(listing()));
    ck_assert_uint_eq(heard.count, 4);
    ck_assert_found(0, "spi", "spi:/dev/spidev", 0);
    ck_assert_str_eq(heard.found[0].product, "");
    ck_assert_found(1, "spi", "spi:/dev/spidev0.0", 0);
    ck_assert_str_eq(heard.found[1].product, "bus 0, chip select 0");
    ck_assert_found(2, "spi", "spi:/dev/spidev0.1", SFI_FOUND_DENIED);
    ck_assert_found(3, "spi", "spi:/dev/spidev10.0", SFI_FOUND_BUSY);
    ck_assert_str_eq(heard.found[3].product, "bus 10, chip select 0");
}
END_TEST

/* ---- all of it ---- */

static size_t
count_kind(const char *kind)
{
    size_t count = 0;

    for (size_t i = 0; i < heard.count; i++)
        count += strcmp(heard.found[i].kind, kind) == 0;
    return count;
}

/* libusb does not start in every container. */
static void
assert_listed(sfi_status st)
{
    if (st != SFI_ERR_IO)
        ck_assert_ok(st);
}

START_TEST(test_only_what_was_built_in)
{
    make_adapter("ttyUSB0");
    make_spidev("spidev0.0");
    assert_listed(sfi__list_links(listing()));
    ck_assert_uint_eq(count_kind("serial"), sfi_has_feature("serial") ? 1 : 0);
    ck_assert_uint_eq(count_kind("spi"), sfi_has_feature("spi") ? 1 : 0);
}
END_TEST

/* The real devices of this machine. */
START_TEST(test_here)
{
    heard.count = 0;
    assert_listed(sfi_transport_list(ctx, on_found, &heard));
    for (size_t i = 0; i < heard.count; i++) {
        const sfi_transport_found *f = &heard.found[i];
        size_t len = strlen(f->kind);

        ck_assert_int_eq(strncmp(f->uri, f->kind, len), 0);
        ck_assert_int_eq(f->uri[len], ':');
        if (strcmp(f->kind, "serial") == 0 || strcmp(f->kind, "spi") == 0)
            ck_assert_int_eq(access(f->uri + len + 1, F_OK), 0);
    }
    ck_assert_fails_about(sfi_transport_list(ctx, NULL, NULL), SFI_ERR_ARGUMENT,
                          "", "fn != NULL");
    ck_assert_int_eq(sfi_transport_list(NULL, on_found, &heard),
                     SFI_ERR_ARGUMENT);
}
END_TEST

static bool
is_feature(const char *name)
{
    const char *known;

    for (size_t i = 0; (known = sfi_feature_at(i)) != NULL; i++) {
        if (strcmp(known, name) == 0)
            return true;
    }
    return false;
}

/* Each has all texts. */
START_TEST(test_kinds)
{
    static const char *const names[] = {"serial", "spi", "usb", "cmsis-dap"};

    for (size_t i = 0; i < ROWS(names); i++) {
        const sfi_port_kind *k = sfi_port_kind_at(i);

        ck_assert_ptr_nonnull(k);
        ck_assert_uint_eq(k->struct_size, sizeof(*k));
        ck_assert_uint_eq(k->flags, 0);
        ck_assert_str_eq(k->kind, names[i]);
        ck_assert(is_feature(k->feature));
        ck_assert_uint_gt(strlen(k->title), 0);
        ck_assert_int_eq(strncmp(k->none, "no ", 3), 0);
        ck_assert_uint_gt(strlen(k->remedy), 0);
        ck_assert_ptr_eq(sfi_port_kind_at(i), k);
    }
    ck_assert_str_eq(sfi_port_kind_at(0)->title, "Serial ports");
    ck_assert_ptr_null(sfi_port_kind_at(ROWS(names)));
    ck_assert_ptr_null(sfi_port_kind_at(SIZE_MAX));
}
END_TEST

/* They are listed in that order. */
START_TEST(test_order_of_kinds)
{
    size_t at = 0;

    make_adapter("ttyUSB0");
    make_adapter("ttyUSB1");
    make_spidev("spidev0.0");
    assert_listed(sfi__list_links(listing()));
    for (size_t i = 0; i < heard.count; i++) {
        const sfi_port_kind *k;

        while ((k = sfi_port_kind_at(at)) != NULL &&
               strcmp(k->kind, heard.found[i].kind) != 0)
            at++;
        ck_assert_ptr_nonnull(k);
        ck_assert_int_eq(sfi_has_feature(k->feature), 1);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("list");
    TCase *t = tcase_create("tree");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_nothing);
    tcase_add_test(t, test_adapter);
    tcase_add_test(t, test_acm);
    tcase_add_test(t, test_board);
    tcase_add_test(t, test_none_of_ours);
    tcase_add_test(t, test_order);
    tcase_add_test(t, test_denied);
    tcase_add_loop_test(t, test_busy, 0, ROWS(locks));
    tcase_add_test(t, test_other_inode);
    tcase_add_test(t, test_true_lock);
    tcase_add_test(t, test_hostile_texts);
    tcase_add_test(t, test_hostile_names);
    tcase_add_test(t, test_hostile_ids);
    tcase_add_test(t, test_spi);
    tcase_add_test(t, test_only_what_was_built_in);
    tcase_add_test(t, test_here);
    tcase_add_test(t, test_kinds);
    tcase_add_test(t, test_order_of_kinds);
    suite_add_tcase(s, t);
    return run_suite(s);
}
