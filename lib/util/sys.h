/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The system's calls for files, folders and locks: sys_posix.c or sys_win32.c,
 * and nothing above them knows which.  Paths are UTF-8 on Windows, and whatever
 * the system takes elsewhere.  Functions that return int return 0 or an errno,
 * and go on after a signal. */
#ifndef SFI_UTIL_SYS_H
#define SFI_UTIL_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sys_open {
    SYS_READ = 0,
    SYS_WRITE = 1,
    SYS_READ_WRITE = 2,
    SYS_CREATE = 1 << 2,  /* when there is none */
    SYS_NEW = 1 << 3,     /* create; EEXIST when there is one */
    SYS_APPEND = 1 << 4,  /* every write goes to the end */
    SYS_NO_LINK = 1 << 5, /* ELOOP when it is a symbolic link */
    SYS_NO_WAIT = 1 << 6, /* nor when reading a device or a pipe */
    SYS_TERMINAL = 1 << 7 /* it may be one, which must not control us */
};

struct sys_stat {
    uint64_t device, inode; /* together: which file it is */
    uint64_t size;
    uint64_t links;
    unsigned mode; /* of permissions: 0777; on Windows always 0700 */
    bool is_file;  /* a regular one */
    bool is_folder;
    bool is_link;
};

int sfi__sys_stat(const char *path, struct sys_stat *out);
/* The same of a symbolic link itself. */
int sfi__sys_lstat(const char *path, struct sys_stat *out);
int sfi__sys_fstat(int fd, struct sys_stat *out);

/* Not inherited by programs that are started.  On Windows, `mode` without
 * rights for others is an access list with the owner alone. */
int sfi__sys_open(const char *path, unsigned flags, unsigned mode, int *fd);
int sfi__sys_close(int fd);
/* `mode` without what the file at `path`, if there is one, refuses to others:
 * one that is replaced may only become less readable. */
unsigned sfi__sys_narrow_mode(const char *path, unsigned mode);
/* Can every user read this regular file?  `cure` receives how that is seen, and
 * ended. */
#define SYS_CURE_MAX 96
bool sfi__sys_others_read(const char *path, char cure[SYS_CURE_MAX]);
/* `got` is 0 only at the end. */
int sfi__sys_read(int fd, void *out, size_t cap, size_t *got);
/* All of it; EIO when the file is shorter.  Moves the position on Windows. */
int sfi__sys_read_at(int fd, void *out, size_t len, uint64_t at);
/* All of it. */
int sfi__sys_write(int fd, const void *data, size_t len);
/* Cut the file off, and write on from there. */
int sfi__sys_cut(int fd, uint64_t size);
/* To the disk. */
int sfi__sys_sync(int fd);
/* Names in a folder.  Windows writes a name through when it is given. */
int sfi__sys_sync_folder(const char *folder);
/* Many files at once: the file system at the end, in one pass over the disk, or
 * on Windows, which cannot do that, each of them before it is closed. */
int sfi__sys_sync_early(int fd);
int sfi__sys_sync_system(const char *folder);

/* A lock of the open file, which ends with it, and with the process.  Others
 * may read and write the file: they are expected to ask for the lock too. */
enum sys_lock {
    SYS_LOCK,        /* EAGAIN: somebody else has it */
    SYS_LOCK_WAIT,   /* wait for it */
    SYS_LOCK_SHARED, /* wait for it, and have it with other readers */
};

int sfi__sys_lock(int fd, enum sys_lock how);
void sfi__sys_unlock(int fd);
/* The same for a folder, until `fd` is closed. */
int sfi__sys_lock_folder(const char *folder, enum sys_lock how, int *fd);

/* Replaces `to`, also when it is open.  Windows may refuse that while somebody
 * has it open: it is tried for half a second, then it is EACCES. */
int sfi__sys_rename(const char *from, const char *to);
/* EEXIST when `to` exists; a file system that cannot do that at once may give a
 * file both names for a moment. */
int sfi__sys_rename_new(const char *from, const char *to);
int sfi__sys_remove(const char *path);
int sfi__sys_make_folder(const char *path, unsigned mode);
int sfi__sys_remove_folder(const char *path);

/* Does it not depend on the process's folder? */
bool sfi__sys_is_absolute(const char *path);
/* Absolute, without links; free() it.  NULL: errno says why. */
char *sfi__sys_real_path(const char *path);

/* The names in a folder, also "." and "..". */
struct sys_folder;

int sfi__sys_folder_open(const char *path, struct sys_folder **out);
/* NULL: there are no more.  Valid until the next call. */
const char *sfi__sys_folder_next(struct sys_folder *f);
void sfi__sys_folder_close(struct sys_folder *f);

/* A part of a file as memory that writes to it; `at` is a multiple of 4096. */
int sfi__sys_map(int fd, uint64_t at, size_t size, void **out);
void sfi__sys_unmap(void *mem, size_t size);

/* For util/clock.h: a clock that only goes on; seconds since 1970. */
uint64_t sfi__sys_now_ms(void);
uint64_t sfi__sys_wall(void);
void sfi__sys_sleep_us(uint64_t us);
int sfi__sys_random(void *out, size_t len);
/* False: it has none. */
bool sfi__sys_host_name(char *out, size_t cap);
/* The one mutex that libsfi has. */
void sfi__sys_mutex_lock(void);
void sfi__sys_mutex_unlock(void);

#endif
