/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the functions of a dialect may call, and what they may not. */
#include <string.h>

#include "chip/chip.h"
#include "proto/dfu.h"
#include "sim/sim.h"
#include "transport/base/transport.h"

#include <bench/vendor.h>

/* Passed as `user`, to test that too. */
static struct {
    sfi_target *target;
    unsigned calls;
    void (*look)(sfi_target *t);
} inside;

static sfi_status
look_around(void *user, sfi_target *t, sfi_dialect_info *out)
{
    ck_assert_ptr_eq(user, &inside);
    inside.calls++;
    inside.look(t);
    return vendor_dialect.info(NULL, t, out);
}

/* Run this inside a function of the dialect; the target stays usable. */
static sfi_target *
from_inside(const char *interface_name, void (*look)(sfi_target *t))
{
    sfi_dialect_ops ops = vendor_dialect;
    sfi_connect_options o = {
        .struct_size = sizeof(o),
        .dialect = &ops,
        .dialect_user = &inside,
    };
    sfi_target_info info = {.struct_size = sizeof(info)};
    sfi_target *t = vendor_begin(interface_name);

    sfi_target_free(t);
    o.transport = station.tp;
    o.chip = sfi_sim_chip(board.sim);
    ops.info = look_around;
    memset(&inside, 0, sizeof(inside));
    inside.look = look;
    ck_assert_ok(sfi_target_connect_with(ctx, &o, &t));
    memset(&ops, 0, sizeof(ops)); /* it was copied */
    ck_assert_ok(sfi_target_get_info(t, &info));
    ck_assert_uint_eq(inside.calls, 1);
    ck_assert_uint_eq(info.device_id, 0x450);
    return t;
}

static void
look_at_public(sfi_target *t)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    uint8_t byte = 0;
    uint32_t id;

    ck_assert_fails_about(sfi_target_get_info(t, &info), SFI_ERR_STATE, "",
                          "callback");
    ck_assert_int_eq(sfi_target_get_id(t, &id), SFI_ERR_STATE);
    ck_assert_int_eq(sfi_target_read(t, 0x08000000, &byte, 1), SFI_ERR_STATE);
    ck_assert_int_eq(sfi_target_erase_all(t), SFI_ERR_STATE);
}

START_TEST(test_target_is_busy)
{
    vendor_end(from_inside("usart", look_at_public));
}
END_TEST

static void
look_at_link(sfi_target *t)
{
    sfi_dialect_link link = {.struct_size = sizeof(link)};

    ck_assert_ok(sfi_dialect_get_link(t, &link));
    ck_assert_uint_eq(link.kind, SFI_LINK_USART);
    ck_assert_uint_eq(link.flags, SFI_LINK_HAS_REQUESTS);
    ck_assert_uint_eq(link.device_id, 0x450);
    ck_assert_uint_eq(link.bootloader_version, 0x42);
    link.struct_size = 4;
    ck_assert_int_eq(sfi_dialect_get_link(t, &link), SFI_ERR_ABI);
    ck_assert_int_eq(sfi_dialect_get_link(t, NULL), SFI_ERR_ARGUMENT);
}

static void
look_at_requests(sfi_target *t)
{
    static const uint8_t bytes[SFI_REQUEST_DATA_MAX + 1];
    uint8_t reply[SFI_REQUEST_REPLY_MAX + 1];
    const sfi_request good = {
        .struct_size = sizeof(good), .opcode = 0x1001, .timeout_ms = 100};
    sfi_request r = good;
    uint32_t status = 9;

    ck_assert_ok(sfi_dialect_request(t, &r, reply, 26, &status));
    ck_assert_uint_eq(status, 0);
    ck_assert_mem_eq(reply, "VX\x01\xe0", 4);
    ck_assert_fails(sfi_dialect_request(t, &r, reply, 25, &status),
                    SFI_ERR_PROTOCOL, "",
                    "the answer to a request has an impossible length");
    r.opcode = 0x5301;
    r.name = "INFO";
    ck_assert_fails_about(sfi_dialect_request(t, &r, reply, 44, &status),
                          SFI_ERR_NACK, "", "refused", "INFO");
#define WRONG(member, value, st)                                              \
    do {                                                                      \
        r = good;                                                             \
        r.member = value;                                                     \
        ck_assert_int_eq(sfi_dialect_request(t, &r, reply, 26, &status), st); \
    } while (0)
    WRONG(struct_size, 12, SFI_ERR_ABI);
    WRONG(flags, 4, SFI_ERR_ARGUMENT);
    WRONG(opcode, 0x10000, SFI_ERR_ARGUMENT);
    WRONG(param_len, 1, SFI_ERR_ARGUMENT);
    WRONG(data_len, 1, SFI_ERR_ARGUMENT);
    WRONG(flags, SFI_REQUEST_EXTENDED, SFI_ERR_ARGUMENT); /* with a reply */
#undef WRONG
    r = good;
    r.param = bytes;
    r.param_len = SFI_REQUEST_PARAM_MAX + 1;
    ck_assert_int_eq(sfi_dialect_request(t, &r, reply, 26, &status),
                     SFI_ERR_ARGUMENT);
    r = good;
    r.data = bytes;
    r.data_len = 1; /* not extended */
    ck_assert_int_eq(sfi_dialect_request(t, &r, reply, 26, &status),
                     SFI_ERR_ARGUMENT);
    r.flags = SFI_REQUEST_EXTENDED;
    r.data_len = sizeof(bytes);
    ck_assert_int_eq(sfi_dialect_request(t, &r, NULL, 0, &status),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_dialect_request(t, &good, NULL, 26, &status),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(
        sfi_dialect_request(t, &good, reply, sizeof(reply), &status),
        SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_dialect_request(t, NULL, reply, 26, &status),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_dialect_request(t, &good, reply, 26, NULL),
                     SFI_ERR_ARGUMENT);
}

/* A secure part refuses the standard commands without a reason. */
static void
look_at_memory(sfi_target *t)
{
    uint8_t bytes[8] = {0};

    ck_assert_int_eq(sfi_dialect_read(t, 0x08000000, bytes, 8), SFI_ERR_NACK);
    ck_assert_int_eq(sfi_dialect_write(t, 0x24000000, bytes, 8), SFI_ERR_NACK);
    ck_assert_ok(sfi_dialect_read(t, 0, NULL, 0));
    ck_assert_int_eq(sfi_dialect_read(t, 0, NULL, 1), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_dialect_write(t, 0, NULL, 1), SFI_ERR_ARGUMENT);
    ck_assert_fails_about(sfi_dialect_read(t, 0xfffffff9, bytes, 8),
                          SFI_ERR_RANGE, "", "8 bytes", "0xfffffff9", "32-bit");
    ck_assert_int_eq(sfi_dialect_write(t, UINT64_MAX, bytes, 8), SFI_ERR_RANGE);
}

static void
look_at_reset(sfi_target *t)
{
    uint64_t resets = board.sim->resets;

    ck_assert_int_eq(sfi_dialect_reset(t, 2), SFI_ERR_ARGUMENT);
    ck_assert_uint_eq(board.sim->resets, resets);
    ck_assert_ok(sfi_dialect_reset(t, 1));
    ck_assert_uint_gt(board.sim->resets, resets);
    resets = board.sim->resets;
    ck_assert_ok(sfi_dialect_reset(t, 0));
    ck_assert_uint_gt(board.sim->resets, resets);
    ck_assert_ok(sfi_dialect_reset(t, 1)); /* connected for the next test */
}

START_TEST(test_primitives)
{
    static void (*const looks[])(sfi_target * t) = {
        look_at_link,
        look_at_requests,
        look_at_memory,
        look_at_reset,
    };

    vendor_end(from_inside("usart", looks[_i]));
}
END_TEST

/* DFU blocks, of which this part knows two. */
static void
look_at_blocks(sfi_target *t)
{
    static const uint8_t bytes[2049], ask[] = {0x10, 0x01, 0x00}; /* WHO */
    const sfi_request r = {.struct_size = sizeof(r), .opcode = 0x1001};
    uint8_t in[64];
    uint32_t string = 1;
    size_t len = sizeof(in);

    ck_assert_ok(sfi_dialect_download(t, 5, ask, 3, 100, &string));
    ck_assert_uint_eq(string, 0x5a);
    ck_assert_ok(sfi_dialect_upload(t, 7, in, &len));
    ck_assert_uint_eq(len, 27);
    ck_assert_mem_eq(in, "\0VX\x01\xe0", 5);
    ck_assert_int_eq(sfi_dialect_upload(t, 8, in, &len), SFI_ERR_NACK);
    ck_assert_uint_eq(len, 0);
    ck_assert_int_eq(sfi_dialect_download(t, 6, ask, 3, 100, &string),
                     SFI_ERR_NACK);
    ck_assert_uint_eq(string, 0);
    ck_assert_int_eq(
        sfi_dialect_download(t, 5, bytes, sizeof(bytes), 100, &string),
        SFI_ERR_UNSUPPORTED);
    ck_assert_fails(sfi_dialect_request(t, &r, NULL, 0, &string),
                    SFI_ERR_UNSUPPORTED, "",
                    "the bootloader takes no requests, so a request cannot be "
                    "sent");
    len = 1;
    ck_assert_int_eq(sfi_dialect_upload(t, 0x10000, in, &len),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_dialect_upload(t, 7, NULL, &len), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_dialect_upload(t, 7, in, NULL), SFI_ERR_ARGUMENT);
    len = 0;
    ck_assert_int_eq(sfi_dialect_upload(t, 7, in, &len), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_dialect_download(t, 0x10000, ask, 3, 1, &string),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_dialect_download(t, 5, NULL, 3, 1, &string),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_dialect_download(t, 5, ask, 3, 1, NULL),
                     SFI_ERR_ARGUMENT);
}

/* This part stalls "leave", which is reported. */
static void
look_at_leave(sfi_target *t)
{
    uint32_t string;

    ck_assert_int_eq(sfi_dialect_download(t, 0, NULL, 0, 100, &string),
                     SFI_ERR_NACK);
}

/* Other links have no DFU blocks. */
static void
look_at_no_blocks(sfi_target *t)
{
    uint8_t byte = 0;
    uint32_t string;
    size_t len = 1;

    ck_assert_fails(sfi_dialect_download(t, 5, &byte, 1, 100, &string),
                    SFI_ERR_UNSUPPORTED, "",
                    "this link has no DFU blocks, expected a USB device");
    ck_assert_int_eq(sfi_dialect_upload(t, 7, &byte, &len),
                     SFI_ERR_UNSUPPORTED);
    ck_assert_uint_eq(len, 0);
}

START_TEST(test_blocks)
{
    static const struct {
        const char *link;
        void (*look)(sfi_target *t);
    } rows[] = {
        {"usb", look_at_blocks},
        {"usb", look_at_leave},
        {"spi", look_at_no_blocks},
        {"jtag", look_at_no_blocks},
    };

    vendor_end(from_inside(rows[_i].link, rows[_i].look));
}
END_TEST

/* An open part, read and written before anything is secure. */
static sfi_status
touch(void *user, sfi_target *t, uint32_t *yes)
{
    sfi_dialect_link link = {.struct_size = sizeof(link)};
    uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8}, back[8];
    const sfi_request r = {.struct_size = sizeof(r), .name = "WHO"};
    uint32_t at = sfi_sim_chip(board.sim)->ram[0].base;
    uint32_t status;

    ck_assert_ok(sfi_dialect_get_link(t, &link));
    if (link.flags == SFI_LINK_HAS_MEMORY) {
        ck_assert_ok(sfi_dialect_write(t, at, bytes, 8));
        ck_assert_ok(sfi_dialect_read(t, at, back, 8));
        ck_assert_mem_eq(bytes, back, 8);
        ck_assert_fails(
            sfi_dialect_request(t, &r, NULL, 0, &status), SFI_ERR_UNSUPPORTED,
            "", "the bootloader takes no requests, so WHO cannot be sent");
        inside.calls++;
    }
    return vendor_dialect.speaks(user, t, yes);
}

START_TEST(test_memory)
{
    sfi_dialect_ops ops = vendor_dialect;

    station_setup("stm32h753xi");
    vendor_open(_i == 0 ? "usart" : "spi", 96);
    ops.speaks = touch;
    station.dialect = &ops;
    inside.calls = 0;
    ck_assert_ok(station_install(false));
    ck_assert_uint_ge(inside.calls, 1); /* at each connection */
    station_teardown();
}
END_TEST

/* Only functions of a dialect may call them. */
START_TEST(test_outside)
{
    sfi_dialect_link link = {.struct_size = sizeof(link)};
    const sfi_request r = {.struct_size = sizeof(r)};
    uint8_t byte = 0;
    uint32_t status;
    size_t len = 1;
    sfi_target *t = vendor_begin("usart");

    ck_assert_fails(sfi_dialect_get_link(t, &link), SFI_ERR_STATE, "",
                    "call this only from a function of the dialect, while it "
                    "runs");
    ck_assert_int_eq(sfi_dialect_request(t, &r, NULL, 0, &status),
                     SFI_ERR_STATE);
    ck_assert_int_eq(sfi_dialect_read(t, 0x08000000, &byte, 1), SFI_ERR_STATE);
    ck_assert_int_eq(sfi_dialect_write(t, 0x24000000, &byte, 1), SFI_ERR_STATE);
    ck_assert_int_eq(sfi_dialect_reset(t, 1), SFI_ERR_STATE);
    ck_assert_int_eq(sfi_dialect_wait(t, 1), SFI_ERR_STATE);
    ck_assert_int_eq(sfi_dialect_download(t, 0, &byte, 1, 1, &status),
                     SFI_ERR_STATE);
    ck_assert_int_eq(sfi_dialect_upload(t, 0, &byte, &len), SFI_ERR_STATE);
    ck_assert_int_eq(sfi_dialect_get_link(NULL, &link), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_dialect_reset(NULL, 1), SFI_ERR_ARGUMENT);
    vendor_end(t);
}
END_TEST

/* A dialect cannot use the installer that runs it. */
static sfi_status
drive(void *user, sfi_target *t, uint8_t *out, size_t *out_len)
{
    int finished;

    ck_assert_fails_about(sfi_installer_step(station.installer, &finished),
                          SFI_ERR_STATE, "", "callback");
    ck_assert_int_eq(sfi_installer_run(station.installer), SFI_ERR_STATE);
    ck_assert_int_eq(sfi_installer_set_erase(station.installer, 1),
                     SFI_ERR_STATE);
    inside.calls++;
    return vendor_dialect.certificate(user, t, out, out_len);
}

START_TEST(test_installer_is_busy)
{
    sfi_dialect_ops ops = vendor_dialect;

    station_setup("stm32h753xi");
    vendor_open("usart", 96);
    ops.certificate = drive;
    station.dialect = &ops;
    inside.calls = 0;
    ck_assert_ok(station_install(false));
    ck_assert_uint_eq(inside.calls, 1);
    station_teardown();
}
END_TEST

/* Cancelled during a request of the dialect. */
static sfi_status
cancel(void *user, sfi_target *t, uint32_t offset, const uint8_t *data,
       size_t len)
{
    sfi_installer_cancel(station.installer);
    return vendor_dialect.data(user, t, offset, data, len);
}

START_TEST(test_cancel)
{
    sfi_dialect_ops ops = vendor_dialect;

    station_setup("stm32h753xi");
    vendor_open("usart", 96);
    ops.data = cancel;
    station.dialect = &ops;
    ck_assert_fails(station_install(false), SFI_ERR_CANCELLED, "", "cancelled");
    ck_assert_uint_eq(vendor.puts, 0);
    install_assert_clean(&station.package);
    station_teardown();
}
END_TEST

static sfi_dialect_ops own;

/* A reply that is damaged on the line: asked for once, or until it is intact.
 */
static sfi_status
ask_once(void *user, sfi_target *t, sfi_dialect_info *out)
{
    uint8_t reply[44];
    sfi_request r = {
        .struct_size = sizeof(r),
        .flags = SFI_REQUEST_ONCE,
        .opcode = 0x5301,
        .timeout_ms = 500,
        .name = "INFO",
    };
    uint32_t status = 0;
    sfi_status st;

    if (inside.calls++ > 0)
        return own.info(user, t, out);
    station_strike(STRIKE_DROP, true, 20);
    st = sfi_dialect_request(t, &r, reply, sizeof(reply), &status);
    ck_assert(st == SFI_ERR_TIMEOUT || st == SFI_ERR_PROTOCOL);
    ck_assert(station.wire.struck);
    ck_assert_str_ne(sfi_error_message(sfi_ctx_error(ctx)), "");
    /* and the next one finds the bootloader waiting for it */
    station_strike(STRIKE_NONE, false, 0);
    ck_assert_ok(sfi_dialect_request(t, &r, reply, sizeof(reply), &status));
    ck_assert_uint_eq(reply[0], 1);
    r.flags = 0;
    station_strike(STRIKE_DROP, true, 20);
    ck_assert_ok(sfi_dialect_request(t, &r, reply, sizeof(reply), &status));
    ck_assert(station.wire.struck);
    return own.info(user, t, out);
}

START_TEST(test_once)
{
    sfi_dialect_ops ops;

    own.struct_size = sizeof(own);
    ck_assert_ok(sfi_dialect_get_own(&own));
    ops = own;
    ops.info = ask_once;
    station_over(_i == 0 ? "usart" : "spi");
    station_setup("stm32h753xi");
    station.dialect = &ops;
    inside.calls = 0;
    ck_assert_ok(station_install(false));
    ck_assert_uint_ge(inside.calls, 2);
    station_teardown();
    station_over("usart");
}
END_TEST

/* Over the other links: a lost request, and a part that restarts. */
static struct {
    bool armed;
    uint32_t requests;
} bus;

static sfi_status
on_control(void *user, uint8_t type, uint8_t request, uint16_t value,
           uint16_t index, uint8_t *data, size_t len, size_t *got, uint32_t ms)
{
    (void)user;
    if (type == DFU_OUT && request == DFU_DNLOAD) {
        bus.requests++;
        if (bus.armed) {
            bus.armed = false;
            *got = 0;
            return SFI_ERR_TIMEOUT;
        }
    }
    return sfi__transport_control(station.direct, type, request, value, index,
                                  data, len, got, ms);
}

static sfi_status
on_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    (void)user;
    return sfi__transport_read32(station.direct, address, words, count);
}

/* REQUEST is the last word that a host writes. */
static sfi_status
on_write32(void *user, uint32_t address, const uint32_t *words, size_t count)
{
    sfi_status st =
        sfi__transport_write32(station.direct, address, words, count);

    (void)user;
    bus.requests++;
    if (bus.armed) {
        bus.armed = false;
        ck_assert_ok(sfi_sim_power_on(board.sim));
    }
    return st;
}

static sfi_status
on_reset(void *user, int into_boot)
{
    (void)user;
    return sfi__transport_reset(station.direct, into_boot != 0);
}

static sfi_status
on_reopen(void *user, uint32_t ms)
{
    (void)user;
    return sfi__transport_reopen(station.direct, ms);
}

/* The first request is damaged: it is sent once, or until there is a reply. */
static sfi_status
count_requests(void *user, sfi_target *t, sfi_dialect_info *out)
{
    uint8_t reply[44];
    sfi_request r = {
        .struct_size = sizeof(r),
        .flags = SFI_REQUEST_ONCE,
        .opcode = 0x5301,
        .timeout_ms = 500,
        .name = "INFO",
    };
    uint32_t status = 0;

    if (inside.calls++ > 0)
        return own.info(user, t, out);
    bus.armed = true;
    bus.requests = 0;
    ck_assert_int_eq(sfi_dialect_request(t, &r, reply, sizeof(reply), &status),
                     SFI_ERR_TIMEOUT);
    ck_assert_uint_eq(bus.requests, 1);
    ck_assert_ok(sfi_dialect_request(t, &r, reply, sizeof(reply), &status));
    r.flags = 0;
    bus.armed = true;
    bus.requests = 0;
    ck_assert_ok(sfi_dialect_request(t, &r, reply, sizeof(reply), &status));
    ck_assert_uint_ge(bus.requests, 2);
    return own.info(user, t, out);
}

START_TEST(test_once_elsewhere)
{
    static const sfi_usb_ops usb = {
        .struct_size = sizeof(usb),
        .control = on_control,
        .reopen = on_reopen,
        .reset = on_reset,
    };
    static const sfi_dap_ops dap = {
        .struct_size = sizeof(dap),
        .read32 = on_read32,
        .write32 = on_write32,
        .reset = on_reset,
    };
    sfi_dialect_ops ops;

    own.struct_size = sizeof(own);
    ck_assert_ok(sfi_dialect_get_own(&own));
    ops = own;
    ops.info = count_requests;
    station_setup("stm32h753xi");
    sfi_transport_free(station.tp);
    sfi_transport_free(station.direct);
    ck_assert_ok(sfi_sim_transport(board.sim, _i == 0 ? "usb" : "jtag",
                                   &station.direct));
    if (_i == 0)
        ck_assert_ok(sfi_transport_open_usb(ctx, &usb, NULL, &station.tp));
    else
        ck_assert_ok(sfi_transport_open_dap(ctx, &dap, NULL, &station.tp));
    station.dialect = &ops;
    inside.calls = 0;
    memset(&bus, 0, sizeof(bus));
    ck_assert_ok(station_install(false));
    ck_assert_uint_ge(inside.calls, 2);
    station_teardown();
}
END_TEST

/* Replies whose length the host does not know, on each link. */
static sfi_status
ask_shorter(void *user, sfi_target *t, sfi_dialect_info *out)
{
    uint8_t reply[SFI_REQUEST_REPLY_MAX];
    size_t got = 9;
    sfi_request r = {
        .struct_size = sizeof(r),
        .opcode = 0x5301,
        .timeout_ms = 500,
        .name = "INFO",
        .reply_got = &got,
    };
    uint32_t status = 0;

    ck_assert_ok(sfi_dialect_request(t, &r, reply, sizeof(reply), &status));
    ck_assert_uint_eq(got, 44);
    ck_assert_ok(sfi_dialect_request(t, &r, reply, 44, &status));
    ck_assert_uint_eq(got, 44);
    ck_assert_int_eq(sfi_dialect_request(t, &r, reply, 43, &status),
                     SFI_ERR_PROTOCOL);
    ck_assert_uint_eq(got, 0);
    inside.calls++;
    return own.info(user, t, out);
}

START_TEST(test_shorter)
{
    static const char *const names[] = {"usart", "spi", "usb", "jtag"};
    sfi_dialect_ops ops;

    own.struct_size = sizeof(own);
    ck_assert_ok(sfi_dialect_get_own(&own));
    ops = own;
    ops.info = ask_shorter;
    station_setup("stm32h753xi");
    sfi_transport_free(station.tp);
    ck_assert_ok(sfi_sim_transport(board.sim, names[_i], &station.tp));
    station.dialect = &ops;
    inside.calls = 0;
    ck_assert_ok(station_install(false));
    ck_assert_uint_ge(inside.calls, 2);
    station_teardown();
}
END_TEST

/* It sleeps for its time, and ends when it is cancelled. */
static sfi_status
nap(void *user, sfi_target *t, uint8_t *out, size_t *out_len)
{
    uint64_t began = script_now;

    ck_assert_ok(sfi_dialect_wait(t, 0));
    ck_assert_ok(sfi_dialect_wait(t, 250));
    ck_assert_uint_eq(script_now - began, 250);
    sfi_installer_cancel(station.installer);
    ck_assert_int_eq(sfi_dialect_wait(t, 250), SFI_ERR_CANCELLED);
    ck_assert_uint_eq(script_now - began, 250);
    inside.calls++;
    return vendor_dialect.certificate(user, t, out, out_len);
}

START_TEST(test_wait)
{
    sfi_dialect_ops ops = vendor_dialect;

    station_setup("stm32h753xi");
    vendor_open("usart", 96);
    ops.certificate = nap;
    station.dialect = &ops;
    inside.calls = 0;
    ck_assert_fails(station_install(false), SFI_ERR_CANCELLED, "", "cancelled");
    ck_assert_uint_eq(inside.calls, 1);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT);
    station_teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("dialect_link");
    TCase *tc = tcase_create("inside");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_target_is_busy);
    tcase_add_loop_test(tc, test_primitives, 0, 4);
    tcase_add_loop_test(tc, test_blocks, 0, 4);
    tcase_add_loop_test(tc, test_memory, 0, 2);
    tcase_add_test(tc, test_outside);
    tcase_add_test(tc, test_installer_is_busy);
    tcase_add_test(tc, test_cancel);
    tcase_add_loop_test(tc, test_once, 0, 2);
    tcase_add_loop_test(tc, test_once_elsewhere, 0, 2);
    tcase_add_loop_test(tc, test_shorter, 0, 4);
    tcase_add_test(tc, test_wait);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
