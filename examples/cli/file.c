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

static sfi_status
status_of_errno(int os_code)
{
    if (os_code == EACCES || os_code == EPERM || os_code == EROFS)
        return SFI_ERR_ACCESS;
    return os_code == ENOMEM ? SFI_ERR_NOMEM : SFI_ERR_OS;
}

static int
file_check_path(const struct cli *c, sfi_ctx *ctx, const char *path,
                const char *name)
{
    sfi_status st = sfi_ctx_check_path(ctx, path);

    if (st == SFI_OK)
        return 0;
    return cli_fail_text(c, st, "%s: %s", name,
                         sfi_error_message(sfi_ctx_error(ctx)));
}

/* What was opened, if another file has got the name since it was checked.  To
 * close an open vault would do the damage, so it stays open. */
static int
file_check_opened(const struct cli *c, sfi_ctx *ctx, const char *name, int *fd)
{
    char path[32];
    int status;

    (void)snprintf(path, sizeof(path), "/dev/fd/%d", *fd);
    status = file_check_path(c, ctx, path, name);
    if (status != 0)
        *fd = -1;
    return status;
}

int
cli_open(const struct cli *c, sfi_ctx *ctx, const char *path, int flags,
         unsigned mode, int *fd)
{
    int status = file_check_path(c, ctx, path, path);
    int err;

    *fd = -1;
    if (status != 0)
        return status;
    *fd = open(path, flags | O_CLOEXEC, (mode_t)mode);
    if (*fd >= 0)
        return file_check_opened(c, ctx, path, fd);
    err = errno;
    return cli_fail_text(c, status_of_errno(err), "%s: cannot %s: %s", path,
                         (flags & O_ACCMODE) == O_RDONLY ? "read" : "write",
                         strerror(err));
}

static int
file_fail_to_read(const struct cli *c, const char *path)
{
    int err = errno;

    return cli_fail_text(c, status_of_errno(err), "%s: cannot read: %s", path,
                         strerror(err));
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

static int
file_read_content(const struct cli *c, const char *path, FILE *f,
                  struct cli_file *file)
{
    long len = file_regular_length(f);

    if (len < 0)
        return file_fail_to_read(c, path);
    if ((unsigned long)len > CLI_FILE_MAX)
        return cli_fail_text(c, SFI_ERR_LIMIT,
                             "%s: %ld bytes, expected at most %zu", path, len,
                             CLI_FILE_MAX);
    file->data = malloc((size_t)len + 1);
    if (file->data == NULL)
        return file_fail_to_read(c, path);
    errno = EIO;
    file->len = fread(file->data, 1, (size_t)len, f);
    return file->len == (size_t)len ? 0 : file_fail_to_read(c, path);
}

int
cli_file_read(const struct cli *c, sfi_ctx *ctx, const char *path,
              struct cli_file *file)
{
    FILE *f;
    int status;
    int fd;

    file->data = NULL;
    file->len = 0;
    status = cli_open(c, ctx, path, O_RDONLY, 0, &fd);
    if (status != 0)
        return status;
    f = fdopen(fd, "rb");
    if (f == NULL) {
        status = file_fail_to_read(c, path);
        (void)close(fd);
        return status;
    }
    status = file_read_content(c, path, f, file);
    (void)fclose(f);
    if (status != 0)
        cli_file_free(file);
    return status;
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
    char text[512];

    if (st != SFI_ERR_ACCESS || force ||
        sfi_ctx_check_output(ctx, path, kind, SFI_REPLACE) != SFI_OK)
        return st;
    if (sfi_ctx_file_kind(ctx, path, &there) != SFI_OK)
        return st;
    (void)snprintf(text, sizeof(text),
                   "%.300s: %s has this name: choose another, or replace it "
                   "with --force",
                   path, sfi_file_kind_name(there));
    sfi_ctx_report(ctx, SFI_ERR_ACCESS, 0, text);
    return SFI_ERR_ACCESS;
}

bool
cli_is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}
