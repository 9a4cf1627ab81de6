/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reads and writes files with POSIX calls. */
#define _GNU_SOURCE /* renameat2() */
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/hex.h"
#include "util/mem.h"
#include "util/text.h"

#define READ_CHUNK ((size_t)64 * 1024)

static int
file_read_all(int fd, size_t limit, struct buf *out)
{
    size_t total = 0;

    for (;;) {
        ssize_t got;

        if (!sfi__buf_reserve(out, READ_CHUNK))
            return ENOMEM;
        got = read(fd, out->data + out->len, READ_CHUNK);
        if (got == 0)
            return 0;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if ((size_t)got > limit - total)
            return EFBIG;
        total += (size_t)got;
        out->len += (size_t)got;
    }
}

int
sfi__file_read(const char *path, size_t limit, struct buf *out)
{
    int fd;
    int err = sfi__fd_open(path, O_RDONLY, 0, &fd);

    if (err != 0)
        return err;
    err = file_read_all(fd, limit, out);
    (void)sfi__fd_close(fd);
    return err;
}

int
sfi__file_open(struct file_in *f, const char *path)
{
    struct stat st;
    int err = sfi__fd_open(path, O_RDONLY, 0, &f->fd);

    f->size = 0;
    if (err != 0)
        return err;
    if (fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode))
        f->size = (uint64_t)st.st_size;
    return 0;
}

int
sfi__file_fill(struct file_in *f, void *out, size_t cap, size_t *got)
{
    char *p = out;

    *got = 0;
    while (*got < cap) {
        ssize_t n = read(f->fd, p + *got, cap - *got);

        if (n == 0)
            return 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        *got += (size_t)n;
    }
    return 0;
}

void
sfi__file_close(struct file_in *f)
{
    if (f->fd >= 0)
        (void)sfi__fd_close(f->fd);
    f->fd = -1;
}

bool
sfi__file_is_special(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

bool
sfi__file_is_link(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

unsigned
sfi__file_others_read(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
        (st.st_mode & S_IROTH) == 0)
        return 0;
    return (unsigned)st.st_mode & 0777;
}

/* Two programs that write the same file at once need two names; more tries only
 * mean that something is wrong. */
#define TEMP_TRIES 100u
#define TEMP_RANDOM 6u

/* A file that is replaced may only become less readable than it is. */
static mode_t
file_mode_at(const char *path, unsigned mode)
{
    struct stat st;

    if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
        mode &= st.st_mode;
    return (mode_t)mode;
}

/* A new file with a name of its own beside `path`.  open() and not mkstemp()
 * with fchmod(): the system applies umask, which cannot be asked without
 * changing it for all threads. */
static int
file_open_temporary(struct file_out *f, unsigned mode)
{
    size_t size = strlen(f->path) + 1 + 2 * TEMP_RANDOM + 1;
    mode_t narrow = file_mode_at(f->path, mode);
    int err = EEXIST;

    f->temp = sfi__alloc_any(f->alloc, size);
    if (f->temp == NULL)
        return ENOMEM;
    for (unsigned i = 0; err == EEXIST && i < TEMP_TRIES; i++) {
        uint8_t raw[TEMP_RANDOM];
        int len = snprintf(f->temp, size, "%s.", f->path);

        if (getentropy(raw, sizeof(raw)) != 0) {
            err = errno;
            break;
        }
        sfi__hex_encode(f->temp + len, raw, sizeof(raw));
        f->fd = open(f->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, narrow);
        err = f->fd < 0 ? errno : 0;
    }
    if (err != 0) {
        sfi__free(f->alloc, f->temp);
        f->temp = NULL;
    }
    return err;
}

int
sfi__file_begin(struct file_out *f, const struct alloc *alloc, const char *path,
                unsigned mode)
{
    size_t size = strlen(path) + 1;
    int err = 0;

    sfi__zero(f, sizeof(*f));
    f->fd = -1;
    f->alloc = alloc;
    f->path = sfi__alloc_any(alloc, size);
    if (f->path == NULL)
        return ENOMEM;
    memcpy(f->path, path, size);
    f->in_place = sfi__file_is_special(path);
    /* Its name must not go to another file, either. */
    if (sfi__locked_file_has(path)) {
        err = FD_LOCKED;
    } else if (f->in_place) {
        err = sfi__fd_open(path, O_WRONLY, 0, &f->fd);
    } else {
        err = file_open_temporary(f, mode);
    }
    if (err != 0)
        sfi__file_abort(f);
    return err;
}

int
sfi__file_write(struct file_out *f, const void *data, size_t len)
{
    const char *p = data;

    while (len > 0) {
        ssize_t put = write(f->fd, p, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        p += put;
        len -= (size_t)put;
    }
    return 0;
}

/* fsync() or syncfs() of a folder. */
static int
file_sync_by(const char *folder, int (*sync_fd)(int fd))
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
sfi__file_sync_folder(const char *path)
{
    char folder[PATH_MAX];

    if (!sfi__text_copy(folder, sizeof(folder), path))
        return ENAMETOOLONG;
    return file_sync_by(dirname(folder), fsync);
}

/* One pass over the disk, where fsync() of each file would make one for each.
 * Linux reports failed writes since 5.8. */
int
sfi__file_sync_system(const char *folder)
{
    return file_sync_by(folder, syncfs);
}

int
sfi__file_put_down(struct file_out *f)
{
    int fd = f->fd;

    f->fd = -1;
    return sfi__fd_close(fd);
}

int
sfi__file_name(struct file_out *f)
{
    if (f->in_place)
        return 0;
    if (rename(f->temp, f->path) != 0)
        return errno;
    sfi__free(f->alloc, f->temp);
    f->temp = NULL;
    return 0;
}

int
sfi__file_commit(struct file_out *f)
{
    int err = 0;
    int closed;

    if (!f->in_place && fsync(f->fd) != 0)
        err = errno;
    closed = sfi__file_put_down(f);
    if (err == 0)
        err = closed;
    if (err == 0)
        err = sfi__file_name(f);
    if (err == 0 && !f->in_place)
        err = sfi__file_sync_folder(f->path);
    sfi__file_abort(f);
    return err;
}

int
sfi__file_create(struct file_out *f, const struct alloc *alloc,
                 const char *path, unsigned mode)
{
    int err = sfi__file_begin(f, alloc, path, mode);

    if (err != 0 || f->in_place)
        return err;
    err = sfi__file_name(f);
    f->in_place = true;
    if (err != 0)
        sfi__file_abort(f);
    return err;
}

void
sfi__file_abort(struct file_out *f)
{
    if (f->fd >= 0)
        (void)sfi__fd_close(f->fd);
    f->fd = -1;
    if (f->temp != NULL)
        (void)unlink(f->temp);
    sfi__free(f->alloc, f->temp);
    sfi__free(f->alloc, f->path);
    f->temp = NULL;
    f->path = NULL;
}

int
sfi__file_name_once(const char *temp, const char *path)
{
    if (renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    /* A file system without RENAME_NOREPLACE: for a moment both names exist. */
    if (link(temp, path) != 0)
        return errno;
    (void)unlink(temp);
    return 0;
}

int
sfi__file_compare(const char *one, const char *two, bool *same)
{
    char a[4096], b[4096];
    struct file_in f, g;
    size_t got_a = 1, got_b = 1;
    int err = sfi__file_open(&f, one);

    *same = false;
    if (err != 0)
        return err;
    err = sfi__file_open(&g, two);
    *same = err == 0 && f.size == g.size;
    while (*same && err == 0 && got_a > 0) {
        err = sfi__file_fill(&f, a, sizeof(a), &got_a);
        if (err == 0)
            err = sfi__file_fill(&g, b, sizeof(b), &got_b);
        *same = err == 0 && got_a == got_b && sfi__equal(a, b, got_a);
    }
    sfi__wipe(a, sizeof(a));
    sfi__wipe(b, sizeof(b));
    sfi__file_close(&f);
    sfi__file_close(&g);
    return err;
}

bool
sfi__file_is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

int
sfi__file_is_folder(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return errno;
    return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
}

int
sfi__file_make_folder(const char *path, unsigned mode)
{
    if (mkdir(path, (mode_t)mode) != 0)
        return errno == EEXIST ? sfi__file_is_folder(path) : errno;
    return sfi__file_sync_folder(path);
}
