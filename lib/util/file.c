/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reads and writes files. */
#include "util/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/fd.h"
#include "util/hex.h"
#include "util/mem.h"
#include "util/sys.h"
#include "util/text.h"

#define FOLDER_MAX 4096 /* PATH_MAX of Linux */
#define READ_CHUNK ((size_t)64 * 1024)

static int
file_read_all(int fd, size_t limit, struct buf *out)
{
    size_t total = 0;

    for (;;) {
        size_t got;
        int err;

        if (!sfi__buf_reserve(out, READ_CHUNK))
            return ENOMEM;
        err = sfi__sys_read(fd, out->data + out->len, READ_CHUNK, &got);
        if (err != 0 || got == 0)
            return err;
        if (got > limit - total)
            return EFBIG;
        total += got;
        out->len += got;
    }
}

int
sfi__file_read(const char *path, size_t limit, struct buf *out)
{
    int fd;
    int err = sfi__fd_open(path, SYS_READ, 0, &fd);

    if (err != 0)
        return err;
    err = file_read_all(fd, limit, out);
    (void)sfi__fd_close(fd);
    return err;
}

int
sfi__file_open(struct file_in *f, const char *path)
{
    struct sys_stat st;
    int err = sfi__fd_open(path, SYS_READ, 0, &f->fd);

    f->size = 0;
    if (err != 0)
        return err;
    if (sfi__sys_fstat(f->fd, &st) == 0 && st.is_file)
        f->size = st.size;
    return 0;
}

int
sfi__file_fill(struct file_in *f, void *out, size_t cap, size_t *got)
{
    char *p = out;

    *got = 0;
    while (*got < cap) {
        size_t n;
        int err = sfi__sys_read(f->fd, p + *got, cap - *got, &n);

        if (err != 0 || n == 0)
            return err;
        *got += n;
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
    struct sys_stat st;

    return sfi__sys_stat(path, &st) == 0 && !st.is_file;
}

bool
sfi__file_is_link(const char *path)
{
    struct sys_stat st;

    return sfi__sys_lstat(path, &st) == 0 && st.is_link;
}

/* Two programs that write the same file at once need two names; more tries only
 * mean that something is wrong. */
#define TEMP_TRIES 100u
#define TEMP_RANDOM 6u

/* A new file with a name of its own beside `path`.  open() and not mkstemp()
 * with fchmod(): the system applies umask, which cannot be asked without
 * changing it for all threads. */
static int
file_open_temporary(struct file_out *f, unsigned mode)
{
    size_t size = strlen(f->path) + 1 + 2 * TEMP_RANDOM + 1;
    unsigned narrow = sfi__sys_narrow_mode(f->path, mode);
    int err = EEXIST;

    f->temp = sfi__alloc_any(f->alloc, size);
    if (f->temp == NULL)
        return ENOMEM;
    for (unsigned i = 0; err == EEXIST && i < TEMP_TRIES; i++) {
        uint8_t raw[TEMP_RANDOM];
        int len = snprintf(f->temp, size, "%s.", f->path);

        err = sfi__sys_random(raw, sizeof(raw));
        if (err != 0)
            break;
        sfi__hex_encode(f->temp + len, raw, sizeof(raw));
        err = sfi__sys_open(f->temp, SYS_WRITE | SYS_NEW, narrow, &f->fd);
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
        err = sfi__fd_open(path, SYS_WRITE, 0, &f->fd);
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
    return sfi__sys_write(f->fd, data, len);
}

int
sfi__file_sync_folder(const char *path)
{
    char folder[FOLDER_MAX];
    size_t len = strlen(path);

    while (len > 1 && path[len - 1] == '/')
        len--;
    while (len > 0 && path[len - 1] != '/')
        len--; /* the last name */
    while (len > 1 && path[len - 1] == '/')
        len--;
    if (len == 0)
        return sfi__sys_sync_folder(".");
    if (len >= sizeof(folder))
        return ENAMETOOLONG;
    memcpy(folder, path, len);
    folder[len] = '\0';
    return sfi__sys_sync_folder(folder);
}

int
sfi__file_sync_system(const char *folder)
{
    return sfi__sys_sync_system(folder);
}

static int
file_close(struct file_out *f)
{
    int fd = f->fd;

    f->fd = -1;
    return sfi__fd_close(fd);
}

int
sfi__file_put_down(struct file_out *f)
{
    int err = f->in_place ? 0 : sfi__sys_sync_early(f->fd);
    int closed = file_close(f);

    return err != 0 ? err : closed;
}

int
sfi__file_name(struct file_out *f)
{
    int err = f->in_place ? 0 : sfi__sys_rename(f->temp, f->path);

    if (err != 0 || f->in_place)
        return err;
    sfi__free(f->alloc, f->temp);
    f->temp = NULL;
    return 0;
}

int
sfi__file_commit(struct file_out *f)
{
    int err = 0;
    int closed;

    if (!f->in_place)
        err = sfi__sys_sync(f->fd);
    closed = file_close(f);
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
        (void)sfi__sys_remove(f->temp);
    sfi__free(f->alloc, f->temp);
    sfi__free(f->alloc, f->path);
    f->temp = NULL;
    f->path = NULL;
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
    struct sys_stat st;

    return sfi__sys_lstat(path, &st) == 0;
}

int
sfi__file_is_folder(const char *path)
{
    struct sys_stat st;
    int err = sfi__sys_stat(path, &st);

    return err == 0 && !st.is_folder ? ENOTDIR : err;
}

int
sfi__file_make_folder(const char *path, unsigned mode)
{
    int err = sfi__sys_make_folder(path, mode);

    if (err == EEXIST)
        return sfi__file_is_folder(path);
    return err != 0 ? err : sfi__file_sync_folder(path);
}
