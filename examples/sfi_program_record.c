/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program --record: append lines that survive a power cut. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sfi_program_record.h"

/* The name of a new file is durable once its folder is synced. */
static int
record_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name =
        slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = name != NULL ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int status = fd >= 0 && fsync(fd) == 0 ? 0 : -1;
    int err = errno;

    if (fd >= 0)
        (void)close(fd);
    free(name);
    errno = err;
    return status;
}

int
record_open(const struct cli *c, sfi_ctx *ctx, const char *path, int *fd)
{
    struct stat info;
    sfi_status st = sfi_ctx_check_path(ctx, path);
    int err;

    *fd = -1;
    if (st != SFI_OK)
        return cli_fail_text(c, st, "%s: %s", path,
                             sfi_error_message(sfi_ctx_error(ctx)));
    *fd =
        open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644);
    if (*fd >= 0 && fstat(*fd, &info) == 0 && !S_ISREG(info.st_mode)) {
        (void)close(*fd);
        *fd = -1;
        return cli_fail_text(
            c, SFI_ERR_OS, "%s: not a regular file, so it cannot hold records",
            path);
    }
    if (*fd >= 0 && record_sync_folder(path) == 0)
        return 0;
    err = errno;
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
    return cli_fail_text(c,
                         err == EACCES || err == EPERM || err == EROFS
                             ? SFI_ERR_ACCESS
                             : SFI_ERR_OS,
                         "%s: cannot write: %s", path, strerror(err));
}

static int
record_lock_file(int fd, short type)
{
    struct flock whole = {.l_type = type, .l_whence = SEEK_SET};
    int got;

    do {
        got = fcntl(fd, F_SETLKW, &whole);
    } while (got != 0 && errno == EINTR);
    return got;
}

static int
record_write_bytes(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, data, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        data += put;
        len -= (size_t)put;
    }
    return 0;
}

/* A power cut inside a line leaves no newline: the fragment gets one first. */
static int
record_write_line(int fd, off_t end, const char *line, size_t len)
{
    char last = '\n';

    if (end > 0 && pread(fd, &last, 1, end - 1) != 1)
        return -1;
    if (last != '\n' && record_write_bytes(fd, "\n", 1) != 0)
        return -1;
    return record_write_bytes(fd, line, len) == 0 && fsync(fd) == 0 ? 0 : -1;
}

int
record_append(int fd, const char *line, size_t len)
{
    struct stat st;
    int err = 0;

    if (record_lock_file(fd, F_WRLCK) != 0)
        return errno;
    if (fstat(fd, &st) != 0) {
        err = errno;
    } else if (record_write_line(fd, st.st_size, line, len) != 0) {
        err = errno;
        if (ftruncate(fd, st.st_size) != 0)
            err = errno; /* a fragment stays; the next append ends it */
    }
    (void)record_lock_file(fd, F_UNLCK);
    return err;
}
