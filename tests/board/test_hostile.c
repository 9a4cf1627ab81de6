/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Resets, random numbers, protection, option bytes and firmware that are not as
 * they should be: each time the state that doc/porting-device.md names, no
 * plaintext, and recoverable or not as it says there. */
#include <stdlib.h>
#include <string.h>

#include <fixture.h>

#include "hostile.h"
#include "wire/data_page.h"
#include "wire/secure_boot.h"

#define OPTR 0u
#define WRP1AR 3u
#define WRP1BR 4u
#define WRP_MASK 0x00ff00ffu
#define IWDG_SW (1u << 16)
/* A sixth of its flash, for an image that fills it. */
#define SMALL_USER 0x2000u
/* Longer than a bootloader takes to start, and to answer. */
#define START_NS UINT64_C(1000000000)
#define ANSWER_NS UINT64_C(10000000)

/* ---- resets and power ---- */

/* It bites now. */
static void
bite(bool is_complete)
{
    struct binary_state before, after;

    binary_state(&binary, &before);
    binary_inject(&binary, WIRE_FAULT_WATCHDOG, 0, 0);
    binary_run(&binary, BINARY_LIMIT_NS, true);
    binary_state(&binary, &after);
    ck_assert_uint_eq(after.resets, before.resets + 1);
    if (is_complete)
        hostile_assert_leaves("watchdog behind FINISH");
    else
        hostile_assert_empty("watchdog");
}

/* Every third packet, the middle of area 2, before FINISH and behind it. */
static bool
is_stage(size_t i)
{
    return i % 3 == 0 || i == install.half || i >= install.finish;
}

/* It runs by its option byte (IWDG_SW is 0). */
START_TEST(test_watchdog)
{
    hostile_off(HOSTILE_EMPTY);
    hostile_set_option(OPTR, IWDG_SW, 0);
    binary_power_on(&binary);
    ck_assert(install_sync(&binary));
    for (size_t i = 0; i <= install.leave; i++) {
        binary_save(&binary, HOSTILE_OWN);
        if (is_stage(i))
            bite(i == install.leave);
        binary_restore(&binary, HOSTILE_OWN);
        install_send(&install, &binary, i);
    }
}
END_TEST

/* ---- random numbers ---- */

static const struct {
    const char *name;
    uint8_t fault;
    bool is_late; /* when the generator has worked before */
} generators[] = {
    {"zeros", WIRE_FAULT_RNG_STUCK, false},
    {"repeats", WIRE_FAULT_RNG_STUCK, true},
    {"seed error at the start", WIRE_FAULT_RNG_SEED, false},
    {"seed error", WIRE_FAULT_RNG_SEED, true},
    {"clock error at the start", WIRE_FAULT_RNG_CLOCK, false},
    {"clock error", WIRE_FAULT_RNG_CLOCK, true},
};

/* INFO answers, SESSION and LICENSE do not work; nothing is installed. */
START_TEST(test_stuck_generator)
{
    const char *name = generators[_i].name;
    const uint8_t none = 0;

    binary_restore(&binary, HOSTILE_EMPTY);
    if (!generators[_i].is_late)
        binary_power_off(&binary);
    binary_inject(&binary, generators[_i].fault, 0, 1);
    if (!generators[_i].is_late)
        binary_power_on(&binary);
    hostile_assert_empty(name);
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_SESSION, NULL, 0, NULL, 0, NULL),
        SFI_CAUSE_RANDOM);
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_SECURE, &none, 1, NULL, 0, NULL),
        SFI_CAUSE_NONE);
    ck_assert_int_eq(install_request(&binary, SFI_CMD_LICENSE, NULL, 0,
                                     install.image.license, LICENSE_LEN, NULL),
                     SFI_CAUSE_LICENSE);
    hostile_assert_empty(name);
    binary_inject(&binary, generators[_i].fault, 0, 0);
    binary_power_on(&binary);
    hostile_assert_empty(name);
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_SESSION, NULL, 0, NULL, 0, NULL),
        SFI_CAUSE_NONE);
}
END_TEST

/* A signature needs a random number; the firmware does not need a receipt. */
START_TEST(test_stuck_receipt)
{
    binary_restore(&binary, HOSTILE_INSTALLED);
    binary_inject(&binary, WIRE_FAULT_RNG_STUCK, 0, 1);
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_RECEIPT, NULL, 0, NULL, 0, NULL),
        SFI_CAUSE_SIGN);
    binary_inject(&binary, WIRE_FAULT_RNG_STUCK, 0, 0);
    binary_reset(&binary);
    ck_assert(install_sync(&binary));
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_RECEIPT, NULL, 0, NULL, 0, NULL),
        SFI_CAUSE_NONE);
    hostile_assert_leaves("stuck receipt");
}
END_TEST

/* The AES unit stops in mid-install, when software can no longer step in. */
START_TEST(test_stuck_aes)
{
    struct security_info info;

    binary_restore(&binary, HOSTILE_HALF);
    binary_inject(&binary, WIRE_FAULT_AES, 0, 1);
    for (size_t i = install.half; i < install.finish; i++)
        install_send(&install, &binary, i);
    hostile_assert_empty("AES stops");
    install_info(&binary, &info);
    ck_assert_int_eq(info.cause, SFI_CAUSE_CRYPTO);
    binary_inject(&binary, WIRE_FAULT_AES, 0, 0);
    hostile_assert_installs("AES again");
}
END_TEST

/* ---- protection ---- */

static const struct {
    const char *name;
    uint32_t row, mask, value;
    uint32_t reason;
} unprotected[] = {
    {"level 0", OPTR, 0xff, CHIP_RDP_LEVEL0, SECURE_BOOT_RDP},
    {"no write protection", WRP1AR, WRP_MASK, 0x000000ff, SECURE_BOOT_WRP},
    {"page 1 is not protected", WRP1AR, WRP_MASK, 0, SECURE_BOOT_WRP},
    {"page 0 is not protected", WRP1AR, WRP_MASK, 0x00010001, SECURE_BOOT_WRP},
};

/* Nothing is erased: put right, it goes on. */
START_TEST(test_unprotected)
{
    const char *name = unprotected[_i].name;
    uint32_t words[CHIP_OB_ROWS_MAX], good[CHIP_OB_ROWS_MAX];

    hostile_off(HOSTILE_EMPTY);
    binary_options(&binary, good, words);
    hostile_set_option(unprotected[_i].row, unprotected[_i].mask,
                       unprotected[_i].value);
    binary_power_on(&binary);
    hostile_assert_parked(name, unprotected[_i].reason);
    ck_assert(!binary_is_blank(&binary, HOSTILE_LOADER, 2048));
    binary_power_off(&binary);
    binary_set_options(&binary, good);
    binary_power_on(&binary);
    hostile_assert_empty(name);
}
END_TEST

/* RM0394, 3.5.1: option bytes are as they are for ever.  An image is refused,
 * unless it wants just these. */
START_TEST(test_level_2)
{
    uint32_t words[CHIP_OB_ROWS_MAX], in_force[CHIP_OB_ROWS_MAX];
    uint8_t before[sizeof(install.options)];

    hostile_off(HOSTILE_EMPTY);
    hostile_set_option(OPTR, 0xff, 0xcc);
    binary_power_on(&binary);
    hostile_assert_empty("level 2");
    for (size_t i = 0; i < install.leave; i++)
        install_send(&install, &binary, i);
    hostile_assert_empty("level 2");
    memcpy(before, install.options, sizeof(before));
    binary_options(&binary, words, in_force);
    memcpy(install.options, words, 4 * binary.kit.chip.ob_count);
    install_seal(&install);
    install_run(&install, &binary);
    ck_assert(binary_has_left(&binary));
    memcpy(install.options, before, sizeof(before));
    install_seal(&install);
}
END_TEST

/* Write protection where an install writes. */
static const struct {
    const char *name;
    uint32_t pages; /* WRP1BR */
    int cause;      /* of SECURE */
} locked[] = {
    {"user pages", 0x0014000a, SFI_CAUSE_FLASH_ERASE},
    {"the last user page", 0x00ea00ea, SFI_CAUSE_FLASH_ERASE},
    {"both data pages", 0x00ff00fe, SFI_CAUSE_STORAGE},
};

START_TEST(test_locked_pages)
{
    const char *name = locked[_i].name;
    const uint8_t none = 0;

    hostile_off(HOSTILE_EMPTY);
    hostile_set_option(WRP1BR, WRP_MASK, locked[_i].pages);
    binary_power_on(&binary);
    hostile_assert_empty(name);
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_SECURE, &none, 1, NULL, 0, NULL),
        locked[_i].cause);
    if (locked[_i].cause == SFI_CAUSE_FLASH_ERASE)
        hostile_assert_unclean(name, locked[_i].cause);
    binary_power_off(&binary);
    hostile_set_option(WRP1BR, WRP_MASK, 0x000000ff);
    binary_power_on(&binary);
    hostile_assert_empty(name);
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_SECURE, &none, 1, NULL, 0, NULL),
        SFI_CAUSE_NONE);
}
END_TEST

/* A bootloader that cannot erase itself: secure boot neither. */
START_TEST(test_locked_loader)
{
    hostile_off(HOSTILE_INSTALLED);
    hostile_set_option(WRP1BR, WRP_MASK, 0x00f800f0);
    binary_power_on(&binary);
    ck_assert(install_sync(&binary));
    install_leave(&binary);
    binary_run(&binary, BINARY_LIMIT_NS, true);
    hostile_assert_parked("locked loader", SECURE_BOOT_ERASE);
    binary_power_off(&binary);
    hostile_set_option(WRP1BR, WRP_MASK, 0x000000ff);
    binary_power_on(&binary);
    hostile_assert_leaves("locked loader");
}
END_TEST

/* ---- option bytes ---- */

/* The power fails in FINISH, when the words have been erased and so many of
 * them were written.  RM0394, 3.4.2: a word that does not fit its complement
 * counts as all of the flash in PCROP. */
static void
cut_options(uint32_t words)
{
    binary_restore(&binary, HOSTILE_COMPLETE);
    binary_inject(&binary, WIRE_FAULT_BROWN_OUT, 0, words);
    for (size_t i = install.finish; i < install.leave; i++)
        install_send(&install, &binary, i);
    ck_assert_uint_eq(binary.end, WIRE_END_OFF);
}

static void
assert_locked(const char *where)
{
    uint32_t words[CHIP_OB_ROWS_MAX], in_force[CHIP_OB_ROWS_MAX];

    binary.limit_ns = START_NS;
    binary_power_on(&binary);
    binary.limit_ns = ANSWER_NS;
    ck_assert_msg(!install_sync(&binary), "%s: it answers", where);
    binary.limit_ns = BINARY_LIMIT_NS;
    binary_options(&binary, words, in_force);
    ck_assert_uint_eq(in_force[1] & 0xffff, 0);
    ck_assert_uint_eq(in_force[2] & 0xffff, 0xffff);
    ck_assert_uint_ne(in_force[OPTR] & 0xff, CHIP_RDP_LEVEL0);
    install_assert_forgotten(&install, &binary, where);
}

START_TEST(test_brown_out)
{
    for (uint32_t words = 0; words <= binary.kit.chip.ob_count; words++) {
        cut_options(words);
        if (words < 2) {
            assert_locked("brown-out");
            continue;
        }
        binary_power_on(&binary);
        hostile_assert_leaves("brown-out");
    }
}
END_TEST

/* Words that are damaged before any install. */
START_TEST(test_damaged_options)
{
    uint8_t page[DATA_PAGE_L462_LEN];
    uint32_t good[CHIP_OB_ROWS_MAX], in_force[CHIP_OB_ROWS_MAX];

    binary_restore(&binary, HOSTILE_EMPTY);
    binary_peek(&binary, DATA_PAGE_L462_1, page, sizeof(page));
    binary_options(&binary, good, in_force);
    cut_options(3);
    binary_load(&binary, DATA_PAGE_L462_1, page, sizeof(page));
    binary_power_on(&binary);
    hostile_assert_parked("damaged options", SECURE_BOOT_OPTIONS);
    binary_power_off(&binary);
    binary_set_options(&binary, good);
    binary_power_on(&binary);
    ck_assert(install_sync(&binary));
    hostile_assert_installs("good options");
}
END_TEST

/* ---- firmware ---- */

static const struct {
    const char *name;
    uint32_t stack, entry;
    uint32_t reason;
} vectors[] = {
    {"no stack", 0x00000000, 0x08001009, SECURE_BOOT_NO_STACK},
    {"a stack at RAM's begin", 0x20000000, 0x08001009, SECURE_BOOT_NO_STACK},
    {"a stack in flash", 0x08001000, 0x08001009, SECURE_BOOT_NO_STACK},
    {"a stack behind RAM", 0x20028004, 0x08001009, SECURE_BOOT_NO_STACK},
    {"an odd stack", 0x20018002, 0x08001009, SECURE_BOOT_NO_STACK},
    {"no entry", 0x20018000, 0x00000000, SECURE_BOOT_NO_ENTRY},
    {"ARM code", 0x20018000, 0x08001008, SECURE_BOOT_NO_ENTRY},
    {"an entry in RAM", 0x20018000, 0x20000001, SECURE_BOOT_NO_ENTRY},
    {"an entry in secure boot", 0x20018000, 0x08000101, SECURE_BOOT_NO_ENTRY},
    {"an entry in the bootloader", 0x20018000, 0x08075801,
     SECURE_BOOT_NO_ENTRY},
    {"an entry behind flash", 0x20018000, 0x08080001, SECURE_BOOT_NO_ENTRY},
    {"erased", 0xffffffff, 0xffffffff, SECURE_BOOT_NO_STACK},
};

static void
put_u32le(uint8_t *out, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(v >> 8 * i);
}

/* Secure boot stands still; recoverable only by leaving level 1. */
START_TEST(test_vectors)
{
    uint8_t head[8];

    for (size_t i = 0; i < ROWS(vectors); i++) {
        put_u32le(head, vectors[i].stack);
        put_u32le(head + 4, vectors[i].entry);
        hostile_off(HOSTILE_GONE);
        binary_load(&binary, binary.kit.chip.user.base, head, sizeof(head));
        binary_power_on(&binary);
        hostile_assert_parked(vectors[i].name, vectors[i].reason);
        ck_assert(binary_has_left(&binary));
    }
}
END_TEST

/* ... and how it comes so far: authentic, installed, gone. */
START_TEST(test_installed_vector)
{
    uint8_t before[4];

    binary_restore(&binary, HOSTILE_EMPTY);
    memcpy(before, install.content[0] + 4, sizeof(before));
    put_u32le(install.content[0] + 4, 0x08001008);
    install_seal(&install);
    install_run(&install, &binary);
    hostile_assert_parked("ARM code", SECURE_BOOT_NO_ENTRY);
    ck_assert(binary_has_left(&binary));
    install_assert_complete(&install, &binary, "ARM code");
    memcpy(install.content[0] + 4, before, sizeof(before));
    install_seal(&install);
}
END_TEST

/* A second area behind the first one: from there on nothing fits. */
static void
fill(struct binary *b, const uint8_t *content, bool too_much)
{
    const struct chip_range *user = &b->kit.chip.user;
    struct install in;
    uint8_t *back = malloc(user->size);
    int cause;

    HOLDS(back != NULL);
    install_make(&in, b);
    image_free(&in.image);
    image_add(&in.image, 'F', user->base, content, user->size);
    if (too_much)
        image_add(&in.image, 'F', user->base + user->size, content, 8);
    image_add(&in.image, 'C', 0, in.options, 20);
    install_seal_all(&in, b);
    cause = install_begin(&in, b);
    for (uint16_t i = 0; i < in.image.areas && cause == 0; i++)
        cause = install_area(b, &in.image.area[i]);
    ck_assert_int_eq(cause, too_much ? SFI_CAUSE_AREA_ADDRESS : 0);
    binary_peek(b, user->base, back, user->size);
    if (too_much)
        install_assert_erased(&in, b, "too much");
    else
        ck_assert_mem_eq(back, content, user->size);
    free(back);
    install_free(&in);
}

/* Every byte of the user range; SFI_TEST_LONG: of all of it. */
START_TEST(test_full_flash)
{
    struct binary b;
    uint32_t size = getenv("SFI_TEST_LONG") != NULL ? 0 : SMALL_USER;
    uint8_t *content;

    binary_start(&b);
    binary_make(&b, size);
    content = malloc(b.kit.chip.user.size);
    HOLDS(content != NULL);
    test_plain(content, b.kit.chip.user.size, 5);
    memcpy(content, install.content[0], 16);
    ck_assert(install_sync(&b));
    fill(&b, content, true);
    fill(&b, content, false);
    ck_assert_int_eq(
        install_request(&b, SFI_CMD_FINISH, NULL, 0, NULL, 0, NULL), 0);
    install_leave(&b);
    ck_assert(binary_has_left(&b));
    free(content);
    binary_stop(&b);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("hostile");
    TCase *t = tcase_create("hostile");

    tcase_add_unchecked_fixture(t, hostile_setup, hostile_teardown);
    tcase_set_timeout(t, getenv("SFI_TEST_LONG") != NULL ? 1200 : 120);
    tcase_add_test(t, test_watchdog);
    tcase_add_loop_test(t, test_stuck_generator, 0, (int)ROWS(generators));
    tcase_add_test(t, test_stuck_receipt);
    tcase_add_test(t, test_stuck_aes);
    tcase_add_loop_test(t, test_unprotected, 0, (int)ROWS(unprotected));
    tcase_add_test(t, test_level_2);
    tcase_add_loop_test(t, test_locked_pages, 0, (int)ROWS(locked));
    tcase_add_test(t, test_locked_loader);
    tcase_add_test(t, test_brown_out);
    tcase_add_test(t, test_damaged_options);
    tcase_add_test(t, test_vectors);
    tcase_add_test(t, test_installed_vector);
    tcase_add_test(t, test_full_flash);
    suite_add_tcase(s, t);
    return run_suite(s);
}
