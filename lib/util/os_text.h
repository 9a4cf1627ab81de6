/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What an errno means, in English, whatever the process's locale is. */
#ifndef SFI_UTIL_OS_TEXT_H
#define SFI_UTIL_OS_TEXT_H

/* NULL: not one of POSIX's. */
const char *sfi__os_text(int code);

#endif
