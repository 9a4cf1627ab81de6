/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Files, folders and locks of Windows.  Files are opened so that others may
 * rename and remove them meanwhile, as elsewhere; a descriptor is one of the C
 * library's, without translation of line ends. */
#define WIN32_LEAN_AND_MEAN
#include "util/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#include <bcrypt.h>

#include "util/mem.h"
#include "util/private_win32.h"
#include "util/sys_win32.h"
#include "util/text.h"

/* A scanner of viruses, an indexer, or a backup opens a new file for a moment:
 * try again for half a second. */
#define WIN_TRIES 50
#define WIN_NAP_MS 10
#define WIN_PIECE ((size_t)1 << 20)
#define WIN_SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
/* Nobody reads or writes there: LockFileEx() keeps others from what is locked,
 * and the lock is only a sign. */
#define WIN_LOCK_AT 0x7ffffffeu
/* A view of a file begins at a multiple of this. */
#define WIN_VIEW_STEP 65536u

static int
win_last_errno(void)
{
    return sfi__win_errno(GetLastError());
}

/* ---- paths ---- */

/* A long path is only taken in full, with this in front. */
static int
win_lengthen(wchar_t path[WIN_PATH_MAX])
{
    static const wchar_t prefix[] = L"\\\\?\\";
    const size_t head = sizeof(prefix) / sizeof(*prefix) - 1;
    wchar_t full[WIN_PATH_MAX];
    DWORD len = GetFullPathNameW(path, WIN_PATH_MAX - 8, full, NULL);

    if (len == 0)
        return win_last_errno();
    if (len >= WIN_PATH_MAX - 8)
        return ENAMETOOLONG;
    if (full[0] == L'\\' && full[1] == L'\\') { /* a share: \\?\UNC\host\.. */
        if (full[2] == L'?' || full[2] == L'.')
            return 0;
        memcpy(path, L"\\\\?\\UNC", 7 * sizeof(*path));
        memcpy(path + 7, full + 1, len * sizeof(*path));
        return 0;
    }
    memcpy(path, prefix, head * sizeof(*path));
    memcpy(path + head, full, (len + 1) * sizeof(*path));
    return 0;
}

int
sfi__win_path(const char *path, wchar_t out[WIN_PATH_MAX])
{
    int len = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, out,
                                  WIN_PATH_MAX);

    if (len == 0)
        return GetLastError() == ERROR_INSUFFICIENT_BUFFER ? ENAMETOOLONG
                                                           : EILSEQ;
    /* a folder's limit, which is the smaller one: a name of 8.3 must fit */
    return len < MAX_PATH - 12 ? 0 : win_lengthen(out);
}

/* ---- what a name is ---- */

static int
win_stat_handle(HANDLE h, struct sys_stat *out)
{
    BY_HANDLE_FILE_INFORMATION info;
    bool folder, link;

    *out = (struct sys_stat){.mode = 0700, .links = 1};
    if (GetFileType(h) != FILE_TYPE_DISK)
        return 0; /* a device or a pipe */
    if (!GetFileInformationByHandle(h, &info))
        return win_last_errno();
    folder = (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    link = (info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
    out->device = info.dwVolumeSerialNumber;
    out->inode = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow;
    out->size = (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow;
    out->links = info.nNumberOfLinks;
    out->is_link = link;
    out->is_folder = folder && !link;
    out->is_file = !folder && !link;
    return 0;
}

static int
win_open(const wchar_t *path, DWORD access, DWORD share, DWORD create,
         DWORD flags, SECURITY_ATTRIBUTES *security, HANDLE *out)
{
    for (int i = 0;; i++) {
        DWORD code;

        *out = CreateFileW(path, access, share, security, create, flags, NULL);
        if (*out != INVALID_HANDLE_VALUE)
            return 0;
        code = GetLastError();
        if (code != ERROR_SHARING_VIOLATION || i == WIN_TRIES)
            return sfi__win_errno(code);
        Sleep(WIN_NAP_MS);
    }
}

static int
win_stat(const char *path, DWORD flags, struct sys_stat *out)
{
    wchar_t wide[WIN_PATH_MAX];
    HANDLE h;
    int err = sfi__win_path(path, wide);

    *out = (struct sys_stat){.size = 0};
    if (err == 0)
        err = win_open(wide, FILE_READ_ATTRIBUTES, WIN_SHARE_ALL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS | flags, NULL, &h);
    if (err != 0)
        return err;
    err = win_stat_handle(h, out);
    (void)CloseHandle(h);
    return err;
}

/* A link was followed: what it leads to is not one, whatever its attributes. */
int
sfi__sys_stat(const char *path, struct sys_stat *out)
{
    int err = win_stat(path, 0, out);

    if (out->is_link) {
        out->is_link = false;
        out->is_file = true;
    }
    return err;
}

int
sfi__sys_lstat(const char *path, struct sys_stat *out)
{
    return win_stat(path, FILE_FLAG_OPEN_REPARSE_POINT, out);
}

int
sfi__sys_fstat(int fd, struct sys_stat *out)
{
    HANDLE h = (HANDLE)_get_osfhandle(fd);

    *out = (struct sys_stat){.size = 0};
    return h != INVALID_HANDLE_VALUE ? win_stat_handle(h, out) : EBADF;
}

/* ---- files ---- */

static int
win_take_handle(HANDLE h, int flags, int *fd)
{
    *fd = _open_osfhandle((intptr_t)h, flags | _O_NOINHERIT);
    if (*fd >= 0)
        return 0;
    (void)CloseHandle(h);
    return EMFILE;
}

/* To open a folder as a file is "access denied". */
static int
win_why_denied(const char *path, int err)
{
    struct sys_stat st;

    if (err == EACCES && sfi__sys_stat(path, &st) == 0 && st.is_folder)
        return EISDIR;
    return err;
}

static int
win_open_file(const char *path, unsigned flags, unsigned mode, HANDLE *out)
{
    bool creates = (flags & (SYS_CREATE | SYS_NEW)) != 0;
    DWORD access = (flags & SYS_READ_WRITE) != 0 ? GENERIC_READ | GENERIC_WRITE
                   : (flags & SYS_WRITE) != 0    ? GENERIC_WRITE
                                                 : GENERIC_READ;
    DWORD create = (flags & SYS_NEW) != 0 ? CREATE_NEW
                   : creates              ? OPEN_ALWAYS
                                          : OPEN_EXISTING;
    struct win_private private;
    bool is_private = creates && (mode & 0077) == 0;
    wchar_t wide[WIN_PATH_MAX];
    int err = sfi__win_path(path, wide);

    if (err == 0 && is_private)
        err = sfi__win_private(&private, false);
    if (err != 0)
        return err;
    return win_open(wide, access, WIN_SHARE_ALL, create, FILE_ATTRIBUTE_NORMAL,
                    is_private ? &private.attributes : NULL, out);
}

int
sfi__sys_open(const char *path, unsigned flags, unsigned mode, int *fd)
{
    struct sys_stat st;
    HANDLE h;
    int err;

    *fd = -1;
    if ((flags & SYS_NO_LINK) != 0 && sfi__sys_lstat(path, &st) == 0 &&
        st.is_link)
        return ELOOP;
    err = win_open_file(path, flags, mode, &h);
    if (err != 0)
        return win_why_denied(path, err);
    return win_take_handle(h, (flags & SYS_APPEND) != 0 ? _O_APPEND : 0, fd);
}

unsigned
sfi__sys_narrow_mode(const char *path, unsigned mode)
{
    wchar_t wide[WIN_PATH_MAX];

    if (sfi__win_path(path, wide) == 0 && sfi__win_is_private(wide))
        mode &= 0700;
    return mode;
}

bool
sfi__sys_others_read(const char *path, char cure[SYS_CURE_MAX])
{
    wchar_t wide[WIN_PATH_MAX];
    struct sys_stat st;

    if (sfi__sys_stat(path, &st) != 0 || !st.is_file ||
        sfi__win_path(path, wide) != 0 || !sfi__win_others_read(wide))
        return false;
    sfi__text_format(cure, SYS_CURE_MAX,
                     "(by its access list): icacls FILE "
                     "/inheritance:r /grant:r \"%%USERNAME%%:F\"");
    return true;
}

int
sfi__sys_close(int fd)
{
    return _close(fd) == 0 ? 0 : errno;
}

int
sfi__sys_read(int fd, void *out, size_t cap, size_t *got)
{
    int n = _read(fd, out, (unsigned)(cap < WIN_PIECE ? cap : WIN_PIECE));

    *got = n > 0 ? (size_t)n : 0;
    return n < 0 ? errno : 0;
}

int
sfi__sys_read_at(int fd, void *out, size_t len, uint64_t at)
{
    char *to = out;

    while (len > 0) {
        size_t got;
        int err = _lseeki64(fd, (__int64)at, SEEK_SET) < 0
                      ? errno
                      : sfi__sys_read(fd, to, len, &got);

        if (err != 0)
            return err;
        if (got == 0)
            return EIO; /* it has become shorter */
        to += got;
        len -= got;
        at += got;
    }
    return 0;
}

int
sfi__sys_write(int fd, const void *data, size_t len)
{
    const char *from = data;

    while (len > 0) {
        int put =
            _write(fd, from, (unsigned)(len < WIN_PIECE ? len : WIN_PIECE));

        if (put < 0)
            return errno;
        from += put;
        len -= (size_t)put;
    }
    return 0;
}

int
sfi__sys_cut(int fd, uint64_t size)
{
    if (_chsize_s(fd, (__int64)size) != 0 ||
        _lseeki64(fd, (__int64)size, SEEK_SET) < 0)
        return errno;
    return 0;
}

int
sfi__sys_sync(int fd)
{
    return _commit(fd) == 0 ? 0 : errno;
}

int
sfi__sys_sync_folder(const char *folder)
{
    (void)folder;
    return 0;
}

int
sfi__sys_sync_early(int fd)
{
    return sfi__sys_sync(fd);
}

int
sfi__sys_sync_system(const char *folder)
{
    (void)folder;
    return 0;
}

/* ---- locks ---- */

int
sfi__sys_lock(int fd, enum sys_lock how)
{
    DWORD flags = how == SYS_LOCK
                      ? LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY
                  : how == SYS_LOCK_WAIT ? LOCKFILE_EXCLUSIVE_LOCK
                                         : 0;
    OVERLAPPED at = {.Offset = WIN_LOCK_AT, .OffsetHigh = WIN_LOCK_AT};
    HANDLE h = (HANDLE)_get_osfhandle(fd);

    if (LockFileEx(h, flags, 0, 1, 0, &at))
        return 0;
    return GetLastError() == ERROR_LOCK_VIOLATION ? EAGAIN : win_last_errno();
}

void
sfi__sys_unlock(int fd)
{
    OVERLAPPED at = {.Offset = WIN_LOCK_AT, .OffsetHigh = WIN_LOCK_AT};

    (void)UnlockFileEx((HANDLE)_get_osfhandle(fd), 0, 1, 0, &at);
}

/* A folder has no bytes to lock: it is opened as if to remove it, and without
 * the leave for others to do that. */
int
sfi__sys_lock_folder(const char *folder, enum sys_lock how, int *fd)
{
    wchar_t wide[WIN_PATH_MAX];
    struct sys_stat st;
    HANDLE h = INVALID_HANDLE_VALUE;
    int err = sfi__sys_stat(folder, &st);

    *fd = -1;
    if (err == 0 && !st.is_folder)
        err = ENOTDIR;
    if (err == 0)
        err = sfi__win_path(folder, wide);
    if (err != 0)
        return err;
    do {
        err = win_open(wide, DELETE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                       OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL, &h);
    } while (err == EBUSY && how != SYS_LOCK);
    if (err != 0)
        return err == EBUSY ? EAGAIN : err;
    return win_take_handle(h, 0, fd);
}

/* ---- names ---- */

static int
win_move(const char *from, const char *to, DWORD flags)
{
    wchar_t a[WIN_PATH_MAX], b[WIN_PATH_MAX];
    int err = sfi__win_path(from, a);

    if (err == 0)
        err = sfi__win_path(to, b);
    for (int i = 0; err == 0; i++) {
        DWORD code;

        if (MoveFileExW(a, b, flags | MOVEFILE_WRITE_THROUGH))
            return 0;
        code = GetLastError();
        if ((code != ERROR_SHARING_VIOLATION && code != ERROR_ACCESS_DENIED) ||
            i == WIN_TRIES)
            return sfi__win_errno(code);
        Sleep(WIN_NAP_MS);
    }
    return err;
}

int
sfi__sys_rename(const char *from, const char *to)
{
    return win_move(from, to, MOVEFILE_REPLACE_EXISTING);
}

int
sfi__sys_rename_new(const char *from, const char *to)
{
    return win_move(from, to, 0);
}

int
sfi__sys_remove(const char *path)
{
    wchar_t wide[WIN_PATH_MAX];
    int err = sfi__win_path(path, wide);

    if (err != 0)
        return err;
    return DeleteFileW(wide) ? 0 : win_last_errno();
}

int
sfi__sys_make_folder(const char *path, unsigned mode)
{
    struct win_private private;
    bool is_private = (mode & 0077) == 0;
    wchar_t wide[WIN_PATH_MAX];
    int err = sfi__win_path(path, wide);

    if (err == 0 && is_private)
        err = sfi__win_private(&private, true);
    if (err != 0)
        return err;
    return CreateDirectoryW(wide, is_private ? &private.attributes : NULL)
               ? 0
               : win_last_errno();
}

int
sfi__sys_remove_folder(const char *path)
{
    wchar_t wide[WIN_PATH_MAX];
    int err = sfi__win_path(path, wide);

    if (err != 0)
        return err;
    return RemoveDirectoryW(wide) ? 0 : win_last_errno();
}

/* malloc()ed */
static char *
win_utf8(const wchar_t *text)
{
    int len = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *out = len > 0 ? malloc((size_t)len) : NULL;

    if (out == NULL)
        errno = ENOMEM;
    else
        (void)WideCharToMultiByte(CP_UTF8, 0, text, -1, out, len, NULL, NULL);
    return out;
}

/* "C:x" depends on a folder too, but on C:'s. */
bool
sfi__sys_is_absolute(const char *path)
{
    return path[0] == '/' || path[0] == '\\' ||
           (path[0] != '\0' && path[1] == ':');
}

char *
sfi__sys_real_path(const char *path)
{
    wchar_t wide[WIN_PATH_MAX];
    HANDLE h;
    DWORD len;
    int err = sfi__win_path(path, wide);

    if (err == 0)
        err = win_open(wide, FILE_READ_ATTRIBUTES, WIN_SHARE_ALL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS, NULL, &h);
    if (err == 0) {
        len = GetFinalPathNameByHandleW(h, wide, WIN_PATH_MAX, 0);
        if (len == 0)
            err = win_last_errno();
        else if (len >= WIN_PATH_MAX)
            err = ENAMETOOLONG;
        (void)CloseHandle(h);
    }
    if (err == 0)
        return win_utf8(wide);
    errno = err;
    return NULL;
}

/* ---- folders ---- */

#define WIN_NAME_MAX 1024 /* 255 characters of at most 3 bytes, and a NUL */

struct sys_folder {
    HANDLE find;
    WIN32_FIND_DATAW next;
    bool has_next;
    char name[WIN_NAME_MAX];
};

int
sfi__sys_folder_open(const char *path, struct sys_folder **out)
{
    wchar_t wide[WIN_PATH_MAX];
    struct sys_stat st;
    struct sys_folder *f;
    int err = sfi__sys_stat(path, &st);

    *out = NULL;
    if (err == 0 && !st.is_folder)
        err = ENOTDIR;
    if (err == 0)
        err = sfi__win_path(path, wide);
    if (err == 0 && wcslen(wide) + 3 > WIN_PATH_MAX)
        err = ENAMETOOLONG;
    if (err != 0)
        return err;
    f = calloc(1, sizeof(*f));
    if (f == NULL)
        return ENOMEM;
    memcpy(wide + wcslen(wide), L"\\*", 3 * sizeof(*wide));
    f->find = FindFirstFileW(wide, &f->next);
    f->has_next = f->find != INVALID_HANDLE_VALUE;
    if (!f->has_next && GetLastError() != ERROR_FILE_NOT_FOUND) {
        err = win_last_errno();
        free(f);
        return err;
    }
    *out = f;
    return 0;
}

const char *
sfi__sys_folder_next(struct sys_folder *f)
{
    int len = 0;

    while (f->has_next &&
           len == 0) { /* no name is passed over but a broken one */
        len = WideCharToMultiByte(CP_UTF8, 0, f->next.cFileName, -1, f->name,
                                  WIN_NAME_MAX, NULL, NULL);
        f->has_next = FindNextFileW(f->find, &f->next) != 0;
    }
    return len > 0 ? f->name : NULL;
}

void
sfi__sys_folder_close(struct sys_folder *f)
{
    if (f->find != INVALID_HANDLE_VALUE)
        (void)FindClose(f->find);
    free(f);
}

/* ---- the rest ---- */

int
sfi__sys_map(int fd, uint64_t at, size_t size, void **out)
{
    HANDLE file = (HANDLE)_get_osfhandle(fd);
    uint64_t begin = at - at % WIN_VIEW_STEP;
    size_t before = (size_t)(at - begin);
    HANDLE map = CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    char *view = NULL;
    int err = 0;

    if (map != NULL)
        view = MapViewOfFile(map, FILE_MAP_WRITE, (DWORD)(begin >> 32),
                             (DWORD)begin, before + size);
    if (view == NULL)
        err = win_last_errno();
    if (map != NULL)
        (void)CloseHandle(map); /* the view keeps it */
    *out = view != NULL ? view + before : NULL;
    return err;
}

/* A view begins at such an address. */
void
sfi__sys_unmap(void *mem, size_t size)
{
    char *at = mem;

    (void)size;
    (void)UnmapViewOfFile(at - (uintptr_t)at % WIN_VIEW_STEP);
}

/* GetTickCount64() moves on in steps of 16 ms. */
uint64_t
sfi__sys_now_ms(void)
{
    LARGE_INTEGER now, hz;
    uint64_t ticks, rate;

    (void)QueryPerformanceCounter(&now); /* they do not fail */
    (void)QueryPerformanceFrequency(&hz);
    ticks = (uint64_t)now.QuadPart;
    rate = (uint64_t)hz.QuadPart;
    return ticks / rate * 1000 + ticks % rate * 1000 / rate;
}

/* From 1601, in steps of 100 ns. */
uint64_t
sfi__sys_wall(void)
{
    FILETIME t;
    uint64_t steps;

    GetSystemTimeAsFileTime(&t);
    steps = (uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime;
    return steps / 10000000 - 11644473600u;
}

/* No shorter than asked. */
void
sfi__sys_sleep_us(uint64_t us)
{
    uint64_t ms = (us + 999) / 1000;

    while (ms > 0) {
        DWORD now = ms < 60000 ? (DWORD)ms : 60000;

        Sleep(now);
        ms -= now;
    }
}

int
sfi__sys_random(void *out, size_t len)
{
    return BCryptGenRandom(NULL, out, (ULONG)len,
                           BCRYPT_USE_SYSTEM_PREFERRED_RNG) >= 0
               ? 0
               : EIO;
}

bool
sfi__sys_host_name(char *out, size_t cap)
{
    wchar_t wide[256];
    DWORD len = sizeof(wide) / sizeof(*wide);

    return GetComputerNameExW(ComputerNameDnsHostname, wide, &len) &&
           WideCharToMultiByte(CP_UTF8, 0, wide, -1, out, (int)cap, NULL,
                               NULL) > 0;
}

static SRWLOCK win_mutex = SRWLOCK_INIT;

void
sfi__sys_mutex_lock(void)
{
    AcquireSRWLockExclusive(&win_mutex);
}

void
sfi__sys_mutex_unlock(void)
{
    ReleaseSRWLockExclusive(&win_mutex);
}
