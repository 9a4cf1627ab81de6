/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The labels of boards that are done, once more: as the job's [label] made
 * them, one behind the other. */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "station/line.h"

#define LABEL_MAX 65536u /* of a board */
#define LABELS_MAX 1000u /* at once: the last ones */

/* The folder that they are in, if the page may see it. */
static bool
labels_folder(struct desk *d, char out[STATION_PATH_MAX], struct reply *r)
{
    const struct line *l = d->data;
    const char *output = json_string_value(json_object_get(l->plan, "labels"));
    char path[STATION_PATH_MAX * 2], name[STATION_PATH_MAX];

    if (output == NULL) {
        reply_refuse(r, SFI_ERR_STATE, "",
                     l->plan == NULL ? "choose a job first"
                                     : "the job makes no labels: it has no "
                                       "[label] with template and output");
        return false;
    }
    (void)snprintf(path, sizeof(path), "%s%s%s",
                   output[0] == '/' ? "" : l->folder,
                   output[0] == '/' ? "" : "/", output);
    if (realpath(path, out) != NULL && cli_is_folder(out) &&
        file_name(d->settings, out, name))
        return true;
    reply_refuse(r, SFI_ERR_ACCESS, "",
                 "the labels of this job are in no folder of this page: a "
                 "printer, or %s",
                 output);
    return false;
}

/* False: there is none. */
static bool
label_copy(sfi_ctx *ctx, const char *folder, json_int_t board, FILE *out)
{
    char path[STATION_PATH_MAX + 32], text[4096];
    size_t total = 0;
    ssize_t len = 0;
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%06lld.zpl", folder,
                   (long long)board);
    if (cli_open(ctx, path, O_RDONLY, 0, &fd) != SFI_OK)
        return false;
    while (total < LABEL_MAX && (len = read(fd, text, sizeof(text))) > 0) {
        (void)fwrite(text, 1, (size_t)len, out);
        total += (size_t)len;
    }
    (void)close(fd);
    return total > 0;
}

static size_t
labels_write(struct line *l, sfi_ctx *ctx, const char *folder, FILE *out)
{
    size_t count = 0, all = json_array_size(l->boards);

    for (size_t i = all > LABELS_MAX ? all - LABELS_MAX : 0; i < all; i++) {
        const json_t *row = json_array_get(l->boards, i);
        const char *state = json_string_value(json_object_get(row, "state"));

        if (state != NULL && strcmp(state, "done") == 0)
            count += label_copy(ctx, folder, (json_int_t)i + 1, out);
    }
    return count;
}

void
line_labels(struct desk *d, const struct ask *a, struct reply *r)
{
    struct line *l = d->data;
    char folder[STATION_PATH_MAX];
    char *text = NULL;
    size_t len = 0, count;
    FILE *out;

    (void)a;
    if (!labels_folder(d, folder, r))
        return;
    out = open_memstream(&text, &len);
    if (out == NULL) {
        reply_refuse(r, SFI_ERR_NOMEM, "", "no memory");
        return;
    }
    (void)pthread_mutex_lock(&l->lock);
    count = labels_write(l, d->ctx, folder, out);
    (void)pthread_mutex_unlock(&l->lock);
    (void)fclose(out);
    if (count == 0) {
        reply_refuse(r, SFI_ERR_STATE, "", "no board has a label yet");
    } else {
        reply_bytes(r, "application/octet-stream", text, len);
        (void)snprintf(r->name, sizeof(r->name), "labels.zpl");
    }
    free(text);
}
