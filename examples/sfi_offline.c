/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program -hsmglfcb FOLDER: licences for many certificates at once. */
#define _POSIX_C_SOURCE 200809L
#include "sfi_offline.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/hsm_words.h"

enum result { RESULT_NEW, RESULT_STORED, RESULT_REFUSED, RESULT_COUNT };

static const char *const result_words[RESULT_COUNT] = {
    [RESULT_NEW] = "new",
    [RESULT_STORED] = "stored",
    [RESULT_REFUSED] = "refused",
};

struct batch {
    const struct offline *o;
    sfi_license_store *store;
    sfi_hsm *hsm; /* NULL until it is needed; the caller frees it */
    uint64_t count[RESULT_COUNT];
    int status; /* of the first certificate that was refused */
};

/* A pipe, for example: reading it might never end. */
static bool
is_not_regular_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

/* The folder may come from others, and a link lead anywhere. */
static bool
is_link(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

bool
offline_is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Report an error that the program found. */
static sfi_status
report_with_path(const struct offline *o, sfi_status st, const char *where,
                 const char *what)
{
    char message[256];

    (void)snprintf(message, sizeof(message), "%s: %s", where, what);
    sfi_ctx_report(o->ctx, st, 0, message);
    return st;
}

/* ---- one certificate ---- */

/* True: the error concerns one certificate, so the next one may succeed. */
static bool
is_fault_of_certificate(sfi_status st)
{
    return st == SFI_ERR_CERTIFICATE || st == SFI_ERR_HSM_COUNTER ||
           st == SFI_ERR_FORMAT || st == SFI_ERR_TRUNCATED ||
           st == SFI_ERR_LIMIT;
}

/* The result in *what; an exit status, or another status in *st, may end the
 * batch. */
static int
batch_get_license(struct batch *b, const sfi_certificate *cert,
                  enum result *what, sfi_status *st)
{
    sfi_license *lic = NULL;
    int status = 0;

    *what = RESULT_STORED;
    *st = sfi_license_store_find(b->store, cert, &lic);
    if (*st == SFI_OK && lic == NULL) {
        *what = RESULT_NEW;
        if (b->hsm == NULL)
            status = b->o->login(b->o->user, &b->hsm, st);
        if (status == 0 && *st == SFI_OK)
            *st = sfi_hsm_generate_license(b->hsm, cert, &lic);
        if (status == 0 && *st == SFI_OK)
            *st = sfi_license_store_put(b->store, cert, lic);
    }
    sfi_license_free(lic);
    if (*st != SFI_OK)
        *what = RESULT_REFUSED;
    return status;
}

static void
batch_show_result(struct batch *b, const char *path,
                  const sfi_certificate *cert, enum result what, sfi_status st)
{
    struct json *out = b->o->out;

    b->count[what]++;
    if (out != NULL) {
        json_object(out, NULL);
        json_text(out, "file", path);
        if (cert != NULL)
            json_text(out, "device_id", sfi_certificate_device_id(cert));
        json_text(out, "result", result_words[what]);
        json_error(out, b->o->ctx, st);
        json_close(out);
    } else if (what != RESULT_REFUSED) {
        cli_progress_step(b->o->progress, "%s: %s, device %s", path,
                          what == RESULT_NEW ? "new licence"
                                             : "licence already stored",
                          sfi_certificate_device_id(cert));
    }
}

static void
batch_report_refusal(struct batch *b, const char *path, sfi_status st)
{
    const char *where = sfi_error_where(sfi_ctx_error(b->o->ctx));
    int status;

    cli_progress_end(b->o->progress);
    status = cli_fail_at(b->o->cli, b->o->ctx, st,
                         strcmp(where, path) == 0 ? "" : path);
    if (b->status == 0)
        b->status = status;
}

static int
batch_license_file(struct batch *b, const char *path, bool of_folder,
                   sfi_status *st)
{
    sfi_certificate *cert = NULL;
    enum result what = RESULT_REFUSED;
    int status = 0;
    bool ends = false;

    if (of_folder && is_link(path)) {
        *st = SFI_ERR_FORMAT;
        sfi_ctx_report(b->o->ctx, *st, 0,
                       "a symbolic link, which is not followed in a folder");
    } else {
        *st = sfi_certificate_load(b->o->ctx, path, &cert);
    }
    if (*st == SFI_OK) {
        status = batch_get_license(b, cert, &what, st);
        ends = status != 0 || (*st != SFI_OK && !is_fault_of_certificate(*st));
    }
    if (!ends) {
        batch_show_result(b, path, cert, what, *st);
        if (*st != SFI_OK)
            batch_report_refusal(b, path, *st);
        *st = SFI_OK;
    }
    sfi_certificate_free(cert);
    return status;
}

/* ---- a folder of them ---- */

static int
entry_is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int
batch_license_entry(struct batch *b, const char *folder, const char *name,
                    sfi_status *st)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    int status = 0;

    if (path == NULL)
        cli_nomem(b->o->cli->spec->program);
    (void)snprintf(path, size, "%s/%s", folder, name);
    if (is_not_regular_file(path))
        cli_warn(b->o->cli->spec->program,
                 "warning: %s: skipped, because it is %s", path,
                 offline_is_folder(path) ? "a folder" : "not a regular file");
    else
        status = batch_license_file(b, path, true, st);
    free(path);
    return status;
}

static int
batch_license_folder(struct batch *b, const char *folder, sfi_status *st)
{
    struct dirent **names;
    int n = scandir(folder, &names, entry_is_visible, alphasort);
    int status = 0;

    if (n < 0)
        *st = report_with_path(b->o, SFI_ERR_OS, folder, strerror(errno));
    for (int i = 0; i < n; i++) {
        if (status == 0 && *st == SFI_OK)
            status = batch_license_entry(b, folder, names[i]->d_name, st);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return status;
}

static void
batch_print_summary(const struct batch *b)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    struct json *out = b->o->out;
    bool asked = b->hsm != NULL && sfi_hsm_get_info(b->hsm, &info) == SFI_OK;

    cli_progress_step(b->o->progress,
                      "%" PRIu64 " new, %" PRIu64 " already stored, %" PRIu64
                      " refused",
                      b->count[RESULT_NEW], b->count[RESULT_STORED],
                      b->count[RESULT_REFUSED]);
    if (asked)
        cli_progress_step(b->o->progress, "HSM COUNTER: %" PRIu64,
                          info.remaining);
    if (out == NULL)
        return;
    for (int i = 0; i < RESULT_COUNT; i++)
        json_number(out, result_words[i], b->count[i]);
    if (asked)
        hsm_left_json(out, &info);
}

int
offline_license(const struct offline *o, const char *from, const char *to,
                sfi_status *st)
{
    struct batch b = {.o = o};
    uint64_t total = 0;
    int status;

    *st = sfi_license_store_open(o->ctx, to, 1, &b.store);
    if (*st != SFI_OK)
        return 0;
    if (o->out != NULL)
        json_array(o->out, "licenses");
    status = offline_is_folder(from) ? batch_license_folder(&b, from, st)
                                     : batch_license_file(&b, from, false, st);
    if (o->out != NULL)
        json_close(o->out);
    for (int i = 0; i < RESULT_COUNT; i++)
        total += b.count[i];
    if (status == 0 && *st == SFI_OK && total == 0)
        *st = report_with_path(o, SFI_ERR_FORMAT, from,
                               "the folder contains no certificate");
    else if (status == 0 && *st == SFI_OK)
        batch_print_summary(&b);
    sfi_license_store_free(b.store);
    return status != 0 ? status : b.status;
}
