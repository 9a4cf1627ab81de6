/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the programs use of POSIX, by Windows' own functions. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "win32/posix.h"

#undef fclose
#undef fflush

#define STREAMS_MAX                                           \
    256u /* two for each chip of a gang, and those of reports \
          */

/* ---- descriptors ---- */

/* The lowest free descriptor from `least` on. */
static int
posix_copy_descriptor(int fd, int least)
{
    int copy = _dup(fd);
    int next;

    if (copy < 0 || copy >= least)
        return copy;
    next = posix_copy_descriptor(fd, least);
    (void)_close(copy);
    return next;
}

int
posix_fcntl(int fd, int what, ...)
{
    va_list args;
    int least;

    if (what != F_DUPFD_CLOEXEC) {
        if (_get_osfhandle(fd) >= 0)
            return 0;
        errno = EBADF;
        return -1;
    }
    va_start(args, what);
    least = va_arg(args, int);
    va_end(args);
    return posix_copy_descriptor(fd, least);
}

ssize_t
posix_pread(int fd, void *buf, size_t len, off_t at)
{
    OVERLAPPED place = {.Offset = (DWORD)at};
    DWORD got = 0;

    if (ReadFile((HANDLE)_get_osfhandle(fd), buf, (DWORD)len, &got, &place) ||
        GetLastError() == ERROR_HANDLE_EOF)
        return (ssize_t)got;
    errno = EIO;
    return -1;
}

ssize_t
posix_pwrite(int fd, const void *data, size_t len, off_t at)
{
    OVERLAPPED place = {.Offset = (DWORD)at};
    DWORD done = 0;

    if (WriteFile((HANDLE)_get_osfhandle(fd), data, (DWORD)len, &done, &place))
        return (ssize_t)done;
    errno = EIO;
    return -1;
}

int
posix_flock(int fd, int how)
{
    OVERLAPPED place = {.Offset = 0};

    (void)how;
    if (LockFileEx((HANDLE)_get_osfhandle(fd), LOCKFILE_EXCLUSIVE_LOCK, 0,
                   MAXDWORD, MAXDWORD, &place))
        return 0;
    errno = EIO;
    return -1;
}

ssize_t
posix_readlink(const char *path, char *target, size_t size)
{
    (void)path;
    (void)target;
    (void)size;
    errno = EINVAL;
    return -1;
}

/* ---- streams ---- */

static struct {
    CRITICAL_SECTION lock;
    struct memstream {
        FILE *f;
        char **text;
        size_t *len;
    } all[STREAMS_MAX];
} streams;

static void __attribute__((constructor)) streams_init(void)
{
    InitializeCriticalSection(&streams.lock);
}

/* Windows deletes it when it is closed. */
static FILE *
streams_open_file(void)
{
    char folder[MAX_PATH - 14], path[MAX_PATH];
    int fd;

    if (GetTempPathA(sizeof(folder), folder) == 0 ||
        GetTempFileNameA(folder, "sfi", 0, path) == 0)
        return NULL;
    fd = _open(path, _O_RDWR | _O_BINARY | _O_NOINHERIT | _O_TEMPORARY |
                         _O_SHORT_LIVED);
    return fd >= 0 ? _fdopen(fd, "w+b") : NULL;
}

/* NULL: it is none. */
static struct memstream *
streams_find(const FILE *f)
{
    struct memstream *found = NULL;

    EnterCriticalSection(&streams.lock);
    for (size_t i = 0; i < STREAMS_MAX && found == NULL; i++) {
        if (streams.all[i].f == f)
            found = &streams.all[i];
    }
    LeaveCriticalSection(&streams.lock);
    return found;
}

FILE *
posix_open_memstream(char **text, size_t *len)
{
    FILE *f = streams_open_file();
    struct memstream *free_one;

    *text = calloc(1, 1);
    *len = 0;
    EnterCriticalSection(&streams.lock);
    free_one = streams_find(NULL);
    if (f != NULL && *text != NULL && free_one != NULL)
        *free_one = (struct memstream){.f = f, .text = text, .len = len};
    LeaveCriticalSection(&streams.lock);
    if (*text != NULL && free_one != NULL)
        return f;
    if (f != NULL)
        (void)fclose(f);
    return NULL;
}

/* Read back what is there, and go on behind it. */
static int
streams_take(const struct memstream *m)
{
    long len = ftell(m->f);
    char *text = len >= 0 ? malloc((size_t)len + 1) : NULL;

    if (text == NULL)
        return EOF;
    rewind(m->f);
    len = (long)fread(text, 1, (size_t)len, m->f);
    (void)fseek(m->f, 0, SEEK_END);
    text[len] = '\0';
    free(*m->text);
    *m->text = text;
    *m->len = (size_t)len;
    return 0;
}

int
posix_fflush(FILE *f)
{
    const struct memstream *m = f != NULL ? streams_find(f) : NULL;
    int bad = fflush(f);

    return bad == 0 && m != NULL ? streams_take(m) : bad;
}

int
posix_fclose(FILE *f)
{
    struct memstream *m = streams_find(f);
    int bad = m != NULL ? posix_fflush(f) : 0;

    if (m != NULL) {
        EnterCriticalSection(&streams.lock);
        m->f = NULL;
        LeaveCriticalSection(&streams.lock);
    }
    return fclose(f) != 0 ? EOF : bad;
}
