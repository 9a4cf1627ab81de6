/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Parts that share a DEV_ID: how much flash there is, and what follows. */
#include <stdio.h>
#include <string.h>

#include "util/text.h"
#include "core/ctx.h"
#include "target/part.h"

#include <link/target_frames.h>

static const struct {
    const char *kb;
    uint32_t size;
} sizes[] = {
    {LOADER("92"), 2u << 20},
    /* damaged, and as expected */
    {LOADER_ONCE("92") LOADER_ONCE("92") SIZE_ONCE("00 0c") SIZE_ONCE("00 08"),
     2u << 20},
    {LOADER_SIZE("92", "00 04"), 1u << 20},
    {LOADER_SIZE("92", "80 00"), 128u << 10},
    /* not believed: nothing, half a sector, more than the largest part */
    {LOADER_SIZE("92", "ff ff"), 0},
    {LOADER_SIZE("92", "40 00"), 0},
    {LOADER_SIZE("92", "00 10"), 0},
};

#define ASKED_H7 SYNC GET_OPEN ID_H7 GET_OPEN ID_H7

START_TEST(test_flash_size)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    char text[1000];

    sfi__text_format(text, sizeof(text), "%s%s", ASKED_H7, sizes[_i].kb);
    ck_assert_ok(connect_to(text, NULL, 0));
    script_then(&bus, READ_RDP_AS("f0 bb c6 1b") READ_RDP_AS("f0 bb c6 1b"));
    ck_assert_ok(sfi_target_get_info(t, &info));
    script_done(&bus);
    ck_assert_uint_eq(info.flash_size, sizes[_i].size);
    ck_assert_uint_eq(info.readout, SFI_READOUT_LEVEL_1);
}
END_TEST

/* Of 1 MB in two banks, and of 128 KB in one: which bytes and sectors are
 * there. */
static const struct {
    const char *kb;
    uint32_t address, sector;
    bool there;
} places[] = {
    {LOADER_SIZE("92", "00 04"), 0x0807ffe0, 3, true},
    {LOADER_SIZE("92", "00 04"), 0x08080000, 4, false},
    {LOADER_SIZE("92", "00 04"), 0x08100000, 8, true},
    {LOADER_SIZE("92", "00 04"), 0x0817ffe0, 11, true},
    {LOADER_SIZE("92", "00 04"), 0x08180000, 12, false},
    {LOADER_SIZE("92", "80 00"), 0x0801ffe0, 0, true},
    {LOADER_SIZE("92", "80 00"), 0x08020000, 1, false},
    {LOADER_SIZE("92", "80 00"), 0x08100000, 8, false},
};

START_TEST(test_smaller)
{
    char text[1000];

    sfi__text_format(text, sizeof(text), "%s%s", ASKED_H7, places[_i].kb);
    ck_assert_ok(connect_to(text, NULL, 0));
    ck_assert(sfi__part_has_flash(t, places[_i].address, 32) ==
              places[_i].there);
    ck_assert(!sfi__part_has_flash(t, places[_i].address, 1u << 20));
    ck_assert(sfi__part_has_sector(t, places[_i].sector) == places[_i].there);
    if (places[_i].there)
        return;
    ck_assert_fails_about(sfi_target_check_write(t, places[_i].address, 32),
                          SFI_ERR_RANGE, "", "32 bytes", "KB");
    ck_assert_fails_about(sfi_target_erase(t, &places[_i].sector, 1),
                          SFI_ERR_RANGE, "", "no sector", "KB");
    script_done(&bus);
}
END_TEST

/* An H750 or H743xG is no H753 that waits for anything: nothing is set. */
START_TEST(test_twin)
{
    ck_assert_ok(connect_to(ASKED_H7 LOADER_SIZE("92", "80 00"), NULL, 0));
    ck_assert_fails(sfi_target_activate_security(t), SFI_ERR_DEVICE, "stream",
                    "the flash of this chip has 128 KB, expected 2048 of an "
                    "stm32h753xi: it is another part with the device id 0x450 "
                    "(STM32H742, H743, H745, H747 or H750), which takes no "
                    "image");
    script_done(&bus);
}
END_TEST

/* Another board in the place of the first: an ACK to 0x7f shows that the
 * bootloader has begun anew, a NACK that it goes on. */
START_TEST(test_swapped)
{
    begin(OPEN_H7, RESYNC OPEN_AGAIN SYNC OPEN_AGAIN LOADER_SIZE("90", "00 04")
                       RESYNC OPEN_AGAIN SYNC OPEN_AGAIN LOADER("92"));
    ck_assert_ok(sfi__target_reconnect(t));
    ck_assert_uint_eq(t->flash_size, 2u << 20);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_ok(sfi__target_reconnect(t));
        ck_assert_uint_eq(t->flash_size, 1u << 20);
        ck_assert_uint_eq(t->boot.loader_id, 0x90);
    }
    ck_assert_ok(sfi__target_reconnect(t));
    ck_assert_uint_eq(t->flash_size, 2u << 20);
    ck_assert_uint_eq(t->boot.loader_id, 0x92);
    script_done(&bus);
}
END_TEST

/* ---- refusals ---- */

/* Option bytes that are refused by their address are no proof of readout
 * protection, so nobody is told to erase the chip. */
#define NO_OPTIONS_ONCE "> 11 ee < 79 > 52 00 20 1c 6e < 1f\n"
#define NO_OPTIONS                                                       \
    NO_OPTIONS_ONCE RESYNC NO_OPTIONS_ONCE RESYNC NO_OPTIONS_ONCE RESYNC \
        NO_OPTIONS_ONCE

START_TEST(test_refused_options)
{
    sfi_option_bytes *ob;

    begin(OPEN_H7, NO_OPTIONS NO_OPTIONS NO_OPTIONS);
    ck_assert_fails(sfi_target_read_option_bytes(t, &ob), SFI_ERR_NACK,
                    "stream",
                    "the bootloader refuses to show the option bytes at "
                    "0x5200201c");
    script_done(&bus);
    ck_assert_ptr_null(ob);
}
END_TEST

/* Neither is an address that is refused, when the option bytes are, too. */
START_TEST(test_refused_address)
{
    static const char at[] = "> 11 ee < 79 > 00 00 00 00 00 < 1f\n";
    uint8_t data[4];
    char text[1000];

    sfi__text_format(text, sizeof(text), "%s%s%s%s%s%s%s%s", at, RESYNC, at,
                     RESYNC, at, RESYNC, at, NO_OPTIONS);
    begin(OPEN_H7, text);
    ck_assert_fails_about(sfi_target_read(t, 0, data, sizeof(data)),
                          SFI_ERR_NACK, "stream", "4 bytes", "0x00000000",
                          "not in flash");
    script_done(&bus);
}
END_TEST

/* ---- the log ---- */

static char logged[4000];

static void
keep_log(void *user, int level, const char *line)
{
    size_t len = strlen(logged);

    (void)user;
    if (level == SFI_LOG_DEBUG)
        (void)snprintf(logged + len, sizeof(logged) - len, "%s\n", line);
}

/* Each frame with its answer, and no content. */
START_TEST(test_log)
{
    static const uint8_t word[8] = {0xde, 0xad, 0xbe, 0xef,
                                    0xde, 0xad, 0xbe, 0xef};
    static const char frame[] = "> 31 ce < 79 > 24 00 50 00 74 < 79\n"
                                "> 07 de ad be ef de ad be ef 07";
    char text[400];

    sfi__text_format(text, sizeof(text), "%s < 79\n%s < 1f\n%s", frame, frame,
                     RESYNC "> 11 ee < 79 > 24 00 50 00 74 < 79 > 07 f8 < 79 "
                            "de ad be ef de ad be ef\n");
    begin(OPEN_H7, text);
    logged[0] = '\0';
    ctx->log = keep_log;
    ctx->log_level = SFI_LOG_INFO;
    ck_assert_ok(sfi_target_write(t, 0x24005000, word, sizeof(word)));
    ck_assert_str_eq(logged, "");
    ctx->log_level = SFI_LOG_DEBUG;
    ck_assert_ok(sfi_target_write(t, 0x24005000, word, sizeof(word)));
    ck_assert_str_eq(logged,
                     "Write Memory: command 0x31: ok\n"
                     "Write Memory: address 0x24005000: ok\n"
                     "Write Memory: 10 bytes: refused\n"
                     "Write Memory: the bootloader refused Write Memory; "
                     "asking again\n"
                     "Write Memory: 0x7f: ok\n"
                     "Write Memory: command 0x11: ok\n"
                     "Write Memory: address 0x24005000: ok\n"
                     "Write Memory: 2 bytes: ok\n"
                     "Write Memory: an answer of 8 bytes: ok\n");
}
END_TEST

static sfi_status
no_word(void *user, uint32_t address, uint32_t *words, size_t count)
{
    (void)user;
    (void)address;
    (void)words;
    (void)count;
    return SFI_ERR_TIMEOUT;
}

static sfi_status
no_write(void *user, uint32_t address, const uint32_t *words, size_t count)
{
    (void)user;
    (void)address;
    (void)words;
    (void)count;
    return SFI_ERR_TIMEOUT;
}

START_TEST(test_log_of_a_debug_port)
{
    const sfi_dap_ops ops = {
        .struct_size = sizeof(ops), .read32 = no_word, .write32 = no_write};

    logged[0] = '\0';
    ctx->clock = &script_clock;
    ctx->log = keep_log;
    ctx->log_level = SFI_LOG_DEBUG;
    ck_assert_ok(sfi_transport_open_dap(ctx, &ops, NULL, &tp));
    ck_assert_int_eq(sfi_target_connect(ctx, NULL, tp, 0, &t), SFI_ERR_TIMEOUT);
    ck_assert_msg(strstr(logged, "the debug port: read 2 words at 0x24030000: "
                                 "no answer\n") != NULL,
                  "%s", logged);
}
END_TEST

/* ---- cancel ---- */

static uint64_t
cancelling_now(void *user)
{
    (void)user;
    if (script_now >= 600)
        sfi_ctx_cancel(ctx, 1);
    return script_now;
}

START_TEST(test_cancel_connect)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    struct clock clock = script_clock;

    script_open(&bus, "> 7f > 7f > 7f", &tp);
    clock.now_ms = cancelling_now;
    ctx->clock = &clock;
    ck_assert_fails(sfi_target_connect(ctx, NULL, tp, 0, &t), SFI_ERR_CANCELLED,
                    "", "cancelled");
    script_done(&bus);
    ck_assert_uint_le(script_now, 700);
    ctx->clock = &script_clock;
    ck_assert_fails_about(sfi_target_connect(ctx, NULL, tp, 0, &t),
                          SFI_ERR_CANCELLED, "", "cancelled");
    sfi_ctx_cancel(NULL, 1);
    sfi_ctx_cancel(ctx, 0);
    script_then(&bus, OPEN_H7);
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));

    /* a command is not cut off */
    sfi_ctx_cancel(ctx, 1);
    script_then(&bus, READ_RDP);
    ck_assert_ok(sfi_target_get_info(t, &info));
    script_done(&bus);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_part");
    TCase *tc = tcase_create("part");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_flash_size, 0, ROWS(sizes));
    tcase_add_loop_test(tc, test_smaller, 0, ROWS(places));
    tcase_add_test(tc, test_twin);
    tcase_add_test(tc, test_log);
    tcase_add_test(tc, test_log_of_a_debug_port);
    tcase_add_test(tc, test_swapped);
    tcase_add_test(tc, test_cancel_connect);
    tcase_add_test(tc, test_refused_options);
    tcase_add_test(tc, test_refused_address);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
