/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Files that the command line names. */
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
