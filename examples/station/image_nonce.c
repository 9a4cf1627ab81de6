/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Whether key and nonce have made another image, and which. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "station/image.h"

#define IMAGES_MAX 64u /* that are looked at in a folder */

static void
version_take(void *user, const sfi_fact *fact)
{
    if (fact->group[0] == '\0' && strcmp(fact->name, "image_version") == 0)
        *(uint64_t *)user = fact->number;
}

/* An image whose tags key and nonce verify. */
static bool
folder_find(const struct form *f, const char *folder,
            const sfi_describe_options *with, uint64_t *version,
            char path[STATION_PATH_MAX])
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    unsigned looked = 0;
    bool found = false;

    if (dir == NULL)
        return false;
    while (!found && looked < IMAGES_MAX && (entry = readdir(dir)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');

        if (dot == NULL || strcmp(dot, ".sfi") != 0)
            continue;
        looked++;
        found = snprintf(path, STATION_PATH_MAX, "%s/%s", folder,
                         entry->d_name) < (int)STATION_PATH_MAX &&
                sfi_describe_file(f->ctx, path, with, version_take, version) ==
                    SFI_OK;
    }
    (void)closedir(dir);
    return found;
}

static void
nonce_find(const struct form *f, const sfi_describe_options *with,
           json_t *answer)
{
    const char *const paths[] = {f->out, f->key};

    for (size_t i = 0; i < 2; i++) {
        char folder[STATION_PATH_MAX], path[STATION_PATH_MAX];
        const char *slash = strrchr(paths[i], '/');
        uint64_t version = 0;

        if (slash == NULL)
            continue;
        (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - paths[i]),
                       paths[i]);
        if (!folder_find(f, folder, with, &version, path))
            continue;
        json_object_set_new(answer, "version",
                            json_integer((json_int_t)version));
        json_object_set_new(answer, "file", image_text(f->settings, path));
        return;
    }
}

/* The image that has been made, if it is beside the output or the key. */
static json_t *
nonce_used(const struct form *f)
{
    sfi_describe_options with = {.struct_size = sizeof(with),
                                 .kind = SFI_FILE_IMAGE,
                                 .nonce = f->nonce_secret};
    json_t *answer = json_pack("{s:s}", "state", "used");
    sfi_key *key = NULL;

    if (sfi_key_load(f->ctx, f->key, &key) == SFI_OK) {
        with.key = key;
        nonce_find(f, &with, answer);
    }
    sfi_key_free(key);
    return answer;
}

json_t *
image_nonce(struct form *f)
{
    const struct cli_findings *all = &f->findings;

    if (!f->has_secrets)
        return json_pack("{s:s}", "state", "none");
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->all[i].finding.rule, "nonce-reuse") == 0)
            return nonce_used(f);
    }
    if (access(f->reg, F_OK) != 0 ||
        (f->looked && all->errors == 0 && json_array_size(f->errors) == 0))
        return json_pack("{s:s}", "state", "new");
    return json_pack("{s:s}", "state", "unknown");
}
