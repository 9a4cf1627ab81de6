/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What systems do in their own ways: system_posix.c or system_win32.c.  What
 * Windows cannot do fails the test there, and the case stands in
 * tests/ports/gaps.txt. */
#ifndef SFI_TESTS_SYSTEM_H
#define SFI_TESTS_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A device that takes all and has nothing. */
extern const char null_device[];
/* A device that takes nothing. */
const char *full_device(void);

void make_fifo(const char *path);
/* A pipe with these bytes, to be read by its name: the descriptor. */
int make_pipe(const void *data, size_t len, char *name, size_t cap);
/* Symbolic: `path` leads to `to`. */
void make_link(const char *to, const char *path);
/* `path` has `other` as its name, too. */
void make_second_name(const char *path, const char *other);
/* When the content changed, and the name; in parts of a second. */
void times_of_file(const char *path, uint64_t times[2]);
/* Of permissions. */
void set_mode(const char *path, unsigned mode);
/* The one before. */
unsigned set_umask(unsigned mask);
/* The superuser may write everywhere: be another user for a moment. */
void without_rights(bool on);

/* No file becomes longer than this, as if the disk were full. */
void limit_files(uint64_t size);
void unlimit_files(void);

/* A lock of the kind that SQLite takes, until the descriptor is closed with
 * sfi__sys_close(); and whether others find one. */
int lock_file(const char *path);
bool is_locked(const char *path);

/* A process that begins with `work` and ends with what it returns, 0 to 255. */
int start_child(int (*work)(void *user), void *user);
int child_result(int child);
void kill_child(int child);
/* A process that is killed: child_result() is KILLED. */
#define KILLED 137
void kill_self(void);

/* NULL: it is not set. */
void set_environment(const char *name, const char *value);

#endif
