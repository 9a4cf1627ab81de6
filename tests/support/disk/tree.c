/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A made /sys, /dev and /proc below a temporary folder. */
#include <disk/tree.h>

#include <stdio.h>
#include <string.h>

#include "util/sys.h"

#include "fixture.h"
#include "system.h"

#define PATH_SIZE 1024

char tree_root[256];

void
tree_setup(void)
{
    test_mkdir(tree_root, sizeof(tree_root));
}

static void
remove_tree(const char *path)
{
    struct sys_folder *folder;
    char inner[PATH_SIZE];
    const char *name;

    ck_assert_int_eq(sfi__sys_folder_open(path, &folder), 0);
    while ((name = sfi__sys_folder_next(folder)) != NULL) {
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        ck_assert_int_lt(snprintf(inner, sizeof(inner), "%s/%s", path, name),
                         PATH_SIZE);
        if (sfi__sys_remove(inner) != 0)
            remove_tree(inner);
    }
    sfi__sys_folder_close(folder);
    ck_assert_int_eq(sfi__sys_remove_folder(path), 0);
}

void
tree_teardown(void)
{
    remove_tree(tree_root);
}

static const char *
place(const char *name)
{
    static char path[PATH_SIZE];
    char *p;

    ck_assert_int_lt(snprintf(path, sizeof(path), "%s/%s", tree_root, name),
                     PATH_SIZE);
    p = path + strlen(tree_root) + 1;
    while ((p = strchr(p, '/')) != NULL) {
        *p = '\0';
        (void)sfi__sys_make_folder(path, 0755);
        *p++ = '/';
    }
    return path;
}

void
tree_file(const char *name, const char *text)
{
    FILE *f = fopen(place(name), "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

void
tree_link(const char *name, const char *to)
{
    make_link(to, place(name));
}
