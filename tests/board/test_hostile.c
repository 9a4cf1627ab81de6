/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Hardware that fails, and a part that is not as it left manufacture: each time
 * the state that doc/porting-device.md names, no plaintext, and recoverable or
 * not as it says there. */
#include <stdlib.h>
#include <string.h>

#include <fixture.h>

#include "binary_install.h"
#include "wire/secure_boot.h"

#define LOADER 0x08075800u
/* Longer than secure boot takes to park, and to erase before. */
#define PARKED_NS UINT64_C(7000000000)
#define SLOT_EMPTY 0u
#define SLOT_HALF 1u
#define SLOT_COMPLETE 2u
#define SLOT_INSTALLED 3u

static struct binary binary;
static struct install install;

/* A snapshot before the first packet, in the middle of area 2, before FINISH
 * and behind it. */
static void
setup(void)
{
    fixture_setup();
    binary_start(&binary);
    binary_make(&binary, 0);
    install_make(&install, &binary);
    ck_assert(install_sync(&binary));
    binary_save(&binary, SLOT_EMPTY);
    for (size_t i = 0; i < install.finish; i++) {
        if (i == install.half)
            binary_save(&binary, SLOT_HALF);
        install_send(&install, &binary, i);
    }
    binary_save(&binary, SLOT_COMPLETE);
    for (size_t i = install.finish; i < install.leave; i++)
        install_send(&install, &binary, i);
    install_assert_complete(&install, &binary, "setup");
    binary_save(&binary, SLOT_INSTALLED);
}

static void
teardown(void)
{
    install_free(&install);
    binary_stop(&binary);
    fixture_teardown();
}

static void
assert_empty(const char *where)
{
    struct security_info info;

    ck_assert_msg(install_sync(&binary), "%s: it is silent: %s", where,
                  install_where(&binary));
    install_info(&binary, &info);
    ck_assert_msg(info.state == SFI_DEVICE_EMPTY, "%s: state %u", where,
                  info.state);
    ck_assert_msg((info.flags & SFI_CMD_INFO_UNCLEAN) == 0, "%s: unclean",
                  where);
    install_assert_erased(&install, &binary, where);
    install_assert_forgotten(&install, &binary, where);
}

static void
assert_installs(const char *where)
{
    install_run(&install, &binary);
    install_assert_gone(&install, &binary, where);
}

/* Stands still with this reason, watchdog fed; nothing in RAM. */
static void
assert_parked(const char *where, uint32_t reason)
{
    uint8_t raw[8];

    /* it is never idle */
    binary.limit_ns = 1000000;
    ck_assert_msg(!install_sync(&binary), "%s: it answers", where);
    binary.limit_ns = BINARY_LIMIT_NS;
    binary_peek(&binary, SECURE_BOOT_L462_PARK_AT, raw, sizeof(raw));
    ck_assert_msg(memcmp(raw, "park", 4) == 0, "%s: not parked: %s", where,
                  install_where(&binary));
    ck_assert_msg(raw[4] == (uint8_t)reason,
                  "%s: parked for %u, expected %u: %s", where, raw[4],
                  (unsigned)reason, install_where(&binary));
    install_assert_forgotten(&install, &binary, where);
}

/* Secure boot parks, and stays busy. */
static void
power_on_parked(void)
{
    binary_switch_on(&binary);
    binary_run(&binary, PARKED_NS, true);
}

/* ---- the bootloader's pages ---- */

/* Half an install, or none: what is in the user range goes. */
START_TEST(test_broken_loader)
{
    static const uint32_t at[] = {LOADER, LOADER + 0x1000, LOADER + 0x7000};

    for (size_t i = 0; i < ROWS(at); i++) {
        binary_restore(&binary, SLOT_HALF);
        binary_power_off(&binary);
        binary_inject(&binary, WIRE_FAULT_ECC_DOUBLE, at[i], 0);
        power_on_parked();
        assert_parked("broken loader", SECURE_BOOT_DAMAGED);
        install_assert_erased(&install, &binary, "broken loader");
    }
}
END_TEST

/* A whole install stays: the firmware is in. */
START_TEST(test_broken_loader_installed)
{
    binary_restore(&binary, SLOT_INSTALLED);
    binary_power_off(&binary);
    binary_inject(&binary, WIRE_FAULT_ECC_DOUBLE, LOADER + 0x800, 0);
    power_on_parked();
    assert_parked("installed", SECURE_BOOT_DAMAGED_COMPLETE);
    install_assert_complete(&install, &binary, "installed");
}
END_TEST

/* One bit is corrected, and nobody notices. */
START_TEST(test_weak_loader)
{
    binary_restore(&binary, SLOT_EMPTY);
    binary_power_off(&binary);
    binary_inject(&binary, WIRE_FAULT_ECC_SINGLE, LOADER + 0x1000, 0);
    binary_power_on(&binary);
    assert_empty("one bit");
    assert_installs("one bit");
}
END_TEST

/* ---- resets and power ---- */

/* It runs by its option byte (IWDG_SW is 0). */
START_TEST(test_watchdog)
{
    uint32_t words[CHIP_OB_ROWS_MAX], in_force[CHIP_OB_ROWS_MAX];
    struct binary_state before, after;

    binary_restore(&binary, SLOT_EMPTY);
    binary_power_off(&binary);
    binary_options(&binary, words, in_force);
    words[0] &= ~(1u << 16);
    binary_set_options(&binary, words);
    binary_power_on(&binary);
    ck_assert(install_sync(&binary));
    for (size_t i = 0; i < install.half; i++)
        install_send(&install, &binary, i);
    binary_state(&binary, &before);
    binary_inject(&binary, WIRE_FAULT_WATCHDOG, 0, 0);
    binary_run(&binary, BINARY_LIMIT_NS, true);
    binary_state(&binary, &after);
    ck_assert_uint_eq(after.resets, before.resets + 1);
    assert_empty("watchdog");
    assert_installs("watchdog");
}
END_TEST

/* ---- random numbers ---- */

/* INFO answers, SESSION and LICENSE do not work; nothing is installed. */
START_TEST(test_stuck_generator)
{
    const uint8_t none = 0;

    binary_restore(&binary, SLOT_EMPTY);
    binary_power_off(&binary);
    binary_inject(&binary, WIRE_FAULT_RNG_STUCK, 0, 1);
    binary_power_on(&binary);
    assert_empty("stuck generator");
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_SESSION, NULL, 0, NULL, 0, NULL),
        SFI_CAUSE_RANDOM);
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_SECURE, &none, 1, NULL, 0, NULL),
        SFI_CAUSE_NONE);
    ck_assert_int_eq(install_request(&binary, SFI_CMD_LICENSE, NULL, 0,
                                     install.image.license, LICENSE_LEN, NULL),
                     SFI_CAUSE_LICENSE);
    assert_empty("stuck generator");
    binary_inject(&binary, WIRE_FAULT_RNG_STUCK, 0, 0);
    binary_power_on(&binary);
    assert_empty("a generator again");
    assert_installs("a generator again");
}
END_TEST

/* ---- protection ---- */

static const struct {
    const char *name;
    uint32_t row;
    uint32_t mask, value;
    uint32_t reason;
} unprotected[] = {
    {"level 0", 0, 0xff, CHIP_RDP_LEVEL0, SECURE_BOOT_RDP},
    {"no write protection", 3, 0x00ff00ff, 0x000000ff, SECURE_BOOT_WRP},
    {"page 1 not protected", 3, 0x00ff00ff, 0x00000000, SECURE_BOOT_WRP},
    {"page 0 not protected", 3, 0x00ff00ff, 0x00010001, SECURE_BOOT_WRP},
};

/* Nothing is erased: put right, it goes on. */
START_TEST(test_unprotected)
{
    uint32_t words[CHIP_OB_ROWS_MAX], in_force[CHIP_OB_ROWS_MAX];
    uint32_t good[CHIP_OB_ROWS_MAX];

    binary_restore(&binary, SLOT_EMPTY);
    binary_power_off(&binary);
    binary_options(&binary, good, in_force);
    memcpy(words, good, sizeof(words));
    words[unprotected[_i].row] &= ~unprotected[_i].mask;
    words[unprotected[_i].row] |= unprotected[_i].value;
    binary_set_options(&binary, words);
    power_on_parked();
    assert_parked(unprotected[_i].name, unprotected[_i].reason);
    ck_assert(!binary_is_blank(&binary, LOADER, 2048));
    binary_power_off(&binary);
    binary_set_options(&binary, good);
    binary_power_on(&binary);
    assert_empty(unprotected[_i].name);
    assert_installs(unprotected[_i].name);
}
END_TEST

/* ---- firmware ---- */

static const struct {
    const char *name;
    uint32_t stack, entry;
    uint32_t reason;
} vectors[] = {
    {"no stack", 0x00000000, 0x08001009, SECURE_BOOT_NO_STACK},
    {"a stack in flash", 0x08001000, 0x08001009, SECURE_BOOT_NO_STACK},
    {"a stack behind RAM", 0x20028008, 0x08001009, SECURE_BOOT_NO_STACK},
    {"no entry", 0x20018000, 0x00000000, SECURE_BOOT_NO_ENTRY},
    {"ARM code", 0x20018000, 0x08001008, SECURE_BOOT_NO_ENTRY},
    {"an entry in RAM", 0x20018000, 0x20000001, SECURE_BOOT_NO_ENTRY},
    {"an entry in secure boot", 0x20018000, 0x08000101, SECURE_BOOT_NO_ENTRY},
    {"erased", 0xffffffff, 0xffffffff, SECURE_BOOT_NO_STACK},
};

static void
put_u32le(uint8_t *out, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(v >> 8 * i);
}

/* It is in, authentic, and cannot start: secure boot stands still; named as not
 * recoverable but by leaving level 1. */
START_TEST(test_vectors)
{
    binary_restore(&binary, SLOT_EMPTY);
    put_u32le(install.content[0], vectors[_i].stack);
    put_u32le(install.content[0] + 4, vectors[_i].entry);
    install_seal(&install);
    binary.limit_ns = PARKED_NS;
    install_run(&install, &binary);
    ck_assert_msg(binary_has_left(&binary), "%s", vectors[_i].name);
    assert_parked(vectors[_i].name, vectors[_i].reason);
    install_assert_complete(&install, &binary, vectors[_i].name);
}
END_TEST

/* Every byte of the user range; from the first free place on nothing fits. */
START_TEST(test_full_flash)
{
    const struct chip_range *user = &binary.kit.chip.user;
    uint8_t *content = malloc(user->size), *back = malloc(user->size);
    struct test_area *a = &install.image.area[0];
    int cause = 0;

    HOLDS(content != NULL && back != NULL);
    test_plain(content, user->size, 5);
    memcpy(content, install.content[0], 16);
    image_free(&install.image);
    image_add(&install.image, 'F', user->base, content, user->size);
    image_add(&install.image, 'C', 0, install.options, 20);
    install_seal_all(&install, &binary);
    binary_restore(&binary, SLOT_EMPTY);
    ck_assert_int_eq(install_begin(&install, &binary), SFI_CAUSE_NONE);
    for (uint16_t i = 0; i < 2 && cause == 0; i++)
        cause = install_area(&binary, a + i);
    ck_assert_int_eq(cause, SFI_CAUSE_NONE);
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_FINISH, NULL, 0, NULL, 0, NULL), 0);
    install_leave(&binary);
    binary_peek(&binary, user->base, back, user->size);
    ck_assert(memcmp(back, content, user->size) == 0);
    ck_assert(binary_has_left(&binary));
    free(content);
    free(back);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("hostile");
    TCase *t = tcase_create("hostile");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_broken_loader);
    tcase_add_test(t, test_broken_loader_installed);
    tcase_add_test(t, test_weak_loader);
    tcase_add_test(t, test_watchdog);
    tcase_add_test(t, test_stuck_generator);
    tcase_add_loop_test(t, test_unprotected, 0, (int)ROWS(unprotected));
    tcase_add_loop_test(t, test_vectors, 0, (int)ROWS(vectors));
    tcase_add_test(t, test_full_flash);
    suite_add_tcase(s, t);
    return run_suite(s);
}
