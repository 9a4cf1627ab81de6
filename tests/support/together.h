/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Many processes that begin at the same moment. */
#ifndef SFI_TESTS_TOGETHER_H
#define SFI_TESTS_TOGETHER_H

#include <stddef.h>

/* In a child: assertions tell nothing any more.  check notes how far a test is
 * in an unlinked file that its children share, and one that is killed in the
 * middle of a note, at the end of a page, leaves half of it. */
void leave_check(void);

/* Run `work` in so many processes at once; the sum of what they return.  A
 * negative value is a status, and fails the test. */
int together(size_t processes, int (*work)(size_t which));

#endif
