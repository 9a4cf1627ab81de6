/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Names of files: a page can name what is in the folders that were allowed, and
 * nothing else. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "station/station.h"

void
file_folder_name(const struct settings *s, size_t index, char out[256])
{
    const char *last = strrchr(s->folders[index], '/');
    unsigned same = 1;

    last = last != NULL ? last + 1 : s->folders[index];
    for (size_t i = 0; i < index; i++) {
        const char *other = strrchr(s->folders[i], '/');

        other = other != NULL ? other + 1 : s->folders[i];
        same += strcmp(other, last) == 0;
    }
    if (same == 1)
        (void)snprintf(out, 256, "%.200s", last[0] != '\0' ? last : "files");
    else
        (void)snprintf(out, 256, "%.200s-%u", last, same);
}

/* `path` is in `folder`, or is it; both are real paths. */
static bool
file_is_inside(const char *path, const char *folder)
{
    size_t len = strlen(folder);

    return strncmp(path, folder, len) == 0 &&
           (path[len] == '/' || path[len] == '\0' ||
            (len > 0 && folder[len - 1] == '/'));
}

/* The folder that a name begins with; *rest is what is behind it. */
static const char *
file_folder(const struct settings *s, const char *name, const char **rest)
{
    char folder[256];

    for (size_t i = 0; i < s->folder_count; i++) {
        size_t len;

        file_folder_name(s, i, folder);
        len = strlen(folder);
        if (strncmp(name, folder, len) == 0 &&
            (name[len] == '/' || name[len] == '\0')) {
            *rest = name + len + (name[len] == '/');
            return s->folders[i];
        }
    }
    return NULL;
}

bool
file_is_plain(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f || *at == '\\')
            return false;
    }
    return strstr(name, "/../") == NULL && strstr(name, "//") == NULL &&
           (strlen(name) < 3 || strcmp(name + strlen(name) - 3, "/..") != 0);
}

/* The real path of a file that need not exist: of its folder, and its name. */
static bool
file_real(const char *path, enum file_use use, char out[STATION_PATH_MAX])
{
    char folder[STATION_PATH_MAX], real[STATION_PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (realpath(path, out) != NULL)
        return true;
    if (use != FILE_WRITE || errno != ENOENT || slash == NULL ||
        slash[1] == '\0')
        return false;
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
    return realpath(folder, real) != NULL &&
           snprintf(out, STATION_PATH_MAX, "%s%s", real, slash) <
               (int)STATION_PATH_MAX;
}

bool
file_path(const struct settings *s, const char *name, enum file_use use,
          const char *where, char out[STATION_PATH_MAX], struct reply *r)
{
    const char *rest = "";
    const char *folder =
        file_is_plain(name) ? file_folder(s, name, &rest) : NULL;
    char path[STATION_PATH_MAX];
    struct stat info;
    bool is_folder;

    if (folder == NULL || snprintf(path, sizeof(path), "%s/%s", folder, rest) >=
                              (int)sizeof(path)) {
        reply_refuse(r, SFI_ERR_ACCESS, where,
                     "not a file of the folders that sfi-station was started "
                     "with");
        return false;
    }
    if (!file_real(path, use, out)) {
        reply_refuse(r, SFI_ERR_OS, where, "%s: %s", name, strerror(errno));
        return false;
    }
    if (!file_is_inside(out, folder)) {
        reply_refuse(r, SFI_ERR_ACCESS, where,
                     "%s: leads out of the folders that sfi-station was "
                     "started with",
                     name);
        return false;
    }
    if (stat(out, &info) != 0)
        return true; /* to be written */
    is_folder = S_ISDIR(info.st_mode);
    if (is_folder != (use == FILE_FOLDER) ||
        (!is_folder && !S_ISREG(info.st_mode))) {
        reply_refuse(r, SFI_ERR_ACCESS, where, "%s: %s expected", name,
                     use == FILE_FOLDER ? "a folder was" : "a file was");
        return false;
    }
    return true;
}

bool
file_name(const struct settings *s, const char *path,
          char out[STATION_PATH_MAX])
{
    char folder[256];

    for (size_t i = 0; i < s->folder_count; i++) {
        const char *rest = path + strlen(s->folders[i]);

        if (!file_is_inside(path, s->folders[i]))
            continue;
        file_folder_name(s, i, folder);
        return snprintf(out, STATION_PATH_MAX, "%s%s%s", folder,
                        *rest == '/' || *rest == '\0' ? "" : "/",
                        rest) < (int)STATION_PATH_MAX;
    }
    return false;
}
