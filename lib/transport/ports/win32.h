/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Names of Windows' serial ports. */
#ifndef SFI_TRANSPORT_PORTS_WIN32_H
#define SFI_TRANSPORT_PORTS_WIN32_H

#include <stdbool.h>
#include <wchar.h>

/* Characters of a port's path, with the prefix and the NUL: as a link's name
 * has, and "\\.\". */
#define WIN32_PORT_MAX 264u

/* "COM3" is "\\.\COM3", which COM10 and above need; a name with this prefix is
 * left as it is.  False: it is not UTF-8, or too long. */
bool sfi__win32_port_path(const char *name, wchar_t out[WIN32_PORT_MAX]);
/* The errno for an error of a device; EIO for one without a like. */
int sfi__win32_port_errno(unsigned long error);

#endif
