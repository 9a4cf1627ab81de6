/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* doc/porting-device.md, "From an empty folder": its commands, and a
 * conversation with what they make. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/firmware.h>

#include <fixture.h>

#include "binary_install.h"

static struct binary binary;

/* In a new folder; the tree is where the tests are. */
static void
build(char *folder, size_t cap)
{
    char command[600];

    test_mkdir(folder, cap);
    (void)snprintf(command, sizeof(command),
                   "cd '%s' && SFI='%s' && export SFI && "
                   "cp \"$SFI\"/examples/bootloader/first/* . && "
                   "sh build.sh > size.txt",
                   folder, getenv("SFI_TEST_SOURCE"));
    ck_assert_int_eq(system(command), 0);
}

static void
load(const char *folder)
{
    sfi_firmware *fw = NULL;
    const uint8_t *data;
    uint64_t address;
    char path[300];
    size_t len;

    (void)snprintf(path, sizeof(path), "%s/first.elf", folder);
    ck_assert_ok(sfi_firmware_load(ctx, path, &fw));
    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        ck_assert_ok(sfi_firmware_segment(fw, i, &address, &data, &len));
        binary_load(&binary, (uint32_t)address, data, len);
    }
    sfi_firmware_free(fw);
}

START_TEST(test_from_an_empty_folder)
{
    struct security_info info;
    char folder[200];

    build(folder, sizeof(folder));
    load(folder);
    test_rmdir(folder);
    binary_power_on(&binary);
    ck_assert(install_sync(&binary));
    install_info(&binary, &info);
    ck_assert_uint_eq(info.state, SFI_DEVICE_EMPTY);
    ck_assert_uint_eq(info.cause, SFI_CAUSE_STORAGE);
    ck_assert_uint_eq(info.flags, SFI_CMD_INFO_UNCLEAN | SFI_CMD_INFO_ONE_SHOT);
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_CERTIFICATE, NULL, 0, NULL, 0, NULL),
        SFI_CAUSE_STORAGE);
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_SESSION, NULL, 0, NULL, 0, NULL),
        SFI_CAUSE_RANDOM);
}
END_TEST

static void
setup(void)
{
    fixture_setup();
    binary_start(&binary);
}

static void
teardown(void)
{
    binary_stop(&binary);
    fixture_teardown();
}

int
main(void)
{
    Suite *s = suite_create("first");
    TCase *t = tcase_create("first");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_from_an_empty_folder);
    suite_add_tcase(s, t);
    return run_suite(s);
}
