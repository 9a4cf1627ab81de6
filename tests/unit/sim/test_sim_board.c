/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/sim: a chip's folder that becomes a board, and the link to the program
 * that runs it, of which here a small one takes the place. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sfi/sim.h>

#include "sim/board/wire.h"
#include "wire/data_page.h"

#include <bench/board.h>

#define L462 "stm32l462ce"
#define FLASH_LEN (512u << 10)
#define BOOT 0x08000000u
#define LOADER 0x08075800u

static sfi_firmware *programs[2];
static uint8_t flash[FLASH_LEN];

static sfi_firmware *
program(uint32_t base, uint8_t byte, size_t len)
{
    uint8_t code[8192];
    sfi_firmware *fw;

    ck_assert_uint_le(len, sizeof(code));
    memset(code, byte, len);
    ck_assert_ok(sfi_firmware_parse(ctx, "bin", base, code, len, &fw));
    return fw;
}

static void
programs_free(void)
{
    for (size_t i = 0; i < 2; i++) {
        sfi_firmware_free(programs[i]);
        programs[i] = NULL;
    }
}

static void
setup(void)
{
    (void)unsetenv("SFI_TEST_PEER");
    board_setup(L462);
    sfi_sim_free(board.sim);
    board.sim = NULL;
    programs[0] = program(BOOT, 0x11, 64);
    programs[1] = program(LOADER, 0x22, 4096);
}

static void
teardown(void)
{
    programs_free();
    (void)unsetenv("SFI_TEST_PEER");
    board_teardown();
}

/* The chip of setup() ran once, so it is no new one. */
static void
renew(void)
{
    test_rmdir(board.state);
    ck_assert_ok(
        sfi_sim_manufacture(ctx, sfi_chip_find(L462), board.ca, board.state));
}

static sfi_status
fit(void)
{
    return sfi_sim_fit_board(ctx, board.state,
                             (const sfi_firmware *const *)programs, 2);
}

static const uint8_t *
peek(uint32_t address)
{
    size_t len = sizeof(flash);

    ck_assert_ok(sfi_sim_peek(ctx, board.state, SFI_SIM_FLASH, flash, &len));
    ck_assert_uint_eq(len, sizeof(flash));
    return flash + (address - BOOT);
}

static uint32_t
word(size_t row)
{
    uint8_t raw[36];
    size_t len = sizeof(raw);

    ck_assert_ok(
        sfi_sim_peek(ctx, board.state, SFI_SIM_OPTION_BYTES, raw, &len));
    return (uint32_t)raw[4 * row] | (uint32_t)raw[4 * row + 1] << 8 |
           (uint32_t)raw[4 * row + 2] << 16 | (uint32_t)raw[4 * row + 3] << 24;
}

static bool
is_there(const char *name)
{
    struct stat st;

    return lstat(board_file(name), &st) == 0;
}

static unsigned
mode_of(const char *name)
{
    struct stat st;

    ck_assert_int_eq(lstat(board_file(name), &st), 0);
    return st.st_mode & 07777u;
}

/* ---- to make a board ---- */

START_TEST(test_fit)
{
    uint8_t secret[32], certificate[136];
    size_t len = sizeof(secret);
    const uint8_t *page;
    uint32_t sequence;

    renew();
    ck_assert_ok(fit());
    ck_assert_uint_eq(peek(BOOT)[63], 0x11);
    ck_assert_uint_eq(peek(BOOT)[64], 0xff);
    ck_assert_uint_eq(peek(LOADER)[4095], 0x22);
    ck_assert_uint_eq(peek(LOADER)[4096], 0xff);
    page = peek(DATA_PAGE_L462_1);
    ck_assert(sfi__data_page_head_ok(page, &sequence));
    ck_assert_ok(
        sfi_sim_peek(ctx, board.state, SFI_SIM_DEVICE_KEY, secret, &len));
    ck_assert_mem_eq(page + DATA_PAGE_SECRET_AT, secret, sizeof(secret));
    len = sizeof(certificate);
    ck_assert_ok(
        sfi_sim_peek(ctx, board.state, SFI_SIM_CERTIFICATE, certificate, &len));
    ck_assert_mem_eq(page + DATA_PAGE_CERTIFICATE_AT, certificate, len);
    ck_assert_uint_eq(*peek(DATA_PAGE_L462_0), 0xff);
    ck_assert_uint_eq(word(0), 0xfbeff8bb);
    ck_assert_uint_eq(word(3), 0x00010000);
    ck_assert_uint_eq(mode_of("board.bin"), 0600);
    ck_assert(!is_there("flash.bin"));
    ck_assert(!is_there("options.bin"));
    ck_assert_ok(
        sfi_sim_save(ctx, board.state, SFI_SIM_FLASH, board_file("copy.bin")));
    ck_assert_uint_eq(mode_of("copy.bin"), 0600);
}
END_TEST

/* The same programs change nothing, others replace them and nothing else. */
START_TEST(test_fit_again)
{
    uint8_t page[DATA_PAGE_HEAD_LEN];
    struct stat before, after;

    renew();
    ck_assert_ok(fit());
    ck_assert_int_eq(lstat(board_file("board.bin"), &before), 0);
    ck_assert_ok(fit());
    ck_assert_int_eq(lstat(board_file("board.bin"), &after), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    memcpy(page, peek(DATA_PAGE_L462_1), sizeof(page));
    sfi_firmware_free(programs[1]);
    programs[1] = program(LOADER, 0x33, 16);
    ck_assert_ok(fit());
    ck_assert_uint_eq(peek(BOOT)[0], 0x11);
    ck_assert_uint_eq(peek(LOADER)[15], 0x33);
    ck_assert_uint_eq(peek(LOADER)[16], 0xff);
    ck_assert_mem_eq(page, peek(DATA_PAGE_L462_1), sizeof(page));
}
END_TEST

static const struct {
    uint32_t base;
    size_t len;
} misplaced[] = {
    {0x08000ff0, 17}, {0x08001000, 16}, {0x080757f0, 32}, {0x0807eff0, 17},
    {0x0807f000, 16}, {0x0807f800, 16}, {0x07fffff0, 32}, {0x08080000, 4096},
};

START_TEST(test_fit_misplaced)
{
    char base[16];

    renew();
    sfi_firmware_free(programs[1]);
    programs[1] = program(misplaced[_i].base, 0x44, misplaced[_i].len);
    (void)snprintf(base, sizeof(base), "0x%08x", misplaced[_i].base);
    ck_assert_fails_about(fit(), SFI_ERR_RANGE, "", base, "0x08000000",
                          "0x08075800");
    ck_assert(!is_there("board.bin"));
    ck_assert_ok(sfi_sim_open(ctx, board.state, &board.sim));
}
END_TEST

START_TEST(test_fit_refused)
{
    ck_assert_int_eq(sfi_sim_fit_board(ctx, board.state, NULL, 1),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_sim_fit_board(ctx, board.state,
                                       (const sfi_firmware *const *)programs,
                                       0),
                     SFI_ERR_ARGUMENT);
    ck_assert_fails_about(fit(), SFI_ERR_STATE, board.state, "has run before");
    ck_assert_ok(sfi_sim_open(ctx, board.state, &board.sim));
    ck_assert_fails_about(fit(), SFI_ERR_ACCESS, board.state,
                          "another simulator");
}
END_TEST

/* One program in a sector of its own; the options of an open part. */
START_TEST(test_fit_h753)
{
    static uint8_t h7[2u << 20];
    uint32_t sequence;
    size_t len = sizeof(h7);

    test_rmdir(board.state);
    ck_assert_ok(sfi_sim_manufacture(ctx, sfi_chip_find("stm32h753xi"),
                                     board.ca, board.state));
    ck_assert_fails_about(fit(), SFI_ERR_RANGE, "", "0x08075800", "0x08000000",
                          "0x0801ffff");
    ck_assert_ok(sfi_sim_fit_board(ctx, board.state,
                                   (const sfi_firmware *const *)programs, 1));
    ck_assert_ok(sfi_sim_peek(ctx, board.state, SFI_SIM_FLASH, h7, &len));
    ck_assert_uint_eq(h7[63], 0x11);
    ck_assert_uint_eq(h7[64], 0xff);
    ck_assert(
        sfi__data_page_head_ok(h7 + (DATA_PAGE_H753_1 - BOOT), &sequence));
    ck_assert_uint_eq(h7[DATA_PAGE_H753_0 - BOOT], 0xff);
    ck_assert_uint_eq(word(0), 0x1bc6bbf0);
    ck_assert_uint_eq(word(5), 0x000000fe);
}
END_TEST

/* ---- to open it ---- */

static sfi_status
open_peer(const char *how)
{
    if (how != NULL)
        (void)setenv("SFI_TEST_PEER", how, 1);
    return sfi_sim_open_board(ctx, board.state, getenv("SFI_BOARD_PEER"),
                              &board.sim);
}

START_TEST(test_open_wrong)
{
    renew();
    ck_assert_fails_about(open_peer(NULL), SFI_ERR_UNSUPPORTED, board.state,
                          "not a board");
    ck_assert_ok(fit());
    ck_assert_fails_about(sfi_sim_open(ctx, board.state, &board.sim),
                          SFI_ERR_UNSUPPORTED, board.state, "a board",
                          "sfi-board", "sfi_sim_open_board()");
    ck_assert_fails_about(
        sfi_sim_open_board(ctx, board.state, "/no/such/program", &board.sim),
        SFI_ERR_OS, "/no/such/program", "board program");
    ck_assert_ptr_null(board.sim);
    ck_assert_int_eq(sfi_sim_open_board(ctx, board.state, "", &board.sim),
                     SFI_ERR_ARGUMENT);
}
END_TEST

/* The first message is the greeting. */
static const struct {
    const char *how;
    sfi_status status;
    const char *text;
} greetings[] = {
    {"end", SFI_ERR_OS, "has ended"},
    {"version", SFI_ERR_PROTOCOL, "of this libsfi"},
    {"other", SFI_ERR_PROTOCOL, "makes no sense"},
    {"short", SFI_ERR_PROTOCOL, "makes no sense"},
    {"long", SFI_ERR_PROTOCOL, "makes no sense"},
    {"refuse", SFI_ERR_PROTOCOL, "no memory"},
};

START_TEST(test_open_greeting)
{
    renew();
    ck_assert_ok(fit());
    ck_assert_fails_about(open_peer(greetings[_i].how), greetings[_i].status,
                          getenv("SFI_BOARD_PEER"), greetings[_i].text);
    ck_assert_ptr_null(board.sim);
}
END_TEST

static void
begin(const char *how)
{
    renew();
    ck_assert_ok(fit());
    ck_assert_ok(open_peer(how));
}

/* Without a folder, certified by the CA of another chip in memory. */
START_TEST(test_memory)
{
    sfi_sim_make_options o = {.struct_size = sizeof(o),
                              .chip = sfi_chip_find(L462)};
    const sfi_firmware *const *list = (const sfi_firmware *const *)programs;
    uint8_t secret[32];
    size_t len = sizeof(secret), flash_len = sizeof(flash);
    sfi_sim *maker;

    ck_assert_ok(sfi_sim_make_in_memory(ctx, &o, &maker));
    o.maker = maker;
    ck_assert_ok(sfi_sim_make_board(ctx, &o, getenv("SFI_BOARD_PEER"), list, 2,
                                    &board.sim));
    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_FLASH, flash, &flash_len));
    ck_assert_uint_eq(flash[0], 0x11);
    ck_assert_uint_eq(flash[LOADER - BOOT], 0x22);
    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_DEVICE_KEY, secret, &len));
    ck_assert_mem_eq(flash + (DATA_PAGE_L462_1 - BOOT) + DATA_PAGE_SECRET_AT,
                     secret, sizeof(secret));
    board_talk("> 01 02 < 02 03");
    sfi_sim_free(board.sim);
    o.maker = NULL;
    ck_assert_int_eq(sfi_sim_make_board(ctx, &o, "", list, 2, &board.sim),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(
        sfi_sim_make_board(ctx, &o, "sfi-board", list, 0, &board.sim),
        SFI_ERR_ARGUMENT);
    ck_assert_fails_about(
        sfi_sim_make_board(ctx, &o, "/no/such/program", list, 2, &board.sim),
        SFI_ERR_OS, "/no/such/program", "board program");
    sfi_firmware_free(programs[1]);
    programs[1] = program(0x08001000, 0x44, 16);
    ck_assert_fails_about(sfi_sim_make_board(ctx, &o, getenv("SFI_BOARD_PEER"),
                                             list, 2, &board.sim),
                          SFI_ERR_RANGE, "", "0x08001000");
    ck_assert_ptr_null(board.sim);
    sfi_sim_free(maker);
}
END_TEST

/* ---- its links, supply and pins ---- */

START_TEST(test_links)
{
    const uint8_t tx[] = {0x00, 0x0f};
    uint8_t rx[2], ram[4096];
    size_t len = sizeof(ram);
    char state[512];

    begin(NULL);
    board_talk("> 01 02 < 02 03 > ff < 00");
    ck_assert_ok(sfi_sim_spi(board.sim, tx, rx, sizeof(rx)));
    ck_assert_uint_eq(rx[0], 0xff);
    ck_assert_uint_eq(rx[1], 0xf0);
    ck_assert_uint_eq(sfi_sim_flash_ops(board.sim), 3);
    ck_assert_uint_eq(sfi_sim_resets(board.sim), 1);
    ck_assert_ok(sfi_sim_command(board.sim, "reset", NULL, &(size_t){0}));
    ck_assert_uint_eq(sfi_sim_resets(board.sim), 2);
    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_RAM, ram, &len));
    ck_assert_uint_eq(len, 4096);
    ck_assert_uint_eq(ram[4095], 0x5a);
    len = sizeof(state);
    ck_assert_ok(sfi_sim_command(board.sim, "state", state, &len));
    ck_assert_ptr_nonnull(strstr(state, " runs=secure-bootloader "));
    ck_assert_ptr_nonnull(strstr(state, " outputs=7"));
    ck_assert_ok(sfi_sim_set_option(board.sim, "WRP1AR", 0x00020000));
    ck_assert_int_eq(sfi_sim_erase_flash(board.sim), SFI_ERR_UNSUPPORTED);
    ck_assert_int_eq(
        sfi_sim_command(board.sim, "habit no-spi 1", NULL, &(size_t){0}),
        SFI_ERR_STATE);
    ck_assert_ok(sfi_sim_command(board.sim, "halt", NULL, &(size_t){0}));
    board_talk("> 01 <");
    ck_assert_ok(sfi_sim_command(board.sim, "nrst 0", NULL, &(size_t){0}));
    board_talk("> 01 <");
    ck_assert_ok(sfi_sim_command(board.sim, "nrst 1", NULL, &(size_t){0}));
    board_talk("> 01 < 02");
}
END_TEST

START_TEST(test_parked)
{
    char state[512];
    size_t len = sizeof(state);

    begin("parked");
    ck_assert_ok(sfi_sim_command(board.sim, "state", state, &len));
    ck_assert_ptr_nonnull(strstr(state, " runs=hung "));
    ck_assert_ptr_nonnull(strstr(state, " parked=wrp"));
}
END_TEST

START_TEST(test_power)
{
    begin(NULL);
    sfi_sim_power_cut_after(board.sim, 2);
    board_talk("> 01 02 03 04 < 02 03");
    ck_assert(!sfi_sim_has_power(board.sim));
    board_talk("> 01 <");
    sfi_sim_wait(board.sim, 10);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert(sfi_sim_has_power(board.sim));
    board_talk("> 01 02 03 04 < 02 03 04 05");
    ck_assert_ok(sfi_sim_command(board.sim, "power off", NULL, &(size_t){0}));
    board_talk("> 01 <");
    ck_assert_ok(sfi_sim_command(board.sim, "power on", NULL, &(size_t){0}));
    board_talk("> 01 < 02");
}
END_TEST

/* A program that ends, or that talks nonsense, leaves a silent chip. */
static const char *const losses[] = {"end:12", "other:12", "short:12",
                                     "long:12", "refuse:12"};

START_TEST(test_loss)
{
    const uint8_t tx = 1;
    uint8_t rx, ram[4096];
    size_t len = sizeof(ram);

    begin(losses[_i]);
    for (size_t i = 0; i < 8; i++)
        sfi_sim_wait(board.sim, 1);
    ck_assert(!sfi_sim_has_power(board.sim));
    board_talk("> 01 <");
    ck_assert_ok(sfi_sim_spi(board.sim, &tx, &rx, 1));
    ck_assert_uint_eq(rx, 0xff);
    sfi_sim_set_boot0(board.sim, 0);
    sfi_sim_power_cut_after(board.sim, 1);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert(!sfi_sim_has_power(board.sim));
    ck_assert_int_eq(sfi_sim_dump(board.sim, SFI_SIM_RAM, ram, &len),
                     SFI_ERR_STATE);
    len = sizeof(flash);
    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_FLASH, flash, &len));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim_board");
    TCase *t = tcase_create("sim_board");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_fit);
    tcase_add_test(t, test_fit_again);
    tcase_add_loop_test(t, test_fit_misplaced, 0, ROWS(misplaced));
    tcase_add_test(t, test_fit_refused);
    tcase_add_test(t, test_fit_h753);
    tcase_add_test(t, test_open_wrong);
    tcase_add_loop_test(t, test_open_greeting, 0, ROWS(greetings));
    tcase_add_test(t, test_memory);
    tcase_add_test(t, test_links);
    tcase_add_test(t, test_parked);
    tcase_add_test(t, test_power);
    tcase_add_loop_test(t, test_loss, 0, ROWS(losses));
    suite_add_tcase(s, t);
    return run_suite(s);
}
