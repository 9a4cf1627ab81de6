/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Recognises SQLite databases, which no output may overwrite. */
#include "core/file_guard.h"

#include <string.h>

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

sfi_status
sfi__file_guard_check(sfi_ctx *ctx, const char *path)
{
    size_t size = strlen(path) + SIDECAR_LEN_MAX + 1;
    char *name = sfi__ctx_alloc(ctx, size);
    bool is;

    if (name == NULL)
        return SFI_ERR_NOMEM;
    is =
        guard_sees_open_database(path, name, size) || guard_sees_database(path);
    sfi__ctx_dealloc(ctx, name);
    if (!is)
        return SFI_OK;
    (void)sfi__fail(ctx, SFI_ERR_ACCESS,
                    "refusing to overwrite a vault or other SQLite database");
    return sfi__where(ctx, "%s", path);
}

sfi_status
sfi_ctx_check_path(sfi_ctx *ctx, const char *path)
{
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, path != NULL);
    return sfi__file_guard_check(ctx, path);
}
