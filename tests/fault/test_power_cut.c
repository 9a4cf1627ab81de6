/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The power fails at every operation of an install, one after the other.
 * After the next power-up either nothing of the firmware is left and it can be
 * installed, or it is complete: never anything between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/device.h>

#include <bench/install.h>
#include "wire/security.h"
#include "sim/boot.h"

static const char *const chips[] = {"stm32h753xi", "stm32l462ce"};

/* Operations at both ends of an install are all tried: there the record and
 * the option bytes change.  Those between are program units; without
 * SFI_TEST_LONG only some of them. */
#define AT_BEGIN 24u
#define AT_END 40u
#define BETWEEN 48u

/* A copy of the chip's folder, for the next round. */
static const char *const names[] = {"flash.bin", "options.bin", "record.bin"};

struct snapshot {
    char *data[ROWS(names)];
    size_t len[ROWS(names)];
};

static struct package package;
static struct snapshot before;

static void
snapshot_take(struct snapshot *s)
{
    for (size_t i = 0; i < ROWS(names); i++)
        s->data[i] = test_read(board_file(names[i]), &s->len[i]);
}

static void
snapshot_free(struct snapshot *s)
{
    for (size_t i = 0; i < ROWS(names); i++)
        free(s->data[i]);
}

static void
snapshot_restore(const struct snapshot *s)
{
    sfi_sim_free(board.sim);
    board.sim = NULL;
    for (size_t i = 0; i < ROWS(names); i++) {
        FILE *f = fopen(board_file(names[i]), "wb");

        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(fwrite(s->data[i], 1, s->len[i], f), s->len[i]);
        ck_assert_int_eq(fclose(f), 0);
    }
    ck_assert_ok(sfi_sim_open(ctx, board.state, &board.sim));
}

static void
setup(const char *chip)
{
    board_setup(chip);
    package_make(&package);
    if (strcmp(chip, "stm32h753xi") == 0)
        install_activate();
    snapshot_take(&before);
}

static void
teardown(void)
{
    snapshot_free(&before);
    package_free(&package);
    board_teardown();
}

/* From power-up to the reset after the install: the first answer that is not
 * good. */
static int
whole_install(void)
{
    int r;

    if (!install_sync())
        return INSTALL_SILENT;
    r = install_run(&package);
    if (r == 0)
        install_leave();
    return r;
}

/* How many operations it is. */
static uint64_t
count(void)
{
    uint64_t first;

    snapshot_restore(&before);
    first = sfi_sim_flash_ops(board.sim);
    ck_assert_int_eq(whole_install(), 0);
    install_assert_complete(&package);
    return sfi_sim_flash_ops(board.sim) - first;
}

static uint32_t
device_state(void)
{
    uint8_t raw[SFI_CMD_REPLY_MAX];
    size_t len = sizeof(raw);
    struct security_info info;

    ck_assert_int_eq(install_request(SFI_CMD_INFO, NULL, 0, NULL, 0, raw, &len),
                     0);
    sfi__security_read_info(&info, raw);
    return info.state;
}

/* After the power-up that follows a cut: complete, or clean and installed
 * now.  True: it was complete. */
static bool
judge(uint64_t n)
{
    bool answers = install_sync();

    if (!answers && !package.chip->one_shot)
        ck_abort_msg("after a cut at %llu the chip is silent",
                     (unsigned long long)n);
    if (!answers || device_state() == SFI_DEVICE_INSTALLED) {
        install_assert_complete(&package);
        return true;
    }
    ck_assert_uint_eq(device_state(), SFI_DEVICE_EMPTY);
    install_assert_clean(&package);
    ck_assert_int_eq(whole_install(), 0);
    install_assert_complete(&package);
    return false;
}

static uint64_t
step_after(uint64_t n, uint64_t total)
{
    uint64_t between = total - AT_BEGIN - AT_END;
    uint64_t tried = getenv("SFI_TEST_SHORT") != NULL ? BETWEEN / 8 : BETWEEN;

    if (getenv("SFI_TEST_LONG") != NULL || n < AT_BEGIN || n + AT_END >= total)
        return n + 1;
    n += between / tried + 1;
    return n + AT_END > total ? total - AT_END : n;
}

START_TEST(test_every_operation)
{
    uint64_t total, clean = 0, complete = 0;

    setup(chips[_i]);
    total = count();
    ck_assert_uint_gt(total, AT_BEGIN + AT_END);
    for (uint64_t n = 0; n < total; n = step_after(n, total)) {
        snapshot_restore(&before);
        sfi_sim_power_cut_after(board.sim, n);
        (void)whole_install();
        ck_assert_msg(!sfi_sim_has_power(board.sim), "no cut at %llu",
                      (unsigned long long)n);
        ck_assert(!install_sync());
        ck_assert_ok(sfi_sim_power_on(board.sim));
        if (judge(n))
            complete++;
        else
            clean++;
    }
    /* both outcomes were seen: from some operation on the install completes */
    ck_assert_uint_gt(clean, AT_BEGIN);
    ck_assert_uint_gt(complete, 0);
    teardown();
}
END_TEST

/* The power fails again while the chip cleans up at its next power-up, at
 * every operation of that. */
START_TEST(test_while_cleaning_up)
{
    uint64_t step = _i == 0 ? 1 : 16; /* small sectors: many erases */
    uint64_t total;

    setup(chips[_i]);
    total = count();
    for (uint64_t n = 0;; n += step) {
        snapshot_restore(&before);
        sfi_sim_power_cut_after(board.sim, total * 3 / 4);
        ck_assert_int_eq(whole_install(), INSTALL_SILENT);
        sfi__power_restore(&board.sim->power);
        sfi_sim_power_cut_after(board.sim, n);
        sfi__sim_reset(board.sim);
        if (sfi_sim_has_power(board.sim))
            break;
        ck_assert_ok(sfi_sim_power_on(board.sim));
        ck_assert(!judge(n));
    }
    teardown();
}
END_TEST

/* The tests above look for plaintext: they find it where it is. */
START_TEST(test_search_finds)
{
    const uint8_t *data;
    uint64_t address;
    size_t len;

    setup(chips[0]);
    ck_assert(install_ram_holds(&package) == NULL);
    ck_assert_ok(
        sfi_firmware_segment(package.firmware, 0, &address, &data, &len));
    memcpy(board.sim->ram + 4711, data + 64, 64);
    ck_assert_str_eq(install_ram_holds(&package), "the firmware");
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert(install_ram_holds(&package) == NULL);
    memcpy(board.sim->ram + board.sim->ram_len - 16, package.key, 16);
    ck_assert_str_eq(install_ram_holds(&package), "the key");
    teardown();
}
END_TEST

/* While areas come, the chip does hold the key: the search sees it there. */
START_TEST(test_key_is_there_meanwhile)
{
    const uint8_t flags = SFI_CMD_SECURE_ERASE;

    setup(chips[_i]);
    ck_assert(install_sync());
    ck_assert_int_eq(
        install_request(SFI_CMD_SECURE, &flags, 1, NULL, 0, NULL, NULL), 0);
    ck_assert_int_eq(install_request(SFI_CMD_LICENSE, NULL, 0, package.license,
                                     sizeof(package.license), NULL, NULL),
                     0);
    ck_assert_str_eq(install_ram_holds(&package), "the key");
    ck_assert_int_eq(
        install_request(SFI_CMD_ABORT, NULL, 0, NULL, 0, NULL, NULL), 0);
    install_assert_clean(&package);
    teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("power_cut");
    TCase *t = tcase_create("power_cut");

    tcase_set_timeout(t, getenv("SFI_TEST_LONG") != NULL ? 3600 : 120);
    tcase_add_loop_test(t, test_every_operation, 0, (int)ROWS(chips));
    tcase_add_loop_test(t, test_while_cleaning_up, 0, (int)ROWS(chips));
    tcase_add_test(t, test_search_finds);
    tcase_add_loop_test(t, test_key_is_there_meanwhile, 0, (int)ROWS(chips));
    suite_add_tcase(s, t);
    return run_suite(s);
}
