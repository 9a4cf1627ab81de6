/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Who may read a file. */
#include "util/sys.h"

#include "fixture.h"

unsigned
mode_of_file(const char *path)
{
    struct sys_stat info;

    ck_assert_int_eq(sfi__sys_stat(path, &info), 0);
    return info.mode;
}
