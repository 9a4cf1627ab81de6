/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A part at four points of an install, and the states it may be found in. */
#include "hostile.h"

#include <string.h>

#include <fixture.h>

#include "wire/secure_boot.h"

struct binary binary;
struct install install;

void
hostile_setup(void)
{
    fixture_setup();
    binary_start(&binary);
    binary_make(&binary, 0);
    install_make(&install, &binary);
    ck_assert(install_sync(&binary));
    binary_save(&binary, HOSTILE_EMPTY);
    for (size_t i = 0; i < install.finish; i++) {
        if (i == install.half)
            binary_save(&binary, HOSTILE_HALF);
        install_send(&install, &binary, i);
    }
    binary_save(&binary, HOSTILE_COMPLETE);
    for (size_t i = install.finish; i < install.leave; i++)
        install_send(&install, &binary, i);
    install_assert_complete(&install, &binary, "setup");
    binary_save(&binary, HOSTILE_INSTALLED);
    install_leave(&binary);
    install_assert_gone(&install, &binary, "setup");
    binary_save(&binary, HOSTILE_GONE);
}

void
hostile_teardown(void)
{
    install_free(&install);
    binary_stop(&binary);
    fixture_teardown();
}

void
hostile_off(enum hostile_slot slot)
{
    binary_restore(&binary, slot);
    binary_power_off(&binary);
}

void
hostile_set_option(uint32_t row, uint32_t mask, uint32_t value)
{
    uint32_t words[CHIP_OB_ROWS_MAX], in_force[CHIP_OB_ROWS_MAX];

    binary_options(&binary, words, in_force);
    words[row] = (words[row] & ~mask) | value;
    binary_set_options(&binary, words);
}

static void
hostile_get_info(const char *where, struct security_info *info)
{
    ck_assert_msg(install_sync(&binary), "%s: it is silent: %s", where,
                  install_where(&binary));
    install_info(&binary, info);
    ck_assert_msg(info->state == SFI_DEVICE_EMPTY, "%s: state %u", where,
                  info->state);
    install_assert_forgotten(&install, &binary, where);
}

void
hostile_assert_empty(const char *where)
{
    struct security_info info;

    hostile_get_info(where, &info);
    ck_assert_msg((info.flags & SFI_CMD_INFO_UNCLEAN) == 0, "%s: unclean",
                  where);
    install_assert_erased(&install, &binary, where);
}

void
hostile_assert_unclean(const char *where, int cause)
{
    struct security_info info;

    hostile_get_info(where, &info);
    ck_assert_msg((info.flags & SFI_CMD_INFO_UNCLEAN) != 0, "%s: clean", where);
    ck_assert_msg(info.cause == cause, "%s: cause 0x%02x, expected 0x%02x",
                  where, info.cause, (unsigned)cause);
}

void
hostile_assert_installs(const char *where)
{
    install_run(&install, &binary);
    install_assert_gone(&install, &binary, where);
}

void
hostile_assert_leaves(const char *where)
{
    struct security_info info;

    if (!binary_has_left(&binary)) {
        ck_assert_msg(install_sync(&binary), "%s: it is silent: %s", where,
                      install_where(&binary));
        install_info(&binary, &info);
        ck_assert_msg(info.state == SFI_DEVICE_INSTALLED, "%s: state %u", where,
                      info.state);
        install_leave(&binary);
    }
    install_assert_gone(&install, &binary, where);
}

void
hostile_assert_parked(const char *where, uint32_t reason)
{
    uint8_t raw[8];

    ck_assert_msg(!install_sync(&binary), "%s: it answers", where);
    binary_peek(&binary, SECURE_BOOT_L462_PARK_AT, raw, sizeof(raw));
    ck_assert_msg(memcmp(raw, "park", 4) == 0, "%s: not parked: %s", where,
                  install_where(&binary));
    ck_assert_msg(raw[4] == (uint8_t)reason,
                  "%s: parked for %u, expected %u: %s", where, raw[4],
                  (unsigned)reason, install_where(&binary));
    install_assert_forgotten(&install, &binary, where);
}
