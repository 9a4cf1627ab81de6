/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the programs use of POSIX and Windows has under other names, or not at
 * all.  The build includes it first in each of their files. */
#ifndef WIN32_POSIX_H
#define WIN32_POSIX_H

/* C's printf() and scanf(), not those of Windows' library. */
#define __USE_MINGW_ANSI_STDIO 1

#include <fcntl.h>
#include <io.h>
#include <signal.h>
#include <stdio.h>
#include <sys/types.h>

/* ---- descriptors: no process inherits one, and no byte is changed ---- */

#define O_CLOEXEC (_O_NOINHERIT | _O_BINARY)
#define O_NOCTTY 0
#define O_NONBLOCK 0
#define O_NOFOLLOW 0
#define S_IROTH 0 /* who can read a file is not in its mode */

#define FD_CLOEXEC 1
#define F_GETFD 1
#define F_GETFL 2
#define F_SETFD 3
#define F_DUPFD_CLOEXEC 4

/* F_GETFD and F_GETFL tell only whether the descriptor is open. */
int posix_fcntl(int fd, int what, ...);
#define fcntl posix_fcntl
ssize_t posix_pread(int fd, void *buf, size_t len, off_t at);
#define pread posix_pread
ssize_t posix_pwrite(int fd, const void *data, size_t len, off_t at);
#define pwrite posix_pwrite
#define fsync _commit
/* For the whole file, until it is closed. */
int posix_flock(int fd, int how);
#define flock posix_flock
#define LOCK_EX 2

/* There are no symbolic links to follow. */
ssize_t posix_readlink(const char *path, char *target, size_t size);
#define readlink posix_readlink

/* ---- streams ---- */

#define flockfile _lock_file
#define funlockfile _unlock_file

/* In a file that Windows keeps in memory if it can.  The text is there after
 * fflush() and fclose(). */
FILE *posix_open_memstream(char **text, size_t *len);
int posix_fflush(FILE *f);
int posix_fclose(FILE *f);
#define open_memstream posix_open_memstream
#define fflush posix_fflush
#define fclose posix_fclose

/* ---- signals: Windows has these two and Ctrl-C ---- */

#define SIGHUP SIGBREAK /* the window is closed */
#define SIGPIPE 13      /* a pipe without a reader is an error of the write */

#endif
