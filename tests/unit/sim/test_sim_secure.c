/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/sim: the secure state: what its commands refuse, a whole install, and the
 * link inside the process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/device.h>
#include <sfi/transport.h>

#include <bench/install.h>
#include "wire/security.h"
#include "sim/boot.h"
#include "sim/options.h"
#include "transport/base/transport.h"

static const char *const chips[] = {"stm32h753xi", "stm32l462ce"};

static void
setup_secure(const char *chip)
{
    board_setup(chip);
    if (strcmp(chip, "stm32h753xi") == 0)
        install_activate();
    ck_assert(install_sync());
}

static void
info(struct security_info *i)
{
    uint8_t raw[SFI_CMD_REPLY_MAX];
    size_t len = sizeof(raw);

    ck_assert_int_eq(install_request(SFI_CMD_INFO, NULL, 0, NULL, 0, raw, &len),
                     0);
    ck_assert_uint_eq(len, SFI_CMD_INFO_LEN);
    sfi__security_read_info(i, raw);
}

/* AN4992: once secure, no command reads, writes, erases or runs anything. */
static const char *const refusals[] = {
    "> 11 ee < 1f", "> 21 de < 1f", "> 31 ce < 1f", "> 43 bc < 1f",
    "> 44 bb < 1f", "> 63 9c < 1f", "> 73 8c < 1f", "> 82 7d < 1f",
    "> 92 6d < 1f", "> a1 5e < 1f",
};

START_TEST(test_only_the_extension)
{
    setup_secure(chips[_i]);
    board_talk("> 00 ff < 79 05 31 00 01 02 50 51 79");
    board_talk("> 01 fe < 79 31 00 00 79");
    board_talk(_i == 0 ? "> 02 fd < 79 01 04 50 79"
                       : "> 02 fd < 79 01 04 62 79");
    for (size_t i = 0; i < ROWS(refusals); i++)
        board_talk(refusals[i]);
    board_talk("> 50 af < 79 > 53 ff ac < 1f"); /* no such request */
    board_teardown();
}
END_TEST

START_TEST(test_certificate)
{
    uint8_t want[136], got[SFI_CMD_REPLY_MAX];
    size_t want_len = sizeof(want), len = sizeof(got);

    setup_secure(chips[_i]);
    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_CERTIFICATE, want, &want_len));
    ck_assert_int_eq(
        install_request(SFI_CMD_CERTIFICATE, NULL, 0, NULL, 0, got, &len), 0);
    ck_assert_uint_eq(len, 136);
    ck_assert_mem_eq(got, want, 136);
    board_teardown();
}
END_TEST

/* SECURITY set by the standard bootloader: in force from the next reset, for
 * good. */
START_TEST(test_activation)
{
    static const uint8_t optsr[] = {0xf0, 0xaa, 0xc6, 0x1b,
                                    0xf0, 0xaa, 0xe6, 0x1b};

    board_setup("stm32h753xi");
    board_talk("> 7f < 79");
    ck_assert_uint_eq(board_write(0x08000000, "left over firmware......", 24),
                      0x79);
    ck_assert_uint_eq(board_write(0x5200201c, optsr, 8), 0x79);
    ck_assert_int_eq(board.sim->mode, SIM_STANDARD);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_int_eq(board.sim->mode, SIM_SECURE);
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1bc6aaf0));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_int_eq(board.sim->mode, SIM_SECURE);
    board_reopen();
    ck_assert_int_eq(board.sim->mode, SIM_SECURE);
    board_teardown();
}
END_TEST

/* SECURITY that is programmed but not yet in force can be cleared. */
START_TEST(test_activation_taken_back)
{
    board_setup("stm32h753xi");
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1be6aaf0));
    ck_assert(sfi__options_pending(board.sim));
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1bc6aaf0));
    ck_assert(!sfi__options_pending(board.sim));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_int_eq(board.sim->mode, SIM_STANDARD);
    board_teardown();
}
END_TEST

START_TEST(test_install)
{
    struct package p;
    struct security_info i;
    uint64_t resets;

    setup_secure(chips[_i]);
    package_make(&p);
    ck_assert_int_eq(install_run(&p), SFI_CAUSE_NONE);
    info(&i);
    ck_assert_uint_eq(i.state, SFI_DEVICE_INSTALLED);
    resets = sfi_sim_resets(board.sim);
    install_leave();
    ck_assert_uint_gt(sfi_sim_resets(board.sim), resets);
    install_assert_complete(&p);
    if (_i == 0) {
        ck_assert(install_sync());
        info(&i);
        ck_assert_uint_eq(i.state, SFI_DEVICE_INSTALLED);
        board_reopen();
        ck_assert(install_sync());
        /* again, after a mass erase */
        ck_assert_int_eq(install_run(&p), SFI_CAUSE_NONE);
    } else {
        ck_assert(!install_sync());
        ck_assert(sfi__flash_is_erased(&board.sim->flash, &p.chip->loader));
        board_reopen();
        ck_assert(!install_sync());
        ck_assert_int_eq(board.sim->mode, SIM_APPLICATION);
    }
    install_assert_complete(&p);
    package_free(&p);
    board_teardown();
}
END_TEST

/* Without ABORT the part leaves on its own, two minutes after FINISH. */
START_TEST(test_leaves_by_itself)
{
    struct package p;
    uint64_t resets;

    setup_secure(chips[_i]);
    package_make(&p);
    ck_assert_int_eq(install_run(&p), SFI_CAUSE_NONE);
    resets = sfi_sim_resets(board.sim);
    sfi__sim_wait(board.sim, 119999);
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets);
    sfi__sim_wait(board.sim, 1);
    ck_assert_uint_gt(sfi_sim_resets(board.sim), resets);
    install_assert_complete(&p);
    package_free(&p);
    board_teardown();
}
END_TEST

static struct package package;

static void
alter_license(void)
{
    package.license[100] ^= 1;
}

static void
alter_header(void)
{
    package.image.data[20] ^= 1;
}

static void
alter_first_area(void)
{
    package.image.data[28 + 30 + 5] ^= 1;
}

static void
alter_last_byte(void)
{
    package.image.data[package.image.len - 1] ^= 1;
}

/* A licence for another chip: the same key, encrypted for a different
 * device. */
static void
other_license(void)
{
    package.license[24 + 5] ^= 1;
}

static const struct {
    const char *name;
    void (*alter)(void);
    int cause;
} forgeries[] = {
    {"licence", alter_license, SFI_CAUSE_LICENSE},
    {"licence's key", other_license, SFI_CAUSE_LICENSE},
    {"header", alter_header, SFI_CAUSE_HEADER_TAG},
    {"first area", alter_first_area, SFI_CAUSE_AREA_TAG},
    {"last byte", alter_last_byte, SFI_CAUSE_AREA_TAG},
};

/* A refusal leaves nothing, on both parts, and the next attempt is free. */
START_TEST(test_refusal_leaves_nothing)
{
    size_t row = (size_t)_i % ROWS(forgeries);
    struct package good;
    int r;

    setup_secure(chips[(size_t)_i / ROWS(forgeries)]);
    package_make(&package);
    forgeries[row].alter();
    r = install_run(&package);
    ck_assert_msg(r == forgeries[row].cause, "%s: %d", forgeries[row].name, r);
    install_assert_clean(&package);
    package_make(&good);
    ck_assert_int_eq(install_run(&good), SFI_CAUSE_NONE);
    install_assert_complete(&good);
    package_free(&package);
    package_free(&good);
    board_teardown();
}
END_TEST

/* A power cycle in the middle wipes everything and starts over. */
START_TEST(test_reset_half_way)
{
    struct package p;
    struct security_info i;
    const uint8_t flags = SFI_CMD_SECURE_ERASE;

    setup_secure(chips[_i]);
    package_make(&p);
    ck_assert_int_eq(
        install_request(SFI_CMD_SECURE, &flags, 1, NULL, 0, NULL, NULL), 0);
    ck_assert_int_eq(
        install_request(SFI_CMD_LICENSE, NULL, 0, p.license, 136, NULL, NULL),
        0);
    board_reopen();
    install_assert_clean(&p);
    ck_assert(install_sync());
    info(&i);
    ck_assert_uint_eq(i.state, SFI_DEVICE_EMPTY);
    ck_assert_uint_eq(i.cause, SFI_CAUSE_INTERRUPTED);
    ck_assert_int_eq(install_run(&p), SFI_CAUSE_NONE);
    install_assert_complete(&p);
    package_free(&p);
    board_teardown();
}
END_TEST

/* The core ignores a wrong certificate in the folder; after a damaged record it
 * erases. */
START_TEST(test_damaged_record)
{
    struct package p;
    struct security_info i;
    size_t len;
    char *record;
    FILE *f;

    setup_secure("stm32h753xi");
    package_make(&p);
    ck_assert_int_eq(install_run(&p), SFI_CAUSE_NONE);
    install_leave();
    record = test_read(board_file("record.bin"), &len);
    record[3] ^= 0x10;
    f = fopen(board_file("record.bin"), "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(record, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
    free(record);
    board_reopen();
    ck_assert(install_sync());
    info(&i);
    ck_assert_uint_eq(i.state, SFI_DEVICE_EMPTY);
    install_assert_clean(&p);
    package_free(&p);
    board_teardown();
}
END_TEST

/* ---- the link inside the process ---- */

static uint8_t buffer[512];

START_TEST(test_link)
{
    sfi_transport *tp = NULL;
    const sfi_stream_ops *ops;
    uint64_t now, resets;
    size_t got = 9;

    board_setup("stm32h753xi");
    ck_assert_ok(sfi_sim_transport(board.sim, "USART", &tp));
    ops = &tp->ops.stream;
    now = board.sim->now_ms;
    /* nothing to read: only the chip's clock advances */
    ck_assert_fails(ops->read(tp->user, buffer, sizeof(buffer), &got, 5000),
                    SFI_ERR_TIMEOUT, "",
                    "the virtual chip sent nothing within 5000 ms");
    ck_assert_uint_eq(got, 0);
    ck_assert_uint_eq(board.sim->now_ms, now + 5000);
    ck_assert_int_eq(
        ops->write(tp->user, (const uint8_t *)"\x7f\x01\xfe", 3, 100), SFI_OK);
    ck_assert_int_eq(ops->read(tp->user, buffer, 2, &got, 100), SFI_OK);
    ck_assert_uint_eq(got, 2);
    ck_assert_mem_eq(buffer, "\x79\x79", 2);
    ck_assert_int_eq(ops->flush(tp->user), SFI_OK);
    ck_assert_int_eq(ops->read(tp->user, buffer, 2, &got, 1), SFI_ERR_TIMEOUT);
    /* reset is a power cycle, with the pin as asked */
    resets = sfi_sim_resets(board.sim);
    ck_assert_int_eq(ops->reset(tp->user, 0), SFI_OK);
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets + 1);
    board_talk("> 7f <");
    ck_assert_int_eq(ops->reset(tp->user, 1), SFI_OK);
    board_talk("> 7f < 79");
    /* ... but does not restore the power */
    sfi_sim_power_cut_after(board.sim, 0);
    ck_assert_uint_eq(board_write(0x08000000, buffer, 32), 0);
    ck_assert_int_eq(ops->reset(tp->user, 1), SFI_OK);
    board_talk("> 7f <");
    /* the transport keeps the chip alive */
    sfi_sim_free(board.sim);
    ck_assert_int_eq(ops->write(tp->user, buffer, 1, 1), SFI_OK);
    sfi_transport_free(tp);
    ck_assert_ok(sfi_sim_open(ctx, board.state, &board.sim));
    board_teardown();
}
END_TEST

START_TEST(test_link_errors)
{
    sfi_transport *tp = (sfi_transport *)&board;

    board_setup("stm32h753xi");
    ck_assert_fails(sfi_sim_transport(board.sim, "i2c", &tp),
                    SFI_ERR_UNSUPPORTED, "",
                    "a virtual chip has no interface \"i2c\", expected "
                    "\"usart\", \"spi\", \"usb\", \"jtag\" or \"swd\"");
    ck_assert_ptr_null(tp);
    ck_assert_fails_about(sfi_sim_transport(board.sim, NULL, &tp),
                          SFI_ERR_ARGUMENT, "", "interface_name != NULL");
    ck_assert_int_eq(sfi_sim_transport(NULL, "usart", &tp), SFI_ERR_ARGUMENT);
    memory.fail_at = 1;
    ck_assert_int_eq(sfi_sim_transport(board.sim, "usart", &tp), SFI_ERR_NOMEM);
    ck_assert_ptr_null(tp);
    board_teardown();
}
END_TEST

/* A host that falls silent inside a frame: a NACK, and the next frame counts.
 */
START_TEST(test_half_frame)
{
    sfi_transport *tp = NULL;
    size_t got;

    setup_secure("stm32h753xi");
    ck_assert_ok(sfi_sim_transport(board.sim, "usart", &tp));
    board_talk("> 50 af < 79 > 53 <");
    ck_assert_int_eq(tp->ops.stream.read(tp->user, buffer, 16, &got, 1000),
                     SFI_OK);
    ck_assert_uint_eq(got, 1);
    ck_assert_uint_eq(buffer[0], 0x1f);
    board_talk("> 01 fe < 79 31 00 00 79");
    sfi_transport_free(tp);
    board_teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim_secure");
    TCase *t = tcase_create("secure");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_only_the_extension, 0, (int)ROWS(chips));
    tcase_add_loop_test(t, test_certificate, 0, (int)ROWS(chips));
    tcase_add_test(t, test_activation);
    tcase_add_test(t, test_activation_taken_back);
    tcase_add_loop_test(t, test_install, 0, (int)ROWS(chips));
    tcase_add_loop_test(t, test_leaves_by_itself, 0, (int)ROWS(chips));
    tcase_add_loop_test(t, test_refusal_leaves_nothing, 0,
                        (int)(ROWS(chips) * ROWS(forgeries)));
    tcase_add_loop_test(t, test_reset_half_way, 0, (int)ROWS(chips));
    tcase_add_test(t, test_damaged_record);
    suite_add_tcase(s, t);
    t = tcase_create("link");
    tcase_add_test(t, test_link);
    tcase_add_test(t, test_link_errors);
    tcase_add_test(t, test_half_frame);
    suite_add_tcase(s, t);
    return run_suite(s);
}
