/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a connected chip is: the facts of a virtual one, open, with a program,
 * protected and secure, over a USART and over a debug port. */
#include <string.h>

#include <sfi/describe.h>
#include <sfi/program.h>

#include <bench/board.h>

#define BASE 0x08000000u

static sfi_transport *tp;
static sfi_target *t;
static sfi_description *d;
static char written[4096];

static void
connect(const char *link)
{
    ck_assert_ok(sfi_sim_transport(board.sim, link, &tp));
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));
}

static void
setup(void)
{
    board_setup("stm32h753xi");
    connect("usart");
}

static void
disconnect(void)
{
    sfi_description_free(d);
    sfi_target_free(t);
    sfi_transport_free(tp);
    d = NULL;
}

static void
teardown(void)
{
    disconnect();
    board_teardown();
}

static sfi_status
write_text(void *user, const uint8_t *text, size_t len)
{
    (void)user;
    ck_assert_uint_lt(len, sizeof(written));
    memcpy(written, text, len);
    written[len] = '\0';
    return SFI_OK;
}

static void
describe(void)
{
    sfi_description_free(d);
    ck_assert_ok(sfi_target_describe(t, &d));
    ck_assert_str_eq(sfi_description_at(d, 0)->text, "chip");
}

/* NULL: the fact is not there. */
static void
assert_fact(const char *name, const char *text)
{
    const sfi_fact *f = sfi_description_find(d, "", 0, name);

    if (text == NULL) {
        ck_assert_msg(f == NULL, "%s: %s", name, f != NULL ? f->text : "");
        return;
    }
    ck_assert_msg(f != NULL, "%s", name);
    ck_assert_str_eq(f->text, text);
}

static void
protect(void)
{
    sfi_option_bytes *ob;

    ck_assert_ok(sfi_target_read_option_bytes(t, &ob));
    ck_assert_ok(sfi_option_bytes_set_word(ob, "RDP=0xBB"));
    ck_assert_ok(sfi_target_write_option_bytes(t, ob));
    sfi_option_bytes_free(ob);
}

START_TEST(test_open)
{
    static const uint8_t vectors[32] = {0x00, 0x00, 0x08, 0x24,
                                        0x01, 0x04, 0x00, 0x08};

    describe();
    assert_fact("chip", "stm32h753xi");
    assert_fact("chip_id", "0x450");
    assert_fact("flash_size", "2048 KiB at 0x08000000, sectors of 128 KiB");
    assert_fact("state", "open, empty");
    assert_fact("secure", "no");
    assert_fact("readout_protection", "level 0");
    assert_fact("security", "0");
    assert_fact("protocol_version", "3.1");
    assert_fact("revision", NULL);
    assert_fact("stack", NULL);
    assert_fact("device_id", NULL);
    ck_assert_uint_eq(sfi_description_find(d, "", 0, "flash_size")->number,
                      2u << 20);
    ck_assert_ok(sfi_target_write(t, BASE, vectors, sizeof(vectors)));
    describe();
    assert_fact("state", "open, has a program");
    assert_fact("stack", "0x24080000");
    assert_fact("entry", "0x08000401");
    protect();
    describe();
    assert_fact("state", "open");
    assert_fact("readout_protection", "level 1");
    assert_fact("security", NULL);
    assert_fact("stack", NULL);
}
END_TEST

START_TEST(test_secure)
{
    ck_assert_ok(sfi_target_activate_security(t));
    describe();
    assert_fact("state", "secure, empty");
    assert_fact("secure", "yes");
    assert_fact("readout_protection", NULL);
    assert_fact("header_tag", NULL);
    ck_assert_uint_eq(strlen(sfi_description_find(d, "", 0, "device_id")->text),
                      64);
}
END_TEST

START_TEST(test_debug_port)
{
    disconnect();
    connect("swd");
    describe();
    assert_fact("revision", "0x2003");
    assert_fact("protocol_version", NULL);
    assert_fact("state", "open, empty");
}
END_TEST

START_TEST(test_written)
{
    describe();
    ck_assert_ok(sfi_description_text(d, NULL, write_text, NULL));
    ck_assert_ptr_nonnull(
        strstr(written, "  Part               : stm32h753xi\n"));
    ck_assert_ptr_nonnull(strstr(written, "  Readout protection : level 0\n"));
    ck_assert_ok(sfi_description_json(d, write_text, NULL));
    ck_assert_ptr_nonnull(strstr(written, "\n  \"flash_size\": 2097152,\n"));
    ck_assert_ptr_nonnull(strstr(written, "\n  \"secure\": false,\n"));
}
END_TEST

static void
describe_in_callback(void *user, const sfi_progress *p)
{
    sfi_status *st = user;

    (void)p;
    *st = sfi_target_describe(t, &d);
}

START_TEST(test_refusals)
{
    sfi_comparison compared = {.struct_size = sizeof(compared)};
    sfi_status inside = SFI_OK;

    describe();
    ck_assert_fails_about(
        sfi_description_compare(d, d, NULL, NULL, NULL, &compared),
        SFI_ERR_FORMAT, "", "a connected chip");
    sfi_description_free(d);
    ck_assert_int_eq(sfi_target_describe(NULL, &d), SFI_ERR_ARGUMENT);
    ck_assert_ptr_null(d);
    ck_assert_int_eq(sfi_target_describe(t, NULL), SFI_ERR_ARGUMENT);
    ck_assert_ok(sfi_target_set_progress(t, describe_in_callback, &inside));
    ck_assert_ok(sfi_target_check_erased(t, BASE, 4096));
    ck_assert_int_eq(inside, SFI_ERR_STATE);
    ck_assert_ptr_null(d);
    sfi_target_cancel(t, 1);
    ck_assert_int_eq(sfi_target_describe(t, &d), SFI_ERR_CANCELLED);
    ck_assert_ptr_null(d);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("describe_chip");
    TCase *tc = tcase_create("chip");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_open);
    tcase_add_test(tc, test_secure);
    tcase_add_test(tc, test_debug_port);
    tcase_add_test(tc, test_written);
    tcase_add_test(tc, test_refusals);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
