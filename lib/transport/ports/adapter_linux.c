/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Serial adapters under Linux. */
#define _DEFAULT_SOURCE
#include "transport/ports/adapter.h"

#include <linux/serial.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include "util/text.h"
#include "transport/base/sysfs.h"

/* ch341 (CH340, CH341) has parity since this kernel. */
#define PARITY_MAJOR 4u
#define PARITY_MINOR 10u

/* Only drivers with the old interface have it, ftdi_sio among them; it needs no
 * rights but those for the port. */
static bool
adapter_set_low_latency(int fd, bool on)
{
    struct serial_struct s;
    unsigned flags;

    if (ioctl(fd, TIOCGSERIAL, &s) != 0)
        return false;
    flags = (unsigned)s.flags & ~ASYNC_LOW_LATENCY;
    if (on)
        flags |= ASYNC_LOW_LATENCY;
    if (s.flags == (int)flags)
        return false;
    s.flags = (int)flags;
    return ioctl(fd, TIOCSSERIAL, &s) == 0;
}

void
sfi__adapter_hurry(int fd, bool *hurried)
{
    *hurried = adapter_set_low_latency(fd, true);
}

void
sfi__adapter_relax(int fd)
{
    (void)adapter_set_low_latency(fd, false);
}

/* The number at `text`, of at most four digits; 0: there is none. */
static unsigned
adapter_read_number(const char *text)
{
    unsigned n = 0;

    for (size_t i = 0; i < 4 && text[i] >= '0' && text[i] <= '9'; i++)
        n = 10 * n + (unsigned)(text[i] - '0');
    return n;
}

/* "4.9.0-19-amd64" is older than 4.10. */
static bool
adapter_is_old_kernel(const char *release)
{
    const char *dot = strchr(release, '.');
    unsigned first = adapter_read_number(release);
    unsigned second = dot != NULL ? adapter_read_number(dot + 1) : 0;

    return first < PARITY_MAJOR ||
           (first == PARITY_MAJOR && second < PARITY_MINOR);
}

bool
sfi__adapter_lacks_parity(const char *root, unsigned major_number,
                          unsigned minor_number, const char *release)
{
    char path[SYSFS_PATH_MAX];
    char driver[SYSFS_NAME_MAX];

    sfi__text_format(path, sizeof(path), "%s/sys/dev/char/%u:%u/device/driver",
                     root, major_number, minor_number);
    return adapter_is_old_kernel(release) && sfi__sysfs_link(path, driver) &&
           strcmp(driver, "ch341-uart") == 0;
}

bool
sfi__adapter_lacks_parity_here(int fd)
{
    struct utsname system;
    struct stat st;

    return fstat(fd, &st) == 0 && uname(&system) >= 0 &&
           sfi__adapter_lacks_parity("", major(st.st_rdev), minor(st.st_rdev),
                                     system.release);
}
