/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A made root of a system, in which files and links stand under names like
 * "sys/class/tty/ttyUSB0/device". */
#ifndef SFI_TESTS_TREE_H
#define SFI_TESTS_TREE_H

extern char tree_root[256];

void tree_setup(void);
void tree_teardown(void);
/* The folders above are made too. */
void tree_file(const char *name, const char *text);
void tree_link(const char *name, const char *to);

#endif
