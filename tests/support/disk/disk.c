/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An SQLite VFS over the default one.  It keeps what every write replaced until
 * the file is synced, and puts it back when power fails. */
#define _XOPEN_SOURCE 700
#include <disk/disk.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#define PATH_LEN 512
#define SECTOR 512

/* The newest first. */
struct undo {
    struct undo *older;
    char path[PATH_LEN];
    sqlite3_int64 old_size;
    sqlite3_int64 at;
    int written;
    int len; /* of what was there before */
    uint8_t *old;
};

struct file {
    sqlite3_file base;
    char path[PATH_LEN];
    sqlite3_file *real; /* follows in the same block */
};

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    sqlite3_io_methods methods;
    enum disk_mode mode;
    size_t at;
    size_t count;
    struct undo *undo;
} disk;

static sqlite3_file *
real(sqlite3_file *f)
{
    return ((struct file *)f)->real;
}

/* ---- dying ---- */

static void
put_back(const struct undo *u)
{
    int fd = open(u->path, O_WRONLY);

    if (fd < 0)
        return;
    if (pwrite(fd, u->old, (size_t)u->len, u->at) != u->len ||
        ftruncate(fd, u->old_size) != 0)
        _exit(1);
    (void)close(fd);
}

/* Every second sector; where nothing was before there are zeros. */
static void
tear(const struct undo *u)
{
    static const uint8_t zeros[SECTOR];
    int fd = open(u->path, O_WRONLY);

    if (fd < 0)
        return;
    for (int i = 0; i < u->written; i += 2 * SECTOR) {
        int all = u->written - i < SECTOR ? u->written - i : SECTOR;
        int had = u->len - i < all ? u->len - i : all;

        had = had < 0 ? 0 : had;
        if (pwrite(fd, zeros, (size_t)all, u->at + i) != all ||
            (had > 0 && pwrite(fd, u->old + i, (size_t)had, u->at + i) != had))
            _exit(1);
    }
    (void)close(fd);
}

static void
die(void)
{
    size_t i = 0;

    for (struct undo *u = disk.undo; u != NULL; u = u->older, i++) {
        if (disk.mode == DISK_POWER_CUT || (disk.mode == DISK_TORN && i % 2))
            put_back(u);
        else if (disk.mode == DISK_TORN_PAGES)
            tear(u);
    }
    _exit(DISK_DEAD);
}

static void
remember(struct file *f, sqlite3_int64 at, int len)
{
    struct undo *u = calloc(1, sizeof(*u));
    sqlite3_int64 have;

    if (u == NULL || f->real->pMethods->xFileSize(f->real, &u->old_size) != 0)
        _exit(1);
    (void)snprintf(u->path, sizeof(u->path), "%s", f->path);
    have = u->old_size > at ? u->old_size - at : 0;
    u->at = at;
    u->written = len;
    u->len = have < len ? (int)have : len;
    u->old = malloc((size_t)u->len + 1);
    if (u->old == NULL ||
        (u->len > 0 &&
         f->real->pMethods->xRead(f->real, u->old, u->len, at) != SQLITE_OK))
        _exit(1);
    u->older = disk.undo;
    disk.undo = u;
}

static void
forget(const char *path)
{
    struct undo **link = &disk.undo;

    while (*link != NULL) {
        struct undo *u = *link;

        if (strcmp(u->path, path) == 0) {
            *link = u->older;
            free(u->old);
            free(u);
        } else {
            link = &u->older;
        }
    }
}

/* The failure due at this operation; SQLITE_OK: none. */
static int
turn(void)
{
    disk.count++;
    if (disk.at == 0 || disk.count < disk.at)
        return SQLITE_OK;
    if (disk.mode == DISK_FULL)
        return SQLITE_FULL;
    if (disk.count > disk.at)
        return SQLITE_OK;
    if (disk.mode == DISK_ERROR) {
        errno = EIO; /* as of the call that failed */
        return SQLITE_IOERR;
    }
    return SQLITE_ABORT; /* die after the caller has written its half */
}

static bool
remembers(void)
{
    return disk.mode == DISK_POWER_CUT || disk.mode == DISK_TORN ||
           disk.mode == DISK_TORN_PAGES;
}

/* ---- the methods that change something ---- */

static int
disk_write(sqlite3_file *f, const void *data, int len, sqlite3_int64 at)
{
    int rc = turn();

    if (rc != SQLITE_OK && rc != SQLITE_ABORT)
        return rc == SQLITE_IOERR ? SQLITE_IOERR_WRITE : rc;
    if (remembers())
        remember((struct file *)f, at, len);
    if (rc == SQLITE_ABORT) {
        (void)real(f)->pMethods->xWrite(real(f), data, len / 2, at);
        die();
    }
    return real(f)->pMethods->xWrite(real(f), data, len, at);
}

static int
disk_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    sqlite3_int64 old = 0;
    int rc = turn();

    if (rc == SQLITE_ABORT)
        die();
    if (rc != SQLITE_OK)
        return rc == SQLITE_IOERR ? SQLITE_IOERR_TRUNCATE : rc;
    (void)real(f)->pMethods->xFileSize(real(f), &old);
    if (remembers() && old > size)
        remember((struct file *)f, size, (int)(old - size));
    return real(f)->pMethods->xTruncate(real(f), size);
}

static int
disk_sync(sqlite3_file *f, int flags)
{
    int rc = turn();

    (void)flags;
    if (rc == SQLITE_ABORT)
        die();
    if (rc != SQLITE_OK)
        return rc == SQLITE_IOERR ? SQLITE_IOERR_FSYNC : rc;
    forget(((struct file *)f)->path); /* it is on the disk */
    return SQLITE_OK;
}

static int
disk_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    int rc = turn();

    (void)vfs;
    (void)sync;
    if (rc == SQLITE_ABORT)
        die();
    if (rc != SQLITE_OK)
        return rc == SQLITE_IOERR ? SQLITE_IOERR_DELETE : rc;
    forget(path);
    return disk.real->xDelete(disk.real, path, 0);
}

/* ---- the others: handed on ---- */

static int
disk_close(sqlite3_file *f)
{
    return real(f)->pMethods->xClose(real(f));
}

static int
disk_read(sqlite3_file *f, void *data, int len, sqlite3_int64 at)
{
    return real(f)->pMethods->xRead(real(f), data, len, at);
}

static int
disk_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real(f)->pMethods->xFileSize(real(f), size);
}

static int
disk_lock(sqlite3_file *f, int level)
{
    return real(f)->pMethods->xLock(real(f), level);
}

static int
disk_unlock(sqlite3_file *f, int level)
{
    return real(f)->pMethods->xUnlock(real(f), level);
}

static int
disk_check_lock(sqlite3_file *f, int *out)
{
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int
disk_control(sqlite3_file *f, int op, void *arg)
{
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int
disk_sector(sqlite3_file *f)
{
    return real(f)->pMethods->xSectorSize(real(f));
}

/* No promise about writes that the power interrupts. */
static int
disk_traits(sqlite3_file *f)
{
    (void)f;
    return 0;
}

static int
disk_shm_map(sqlite3_file *f, int page, int size, int extend,
             void volatile **out)
{
    return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}

static int
disk_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return real(f)->pMethods->xShmLock(real(f), at, n, flags);
}

static void
disk_shm_barrier(sqlite3_file *f)
{
    real(f)->pMethods->xShmBarrier(real(f));
}

static int
disk_shm_unmap(sqlite3_file *f, int del)
{
    return real(f)->pMethods->xShmUnmap(real(f), del);
}

static int
disk_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags,
          int *out_flags)
{
    struct file *f = (struct file *)base;
    int rc;

    (void)vfs;
    memset(f, 0, sizeof(*f));
    f->real = (sqlite3_file *)(f + 1);
    if (path != NULL)
        (void)snprintf(f->path, sizeof(f->path), "%s", path);
    rc = disk.real->xOpen(disk.real, path, f->real, flags, out_flags);
    if (f->real->pMethods != NULL)
        f->base.pMethods = &disk.methods;
    return rc;
}

void
disk_install(enum disk_mode mode, size_t at)
{
    disk.mode = mode;
    disk.at = at;
    disk.count = 0;
    if (disk.real != NULL)
        return;
    disk.real = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.real;
    disk.vfs.zName = "test-disk";
    disk.vfs.szOsFile = (int)sizeof(struct file) + disk.real->szOsFile;
    disk.vfs.xOpen = disk_open;
    disk.vfs.xDelete = disk_delete;
    disk.methods = (sqlite3_io_methods){
        .iVersion = 2,
        .xClose = disk_close,
        .xRead = disk_read,
        .xWrite = disk_write,
        .xTruncate = disk_truncate,
        .xSync = disk_sync,
        .xFileSize = disk_size,
        .xLock = disk_lock,
        .xUnlock = disk_unlock,
        .xCheckReservedLock = disk_check_lock,
        .xFileControl = disk_control,
        .xSectorSize = disk_sector,
        .xDeviceCharacteristics = disk_traits,
        .xShmMap = disk_shm_map,
        .xShmLock = disk_shm_lock,
        .xShmBarrier = disk_shm_barrier,
        .xShmUnmap = disk_shm_unmap,
    };
    if (sqlite3_vfs_register(&disk.vfs, 1) != SQLITE_OK)
        abort();
}

size_t
disk_operations(void)
{
    return disk.count;
}
