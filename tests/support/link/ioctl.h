/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* For a test that replaces ioctl(): each libc has its own type of a request. */
#ifndef SFI_TESTS_IOCTL_H
#define SFI_TESTS_IOCTL_H

#include <sys/ioctl.h>

#ifdef __GLIBC__
typedef unsigned long ioctl_request;
#else
typedef int ioctl_request; /* POSIX's */
#endif

#endif
