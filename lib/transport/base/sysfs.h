/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What Linux tells of the devices that it has (Documentation/ABI/testing/
 * sysfs-*), without touching them.  Where there is no /sys, nothing is there.
 */
#ifndef SFI_TRANSPORT_BASE_SYSFS_H
#define SFI_TRANSPORT_BASE_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

/* A file's name (NAME_MAX of Linux), and a path of ours with one in it. */
#define SYSFS_NAME_MAX 256
#define SYSFS_PATH_MAX 1024

/* The name that follows `name` ("": the first) in a folder, in the order in
 * which people count: ttyUSB2 before ttyUSB10.  False: that was the last. */
bool sfi__sysfs_next(const char *folder, char name[SYSFS_NAME_MAX]);
/* The first line of a file, made visible; false: there is none. */
bool sfi__sysfs_read(const char *path, char *out, size_t cap);
/* The last part of where a symbolic link leads. */
bool sfi__sysfs_link(const char *path, char name[SYSFS_NAME_MAX]);
/* Has a program locked this file, as flock(2) does?  `locks` is a file as
 * /proc/locks (proc(5)). */
bool sfi__sysfs_is_locked(const char *locks, const char *path);

#endif
