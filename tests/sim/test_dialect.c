/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A dialect's table itself: which functions it needs, how libsfi checks what
 * they return, and how the table is set. */
#include <string.h>

#include <sfi/device.h>

#include "chip/chip.h"
#include "sim/sim.h"

#include <bench/vendor.h>

/* ---- a table with wrong results ---- */

static struct {
    uint32_t yes;
    sfi_dialect_info info;
    size_t cert_len;
    uint32_t session;
} lie;

static sfi_status
say_speaks(void *user, sfi_target *t, uint32_t *yes)
{
    (void)user;
    (void)t;
    *yes = lie.yes;
    return SFI_OK;
}

static sfi_status
say_info(void *user, sfi_target *t, sfi_dialect_info *out)
{
    (void)user;
    (void)t;
    ck_assert_uint_eq(out->struct_size, sizeof(*out));
    *out = lie.info;
    return SFI_OK;
}

static sfi_status
say_certificate(void *user, sfi_target *t, uint8_t *out, size_t *out_len)
{
    (void)user;
    (void)t;
    memset(out, 0x11, *out_len);
    *out_len = lie.cert_len;
    return SFI_OK;
}

static sfi_status
say_session(void *user, sfi_target *t, uint32_t *out)
{
    (void)user;
    (void)t;
    *out = lie.session;
    return SFI_OK;
}

START_TEST(test_lies)
{
    sfi_dialect_ops ops = vendor_dialect;
    const sfi_connect_options options = {
        .struct_size = sizeof(options),
        .transport = NULL,
        .dialect = &ops,
    };
    sfi_connect_options o = options;
    sfi_target_info info = {.struct_size = sizeof(info)};
    sfi_certificate *cert;
    sfi_target *t = vendor_begin("usart");
    uint32_t id;

    sfi_target_free(t);
    ops.speaks = say_speaks;
    ops.info = say_info;
    ops.certificate = say_certificate;
    ops.session = say_session;
    o.transport = station.tp;
    lie.yes = 2;
    ck_assert_fails(sfi_target_connect_with(ctx, &o, &t), SFI_ERR_CALLBACK,
                    "stream",
                    "the dialect's speaks returned 2, expected 0 or 1");
    lie.yes = 1;
    ck_assert_ok(sfi_target_connect_with(ctx, &o, &t));
    lie.info = (sfi_dialect_info){.state = 6, .device_id = 0x450};
    ck_assert_fails(sfi_target_get_info(t, &info), SFI_ERR_PROTOCOL, "stream",
                    "INFO reports state 6, expected at most 5");
    lie.info.state = 0;
    ck_assert_fails_about(sfi_target_get_info(t, &info), SFI_ERR_PROTOCOL,
                          "stream", "INFO", "chip 0x450 and 0 bytes");
    lie.info.data_max = UINT32_MAX;
    ck_assert_ok(sfi_target_get_info(t, &info));
    lie.info.device_id = 0x462;
    ck_assert_int_eq(sfi_target_get_info(t, &info), SFI_ERR_PROTOCOL);
    for (lie.cert_len = 135; lie.cert_len <= 137; lie.cert_len += 2) {
        ck_assert_int_eq(sfi_target_get_certificate(t, &cert),
                         SFI_ERR_CALLBACK);
        ck_assert_ptr_null(cert);
    }
    lie.cert_len = 0;
    ck_assert_fails(sfi_target_get_certificate(t, &cert), SFI_ERR_CALLBACK,
                    "stream",
                    "the dialect's certificate has 0 bytes, expected 136");
    lie.cert_len = SFI_CERTIFICATE_LEN; /* malformed */
    ck_assert_int_ne(sfi_target_get_certificate(t, &cert), SFI_OK);
    ck_assert_fails_about(sfi_target_get_session(t, &id), SFI_ERR_PROTOCOL,
                          "stream", "session id");
    lie.session = 7;
    ck_assert_ok(sfi_target_get_session(t, &id));
    ck_assert_uint_eq(id, 7);
    vendor_end(t);
}
END_TEST

/* A dialect without live licences is refused before the chip is touched. */
START_TEST(test_no_session)
{
    sfi_dialect_ops ops = vendor_dialect;
    sfi_target *t = vendor_begin("usart");
    uint32_t id = 1;

    sfi_target_free(t);
    ops.session = NULL;
    station.dialect = &ops;
    ck_assert_fails(station_install_live(false), SFI_ERR_UNSUPPORTED, "",
                    "the dialect does not support live licences");
    t = vendor_connect(&ops);
    ck_assert_fails_about(sfi_target_get_session(t, &id), SFI_ERR_UNSUPPORTED,
                          "", "dialect", "live licences");
    ck_assert_uint_eq(id, 0);
    ck_assert_ok(station_install(false));
    vendor_end(t);
}
END_TEST

/* How often a function was called. */
static struct {
    unsigned calls;
} inside;

/* ---- the table itself ---- */

START_TEST(test_table)
{
    struct {
        sfi_dialect_ops ops;
        uint64_t tail;
    } longer = {.ops = vendor_dialect};
    sfi_dialect_ops ops = vendor_dialect;
    sfi_target *t = vendor_begin("usart");
    sfi_installer *in = station_prepare();

    longer.ops.struct_size = sizeof(longer);
    ck_assert_ok(sfi_installer_set_dialect(in, &longer.ops, NULL));
    longer.tail = 1;
    ck_assert_int_eq(sfi_installer_set_dialect(in, &longer.ops, NULL),
                     SFI_ERR_ABI);
    ops.struct_size--;
    ck_assert_int_eq(sfi_installer_set_dialect(in, &ops, NULL), SFI_ERR_ABI);
    ops = vendor_dialect;
    ops.flags = 2;
    ck_assert_fails(sfi_installer_set_dialect(in, &ops, NULL), SFI_ERR_ARGUMENT,
                    "", "the dialect has flags 0x2, expected none");
    ck_assert_int_eq(sfi_installer_set_dialect(NULL, &ops, NULL),
                     SFI_ERR_ARGUMENT);
    /* each function but one */
    for (size_t i = 0; i < 11; i++) {
        void (*none)(void) = NULL;

        ops = vendor_dialect;
        memcpy((uint8_t *)&ops + offsetof(sfi_dialect_ops, speaks) +
                   i * sizeof(none),
               &none, sizeof(none));
        if (i == 3 /* session */) {
            ck_assert_ok(sfi_installer_set_dialect(in, &ops, NULL));
            continue;
        }
        ck_assert_fails(sfi_installer_set_dialect(in, &ops, NULL),
                        SFI_ERR_ARGUMENT, "",
                        "the dialect lacks a function, expected all but "
                        "session and receipt");
    }
    ck_assert_ok(sfi_installer_set_dialect(in, &vendor_dialect, NULL));
    ck_assert_ok(sfi_installer_run(in));
    ck_assert_int_eq(sfi_installer_set_dialect(in, NULL, NULL), SFI_ERR_STATE);
    vendor_end(t);
}
END_TEST

/* libsfi's own table, with two functions wrapped. */
static sfi_dialect_ops own;

static sfi_status
count_info(void *user, sfi_target *t, sfi_dialect_info *out)
{
    sfi_status st = own.info(user, t, out);

    inside.calls++;
    out->data_max = 100;
    return st;
}

static sfi_status
count_data(void *user, sfi_target *t, uint32_t offset, const uint8_t *data,
           size_t len)
{
    ck_assert_uint_le(len, 100);
    inside.calls++;
    return own.data(user, t, offset, data, len);
}

START_TEST(test_own)
{
    sfi_dialect_ops ops;

    ck_assert_int_eq(sfi_dialect_get_own(NULL), SFI_ERR_ARGUMENT);
    own.struct_size = 16;
    ck_assert_int_eq(sfi_dialect_get_own(&own), SFI_ERR_ABI);
    own.struct_size = sizeof(own);
    ck_assert_ok(sfi_dialect_get_own(&own));
    ops = own;
    ops.info = count_info;
    ops.data = count_data;
    station_setup("stm32h753xi");
    station.dialect = &ops;
    inside.calls = 0;
    ck_assert_ok(station_install(false));
    install_assert_complete(&station.package);
    ck_assert_uint_ge(inside.calls, 2 + station.package.image.len / 100);
    station_teardown();
}
END_TEST

/* A part behind a debug port that libsfi does not recognise: the dialect may,
 * if the caller names the part. */
START_TEST(test_unknown_part)
{
    static const char *message =
        "neither the chip's identity nor a mailbox can be read";
    sfi_dialect_ops ops = vendor_dialect;
    sfi_connect_options o = {.struct_size = sizeof(o)};
    uint64_t began;
    sfi_target *t;

    station_setup("stm32h753xi");
    vendor_open("jtag", 96);
    install_activate();
    o.transport = station.tp;
    o.timeout_ms = 1000;
    o.dialect = &ops;
    ck_assert_fails_about(sfi_target_connect_with(ctx, &o, &t), SFI_ERR_NACK,
                          "debug port", message);
    o.chip = sfi_sim_chip(board.sim);
    ck_assert_ok(sfi_target_connect_with(ctx, &o, &t));
    ck_assert_ptr_eq(sfi_target_chip(t), o.chip);
    sfi_target_free(t);
    ops.speaks = say_speaks;
    lie.yes = 0;
    began = script_now;
    ck_assert_fails_about(sfi_target_connect_with(ctx, &o, &t), SFI_ERR_NACK,
                          "debug port", message);
    ck_assert_uint_ge(script_now - began, 1000);
    ck_assert_uint_lt(script_now - began, 1200);
    o.dialect = NULL;
    ck_assert_fails_about(sfi_target_connect_with(ctx, &o, &t), SFI_ERR_NACK,
                          "debug port", message);
    station_teardown();
}
END_TEST

START_TEST(test_connect_options)
{
    sfi_dialect_ops ops = vendor_dialect;
    sfi_connect_options o = {.struct_size = sizeof(o)};
    sfi_target *t = vendor_begin("usart");
    sfi_target *other = t;

    ck_assert_int_eq(sfi_target_connect_with(ctx, NULL, &other),
                     SFI_ERR_ARGUMENT);
    ck_assert_ptr_null(other);
    ck_assert_int_eq(sfi_target_connect_with(ctx, &o, &other),
                     SFI_ERR_ARGUMENT);
    o.transport = station.tp;
    o.struct_size = 8;
    ck_assert_int_eq(sfi_target_connect_with(ctx, &o, &other), SFI_ERR_ABI);
    o.struct_size = sizeof(o);
    o.dialect = &ops;
    ops.flags = 1;
    ck_assert_int_eq(sfi_target_connect_with(ctx, &o, &other),
                     SFI_ERR_ARGUMENT);
    ops = vendor_dialect;
    o.chip = sfi_chip_find("stm32l462ce");
    ck_assert_fails(sfi_target_connect_with(ctx, &o, &other), SFI_ERR_NO_DEVICE,
                    "stream",
                    "the chip is stm32h753xi (0x450), expected stm32l462ce "
                    "(0x462)");
    o.chip = NULL;
    ck_assert_ok(sfi_target_connect_with(ctx, &o, &other));
    sfi_target_free(other);
    vendor_end(t);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("dialect");
    TCase *tc = tcase_create("table");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_lies);
    tcase_add_test(tc, test_no_session);
    tcase_add_test(tc, test_table);
    tcase_add_test(tc, test_own);
    tcase_add_test(tc, test_unknown_part);
    tcase_add_test(tc, test_connect_options);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
