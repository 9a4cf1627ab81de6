/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reads what Linux says about its devices in /sys (Documentation/ABI/testing/
 * sysfs-*), without opening a device.  Without /sys there are no devices. */
#ifndef SFI_TRANSPORT_BASE_SYSFS_H
#define SFI_TRANSPORT_BASE_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

/* NAME_MAX of Linux and a NUL; and room for a path with such a name. */
#define SYSFS_NAME_MAX 256
#define SYSFS_PATH_MAX 1024

/* Replace `name` by the next name in a folder ("": the first), numbers in order
 * of their value: ttyUSB2 before ttyUSB10.  False: `name` was the last. */
bool sfi__sysfs_next(const char *folder, char name[SYSFS_NAME_MAX]);
/* The first line of a file, control characters replaced; false: no file, or an
 * empty line. */
bool sfi__sysfs_read(const char *path, char *out, size_t cap);
/* The last part of a symbolic link's target. */
bool sfi__sysfs_link(const char *path, char name[SYSFS_NAME_MAX]);
/* Does a program hold an flock(2) lock on this file?  `locks` is a file in the
 * format of /proc/locks (proc(5)). */
bool sfi__sysfs_is_locked(const char *locks, const char *path);

#endif
