/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Files, folders and locks of POSIX, with flock(2). */
#define _GNU_SOURCE /* flock(), syncfs() */
#include "util/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "util/text.h"

/* linux/fs.h; not every libc has renameat2(). */
#define RENAME_NEW 1u
#ifdef SYS_renameat2
static long
sys_rename_to_new(const char *from, const char *to)
{
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NEW);
}
#else
static long
sys_rename_to_new(const char *from, const char *to)
{
    (void)from;
    (void)to;
    errno = ENOSYS;
    return -1;
}
#endif

/* ---- what a name is ---- */

static int
sys_take_stat(int rc, const struct stat *st, struct sys_stat *out)
{
    *out = (struct sys_stat){.size = 0};
    if (rc != 0)
        return errno;
    *out = (struct sys_stat){
        .device = st->st_dev,
        .inode = st->st_ino,
        .size = (uint64_t)st->st_size,
        .links = st->st_nlink,
        .mode = (unsigned)st->st_mode & 0777,
        .is_file = S_ISREG(st->st_mode),
        .is_folder = S_ISDIR(st->st_mode),
        .is_link = S_ISLNK(st->st_mode),
    };
    return 0;
}

int
sfi__sys_stat(const char *path, struct sys_stat *out)
{
    struct stat st;

    return sys_take_stat(stat(path, &st), &st, out);
}

int
sfi__sys_lstat(const char *path, struct sys_stat *out)
{
    struct stat st;

    return sys_take_stat(lstat(path, &st), &st, out);
}

int
sfi__sys_fstat(int fd, struct sys_stat *out)
{
    struct stat st;

    return sys_take_stat(fstat(fd, &st), &st, out);
}

/* ---- files ---- */

int
sfi__sys_open(const char *path, unsigned flags, unsigned mode, int *fd)
{
    static const struct {
        unsigned flag;
        int means;
    } table[] = {
        {SYS_WRITE, O_WRONLY},     {SYS_READ_WRITE, O_RDWR},
        {SYS_CREATE, O_CREAT},     {SYS_NEW, O_CREAT | O_EXCL},
        {SYS_APPEND, O_APPEND},    {SYS_NO_LINK, O_NOFOLLOW},
        {SYS_NO_WAIT, O_NONBLOCK}, {SYS_TERMINAL, O_NOCTTY},
    };
    int meant = O_RDONLY;

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        if ((flags & table[i].flag) != 0)
            meant |= table[i].means;
    }
    *fd = open(path, meant | O_CLOEXEC, (mode_t)mode);
    return *fd < 0 ? errno : 0;
}

unsigned
sfi__sys_narrow_mode(const char *path, unsigned mode)
{
    struct sys_stat st;

    if (sfi__sys_stat(path, &st) == 0 && st.is_file)
        mode &= st.mode;
    return mode;
}

bool
sfi__sys_others_read(const char *path, char cure[SYS_CURE_MAX])
{
    struct sys_stat st;

    if (sfi__sys_stat(path, &st) != 0 || !st.is_file || (st.mode & 0004) == 0)
        return false;
    sfi__text_format(cure, SYS_CURE_MAX, "(mode %04o): chmod 600", st.mode);
    return true;
}

int
sfi__sys_close(int fd)
{
    return close(fd) == 0 ? 0 : errno;
}

int
sfi__sys_read(int fd, void *out, size_t cap, size_t *got)
{
    ssize_t n;

    do {
        n = read(fd, out, cap);
    } while (n < 0 && errno == EINTR);
    *got = n > 0 ? (size_t)n : 0;
    return n < 0 ? errno : 0;
}

int
sfi__sys_read_at(int fd, void *out, size_t len, uint64_t at)
{
    char *to = out;

    while (len > 0) {
        ssize_t got = pread(fd, to, len, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? errno : EIO; /* it has become shorter */
        to += got;
        len -= (size_t)got;
        at += (size_t)got;
    }
    return 0;
}

int
sfi__sys_write(int fd, const void *data, size_t len)
{
    const char *from = data;

    while (len > 0) {
        ssize_t put = write(fd, from, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        from += put;
        len -= (size_t)put;
    }
    return 0;
}

int
sfi__sys_cut(int fd, uint64_t size)
{
    if (ftruncate(fd, (off_t)size) != 0 || lseek(fd, (off_t)size, SEEK_SET) < 0)
        return errno;
    return 0;
}

int
sfi__sys_sync(int fd)
{
    return fsync(fd) == 0 ? 0 : errno;
}

#ifndef __linux__
/* Elsewhere no call syncs one file system. */
static int
syncfs(int fd)
{
    (void)fd;
    sync();
    return 0;
}
#endif

static int
sys_sync_folder_by(const char *folder, int (*sync_fd)(int fd))
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = 0;

    if (fd < 0)
        return errno;
    if (sync_fd(fd) != 0 && errno != EINVAL)
        err = errno;
    (void)close(fd);
    return err;
}

int
sfi__sys_sync_folder(const char *folder)
{
    return sys_sync_folder_by(folder, fsync);
}

int
sfi__sys_sync_early(int fd)
{
    (void)fd;
    return 0;
}

/* Linux reports failed writes since 5.8. */
int
sfi__sys_sync_system(const char *folder)
{
    return sys_sync_folder_by(folder, syncfs);
}

/* ---- locks ---- */

int
sfi__sys_lock(int fd, enum sys_lock how)
{
    int what = how == SYS_LOCK          ? LOCK_EX | LOCK_NB
               : how == SYS_LOCK_SHARED ? LOCK_SH
                                        : LOCK_EX;

    while (flock(fd, what) != 0) {
        if (errno == EWOULDBLOCK)
            return EAGAIN;
        if (errno != EINTR)
            return errno;
    }
    return 0;
}

void
sfi__sys_unlock(int fd)
{
    (void)flock(fd, LOCK_UN);
}

int
sfi__sys_lock_folder(const char *folder, enum sys_lock how, int *fd)
{
    int err;

    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    err = *fd < 0 ? errno : sfi__sys_lock(*fd, how);
    if (err != 0 && *fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
    return err;
}

/* ---- names ---- */

int
sfi__sys_rename(const char *from, const char *to)
{
    return rename(from, to) == 0 ? 0 : errno;
}

int
sfi__sys_rename_new(const char *from, const char *to)
{
    if (sys_rename_to_new(from, to) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    /* a file system that cannot: for a moment both names exist */
    if (link(from, to) != 0)
        return errno;
    (void)unlink(from);
    return 0;
}

int
sfi__sys_remove(const char *path)
{
    return unlink(path) == 0 ? 0 : errno;
}

int
sfi__sys_make_folder(const char *path, unsigned mode)
{
    return mkdir(path, (mode_t)mode) == 0 ? 0 : errno;
}

int
sfi__sys_remove_folder(const char *path)
{
    return rmdir(path) == 0 ? 0 : errno;
}

bool
sfi__sys_is_absolute(const char *path)
{
    return path[0] == '/';
}

char *
sfi__sys_real_path(const char *path)
{
    return realpath(path, NULL);
}

/* ---- folders ---- */

int
sfi__sys_folder_open(const char *path, struct sys_folder **out)
{
    *out = (struct sys_folder *)opendir(path);
    return *out != NULL ? 0 : errno;
}

const char *
sfi__sys_folder_next(struct sys_folder *f)
{
    const struct dirent *e = readdir((DIR *)f);

    return e != NULL ? e->d_name : NULL;
}

void
sfi__sys_folder_close(struct sys_folder *f)
{
    (void)closedir((DIR *)f);
}

/* ---- the rest ---- */

int
sfi__sys_map(int fd, uint64_t at, size_t size, void **out)
{
    void *mem =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)at);

    *out = mem != MAP_FAILED ? mem : NULL;
    return mem != MAP_FAILED ? 0 : errno;
}

void
sfi__sys_unmap(void *mem, size_t size)
{
    (void)munmap(mem, size);
}

uint64_t
sfi__sys_now_ms(void)
{
    struct timespec ts = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t
sfi__sys_wall(void)
{
    time_t now = time(NULL);

    return now < 0 ? 0 : (uint64_t)now;
}

void
sfi__sys_sleep_us(uint64_t us)
{
    struct timespec ts = {.tv_sec = (time_t)(us / 1000000),
                          .tv_nsec = (long)(us % 1000000) * 1000};

    while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
        ;
}

int
sfi__sys_random(void *out, size_t len)
{
    return getentropy(out, len) == 0 ? 0 : errno;
}

bool
sfi__sys_host_name(char *out, size_t cap)
{
    out[cap - 1] = '\0';
    return gethostname(out, cap - 1) == 0;
}

static pthread_mutex_t sys_mutex = PTHREAD_MUTEX_INITIALIZER;

void
sfi__sys_mutex_lock(void)
{
    (void)pthread_mutex_lock(&sys_mutex);
}

void
sfi__sys_mutex_unlock(void)
{
    (void)pthread_mutex_unlock(&sys_mutex);
}
