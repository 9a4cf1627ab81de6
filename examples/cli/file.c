/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Whole files into memory, with messages of the program. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

#define PATH_SHOWN "%.250s" /* a message has room for so much */

static sfi_status
file_check_path(sfi_ctx *ctx, const char *path, const char *name)
{
    sfi_status st = sfi_ctx_check_path(ctx, path);
    char why[512];

    if (st == SFI_OK)
        return SFI_OK;
    (void)snprintf(why, sizeof(why), "%s",
                   sfi_error_message(sfi_ctx_error(ctx)));
    return cli_report(ctx, st, PATH_SHOWN ": %s", name, why);
}

/* What was opened, if another file has got the name since it was checked.  To
 * close an open vault would do the damage, so it stays open. */
static sfi_status
file_check_opened(sfi_ctx *ctx, const char *name, int *fd)
{
    char path[32];
    sfi_status st;

    (void)snprintf(path, sizeof(path), "/dev/fd/%d", *fd);
    st = file_check_path(ctx, path, name);
    if (st != SFI_OK)
        *fd = -1;
    return st;
}

sfi_status
cli_open(sfi_ctx *ctx, const char *path, int flags, unsigned mode, int *fd)
{
    sfi_status st = file_check_path(ctx, path, path);

    *fd = -1;
    if (st != SFI_OK)
        return st;
    *fd = open(path, flags | O_CLOEXEC, (mode_t)mode);
    if (*fd >= 0)
        return file_check_opened(ctx, path, fd);
    return cli_report_os(ctx, errno, PATH_SHOWN ": cannot %s", path,
                         (flags & O_ACCMODE) == O_RDONLY ? "read" : "write");
}

static sfi_status
file_fail_to_read(sfi_ctx *ctx, const char *path)
{
    return cli_report_os(ctx, errno, PATH_SHOWN ": cannot read", path);
}

/* Length of a regular file; -1 with errno set. */
static long
file_regular_length(FILE *f)
{
    struct stat st;

    if (fstat(fileno(f), &st) != 0)
        return -1;
    if (!S_ISREG(st.st_mode)) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : ESPIPE;
        return -1;
    }
    return (long)st.st_size;
}

static sfi_status
file_read_content(sfi_ctx *ctx, const char *path, FILE *f,
                  struct cli_file *file)
{
    long len = file_regular_length(f);

    if (len < 0)
        return file_fail_to_read(ctx, path);
    if ((unsigned long)len > CLI_FILE_MAX)
        return cli_report(ctx, SFI_ERR_LIMIT,
                          PATH_SHOWN ": %ld bytes, expected at most %zu", path,
                          len, CLI_FILE_MAX);
    file->data = malloc((size_t)len + 1);
    if (file->data == NULL)
        return file_fail_to_read(ctx, path);
    errno = EIO;
    file->len = fread(file->data, 1, (size_t)len, f);
    return file->len == (size_t)len ? SFI_OK : file_fail_to_read(ctx, path);
}

sfi_status
cli_file_read(sfi_ctx *ctx, const char *path, struct cli_file *file)
{
    FILE *f;
    sfi_status st;
    int fd;

    file->data = NULL;
    file->len = 0;
    st = cli_open(ctx, path, O_RDONLY, 0, &fd);
    if (st != SFI_OK)
        return st;
    f = fdopen(fd, "rb");
    if (f == NULL) {
        st = file_fail_to_read(ctx, path);
        (void)close(fd);
        return st;
    }
    st = file_read_content(ctx, path, f, file);
    (void)fclose(f);
    if (st != SFI_OK)
        cli_file_free(file);
    return st;
}

void
cli_file_free(struct cli_file *file)
{
    free(file->data);
    file->data = NULL;
    file->len = 0;
}

/* The library's message does not know the option. */
sfi_status
cli_check_output(sfi_ctx *ctx, const char *path, uint32_t kind, bool force)
{
    sfi_status st =
        sfi_ctx_check_output(ctx, path, kind, force ? SFI_REPLACE : 0);
    uint32_t there;

    if (st != SFI_ERR_ACCESS || force ||
        sfi_ctx_check_output(ctx, path, kind, SFI_REPLACE) != SFI_OK)
        return st;
    if (sfi_ctx_file_kind(ctx, path, &there) != SFI_OK)
        return st;
    return cli_report(ctx, SFI_ERR_ACCESS,
                      PATH_SHOWN ": %s has this name: choose another, or "
                                 "replace it with --force",
                      path, sfi_file_kind_name(there));
}

bool
cli_is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool
cli_is_same_file(const char *a, const char *b)
{
    struct stat s, t;

    return stat(a, &s) == 0 && stat(b, &t) == 0 && S_ISREG(s.st_mode) &&
           s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}
