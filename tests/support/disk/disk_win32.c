/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* No faults: the disk as it is, which a test that wants a fast one takes too.
 */
#include <disk/disk.h>

#include <check.h>

void
disk_install(enum disk_mode mode, size_t at)
{
    ck_assert_int_eq(mode, DISK_FAST);
    ck_assert_uint_eq(at, 0);
}
