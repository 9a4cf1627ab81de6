/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The power of the part fails in each operation on its flash and option bytes,
 * while the bootloader's binary installs a firmware and leaves.  After the next
 * power-up it is empty and erased and can install, or complete, or gone with
 * its firmware started: nothing between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fixture.h>
#include <bench/part.h>

#include "binary_install.h"

/* Cuts in a sweep of the default suites (SFI_TEST_CUTS: others). */
#define CUTS 500u
/* Different parts that cuts leave, at most. */
#define LEFT_MAX 4096u
#define SLOT_BEFORE 0u
#define SLOT_EMPTY 1u

static struct binary binary;
static struct install install;
static struct {
    uint32_t empty, complete, gone, final;
} seen;
/* Digests of the parts that were empty and have been installed into. */
static struct {
    uint8_t digest[LEFT_MAX][32];
    size_t count;
} left;

/* The last area ends where the user flash does: its page is erased last, so
 * that an erase which ends early is seen wherever it ends. */
static void
make_install(void)
{
    const struct chip_range *user = &binary.kit.chip.user;
    struct test_area *last = &install.image.area[1];

    install_make(&install, &binary);
    last->d.address = user->base + user->size - last->d.size;
    install_seal(&install);
}

static void
setup(void)
{
    fixture_setup();
    memset(&seen, 0, sizeof(seen));
    left.count = 0;
    binary_start(&binary);
    binary_make(&binary, 0);
    make_install();
    ck_assert(install_sync(&binary));
    binary_save(&binary, SLOT_EMPTY);
}

static void
teardown(void)
{
    install_free(&install);
    binary_stop(&binary);
    fixture_teardown();
}

static uint64_t
operations(void)
{
    struct binary_state state;

    binary_state(&binary, &state);
    return state.operations;
}

/* Many cuts leave the same flash, and what comes of it is the same. */
static bool
is_new(void)
{
    uint8_t *digest = left.digest[left.count];

    HOLDS(left.count < LEFT_MAX - 1);
    binary_digest(&binary, digest);
    for (size_t i = 0; i < left.count; i++) {
        if (memcmp(left.digest[i], digest, sizeof(left.digest[i])) == 0)
            return false;
    }
    left.count++;
    return true;
}

/* It says "empty": erased, clean, and it installs. */
static void
judge_empty(const char *where, const struct security_info *info)
{
    seen.empty++;
    ck_assert_msg((info->flags & SFI_CMD_INFO_UNCLEAN) == 0, "%s: unclean",
                  where);
    install_assert_erased(&install, &binary, where);
    if (!is_new())
        return;
    install_run(&install, &binary);
    install_assert_gone(&install, &binary, where);
}

/* RM0394, 3.4.1: option words that power left half written protect all flash
 * from reading, for ever: the one end that is named as final. */
static bool
options_are_torn(void)
{
    uint32_t programmed[CHIP_OB_ROWS_MAX], in_force[CHIP_OB_ROWS_MAX];

    binary_options(&binary, programmed, in_force);
    return (in_force[1] & 0xffff) == 0 && (in_force[2] & 0xffff) == 0xffff;
}

static void
judge(const char *where)
{
    struct security_info info;

    if (options_are_torn()) {
        seen.final++;
        return;
    }
    if (binary_has_left(&binary)) {
        seen.gone++;
        install_assert_gone(&install, &binary, where);
        return;
    }
    ck_assert_msg(install_sync(&binary), "%s: it is silent: %s", where,
                  install_where(&binary));
    install_info(&binary, &info);
    install_assert_forgotten(&install, &binary, where);
    if (info.state == SFI_DEVICE_EMPTY) {
        judge_empty(where, &info);
        return;
    }
    seen.complete++;
    ck_assert_msg(info.state == SFI_DEVICE_INSTALLED, "%s: state %u", where,
                  info.state);
    install_assert_complete(&install, &binary, where);
    install_leave(&binary);
    install_assert_gone(&install, &binary, where);
}

/* Cut in the operation after `n` of packet `i`; the part is as before it. */
static void
cut(size_t i, uint64_t n, uint8_t how)
{
    static const char *const hows[] = {"within", "before", "after", "reset in"};
    char where[80];

    (void)snprintf(where, sizeof(where), "packet %zu, cut %s operation %u", i,
                   hows[how], (unsigned)n);
    binary_restore(&binary, SLOT_BEFORE);
    binary_cut(&binary, n, how);
    install_send(&install, &binary, i);
    if (how != WIRE_CUT_NRST) {
        ck_assert_msg(binary.end == WIRE_END_OFF, "%s: none came", where);
        binary_power_on(&binary);
    }
    binary_cut(&binary, WIRE_NO_CUT, 0);
    judge(where);
}

/* All operations of an install, to spread the cuts over them. */
static uint64_t
count(void)
{
    uint64_t first = operations(), total;

    install_run(&install, &binary);
    install_assert_gone(&install, &binary, "an install without a cut");
    total = operations() - first;
    binary_restore(&binary, SLOT_EMPTY);
    return total;
}

/* The k-th cut of the sweep: which operation, and how; false: there are no
 * more. */
static bool
choose(uint64_t k, uint64_t total, uint64_t *at, uint8_t *how)
{
    const char *wanted = getenv("SFI_TEST_CUTS");
    uint64_t cuts = wanted != NULL ? strtoull(wanted, NULL, 10) : CUTS;

    if (getenv("SFI_TEST_LONG") != NULL) {
        *at = k / 4;
        *how = (uint8_t)(k % 4);
        return k / 4 < total;
    }
    *at = k * total / cuts;
    *how = (uint8_t)(k % 4);
    return k < cuts;
}

START_TEST(test_every_operation)
{
    uint64_t total = count(), before = 0, at = 0, k = 0;
    uint8_t how = 0;

    for (size_t i = 0; i < install.count; i++) {
        uint64_t first = operations(), here;

        binary_save(&binary, SLOT_BEFORE);
        install_send(&install, &binary, i);
        here = operations() - first;
        for (; choose(k, total, &at, &how) && at < before + here; k++)
            cut(i, at - before, how);
        before += here;
        binary_restore(&binary, SLOT_BEFORE);
        install_send(&install, &binary, i);
    }
    ck_assert_uint_eq(before, total);
    /* the one operation that writes them, within or reset */
    ck_assert_uint_le(seen.final, 2);
    install_assert_gone(&install, &binary, "behind the sweep");
    ck_assert_uint_gt(seen.empty, 0);
    if (getenv("SFI_TEST_CUTS") == NULL)
        ck_assert_uint_gt(seen.complete, 0);
    ck_assert_uint_gt(seen.gone, 0);
}
END_TEST

/* The power fails once more while the part cleans up at its next power-up. */
START_TEST(test_while_cleaning_up)
{
    uint64_t step = getenv("SFI_TEST_LONG") != NULL ? 1 : 23, n = 0;

    for (size_t i = 0; i <= install.half; i++)
        install_send(&install, &binary, i);
    binary_power_off(&binary);
    binary_save(&binary, SLOT_BEFORE);
    for (;; n += step) {
        binary_restore(&binary, SLOT_BEFORE);
        binary_switch_on(&binary);
        binary_cut(&binary, n, (uint8_t)(n / step % 3));
        binary_run(&binary, BINARY_LIMIT_NS, true);
        if (binary.end != WIRE_END_OFF)
            break;
        binary_cut(&binary, WIRE_NO_CUT, 0);
        binary_power_on(&binary);
        judge("while cleaning up");
    }
    ck_assert_uint_gt(n, 100);
    ck_assert_uint_eq(seen.complete + seen.gone, 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("cuts");
    TCase *t = tcase_create("cuts");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, getenv("SFI_TEST_LONG") != NULL ? 7200 : 1200);
    tcase_add_test(t, test_every_operation);
    tcase_add_test(t, test_while_cleaning_up);
    suite_add_tcase(s, t);
    return run_suite(s);
}
