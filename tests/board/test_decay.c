/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Flash that decays: one wrong bit is corrected and nobody notices, two are an
 * NMI.  In secure boot, the bootloader, the data pages and the firmware,
 * before, within and behind an install: the state that doc/porting-device.md
 * names. */
#include <stdlib.h>
#include <string.h>

#include <fixture.h>

#include "hostile.h"
#include "wire/data_page.h"
#include "wire/secure_boot.h"

#define SECURE_BOOT 0x08000000u
#define SECURE_BOOT_LEN 4096u
#define UNIT 8u
/* Units of secure boot that are tried; SFI_TEST_LONG: all. */
#define BOOT_STEP 23u
/* Longer than an erase of the user range, and than an answer takes. */
#define ERASE_NS UINT64_C(7000000000)
#define ANSWER_NS UINT64_C(10000000)
#define ENTRY_AT(page, i) \
    ((page) + DATA_PAGE_JOURNAL_AT + (i) * (uint32_t)DATA_PAGE_ENTRY_LEN)

static void
break_unit(uint32_t address)
{
    binary_inject(&binary, WIRE_FAULT_ECC_DOUBLE, address, 0);
}

/* ---- secure boot ---- */

/* Without an answer: parked, or, for the jump into the bootloader, whose vector
 * table counts already, reset again and again. */
static bool
is_standing(void)
{
    uint8_t raw[8];
    uint32_t resets = binary.resets;

    binary_peek(&binary, SECURE_BOOT_L462_PARK_AT, raw, sizeof(raw));
    if (memcmp(raw, "park", 4) != 0 && resets == 0)
        return false;
    if (resets == 0)
        ck_assert_msg(raw[4] == SECURE_BOOT_SELF || raw[4] == SECURE_BOOT_ERASE,
                      "parked for %u", raw[4]);
    binary.limit_ns = ANSWER_NS;
    ck_assert_msg(!install_sync(&binary), "it answers");
    install_assert_forgotten(&install, &binary, "secure boot");
    return true;
}

/* Each unit is one that stops it, or that nobody reads: then all is as
 * before. */
START_TEST(test_secure_boot)
{
    uint32_t step = getenv("SFI_TEST_LONG") != NULL ? 1 : BOOT_STEP;
    uint32_t standing = 0, answers = 0;

    /* the units before are the vector table, of which no model knows more */
    for (uint32_t at = 2; at < SECURE_BOOT_LEN / UNIT; at += step) {
        hostile_off(HOSTILE_EMPTY);
        break_unit(SECURE_BOOT + at * UNIT);
        binary.limit_ns = ERASE_NS;
        binary_power_on(&binary);
        if (is_standing()) {
            standing++;
            continue;
        }
        answers++;
        binary.limit_ns = BINARY_LIMIT_NS;
        hostile_assert_empty("secure boot");
    }
    binary.limit_ns = BINARY_LIMIT_NS;
    ck_assert_uint_gt(standing, 0);
    ck_assert_uint_gt(answers, 0);
}
END_TEST

/* It cannot erase what there is, and does not show it. */
START_TEST(test_secure_boot_half)
{
    uint8_t head[8];
    uint32_t entry;

    hostile_off(HOSTILE_HALF);
    binary_peek(&binary, SECURE_BOOT, head, sizeof(head));
    memcpy(&entry, head + 4, sizeof(entry));
    break_unit(entry & ~(UNIT - 1));
    binary_power_on(&binary);
    hostile_assert_parked("secure boot", SECURE_BOOT_SELF);
    ck_assert(!binary_is_blank(&binary, HOSTILE_LOADER, 2048));
}
END_TEST

/* ---- the bootloader ---- */

/* Part of an install, or none: what is in the user range goes. */
START_TEST(test_broken_loader)
{
    static const uint32_t at[] = {0, 0x1000, 0x7000};
    static const enum hostile_slot slots[] = {HOSTILE_EMPTY, HOSTILE_HALF,
                                              HOSTILE_COMPLETE};

    for (size_t i = 0; i < ROWS(at); i++) {
        hostile_off(slots[i]);
        break_unit(HOSTILE_LOADER + at[i]);
        binary_power_on(&binary);
        hostile_assert_parked("broken loader", SECURE_BOOT_DAMAGED);
        install_assert_erased(&install, &binary, "broken loader");
    }
}
END_TEST

/* A whole install stays: the firmware is in. */
START_TEST(test_broken_loader_installed)
{
    hostile_off(HOSTILE_INSTALLED);
    break_unit(HOSTILE_LOADER + 0x800);
    binary_power_on(&binary);
    hostile_assert_parked("installed", SECURE_BOOT_DAMAGED_COMPLETE);
    install_assert_complete(&install, &binary, "installed");
}
END_TEST

/* While it runs: it starts over, and secure boot sees why. */
START_TEST(test_running_loader)
{
    struct binary_state state;

    binary_restore(&binary, HOSTILE_HALF);
    binary_state(&binary, &state);
    ck_assert_uint_ge(state.pc, HOSTILE_LOADER);
    break_unit(state.pc & ~(UNIT - 1));
    install_send(&install, &binary, install.half);
    hostile_assert_parked("running loader", SECURE_BOOT_DAMAGED);
    install_assert_erased(&install, &binary, "running loader");
}
END_TEST

/* ---- data pages ---- */

/* Of the only page: no key, no record, and nobody knows what the firmware is.
 * Not recoverable. */
START_TEST(test_broken_data_page)
{
    static const uint32_t at[] = {0, DATA_PAGE_SECRET_AT,
                                  DATA_PAGE_CERTIFICATE_AT, DATA_PAGE_SEAL_AT};
    static const enum hostile_slot slots[] = {HOSTILE_EMPTY, HOSTILE_HALF,
                                              HOSTILE_COMPLETE, HOSTILE_EMPTY};
    const uint8_t none = 0;

    for (size_t i = 0; i < ROWS(at); i++) {
        hostile_off(slots[i]);
        break_unit(DATA_PAGE_L462_1 + at[i]);
        binary_power_on(&binary);
        hostile_assert_unclean("data page", SFI_CAUSE_STORAGE);
        install_assert_erased(&install, &binary, "data page");
        ck_assert_int_eq(install_request(&binary, SFI_CMD_CERTIFICATE, NULL, 0,
                                         NULL, 0, NULL),
                         SFI_CAUSE_STORAGE);
        ck_assert_int_eq(
            install_request(&binary, SFI_CMD_SECURE, &none, 1, NULL, 0, NULL),
            SFI_CAUSE_STORAGE);
    }
}
END_TEST

/* Behind an install the option bytes are the firmware's, and no record says so:
 * it stays, and does not start. */
START_TEST(test_broken_data_page_installed)
{
    hostile_off(HOSTILE_INSTALLED);
    break_unit(DATA_PAGE_L462_1 + DATA_PAGE_CRC_AT);
    binary_power_on(&binary);
    hostile_assert_parked("installed", SECURE_BOOT_WRP);
    install_assert_complete(&install, &binary, "installed");
}
END_TEST

/* The last entry that was written. */
static uint32_t
newest_entry(void)
{
    uint32_t i = 0;

    while (!binary_is_blank(&binary, ENTRY_AT(DATA_PAGE_L462_1, i),
                            DATA_PAGE_ENTRY_LEN))
        i++;
    ck_assert_uint_gt(i, 0);
    return ENTRY_AT(DATA_PAGE_L462_1, i - 1);
}

/* The record before counts, unless it says that nothing is under way. */
START_TEST(test_broken_record)
{
    hostile_off(HOSTILE_HALF);
    break_unit(newest_entry());
    binary_power_on(&binary);
    hostile_assert_empty("half");
    hostile_off(HOSTILE_INSTALLED);
    break_unit(newest_entry() + DATA_PAGE_RECORD_LEN);
    binary_power_on(&binary);
    hostile_assert_leaves("installed");
}
END_TEST

static void
begin_and_abort(void)
{
    const uint8_t none = 0;

    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_SECURE, &none, 1, NULL, 0, NULL),
        SFI_CAUSE_NONE);
    (void)install_request(&binary, SFI_CMD_ABORT, NULL, 0, NULL, 0, NULL);
}

/* Fill page 1 until page 0 counts, with an install under way whose record is
 * the first one there; the last of page 1 says "empty".  An install takes two
 * of its 11 places, so one is spoilt by a cut behind the erase. */
static void
move_to_page_0(void)
{
    static const uint32_t last = ENTRY_AT(DATA_PAGE_L462_1, 10);
    const uint32_t pages = binary.kit.chip.user.size / 2048u;
    const uint8_t none = 0;

    binary_restore(&binary, HOSTILE_EMPTY);
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_SECURE, &none, 1, NULL, 0, NULL),
        SFI_CAUSE_NONE);
    binary_cut(&binary, pages, WIRE_CUT_TORN);
    (void)install_request(&binary, SFI_CMD_ABORT, NULL, 0, NULL, 0, NULL);
    ck_assert_uint_eq(binary.end, WIRE_END_OFF);
    binary_power_on(&binary);
    ck_assert(install_sync(&binary));
    while (binary_is_blank(&binary, last, DATA_PAGE_ENTRY_LEN))
        begin_and_abort();
    ck_assert(binary_is_blank(&binary, DATA_PAGE_L462_0, DATA_PAGE_L462_LEN));
    for (size_t i = 0; i <= install.half; i++)
        install_send(&install, &binary, i);
    ck_assert(!binary_is_blank(&binary, ENTRY_AT(DATA_PAGE_L462_0, 0),
                               DATA_PAGE_ENTRY_LEN));
    binary_save(&binary, HOSTILE_OWN);
}

/* The older page, the newer one, and both. */
START_TEST(test_two_data_pages)
{
    move_to_page_0();
    binary_power_off(&binary);
    break_unit(DATA_PAGE_L462_1 + DATA_PAGE_SECRET_AT);
    binary_power_on(&binary);
    hostile_assert_empty("the older page");
    hostile_off(HOSTILE_OWN);
    break_unit(DATA_PAGE_L462_0 + DATA_PAGE_SECRET_AT);
    binary_power_on(&binary);
    hostile_assert_empty("the newer page");
    hostile_off(HOSTILE_OWN);
    break_unit(DATA_PAGE_L462_0 + DATA_PAGE_SECRET_AT);
    break_unit(DATA_PAGE_L462_1 + DATA_PAGE_SECRET_AT);
    binary_power_on(&binary);
    hostile_assert_unclean("both pages", SFI_CAUSE_STORAGE);
    install_assert_erased(&install, &binary, "both pages");
}
END_TEST

/* ---- the user range ---- */

/* A unit that was programmed, or is to be. */
START_TEST(test_broken_user_flash)
{
    uint32_t user = binary.kit.chip.user.base;

    binary_restore(&binary, HOSTILE_HALF);
    break_unit(user + 2048 + 1400);
    for (size_t i = install.half; i < install.finish; i++)
        install_send(&install, &binary, i);
    hostile_assert_empty("a unit of area 2");
    hostile_assert_installs("a unit of area 2");
    hostile_off(HOSTILE_GONE);
    break_unit(user);
    binary_power_on(&binary);
    hostile_assert_parked("vectors", SECURE_BOOT_NO_STACK);
}
END_TEST

/* ---- one bit ---- */

/* In each page that an install uses. */
START_TEST(test_one_bit)
{
    static const uint32_t at[] = {
        SECURE_BOOT + 0x200,
        SECURE_BOOT + 0x900,
        HOSTILE_LOADER,
        HOSTILE_LOADER + 0x1000,
        HOSTILE_LOADER + 0x4000,
        DATA_PAGE_L462_1,
        DATA_PAGE_L462_1 + DATA_PAGE_SECRET_AT,
        DATA_PAGE_L462_1 + DATA_PAGE_CERTIFICATE_AT,
        DATA_PAGE_L462_1 + DATA_PAGE_SEAL_AT,
        ENTRY_AT(DATA_PAGE_L462_1, 0),
        ENTRY_AT(DATA_PAGE_L462_1, 1),
    };

    hostile_off(HOSTILE_EMPTY);
    for (size_t i = 0; i < ROWS(at); i++)
        binary_inject(&binary, WIRE_FAULT_ECC_SINGLE, at[i], 0);
    binary_power_on(&binary);
    hostile_assert_empty("one bit");
    hostile_assert_installs("one bit");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("decay");
    TCase *t = tcase_create("decay");

    tcase_add_unchecked_fixture(t, hostile_setup, hostile_teardown);
    tcase_set_timeout(t, getenv("SFI_TEST_LONG") != NULL ? 1200 : 120);
    tcase_add_test(t, test_secure_boot);
    tcase_add_test(t, test_secure_boot_half);
    tcase_add_test(t, test_broken_loader);
    tcase_add_test(t, test_broken_loader_installed);
    tcase_add_test(t, test_running_loader);
    tcase_add_test(t, test_broken_data_page);
    tcase_add_test(t, test_broken_data_page_installed);
    tcase_add_test(t, test_broken_record);
    tcase_add_test(t, test_two_data_pages);
    tcase_add_test(t, test_broken_user_flash);
    tcase_add_test(t, test_one_bit);
    suite_add_tcase(s, t);
    return run_suite(s);
}
