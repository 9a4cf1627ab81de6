/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Many processes that begin at the same moment. */
#ifndef SFI_TESTS_TOGETHER_H
#define SFI_TESTS_TOGETHER_H

#include <stddef.h>

/* For a child: turns off check's notes.  They go to an unlinked file that a
 * test's processes share, and a process killed in the middle of a note leaves
 * half of it. */
void leave_check(void);

/* Run `work` in so many processes at once; the sum of what they return.  A
 * negative value is a status, and fails the test. */
int together(size_t processes, int (*work)(size_t which));

#endif
