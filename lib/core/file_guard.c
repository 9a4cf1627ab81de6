/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Recognises SQLite databases, which no output may overwrite. */
#include "core/file_guard.h"

#include <errno.h>
#include <string.h>

#include "util/fd.h"
#include "util/file.h"
#include "util/mem.h"
#include "util/text.h"
#include "core/ctx.h"
#include "core/err.h"

#define SIDECAR_LEN_MAX (sizeof("-journal") - 1)

const char *const sfi__file_guard_sidecars[FILE_GUARD_SIDECARS] = {
    "-wal", "-shm", "-journal"};

/* An open database has sidecar files.  Do not open the database itself: this
 * process may have it open too, and close() would drop SQLite's locks. */
static bool
guard_sees_open_database(const char *path, char *name, size_t size)
{
    for (size_t i = 0; i < FILE_GUARD_SIDECARS; i++) {
        sfi__text_format(name, size, "%s%s", path, sfi__file_guard_sidecars[i]);
        if (sfi__file_is_there(name))
            return true;
    }
    return false;
}

/* sqlite.org/fileformat.html, 1.3 */
static bool
guard_sees_database(const char *path)
{
    static const char magic[] = "SQLite format 3";
    char head[sizeof(magic)];
    struct file_in f;
    size_t len = 0;
    bool is;

    if (sfi__file_is_special(path) || sfi__file_open(&f, path) != 0)
        return false;
    is = sfi__file_fill(&f, head, sizeof(head), &len) == 0 &&
         len == sizeof(head) && sfi__equal(head, magic, sizeof(head));
    sfi__file_close(&f);
    return is;
}

/* "vault-wal": is there a database "vault"?  `name` is overwritten. */
static bool
guard_sees_sidecar(const char *path, char *name, size_t size, char *stem)
{
    for (size_t i = 0; i < FILE_GUARD_SIDECARS; i++) {
        const char *suffix = sfi__file_guard_sidecars[i];
        size_t len = strlen(path);

        if (len <= strlen(suffix) ||
            strcmp(path + len - strlen(suffix), suffix) != 0)
            continue;
        sfi__text_format(stem, size, "%.*s", (int)(len - strlen(suffix)), path);
        return sfi__file_is_there(stem) &&
               (guard_sees_open_database(stem, name, size) ||
                guard_sees_database(stem));
    }
    return false;
}

sfi_status
sfi__file_guard_check(sfi_ctx *ctx, const char *path)
{
    size_t size = strlen(path) + SIDECAR_LEN_MAX + 1;
    char *name;
    bool is;

    if (sfi__locked_file_has(path)) {
        (void)sfi__fail_os(ctx, SFI_ERR_ACCESS, FD_LOCKED,
                           "refusing to open or overwrite");
        return sfi__where(ctx, "%s", path);
    }
    name = sfi__ctx_alloc(ctx, 2 * size);
    if (name == NULL)
        return SFI_ERR_NOMEM;
    is = guard_sees_open_database(path, name, size) ||
         guard_sees_database(path) ||
         guard_sees_sidecar(path, name, size, name + size);
    sfi__ctx_dealloc(ctx, name);
    if (!is)
        return SFI_OK;
    (void)sfi__fail(ctx, SFI_ERR_ACCESS,
                    "refusing to open or overwrite a vault or other SQLite "
                    "database");
    return sfi__where(ctx, "%s", path);
}

sfi_status
sfi__file_guard_lock(sfi_ctx *ctx, const char *path, struct locked_file **out)
{
    int err = sfi__locked_file_add(path, sfi__file_guard_sidecars,
                                   FILE_GUARD_SIDECARS, out);

    if (err == 0)
        return SFI_OK;
    if (err == ENOMEM)
        return sfi__nomem(ctx);
    if (err == FD_FORKED)
        return sfi__fail(ctx, SFI_ERR_STATE,
                         "a parent of this process had the vault open when it "
                         "forked: open it only after the fork, or in a program "
                         "that was executed");
    if (err == EBUSY)
        return sfi__fail(ctx, SFI_ERR_ACCESS,
                         "this program has the file open for another purpose: "
                         "close that first");
    return sfi__fail_os(ctx, sfi__os_status(err), err,
                        "the vault cannot be opened");
}

sfi_status
sfi_ctx_check_path(sfi_ctx *ctx, const char *path)
{
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, path != NULL);
    return sfi__file_guard_check(ctx, path);
}
