/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Links of each kind over custom functions: how the functions are called, and
 * how their results are checked. */
#include <string.h>

#include "util/text.h"
#include "core/ctx.h"
#include "transport/base/transport.h"

#include "fixture.h"

/* The arguments of the last call, and the results of the next. */
static struct {
    sfi_status st;
    size_t got;
    char calls[256];
} fake;

static sfi_transport *tp;

static sfi_status
note(void *user, const char *call)
{
    ck_assert_ptr_eq(user, &fake);
    ck_assert_int_eq(sfi__enter(tp, OBJ_TRANSPORT), SFI_ERR_STATE);
    sfi__text_format(fake.calls + strlen(fake.calls),
                     sizeof(fake.calls) - strlen(fake.calls), "%s;", call);
    return fake.st;
}

static sfi_status
on_read(void *user, uint8_t *buf, size_t len, size_t *got, uint32_t timeout_ms)
{
    (void)buf;
    (void)len;
    (void)timeout_ms;
    *got = 0;
    return note(user, "read");
}

static sfi_status
on_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    (void)buf;
    (void)len;
    (void)timeout_ms;
    return note(user, "write");
}

static sfi_status
on_select(void *user, int asserted)
{
    return note(user, asserted ? "low" : "high");
}

static sfi_status
on_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    char call[64];

    sfi__text_format(call, sizeof(call), "%02x %zu", tx[0], len);
    if (rx != NULL)
        rx[len - 1] = 0x79;
    return note(user, call);
}

static sfi_status
on_control(void *user, uint8_t request_type, uint8_t request, uint16_t value,
           uint16_t index, uint8_t *data, size_t len, size_t *got,
           uint32_t timeout_ms)
{
    char call[64];

    sfi__text_format(call, sizeof(call), "%02x %02x %04x %04x %zu %u",
                     request_type, request, value, index, len, timeout_ms);
    data[0] = 0x02;
    *got = fake.got;
    return note(user, call);
}

static sfi_status
on_reopen(void *user, uint32_t timeout_ms)
{
    (void)timeout_ms;
    return note(user, "reopen");
}

static sfi_status
on_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    words[count - 1] = address;
    return note(user, "read32");
}

static sfi_status
on_write32(void *user, uint32_t address, const uint32_t *words, size_t count)
{
    char call[64];

    sfi__text_format(call, sizeof(call), "%08x=%08x %zu", address, words[0],
                     count);
    return note(user, call);
}

static sfi_status
on_reset(void *user, int into_boot)
{
    return note(user, into_boot ? "boot" : "reset");
}

static void
on_close(void *user)
{
    ck_assert_ptr_eq(user, &fake);
    (void)strcat(fake.calls, "close");
}

static const sfi_stream_ops stream = {
    .struct_size = sizeof(stream),
    .read = on_read,
    .write = on_write,
    .reset = on_reset,
    .close = on_close,
};
static const sfi_spi_ops spi = {
    .struct_size = sizeof(spi),
    .select = on_select,
    .transfer = on_transfer,
    .reset = on_reset,
    .close = on_close,
};
static const sfi_usb_ops usb = {
    .struct_size = sizeof(usb),
    .control = on_control,
    .reopen = on_reopen,
    .reset = on_reset,
    .close = on_close,
};
static const sfi_dap_ops dap = {
    .struct_size = sizeof(dap),
    .read32 = on_read32,
    .write32 = on_write32,
    .reset = on_reset,
    .close = on_close,
};

static void
setup(void)
{
    fixture_setup();
    memset(&fake, 0, sizeof(fake));
    tp = NULL;
}

static void
teardown(void)
{
    sfi_transport_free(tp);
    fixture_teardown();
}

static void
open_kind(int kind)
{
    static const char *const names[] = {"stream", "SPI", "USB", "debug port"};
    static const uint32_t links[] = {SFI_LINK_USART, SFI_LINK_SPI, SFI_LINK_USB,
                                     SFI_LINK_MEMORY};
    sfi_status st = SFI_OK;

    switch (kind) {
    case TRANSPORT_STREAM:
        st = sfi_transport_open_stream(ctx, &stream, &fake, &tp);
        break;
    case TRANSPORT_SPI:
        st = sfi_transport_open_spi(ctx, &spi, &fake, &tp);
        break;
    case TRANSPORT_USB:
        st = sfi_transport_open_usb(ctx, &usb, &fake, &tp);
        break;
    default:
        st = sfi_transport_open_dap(ctx, &dap, &fake, &tp);
        break;
    }
    ck_assert_ok(st);
    ck_assert_int_eq(tp->kind, kind);
    ck_assert_str_eq(sfi_transport_name(tp), names[kind]);
    ck_assert_uint_eq(sfi_transport_kind(tp), links[kind]);
    ck_assert_str_eq(sfi_transport_name(NULL), "");
    ck_assert_uint_eq(sfi_transport_kind(NULL), 0);
}

START_TEST(test_spi)
{
    uint8_t rx[3] = {0};

    open_kind(TRANSPORT_SPI);
    ck_assert_ok(sfi__transport_select(tp, true));
    ck_assert_ok(sfi__transport_transfer(tp, (const uint8_t *)"Zab", rx, 3));
    ck_assert_uint_eq(rx[2], 0x79);
    ck_assert_ok(sfi__transport_transfer(tp, (const uint8_t *)"Z", NULL, 1));
    ck_assert_ok(sfi__transport_select(tp, false));
    ck_assert_str_eq(fake.calls, "low;5a 3;5a 1;high;");
    fake.st = SFI_ERR_NO_DEVICE;
    ck_assert_fails_about(sfi__transport_select(tp, true), SFI_ERR_NO_DEVICE,
                          "", "select of the link", "no such device");
    ck_assert_fails_about(sfi__transport_transfer(tp, rx, rx, 1),
                          SFI_ERR_NO_DEVICE, "", "transfer on the link",
                          "no such device");
}
END_TEST

START_TEST(test_usb)
{
    uint8_t data[8];
    size_t got = 9;

    open_kind(TRANSPORT_USB);
    fake.got = 6;
    ck_assert_ok(sfi__transport_control(tp, 0xa1, 3, 1, 2, data, 6, &got, 500));
    ck_assert_uint_eq(got, 6);
    ck_assert_ok(sfi__transport_reopen(tp, 500));
    ck_assert_str_eq(fake.calls, "a1 03 0001 0002 6 500;reopen;");
    fake.got = 7;
    ck_assert_fails(
        sfi__transport_control(tp, 0xa1, 3, 1, 2, data, 6, &got, 500),
        SFI_ERR_CALLBACK, "",
        "control transfer on the link moved 7 bytes, expected at most 6");
    ck_assert_uint_eq(got, 0);
    fake.st = SFI_ERR_NACK;
    ck_assert_fails(
        sfi__transport_control(tp, 0xa1, 3, 1, 2, data, 6, &got, 500),
        SFI_ERR_NACK, "",
        "control transfer on the link: the bootloader refused a command");
    ck_assert_uint_eq(got, 0);
    ck_assert_fails(sfi__transport_reopen(tp, 500), SFI_ERR_NACK, "",
                    "reopening the link: the bootloader refused a command");
}
END_TEST

START_TEST(test_dap)
{
    uint32_t words[2] = {0x12345678, 0};

    open_kind(TRANSPORT_DAP);
    ck_assert_ok(sfi__transport_write32(tp, 0x24030000, words, 2));
    ck_assert_ok(sfi__transport_read32(tp, 0x24030000, words, 2));
    ck_assert_uint_eq(words[1], 0x24030000);
    ck_assert_str_eq(fake.calls, "24030000=12345678 2;read32;");
    fake.st = SFI_ERR_NACK;
    ck_assert_fails(
        sfi__transport_write32(tp, 0, words, 1), SFI_ERR_NACK, "",
        "write of memory through the link: the bootloader refused a command");
    ck_assert_fails(
        sfi__transport_read32(tp, 0, words, 1), SFI_ERR_NACK, "",
        "read of memory through the link: the bootloader refused a command");
}
END_TEST

/* Every kind can be reset, and is closed once. */
START_TEST(test_reset)
{
    open_kind(_i);
    ck_assert_ok(sfi__transport_reset(tp, true));
    ck_assert_ok(sfi__transport_reset(tp, false));
    sfi_transport_free(tp);
    tp = NULL;
    ck_assert_str_eq(fake.calls, "boot;reset;close");
}
END_TEST

/* A function is never called for a link of another kind. */
START_TEST(test_other_kind)
{
    uint8_t byte = 0;
    uint32_t word = 0;
    size_t got = 9;
    int mine = 0;
    sfi_status st[9];

    open_kind(_i);
    st[0] = sfi__transport_read(tp, &byte, 1, &got, 0);
    st[1] = sfi__transport_write(tp, &byte, 1, 0);
    st[2] = sfi__transport_flush(tp);
    st[3] = sfi__transport_select(tp, true);
    st[4] = sfi__transport_transfer(tp, &byte, NULL, 1);
    st[5] = sfi__transport_control(tp, 0, 0, 0, 0, &byte, 1, &got, 0);
    st[6] = sfi__transport_reopen(tp, 0);
    st[7] = sfi__transport_read32(tp, 0, &word, 1);
    st[8] = sfi__transport_write32(tp, 0, &word, 1);
    ck_assert_uint_eq(got, 0);
    for (size_t i = 0; i < ROWS(st); i++)
        mine += st[i] != SFI_ERR_INTERNAL;
    ck_assert_int_eq(mine, _i == TRANSPORT_STREAM ? 3 : 2);
}
END_TEST

START_TEST(test_other_kind_says_so)
{
    open_kind(TRANSPORT_SPI);
    ck_assert_fails(sfi__transport_flush(tp), SFI_ERR_INTERNAL, "",
                    "the link is of kind 1, expected 0");
}
END_TEST

START_TEST(test_optional)
{
    sfi_spi_ops s = spi;
    sfi_usb_ops u = usb;
    sfi_dap_ops d = dap;

    s.reset = NULL;
    s.close = NULL;
    ck_assert_ok(sfi_transport_open_spi(ctx, &s, &fake, &tp));
    ck_assert_int_eq(sfi__transport_reset(tp, true), SFI_ERR_UNSUPPORTED);
    sfi_transport_free(tp);
    u.reset = NULL;
    u.reopen = NULL;
    u.close = NULL;
    ck_assert_ok(sfi_transport_open_usb(ctx, &u, &fake, &tp));
    ck_assert_int_eq(sfi__transport_reset(tp, true), SFI_ERR_UNSUPPORTED);
    ck_assert_fails(sfi__transport_reopen(tp, 1), SFI_ERR_UNSUPPORTED, "",
                    "this link cannot be opened again");
    sfi_transport_free(tp);
    d.reset = NULL;
    d.close = NULL;
    ck_assert_ok(sfi_transport_open_dap(ctx, &d, &fake, &tp));
    ck_assert_int_eq(sfi__transport_reset(tp, true), SFI_ERR_UNSUPPORTED);
    ck_assert_str_eq(fake.calls, "");
}
END_TEST

/* Open with the `i`-th mistake. */
static sfi_status
open_wrong(int kind, int i, sfi_transport **out)
{
    sfi_spi_ops s = spi;
    sfi_usb_ops u = usb;
    sfi_dap_ops d = dap;

    s.struct_size = u.struct_size = d.struct_size = i == 1 ? 8 : sizeof(s);
    if (i != 1)
        u.struct_size = sizeof(u);
    s.flags = u.flags = d.flags = i == 2;
    if (i == 3) {
        s.select = NULL;
        u.control = NULL;
        d.read32 = NULL;
    }
    if (i == 4) {
        s.transfer = NULL;
        u.control = NULL;
        d.write32 = NULL;
    }
    if (i == 5)
        memory.fail_at = 1;
    if (kind == TRANSPORT_SPI)
        return sfi_transport_open_spi(ctx, i == 0 ? NULL : &s, &fake, out);
    if (kind == TRANSPORT_USB)
        return sfi_transport_open_usb(ctx, i == 0 ? NULL : &u, &fake, out);
    return sfi_transport_open_dap(ctx, i == 0 ? NULL : &d, &fake, out);
}

START_TEST(test_arguments)
{
    static const sfi_status expected[] = {
        SFI_ERR_ARGUMENT, SFI_ERR_ABI,      SFI_ERR_ARGUMENT,
        SFI_ERR_ARGUMENT, SFI_ERR_ARGUMENT, SFI_ERR_NOMEM,
    };

    ck_assert_int_eq(open_wrong(_i, 6, NULL), SFI_ERR_ARGUMENT);
    for (int i = 0; i < (int)ROWS(expected); i++) {
        tp = (sfi_transport *)&memory;
        ck_assert_int_eq(open_wrong(_i, i, &tp), expected[i]);
        ck_assert_ptr_null(tp);
    }
    ck_assert_str_eq(fake.calls, "");
}
END_TEST

START_TEST(test_reserved)
{
    sfi_stream_ops ops = stream;

    ops.reserved = 1;
    ck_assert_fails_about(sfi_transport_open_stream(ctx, &ops, &fake, &tp),
                          SFI_ERR_ARGUMENT, "", "ops->reserved == 0");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("transport_kinds");
    TCase *tc = tcase_create("kinds");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_spi);
    tcase_add_test(tc, test_usb);
    tcase_add_test(tc, test_dap);
    tcase_add_loop_test(tc, test_reset, 0, TRANSPORT_KINDS);
    tcase_add_loop_test(tc, test_other_kind, 0, TRANSPORT_KINDS);
    tcase_add_test(tc, test_other_kind_says_so);
    tcase_add_test(tc, test_optional);
    tcase_add_loop_test(tc, test_arguments, TRANSPORT_SPI, TRANSPORT_KINDS);
    tcase_add_test(tc, test_reserved);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
