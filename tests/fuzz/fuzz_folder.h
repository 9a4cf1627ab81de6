/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A folder for targets that read files: it is made once, removed at the end,
 * and nothing in it is synced. */
#ifndef SFI_TESTS_FUZZ_FOLDER_H
#define SFI_TESTS_FUZZ_FOLDER_H

#include "fuzz.h"

#define FUZZ_PATH_MAX 512u

/* In TMPDIR, or in /tmp. */
const char *fuzz_folder(void);
/* The path of a file of the folder, valid until the next call. */
const char *fuzz_path(const char *name);
/* Write a file of the folder; its path. */
const char *fuzz_file(const char *name, const void *data, size_t len);

#endif
