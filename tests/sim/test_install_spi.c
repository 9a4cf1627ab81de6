/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* SPI (AN4286): the whole install on both chips, the plain bootloader, and the
 * number of bytes they take. */
#include <string.h>

#include <sfi/device.h>
#include <sfi/target.h>

#include "core/ctx.h"
#include "target/target.h"

#include <bench/station.h>

static const char *const chips[] = {"stm32h753xi", "stm32l462ce"};

static void
setup(void)
{
    station_over("spi");
}

/* ---- secure ---- */

START_TEST(test_install)
{
    station_setup(chips[_i]);
    ck_assert_ok(station_install(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

START_TEST(test_install_live)
{
    station_setup_live_only(chips[_i]);
    ck_assert_ok(station_install_live(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

START_TEST(test_install_again)
{
    sfi_dialect_info i;

    station_setup("stm32h753xi");
    ck_assert_ok(station_install(false));
    ck_assert_fails_about(station_install(false), SFI_ERR_DEVICE, "SPI",
                          "installed", "mass erase");
    ck_assert_ok(station_install(true));
    install_assert_complete(&station.package);
    station_info(&i);
    ck_assert_uint_eq(i.state, SFI_DEVICE_INSTALLED);
    station_teardown();
}
END_TEST

/* An install that began over one interface goes on over the other. */
START_TEST(test_both_interfaces)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    sfi_transport *usart;
    sfi_target *t;

    station_setup("stm32h753xi");
    ck_assert_ok(station_install(false));
    ck_assert_ok(sfi_sim_transport(board.sim, "usart", &usart));
    ck_assert_ok(sfi_target_connect(ctx, NULL, usart, 0, &t));
    ck_assert_ok(sfi_target_get_info(t, &info));
    ck_assert_uint_eq(info.bootloader_version, 0x31);
    ck_assert_uint_eq(info.secure, 1);
    ck_assert_uint_eq(info.device_state, SFI_DEVICE_INSTALLED);
    sfi_target_free(t);
    sfi_transport_free(usart);
    station_teardown();
}
END_TEST

static sfi_status
select_nothing(void *user, int asserted)
{
    (void)user;
    (void)asserted;
    return SFI_OK;
}

/* A port of a machine: the chip's clock goes on between two transfers. */
static sfi_status
transfer_slowly(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    uint8_t nothing[2048];

    (void)user;
    sfi_sim_wait(board.sim, 1);
    ck_assert_uint_le(len, sizeof(nothing));
    return sfi_sim_spi(board.sim, tx, rx != NULL ? rx : nothing, len);
}

/* The chip starts its firmware when its last reply was fetched, not before. */
START_TEST(test_time_passes)
{
    static const sfi_spi_ops ops = {
        .struct_size = sizeof(ops),
        .select = select_nothing,
        .transfer = transfer_slowly,
    };
    uint64_t began;

    station_setup(chips[_i]);
    sfi_transport_free(station.tp);
    ck_assert_ok(sfi_transport_open_spi(ctx, &ops, NULL, &station.tp));
    if (_i == 0)
        ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1be6aaf0));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    began = script_now;
    ck_assert_ok(station_install(false));
    ck_assert_uint_lt(script_now - began, 2000);
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* Two minutes after FINISH the chip starts its firmware by itself.  A host that
 * is fetching a reply at that moment, and may be gone, delays it by a second.
 */
START_TEST(test_answer_is_left)
{
    const uint8_t sync = 0x5a;
    uint64_t resets;
    uint8_t out;

    station_setup("stm32h753xi");
    install_activate();
    ck_assert(install_sync());
    ck_assert_int_eq(install_run(&station.package), SFI_CAUSE_NONE);
    resets = sfi_sim_resets(board.sim);
    sfi_sim_wait(board.sim, 119990);
    ck_assert_ok(sfi_sim_spi(board.sim, &sync, &out, 1));
    sfi_sim_wait(board.sim, 999);
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets);
    sfi_sim_wait(board.sim, 1);
    ck_assert_uint_gt(sfi_sim_resets(board.sim), resets);
    install_assert_complete(&station.package);
    station_teardown();
}
END_TEST

START_TEST(test_chip_is_dead)
{
    uint64_t began;
    sfi_target *t;

    station_setup("stm32h753xi");
    sfi_sim_set_boot0(board.sim, 0);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    began = script_now;
    ck_assert_fails_about(sfi_target_connect(ctx, NULL, station.tp, 1000, &t),
                          SFI_ERR_TIMEOUT, "SPI", "1000 ms", "BOOT0");
    ck_assert_uint_ge(script_now - began, 1000);
    ck_assert_uint_lt(script_now - began, 1200);
    station_teardown();
}
END_TEST

/* The power fails before an operation on the memory, for one in several. */
START_TEST(test_power_cuts)
{
    uint64_t all;

    station_setup_sized("stm32h753xi", 40);
    ck_assert_ok(station_install_licensed(false));
    all = sfi_sim_flash_ops(board.sim);
    ck_assert_ok(station_install_licensed(true));
    all = sfi_sim_flash_ops(board.sim) - all;
    ck_assert_uint_gt(all, 4);
    for (uint64_t n = 0; n < all; n++) {
        sfi_sim_power_cut_after(board.sim, n);
        ck_assert_int_ne(station_install_licensed(true), SFI_OK);
        ck_assert(!sfi_sim_has_power(board.sim));
        ck_assert_ok(sfi_sim_power_on(board.sim));
        ck_assert_ok(station_install_licensed(true));
    }
    install_assert_complete(&station.package);
    station_teardown();
}
END_TEST

/* ---- plain ---- */

/* The open bootloader of the chip on the bench. */
static sfi_target *
open_target(const char *chip)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    sfi_target *t;

    station_setup(chip);
    /* an L462 without its loader is an open part; it has no BOOT0 pin until an
     * option says so */
    if (sfi_sim_chip(board.sim)->ships_secure)
        ck_assert_ok(sfi_sim_set_option(board.sim, "FLASH_OPTR", 0xffeff8aa));
    ck_assert_ok(sfi_sim_erase_flash(board.sim));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_ok(sfi_target_connect(ctx, NULL, station.tp, 0, &t));
    ck_assert_ok(sfi_target_get_info(t, &info));
    ck_assert_uint_eq(info.device_id, sfi_sim_chip(board.sim)->device_id);
    ck_assert_uint_eq(info.bootloader_version, 0x11);
    ck_assert_uint_eq(info.secure, 0);
    return t;
}

START_TEST(test_plain)
{
    static uint8_t data[5000 / 32 * 32], back[sizeof(data)], flash[64];
    sfi_target *t = open_target(chips[_i]);
    const struct sfi_chip *chip = t->chip;
    uint32_t at = chip->user.base + chip->sector_size;
    const uint16_t second[] = {
        (uint16_t)((at - chip->flash.base) / chip->sector_size),
    };

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 31 + i / 256);
    ck_assert_ok(sfi_target_write(t, at, data, sizeof(data)));
    ck_assert_ok(sfi_target_read(t, at, back, sizeof(back)));
    ck_assert_mem_eq(back, data, sizeof(data));
    ck_assert_ok(sfi_sim_read_flash(board.sim, at, back, sizeof(back)));
    ck_assert_mem_eq(back, data, sizeof(data));
    ck_assert_ok(sfi_target_read(t, at + 1, back, 1));
    ck_assert_uint_eq(back[0], data[1]);
    memset(flash, 0xff, sizeof(flash));
    ck_assert_ok(sfi__boot_erase_sectors(&t->boot, second, 1));
    ck_assert_ok(sfi_target_read(t, at, back, sizeof(flash)));
    ck_assert_mem_eq(back, flash, sizeof(flash));
    ck_assert_ok(sfi_target_write(t, at, data, 256));
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_ok(sfi_target_read(t, at, back, sizeof(flash)));
    ck_assert_mem_eq(back, flash, sizeof(flash));
    ck_assert_fails_about(sfi_target_read(t, 0x40000000, back, 4), SFI_ERR_NACK,
                          "SPI", "refused", "4 bytes", "0x40000000");
    ck_assert_ok(
        sfi_target_write(t, chip->ram[0].base, data, 8)); /* still there */
    ck_assert_ok(sfi_target_go(t, chip->ram[0].base));
    ck_assert_fails_about(sfi_target_read(t, at, back, 4), SFI_ERR_TIMEOUT,
                          "SPI", "stopped answering", "Read Memory");
    sfi_target_free(t);
    station_teardown();
}
END_TEST

/* All the pages of an L462, in as many commands as they take. */
START_TEST(test_erase_every_sector)
{
    static uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8}, back[8];
    static uint16_t sectors[256];
    sfi_target *t = open_target("stm32l462ce");
    const struct sfi_chip *chip = t->chip;
    uint32_t last = chip->user.base + 250 * chip->sector_size - 8;

    ck_assert_ok(sfi_target_write(t, chip->user.base, data, 8));
    ck_assert_ok(sfi_target_write(t, last, data, 8));
    for (uint16_t i = 0; i < ROWS(sectors); i++)
        sectors[i] = i;
    ck_assert_ok(sfi__boot_erase_sectors(&t->boot, sectors, ROWS(sectors)));
    ck_assert_ok(sfi_target_read(t, chip->user.base, back, 8));
    ck_assert_mem_eq(back, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    ck_assert_ok(sfi_target_read(t, last, back, 8));
    ck_assert_mem_eq(back, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    sectors[0] = 256;
    ck_assert_int_eq(sfi__boot_erase_sectors(&t->boot, sectors, 1),
                     SFI_ERR_NACK);
    sfi_target_free(t);
    station_teardown();
}
END_TEST

/* Readout protection: what is allowed, and the removal, which erases. */
START_TEST(test_readout_unprotect)
{
    uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8}, back[8];
    sfi_target *t = open_target("stm32h753xi");
    uint32_t ram = t->chip->ram[0].base;

    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1bc6bbf0));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_fails_about(sfi_target_read(t, ram, back, 8), SFI_ERR_PROTECTED,
                          "SPI", "readout protection", "erases");
    ck_assert_ok(sfi__boot_readout_unprotect(&t->boot));
    ck_assert_ok(sfi__boot_connect(&t->boot, 1000));
    ck_assert_ok(sfi_target_write(t, ram, data, 8));
    ck_assert_ok(sfi_target_read(t, ram, back, 8));
    ck_assert_mem_eq(back, data, 8);
    sfi_target_free(t);
    station_teardown();
}
END_TEST

/* ---- figures ---- */

/* Start, code and complement, address, block, each with an
 * ACK of three bytes: nothing is clocked beside them. */
START_TEST(test_bytes_of_a_write)
{
    static const uint8_t data[16 * 256];
    sfi_target *t = open_target(chips[_i]);
    uint64_t began = station.wire.sent;
    uint64_t bytes;

    ck_assert_ok(
        sfi__boot_write(&t->boot, t->chip->user.base, data, sizeof(data)));
    bytes = station.wire.sent - began;
    ck_assert_uint_eq(bytes, 16 * 275);
    ck_assert_uint_ge(sizeof(data) * 100 / bytes, 93);
    began = station.wire.sent;
    ck_assert_ok(
        sfi__boot_read(&t->boot, t->chip->ram[0].base, (uint8_t[256]){0}, 256));
    ck_assert_uint_eq(station.wire.sent - began, 6 + 8 + 5 + 1 + 256);
    sfi_target_free(t);
    station_teardown();
}
END_TEST

/* 1024 bytes of firmware in an Extended Special: code, sub-opcode, offset,
 * data, each with an ACK, the status and its ACK. */
START_TEST(test_bytes_of_data)
{
    enum { COUNT = 32 };
    uint64_t small, least;

    station_setup_sized(chips[_i], 1024);
    ck_assert_ok(station_install_licensed(false));
    small = station.wire.sent;
    station_teardown();
    station_setup_sized(chips[_i], 1024 * (1 + COUNT));
    ck_assert_ok(station_install_licensed(false));
    small = station.wire.sent - small;
    /* a board's flash takes its time: one poll finds it busy */
    least = COUNT * (6 + 6 + 10 + (1027 + 3) + (1 + 3) + 3);
    ck_assert_uint_ge(small, least);
    ck_assert_uint_le(small, least + COUNT * board_is_emulated(chips[_i]));
    ck_assert_uint_ge(COUNT * 1024 * 100 / small, 96);
    station_teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("install_spi");
    TCase *tc = tcase_create("spi");
    /* a board has no bootloader of ST's */
    int open = board_is_emulated(chips[1]) ? 1 : (int)ROWS(chips);

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_loop_test(tc, test_install, 0, ROWS(chips));
    tcase_add_loop_test(tc, test_install_live, 0, ROWS(chips));
    tcase_add_test(tc, test_install_again);
    tcase_add_test(tc, test_both_interfaces);
    tcase_add_loop_test(tc, test_time_passes, 0, ROWS(chips));
    tcase_add_test(tc, test_answer_is_left);
    tcase_add_test(tc, test_chip_is_dead);
    tcase_add_test(tc, test_power_cuts);
    tcase_add_loop_test(tc, test_plain, 0, open);
    if (open == (int)ROWS(chips))
        tcase_add_test(tc, test_erase_every_sector);
    tcase_add_test(tc, test_readout_unprotect);
    tcase_add_loop_test(tc, test_bytes_of_a_write, 0, open);
    tcase_add_loop_test(tc, test_bytes_of_data, 0, ROWS(chips));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
