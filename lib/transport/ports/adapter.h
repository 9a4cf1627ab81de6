/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a serial adapter's driver does to a bootloader's bytes. */
#ifndef SFI_TRANSPORT_PORTS_ADAPTER_H
#define SFI_TRANSPORT_PORTS_ADAPTER_H

#include <stdbool.h>
#include <stdint.h>

/* Deliver received bytes at once: an FTDI adapter holds them back for 16 ms
 * otherwise.  *hurried: the driver was not in this mode. */
void sfi__adapter_hurry(int fd, bool *hurried);
/* Leave the mode again. */
void sfi__adapter_relax(int fd);

/* Does the driver accept parity and not do it?  `root` is "" for this system,
 * the numbers are of a port, and `release` is of the kernel ("4.9.0-19-amd64").
 */
bool sfi__adapter_lacks_parity(const char *root, unsigned major_number,
                               unsigned minor_number, const char *release);
/* The same of this system. */
bool sfi__adapter_lacks_parity_here(int fd);

#endif
