/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The folder of fuzz_folder.h. */
#define _XOPEN_SOURCE 700
#include "fuzz_folder.h"

#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

static char folder[64];

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

static void
remove_folder(void)
{
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *
fuzz_folder(void)
{
    const char *tmp = getenv("TMPDIR");

    if (folder[0] != '\0')
        return folder;
    (void)snprintf(folder, sizeof(folder), "%.40s/sfi-fuzz-XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    FUZZ_HOLDS(mkdtemp(folder) != NULL && atexit(remove_folder) == 0);
    return folder;
}

const char *
fuzz_path(const char *name)
{
    static char path[FUZZ_PATH_MAX];

    FUZZ_HOLDS(snprintf(path, sizeof(path), "%s/%s", fuzz_folder(), name) <
               (int)sizeof(path));
    return path;
}

const char *
fuzz_file(const char *name, const void *data, size_t len)
{
    const char *path = fuzz_path(name);
    FILE *f = fopen(path, "wb");

    FUZZ_HOLDS(f != NULL && fwrite(data, 1, len, f) == len && fclose(f) == 0);
    return path;
}
