/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Descriptors of files by path.  A process that closes any descriptor of a file
 * loses its POSIX locks on it (fcntl(), "advisory record locking"), so a file
 * with such locks must not be opened a second time, under whatever name. */
#ifndef SFI_UTIL_FD_H
#define SFI_UTIL_FD_H

#include <stdbool.h>
#include <stddef.h>

/* Returned where an errno is expected: the path leads to a locked file. */
#define FD_LOCKED (-1)
/* Likewise: a parent process had the file locked when it forked, and what it
 * knew about its locks was copied into this process. */
#define FD_FORKED (-2)

/* sfi__sys_open() for a path of the user's: 0, an errno, or FD_LOCKED;
 * *fd is -1 on failure. */
int sfi__fd_open(const char *path, unsigned flags, unsigned mode, int *fd);
/* close() for every descriptor that sfi__fd_open() gave; 0 or an errno. */
int sfi__fd_close(int fd);

/* A file on which this process is about to take POSIX locks, and its
 * companions: files named path + suffix.  Every thread of the process sees
 * it. */
struct locked_file;

/* 0, an errno, or FD_FORKED; EBUSY: this process has one of the files open
 * through sfi__fd_open(), or it is a companion of a locked file. */
int sfi__locked_file_add(const char *path, const char *const *suffixes,
                         size_t count, struct locked_file **out);
/* After the last close() of the locks' owner; NULL is fine. */
void sfi__locked_file_remove(struct locked_file *f);
/* Is `path`, whatever its name, one of the locked files? */
bool sfi__locked_file_has(const char *path);
/* Remember which files have the names now ... */
void sfi__locked_file_settle(struct locked_file *f);
/* ... and tell whether the same ones still do: the file itself, and its first
 * companion.  True before that. */
bool sfi__locked_file_stays(const struct locked_file *f);

#endif
