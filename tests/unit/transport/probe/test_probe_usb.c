/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* USB debug probes and devices in DFU mode: which device is selected, how
 * packets reach it, errors, and that nothing stays open. libusb is replaced by
 * fake_usb, whose probes lead to the virtual one. */
#include <string.h>

#include <libusb.h>

#include "core/ctx.h"
#include "core/err.h"
#include "sim/boot.h"
#include "sim/dap_probe.h"
#include "sim/sim.h"
#include "transport/base/transport.h"
#include "transport/usb/usb.h"

#include <bench/board.h>
#include <link/fake_usb.h>

#define RAM 0x24010000u
#define WORDS 1000u
#define NOWHERE "/nonexistent"
#define NO_PROBE "there is no such debug probe (CMSIS-DAP); is it plugged in"
#define NOT_ALLOWED "no permission to open the device; a udev rule can give it"

static sfi_transport *tp;
static uint16_t says_packet; /* reported packet size; 0: the true one */

static uint64_t
clock_now(void *user)
{
    (void)user;
    return fake_usb.now;
}

static void
clock_sleep(void *user, uint32_t ms)
{
    (void)user;
    fake_usb.now += ms;
}

static const struct clock fake_clock = {
    .now_ms = clock_now,
    .sleep_ms = clock_sleep,
};

static size_t
on_packet(const uint8_t *out, size_t len, uint8_t *in)
{
    size_t n = sfi__dap_probe_packet(board.sim, out, len, in);

    if (says_packet != 0 && out[0] == CMSIS_INFO &&
        out[1] == CMSIS_INFO_PACKET_SIZE) {
        in[2] = (uint8_t)says_packet;
        in[3] = (uint8_t)(says_packet >> 8);
    }
    return n;
}

static void
setup(void)
{
    board_setup("stm32h753xi");
    ctx->clock = &fake_clock;
    fake_usb_reset();
    fake_usb.packet = on_packet;
    says_packet = 0;
    tp = NULL;
}

static void
teardown(void)
{
    sfi_transport_free(tp);
    fake_usb_assert_closed();
    board_teardown();
}

static sfi_status
open_port(const char *name)
{
    sfi_transport_free(tp);
    return sfi_transport_open(ctx, name, &tp);
}

static void
assert_fails_at(const char *name, sfi_status status, const char *message)
{
    sfi_transport_free(tp);
    tp = NULL;
    ck_assert_fails(sfi_transport_open(ctx, name, &tp), status, name, message);
    ck_assert_ptr_null(tp);
    fake_usb_assert_closed();
}

/* Memory is written and read back. */
static void
assert_works(void)
{
    static uint32_t data[WORDS], back[WORDS];

    for (uint32_t i = 0; i < WORDS; i++)
        data[i] = i * 2654435761u;
    ck_assert_ok(sfi__transport_write32(tp, RAM, data, WORDS));
    memset(back, 0, sizeof(back));
    ck_assert_ok(sfi__transport_read32(tp, RAM, back, WORDS));
    ck_assert_mem_eq(back, data, sizeof(data));
}

/* ---- which one ---- */

static const struct {
    const char *name;
    const char *path; /* the path of the device; NULL: not found */
} names[] = {
    {"cmsis-dap:1", "1-2"},
    {"cmsis-dap:2", "1-3"},
    {"cmsis-dap:3", NULL},
    {"cmsis-dap:path=1-2", "1-2"},
    {"cmsis-dap:path=1-3", "1-3"},
    {"cmsis-dap:path=1-3.1", NULL},
    {"cmsis-dap:path=2-3", NULL},
    {"cmsis-dap:serial=0001", "1-2"},
    {"cmsis-dap:serial=0002", "1-3"},
    {"cmsis-dap:serial=000", NULL},
    {"cmsis-dap:c251:f001", "1-3"},
    {"cmsis-dap:c251:f002", NULL},
};

static void
plug_two(void)
{
    struct fake_device *d;

    (void)fake_usb_plug(FAKE_DFU, 1);
    (void)fake_usb_plug(FAKE_BULK, 2);
    d = fake_usb_plug(FAKE_BULK, 3);
    d->text[3] = "0002";
    d->vendor = 0xc251;
    d->product = 0xf001;
}

START_TEST(test_names)
{
    char name[64];

    plug_two();
    if (names[_i].path == NULL) {
        assert_fails_at(names[_i].name, SFI_ERR_NO_DEVICE, NO_PROBE);
        return;
    }
    ck_assert_ok(open_port(names[_i].name));
    sfi__text_format(name, sizeof(name), "cmsis-dap:path=%s", names[_i].path);
    ck_assert_str_eq(tp->name, name);
    ck_assert_int_eq(fake_usb.handles, 1);
    ck_assert_int_eq(fake_usb.claims, 1);
    assert_works();
}
END_TEST

START_TEST(test_two)
{
    plug_two();
    assert_fails_at("cmsis-dap:", SFI_ERR_ARGUMENT,
                    "more than one device matches, expected one of "
                    "cmsis-dap:path=1-2, cmsis-dap:path=1-3");
    fake_usb.count = 2;
    ck_assert_ok(open_port("cmsis-dap:"));
    assert_works();
}
END_TEST

static const struct {
    const char *name;
    const char *message;
} bad[] = {
    {"cmsis-dap:x",
     "not the name of a USB device, expected nothing, VENDOR:PRODUCT, "
     "path=BUS-PORT.PORT, serial=TEXT or its number from 1 on"},
    {"cmsis-dap:?speed=999", "speed is \"999\", expected 1000 to 100000000 Hz"},
    {"cmsis-dap:?speed=100000001",
     "speed is \"100000001\", expected 1000 to 100000000 Hz"},
    {"cmsis-dap:?speed=4M", "speed is \"4M\", expected 1000 to 100000000 Hz"},
    {"cmsis-dap:?ap=256", "ap is \"256\", expected 0 to 255"},
    {"cmsis-dap:?ap=core", "ap is \"core\", expected 0 to 255"},
    {"cmsis-dap:?mode=under-reset",
     "mode is \"under-reset\", expected \"hotplug\", \"normal\" or \"ur\""},
    {"cmsis-dap:?sped=4000", "unknown key \"sped\", ... \"speed\""},
    {"cmsis-dap:?wire=swj", "wire is \"swj\", expected \"swd\" or \"jtag\""},
};

START_TEST(test_bad)
{
    char where[32];

    (void)fake_usb_plug(FAKE_BULK, 2);
    (void)sfi__text_copy(where, sizeof(where), bad[_i].name);
    where[strcspn(where, "?")] = '\0';
    ck_assert_fails(sfi_transport_open(ctx, bad[_i].name, &tp),
                    SFI_ERR_ARGUMENT, where, bad[_i].message);
    ck_assert_ptr_null(tp);
}
END_TEST

START_TEST(test_wires)
{
    (void)fake_usb_plug(FAKE_BULK, 2);
    for (int jtag = 0; jtag < 2; jtag++) {
        ck_assert_ok(open_port(jtag ? "cmsis-dap:?wire=jtag&speed=2000000"
                                    : "cmsis-dap:?wire=swd"));
        ck_assert_int_eq(board.sim->probe.is_jtag, jtag);
        assert_works();
    }
}
END_TEST

/* Ordered by bus and port, not by connection. */
START_TEST(test_order)
{
    static const struct {
        uint8_t bus, ports[4];
        const char *path;
    } rows[] = {
        {1, {2}, "1-2"},      {1, {2, 1}, "1-2.1"}, {1, {2, 1, 7}, "1-2.1.7"},
        {1, {2, 3}, "1-2.3"}, {1, {10}, "1-10"},    {2, {1}, "2-1"},
    };
    static const size_t came[] = {3, 5, 0, 4, 2, 1};

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct fake_device *d = fake_usb_plug(FAKE_BULK, 1);

        d->bus = rows[came[i]].bus;
        memcpy(d->ports, rows[came[i]].ports, sizeof(d->ports));
    }
    for (size_t i = 0; i < ROWS(rows); i++) {
        char name[64];

        sfi__text_format(name, sizeof(name), "cmsis-dap:%zu", i + 1);
        ck_assert_ok(open_port(name));
        sfi__text_format(name, sizeof(name), "cmsis-dap:path=%s", rows[i].path);
        ck_assert_str_eq(tp->name, name);
    }
}
END_TEST

/* ---- what is a probe ---- */

static const struct {
    enum fake_kind kind;
    uint16_t packet; /* of its endpoints */
    uint16_t says;
    bool hid;
} kinds[] = {
    {FAKE_BULK, 64, 0, false},       {FAKE_BULK, 512, 0, false},
    {FAKE_BULK, 1024, 0, false},     {FAKE_BULK, 64, 64, false},
    {FAKE_HID, 64, 64, true},        {FAKE_HID, 512, 0, true},
    {FAKE_HID_NO_OUT, 64, 64, true}, {FAKE_BOTH, 64, 0, false},
};

START_TEST(test_kinds)
{
    fake_usb_plug(kinds[_i].kind, 2)->packet = kinds[_i].packet;
    says_packet = kinds[_i].says;
    ck_assert_ok(open_port("cmsis-dap:?speed=1000000&ap=1"));
    ck_assert_int_eq(fake_usb.detached, kinds[_i].hid);
    assert_works();
    /* no reply needed a time-out to be complete; except with endpoint packets
     * longer than a packet of CMSIS-DAP */
    ck_assert_uint_eq(fake_usb.late, 0);
    if (kinds[_i].packet == 512) /* complete, or the checksum differs */
        ck_assert_uint_lt(fake_usb.packets, 60);
}
END_TEST

/* The effect of each mode on the chip. */
START_TEST(test_modes)
{
    static const char *const modes[] = {
        "cmsis-dap:",
        "cmsis-dap:?mode=HOTPLUG",
        "cmsis-dap:?mode=normal",
        "cmsis-dap:?mode=UR",
        "cmsis-dap:?mode=ur&wire=jtag",
    };
    uint64_t resets = sfi_sim_resets(board.sim);

    (void)fake_usb_plug(FAKE_BULK, 2);
    ck_assert_ok(open_port(modes[_i]));
    ck_assert_int_eq(sfi_sim_resets(board.sim) > resets, _i >= 2);
    assert_works();
}
END_TEST

/* The text of the product identifies only version 1. */
START_TEST(test_texts)
{
    struct fake_device *d = fake_usb_plug(FAKE_HID, 2);

    says_packet = 64;
    d->text[4] = NULL;
    assert_fails_at("cmsis-dap:", SFI_ERR_NO_DEVICE, NO_PROBE);
    d->text[2] = "My CMSIS-DAP";
    ck_assert_ok(open_port("cmsis-dap:"));
    sfi_transport_free(tp);
    tp = NULL;
    d->kind = FAKE_BULK;
    assert_fails_at("cmsis-dap:", SFI_ERR_NO_DEVICE, NO_PROBE);
    d->text[4] = "CMSIS-DAP";
    ck_assert_ok(open_port("cmsis-dap:"));
}
END_TEST

static const enum fake_kind others[] = {FAKE_DFU, FAKE_SWAPPED,
                                        FAKE_UNCONFIGURED};

START_TEST(test_others)
{
    struct fake_device *d = fake_usb_plug(others[_i], 2);

    d->vendor = 0x1209;
    d->product = 0x0001;
    assert_fails_at("cmsis-dap:", SFI_ERR_NO_DEVICE, NO_PROBE);
    assert_fails_at("cmsis-dap:path=1-2", SFI_ERR_NO_DEVICE,
                    "the USB device is not a CMSIS-DAP probe");
    assert_fails_at("cmsis-dap:1209:0001", SFI_ERR_NO_DEVICE,
                    "the USB device is not a CMSIS-DAP probe");
}
END_TEST

START_TEST(test_endpoints)
{
    struct fake_device *d = fake_usb_plug(FAKE_BULK, 2);

    d->packet = 0x1800; /* 1025 and more are invalid in USB 2.0 */
    assert_fails_at("cmsis-dap:", SFI_ERR_NO_DEVICE, NO_PROBE);
    d->packet = 1025;
    assert_fails_at("cmsis-dap:", SFI_ERR_NO_DEVICE, NO_PROBE);
}
END_TEST

/* ---- whom it is not given ---- */

START_TEST(test_denied)
{
    struct fake_device *d = fake_usb_plug(FAKE_BULK, 2);

    d->denied = true;
    assert_fails_at("cmsis-dap:", SFI_ERR_ACCESS, NOT_ALLOWED);
    d->kind = FAKE_HID; /* like every keyboard */
    assert_fails_at("cmsis-dap:", SFI_ERR_NO_DEVICE, NO_PROBE);
    assert_fails_at("cmsis-dap:path=1-2", SFI_ERR_ACCESS, NOT_ALLOWED);
    /* another interface does */
    (void)fake_usb_plug(FAKE_BULK, 3);
    ck_assert_ok(open_port("cmsis-dap:"));
}
END_TEST

START_TEST(test_busy)
{
    fake_usb_plug(FAKE_BULK, 2)->busy = true;
    assert_fails_at("cmsis-dap:", SFI_ERR_ACCESS,
                    "the device is in use by another program");
}
END_TEST

/* ---- what goes wrong ---- */

static const struct {
    int error;
    sfi_status status;
    const char *out, *in;
} errors[] = {
    {LIBUSB_ERROR_NO_DEVICE, SFI_ERR_NO_DEVICE, "the debug probe disconnected",
     "the debug probe disconnected"},
    {LIBUSB_ERROR_TIMEOUT, SFI_ERR_TIMEOUT,
     "the debug probe did not complete a packet in time",
     "the debug probe did not complete a reply in time"},
    {LIBUSB_ERROR_PIPE, SFI_ERR_IO, "the debug probe stalled a packet",
     "the debug probe stalled a reply"},
    {LIBUSB_ERROR_OVERFLOW, SFI_ERR_PROTOCOL,
     "the debug probe's reply is longer than a packet",
     "the debug probe's reply is longer than a packet"},
    {LIBUSB_ERROR_IO, SFI_ERR_IO, "a packet failed: LIBUSB_ERROR_IO",
     "a reply failed: LIBUSB_ERROR_IO"},
};

/* Errors in both directions; then the probe works again. */
START_TEST(test_errors)
{
    static const enum fake_kind of[] = {FAKE_BULK, FAKE_HID, FAKE_HID_NO_OUT};
    uint32_t word;

    for (size_t i = 0; i < ROWS(of); i++) {
        fake_usb_reset();
        fake_usb.packet = on_packet;
        (void)fake_usb_plug(of[i], 2);
        says_packet = 64;
        ck_assert_ok(open_port("cmsis-dap:"));
        for (size_t at = 1; at <= 2; at++) {
            fake_usb.error = errors[_i].error;
            fake_usb.fail_at = fake_usb.calls + at;
            ck_assert_fails(sfi__transport_read32(tp, RAM, &word, 1),
                            errors[_i].status, "",
                            at == 1 ? errors[_i].out : errors[_i].in);
            fake_usb.fail_at = 0;
            assert_works();
        }
        ck_assert_uint_eq(fake_usb.halts,
                          errors[_i].error == LIBUSB_ERROR_PIPE ? 2 : 0);
        sfi_transport_free(tp);
        tp = NULL;
    }
}
END_TEST

static size_t
no_packet(const uint8_t *out, size_t len, uint8_t *in)
{
    (void)out;
    (void)len;
    (void)in;
    return 0;
}

START_TEST(test_silence)
{
    uint32_t word;
    uint64_t then;

    (void)fake_usb_plug(FAKE_BULK, 2);
    fake_usb.packet = no_packet;
    assert_fails_at("cmsis-dap:", SFI_ERR_TIMEOUT,
                    "the debug probe did not complete a reply in time");
    ck_assert_uint_lt(fake_usb.now, 16000);
    fake_usb.packet = on_packet;
    ck_assert_ok(open_port("cmsis-dap:"));
    fake_usb.packet = no_packet;
    then = fake_usb.now;
    ck_assert_int_eq(sfi__transport_read32(tp, RAM, &word, 1), SFI_ERR_TIMEOUT);
    ck_assert_uint_lt(fake_usb.now - then, 16000);
    fake_usb.packet = on_packet;
    assert_works();
}
END_TEST

/* Replies that an earlier program did not read, up to a whole packet. */
START_TEST(test_stale)
{
    (void)fake_usb_plug(FAKE_BULK, 2);
    fake_usb.device[0].packet = 512;
    fake_usb.waits = 2;
    fake_usb.waiting_len[0] = 512;
    fake_usb.waiting_len[1] = 3;
    ck_assert_ok(open_port("cmsis-dap:"));
    assert_works();
    ck_assert_uint_eq(fake_usb.waits, 0);
}
END_TEST

/* Any call of libusb fails with any error: it is reported, or retried, and
 * nothing stays open. */
START_TEST(test_any_call)
{
    static const int with[] = {
        LIBUSB_ERROR_IO,   LIBUSB_ERROR_NO_DEVICE, LIBUSB_ERROR_TIMEOUT,
        LIBUSB_ERROR_PIPE, LIBUSB_ERROR_ACCESS,    LIBUSB_ERROR_NO_MEM,
        LIBUSB_ERROR_BUSY, LIBUSB_ERROR_OVERFLOW,
    };
    size_t total, good = 0;

    plug_two();
    ck_assert_ok(open_port("cmsis-dap:serial=0002"));
    total = fake_usb.calls;
    for (size_t i = 1; i <= total; i++) {
        sfi_status st;

        sfi_transport_free(tp);
        tp = NULL;
        fake_usb.error = with[_i];
        fake_usb.waits = 0;
        fake_usb.calls = 0;
        fake_usb.fail_at = i;
        st = sfi_transport_open(ctx, "cmsis-dap:serial=0002", &tp);
        ck_assert_int_eq(st == SFI_OK, tp != NULL);
        fake_usb.fail_at = 0;
        good += st == SFI_OK;
        if (st == SFI_OK)
            assert_works();
        else
            ck_assert_str_ne(sfi_error_message(sfi_ctx_error(ctx)), "");
        ck_assert_int_le(fake_usb.handles, st == SFI_OK);
    }
    ck_assert_uint_lt(good, total);
}
END_TEST

START_TEST(test_no_memory)
{
    sfi_status st = SFI_ERR_NOMEM;

    (void)fake_usb_plug(FAKE_BULK, 2);
    for (size_t n = 1; st == SFI_ERR_NOMEM; n++) {
        memory.fail_at = n;
        st = sfi_transport_open(ctx, "cmsis-dap:", &tp);
        memory.fail_at = 0;
        ck_assert(st == SFI_OK || tp == NULL);
    }
    ck_assert_ok(st);
}
END_TEST

/* ---- devices in DFU mode ---- */

START_TEST(test_dfu)
{
    struct fake_device *d;

    (void)fake_usb_plug(FAKE_BULK, 1);
    d = fake_usb_plug(FAKE_DFU, 2);
    ck_assert_ok(open_port("usb:"));
    ck_assert_str_eq(tp->name, "usb:path=1-2");
    ck_assert_ok(open_port("usb:serial=0001"));
    d->ports[1] = 4;
    ck_assert_ok(open_port("usb:path=1-2.4"));
    sfi_transport_free(tp);
    tp = NULL;
    assert_fails_at("usb:1209:0001", SFI_ERR_NO_DEVICE,
                    "the USB device has no DFU interface");
    (void)fake_usb_plug(FAKE_DFU, 3);
    assert_fails_at("usb:", SFI_ERR_ARGUMENT,
                    "more than one device matches, expected one of "
                    "usb:path=1-2.4, usb:path=1-3");
    d->denied = true;
    assert_fails_at("usb:1", SFI_ERR_ACCESS, NOT_ALLOWED);
    assert_fails_at("usb:serial=0002", SFI_ERR_ACCESS, NOT_ALLOWED);
}
END_TEST

/* ---- all of them ---- */

static char seen[400];

static sfi_status
on_seen(void *user, const struct usb_seen *s)
{
    char before[sizeof(seen)];

    (void)sfi__text_copy(before, sizeof(before), seen);
    sfi__text_format(seen, sizeof(seen), "%s%s %04x:%04x %s/%s/%s%s%s;", before,
                     s->path, s->vendor, s->product, s->manufacturer, s->name,
                     s->serial, s->is_denied ? " denied" : "",
                     s->is_busy ? " busy" : "");
    return *(sfi_status *)user;
}

static const char *
all(enum usb_role role, sfi_status *then)
{
    seen[0] = '\0';
    ck_assert_int_eq(sfi__usb_each(ctx, role, NOWHERE, on_seen, then), *then);
    fake_usb_assert_closed();
    return seen;
}

START_TEST(test_each)
{
    sfi_status then = SFI_OK;
    struct fake_device *d;

    ck_assert_str_eq(all(USB_ROLE_PROBE, &then), "");
    plug_two();
    d = fake_usb_plug(FAKE_HID, 4);
    d->text[1] = "\x1b[31mred\n";
    d->text[2] = NULL;
    d = fake_usb_plug(FAKE_HID, 5); /* a keyboard that only root may open */
    d->denied = true;
    ck_assert_str_eq(all(USB_ROLE_DFU, &then),
                     "1-1 0483:df11 Maker/Thing/0001;");
    ck_assert_str_eq(all(USB_ROLE_PROBE, &then),
                     "1-2 1209:0001 Maker/Thing/0001;"
                     "1-3 c251:f001 Maker/Thing/0002;"
                     "1-4 1209:0001 ?[31mred?//0001;");
    fake_usb.device[0].denied = true;
    fake_usb.device[1].denied = true;
    fake_usb.device[2].busy = true;
    ck_assert_str_eq(all(USB_ROLE_DFU, &then), "1-1 0483:df11 // denied;");
    ck_assert_str_eq(all(USB_ROLE_PROBE, &then),
                     "1-2 1209:0001 // denied;"
                     "1-3 c251:f001 Maker/Thing/0002 busy;"
                     "1-4 1209:0001 ?[31mred?//0001;");
    then = SFI_ERR_CANCELLED;
    ck_assert_str_eq(all(USB_ROLE_PROBE, &then), "1-2 1209:0001 // denied;");
}
END_TEST

START_TEST(test_each_fails)
{
    sfi_status then = SFI_OK;

    plug_two();
    fake_usb.error = LIBUSB_ERROR_IO;
    fake_usb.fail_at = 1;
    ck_assert_fails(sfi__usb_each(ctx, USB_ROLE_DFU, NOWHERE, on_seen, &then),
                    SFI_ERR_IO, "", "starting libusb failed: LIBUSB_ERROR_IO");
    fake_usb.fail_at = fake_usb.calls + 2;
    ck_assert_fails(sfi__usb_each(ctx, USB_ROLE_DFU, NOWHERE, on_seen, &then),
                    SFI_ERR_IO, "", "cannot list the USB devices");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("probe_usb");
    TCase *t = tcase_create("probe_usb");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, test_names, 0, ROWS(names));
    tcase_add_test(t, test_two);
    tcase_add_test(t, test_order);
    tcase_add_loop_test(t, test_bad, 0, ROWS(bad));
    tcase_add_test(t, test_wires);
    tcase_add_loop_test(t, test_kinds, 0, ROWS(kinds));
    tcase_add_loop_test(t, test_modes, 0, 5);
    tcase_add_test(t, test_texts);
    tcase_add_loop_test(t, test_others, 0, ROWS(others));
    tcase_add_test(t, test_endpoints);
    tcase_add_test(t, test_denied);
    tcase_add_test(t, test_busy);
    tcase_add_loop_test(t, test_errors, 0, ROWS(errors));
    tcase_add_test(t, test_silence);
    tcase_add_test(t, test_stale);
    tcase_add_loop_test(t, test_any_call, 0, 8);
    tcase_add_test(t, test_no_memory);
    tcase_add_test(t, test_dfu);
    tcase_add_test(t, test_each);
    tcase_add_test(t, test_each_fails);
    suite_add_tcase(s, t);
    return run_suite(s);
}
