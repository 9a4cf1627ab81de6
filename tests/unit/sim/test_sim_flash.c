/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/sim: the rules of NOR flash, and power cuts in flash and option bytes. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "sim/storage/flash.h"
#include "sim/storage/power.h"
#include "system.h"
#include "util/sys.h"

static char folder[1024];
static char path[1100];
static struct power power;
static struct flash flash;
static uint8_t ones[4096];
static uint8_t data[4096];

static void
make_file(uint64_t size)
{
    int fd;

    ck_assert_int_eq(sfi__sys_open(path, SYS_WRITE | SYS_CREATE, 0600, &fd), 0);
    ck_assert_int_eq(sfi__sys_cut(fd, 0), 0);
    ck_assert_int_eq(sfi__sys_cut(fd, size), 0);
    ck_assert_int_eq(sfi__sys_close(fd), 0);
}

static void
map(const char *chip)
{
    const sfi_chip *c = sfi_chip_find(chip);

    make_file(c->flash.size);
    sfi__power_init(&power);
    ck_assert_ok(sfi__flash_map(ctx, path, c, &power, &flash));
    ck_assert_int_eq(sfi__flash_erase(&flash, c->flash.base, c->flash.size),
                     FLASH_OK);
}

static void
setup(void)
{
    fixture_setup();
    test_mkdir(folder, sizeof(folder));
    (void)snprintf(path, sizeof(path), "%s/flash.bin", folder);
    memset(ones, 0xff, sizeof(ones));
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + 1);
}

static void
teardown(void)
{
    sfi__flash_close(&flash);
    test_rmdir(folder);
    fixture_teardown();
}

/* Each row: an operation on an STM32H753xI, erased except for one unit at
 * 0x08020000. */
static const struct {
    const char *name;
    bool erase;
    uint32_t address, len;
    enum flash_result result;
} rules[] = {
    {"one unit", false, 0x08000000, 32, FLASH_OK},
    {"the last unit", false, 0x081fffe0, 32, FLASH_OK},
    {"several units", false, 0x08000040, 128, FLASH_OK},
    {"nothing", false, 0x08000000, 0, FLASH_OK},
    {"half a unit", false, 0x08000000, 16, FLASH_UNIT},
    {"a unit and a byte", false, 0x08000000, 33, FLASH_UNIT},
    {"off the unit", false, 0x08000010, 32, FLASH_UNIT},
    {"not erased", false, 0x08020000, 32, FLASH_NOT_ERASED},
    {"before the flash", false, 0x07ffffe0, 32, FLASH_RANGE},
    {"across the end", false, 0x081fffe0, 64, FLASH_RANGE},
    {"after the end", false, 0x08200000, 32, FLASH_RANGE},
    {"a length that wraps", false, 0x08000020, 0xffffffe0, FLASH_RANGE},
    {"one sector", true, 0x08020000, 0x20000, FLASH_OK},
    {"all of it", true, 0x08000000, 0x200000, FLASH_OK},
    {"half a sector", true, 0x08020000, 0x10000, FLASH_UNIT},
    {"off the sector", true, 0x08010000, 0x20000, FLASH_UNIT},
    {"a sector too many", true, 0x081e0000, 0x40000, FLASH_RANGE},
};

START_TEST(test_rules)
{
    uint32_t address = rules[_i].address, len = rules[_i].len;
    enum flash_result r;

    map("stm32h753xi");
    ck_assert_int_eq(sfi__flash_program(&flash, 0x08020000, data, 32),
                     FLASH_OK);
    r = rules[_i].erase ? sfi__flash_erase(&flash, address, len)
                        : sfi__flash_program(&flash, address, data, len);
    ck_assert_msg(r == rules[_i].result, "%s: %d", rules[_i].name, (int)r);
    if (r == FLASH_OK && !rules[_i].erase)
        ck_assert_mem_eq(sfi__flash_view(&flash, address, len), data, len);
    if (r == FLASH_OK && rules[_i].erase)
        ck_assert(
            sfi__flash_is_erased(&flash, &(struct chip_range){address, len}));
    if (r == FLASH_NOT_ERASED)
        ck_assert_mem_eq(sfi__flash_view(&flash, address, 32), data, 32);
}
END_TEST

/* Units are programmed once per erase; those before a refused one are done. */
START_TEST(test_program_once)
{
    map("stm32l462ce");
    ck_assert_int_eq(sfi__flash_program(&flash, 0x08001010, data, 8), FLASH_OK);
    ck_assert_int_eq(sfi__flash_program(&flash, 0x08001010, data, 8),
                     FLASH_NOT_ERASED);
    ck_assert_int_eq(sfi__flash_program(&flash, 0x08001000, data, 32),
                     FLASH_NOT_ERASED);
    ck_assert_mem_eq(sfi__flash_view(&flash, 0x08001000, 16), data, 16);
    ck_assert_mem_eq(sfi__flash_view(&flash, 0x08001010, 8), data, 8);
    ck_assert_mem_eq(sfi__flash_view(&flash, 0x08001018, 8), ones, 8);
    ck_assert_int_eq(sfi__flash_erase(&flash, 0x08001000, 0x800), FLASH_OK);
    ck_assert_int_eq(sfi__flash_program(&flash, 0x08001000, data, 32),
                     FLASH_OK);
}
END_TEST

/* The limit in flash.h: a unit that reads as 0xff counts as erased. */
START_TEST(test_ones_stay_erased)
{
    map("stm32l462ce");
    ck_assert_int_eq(sfi__flash_program(&flash, 0x08001000, ones, 8), FLASH_OK);
    ck_assert_int_eq(sfi__flash_program(&flash, 0x08001000, data, 8), FLASH_OK);
}
END_TEST

START_TEST(test_view)
{
    map("stm32l462ce");
    ck_assert_ptr_nonnull(sfi__flash_view(&flash, 0x08000000, 0x80000));
    ck_assert_ptr_null(sfi__flash_view(&flash, 0x08000000, 0x80001));
    ck_assert_ptr_null(sfi__flash_view(&flash, 0x07ffffff, 1));
    ck_assert_ptr_null(sfi__flash_view(&flash, 0x08080000, 1));
}
END_TEST

/* Half of the unit is programmed, then nothing more. */
START_TEST(test_cut_program)
{
    const uint8_t *p;
    uint64_t before;

    map("stm32h753xi");
    before = power.ops;
    sfi__power_cut_after(&power, 2);
    ck_assert_int_eq(sfi__flash_program(&flash, 0x08000000, data, 128),
                     FLASH_POWER);
    ck_assert_uint_eq(power.ops, before + 2);
    ck_assert(power.off);
    p = sfi__flash_view(&flash, 0x08000000, 128);
    ck_assert_mem_eq(p, data, 64 + 16);
    ck_assert_mem_eq(p + 64 + 16, ones, 48);
    ck_assert_int_eq(sfi__flash_program(&flash, 0x08000100, data, 32),
                     FLASH_POWER);
    ck_assert_int_eq(sfi__flash_erase(&flash, 0x08000000, 0x20000),
                     FLASH_POWER);
    ck_assert_mem_eq(p, data, 64 + 16);

    sfi__power_restore(&power);
    ck_assert_int_eq(sfi__flash_program(&flash, 0x08000040, data, 32),
                     FLASH_NOT_ERASED);
    ck_assert_int_eq(sfi__flash_erase(&flash, 0x08000000, 0x20000), FLASH_OK);
    ck_assert_int_eq(sfi__flash_program(&flash, 0x08000040, data, 32),
                     FLASH_OK);
}
END_TEST

START_TEST(test_cut_erase)
{
    const uint8_t *p;

    map("stm32l462ce");
    for (uint32_t a = 0x08001000; a < 0x08002000; a += sizeof(data) / 4)
        ck_assert_int_eq(sfi__flash_program(&flash, a, data, sizeof(data) / 4),
                         FLASH_OK);
    sfi__power_cut_after(&power, 1);
    ck_assert_int_eq(sfi__flash_erase(&flash, 0x08001000, 0x1000), FLASH_POWER);
    p = sfi__flash_view(&flash, 0x08001000, 0x1000);
    ck_assert_mem_eq(p, ones, 0x800 + 0x400);
    ck_assert_mem_eq(p + 0x800 + 0x400, data, 0x400);
}
END_TEST

START_TEST(test_power_counts)
{
    sfi__power_init(&power);
    ck_assert_int_eq(sfi__power_spend(&power), POWER_FULL);
    sfi__power_cut_after(&power, UINT64_MAX);
    ck_assert_int_eq(sfi__power_spend(&power), POWER_FULL);
    sfi__power_cut_after(&power, 1);
    ck_assert_int_eq(sfi__power_spend(&power), POWER_FULL);
    ck_assert_int_eq(sfi__power_spend(&power), POWER_FAILS);
    ck_assert_int_eq(sfi__power_spend(&power), POWER_NONE);
    ck_assert_uint_eq(power.ops, 3);
    sfi__power_restore(&power);
    ck_assert_int_eq(sfi__power_spend(&power), POWER_FULL);
}
END_TEST

static int
program_and_die(void *chip)
{
    if (sfi__flash_map(ctx, path, chip, &power, &flash) == SFI_OK &&
        sfi__flash_program(&flash, 0x08001000, data, 1024) == FLASH_OK)
        kill_self();
    return 1;
}

/* Every byte is in the file, even if the process is killed. */
START_TEST(test_survives_kill)
{
    const sfi_chip *chip = sfi_chip_find("stm32l462ce");

    map("stm32l462ce");
    sfi__flash_close(&flash);
    ck_assert_int_eq(
        child_result(start_child(program_and_die, (void *)(uintptr_t)chip)),
        KILLED);
    ck_assert_ok(sfi__flash_map(ctx, path, chip, &power, &flash));
    ck_assert_mem_eq(sfi__flash_view(&flash, 0x08001000, 1024), data, 1024);
}
END_TEST

START_TEST(test_map_errors)
{
    const sfi_chip *chip = sfi_chip_find("stm32l462ce");

    ck_assert_fails_about(sfi__flash_map(ctx, path, chip, &power, &flash),
                          SFI_ERR_OS, path, "open", "No such file");
    make_file(1000);
    ck_assert_fails(sfi__flash_map(ctx, path, chip, &power, &flash),
                    SFI_ERR_FORMAT, path,
                    "is 1000 bytes, expected 524288, the flash of "
                    "stm32l462ce");
    make_file(524289);
    ck_assert_fails_about(sfi__flash_map(ctx, path, chip, &power, &flash),
                          SFI_ERR_FORMAT, path, "524289 bytes", "524288",
                          "stm32l462ce");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim_flash");
    TCase *t = tcase_create("flash");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, test_rules, 0, (int)ROWS(rules));
    tcase_add_test(t, test_program_once);
    tcase_add_test(t, test_ones_stay_erased);
    tcase_add_test(t, test_view);
    tcase_add_test(t, test_cut_program);
    tcase_add_test(t, test_cut_erase);
    tcase_add_test(t, test_power_counts);
    tcase_add_test(t, test_survives_kill);
    tcase_add_test(t, test_map_errors);
    suite_add_tcase(s, t);
    return run_suite(s);
}
