/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A VFS that knows the three files of one vault. */
#include "hsm/vault/ledger_vfs.h"

#include <errno.h>
#include <string.h>

#include "util/mem.h"
#include "util/sys.h"
#include "util/text.h"
#include "core/ctx.h"

/* "sfi-vault-" and an address */
#define NAME_LEN 40u
#define SUFFIX_LEN_MAX (sizeof("-journal") - 1)
#define PAGE_SIZE_MIN 512
#define PAGE_SIZE_MAX 65536
/* sqlite.org/fileformat2.html, 1.3: 2 is the write-ahead mode, 1 is not */
#define AT_WRITE_VERSION 18
#define AT_READ_VERSION 19
#define NO_LOG 1u
/* By these bytes SQLite finds out whether its copies of pages are stale. */
#define AT_CHANGES 24
#define CHANGES_LEN 16

struct ledger_vfs {
    sqlite3_vfs vfs; /* the first member: SQLite gives us its address */
    sqlite3_vfs *real;
    sfi_ctx *ctx;
    sqlite3 *db;
    char name[NAME_LEN];
    struct ledger_finding finding;
    bool looks;     /* read only, without a log */
    bool disturbed; /* a log was there */
    int page_size;  /* of the checked first page; 0: not seen */
    size_t cap;     /* of each of these two texts, which follow */
    char *full;     /* the vault's path, as SQLite has resolved it */
    char *beside;   /* a name beside it */
};

struct vfs_file {
    sqlite3_file base;
    struct ledger_vfs *vfs;
    sqlite3_file *real; /* follows in the same block */
};

static struct ledger_vfs *
vfs_ours(sqlite3_vfs *vfs)
{
    return (struct ledger_vfs *)vfs;
}

static sqlite3_file *
vfs_real_file(sqlite3_file *f)
{
    return ((struct vfs_file *)f)->real;
}

static int
vfs_refuse(struct ledger_vfs *v, struct ledger_finding finding, int rc)
{
    v->finding = finding;
    return rc;
}

/* ---- names ---- */

static const char *
vfs_name_beside(struct ledger_vfs *v, const char *suffix)
{
    sfi__text_format(v->beside, v->cap, "%s%s", v->full, suffix);
    return v->beside;
}

static bool
vfs_is_beside(struct ledger_vfs *v, const char *path, const char *suffix)
{
    return path != NULL && v->full[0] != '\0' &&
           strcmp(path, vfs_name_beside(v, suffix)) == 0;
}

/* A link would have SQLite write or truncate a file of somebody else. */
static bool
vfs_is_link(struct ledger_vfs *v, const char *suffix)
{
    struct sys_stat info;

    if (sfi__sys_lstat(vfs_name_beside(v, suffix), &info) != 0)
        return false;
    return !info.is_file || info.links > 1;
}

/* Also true when it cannot be known. */
static bool
vfs_may_exist(const char *path)
{
    struct sys_stat info;
    int err = sfi__sys_lstat(path, &info);

    return err != ENOENT && err != ENOTDIR;
}

static bool
vfs_has(struct ledger_vfs *v, const char *suffix)
{
    return vfs_may_exist(vfs_name_beside(v, suffix));
}

static int
vfs_refuse_log(struct ledger_vfs *v, int rc)
{
    v->disturbed = true;
    return vfs_refuse(v, (struct ledger_finding){LEDGER_DISTURBED, 0}, rc);
}

/* ---- a file: reading is checked ---- */

static bool
vfs_is_page_len(int len)
{
    return len >= PAGE_SIZE_MIN && len <= PAGE_SIZE_MAX &&
           (len & (len - 1)) == 0;
}

/* SQLite reads all of a page at once, from the file or from its log, and the
 * first page before any other.  Whatever it takes for the first page must begin
 * with the magic. */
static struct ledger_finding
vfs_check_page(struct ledger_vfs *v, const uint8_t *page, int len)
{
    struct ledger_finding finding = {LEDGER_SOUND, 0};

    if (sfi__ledger_is_first_page(page, (size_t)len)) {
        finding = sfi__ledger_check_first_page(page, (size_t)len);
        v->page_size = finding.fault == LEDGER_SOUND ? len : 0;
    } else if (v->page_size != 0 && len != v->page_size) {
        finding.fault = LEDGER_OTHER_FORMAT;
    } else if (v->page_size != 0) {
        finding = sfi__ledger_check_page(page, (size_t)len);
    }
    return finding;
}

/* What was read when only looking.  In the write-ahead mode nobody counts
 * changes, so each look begins with no copies of pages. */
static int
vfs_look_at(struct ledger_vfs *v, uint8_t *data, int len, sqlite3_int64 at)
{
    if (vfs_has(v, "-wal"))
        return vfs_refuse_log(v, SQLITE_IOERR_READ);
    if (at == AT_CHANGES && len == CHANGES_LEN) {
        for (int i = 0; i < len; i++)
            data[i] = (uint8_t)~data[i];
    } else if (at == 0 && vfs_is_page_len(len)) {
        data[AT_WRITE_VERSION] = NO_LOG;
        data[AT_READ_VERSION] = NO_LOG;
    }
    return SQLITE_OK;
}

static int
vfs_read(sqlite3_file *f, void *data, int len, sqlite3_int64 at)
{
    sqlite3_file *real = vfs_real_file(f);
    struct ledger_vfs *v = ((struct vfs_file *)f)->vfs;
    int rc = real->pMethods->xRead(real, data, len, at);
    struct ledger_finding finding;

    if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
        return rc;
    if (v->looks) {
        int looked = vfs_look_at(v, data, len, at);

        if (looked != SQLITE_OK)
            return looked;
    }
    if (!vfs_is_page_len(len))
        return rc;
    finding = vfs_check_page(v, data, len);
    return finding.fault == LEDGER_SOUND
               ? rc
               : vfs_refuse(v, finding, SQLITE_CORRUPT);
}

static int
vfs_shm_map(sqlite3_file *f, int page, int size, int extend,
            void volatile **out)
{
    sqlite3_file *real = vfs_real_file(f);
    struct ledger_vfs *v = ((struct vfs_file *)f)->vfs;

    if (vfs_is_link(v, "-shm"))
        return vfs_refuse(v, (struct ledger_finding){LEDGER_LINK, 0},
                          SQLITE_CANTOPEN);
    return real->pMethods->xShmMap(real, page, size, extend, out);
}

/* ---- a file: the rest is handed on ---- */

static int
vfs_close_file(sqlite3_file *f)
{
    return vfs_real_file(f)->pMethods->xClose(vfs_real_file(f));
}

static int
vfs_write(sqlite3_file *f, const void *data, int len, sqlite3_int64 at)
{
    sqlite3_file *real = vfs_real_file(f);

    return real->pMethods->xWrite(real, data, len, at);
}

static int
vfs_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return vfs_real_file(f)->pMethods->xTruncate(vfs_real_file(f), size);
}

static int
vfs_sync(sqlite3_file *f, int flags)
{
    return vfs_real_file(f)->pMethods->xSync(vfs_real_file(f), flags);
}

static int
vfs_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return vfs_real_file(f)->pMethods->xFileSize(vfs_real_file(f), size);
}

static int
vfs_lock(sqlite3_file *f, int level)
{
    return vfs_real_file(f)->pMethods->xLock(vfs_real_file(f), level);
}

static int
vfs_unlock(sqlite3_file *f, int level)
{
    return vfs_real_file(f)->pMethods->xUnlock(vfs_real_file(f), level);
}

static int
vfs_check_lock(sqlite3_file *f, int *out)
{
    return vfs_real_file(f)->pMethods->xCheckReservedLock(vfs_real_file(f),
                                                          out);
}

static int
vfs_control(sqlite3_file *f, int op, void *arg)
{
    return vfs_real_file(f)->pMethods->xFileControl(vfs_real_file(f), op, arg);
}

static int
vfs_sector(sqlite3_file *f)
{
    return vfs_real_file(f)->pMethods->xSectorSize(vfs_real_file(f));
}

static int
vfs_traits(sqlite3_file *f)
{
    return vfs_real_file(f)->pMethods->xDeviceCharacteristics(vfs_real_file(f));
}

static int
vfs_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    sqlite3_file *real = vfs_real_file(f);

    return real->pMethods->xShmLock(real, at, n, flags);
}

static void
vfs_shm_barrier(sqlite3_file *f)
{
    vfs_real_file(f)->pMethods->xShmBarrier(vfs_real_file(f));
}

static int
vfs_shm_unmap(sqlite3_file *f, int del)
{
    return vfs_real_file(f)->pMethods->xShmUnmap(vfs_real_file(f), del);
}

/* Version 2: no memory-mapped pages, which nobody could check. */
static const sqlite3_io_methods vfs_methods = {
    .iVersion = 2,
    .xClose = vfs_close_file,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_check_lock,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector,
    .xDeviceCharacteristics = vfs_traits,
    .xShmMap = vfs_shm_map,
    .xShmLock = vfs_shm_lock,
    .xShmBarrier = vfs_shm_barrier,
    .xShmUnmap = vfs_shm_unmap,
};

/* ---- the VFS ---- */

static int
vfs_open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags,
              int *out_flags)
{
    struct ledger_vfs *v = vfs_ours(vfs);
    struct vfs_file *f = (struct vfs_file *)base;
    bool log = vfs_is_beside(v, path, "-wal");
    int rc;

    sfi__zero(f, sizeof(*f));
    if (!log && !vfs_is_beside(v, path, ""))
        return vfs_refuse(v, (struct ledger_finding){LEDGER_OTHER_FILE, 0},
                          SQLITE_CANTOPEN);
    if (v->looks && (log || vfs_has(v, "-wal") || vfs_has(v, "-shm")))
        return vfs_refuse_log(v, SQLITE_CANTOPEN);
    if (log && vfs_is_link(v, "-wal"))
        return vfs_refuse(v, (struct ledger_finding){LEDGER_LINK, 0},
                          SQLITE_CANTOPEN);
    f->vfs = v;
    f->real = (sqlite3_file *)(f + 1);
    rc = v->real->xOpen(v->real, path, f->real, flags, out_flags);
    if (f->real->pMethods != NULL)
        f->base.pMethods = &vfs_methods;
    return rc;
}

static int
vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    struct ledger_vfs *v = vfs_ours(vfs);

    if (v->looks || !vfs_is_beside(v, path, "-wal"))
        return vfs_refuse(v, (struct ledger_finding){LEDGER_OTHER_FILE, 0},
                          SQLITE_IOERR_DELETE);
    return v->real->xDelete(v->real, path, sync);
}

/* Nobody knows what a journal is about: playing it would restore an old page,
 * and ignoring it would keep half a change. */
static int
vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    struct ledger_vfs *v = vfs_ours(vfs);

    *out = 0;
    if (vfs_is_beside(v, path, "-wal") && v->looks)
        return vfs_has(v, "-wal") ? vfs_refuse_log(v, SQLITE_CANTOPEN)
                                  : SQLITE_OK;
    if (vfs_is_beside(v, path, "-wal"))
        return v->real->xAccess(v->real, path, flags, out);
    if (!vfs_is_beside(v, path, "-journal"))
        return vfs_refuse(v, (struct ledger_finding){LEDGER_OTHER_FILE, 0},
                          SQLITE_IOERR_ACCESS);
    if (!vfs_may_exist(path))
        return SQLITE_OK;
    return vfs_refuse(v, (struct ledger_finding){LEDGER_JOURNAL, 0},
                      SQLITE_CANTOPEN);
}

/* SQLite asks once, when it opens the vault. */
static int
vfs_full_path(sqlite3_vfs *vfs, const char *path, int len, char *out)
{
    struct ledger_vfs *v = vfs_ours(vfs);
    int rc = v->real->xFullPathname(v->real, path, len, out);

    if ((rc & 0xff) == SQLITE_OK && v->full[0] == '\0')
        (void)sfi__text_copy(v->full, v->cap, out);
    return rc;
}

static int
vfs_random(sqlite3_vfs *vfs, int len, char *out)
{
    sqlite3_vfs *real = vfs_ours(vfs)->real;

    return real->xRandomness(real, len, out);
}

static int
vfs_sleep(sqlite3_vfs *vfs, int us)
{
    sqlite3_vfs *real = vfs_ours(vfs)->real;

    return real->xSleep(real, us);
}

static int
vfs_time(sqlite3_vfs *vfs, double *out)
{
    sqlite3_vfs *real = vfs_ours(vfs)->real;

    return real->xCurrentTime(real, out);
}

static int
vfs_last_error(sqlite3_vfs *vfs, int len, char *out)
{
    sqlite3_vfs *real = vfs_ours(vfs)->real;

    return real->xGetLastError(real, len, out);
}

static struct ledger_vfs *
vfs_new(sfi_ctx *ctx, sqlite3_vfs *real)
{
    size_t cap = (size_t)real->mxPathname + 1 + SUFFIX_LEN_MAX;
    struct ledger_vfs *v = sfi__ctx_alloc(ctx, sizeof(*v) + 2 * cap);

    if (v == NULL)
        return NULL;
    v->real = real;
    v->ctx = ctx;
    v->cap = cap;
    v->full = (char *)(v + 1);
    v->beside = v->full + cap;
    sfi__text_format(v->name, sizeof(v->name), "sfi-vault-%p", (void *)v);
    v->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct vfs_file) + real->szOsFile,
        .mxPathname = real->mxPathname,
        .zName = v->name,
        .xOpen = vfs_open_file,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_last_error,
    };
    return v;
}

/* The connection keeps the VFS's address; its name is needed for a moment. */
int
sfi__ledger_vfs_open(sfi_ctx *ctx, const char *path, int flags, sqlite3 **db,
                     struct ledger_vfs **out)
{
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    struct ledger_vfs *v = real != NULL ? vfs_new(ctx, real) : NULL;
    int rc;

    *db = NULL;
    *out = v;
    if (v == NULL)
        return SQLITE_NOMEM;
    v->looks = (flags & SQLITE_OPEN_READONLY) != 0;
    rc = sqlite3_vfs_register(&v->vfs, 0);
    if (rc == SQLITE_OK) {
        rc = sqlite3_open_v2(path, db, flags, v->name);
        (void)sqlite3_vfs_unregister(&v->vfs);
    }
    v->db = *db;
    return rc;
}

int
sfi__ledger_vfs_close(struct ledger_vfs *v)
{
    int rc = v != NULL ? sqlite3_close(v->db) : SQLITE_OK;

    sfi__ledger_vfs_forget(v);
    return rc;
}

void
sfi__ledger_vfs_forget(struct ledger_vfs *v)
{
    if (v != NULL)
        sfi__ctx_dealloc(v->ctx, v);
}

struct ledger_vfs *
sfi__ledger_vfs_of(sqlite3 *db)
{
    sqlite3_vfs *vfs = NULL;

    if (db == NULL || sqlite3_file_control(db, NULL, SQLITE_FCNTL_VFS_POINTER,
                                           (void *)&vfs) != SQLITE_OK)
        return NULL;
    return vfs != NULL && vfs->xOpen == vfs_open_file ? vfs_ours(vfs) : NULL;
}

bool
sfi__ledger_vfs_is_sound(const struct ledger_vfs *v)
{
    return v->page_size != 0;
}

bool
sfi__ledger_vfs_looks(const struct ledger_vfs *v)
{
    return v->looks;
}

bool
sfi__ledger_vfs_is_disturbed(const struct ledger_vfs *v)
{
    return v->disturbed;
}

struct ledger_finding
sfi__ledger_vfs_take_finding(struct ledger_vfs *v)
{
    struct ledger_finding finding = v->finding;

    v->finding = (struct ledger_finding){LEDGER_SOUND, 0};
    return finding;
}
