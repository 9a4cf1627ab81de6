/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Stub of sysfs: for systems without /sys. */
#include "transport/base/sysfs.h"

bool
sfi__sysfs_next(const char *folder, char name[SYSFS_NAME_MAX])
{
    (void)folder;
    (void)name;
    return false;
}

bool
sfi__sysfs_read(const char *path, char *out, size_t cap)
{
    (void)path;
    (void)out;
    (void)cap;
    return false;
}

bool
sfi__sysfs_link(const char *path, char name[SYSFS_NAME_MAX])
{
    (void)path;
    (void)name;
    return false;
}

bool
sfi__sysfs_is_locked(const char *locks, const char *path)
{
    (void)locks;
    (void)path;
    return false;
}
