/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What else on Windows needs a path or an error of its own. */
#ifndef SFI_UTIL_SYS_WIN32_H
#define SFI_UTIL_SYS_WIN32_H

#include <wchar.h>

/* Its limit is 32,767; no shorter path is refused that a person types. */
#define WIN_PATH_MAX 2048

/* From UTF-8: 0 or an errno. */
int sfi__win_path(const char *path, wchar_t out[WIN_PATH_MAX]);
/* The errno of an error of GetLastError(). */
int sfi__win_errno(unsigned long code);

#endif
